"""The rules that a definition's schema brings: x-kubernetes-validations, at every level, also between an object and what it was.

Part of Kubernetes: apiextensions-apiserver pkg/apiserver/schema/cel. Law 8: its wording and order. A rule that speaks of oldSelf is
asked only where there is an old value; any other one not of what an update leaves as it is.
Leaves out: the cost of rules; what cel.py leaves out.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import FieldError
from . import cel, fields, internal
from .fields import Path, below
from .findings import Findings
from .mismatch import Key

RULES = "x-kubernetes-validations"
OLD = re.compile(r"\boldSelf\b")
BLOCKING = ("FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany")
NOT_ASKED = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"
ROOT_METADATA = ("name", "generateName")


def has_rules(source: dict) -> bool:
    return bool(source.get(RULES)) or any(has_rules(inner) for _, inner in parts(source))


def parts(source: dict) -> Iterator[tuple[tuple, dict]]:
    """(steps to it, schema) of each schema right inside."""
    for name, inner in (source.get("properties") or {}).items():
        yield ("properties", Key(name)), inner
    for key in ("items", "additionalProperties"):
        if isinstance(source.get(key), dict):
            yield (key,), source[key]


def check(source: dict, new: dict, old: dict | None, found: Findings) -> None:
    """A whole object, after all else was checked."""
    if not cel.available():
        return
    if any(error.reason in BLOCKING or "in body must be of type" in error.text for error in found):
        found.append(FieldError("FieldValueInvalid", "<nil>", f"Invalid value: null: {NOT_ASKED}"))
        return
    _walk(source, _whole(new), _whole(old) if old else None, None, found)


def _whole(obj: dict) -> dict:
    """Of its metadata rules see the name only."""
    return {**obj, "metadata": {key: obj["metadata"][key] for key in ROOT_METADATA if key in obj.get("metadata", {})}}


def _walk(source: dict, value: object, old: object, path: Path, found: Findings) -> None:
    for rule in source.get(RULES) or ():
        if (old is not None or rule.get("optionalOldSelf")) if OLD.search(rule["rule"]) else value != old:
            _ask(source, rule, value, old, path, found)
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        for key, item in value.items():
            inner = (source.get("properties") or {}).get(key)
            more = source.get("additionalProperties")
            if inner is not None:
                _walk(inner, item, before.get(key), (path, key), found)
            elif isinstance(more, dict):
                _walk(more, item, before.get(key), (path, Key(key)), found)
    elif isinstance(value, list) and isinstance(source.get("items"), dict):
        keys = source.get("x-kubernetes-list-map-keys")
        before = {tuple(item.get(key) for key in keys): item for item in old or ()} if keys else {}
        for index, item in enumerate(value):
            _walk(source["items"], item, before.get(tuple(item.get(key) for key in keys)) if keys else None, (path, index), found)


def variables(source: dict) -> tuple[tuple[str, str], ...]:
    kind = cel.signature(source)
    return ("self", kind), ("oldSelf", kind)


def _ask(source: dict, rule: dict, value: object, old: object, path: Path, found: Findings) -> None:
    known, values = variables(source), {"self": cel.converted(source, value)}
    if old is None:
        known = known[:1]
    else:
        values["oldSelf"] = cel.converted(source, old)
    name = rule.get("message") or rule["rule"].strip()
    try:
        if cel.evaluate(rule["rule"].strip(), known, values) is True:
            return
    except cel.Failed as error:
        found.invalid(path or (None, "<nil>"), source.get("type", "object"), f"{error} evaluating rule: {name}")
        return
    found.append(_refused(rule, _text(rule, known, values), value, path))


def _text(rule: dict, known: tuple, values: dict) -> str:
    if rule.get("messageExpression"):
        try:
            text = cel.evaluate(rule["messageExpression"], known, values)
            if isinstance(text, str) and text.strip() and "\n" not in text:
                return text.strip()
        except cel.Failed:
            pass  # then the message stands
    return rule.get("message") or f"failed rule: {rule['rule'].strip()}"


def _refused(rule: dict, text: str, value: object, path: Path) -> FieldError:
    where = below(path, *re.findall(r"[\w-]+", rule.get("fieldPath", ""))) or (None, "<nil>")
    match rule.get("reason"):
        case "FieldValueForbidden":
            return fields.forbidden(where, text)
        case "FieldValueRequired":
            return fields.required(where, text)
        case "FieldValueDuplicate":
            return fields.duplicate(where, value, text)
    return fields.invalid(where, fields.OMIT if isinstance(value, (dict, list)) else value, text)


# --- the rules themselves ----------------------------------------------------------------------------------------------------------


def check_rules(source: dict, path: Path, found: Findings) -> None:
    """Of a definition: every rule can be read and says yes or no."""
    if not cel.available():
        return
    for index, rule in enumerate(source.get(RULES) or ()):
        here = below(path, RULES, index, "rule")
        shown = internal.struct("ValidationRule", rule)
        try:
            _check_fields(rule["rule"], source)
            if (kind := cel.type_of(rule["rule"], variables(source))) not in ("bool", "dyn"):
                found.invalid(here, shown, f"cel expression must evaluate to a bool, but got {kind}")
        except cel.Failed as error:
            found.invalid(here, shown, f"compilation failed: {error}")
    for steps, inner in parts(source):
        check_rules(inner, below(path, *steps), found)


def _check_fields(expression: str, source: dict) -> None:
    """The fields of self itself are known by name."""
    known = source.get("properties")
    if not known or source.get("x-kubernetes-preserve-unknown-fields"):
        return
    for found in re.finditer(r"\b(?:self|oldSelf)(\.)(\w+)\b(?!\s*\()", expression):
        if found[2] not in known and found[2] not in ("apiVersion", "kind", "metadata"):
            column = found.start(1)
            raise cel.Failed(f"ERROR: <input>:1:{column + 1}: undefined field '{found[2]}'\n | {expression}\n | {'.' * column}^")
