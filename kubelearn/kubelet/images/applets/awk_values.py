"""awk's values: variables, elements, fields, operators and functions, as closures over the running program.

Leaves out: bit operations, strftime and gensub; "Call to undefined function"."""
from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from kubelearn.clock import EPOCH

if TYPE_CHECKING:
    from kubelearn.kubelet.images.applets.awk import Awk

Expression = Callable[["Awk"], object]


class AwkError(Exception):
    pass


class Jump(Exception):
    """next, exit, break, continue, return; what exit and return give."""

    def __init__(self, kind: str, value: object = ""):
        self.kind, self.value = kind, value


# --- what can be assigned to --------------------------------------------------------------------------------------

class Variable:
    def __init__(self, name: str):
        self.name = name

    def __call__(self, awk: Awk) -> object:
        return awk.variables.get(self.name, "")

    def assign(self, awk: Awk, value: object) -> object:
        awk.variables[self.name] = value
        if self.name == "NF":
            awk.fields = (awk.fields + [""] * int(awk.number(value)))[:int(awk.number(value))]
            awk.rebuild()
        return value


class Element:
    def __init__(self, name: str, keys: list[Expression]):
        self.name, self.keys = name, keys

    def __call__(self, awk: Awk) -> object:
        return awk.array(self.name).setdefault(awk.key(self.keys), "")

    def assign(self, awk: Awk, value: object) -> object:
        awk.array(self.name)[awk.key(self.keys)] = value
        return value


class Field:
    def __init__(self, index: Expression):
        self.index = index

    def __call__(self, awk: Awk) -> str:
        number = int(awk.number(self.index(awk)))
        return awk.record if number == 0 else awk.fields[number - 1] if number <= len(awk.fields) else ""

    def assign(self, awk: Awk, value: object) -> object:
        number = int(awk.number(self.index(awk)))
        if number == 0:
            awk.load(awk.text(value))
        else:
            awk.fields += [""] * (number - len(awk.fields))
            awk.fields[number - 1] = awk.text(value)
            awk.rebuild()
        return value


class Match:
    """/expression/: alone it is asked of the record."""

    def __init__(self, expression: re.Pattern):
        self.expression = expression

    def __call__(self, awk: Awk) -> int:
        return int(bool(self.expression.search(awk.record)))


class Group(list):
    """(a, b): for print and for `in`; of one expression its value."""

    def __call__(self, awk: Awk) -> object:
        return self[-1](awk)


# --- operators ----------------------------------------------------------------------------------------------------

def _divide(a: float, b: float) -> float:
    if b == 0:
        raise AwkError("Division by zero")
    return a / b


ARITHMETIC = {"+": float.__add__, "-": float.__sub__, "*": float.__mul__, "/": _divide, "^": float.__pow__,
              "%": lambda a, b: a - b * int(_divide(a, b))}
COMPARE = {"<": int.__lt__, "<=": int.__le__, "==": int.__eq__, "!=": int.__ne__, ">": int.__gt__, ">=": int.__ge__}


def arithmetic(operator: str) -> Callable[[Expression, Expression], Expression]:
    operation = ARITHMETIC[operator]
    return lambda a, b: lambda awk: operation(awk.number(a(awk)), awk.number(b(awk)))


def comparison(operator: str) -> Callable[[Expression, Expression], Expression]:
    compare = COMPARE[operator]
    return lambda a, b: lambda awk: int(compare(awk.order(a(awk), b(awk)), 0))


def concatenation(a: Expression, b: Expression) -> Expression:
    return lambda awk: awk.text(a(awk)) + awk.text(b(awk))


def matching(wanted: bool) -> Callable[[Expression, Expression], Expression]:
    return lambda a, b: lambda awk: int(bool(awk.regex(b).search(awk.text(a(awk)))) == wanted)


def membership(key: Expression, array: Variable) -> Expression:
    keys = key if isinstance(key, Group) else [key]
    found = lambda awk: int(awk.key(keys) in awk.array(array.name))  # noqa: E731
    found.each = (key, array)  # for (key in array)
    return found


BINARY: dict[str, tuple[int, Callable[[Expression, Expression], Expression]]] = {  # how tightly it binds, and what it makes
    "||": (3, lambda a, b: lambda awk: int(awk.true(a(awk)) or awk.true(b(awk)))),
    "&&": (4, lambda a, b: lambda awk: int(awk.true(a(awk)) and awk.true(b(awk)))),
    "in": (5, membership), "~": (6, matching(True)), "!~": (6, matching(False)),
    **{operator: (7, comparison(operator)) for operator in COMPARE},
    **{operator: (level, arithmetic(operator)) for level, operators in ((9, "+-"), (10, "*/%"), (12, "^")) for operator in operators},
}
CONCATENATION, UNARY, POWER, STEP = 8, 11, 12, 13
PREFIX: dict[str, Callable[[Expression], Expression]] = {
    "!": lambda a: lambda awk: int(not awk.true(a(awk))), "-": lambda a: lambda awk: -awk.number(a(awk)),
    "+": lambda a: lambda awk: awk.number(a(awk)),
}


def assignment(target: Expression, operator: str, value: Expression) -> Expression:
    """= and += and their like; target and value are evaluated once."""
    if not operator:
        return lambda awk: target.assign(awk, value(awk))
    operation = arithmetic(operator)(target, value)
    return lambda awk: target.assign(awk, operation(awk))


def step(target: Expression, by: int, before: bool) -> Expression:
    """++ and --; its value is that before or after."""
    def run(awk: Awk) -> float:
        old = awk.number(target(awk))
        target.assign(awk, old + by)
        return old if before else old + by
    return run


# --- functions ----------------------------------------------------------------------------------------------------

def _sub(count: int) -> Callable:
    def sub(awk: Awk, arguments: list[Expression]) -> int:
        target = arguments[2] if len(arguments) > 2 else Field(lambda awk: 0)
        replacement = awk.text(arguments[1](awk))

        def one(match: re.Match) -> str:
            return re.sub(r"\\&|&", lambda part: "&" if part[0] == "\\&" else match[0], replacement)
        result, found = awk.regex(arguments[0]).subn(one, awk.text(target(awk)), count=count)
        if found:
            target.assign(awk, result)
        return found
    return sub


def _split(awk: Awk, arguments: list[Expression]) -> int:
    separator = arguments[2] if len(arguments) > 2 else Variable("FS")
    mark = separator.expression.pattern if isinstance(separator, Match) else awk.text(separator(awk))
    parts = awk.cut(awk.text(arguments[0](awk)), mark)
    awk.arrays[arguments[1].name] = {str(at): part for at, part in enumerate(parts, 1)}
    return len(parts)


def getline(variable: Variable | Element | None, name: Expression) -> Expression:
    """getline [VARIABLE] < FILE: 1, 0 at the end, -1 without such a file."""
    def run(awk: Awk) -> int:
        rows = awk.reading(awk.text(name(awk)))
        if not rows:
            return -1 if rows is None else 0
        (variable or Field(lambda awk: 0)).assign(awk, rows.pop(0))
        return 1
    return run


def _match(awk: Awk, arguments: list[Expression]) -> int:
    found = awk.regex(arguments[1]).search(awk.text(arguments[0](awk)))
    start, length = (found.start() + 1, found.end() - found.start()) if found else (0, -1)
    awk.variables |= {"RSTART": start, "RLENGTH": length}
    return start


def _length(awk: Awk, arguments: list[Expression]) -> int:
    name = getattr(arguments[0], "name", None) if arguments else None
    return len(awk.record if not arguments else awk.arrays[name] if name in awk.arrays else awk.text(arguments[0](awk)))


def _substr(awk: Awk, text: object, start: object, count: object = None) -> str:
    text, first = awk.text(text), max(round(awk.number(start)) - 1, 0)
    return text[first:] if count is None else text[first:first + max(round(awk.number(count)), 0)]


SPECIAL: dict[str, Callable[[Awk, list[Expression]], object]] = {  # they get their arguments unevaluated
    "length": _length, "sub": _sub(1), "gsub": _sub(0), "split": _split, "match": _match,
}
FUNCTIONS: dict[str, Callable[..., object]] = {
    "substr": _substr,
    "index": lambda awk, text, part: awk.text(text).find(awk.text(part)) + 1,
    "toupper": lambda awk, text: awk.text(text).upper(),
    "tolower": lambda awk, text: awk.text(text).lower(),
    "sprintf": lambda awk, *values: awk.format(*values),
    "int": lambda awk, value: int(awk.number(value)),
    **{name: (lambda function: lambda awk, *values: function(*map(awk.number, values)))(getattr(math, name))
       for name in ("sqrt", "exp", "log", "sin", "cos", "atan2")},
    "rand": lambda awk: awk.random.random(),
    "srand": lambda awk, seed=0: awk.seed(awk.number(seed)),
    "close": lambda awk, name: awk.close(awk.text(name)),
    "fflush": lambda awk, *names: 0,
    "systime": lambda awk: int(awk.process.clock.now + EPOCH),
}


def call(name: str, arguments: list[Expression]) -> Expression:
    if name in SPECIAL:
        return lambda awk: SPECIAL[name](awk, arguments)
    return lambda awk: FUNCTIONS[name](awk, *[argument(awk) for argument in arguments])
