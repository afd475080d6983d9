"""Tables: the rows that `kubectl get` prints, made by the server.

Part of Kubernetes: apiserver pkg/registry/rest/table.go, pkg/printers/tablegenerator.go, apiextensions' tableconvertor.
Law 9: a kind's columns are compiled once into closures from the tables of columns and printers (api/data), a custom resource's from its
definition.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial

from kubelearn.api import data
from kubelearn.api.resources import Resource
from kubelearn.apiserver import admincells, codec, jsonpath, podcells
from kubelearn.apiserver import cells as plain_cells
from kubelearn.apiserver.cells import human_duration
from kubelearn.apiserver.timestamps import Hole
from kubelearn.clock import parse_time

Column = list  # name, type, format, priority
Read = Callable[[dict, float], object]  # of an object at a virtual time
OTHERS = {  # of what has no list, so that nobody could be asked for its columns
    "": [["Name", "string", "name", 0], ["Created At", "date", "", 0]],
    "Scale": [["Name", "string", "name", 0], ["Desired", "integer", "", 0], ["Available", "integer", "", 0], ["Age", "string", "", 0]]}
EMPTY = {"integer": 0, "boolean": False}
FUNCTIONS = {**vars(plain_cells), **vars(podcells), **vars(admincells)}


def definitions(resource: Resource) -> list[dict]:
    """What a Table says of its columns."""
    fields = ("name", "type", "format", "priority")
    return [{**dict(zip(fields, column, strict=True)), "description": ""} for column, _ in compiled(resource)]


def cells(resource: Resource, obj: dict, now: float) -> list:
    """One object's row at a virtual time. A Hole stands where the client's own time has to be put."""
    return [_safely(read, obj, now) for _, read in compiled(resource)]


def _safely(read: Read, obj: dict, now: float) -> object:
    try:
        return read(obj, now)
    except (KeyError, TypeError, AttributeError, ValueError):  # what is half there (a bookmark, an old object) still has a row
        return ""


@lru_cache(maxsize=512)
def compiled(resource: Resource) -> list[tuple[Column, Read]]:
    if resource.definition:
        return _custom(resource)
    key = f"{resource.api_version}/{resource.plural}"
    own = {"Name": "metadata.name", "Age": "ago metadata.creationTimestamp", **dict(data.sections("printers").get(key, ()))}
    columns = data.columns().get(key) or OTHERS.get(resource.kind, OTHERS[""])
    return [(column, _reader(own.get(column[0], ""), column[1])) for column in columns]


def _reader(cell: str, kind: str) -> Read:
    """The closure for an entry of the table of printers."""
    if kind == "date":
        return lambda obj, now: Hole(obj["metadata"]["creationTimestamp"], whole=True)
    if cell.startswith("timed "):
        timed = _function(cell.removeprefix("timed "))
        return lambda obj, now: timed(obj, partial(age, now))
    text, bar, absent = cell.partition("|")
    if cell.startswith("ago "):
        return _since(_reader(text.removeprefix("ago "), "string"), absent if bar else "<unknown>")
    if cell.endswith(")"):
        function = _function(cell)
        return lambda obj, now: function(obj)
    if cell.startswith("#"):
        items = _path(cell.removeprefix("#"), ())
        return lambda obj, now: len(items(obj, now))
    if cell.startswith("{"):
        return _words(text, absent)
    return _path(text, absent == "true" if kind == "boolean" else absent or EMPTY.get(kind, ""))


def _function(text: str) -> Callable:
    """'labels(spec.selector)' -> what labels makes of its argument; 'hosts()' -> hosts."""
    name, _, argument = text.removesuffix(")").partition("(")
    return FUNCTIONS[name](argument) if argument else FUNCTIONS[name]


def _since(read: Read, absent: str) -> Read:
    def since(obj: dict, now: float) -> str:
        text = read(obj, now)
        return age(now, text) if text else absent
    return since


def age(now: float, text: str) -> str:
    """How long ago a time was, to kubectl's precision."""
    try:
        return human_duration(now - parse_time(text))
    except ValueError:
        return "<unknown>"


def _words(text: str, absent: str) -> Read:
    """'{spec.a}/{spec.b}', where any of it is there."""
    reads = {path: _path(path, "") for path in re.findall(r"{(.*?)}", text)}

    def words(obj: dict, now: float) -> str:
        found = {path: read(obj, now) for path, read in reads.items()}
        return re.sub(r"{(.*?)}", lambda match: str(found[match[1]]), text) if any(found.values()) else absent
    return words


def _path(path: str, absent: object) -> Read:
    keys = path.split(".")

    def read(obj: dict, now: float) -> object:
        for key in keys:
            obj = obj.get(key) if isinstance(obj, dict) else None
        return absent if obj is None or obj == "" else obj
    return read if "[" not in path else _found_path(jsonpath.compile(f".{path}"), "[*]" in path, absent)


def _found_path(find: Callable, every: bool, absent: object) -> Read:
    def read(obj: dict, now: float) -> object:
        found = find(obj)
        text = ",".join(map(str, found)) if every else next(iter(found), "")
        return absent if text == "" else text
    return read


# --- custom resources ---------------------------------------------------------------------------------------------

def _custom(resource: Resource) -> list[tuple[Column, Read]]:
    version = next(v for v in resource.definition["spec"]["versions"] if v["name"] == resource.version)
    given = version.get("additionalPrinterColumns") or [{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]
    columns = [([c["name"], c["type"], c.get("format", ""), c.get("priority", 0)], _found(c["jsonPath"], c["type"])) for c in given]
    return [(["Name", "string", "name", 0], _path("metadata.name", "")), *columns]


def _found(path: str, kind: str) -> Read:
    """The first thing that a JSONPath finds, if it is of the column's type; None (an empty cell) where it is not."""
    try:
        find = jsonpath.compile(path)
    except ValueError:
        return lambda obj, now: None

    def read(obj: dict, now: float) -> object:
        value = next(iter(find(obj)), None)
        if value is None:
            return None
        return FORMS[kind](value, now) if kind in FORMS else None
    return read


def _only(*types: type) -> Callable[[object, float], object]:
    return lambda value, now: value if type(value) in types else None


FORMS: dict[str, Callable[[object, float], object]] = {
    "integer": lambda value, now: int(value) if type(value) in (int, float) else None,
    "number": _only(int, float),
    "boolean": _only(bool),
    "string": lambda value, now: value if isinstance(value, str) else codec.encode(value).decode(),
    "date": lambda value, now: age(now, value) if isinstance(value, str) else None,
}
