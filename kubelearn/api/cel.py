"""CEL, the language of the rules in definitions and policies: its official implementation, with what Kubernetes adds to it.

Part of Kubernetes: apiserver pkg/cel (environment, library). Law 8: complaints in cel-go's words. The library is large, so it is
imported when the first expression is met; where it is not installed nothing is evaluated, and warnings.py says so to who writes.
Leaves out: types of an object's fields (a wrong name shows when it is evaluated), costs, authorizer, format, semver.
"""
from __future__ import annotations

import datetime
import re
from functools import lru_cache
from importlib.util import find_spec
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from . import quantity
from .quantity import FORM

ABSENT = "CEL expressions are not evaluated here: the package cel-expr-python is not installed"
EXTENSIONS = ("optional", "strings", "lists", "sets", "math", "bindings", "two-var-comprehensions")
WORDS = ((re.compile(r'^Key not found in map : "(.*)"$'), r"no such key: \1"), (re.compile("^divide by zero$"), "division by zero"),
         (re.compile("^modulus by zero$"), "modulus by zero"),
         (re.compile(r"^Index error: index=(-?\d+) size=\d+$"), r"index out of bounds: \1"),
         (re.compile("^No matching overloads found .*$"), "no such overload"))


UNDECLARED = re.compile(r"<input>:(\d+):(\d+): undeclared reference to '([\w.]+)\.\w+' (.*)\n \| (.*)\n \| \.*\^")


def _undeclared(found: re.Match) -> str:
    """cel-go complains of a name where it begins, and not of what is read from it."""
    line, column, name, rest, text = found.groups()
    begin = int(column) - len(name)
    return f"<input>:{line}:{begin}: undeclared reference to '{name.partition('.')[0]}' {rest}\n | {text}\n | {'.' * (begin - 1)}^"


class Failed(Exception):
    """An expression that cannot be compiled, or evaluated."""


@lru_cache(maxsize=1)
def available() -> bool:
    return find_spec("cel_expr_python") is not None


@lru_cache(maxsize=512)
def compile(expression: str, variables: tuple[tuple[str, str], ...]):
    """The expression over variables (name, type: int, string, dyn, list<int>, map<string, dyn>...). Failed where it is none."""
    try:
        return _environment(variables).compile(expression)
    except RuntimeError as error:
        raise Failed(UNDECLARED.sub(_undeclared, re.sub(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$", "", str(error)))) from None


def type_of(expression: str, variables: tuple[tuple[str, str], ...]) -> str:
    return compile(expression, variables).return_type().name().lower()


def evaluate(expression: str, variables: tuple[tuple[str, str], ...], values: dict[str, object]) -> object:
    found = compile(expression, variables).eval(data={name: values.get(name) for name, _ in variables})
    if found.type().name() != "ERROR":
        return found.plain_value()
    text = re.sub(r"^[A-Z_]+: ", "", str(found.plain_value()))
    for pattern, words in WORDS:
        text = pattern.sub(words, text)
    raise Failed(text)


@lru_cache(maxsize=64)
def _environment(variables: tuple[tuple[str, str], ...]):
    from cel_expr_python import cel
    config = cel.NewEnvConfigFromYaml("name: kubernetes\nextensions: [" + ", ".join(f"{{name: {name}}}" for name in EXTENSIONS) + "]")
    return cel.NewEnv(config=config, variables={name: cel.Type(kind) for name, kind in variables}, functions=_functions(cel))


# --- schemas: the types of values -----------------------------------------------------------------------------------

SCALARS = {"string": "string", "integer": "int", "number": "double", "boolean": "bool"}
FORMATS = {"date-time": "timestamp", "date": "timestamp", "duration": "duration"}
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def signature(source: dict) -> str:
    """The type of what a schema describes; an object's fields are not told."""
    if source.get("x-kubernetes-int-or-string") or source.get("nullable"):
        return "dyn"
    if source.get("type") == "array" and isinstance(source.get("items"), dict):
        return f"list<{signature(source['items'])}>"
    if source.get("type") == "object" and isinstance(source.get("additionalProperties"), dict):
        return f"map<string, {signature(source['additionalProperties'])}>"
    return FORMATS.get(source.get("format", ""), SCALARS.get(source.get("type", ""), "dyn"))


def converted(source: dict, value: object) -> object:
    """A JSON value as one of its schema's type."""
    kind = signature(source)
    if isinstance(value, list):
        return [converted(source.get("items") or {}, item) for item in value]
    if isinstance(value, dict):
        known, more = source.get("properties") or {}, source.get("additionalProperties")
        more = more if isinstance(more, dict) else {}
        return {key: item if key in known and signature(known[key]) in ("timestamp", "duration") else
                converted(known.get(key) or more, item) for key, item in value.items()}
    if kind == "timestamp":
        return datetime.datetime.fromisoformat(str(value)).astimezone(datetime.timezone.utc).replace(tzinfo=None)
    if kind == "duration":
        return datetime.timedelta(seconds=sum(float(number) * UNITS[unit] for number, unit in
                                              re.findall(r"([0-9.]+)(ms|us|µs|ns|h|m|s)", str(value))))
    return float(value) if kind == "double" and not isinstance(value, bool) else value


# --- what Kubernetes adds ---------------------------------------------------------------------------------------------

class Function(NamedTuple):
    does: object
    parameters: tuple[str, ...]
    result: str
    member: bool = True


BOX = "map<string, string>"  # what stands for a quantity or a URL


def _amount(text: str) -> dict:
    if not FORM.fullmatch(text):
        raise ValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    return {"quantity": text}


def _compared(one: dict, other: dict) -> int:
    return quantity.compare(one["quantity"], other["quantity"])


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme and parts.netloc or text.startswith("/"))


def _part(read) -> object:
    return lambda box: read(urlsplit(box["url"]))


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


TEXT = ("string",)
LIBRARY: dict[str, tuple[Function, ...]] = {
    "quantity": (Function(_amount, TEXT, BOX, False),),
    "isQuantity": (Function(lambda text: bool(FORM.fullmatch(text)), TEXT, "bool", False),),
    "isLessThan": (Function(lambda one, other: _compared(one, other) < 0, (BOX, BOX), "bool"),),
    "isGreaterThan": (Function(lambda one, other: _compared(one, other) > 0, (BOX, BOX), "bool"),),
    "compareTo": (Function(_compared, (BOX, BOX), "int"),),
    "url": (Function(lambda text: {"url": text}, TEXT, BOX, False),),
    "isURL": (Function(_is_url, TEXT, "bool", False),),
    "getScheme": (Function(_part(lambda parts: parts.scheme), (BOX,), "string"),),
    "getHost": (Function(_part(_host), (BOX,), "string"),),
    "getHostname": (Function(_part(lambda parts: parts.hostname or ""), (BOX,), "string"),),
    "getPort": (Function(_part(lambda parts: str(parts.port or "")), (BOX,), "string"),),
    "getEscapedPath": (Function(_part(lambda parts: parts.path), (BOX,), "string"),),
    "find": (Function(lambda text, form: (re.search(form, text) or [""])[0], ("string", "string"), "string"),),
    "findAll": (Function(lambda text, form: [found[0] for found in re.finditer(form, text)], ("string", "string"), "list<string>"),),
    "isSorted": (Function(lambda items: items == sorted(items), ("list<dyn>",), "bool"),),
    "sum": (Function(sum, ("list<dyn>",), "dyn"),),
    "min": (Function(min, ("list<dyn>",), "dyn"),),
    "max": (Function(max, ("list<dyn>",), "dyn"),),
}


def _functions(cel) -> list:
    return [cel.FunctionDecl(name, [
        cel.Overload(f"{name}_{number}", return_type=cel.Type(each.result), parameters=[cel.Type(kind) for kind in each.parameters],
                     is_member=each.member, impl=each.does) for number, each in enumerate(overloads)])
        for name, overloads in LIBRARY.items()]
