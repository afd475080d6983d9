"""Decoding single values: their types, and the one form in which each is stored.

Part of Kubernetes: the types' own UnmarshalJSON (Quantity, IntOrString, Time, base64 bytes).
"""
from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import ApiError
from . import quantity
from .mismatch import Mismatch, Undecodable, WrongType

if TYPE_CHECKING:
    from .schema import Schema

PLAIN = {"string": str, "boolean": bool}
TYPES = {"string": (str,), "boolean": (bool,), "number": (int, float), "int-or-string": (int, str)}
INTEGERS = {"int32": 1 << 31, "int64": 1 << 63}


def _typed(value: object, schema: Schema, path: tuple | None) -> object:
    if type(value) not in TYPES[schema.type]:
        raise Mismatch(value, schema, path, "int32" if schema.type == "int-or-string" else "")
    return value


def _integer(value: object, schema: Schema, path: tuple | None) -> object:
    limit = INTEGERS[schema.format or "int32"]
    if type(value) is not int or not -limit <= value < limit:
        raise Mismatch(value, schema, path)
    return value


def _quantity(value: object, schema: Schema, path: tuple | None) -> object:
    try:
        text = quantity.canonical(value.strip() if type(value) is str else str(value))
    except ApiError as error:
        raise WrongType(error.message) from None
    return value if text == value else text


def _bytes(value: object, schema: Schema, path: tuple | None) -> object:
    """Base64, in its one canonical form."""
    if type(value) is not str:
        raise Mismatch(value, schema, path)
    plain = re.sub(r"[\r\n]", "", value)
    try:
        text = base64.b64encode(base64.b64decode(plain, validate=True)).decode()
    except (binascii.Error, ValueError):
        raise Undecodable(f"illegal base64 data at input byte {_illegal_byte(plain)}") from None
    return value if text == value else text


def _illegal_byte(text: str) -> int:
    """Where Go's decoder gives up."""
    body = re.match(r"(?:[A-Za-z0-9+/]{4})*", text).end()
    rest = text[body:]
    return body + (re.match(r"[A-Za-z0-9+/]*", rest).end() if not re.fullmatch(r"[A-Za-z0-9+/]*", rest) else 0)


TIME_FORM = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
TIME_PARTS = ((r"\d{4}", "2006"), ("-", "-"), (r"\d\d", "01"), ("-", "-"), (r"\d\d", "02"), ("T", "T"), (r"\d\d", "15"), (":", ":"),
              (r"\d\d", "04"), (":", ":"), (r"\d\d(?:\.\d+)?", "05"), (r"Z|[+-]\d\d:\d\d", "Z07:00"))


def _time(value: object, schema: Schema, path: tuple | None) -> object:
    if type(value) is not str:
        raise Mismatch(value, schema, path, "string")
    text = _canonical_time(value, schema.type == "micro-time")
    return value if text == value else text


@lru_cache(maxsize=4096)
def _canonical_time(text: str, micro: bool) -> str:
    """In UTC; to the second, or with six decimals."""
    rest, layout = text, "2006-01-02T15:04:05.000000Z07:00" if micro else "2006-01-02T15:04:05Z07:00"
    for pattern, part in TIME_PARTS:
        match = re.match(pattern, rest)
        if match is None:
            raise WrongType(f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{part}"')
        rest = rest[match.end():]
    if rest:
        raise WrongType(f'parsing time "{text}": extra text: "{rest}"')
    try:
        moment = datetime.fromisoformat(text).astimezone(timezone.utc)
    except ValueError as error:
        raise WrongType(f'parsing time "{text}": {str(error).split(" must be")[0]} out of range') from None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")


CHECKS = {**dict.fromkeys(TYPES, _typed), "integer": _integer, "quantity": _quantity, "time": _time, "micro-time": _time}


def check_of(schema: Schema):
    """(value, schema, path) -> the value in its stored form; raises WrongType."""
    return _bytes if schema.format == "byte" else CHECKS[schema.type]
