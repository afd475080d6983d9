"""awk's values: texts and numbers, what each counts for as the other, and the functions on them.

Leaves out: bit operations, random numbers, times; "Call to undefined function"."""
from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial

from kubelearn.kubelet.images.expressions import assign
from kubelearn.kubelet.images.regex import compile_expression

NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")


class Unset(str):
    """The value of what was never assigned: "", and as a number 0."""


UNSET = Unset()


def text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(int(value)) if math.isfinite(value) and value == int(value) else f"{value:.6g}"


def num(value: object) -> float:
    match = NUMBER.match(value) if isinstance(value, str) else None
    return float(match[0]) if match else 0.0 if isinstance(value, str) else float(value)


def is_number(value: object) -> bool:
    return not isinstance(value, str) or value is UNSET or bool(NUMBER.fullmatch(value))


def true(value: object) -> bool:
    return num(value) != 0 if is_number(value) else bool(value)


def order(a: object, b: object) -> int:
    """-1, 0, 1: as numbers when both look like numbers."""
    a, b = (num(a), num(b)) if is_number(a) and is_number(b) else (text(a), text(b))
    return (a > b) - (a < b)


def step(place: dict, key: object, by: int, before: bool) -> float:
    old = num(place[key])
    place[key] = old + by
    return old if before else old + by


def formatted(form: object, *values: object) -> str:
    rest = list(values)

    def convert(match: re.Match) -> str:
        flags, kind = match.groups()
        if kind == "%":
            return "%"
        value = rest.pop(0) if rest else ""
        if kind in "eEfgG":
            return f"%{flags}{kind}" % num(value)
        if kind in "dixXou":
            return f"%{flags}{'d' if kind in 'iu' else kind}" % int(num(value))
        if kind == "c":
            return value[:1] if isinstance(value, str) else chr(int(value))
        return f"%{flags}s" % text(value)
    return re.sub(r"%([-+ #0-9.]*)([a-zA-Z%])", convert, text(form))


def cut(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    if not line:
        return []
    plain = len(separator) == 1 or separator == "\\t"
    return line.split(separator) if plain else compile_expression(separator, True).split(line)


def substr(line: object, start: object, *count: object) -> str:
    rest = text(line)[max(round(num(start)) - 1, 0):]
    return rest[:max(round(num(count[0])), 0)] if count else rest


def mod(a: float, b: float) -> float:
    return math.fmod(a, b) if b else a / b


FUNCTIONS: dict[str, Callable[..., object]] = {
    "substr": substr,
    "index": lambda line, part: text(line).find(text(part)) + 1,
    "toupper": lambda line: text(line).upper(),
    "tolower": lambda line: text(line).lower(),
    "sprintf": formatted,
    "int": lambda value: int(num(value)),
    **{name: (lambda function: lambda *values: function(*map(num, values)))(getattr(math, name))
       for name in ("sqrt", "exp", "log", "sin", "cos", "atan2")},
}
NAMES = {  # what the Python that a program becomes may name
    "text": text, "num": num, "true": true, "order": order, "mod": mod, "assign": assign, "step": step, "int": int, "bool": bool,
    "float": float, "list": list, "regex": partial(compile_expression, extended=True), "__builtins__": {},
}
