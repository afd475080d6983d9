"""$((...)): C's integer expressions over the shell's variables. 64 bits, busybox's error texts."""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from types import CodeType

from kubelearn.kubelet.images.expressions import Expressions, Malformed, Place, Token, assign

TOKEN = re.compile(r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|\d+)|(?P<name>[A-Za-z_]\w*)|"
                   r"(?P<op>\*\*|<<=|>>=|\+\+|--|[-+*/%&|^]=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>=!~&|^?:(),]))")


class ArithmeticFault(Exception):
    """Its text is what the shell prints."""


class _Arithmetic(Expressions):
    binary = {
        ",": (0, "({0}, {1})[1]"), "||": (3, "int(bool({0} or {1}))"), "&&": (4, "int(bool({0} and {1}))"), "|": (5, "({0} | {1})"),
        "^": (6, "({0} ^ {1})"), "&": (7, "({0} & {1})"), **{sign: (8, f"int({{0}} {sign} {{1}})") for sign in ("==", "!=")},
        **{sign: (9, f"int({{0}} {sign} {{1}})") for sign in ("<", ">", "<=", ">=")},
        **{sign: (10, f"wrap({{0}} {sign} ({{1}} & 63))") for sign in ("<<", ">>")},
        **{sign: (11, f"wrap({{0}} {sign} {{1}})") for sign in "+-"}, "*": (12, "wrap({0} * {1})"),
        "/": (12, "divide({0}, {1})"), "%": (12, "remainder({0}, {1})"), "**": (13, "power({0}, {1})"),
    }
    prefixes = {"-": "wrap(-{0})", "+": "{0}", "!": "int(not {0})", "~": "(~{0})"}
    unary, power = 14, 13

    def primary(self) -> str:
        if self.take("("):
            inner = self.expression()
            self.expect(")")
            return f"({inner})"
        kind, value = self.advance()
        if kind == "op":
            raise Malformed
        if kind == "name":
            return Place("V", repr(value))
        return str(wrap(int(value, 16 if value[:2] in ("0x", "0X") else 8 if value[0] == "0" else 10)))


def wrap(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def divide(left: int, right: int) -> int:
    if right == 0:
        raise ArithmeticFault("divide by zero")
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


def power(left: int, right: int) -> int:
    if right < 0:
        raise ArithmeticFault("exponent less than 0")
    return wrap(left ** min(right, 64))


def step(container: _Values, key: str, by: int, before: bool) -> int:
    old = container[key]
    container[key] = old + by
    return old if before else wrap(old + by)


NAMES = {"wrap": wrap, "divide": divide, "remainder": lambda left, right: left - divide(left, right) * right, "power": power,
         "assign": assign, "step": step, "int": int, "bool": bool, "__builtins__": {}}


@lru_cache(maxsize=1_000)
def _compiled(text: str) -> CodeType:
    tokens, at, text = [], 0, text.strip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ArithmeticFault("arithmetic syntax error")
        tokens.append(Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    reader = _Arithmetic(tokens)
    try:
        code = compile(reader.expression() if tokens else "0", "arithmetic", "eval")
    except (Malformed, ValueError, SyntaxError):
        raise ArithmeticFault("arithmetic syntax error") from None
    if not reader.ended:
        raise ArithmeticFault("arithmetic syntax error")
    return code


class _Values:
    """A shell's variables as numbers; what a text holds is an expression itself."""

    def __init__(self, get: Callable[[str], str], put: Callable[[str, str], None]):
        self.get, self.put = get, put

    def __getitem__(self, name: str) -> int:
        return evaluate(self.get(name), self.get, self.put)

    def __setitem__(self, name: str, value: int) -> None:
        self.put(name, str(wrap(value)))


def evaluate(text: str, get: Callable[[str], str], put: Callable[[str, str], None]) -> int:
    """ArithmeticFault for what is no expression."""
    return eval(_compiled(text), {**NAMES, "V": _Values(get, put)})
