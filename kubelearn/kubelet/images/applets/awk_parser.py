"""awk's grammar: the text of a program becomes the text of three Python functions (BEGIN, record, END), which awk.py runs.

V holds the variables, A the arrays, F the record (0) and its fields; text, num, true and their like are awk.py's.
Leaves out, each an error that names it: functions of one's own, ranges of records, arrays with several keys, getline, RS,
printing into files and commands."""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from kubelearn.kubelet.images.expressions import Expressions, Malformed, Place, Token

SPACE = re.compile(r"([ \t\r]|\\\n|#[^\n]*)*")
REGEX = re.compile(r"/((?:\\.|\[[^\]\n]*\]|[^/\\\n])*)/")
TOKEN = re.compile(r"""(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|(?P<string>"(?:\\.|[^"\\])*")|(?P<name>[A-Za-z_]\w*)
    |(?P<op>\*\*=?|\+\+|--|&&|\|\||[-+*/%^<>=!]=|>>|!~|[-+*/%^<>=!~?:,;(){}\[\]$|\n])""", re.VERBOSE)
KEYWORDS = {"BEGIN", "END", "if", "else", "while", "for", "in", "print", "printf", "next", "exit", "break", "continue", "delete"}
LEFT_OUT = {"function", "func", "return", "do", "getline", "system", "RS", "SUBSEP", "match"}
ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "/": "/", "r": "\r"}
ENDS, OUTPUTS = {";", "\n", "}", ")", ""}, {">", ">>", "|"}
BINARY = {
    "||": (3, "int(true({0}) or true({1}))"), "&&": (4, "int(true({0}) and true({1}))"), "in": (5, "int(text({0}) in A[{1.key}])"),
    "~": (6, "int(bool({1}.search(text({0}))))"), "!~": (6, "int(not {1}.search(text({0})))"),
    **{sign: (7, f"int(order({{0}}, {{1}}) {sign} 0)") for sign in ("<", "<=", "==", "!=", ">", ">=")},
    **{sign: (9, f"(num({{0}}) {sign} num({{1}}))") for sign in "+-"}, **{sign: (10, f"(num({{0}}) {sign} num({{1}}))") for sign in "*/"},
    "%": (10, "mod(num({0}), num({1}))"), "^": (12, "(num({0}) ** num({1}))"),
}
IN_PRINT = {sign: row for sign, row in BINARY.items() if sign != ">"}  # there it is no comparison
CONCATENATION = 8


class AwkError(Exception):
    """Its text is what awk says."""


class Match(str):
    """/expression/: alone it is asked of the record."""

    source: str

    def __new__(cls, source: str) -> Match:
        made = super().__new__(cls, f"int(bool(regex({source!r}).search(F[0])))")
        made.source = repr(source)
        return made


def tokens(text: str) -> list[Token]:
    """A / after a value divides, else it opens a regular expression."""
    found, at = [], SPACE.match(text).end()
    while at < len(text):
        last = found[-1] if found else Token("op", "")
        value = last.kind in ("number", "string", "name") or last.value in (")", "]", "$")
        match = REGEX.match(text, at) if text[at] == "/" and not value else None
        if match:
            found.append(Token("regex", match[1].replace("\\/", "/")))
        else:
            match = TOKEN.match(text, at)
            if match is None:
                raise AwkError(f"unexpected token near '{text[at:at + 10]}'")
            kind, word = match.lastgroup, match[0].replace("**", "^")
            if word in LEFT_OUT:
                raise AwkError(f"{word} is not simulated")
            kind = "call" if kind == "name" and text.startswith("(", match.end()) else kind
            found.append(Token("op" if word in KEYWORDS else kind, word))
        at = SPACE.match(text, match.end()).end()
    return found


def compiled(expression: str) -> str:
    """A regular expression: /.../, or any text."""
    return f"regex({expression.source if isinstance(expression, Match) else f'text({expression})'})"


def indented(lines: list[str]) -> list[str]:
    return [f" {line}" for line in lines or ["pass"]]


class Parser(Expressions):
    """Statements are lists of Python's lines, expressions are Python's expressions."""

    binary, prefixes, condition = BINARY, {"!": "int(not true({0}))", "-": "(-num({0}))", "+": "num({0})"}, "true({0})"

    def skip(self, *words: str) -> None:
        while not self.ended and self.next in words:
            self.advance()

    # --- statements -----------------------------------------------------------------------------------------------

    def program(self) -> str:
        """Python's text."""
        parts: dict[str, list[str]] = {"BEGIN": [], "record": [], "END": []}
        self.skip("\n", ";")
        while not self.ended:
            name = self.advance().value if self.next in ("BEGIN", "END") else "record"
            holds = f"true({self.expression()})" if name == "record" and self.next != "{" else "True"
            if self.next == ",":
                raise AwkError("a range of records is not simulated")
            if self.next not in ("{", "\n", ";", ""):
                raise Malformed
            parts[name] += [f"if {holds}:", *indented(self.block() if self.next == "{" else ["show()"])]
            self.skip("\n", ";")
        self.reads = bool(parts["record"] or parts["END"])
        return "\n".join(line for name, lines in parts.items() for line in (f"def {name}():", *indented(lines)))

    def block(self) -> list[str]:
        """What stands in braces, or one statement."""
        if not self.take("{"):
            self.skip("\n")
            return self.statement()
        lines = []
        self.skip("\n", ";")
        while not self.take("}"):
            lines += self.statement()
            self.skip("\n", ";")
        return lines

    def statement(self) -> list[str]:
        if self.next in STATEMENTS:
            return STATEMENTS[self.advance().value](self)
        return [] if self.next == ";" else self.block() if self.next == "{" else [self.expression()]

    def print_(self, function: str) -> list[str]:
        """A list, in parentheses or not."""
        words, self.binary = [], IN_PRINT
        while self.next not in ENDS | OUTPUTS:
            words.append(self.expression())
            if not self.take(","):
                break
            self.skip("\n")
        self.binary = BINARY
        if self.next in OUTPUTS:
            raise AwkError("printing into a file or a command is not simulated")
        return [f"{function}({', '.join(words)})"]

    def decided(self) -> str:
        self.expect("(")
        condition = self.expression()
        self.expect(")")
        return f"true({condition})"

    def if_(self) -> list[str]:
        lines = [f"if {self.decided()}:", *indented(self.block())]
        at = self.at
        self.skip("\n", ";")
        if self.take("else"):
            return [*lines, "else:", *indented(self.block())]
        self.at = at
        return lines

    def while_(self) -> list[str]:
        return [f"for _ in loop(lambda: {self.decided()}):", *indented(self.block())]

    def for_(self) -> list[str]:
        self.expect("(")
        words = [token.value for token in self.tokens[self.at:self.at + 4]]
        if words[1::2] == ["in", ")"]:
            self.at += 4
            return [f"for V[{words[0]!r}] in list(A[{words[2]!r}]):", *indented(self.block())]
        start = [] if self.next == ";" else [self.expression()]
        self.expect(";")
        condition = "1" if self.next == ";" else self.expression()
        self.expect(";")
        step = "None" if self.next == ")" else self.expression()
        self.expect(")")
        return [*start, f"for _ in loop(lambda: true({condition}), lambda: {step}):", *indented(self.block())]

    def delete(self) -> list[str]:
        place = self.primary()
        if not isinstance(place, Place):
            raise Malformed
        return [f"A[{place.key}].clear()" if place.container == "V" else f"{place.container}.pop({place.key}, None)"]

    def exit(self) -> list[str]:
        return [f"leave({'' if self.next in ENDS else self.expression()})"]

    # --- expressions ----------------------------------------------------------------------------------------------

    def operation(self, word: str, left: str, right: str) -> str:
        self.skip("\n")
        if word == "in" and not isinstance(right, Place):
            raise Malformed
        return super().operation(word, left, compiled(right) if word in ("~", "!~") else right)

    def joined(self, left: str, least: int) -> str | None:
        if self.next not in ("value", "$", "(") or least > CONCATENATION:
            return None
        return f"(text({left}) + text({self.expression(CONCATENATION + 1)}))"

    def primary(self) -> str:
        if self.take("("):
            kept, self.binary = self.binary, BINARY
            inner = [self.expression()]
            while kept is IN_PRINT and self.take(","):
                inner.append(self.expression())
            self.binary = kept
            self.expect(")")
            return ", ".join(inner) if len(inner) > 1 else f"({inner[0]})"
        if self.take("$"):
            return Place("F", self.prefix())
        kind, value = self.advance()
        if kind == "op":
            raise Malformed
        if kind == "number":
            return f"float({value!r})"
        if kind == "string":
            return repr(re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[0]), value[1:-1], flags=re.DOTALL))
        return Match(value) if kind == "regex" else self.named(value, kind == "call")

    def named(self, name: str, called: bool) -> str:
        if called or name == "length":
            arguments = self.arguments("(", ")") if called else []
            return SPECIAL[name](*arguments) if name in SPECIAL else f"call({', '.join([repr(name), *arguments])})"
        if self.next != "[":
            return Place("V", repr(name))
        keys = self.arguments("[", "]")
        if len(keys) != 1:
            raise AwkError("an array with several keys is not simulated")
        return Place(f"A[{name!r}]", f"text({keys[0]})")

    def arguments(self, start: str, end: str) -> list[str]:
        self.expect(start)
        found = []
        while not self.take(end):
            found.append(self.expression())
            if self.next != end:
                self.expect(",")
        return found


STATEMENTS: dict[str, Callable[[Parser], list[str]]] = {
    "print": partial(Parser.print_, function="show"), "printf": partial(Parser.print_, function="show_form"),
    "if": Parser.if_, "while": Parser.while_, "for": Parser.for_, "delete": Parser.delete, "exit": Parser.exit,
    "next": lambda parser: ["return"], "break": lambda parser: ["break"], "continue": lambda parser: ["continue"],
}
RECORD = Place("F", "0")


def _sub(count: int) -> Callable[..., str]:
    return lambda expression, replacement, place=RECORD: (
        f"sub({count}, {compiled(expression)}, text({replacement}), {place.container}, {place.key})")


SPECIAL: dict[str, Callable[..., str]] = {  # functions that want more of their arguments than the values
    "length": lambda value=RECORD: f"length({value.key if getattr(value, 'container', '') == 'V' else None}, {value})",
    "sub": _sub(1), "gsub": _sub(0),
    "split": lambda text, array, mark="V['FS']": f"split(text({text}), {array.key}, {getattr(mark, 'source', f'text({mark})')})",
}
