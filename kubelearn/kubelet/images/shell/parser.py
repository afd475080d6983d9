"""The shell's grammar: from text to the tuples of syntax.py, by recursive descent. Errors are busybox ash's wording.

Leaves out: bash's arrays, select, coproc, process substitution.
"""
from __future__ import annotations

from functools import lru_cache

from kubelearn.kubelet.images.shell import syntax
from kubelearn.kubelet.images.shell.lexer import NAME, Lexer
from kubelearn.kubelet.images.shell.syntax import Direction, ShellSyntaxError, Text, Word, make_word

RESERVED = {"if", "then", "else", "elif", "fi", "while", "until", "for", "do", "done", "case", "esac", "in", "{", "}", "!"}
STARTING = {"if", "while", "until", "for", "case", "{", "!"}


@lru_cache(maxsize=1_000)
def parse(text: str) -> syntax.Script:
    """Never raises: what is wrong is the script's `error`, met after the lines before it have run."""
    parser, lines = Parser(text), []
    try:
        while (line := parser.line()) is not None:
            lines.append(line)
    except ShellSyntaxError as error:
        return syntax.Script(tuple(lines), error.text, text.count("\n", 0, parser.lexer.at), error.incomplete)
    except RecursionError:
        return syntax.Script(tuple(lines), "nested too deeply")
    return syntax.Script(tuple(lines), None, incomplete=parser.lexer.cut_off)


class Parser:
    def __init__(self, text: str):
        self.lexer = Lexer(text, parse)

    # --- helpers --------------------------------------------------------------------------------------------------

    def keyword(self) -> str | None:
        """The reserved word that comes next; quoted ones are none."""
        token = self.lexer.peek()
        parts = token.parts if isinstance(token, Word) else ()
        word = parts[0].text if len(parts) == 1 and isinstance(parts[0], Text) and not parts[0].quoted else None
        return word if word in RESERVED else None

    def accept(self, *tokens: str) -> str | None:
        """Takes one of these operators if it comes next."""
        return self.lexer.take() if self.lexer.peek() in tokens else None

    def skip_newlines(self) -> None:
        while self.accept("\n"):
            pass

    def unexpected(self, expecting: str = "") -> ShellSyntaxError:
        token = self.lexer.peek()
        shown = "end of file" if token is None else "newline" if token == "\n" else f'"{self.lexer.raw()}"'
        shown = "word" if isinstance(token, Word) and not self.keyword() else shown
        return ShellSyntaxError(f"unexpected {shown}" + (f' (expecting "{expecting}")' if expecting else ""), token is None)

    def expect(self, word: str) -> None:
        if (self.keyword() or self.lexer.peek()) != word:
            raise self.unexpected(word)
        self.lexer.take()

    # --- lists ----------------------------------------------------------------------------------------------------

    def line(self) -> syntax.Sequence | None:
        """The commands of the next line; None at the end."""
        self.skip_newlines()
        if self.lexer.peek() is None:
            return None
        items = self.sequence(stop_at_newline=True)
        if self.lexer.peek() not in ("\n", None):
            raise self.unexpected()
        self.lexer.take()
        return items

    def sequence(self, *ends: str, stop_at_newline: bool = False) -> syntax.Sequence:
        """Commands up to a reserved word or operator of `ends`."""
        items = []
        while True:
            if not stop_at_newline:
                self.skip_newlines()
            token = self.keyword() or self.lexer.peek()
            if token in (None, ")", *ends) or (items and self.keyword() in RESERVED - STARTING) or (stop_at_newline and token == "\n"):
                break
            command, separator = self.and_or(), self.accept(";", "&")
            items.append((command, separator == "&"))
            if separator is None and (stop_at_newline or self.lexer.peek() != "\n"):
                break
        if not items and not stop_at_newline:
            raise self.unexpected(ends[-1] if ends and self.lexer.peek() is None else "")
        return syntax.Sequence(tuple(items))

    def body(self, *ends: str) -> syntax.Sequence:
        """A sequence that must end with one of `ends`, which stays to be taken."""
        sequence = self.sequence(*ends)
        if (self.keyword() or self.lexer.peek()) not in ends:
            raise self.unexpected(ends[-1])
        return sequence

    def and_or(self) -> object:
        first, rest = self.pipeline(), []
        while operator := self.accept("&&", "||"):
            self.skip_newlines()
            rest.append((operator, self.pipeline()))
        return syntax.AndOr(first, tuple(rest)) if rest else first

    def pipeline(self) -> object:
        negated = False
        while self.keyword() == "!":
            self.lexer.take()
            negated = not negated
        commands = [self.command()]
        while self.accept("|"):
            self.skip_newlines()
            commands.append(self.command())
        return syntax.Pipeline(tuple(commands), negated) if negated or len(commands) > 1 else commands[0]

    # --- commands -------------------------------------------------------------------------------------------------

    def command(self) -> object:
        word = self.keyword()
        if word in COMPOUND:
            self.lexer.take()
            node = COMPOUND[word](self)
        elif self.accept("("):
            node = syntax.Subshell(self.enclosed(")"))
        elif word is not None:
            raise self.unexpected()
        else:
            return self.simple()
        redirects = self.redirects()
        return syntax.Redirected(node, redirects) if redirects else node

    def enclosed(self, end: str) -> syntax.Sequence:
        body = self.body(end)
        self.expect(end)
        return body

    def if_(self) -> syntax.If:
        condition = self.enclosed("then")
        branch, word = (condition, self.body("elif", "else", "fi")), self.keyword()
        self.lexer.take()
        if word == "elif":
            rest = self.if_()
            return syntax.If((branch, *rest.branches), rest.otherwise)
        return syntax.If((branch,), self.enclosed("fi") if word == "else" else None)

    def loop(self, until: bool) -> syntax.While:
        return syntax.While(self.enclosed("do"), self.enclosed("done"), until)

    def for_(self) -> syntax.For:
        name = self.lexer.raw()
        if not NAME.fullmatch(name):
            raise ShellSyntaxError("bad for loop variable")
        self.lexer.take()
        self.skip_newlines()
        words = None
        if self.keyword() == "in":
            self.lexer.take()
            words = []
            while isinstance(self.lexer.peek(), Word):
                words.append(self.lexer.take())
        self.accept(";")
        self.skip_newlines()
        self.expect("do")
        return syntax.For(name, None if words is None else tuple(words), self.enclosed("done"))

    def case(self) -> syntax.Case:
        word, items = self.word(), []
        self.skip_newlines()
        self.expect("in")
        self.skip_newlines()
        while self.keyword() != "esac":
            self.accept("(")
            patterns = [self.word()]
            while self.accept("|"):
                patterns.append(self.word())
            self.expect(")")
            self.skip_newlines()
            empty = self.lexer.peek() == ";;" or self.keyword() == "esac"
            items.append((tuple(patterns), syntax.Sequence(()) if empty else self.sequence(";;", "esac")))
            self.skip_newlines()
            if not self.accept(";;") and self.keyword() != "esac":
                raise self.unexpected(";;")
            self.skip_newlines()
        self.expect("esac")
        return syntax.Case(word, tuple(items))

    def word(self) -> Word:
        if not isinstance(self.lexer.peek(), Word):
            raise self.unexpected()
        return self.lexer.take()

    def simple(self) -> object:
        assignments, words, redirects, test = [], [], [], False
        line = self.lexer.line()
        while True:
            redirects += () if test else self.redirects()
            token = self.lexer.peek()
            if test and not isinstance(token, Word) and token not in (None, "\n"):
                words.append(make_word([Text(self.lexer.raw(), True)]))  # inside of [[ ]] they compare and join
                self.lexer.take()
                continue
            if not isinstance(token, Word):
                break
            raw = self.lexer.raw()
            match = NAME.match(raw)
            if not words and match and raw[match.end():match.end() + 1] == "=":
                assignments.append((match[0], self._after(token, match.end() + 1)))
                self.lexer.take()
                continue
            self.lexer.take()
            words.append(token)
            test = raw != "]]" and (test or words == [token] and raw == "[[")
            if len(words) == 1 and not assignments and not set(raw) & set("\"'$`\\=") and self.accept("("):
                self.expect(")")
                self.skip_newlines()
                return syntax.Function(raw, self.command())
        if not (assignments or words or redirects):
            raise self.unexpected()
        node = syntax.Simple(tuple(assignments), tuple(words), line)
        return syntax.Redirected(node, tuple(redirects)) if redirects else node

    @staticmethod
    def _after(word: Word, length: int) -> Word:
        """The word without its first characters, which are plain."""
        first = word.parts[0]
        return make_word([part for part in (Text(first.text[length:], False), *word.parts[1:]) if part != Text("", False)])

    def redirects(self) -> tuple[syntax.Redirect, ...]:
        found = []
        while isinstance(self.lexer.peek(), Direction):
            found += self._redirect(*self.lexer.take())
        return tuple(found)

    def _redirect(self, fd: int, operator: str) -> list[syntax.Redirect]:
        if operator in ("<<", "<<-"):
            if self.lexer.text[self.lexer.at:self.lexer.at + 1] == "<":
                raise ShellSyntaxError("unexpected redirection")
            return [syntax.Redirect(fd, "<<", self.lexer.here_document(operator == "<<-"))]
        target = self.word()
        if operator == "&>":
            return [syntax.Redirect(1, ">", target), syntax.Redirect(2, ">&", make_word([Text("1", False)]))]
        return [syntax.Redirect(fd, ">" if operator == ">|" else operator, target)]


COMPOUND = {
    "{": lambda parser: parser.enclosed("}"), "if": Parser.if_, "for": Parser.for_, "case": Parser.case,
    "while": lambda parser: parser.loop(False), "until": lambda parser: parser.loop(True),
}
