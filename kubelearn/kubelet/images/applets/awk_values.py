"""awk's values: variables, elements, fields, operators and functions, as closures over the running program.

Leaves out: getline, system()."""
from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubelearn.kubelet.images.applets.awk import Awk


class AwkError(Exception):
    pass


class Jump(Exception):
    """next, exit, break, continue."""

    def __init__(self, kind: str, code: int = 0):
        self.kind, self.code = kind, code


Expression = Callable[["Awk"], object]


class Variable:
    def __init__(self, name: str):
        self.name = name

    def __call__(self, awk: Awk) -> object:
        return awk.get(self.name)

    def assign(self, awk: Awk, value: object) -> object:
        awk.variables[self.name] = value
        if self.name == "NF":
            awk.fields = (awk.fields + [""] * int(awk.number(value)))[:int(awk.number(value))]
            awk.rebuild()
        return value


class Element:
    def __init__(self, name: str, keys: list[Expression]):
        self.name, self.keys = name, keys

    def key(self, awk: Awk) -> str:
        return "\x1c".join(awk.text(key(awk)) for key in self.keys)

    def __call__(self, awk: Awk) -> object:
        return awk.array(self.name).setdefault(self.key(awk), "")

    def assign(self, awk: Awk, value: object) -> object:
        awk.array(self.name)[self.key(awk)] = value
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


COMPARE = {"<": int.__lt__, "<=": int.__le__, "==": int.__eq__, "!=": int.__ne__, ">": int.__gt__, ">=": int.__ge__}


def _divide(a: float, b: float) -> float:
    if b == 0:
        raise AwkError("division by zero")
    return a / b


ARITHMETIC = {"+": float.__add__, "-": float.__sub__, "*": float.__mul__, "/": _divide, "^": float.__pow__, "**": float.__pow__,
              "%": lambda a, b: a - b * int(_divide(a, b))}


def _sub(awk: Awk, arguments: list[Expression], count: int) -> int:
    target = arguments[2] if len(arguments) > 2 else Field(lambda awk: 0)
    replacement = awk.text(arguments[1](awk))
    result, found = awk.regex(arguments[0]).subn(
        lambda match: re.sub(r"\\&|&", lambda part: "&" if part[0] == "\\&" else match[0], replacement), awk.text(target(awk)), count=count
    )
    if found:
        target.assign(awk, result)
    return found


def _split(awk: Awk, arguments: list[Expression]) -> int:
    parts = awk.cut(awk.text(arguments[0](awk)), awk.separator(arguments[2]) if len(arguments) > 2 else awk.text(awk.get("FS")))
    awk.arrays[arguments[1].name] = {str(at): part for at, part in enumerate(parts, 1)}
    return len(parts)


def _substr(awk: Awk, arguments: list[Expression]) -> str:
    text, start = awk.text(arguments[0](awk)), max(round(awk.number(arguments[1](awk))), 1)
    end = start + round(awk.number(arguments[2](awk))) if len(arguments) > 2 else len(text) + 1
    return text[start - 1:max(end, 1) - 1]


def _match(awk: Awk, arguments: list[Expression]) -> int:
    match = awk.regex(arguments[1]).search(awk.text(arguments[0](awk)))
    awk.variables.update(RSTART=match.start() + 1 if match else 0, RLENGTH=len(match[0]) if match else -1)
    return awk.variables["RSTART"]


FUNCTIONS: dict[str, Callable[[Awk, list[Expression]], object]] = {
    "length": lambda awk, arguments: len(
        awk.record
        if not arguments
        else awk.arrays[arguments[0].name]
        if getattr(arguments[0], "name", None) in awk.arrays
        else awk.text(arguments[0](awk))
    ),
    "sub": lambda awk, arguments: _sub(awk, arguments, 1),
    "gsub": lambda awk, arguments: _sub(awk, arguments, 0),
    "split": _split,
    "substr": _substr,
    "match": _match,
    "index": lambda awk, arguments: awk.text(arguments[0](awk)).find(awk.text(arguments[1](awk))) + 1,
    "toupper": lambda awk, arguments: awk.text(arguments[0](awk)).upper(),
    "tolower": lambda awk, arguments: awk.text(arguments[0](awk)).lower(),
    "sprintf": lambda awk, arguments: awk.format(*[argument(awk) for argument in arguments]),
    "int": lambda awk, arguments: int(awk.number(arguments[0](awk))),
    "sqrt": lambda awk, arguments: awk.number(arguments[0](awk)) ** 0.5,
    "srand": lambda awk, arguments: 0,
    "rand": lambda awk, arguments: awk.random.random(),
    "systime": lambda awk, arguments: int(awk.process.clock.now + 1_767_225_600),
    "close": lambda awk, arguments: 0,
    "fflush": lambda awk, arguments: 0,
}
