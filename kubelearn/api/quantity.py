"""Quantities: 250m of CPU, 1.5Gi of memory.

Part of Kubernetes: apimachinery pkg/api/resource. A quantity is kept as the text that the user wrote; `canonical` is what
the server stores: no fraction, the largest suffix of the text's own form that keeps it whole.
Leaves out: more than nine decimals (rounded up, as upstream does).
"""
from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from math import ceil

from ..errors import bad_request

BINARY = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60}
DECIMAL = {"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": 1, "k": 10**3, "M": 10**6,
           "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?")
LARGEST = (1 << 63) - 1  # upstream's cap
WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@lru_cache(maxsize=4096)
def parse(text: str | int | float) -> Fraction | int:
    """The number that it means: an int where it is whole. ApiError (BadRequest) where it is no quantity."""
    number, suffix = _split(str(text))
    value = Fraction(number) * _multiplier(suffix)
    if value.denominator != 1:
        value = Fraction(_round_up(value * 10**9), 10**9)
    value = max(min(value, LARGEST), -LARGEST)
    return int(value) if value.denominator == 1 else value


def _split(text: str) -> tuple[str, str]:
    match = FORM.fullmatch(text)
    if match is None:
        raise bad_request(WRONG)
    return match[1], match[2] or ""


def _multiplier(suffix: str) -> Fraction | int:
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix != "Ei":
        return Fraction(10) ** int(suffix[1:])
    return BINARY.get(suffix) or DECIMAL[suffix]


def _round_up(value: Fraction) -> int:
    """Away from zero, so that nobody gets less than was asked for."""
    return ceil(value) if value >= 0 else -ceil(-value)


@lru_cache(maxsize=4096)
def value(text: str | int) -> int:
    """Whole units, rounded up: bytes of memory, pods."""
    return _round_up(Fraction(parse(text)))


@lru_cache(maxsize=4096)
def milli(text: str | int) -> int:
    """Thousandths, rounded up: millicores of CPU."""
    return _round_up(Fraction(parse(text)) * 1000)


def format(number: Fraction | int, form: str = "DecimalSI") -> str:
    """A number in one of upstream's three forms: DecimalSI (500m), BinarySI (128Mi), DecimalExponent (1e3)."""
    if form == "BinarySI" and abs(number) >= 1024 and Fraction(number).denominator == 1:
        return _largest(int(number), BINARY)
    number = Fraction(number)
    for scale, suffix in ((1, ""), (10**3, "m"), (10**6, "u"), (10**9, "n")):
        scaled = number * scale
        if scaled.denominator == 1:
            break
    if suffix:
        small = {"m": "e-3", "u": "e-6", "n": "e-9"} if form == "DecimalExponent" else {}
        return f"{_round_up(scaled)}{small.get(suffix, suffix)}"
    if form == "DecimalExponent":
        return _largest(int(number), {f"e{power}": 10**power for power in range(3, 19, 3)})
    return _largest(int(number), {s: m for s, m in DECIMAL.items() if m > 1})


def _largest(number: int, suffixes: dict[str, int]) -> str:
    """The largest suffix that keeps the number whole."""
    if number:
        for suffix, multiplier in reversed(suffixes.items()):
            if number % multiplier == 0:
                return f"{number // multiplier}{suffix}"
    return str(number)


def form_of(text: str) -> str:
    """The form in which a quantity was written, and in which sums of it are printed."""
    suffix = _split(str(text))[1]
    if suffix in BINARY:
        return "BinarySI"
    return "DecimalExponent" if suffix[:1] in ("e", "E") and len(suffix) > 1 else "DecimalSI"


@lru_cache(maxsize=4096)
def canonical(text: str | int | float) -> str:
    """The text that the server stores: '1000m' is '1', 0.5 is '500m', '1024Mi' is '1Gi', '1.5Gi' is '1536Mi'."""
    return format(parse(text), form_of(text))


def add(a: str, b: str) -> str:
    """The sum in the form of the first; a zero takes the other's form."""
    first, second = parse(a), parse(b)
    return format(first + second, form_of(a) if first else form_of(b))


def compare(a: str, b: str) -> int:
    """-1, 0 or 1."""
    first, second = parse(a), parse(b)
    return (first > second) - (first < second)
