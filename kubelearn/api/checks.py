"""The checks that the tables of rules name.

A check is a function (value, path, found): value is the field's (None: absent), and it tells found what is wrong. Functions that make
a check take their arguments from the table: one_of(Always, Never).
Part of Kubernetes: the helpers of pkg/apis/core/validation and apimachinery's api/validation, with their wording.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable

from . import fields, names, quantity
from .fields import Path
from .findings import Check, Findings, not_twice

NEGATIVE, NOT_POSITIVE = "must be greater than or equal to 0", "must be greater than zero"


def wrong(is_wrong: Callable[[object], object], detail: str) -> Check:
    """A value that is there and of which this holds is refused so."""
    def check(value: object, path: Path, found: Findings) -> None:
        if value is not None and is_wrong(value):
            found.invalid(path, value, detail)
    return check


EMPTY = (None, "", [], {})


def refused(detail: str) -> Check:
    """Whatever is there."""
    return wrong(lambda value: value not in EMPTY, detail)


# --- whether it is there -------------------------------------------------------------------------------------------------

def needed(detail: str = "") -> Check:
    def check(value: object, path: Path, found: Findings) -> None:
        if value in EMPTY:
            found.required(path, detail)
    return check


required = needed()


def absent(detail: str) -> Check:
    def check(value: object, path: Path, found: Findings) -> None:
        if value is not None:
            found.forbidden(path, detail)
    return check


def late(check: Check) -> Check:
    """A check whose errors upstream adds when everything else has been looked at."""
    def later(value: object, path: Path, found: Findings) -> None:
        wrong = Findings()
        check(value, path, wrong)
        found.late += wrong
    return later


# --- texts ---------------------------------------------------------------------------------------------------------------

def text(complaints: Callable[[str], Iterable[str]]) -> Check:
    """A text that is there satisfies this function of names.py."""
    def check(value: object, path: Path, found: Findings) -> None:
        if value:
            for problem in complaints(value):
                found.invalid(path, value, problem)
    return check


dns_label, dns_subdomain, dns_1035_label = text(names.dns_label), text(names.dns_subdomain), text(names.dns_1035_label)
qualified_name, label_key, config_key = text(names.qualified_name), text(names.label_key), text(names.config_key)
port_name, env_name, ip_address, cidr = text(names.port_name), text(names.env_name), text(names.ip_address), text(names.cidr)


def trimmed(value: str | None, path: Path, found: Findings) -> None:
    if value and value.strip() != value:
        found.invalid(path, value, "must not have leading or trailing whitespace")


def full(complaints: Callable[[str], Iterable[str]]) -> Check:
    """The same of a text for which an empty one stands where it is absent."""
    def check(value: str | None, path: Path, found: Findings) -> None:
        for problem in complaints(value or ""):
            found.invalid(path, value or "", problem)
    return check


full_dns_subdomain, full_label_key, full_qualified_name = full(names.dns_subdomain), full(names.label_key), full(names.qualified_name)
full_label_value = full(names.label_value)


def one_of(*values: str) -> Check:
    """An enumeration, of which an empty text is none."""
    def check(value: object, path: Path, found: Findings) -> None:
        if value == "":
            found.required(path)
        elif value is not None and value not in values:
            found.unsupported(path, value, values)
    return check


def optional(*values: str) -> Check:
    """An enumeration that an empty text passes."""
    check = supported(*values)
    return lambda value, path, found: check(value or None, path, found)


def supported(*values: str) -> Check:
    """An enumeration; an empty text is a value like others."""
    def check(value: object, path: Path, found: Findings) -> None:
        if value is not None and value not in values:
            found.unsupported(path, value, values)
    return check


def choice(*values: str) -> Check:
    """An enumeration; what is absent is an empty text."""
    check = supported(*values)
    return lambda value, path, found: check(value or "", path, found)


def longest(limit: int) -> Check:
    def check(value: object, path: Path, found: Findings) -> None:
        if value and len(value) > limit:
            found.append(fields.too_long(path, limit))
    return check


no_backsteps = wrong(lambda path: ".." in path.split("/"), "must not contain '..'")


def relative_path(value: str | None, path: Path, found: Findings) -> None:
    if value and value.startswith("/"):
        found.invalid(path, value, "must be a relative path")
    no_backsteps(value, path, found)


def absolute_path(value: str | None, path: Path, found: Findings) -> None:
    if not (value or "").startswith("/"):
        found.invalid(path, value or "", "must be an absolute path")


def inner_path(value: str | None, path: Path, found: Findings) -> None:
    """A file's place inside a volume."""
    required(value, path, found)
    relative_path(value, path, found)
    if value and value.startswith("..") and ".." not in value.split("/"):
        found.invalid(path, value, "must not start with '..'")


# --- numbers -------------------------------------------------------------------------------------------------------------

def least(low: int, detail: str) -> Check:
    return wrong(lambda value: value < low, detail)


non_negative, positive, above_zero = least(0, NEGATIVE), least(1, NOT_POSITIVE), least(1, "must be greater than 0")


def over_zero(value: int | None, path: Path, found: Findings) -> None:
    """positive, where absent means 0."""
    positive(value or 0, path, found)


def most(high: int, detail: str) -> Check:
    return wrong(lambda value: value > high, detail)


def between(low: int, high: int, detail: str = "") -> Check:
    return wrong(lambda value: not low <= value <= high, detail or f"must be between {low} and {high}, inclusive")


identity = between(0, (1 << 31) - 1)  # of a user or group
mode = between(0, 0o777, "must be a number between 0 and 0777 (octal), both inclusive")
optional_port = between(0, 65535, "must be between 1 and 65535, inclusive")


def port(value: int | None, path: Path, found: Findings) -> None:
    for problem in names.port_number(value or 0):
        found.invalid(path, value or 0, problem)


def needed_port(value: int | None, path: Path, found: Findings) -> None:
    if value:
        port(value, path, found)
    else:
        found.required(path)


def port_or_name(value: int | str | None, path: Path, found: Findings) -> None:
    if isinstance(value, str):
        for problem in names.port_name(value):
            found.invalid(path, value, problem)
    else:
        port(value, path, found)


def percent(value: str) -> int | None:
    return int(value[:-1]) if value.endswith("%") and value[:-1].isdigit() else None


def count_or_percent(value: int | str | None, path: Path, found: Findings) -> None:
    if not isinstance(value, str):
        non_negative(value, path, found)
    elif percent(value) is None:
        sentence = "a valid percent string must be a numeric string followed by an ending '%'"
        found.invalid(path, value, names.regex_error(sentence, "[0-9]+%", "1%", "93%"))


at_most_all = wrong(lambda value: isinstance(value, str) and (percent(value) or 0) > 100, "must not be greater than 100%")
positive_quantity = wrong(lambda value: quantity.parse(value) <= 0, NOT_POSITIVE)


# --- lists and maps ------------------------------------------------------------------------------------------------------

def each(check: Check) -> Check:
    def of_each(values: list | None, path: Path, found: Findings) -> None:
        for index, value in enumerate(values or ()):
            check(value, (path, index), found)
    return of_each


def at_most(limit: int) -> Check:
    def check(values: list | None, path: Path, found: Findings) -> None:
        if len(values or ()) > limit:
            found.append(fields.too_many(path, len(values), limit))
    return check


def unique(key: str) -> Check:
    """No two items with the same value of this field."""
    def check(items: list | None, path: Path, found: Findings) -> None:
        not_twice(((((path, index), key), item[key]) for index, item in enumerate(items or ()) if item.get(key)), found)
    return check
