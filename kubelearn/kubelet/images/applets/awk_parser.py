"""awk's grammar: from a program's text to closures over the running program. Expressions by how tightly operators bind.

Leaves out: reading from a command (cmd | getline), system() and getline without a file; each is an error that names it."""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from kubelearn.kubelet.images.applets import awk_values as values
from kubelearn.kubelet.images.applets.awk_values import AwkError, Element, Expression, Field, Group, Jump, Match, Variable
from kubelearn.kubelet.images.regex import compile_expression

if TYPE_CHECKING:
    from kubelearn.kubelet.images.applets.awk import Awk

SPACE = re.compile(r"([ \t\r]|\\\n|#[^\n]*)*")
REGEX = re.compile(r"/((?:\\.|\[[^\]\n]*\]|[^/\\\n])*)/")
TOKEN = re.compile(r"""(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|(?P<string>"(?:\\.|[^"\\])*")|(?P<name>[A-Za-z_]\w*)
    |(?P<op>\*\*=?|\+\+|--|&&|\|\||[-+*/%^<>=!]=|>>|!~|[-+*/%^<>=!~?:,;(){}\[\]$|\n])""", re.VERBOSE)
KEYWORDS = {"BEGIN", "END", "if", "else", "while", "for", "in", "do", "print", "printf", "next", "exit", "break", "continue", "delete",
            "function", "func", "return", "getline"}
ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "/": "/", "r": "\r"}
ASSIGN = {"=", "+=", "-=", "*=", "/=", "%=", "^="}
OUTPUTS = {">", ">>", "|"}
ENDS = {";", "\n", "}", ")", ""}


class Token(NamedTuple):
    kind: str
    value: str


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
            kind = "call" if kind == "name" and text.startswith("(", match.end()) else kind
            found.append(Token("op" if word in KEYWORDS else kind, word))
        at = SPACE.match(text, match.end()).end()
    return found


class Parser:
    def __init__(self, text: str):
        self.tokens, self.at = [*tokens(text), Token("op", "")], 0
        self.functions: dict[str, tuple[list[str], Expression]] = {}
        self.greater = True  # is > a comparison here? In print it would be a redirection

    @property
    def next(self) -> str:
        """The operator or word that comes next, "" for a value and at the end."""
        token = self.tokens[self.at]
        return token.value if token.kind == "op" else "value"

    def advance(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def take(self, value: str) -> bool:
        if self.next != value:
            return False
        self.at += 1
        return True

    def expect(self, value: str) -> None:
        if not self.take(value):
            raise self.error()

    def error(self) -> AwkError:
        return AwkError("Unexpected token")

    def skip(self, *words: str) -> None:
        while self.next in words:
            self.at += 1

    # --- statements -----------------------------------------------------------------------------------------------

    def program(self) -> list[tuple[object, Expression | None]]:
        rules = []
        self.skip("\n", ";")
        while self.at < len(self.tokens) - 1:
            pattern: object = None
            if self.next in ("function", "func"):
                self.function()
                continue
            if self.next in ("BEGIN", "END"):
                pattern = self.advance().value
            elif self.next != "{":
                pattern = self.expr()
                if self.take(","):
                    pattern = between(pattern, self.expr())
            if self.next not in ("{", "\n", ";", ""):
                raise self.error()
            rules.append((pattern, self.block() if self.next == "{" else None))
            self.skip("\n", ";")
        return rules

    def function(self) -> None:
        self.advance()
        name = self.advance().value
        parameters = [parameter.name for parameter in self.arguments("(", ")")]
        self.skip("\n")
        self.functions[name] = parameters, self.block()
        self.skip("\n", ";")

    def block(self) -> Expression:
        statements = []
        if not self.take("{"):
            self.skip("\n")
            return self.statement()
        self.skip("\n", ";")
        while not self.take("}"):
            if self.at == len(self.tokens) - 1:
                raise self.error()
            statements.append(self.statement())
            self.skip("\n", ";")

        def run(awk: Awk) -> None:
            for statement in statements:
                statement(awk)
        return run

    def statement(self) -> Expression:
        if self.next in STATEMENTS:
            return STATEMENTS[self.advance().value](self)
        return self.block() if self.next == "{" else self.expr()

    def words(self) -> list[Expression]:
        """What print is to print: a list, in parentheses or not."""
        found, self.greater = [], False
        while self.next not in ENDS | OUTPUTS:
            found.append(self.expr())
            if not self.take(","):
                break
            self.skip("\n")
        self.greater = True
        return found[0] if len(found) == 1 and isinstance(found[0], Group) else found

    def target(self) -> tuple[str, Expression | None]:
        """> FILE, >> FILE or | COMMAND after what is printed."""
        return (self.advance().value, self.expr(values.CONCATENATION)) if self.next in OUTPUTS else ("", None)

    def print_(self) -> Expression:
        words, target = self.words(), self.target()

        def run(awk: Awk) -> None:
            text = awk.text(awk.variables["OFS"]).join(awk.text(word(awk)) for word in words) if words else awk.record
            awk.write(text + awk.text(awk.variables["ORS"]), *target)
        return run

    def printf(self) -> Expression:
        words, target = self.words(), self.target()
        return lambda awk: awk.write(awk.format(*[word(awk) for word in words]), *target)

    def condition(self) -> Expression:
        self.expect("(")
        condition = self.expr()
        self.expect(")")
        return condition

    def if_(self) -> Expression:
        condition, yes, no = self.condition(), self.block(), None
        at = self.at
        self.skip("\n", ";")
        if self.take("else"):
            no = self.block()
        else:
            self.at = at
        return lambda awk: yes(awk) if awk.true(condition(awk)) else no(awk) if no else None

    def while_(self) -> Expression:
        return loop(self.condition(), self.block())

    def do(self) -> Expression:
        body = self.block()
        self.skip("\n", ";")
        if self.next != "while":
            raise self.error()
        self.advance()
        return loop(self.condition(), body, first=True)

    def delete(self) -> Expression:
        name = self.advance().value
        keys = self.arguments("[", "]") if self.next == "[" else None
        return lambda awk: awk.array(name).clear() if keys is None else awk.array(name).pop(awk.key(keys), None)

    def for_(self) -> Expression:
        self.expect("(")
        start = None if self.next == ";" else self.expr()
        if hasattr(start, "each") and self.take(")"):
            (variable, array), body = start.each, self.block()

            def each(awk: Awk) -> None:
                for key in list(awk.array(array.name)):
                    variable.assign(awk, key)
                    body(awk)
            return each
        self.expect(";")
        condition = None if self.next == ";" else self.expr()
        self.expect(";")
        step = None if self.next == ")" else self.expr()
        self.expect(")")
        again = loop(condition, self.block(), step)

        def run(awk: Awk) -> None:
            if start is not None:
                start(awk)
            again(awk)
        return run

    def jump(self, kind: str) -> Expression:
        value = None if kind not in ("exit", "return") or self.next in ENDS else self.expr()

        def run(awk: Awk) -> None:
            raise Jump(kind, value(awk) if value else "")
        return run

    # --- expressions ----------------------------------------------------------------------------------------------

    def expr(self, least: int = 0) -> Expression:
        """Operators that bind at least so tightly."""
        left = self.prefix()
        while True:
            word = self.next
            level, make = values.BINARY.get(word, (0, None))
            if word == ">" and not self.greater:
                return left
            if word in ("++", "--") and hasattr(left, "assign"):
                left = values.step(left, 1 if self.advance().value == "++" else -1, before=True)
            elif word in ASSIGN and hasattr(left, "assign"):
                left = values.assignment(left, self.advance().value[:-1], self.expr())
            elif word == "?" and least <= 2:
                left = self.ternary(left)
            elif make and level >= least:
                self.advance()
                self.skip("\n")
                left = make(left, self.expr(level + (level != values.POWER)))
            elif word in ("value", "$", "(") and least <= values.CONCATENATION:
                left = values.concatenation(left, self.expr(values.CONCATENATION + 1))
            else:
                return left

    def ternary(self, condition: Expression) -> Expression:
        self.expect("?")
        yes = self.expr()
        self.expect(":")
        no = self.expr()
        return lambda awk: yes(awk) if awk.true(condition(awk)) else no(awk)

    def prefix(self) -> Expression:
        word = self.next
        if word in values.PREFIX:
            self.advance()
            return values.PREFIX[word](self.expr(values.UNARY))
        if word in ("++", "--"):
            return values.step(self.advance() and self.primary(), 1 if word == "++" else -1, before=False)
        return self.primary()

    def primary(self) -> Expression:
        kind, value = self.tokens[self.at]
        if self.take("("):
            kept, self.greater = self.greater, True
            group = Group([self.expr()])
            while self.take(","):
                group.append(self.expr())
            self.greater = kept
            self.expect(")")
            return group
        if self.take("$"):
            return Field(self.prefix())
        if self.take("getline"):
            variable = self.named(self.advance().value, False) if kind != "op" or self.tokens[self.at].kind == "name" else None
            self.expect("<")
            return values.getline(variable, self.expr(values.CONCATENATION + 1))
        if kind == "op":
            raise self.error()
        self.advance()
        if kind == "number":
            return lambda awk, number=float(value): number
        if kind == "string":
            text = re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[0]), value[1:-1], flags=re.DOTALL)
            return lambda awk: text
        return Match(compile_expression(value, True)) if kind == "regex" else self.named(value, kind == "call")

    def named(self, name: str, called: bool) -> Expression:
        if called or name == "length":
            if name not in values.FUNCTIONS and name not in values.SPECIAL:
                arguments = self.arguments("(", ")")
                return lambda awk: awk.call(name, arguments)
            return values.call(name, self.arguments("(", ")") if called else [])
        return Element(name, self.arguments("[", "]")) if self.next == "[" else Variable(name)

    def arguments(self, start: str, end: str) -> list[Expression]:
        self.expect(start)
        found = []
        while not self.take(end):
            found.append(self.expr())
            if self.next != end:
                self.expect(",")
        return found


def between(start: Expression, end: Expression) -> Expression:
    """start, end: records from one to the other."""
    inside = False

    def holds(awk: Awk) -> int:
        nonlocal inside
        found = inside or awk.true(start(awk))
        inside = found and not awk.true(end(awk))
        return int(found)
    return holds


def loop(condition: Expression | None, body: Expression, step: Expression | None = None, first: bool = False) -> Expression:
    """first: the body comes before the condition."""
    def run(awk: Awk) -> None:
        again = first
        while again or condition is None or awk.true(condition(awk)):
            again = False
            awk.turn()
            try:
                body(awk)
            except Jump as jump:
                if jump.kind == "break":
                    return
                if jump.kind != "continue":
                    raise
            if step is not None:
                step(awk)
    return run


STATEMENTS: dict[str, Callable[[Parser], Expression]] = {
    "print": Parser.print_, "printf": Parser.printf, "if": Parser.if_, "while": Parser.while_, "for": Parser.for_,
    "do": Parser.do, "delete": Parser.delete,
    **{kind: partial(Parser.jump, kind=kind) for kind in ("next", "exit", "break", "continue", "return")},
}
