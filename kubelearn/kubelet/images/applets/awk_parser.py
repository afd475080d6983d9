"""awk's grammar: from a program's text to closures over the running program.

Leaves out: user functions, getline, redirected output."""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from kubelearn.kubelet.images.applets.awk_values import ARITHMETIC, COMPARE, FUNCTIONS, AwkError, Element, Expression, Field, Jump, Variable
from kubelearn.kubelet.images.regex import compile_expression

if TYPE_CHECKING:
    from kubelearn.kubelet.images.applets.awk import Awk

TOKEN = re.compile(r"""[ \t\r]*(?:(?P<comment>\#[^\n]*)|(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|(?P<string>"(?:\\.|[^"\\])*")
    |(?P<name>[A-Za-z_]\w*)|(?P<op>\*\*=?|\+\+|--|&&|\|\||[-+*/%^<>=!]=|!~|[-+*/%^<>=!~?:,;(){}\[\]$|\n]))""", re.VERBOSE)


KEYWORDS = {"BEGIN", "END", "if", "else", "while", "for", "in", "do", "print", "printf", "next", "exit", "break", "continue", "delete"}


ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "/": "/", "r": "\r"}


class Tokens:
    def __init__(self, text: str):
        self.text, self.at, self.kind, self.value = text, 0, "", ""
        self.advance()

    def advance(self, expression: bool = False) -> str:
        """Gives the token that was and moves on. expression: a / here begins a regular expression."""
        old = self.value
        while True:
            if self.text[self.at:].strip(" \t\r") == "":
                self.kind, self.value, self.at = "end", "", len(self.text)
                return old
            if self.text.startswith("\\\n", self.at):
                self.at += 2
                continue
            match = TOKEN.match(self.text, self.at)
            if match is None:
                raise AwkError(f"unexpected token near '{self.text[self.at:self.at + 10]}'")
            self.at = match.end()
            if match.lastgroup != "comment":
                break
        self.kind, self.value = match.lastgroup, match[match.lastgroup]
        if self.kind == "name" and self.value in KEYWORDS:
            self.kind = "op"
        return old

    def expression(self) -> str:
        """The regular expression after the / that is the token now."""
        end = self.at
        while self.text[end:end + 1] not in ("/", ""):
            end += 2 if self.text[end] == "\\" else 1
        source, self.at = self.text[self.at:end].replace("\\/", "/"), end + 1
        self.advance()
        return source

    def skip(self, *values: str) -> None:
        while self.kind == "op" and self.value in values:
            self.advance()

    def take(self, value: str) -> bool:
        if self.kind == "op" and self.value == value:
            self.advance()
            return True
        return False

    def expect(self, value: str) -> None:
        if not self.take(value):
            raise AwkError(f"syntax error near '{self.value}'")


class Parser:
    """To closures over the running program."""

    def __init__(self, text: str):
        self.tokens = Tokens(text)

    def program(self) -> list[tuple[object, Expression]]:
        rules, tokens = [], self.tokens
        tokens.skip("\n", ";")
        while tokens.kind != "end":
            pattern: object = None
            if tokens.kind == "op" and tokens.value in ("BEGIN", "END"):
                pattern = tokens.advance()
            elif not (tokens.kind == "op" and tokens.value == "{"):
                pattern = self.expr()
                if tokens.take(","):
                    pattern = (pattern, self.expr(), [False])
            rules.append((pattern, self.block() if tokens.kind == "op" and tokens.value == "{" else None))
            tokens.skip("\n", ";")
        return rules

    def block(self) -> Expression:
        tokens, statements = self.tokens, []
        if not tokens.take("{"):
            tokens.skip("\n")
            return self.statement()
        tokens.skip("\n", ";")
        while not tokens.take("}"):
            if tokens.kind == "end":
                raise AwkError("unexpected end of program")
            statements.append(self.statement())
            tokens.skip("\n", ";")

        def run(awk: Awk) -> None:
            for statement in statements:
                statement(awk)
        return run

    def statement(self) -> Expression:
        tokens = self.tokens
        word = tokens.value if tokens.kind == "op" else ""
        if word in STATEMENTS:
            tokens.advance()
            return STATEMENTS[word](self)
        if word == "{":
            return self.block()
        return self.expr()

    def words(self) -> list[Expression]:
        """What print is to print: a list, in parentheses or not."""
        tokens = self.tokens
        mark = tokens.at, tokens.kind, tokens.value
        if tokens.take("("):
            found = self.list(False)
            if tokens.take(")") and self.ended():
                return found
            tokens.at, tokens.kind, tokens.value = mark  # the parentheses were only of the first one
        return self.list(True)

    def list(self, no_greater: bool) -> list[Expression]:
        found = []
        while not self.ended():
            found.append(self.expr(no_greater))
            if not self.tokens.take(","):
                break
            self.tokens.skip("\n")
        return found

    def ended(self) -> bool:
        return self.tokens.kind == "end" or self.tokens.kind == "op" and self.tokens.value in (";", "\n", "}", ")")

    def print_(self) -> Expression:
        words = self.words()
        return lambda awk: awk.write(awk.text(awk.get("OFS")).join(awk.text(word(awk)) for word in words) if words else awk.record)

    def printf(self) -> Expression:
        words = self.words()
        return lambda awk: awk.output.append(awk.format(*[word(awk) for word in words]))

    def if_(self) -> Expression:
        tokens = self.tokens
        tokens.expect("(")
        condition = self.expr()
        tokens.expect(")")
        yes, no = self.block(), None
        at, kind, value = tokens.at, tokens.kind, tokens.value
        tokens.skip("\n", ";")
        if tokens.take("else"):
            no = self.block()
        else:
            tokens.at, tokens.kind, tokens.value = at, kind, value
        return lambda awk: yes(awk) if awk.true(condition(awk)) else no(awk) if no else None

    def while_(self) -> Expression:
        self.tokens.expect("(")
        condition = self.expr()
        self.tokens.expect(")")
        return self.loop(condition, self.block())

    def do(self) -> Expression:
        body = self.block()
        self.tokens.skip("\n", ";")
        self.tokens.expect("while")
        self.tokens.expect("(")
        condition = self.expr()
        self.tokens.expect(")")
        again = self.loop(condition, body)

        def run(awk: Awk) -> None:
            body(awk)
            again(awk)
        return run

    @staticmethod
    def loop(condition: Expression | None, body: Expression, step: Expression | None = None) -> Expression:
        def run(awk: Awk) -> None:
            while condition is None or awk.true(condition(awk)):
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

    def for_(self) -> Expression:
        tokens = self.tokens
        tokens.expect("(")
        match = re.match(r"\s*in\s+(\w+)\s*\)", tokens.text[tokens.at:]) if tokens.kind == "name" else None
        if match:
            name = tokens.value
            tokens.at += match.end()
            tokens.advance()
            body = self.block()

            def each(awk: Awk) -> None:
                for key in list(awk.array(match[1])):
                    awk.variables[name] = key
                    body(awk)
            return each
        start = None if tokens.value == ";" else self.expr()
        tokens.expect(";")
        condition = None if tokens.value == ";" else self.expr()
        tokens.expect(";")
        step = None if tokens.value == ")" else self.expr()
        tokens.expect(")")
        again = self.loop(condition, self.block(), step)

        def run(awk: Awk) -> None:
            if start is not None:
                start(awk)
            again(awk)
        return run

    def jump(self, kind: str) -> Expression:
        tokens = self.tokens
        code = None if kind != "exit" or tokens.kind == "end" or tokens.value in (";", "\n", "}") else self.expr()

        def run(awk: Awk) -> None:
            raise Jump(kind, int(awk.number(code(awk))) if code else 0)
        return run

    def delete(self) -> Expression:
        name = self.tokens.advance()
        if not self.tokens.take("["):
            return lambda awk: awk.array(name).clear()
        key = self.expr()
        self.tokens.expect("]")
        return lambda awk: awk.array(name).pop(awk.text(key(awk)), None)

    # --- expressions ----------------------------------------------------------------------------------------------

    def expr(self, no_greater: bool = False) -> Expression:
        target = self.ternary(no_greater)
        tokens = self.tokens
        if tokens.kind == "op" and tokens.value in ("=", "+=", "-=", "*=", "/=", "%=", "^=") and hasattr(target, "assign"):
            operator = tokens.advance()[:-1]
            value = self.expr(no_greater)
            if not operator:
                return lambda awk: target.assign(awk, value(awk))
            return lambda awk: target.assign(awk, ARITHMETIC[operator](awk.number(target(awk)), awk.number(value(awk))))
        return target

    def ternary(self, no_greater: bool) -> Expression:
        condition = self.either(no_greater)
        if not self.tokens.take("?"):
            return condition
        yes = self.expr()
        self.tokens.expect(":")
        no = self.expr()
        return lambda awk: yes(awk) if awk.true(condition(awk)) else no(awk)

    def either(self, no_greater: bool) -> Expression:
        left = self.both(no_greater)
        while self.tokens.take("||"):
            self.tokens.skip("\n")
            left = (lambda a, b: lambda awk: int(awk.true(a(awk)) or awk.true(b(awk))))(left, self.both(no_greater))
        return left

    def both(self, no_greater: bool) -> Expression:
        left = self.membership(no_greater)
        while self.tokens.take("&&"):
            self.tokens.skip("\n")
            left = (lambda a, b: lambda awk: int(awk.true(a(awk)) and awk.true(b(awk))))(left, self.membership(no_greater))
        return left

    def membership(self, no_greater: bool) -> Expression:
        left = self.matching(no_greater)
        while self.tokens.take("in"):
            left = (lambda key, name: lambda awk: int(awk.text(key(awk)) in awk.array(name)))(left, self.tokens.advance())
        return left

    def matching(self, no_greater: bool) -> Expression:
        left = self.comparison(no_greater)
        while self.tokens.kind == "op" and self.tokens.value in ("~", "!~"):
            wanted = self.tokens.advance() == "~"
            left = matches(left, self.comparison(no_greater), wanted)
        return left

    def comparison(self, no_greater: bool) -> Expression:
        left = self.concatenation(no_greater)
        if self.tokens.kind == "op" and self.tokens.value in COMPARE and not (no_greater and self.tokens.value == ">"):
            compare = COMPARE[self.tokens.advance()]
            right = self.concatenation(no_greater)
            return lambda awk: int(compare(awk.order(left(awk), right(awk)), 0))
        return left

    def concatenation(self, no_greater: bool) -> Expression:
        left = self.sum()
        tokens = self.tokens
        while (
            tokens.kind in ("number", "string", "name")
            or tokens.kind == "op"
            and tokens.value in ("$", "(", "!", "-", "+", "++", "--")
            and tokens.value not in ("!",)
        ):
            left = (lambda a, b: lambda awk: awk.text(a(awk)) + awk.text(b(awk)))(left, self.sum())
        return left

    def sum(self) -> Expression:
        return self.chain(("+", "-"), lambda: self.chain(("*", "/", "%"), self.unary))

    def chain(self, operators: tuple[str, ...], inner: Callable[[], Expression]) -> Expression:
        left = inner()
        while self.tokens.kind == "op" and self.tokens.value in operators:
            operator = self.tokens.advance()
            left = calculation(ARITHMETIC[operator], left, inner())
        return left

    def unary(self) -> Expression:
        tokens = self.tokens
        if tokens.take("!"):
            inner = self.unary()
            return lambda awk: int(not awk.true(inner(awk)))
        if tokens.take("-"):
            inner = self.unary()
            return lambda awk: -awk.number(inner(awk))
        if tokens.take("+"):
            inner = self.unary()
            return lambda awk: awk.number(inner(awk))
        return self.power()

    def power(self) -> Expression:
        base = self.postfix()
        if self.tokens.kind == "op" and self.tokens.value in ("^", "**"):
            self.tokens.advance()
            exponent = self.unary()
            return lambda awk: awk.number(base(awk)) ** awk.number(exponent(awk))
        return base

    def postfix(self) -> Expression:
        tokens = self.tokens
        if tokens.kind == "op" and tokens.value in ("++", "--"):
            step = 1 if tokens.advance() == "++" else -1
            target = self.primary()
            return lambda awk: target.assign(awk, awk.number(target(awk)) + step)
        target = self.primary()
        if tokens.kind == "op" and tokens.value in ("++", "--") and hasattr(target, "assign"):
            step = 1 if tokens.advance() == "++" else -1

            def run(awk: Awk) -> float:
                old = awk.number(target(awk))
                target.assign(awk, old + step)
                return old
            return run
        return target

    def primary(self) -> Expression:
        tokens = self.tokens
        kind, value = tokens.kind, tokens.value
        if kind == "op" and value in ("/", "/="):
            tokens.at -= len(value) - 1
            expression = compile_expression(tokens.expression(), True)
            found = lambda awk: int(bool(expression.search(awk.record)))  # noqa: E731
            found.expression = expression
            return found
        tokens.advance()
        if kind == "number":
            number = float(value)
            return lambda awk: number
        if kind == "string":
            text = re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[0]), value[1:-1], flags=re.DOTALL)
            return lambda awk: text
        if kind == "name":
            return self.named(value)
        if value == "(":
            inner = self.expr()
            tokens.expect(")")
            return lambda awk: inner(awk)
        if value == "$":
            return Field(self.postfix_field())
        raise AwkError(f"syntax error near '{value.strip() or 'end'}'")

    def postfix_field(self) -> Expression:
        return self.primary()

    def named(self, name: str) -> Expression:
        tokens = self.tokens
        if name in FUNCTIONS:
            arguments = []
            if tokens.take("("):
                while not tokens.take(")"):
                    arguments.append(self.expr())
                    tokens.take(",")
            return lambda awk: FUNCTIONS[name](awk, arguments)
        if tokens.take("["):
            keys = [self.expr()]
            while tokens.take(","):
                keys.append(self.expr())
            tokens.expect("]")
            return Element(name, keys)
        return Variable(name)


def matches(text: Expression, expression: Expression, wanted: bool) -> Expression:
    return lambda awk: int(bool(awk.regex(expression).search(awk.text(text(awk)))) == wanted)


def calculation(operation: Callable[[float, float], float], a: Expression, b: Expression) -> Expression:
    return lambda awk: operation(awk.number(a(awk)), awk.number(b(awk)))


STATEMENTS = {
    "print": Parser.print_,
    "printf": Parser.printf,
    "if": Parser.if_,
    "while": Parser.while_,
    "for": Parser.for_,
    "do": Parser.do,
    "delete": Parser.delete,
    **{kind: partial(Parser.jump, kind=kind) for kind in ("next", "exit", "break", "continue")},
}
