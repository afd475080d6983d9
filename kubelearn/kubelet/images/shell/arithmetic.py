"""$((...)): C's integer expressions over the shell's variables, by precedence climbing. 64 bits, busybox's error texts."""
from __future__ import annotations

import re
from collections.abc import Callable

TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|\*\*|<<=|>>=|\+\+|--|[-+*/%&|^]=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>=!~&|^?:(),])"
)


class ArithmeticFault(Exception):
    """Its text is what the shell prints."""


def _wrap(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def _divide(left: int, right: int) -> int:
    if right == 0:
        raise ArithmeticFault("divide by zero")
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


BINARY: dict[str, tuple[int, Callable[[int, int], int]]] = {
    "||": (1, lambda a, b: int(bool(a or b))), "&&": (2, lambda a, b: int(bool(a and b))), "|": (3, lambda a, b: a | b),
    "^": (4, lambda a, b: a ^ b), "&": (5, lambda a, b: a & b), "==": (6, lambda a, b: int(a == b)), "!=": (6, lambda a, b: int(a != b)),
    "<": (7, lambda a, b: int(a < b)), ">": (7, lambda a, b: int(a > b)), "<=": (7, lambda a, b: int(a <= b)),
    ">=": (7, lambda a, b: int(a >= b)), "<<": (8, lambda a, b: a << (b & 63)), ">>": (8, lambda a, b: a >> (b & 63)),
    "+": (9, lambda a, b: a + b), "-": (9, lambda a, b: a - b), "*": (10, lambda a, b: a * b), "/": (10, _divide),
    "%": (10, lambda a, b: a - _divide(a, b) * b), "**": (11, lambda a, b: a ** min(b, 64)),
}
UNARY: dict[str, Callable[[int], int]] = {"-": lambda a: -a, "+": lambda a: a, "!": lambda a: int(not a), "~": lambda a: ~a}


def evaluate(text: str, get: Callable[[str], str], put: Callable[[str, str], None]) -> int:
    """ArithmeticFault for what is no expression."""
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ArithmeticFault("arithmetic syntax error")
        tokens.append(match[1])
        at = match.end()
    if not tokens:
        return 0
    reader = _Reader(tokens, get, put)
    value = reader.comma()
    if reader.tokens:
        raise ArithmeticFault("arithmetic syntax error")
    return value


class _Reader:
    def __init__(self, tokens: list[str], get: Callable, put: Callable):
        self.tokens, self.get, self.put = tokens[::-1], get, put

    def peek(self) -> str:
        return self.tokens[-1] if self.tokens else ""

    def take(self) -> str:
        if not self.tokens:
            raise ArithmeticFault("arithmetic syntax error")
        return self.tokens.pop()

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise ArithmeticFault("arithmetic syntax error")

    def comma(self) -> int:
        value = self.ternary()
        while self.peek() == ",":
            self.take()
            value = self.ternary()
        return value

    def ternary(self) -> int:
        condition = self.binary(1)
        if self.peek() != "?":
            return condition
        self.take()
        yes = self.ternary()
        self.expect(":")
        no = self.ternary()
        return yes if condition else no

    def binary(self, least: int) -> int:
        left = self.unary()
        while (rule := BINARY.get(self.peek())) and rule[0] >= least:
            self.take()
            right = self.binary(rule[0] + (rule[0] != 11))
            left = _wrap(rule[1](left, right))
        return left

    def unary(self) -> int:
        token = self.take()
        if token in ("++", "--"):
            name = self.take()
            return self.assign(name, self.peek_value(name) + (1 if token == "++" else -1))
        if token in UNARY:
            return _wrap(UNARY[token](self.unary()))
        if token == "(":
            value = self.comma()
            self.expect(")")
            return value
        if token[0].isdigit():
            return self.number(token)
        if token[0].isalpha() or token[0] == "_":
            return self.variable(token)
        raise ArithmeticFault("arithmetic syntax error")

    @staticmethod
    def number(text: str) -> int:
        try:
            return _wrap(int(text, 16 if text[:2] in ("0x", "0X") else 8 if text[0] == "0" else 10))
        except ValueError:
            raise ArithmeticFault("arithmetic syntax error") from None

    def peek_value(self, name: str) -> int:
        text = self.get(name).strip()
        return evaluate(text, self.get, self.put) if text else 0

    def assign(self, name: str, value: int) -> int:
        self.put(name, str(_wrap(value)))
        return _wrap(value)

    def variable(self, name: str) -> int:
        token = self.peek()
        if token == "=":
            self.take()
            return self.assign(name, self.ternary())
        if len(token) > 1 and token[-1] == "=" and token[:-1] in BINARY and token not in BINARY:
            self.take()
            return self.assign(name, BINARY[token[:-1]][1](self.peek_value(name), self.ternary()))
        value = self.peek_value(name)
        if token in ("++", "--"):
            self.take()
            self.assign(name, value + (1 if token == "++" else -1))
        return value
