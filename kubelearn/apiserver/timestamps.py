"""Timestamps: the HTTP edge moves them so that virtual now is the client's now, in both directions.

Part of Kubernetes: none; a real server and its clients share one time. Law 4: this and the real-time clock alone know
real time. Which fields are times is read off the schemas, so that a user's text that looks like one is left alone.
JSON is made once for each stored object with its times as holes; a client's shift fills them.
"""
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from math import ceil
from secrets import token_hex

from kubelearn.api import schema
from kubelearn.api.resources import Resource
from kubelearn.api.schema import Schema
from kubelearn.apiserver import codec

META = "io.k8s.apimachinery.pkg.apis.meta.v1"
MARK = token_hex(16)  # stands where a time will be; never leaves the process, so no client's text can be it
QUOTED_MARK = f'"{MARK}"'.encode()
KEPT = 4096  # objects whose JSON is remembered


class Times:
    """Where in a value there are times: in fields by name, or in each element of a list or map."""

    __slots__ = ("fields", "each")

    def __init__(self) -> None:
        self.fields: dict[str, Times] = {}
        self.each: Times | None = None


TIME, MICRO_TIME = Times(), Times()
LEAVES = {"time": TIME, "micro-time": MICRO_TIME}


def _within(part: Schema, inside: tuple[str, ...] = ()) -> Times | None:
    """The times of a schema; None where it has none. A schema that contains itself has none of its own in Kubernetes."""
    if part.type in LEAVES or part.format == "date-time":
        return LEAVES.get(part.type, TIME)
    if part.name and part.name in inside:
        return None
    inside = (*inside, part.name)
    times = Times()
    times.each = _within(part.items, inside) if part.items else None
    found = {name: _within(field, inside) for name, field in part.fields.items()}
    times.fields = {name: inner for name, inner in found.items() if inner}
    return times if times.fields or times.each else None


@lru_cache(maxsize=1024)
def of_resource(resource: Resource) -> Times:
    """The times of a resource's objects; every object has at least its metadata's."""
    times = Times()
    found = _within(resource.schema) if resource.schema else None
    times.fields = {**(found.fields if found else {}), **METADATA.fields}
    return times


def of_kind(api_version: str, kind: str, resource: Resource) -> Times:
    """The times of a body that may be of another kind than the resource: a Scale, an Eviction, a TokenRequest."""
    if (api_version, kind) == (resource.api_version, resource.kind):
        return of_resource(resource)
    found = schema.of_kind(api_version, kind)
    return found and _of_definition(found.name) or METADATA


@lru_cache(maxsize=None)
def _of_definition(name: str) -> Times | None:
    return _within(schema.of(name))


METADATA = Times()  # of an object of which only the metadata is known
METADATA.fields["metadata"] = _of_definition(f"{META}.ObjectMeta")


# --- moving -------------------------------------------------------------------------------------------------------

def move(value: object, times: Times | None, seconds: float, change: object = None) -> object:
    """value with its times moved by so many seconds; shares every part that has none."""
    if times is None or value is None:
        return value
    if times is TIME or times is MICRO_TIME:
        return (change or _moved)(value, seconds, times is MICRO_TIME) if isinstance(value, str) else value
    if isinstance(value, list) and times.each:
        return [move(inner, times.each, seconds, change) for inner in value]
    if not isinstance(value, dict):
        return value
    if times.each:
        return {key: move(inner, times.each, seconds, change) for key, inner in value.items()}
    found = {key: move(value[key], inner, seconds, change) for key, inner in times.fields.items() if key in value}
    return {**value, **found} if any(found[key] is not value[key] for key in found) else value


def inbound(value: object, times: Times | None, shift: float) -> object:
    """A body from a client whose now is `shift` seconds ahead of virtual now, brought to virtual time."""
    return move(value, times, -shift, _unmoved) if shift else value


def inbound_json_patch(patch: object, times: Times | None, shift: float) -> object:
    """A JSON patch likewise: each operation's value is at its path."""
    if not isinstance(patch, list) or not shift:
        return patch
    return [{**step, "value": inbound(step["value"], _at(times, str(step.get("path", ""))), shift)}
            if isinstance(step, dict) and "value" in step else step for step in patch]


def _at(times: Times | None, path: str) -> Times | None:
    for part in path.split("/")[1:] if path else ():
        if times is not None:
            times = times.each or times.fields.get(part.replace("~1", "/").replace("~0", "~"))
    return times


@lru_cache(maxsize=8192)
def _moved(text: str, seconds: float, micro: bool = False) -> str:
    """To the client: exact, so a fraction appears where the shift has one (kubectl reads it)."""
    try:
        date = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc) + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return text
    return f"{date:%Y-%m-%dT%H:%M:%S}{f'.{date.microsecond:06d}' if micro or date.microsecond else ''}Z"


def _unmoved(text: str, seconds: float, micro: bool) -> str:
    """From the client: a metav1.Time is whole seconds, and the client may have cut the fraction off that it was shown."""
    moved = _moved(text, seconds, True)
    if micro or moved == text:
        return moved
    date = datetime.fromisoformat(moved.replace("Z", "+00:00"))
    up = ceil(date.microsecond / 1e6 - 0.0005)  # a shift is whole milliseconds
    return f"{date.replace(microsecond=0) + timedelta(seconds=up):%Y-%m-%dT%H:%M:%S}Z"


# --- JSON with holes ----------------------------------------------------------------------------------------------

class Hole:
    """A time on its way into JSON. whole: nobody reckons with it, it is only read, so it needs no fraction."""

    __slots__ = ("text", "micro", "whole")

    def __init__(self, text: str, _: float = 0, micro: bool = False, whole: bool = False):
        self.text, self.micro, self.whole = text, micro, whole

    def at(self, shift: float) -> bytes:
        return (_moved(self.text, shift // 1 if self.whole else shift, self.micro) if shift else self.text).encode()


class Template:
    """JSON in pieces, a time between each two of them."""

    __slots__ = ("pieces", "times")

    def __init__(self, pieces: list[bytes], times: list[Hole]):
        self.pieces, self.times = pieces, times

    def render(self, shift: float) -> bytes:
        parts = [self.pieces[0]]
        for hole, piece in zip(self.times, self.pieces[1:], strict=True):
            parts += (b'"', hole.at(shift), b'"', piece)
        return b"".join(parts)


def template(value: object, times: Times | None) -> Template:
    """The JSON of a value whose times (and any Hole already in it) are left open."""
    holes: list[Hole] = []

    def leave_open(hole: Hole) -> str:
        holes.append(hole)
        return MARK
    text = codec.encode(move(value, times, 0, Hole), leave_open)
    return Template(text.split(QUOTED_MARK), holes)


class Templates:
    """The JSON of stored objects, made once and shared by all who are told of them (they are never modified)."""

    def __init__(self, kept: int = KEPT):
        self._kept, self._known = kept, {}

    def of(self, obj: dict, times: Times, form: str = "", make: object = None) -> Template:
        """form names what make(obj) turns the object into before it is encoded; '' is the object itself."""
        key = (id(obj), form)
        known = self._known.get(key)
        if known is not None and known[0] is obj:
            return known[1]
        if len(self._known) >= self._kept:
            for old in list(self._known)[:self._kept // 4]:
                del self._known[old]
        made = template(make(obj) if make else obj, times)
        self._known[key] = (obj, made)
        return made
