"""The checks from which the tables of validation rules are made.

A check is a function (value, path, found): value is the field's (None: absent), and it appends what is wrong to found.
Part of Kubernetes: the helpers of pkg/apis/core/validation and apimachinery's api/validation, with their wording.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable

from . import fields, names, quantity
from .fields import Path
from .mismatch import Key

Check = Callable[[object, Path, list], None]
NEGATIVE, NOT_POSITIVE = "must be greater than or equal to 0", "must be greater than zero"


class Findings(list):
    """FieldErrors so far, and what the rules inside something need to know of what is around it."""

    def __init__(self) -> None:
        super().__init__()
        self.volumes: dict[str, dict] = {}  # of the pod
        self.claims: tuple[str, ...] = ()   # volumes that a StatefulSet will add to it
        self.grace: int | None = None


# --- whether it is there -------------------------------------------------------------------------------------------------

def needed(detail: str = "") -> Check:
    def check(value: object, path: Path, found: list) -> None:
        if value is None or value == "" or value == [] or value == {}:
            found.append(fields.required(path, detail))
    return check


required = needed()


def forbidden(detail: str) -> Check:
    def check(value: object, path: Path, found: list) -> None:
        if value is not None:
            found.append(fields.forbidden(path, detail))
    return check


# --- texts ---------------------------------------------------------------------------------------------------------------

def text(*complaints: Callable[[str], Iterable[str]]) -> Check:
    """A text that is there satisfies these functions of names.py."""
    def check(value: object, path: Path, found: list) -> None:
        if value:
            for function in complaints:
                for problem in function(value):
                    found.append(fields.invalid(path, value, problem))
    return check


def right(*complaints: Callable[[str], Iterable[str]]) -> Check:
    """A text that satisfies these functions even when it is empty."""
    def check(value: object, path: Path, found: list) -> None:
        for function in complaints:
            for problem in function(value or ""):
                found.append(fields.invalid(path, value or "", problem))
    return check


label, subdomain, qualified = text(names.dns_label), text(names.dns_subdomain), text(names.qualified_name)
label_key, ip_address = text(names.label_key), text(names.ip_address)


def one_of(*values: str, empty: str | None = "required") -> Check:
    """An enumeration; empty: what to say of an empty text: 'required' or None."""
    def check(value: object, path: Path, found: list) -> None:
        if value is None or value in values:
            return
        found.append(fields.required(path) if value == "" and empty else fields.not_supported(path, value, values))
    return check


def longest(limit: int) -> Check:
    def check(value: object, path: Path, found: list) -> None:
        if value and len(value) > limit:
            found.append(fields.too_long(path, limit))
    return check


def relative_path(value: str | None, path: Path, found: list) -> None:
    if value and value.startswith("/"):
        found.append(fields.invalid(path, value, "must be a relative path"))
    no_backsteps(value, path, found)


def no_backsteps(value: str | None, path: Path, found: list) -> None:
    if value and ".." in value.split("/"):
        found.append(fields.invalid(path, value, "must not contain '..'"))


def inner_path(value: str | None, path: Path, found: list) -> None:
    """A file's place inside a volume."""
    required(value, path, found)
    relative_path(value, path, found)
    if value and value.startswith("..") and ".." not in value.split("/"):
        found.append(fields.invalid(path, value, "must not start with '..'"))


# --- numbers -------------------------------------------------------------------------------------------------------------

def non_negative(value: int | None, path: Path, found: list) -> None:
    if value is not None and value < 0:
        found.append(fields.invalid(path, value, NEGATIVE))


def positive(value: int | None, path: Path, found: list) -> None:
    if value is not None and value <= 0:
        found.append(fields.invalid(path, value, NOT_POSITIVE))


def between(low: int, high: int, detail: str = "") -> Check:
    def check(value: int | None, path: Path, found: list) -> None:
        if value is not None and not low <= value <= high:
            found.append(fields.invalid(path, value, detail or f"must be between {low} and {high}, inclusive"))
    return check


identity = between(0, (1 << 31) - 1)  # of a user or group
mode = between(0, 0o777, "must be a number between 0 and 0777 (octal), both inclusive")


def port(value: int | None, path: Path, found: list) -> None:
    for problem in names.port_number(value or 0):
        found.append(fields.invalid(path, value or 0, problem))


def optional_port(value: int | None, path: Path, found: list) -> None:
    if value:
        port(value, path, found)


def port_or_name(value: int | str | None, path: Path, found: list) -> None:
    if isinstance(value, str):
        for problem in names.port_name(value):
            found.append(fields.invalid(path, value, problem))
    else:
        port(value, path, found)


def percent(value: str) -> int | None:
    return int(value[:-1]) if value.endswith("%") and value[:-1].isdigit() else None


def count_or_percent(value: int | str | None, path: Path, found: list) -> None:
    if isinstance(value, str):
        if percent(value) is None:
            sentence = "a valid percent string must be a numeric string followed by an ending '%'"
            found.append(fields.invalid(path, value, names.regex_error(sentence, "[0-9]+%", "1%", "93%")))
    else:
        non_negative(value, path, found)


def at_most_all(value: int | str | None, path: Path, found: list) -> None:
    if isinstance(value, str) and (percent(value) or 0) > 100:
        found.append(fields.invalid(path, value, "must not be greater than 100%"))


def not_negative_quantity(value: str | None, path: Path, found: list) -> None:
    if value is not None and quantity.parse(value) < 0:
        found.append(fields.invalid(path, value, NEGATIVE))


def positive_quantity(value: str | None, path: Path, found: list) -> None:
    if value is not None and quantity.parse(value) <= 0:
        found.append(fields.invalid(path, value, NOT_POSITIVE))


# --- lists and maps ------------------------------------------------------------------------------------------------------

def each(*checks: Check) -> Check:
    def check(values: list | None, path: Path, found: list) -> None:
        for index, value in enumerate(values or ()):
            for one in checks:
                one(value, (path, index), found)
    return check


def unique(key: str) -> Check:
    """No two items with the same value of this field."""
    def check(items: list | None, path: Path, found: list) -> None:
        seen = set()
        for index, item in enumerate(items or ()):
            value = item.get(key)
            if value and value in seen:
                found.append(fields.duplicate(((path, index), key), value))
            seen.add(value)
    return check


def unique_values(values: list | None, path: Path, found: list) -> None:
    seen = set()
    for index, value in enumerate(values or ()):
        if value in seen:
            found.append(fields.duplicate((path, index), value))
        seen.add(value)


def keys(*complaints: Callable[[str], Iterable[str]]) -> Check:
    """data[key] is named in the complaint about a key."""
    def check(values: dict | None, path: Path, found: list) -> None:
        for key in values or ():
            for function in complaints:
                for problem in function(key):
                    found.append(fields.invalid((path, Key(key)), key, problem))
    return check


def labels(values: dict | None, path: Path, found: list) -> None:
    """Upstream: apimachinery ValidateLabels."""
    for key, value in sorted((values or {}).items()):
        for problem in names.label_key(key):
            found.append(fields.invalid(path, key, problem))
        for problem in names.label_value(value):
            found.append(fields.invalid(path, value, problem))


def annotations(values: dict | None, path: Path, found: list) -> None:
    for key in sorted(values or ()):
        for problem in names.qualified_name(key.lower()):
            found.append(fields.invalid(path, key, problem))
    if values and sum(len(key) + len(value) for key, value in values.items()) > 256 * 1024:
        found.append(fields.too_long(path, 256 * 1024))


SELECTOR_VALUES = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}


def label_selector(selector: dict | None, path: Path, found: list) -> None:
    """Upstream: apimachinery ValidateLabelSelector."""
    if selector is None:
        return
    labels(selector.get("matchLabels"), (path, "matchLabels"), found)
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        here = ((path, "matchExpressions"), index)
        values, operator = expression.get("values") or [], expression.get("operator", "")
        if operator not in SELECTOR_VALUES:
            found.append(fields.invalid((here, "operator"), operator, "not a valid selector operator"))
        elif SELECTOR_VALUES[operator] and not values:
            found.append(fields.required((here, "values"), "must be specified when `operator` is 'In' or 'NotIn'"))
        elif not SELECTOR_VALUES[operator] and values:
            found.append(fields.forbidden((here, "values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
        for problem in names.label_key(expression.get("key", "")):
            found.append(fields.invalid((here, "key"), expression.get("key", ""), problem))
        for place, value in enumerate(values):
            for problem in names.label_value(value):
                found.append(fields.invalid(((here, "values"), place), value, problem))
