"""The shell's words: quoting, parameters, substitutions, here-documents.

Errors are busybox ash's wording. Leaves out: aliases, $'..' escapes beyond the common ones.
"""
from __future__ import annotations

import re
from collections.abc import Callable

from kubelearn.kubelet.images.shell.syntax import Arithmetic, Direction, Parameter, ShellSyntaxError, Substitution, Text, Word, make_word

SPACE, OPERATOR = re.compile(r"(?:[ \t\r]|\\\n|#[^\n]*)*"), re.compile(r"&&|\|\||;;|[&|;()\n]")
DIRECTION = re.compile(r"(\d*)(<<-|<<|>>|<&|>&|<>|>\||[<>])|()(&>)")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
BRACED, BRACED_OPERATOR = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+|[@*#?$!-]"), re.compile(r":?[-=?+]|##?|%%?|//?|:|")
SPECIAL = "@*#?-$!"
STRINGS = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}
BACKQUOTED, ANSI = re.compile(r"`((?:\\.|[^`\\])*)`", re.DOTALL), re.compile(r"\$'((?:\\.|[^'\\])*)'", re.DOTALL)
PLAIN = re.compile(r"[A-Za-z0-9_./:,=@%+^-]+")


class Lexer:
    """A position in a text. `parse` makes a Script of the text inside $(...)."""

    def __init__(self, text: str, parse: Callable):
        self.text, self.at, self.parse = text, 0, parse
        self.pending: list[tuple[list, bool]] = []  # here-documents whose text comes after this line
        self.cut_off = False  # does a here-document lack its end?
        self._next: tuple | None = None

    # --- tokens ---------------------------------------------------------------------------------------------------

    def peek(self) -> str | Direction | Word | None:
        """An operator, a Direction, a Word, or None at the end."""
        if self._next is None:
            self._match(SPACE)
            start = self.at
            token = self._token()
            self._next = (token, start)
        return self._next[0]

    def take(self) -> str | Direction | Word | None:
        token = self.peek()
        self._next = None
        if token in ("\n", None):
            self._read_here_documents()
        return token

    def raw(self) -> str:
        """The source of the token that peek() shows."""
        self.peek()
        return self.text[self._next[1]:self.at]

    def line(self) -> int:
        """Where the token that peek() shows stands, from 0."""
        self.peek()
        return self.text.count("\n", 0, self._next[1])

    def _match(self, expression: re.Pattern) -> re.Match | None:
        """Takes what comes next if it is of this form."""
        match = expression.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return match

    def _token(self) -> str | Direction | Word | None:
        if self.at >= len(self.text):
            return None
        if direction := self._match(DIRECTION):
            number, sign = direction[1] or direction[3], direction[2] or direction[4]
            return Direction(int(number or sign[0] != "<"), sign)
        operator = self._match(OPERATOR)
        return operator[0] if operator else self.word()

    # --- words ----------------------------------------------------------------------------------------------------

    def word(self, ends: str = " \t\r\n;&|<>()") -> Word:
        """Up to an unquoted character of `ends`."""
        parts: list = []
        text = self.text
        while self.at < len(text) and text[self.at] not in ends:
            character = text[self.at]
            if plain := PLAIN.match(text, self.at) if "}" not in ends else None:
                parts.append(Text(plain[0], False))
                self.at = plain.end()
            elif character == "'":
                parts.append(Text(self._until("'"), True))
            elif character == '"':
                self.at += 1
                parts += self._double('"') or [Text("", True)]
                self.at += 1
            elif character == "\\":
                self.at += 2
                if text[self.at - 1:self.at] != "\n":
                    parts.append(Text(text[self.at - 1:self.at] or "\\", True))
            elif character in "$`":
                parts.append(self._dollar(False))
            else:
                parts.append(Text(character, False))
                self.at += 1
        return make_word(parts)

    def _until(self, quote: str) -> str:
        end = self.text.find(quote, self.at + 1)
        if end < 0:
            raise ShellSyntaxError("unterminated quoted string", True)
        inner = self.text[self.at + 1:end]
        self.at = end + 1
        return inner

    def _double(self, end: str) -> list:
        """The inside of double quotes, up to `end`; also here-documents (end "")."""
        parts: list = []
        text = self.text
        while True:
            if self.at >= len(text):
                if end:
                    raise ShellSyntaxError("unterminated quoted string", True)
                return parts
            character = text[self.at]
            if character == end:
                return parts
            if character == "\\" and text[self.at + 1:self.at + 2] in ("$", "`", "\\", "\n", end or "$"):
                if text[self.at + 1] != "\n":
                    parts.append(Text(text[self.at + 1], True))
                self.at += 2
            elif character in "$`":
                parts.append(self._dollar(True))
            else:
                stop = self.at + 1
                while stop < len(text) and text[stop] not in '$`\\"':
                    stop += 1
                parts.append(Text(text[self.at:stop], True))
                self.at = stop

    def _dollar(self, quoted: bool) -> object:
        text, at = self.text, self.at
        if text[at] == "`":
            inner = self._match(BACKQUOTED)
            if inner is None:
                raise ShellSyntaxError("EOF in backquote substitution", True)
            return Substitution(self.parse(re.sub(r"\\([$`\\])", r"\1", inner[1])), quoted)
        if text.startswith("$((", at) and (end := self._closing(at + 3, "))")) is not None:
            self.at = end + 2
            return Arithmetic(make_word(Lexer(text[at + 3:end], self.parse)._double("")), quoted)
        if text.startswith("$(", at):
            end = self._closing(at + 2, ")")
            if end is None:
                raise ShellSyntaxError('unexpected end of file (expecting ")")', True)
            self.at = end + 1
            return Substitution(self.parse(text[at + 2:end]), quoted)
        if text.startswith("${", at):
            return self._braced(quoted)
        if not quoted and (inner := self._match(ANSI)):
            return Text(re.sub(r"\\(.)", lambda match: STRINGS.get(match[1], match[0]), inner[1]), True)
        self.at += 1
        if name := self._match(NAME):
            return Parameter(name[0], "", None, None, quoted)
        if self.at < len(text) and (text[self.at] in SPECIAL or text[self.at].isdigit()):
            self.at += 1
            return Parameter(text[self.at - 1], "", None, None, quoted)
        return Text("$", True)

    def _closing(self, at: int, mark: str) -> int | None:
        """Where the bracket that was opened before `at` closes, past quotes and nested brackets."""
        text, depth = self.text, 0
        while at < len(text):
            character = text[at]
            if depth == 0 and text.startswith(mark, at):
                return at
            if character == "\\":
                at += 1
            elif character == "'" and mark == ")":
                at = text.find("'", at + 1)
                if at < 0:
                    return None
            elif character == '"':
                inner = Lexer(text, lambda script: None)
                inner.at = at + 1
                inner._double('"')
                at = inner.at
            elif character == "(":
                depth += 1
            elif character == ")":
                depth -= 1
                if depth < 0:
                    return None
            at += 1
        return None

    def _braced(self, quoted: bool) -> Parameter:
        """${...}"""
        text = self.text
        self.at += 2
        length = text[self.at:self.at + 1] == "#" and text[self.at + 1:self.at + 2] not in ("}", "")
        self.at += length
        match = self._match(BRACED)
        if match is None:
            raise ShellSyntaxError("bad substitution", self.at >= len(text))
        op = self._match(BRACED_OPERATOR)[0]
        between = {"/": "/", "//": "/", ":": ":"}.get(op, "")
        word = self.word(between + "}") if op else None
        other = None
        if between and text[self.at:self.at + 1] == between:
            self.at += 1
            other = self.word("}")
        if text[self.at:self.at + 1] != "}":
            raise ShellSyntaxError("bad substitution" if self.at < len(text) else 'unexpected end of file (expecting "}")',
                                   self.at >= len(text))
        self.at += 1
        return Parameter(match[0], "length" if length else op, word, other, quoted)

    # --- here-documents -------------------------------------------------------------------------------------------

    def here_document(self, strip: bool) -> list:
        """Reads the delimiter; the text follows after this line, in the list that is given back."""
        self._match(SPACE)
        start = self.at
        delimiter = self.word()
        literal = any(quote in self.text[start:self.at] for quote in "'\"\\")
        box = ["".join(part.text for part in delimiter.parts), literal]
        self.pending.append((box, strip))
        return box

    def _read_here_documents(self) -> None:
        for box, strip in self.pending:
            delimiter, literal = box
            lines = []
            while True:
                if self.at >= len(self.text):
                    self.cut_off = True  # ash takes the end of the file for the delimiter
                    break
                end = self.text.find("\n", self.at)
                line = self.text[self.at:] if end < 0 else self.text[self.at:end]
                self.at = len(self.text) if end < 0 else end + 1
                line = line.lstrip("\t") if strip else line
                if line == delimiter:
                    break
                lines.append(line + "\n")
            body = "".join(lines)
            box[:] = [make_word([Text(body, True)] if literal else Lexer(body, self.parse)._double(""))]
        self.pending = []
