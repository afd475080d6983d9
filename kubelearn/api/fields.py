"""How a complaint about a field is worded.

Part of Kubernetes: apimachinery pkg/util/validation/field. A path is a chain (parent, step), written out here: a step is a
field's name, the index of an item, or a Key of a map.
"""
from __future__ import annotations

import json
from collections.abc import Iterable

from ..errors import FieldError
from .mismatch import Key, steps_of

Path = tuple | None
IMMUTABLE = "field is immutable"


def at(path: Path) -> str:
    """'spec.containers[0].name', 'data[key]'"""
    return "".join(f"[{step}]" if isinstance(step, (int, Key)) else f".{step}" for step in steps_of(path)).removeprefix(".")


def below(path: Path, *steps: str | int) -> Path:
    for step in steps:
        path = (path, step)
    return path


def path_of(*steps: str | int) -> Path:
    return below(None, *steps)


OMIT = object()  # a value that an error does not show


class GoStruct(dict):
    """An internal struct: printed with its fields in their own order."""


def shown(value: object) -> str:
    """A value as Go prints it in an error: text quoted, the rest as compact JSON with sorted keys."""
    if isinstance(value, (dict, list, str, bool)) or value is None:
        text = json.dumps(_in_order(value), separators=(",", ":"), ensure_ascii=False)
        return text if isinstance(value, str) else _escaped(text)
    return str(value)


def _escaped(text: str) -> str:
    """Go's JSON may stand in a page."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _in_order(value: object) -> object:
    """The maps inside of structs with sorted keys. A label selector is a struct, too."""
    if isinstance(value, dict) and value and value.keys() <= {"matchLabels", "matchExpressions"}:
        wanted = [{key: one.get(key) for key in ("key", "operator", "values") if one.get(key) or key != "values"}
                  for one in value.get("matchExpressions") or ()]
        return {key: part for key, part in (("matchLabels", _in_order(value.get("matchLabels"))), ("matchExpressions", wanted)) if part}
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in (value if isinstance(value, GoStruct) else sorted(value))}
    return [_in_order(item) for item in value] if isinstance(value, list) else value


def invalid(path: Path, value: object, detail: str) -> FieldError:
    text = ": ".join(part for part in ("Invalid value", "" if value is OMIT else shown(value), detail) if part)
    return FieldError("FieldValueInvalid", at(path), text)


def required(path: Path, detail: str = "") -> FieldError:
    return FieldError("FieldValueRequired", at(path), f"Required value{f': {detail}' if detail else ''}")


def forbidden(path: Path, detail: str) -> FieldError:
    return FieldError("FieldValueForbidden", at(path), f"Forbidden: {detail}")


def duplicate(path: Path, value: object, detail: str = "") -> FieldError:
    return FieldError("FieldValueDuplicate", at(path), f"Duplicate value: {shown(value)}{f': {detail}' if detail else ''}")


def not_found(path: Path, value: object) -> FieldError:
    return FieldError("FieldValueNotFound", at(path), f"Not found: {shown(value)}")


def not_supported(path: Path, value: object, supported: Iterable[str]) -> FieldError:
    """The supported values in the order in which upstream names them."""
    names = ", ".join(f'"{name}"' for name in supported)
    detail = f": supported values: {names}" if names else ""
    return FieldError("FieldValueNotSupported", at(path), f"Unsupported value: {shown(value)}{detail}")


def too_long(path: Path, limit: int) -> FieldError:
    return FieldError("FieldValueTooLong", at(path), f"Too long: may not be more than {limit} bytes")


def too_many(path: Path, count: int, limit: int) -> FieldError:
    return FieldError("FieldValueTooMany", at(path), f"Too many: {count}: must have at most {limit} items")
