"""Decoding: from what a client sent to the object in the form in which it is stored.

Part of Kubernetes: sigs.k8s.io/json and the types' own UnmarshalJSON. Checks types with Go's wording, finds unknown fields,
drops them and nulls, and makes quantities and times canonical. A path is a chain (parent, step), written out only for an error.
Leaves out: the Go names of most string types (an error says `string` where upstream says `v1.PullPolicy`).
"""
from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import ApiError
from . import quantity
from .memo import MISSING, IdentityMemo

if TYPE_CHECKING:
    from .schema import Schema

Walk = Callable[[object, object, tuple | None, list], object]
SHARED = ("core.v1.PodSpec",)  # many objects are made from one of these
JSON_NAMES = {str: "string", bool: "bool", int: "number", float: "number", dict: "object", list: "array", type(None): "null"}
PLAIN = {"string": str, "boolean": bool}
INTEGERS = {"int32": 1 << 31, "int64": 1 << 63}
DROP = object()


class Key(str):
    """A step of a path that is a key of a map, which Go's errors leave out."""


class Inlined(str):
    """A step of a path through an embedded struct, which only Go's errors name."""


REFERENCE = ("LocalObjectReference", ("name",))
EMBEDDED = {  # definition -> the struct that it embeds, and which fields are that struct's
    "core.v1.Probe": ("ProbeHandler", ("exec", "httpGet", "tcpSocket", "grpc")),
    "core.v1.Volume": ("VolumeSource", ("emptyDir", "hostPath", "secret", "configMap", "projected", "persistentVolumeClaim", "downwardAPI",
                                        "gitRepo", "nfs", "csi", "ephemeral", "image", "iscsi")),
    "core.v1.PersistentVolumeSpec": ("PersistentVolumeSource", ("hostPath", "nfs", "csi", "local", "iscsi")),
    "core.v1.EphemeralContainer": ("EphemeralContainerCommon", ("name", "image", "command", "args", "env", "envFrom", "volumeMounts",
                                                                "workingDir", "resources", "securityContext", "stdin", "tty")),
    "networking.v1.IngressRule": ("IngressRuleValue", ("http",)),
} | {f"core.v1.{name}": REFERENCE for name in ("ConfigMapKeySelector", "SecretKeySelector", "ConfigMapVolumeSource", "ConfigMapProjection",
                                               "SecretProjection", "ConfigMapEnvSource", "SecretEnvSource")}
GO_NAMES = {(f"core.v1.{struct}", field): f"v1.{name}" for struct, field, name in (
    ("PodSpec", "restartPolicy", "RestartPolicy"), ("PodSpec", "dnsPolicy", "DNSPolicy"), ("Container", "imagePullPolicy", "PullPolicy"),
    ("Container", "terminationMessagePolicy", "TerminationMessagePolicy"), ("Toleration", "operator", "TolerationOperator"),
    ("Toleration", "effect", "TaintEffect"), ("Taint", "effect", "TaintEffect"), ("ServiceSpec", "type", "ServiceType"),
    ("ServiceSpec", "sessionAffinity", "ServiceAffinity"), ("ContainerPort", "protocol", "Protocol"),
    ("ServicePort", "protocol", "Protocol"), ("HTTPGetAction", "scheme", "URIScheme"), ("Secret", "type", "SecretType"))} | {
    ("apps.v1.DeploymentStrategy", "type"): "v1.DeploymentStrategyType"}


class WrongType(Exception):
    """What is wrong, in Go's words."""

    @property
    def converted(self) -> str:
        return str(self)


class Mismatch(WrongType):
    """A JSON value of one type where another is wanted; owner is the innermost struct around it."""

    def __init__(self, item: object, schema: Schema, path: tuple | None, wanted: str = ""):
        super().__init__()
        self.item, self.schema, self.path, self.wanted, self.owner = item, schema, path, wanted, None

    def __str__(self) -> str:
        field = next((step for step in reversed(steps_of(self.path)) if isinstance(step, str)), "")
        known = GO_NAMES.get((self.owner.short, field)) if self.owner else None
        wanted, found = self.wanted or known or go_type(self.schema), JSON_NAMES[type(self.item)]
        if found == "number" and wanted.startswith("int"):
            found = f"number {self.item}"
        if self.owner is None or self.path is None:
            return f"json: cannot unmarshal {found} into Go value of type {wanted}"
        where = ".".join(step for step in steps_of(self.path) if type(step) in (str, Inlined))
        struct = self.owner.short.rpartition(".")[2]
        return f"json: cannot unmarshal {found} into Go struct field {struct}.{where} of type {wanted}"


    @property
    def converted(self) -> str:
        """The words of apimachinery's converter, through which a strategic patch's result goes."""
        kinds = {str: "string", bool: "bool", int: "int64", float: "float64", dict: "map", list: "slice", type(None): "nil"}
        found, wanted = kinds[type(self.item)], self.wanted or go_type(self.schema)
        if self.schema.type in ("list", "map"):
            return f"cannot restore {'slice' if self.schema.type == 'list' else 'map'} from {found}"
        if self.schema.type == "object":
            return f"cannot restore struct from: {found}"
        return f"unrecognized type: {wanted}" if found == "string" else f"cannot convert {found} to {wanted}"


def steps_of(path: tuple | None) -> list:
    steps = []
    while path is not None:
        path, step = path
        steps.append(step)
    return steps[::-1]


def text_of(path: tuple | None) -> str:
    """'spec.containers[0].name'"""
    steps = (step for step in steps_of(path) if type(step) is not Inlined)
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def go_type(schema: Schema) -> str:
    """The type as Go prints it."""
    match schema.type:
        case "list":
            return f"[]{go_type(schema.items)}"
        case "map":
            return f"map[string]{go_type(schema.items)}"
        case "integer":
            return schema.format or "int32"
        case "string":
            return "[]uint8" if schema.format == "byte" else "string"
        case "boolean":
            return "bool"
        case "number":
            return "float64"
    return ".".join(schema.name.split(".")[-2:])


def compile(schema: Schema) -> Walk:
    """(new, old, path, complaints) -> new in its stored form; raises WrongType."""
    walk = COMPILERS.get(schema.type, _scalar)(schema)
    return _remembering(walk) if schema.short in SHARED else walk


def _remembering(walk: Walk) -> Walk:
    memo = IdentityMemo()

    def remember(value: object, old: object, path: tuple | None, complaints: list) -> object:
        known = memo.get(value)
        if known is not MISSING:
            return known
        count = len(complaints)
        new = walk(value, old, path, complaints)
        if len(complaints) == count:
            memo.put(value, new)
            memo.put(new, new)
        return new
    return remember


def _object(schema: Schema) -> Walk:
    fields, steps = schema.fields, {}
    embedded, inside = EMBEDDED.get(schema.short, ("", ()))
    embedded = Inlined(embedded)
    omitted = {key for key, field in fields.items() if field.type == "map" and key not in schema.required}  # when empty
    plain = {key: PLAIN[field.type] for key, field in fields.items() if field.type in PLAIN and field.format != "byte"}

    def step_into(key: str, item: object, old: object, path: tuple | None, complaints: list) -> object:
        step = steps.get(key)
        if step is None:
            if key not in fields:
                complaints.append(f'unknown field "{text_of((path, key))}"')
                return DROP
            step = steps[key] = fields[key].decoder
        if item is None or (not item and key in omitted):
            return DROP
        here = (path, embedded) if key in inside else path
        return step(item, old.get(key) if type(old) is dict else None, (here, key), complaints)

    def walk(value: object, old: object, path: tuple | None, complaints: list) -> object:
        if value is old:
            return value
        if type(value) is not dict:
            raise Mismatch(value, schema, path)
        changed = None
        try:
            for key, item in value.items():
                if plain.get(key) is type(item):
                    continue
                new = step_into(key, item, old, path, complaints)
                if new is not item:
                    changed = _changed(value, changed, key, new)
        except Mismatch as error:
            error.owner = error.owner or schema
            raise
        return value if changed is None else changed
    return walk


def _changed(value: dict, changed: dict | None, key: str, new: object) -> dict:
    changed = dict(value) if changed is None else changed
    if new is DROP:
        del changed[key]
    else:
        changed[key] = new
    return changed


def _map(schema: Schema) -> Walk:
    plain = PLAIN.get(schema.items.type) if schema.items.format != "byte" else None

    def walk(value: object, old: object, path: tuple | None, complaints: list) -> object:
        if value is old:
            return value
        if type(value) is not dict:
            raise Mismatch(value, schema, path)
        changed, step, before = None, schema.items.decoder, old if type(old) is dict else {}
        for key, item in value.items():
            if type(item) is plain:
                continue
            new = step(item, before.get(key), (path, Key(key)), complaints) if item is not None else _zero(schema.items)
            if new is not item:
                changed = _changed(value, changed, key, new)
        return value if changed is None else changed
    return walk


def _zero(schema: Schema) -> object:
    """What Go makes of a null inside a list or map."""
    return {"string": "", "boolean": False, "integer": 0, "number": 0, "list": [], "quantity": "0", "int-or-string": 0}.get(schema.type, {})


def _list(schema: Schema) -> Walk:
    plain = PLAIN.get(schema.items.type) if schema.items.format != "byte" else None

    def walk(value: object, old: object, path: tuple | None, complaints: list) -> object:
        if value is old:
            return value
        if type(value) is not list:
            raise Mismatch(value, schema, path)
        changed, step = None, schema.items.decoder
        before = old if type(old) is list else ()
        for index, item in enumerate(value):
            if type(item) is plain:
                continue
            known = before[index] if index < len(before) else None
            new = step(item, known, (path, index), complaints) if item is not None else _zero(schema.items)
            if new is not item:
                changed = list(value) if changed is None else changed
                changed[index] = new
        return value if changed is None else changed
    return walk


def _any(schema: Schema) -> Walk:
    return lambda value, old, path, complaints: value


def _scalar(schema: Schema) -> Walk:
    check = BYTES if schema.format == "byte" else SCALAR_CHECKS[schema.type]
    return lambda value, old, path, complaints: value if value is old else check(value, schema, path)


COMPILERS = {"object": _object, "map": _map, "list": _list, "any": _any}


# --- scalars ---------------------------------------------------------------------------------------------------------

def _plain(value: object, schema: Schema, path: tuple | None) -> object:
    if type(value) is not PLAIN[schema.type]:
        raise Mismatch(value, schema, path)
    return value


def _integer(value: object, schema: Schema, path: tuple | None) -> object:
    limit = INTEGERS[schema.format or "int32"]
    if type(value) is not int or not -limit <= value < limit:
        raise Mismatch(value, schema, path)
    return value


def _number(value: object, schema: Schema, path: tuple | None) -> object:
    if type(value) not in (int, float):
        raise Mismatch(value, schema, path)
    return value


def _quantity(value: object, schema: Schema, path: tuple | None) -> object:
    try:
        text = quantity.canonical(value.strip() if type(value) is str else str(value))
    except ApiError as error:
        raise WrongType(error.message) from None
    return value if text == value else text


def _int_or_string(value: object, schema: Schema, path: tuple | None) -> object:
    if type(value) not in (int, str):
        raise Mismatch(value, schema, path, "int32")
    return value


def BYTES(value: object, schema: Schema, path: tuple | None) -> object:
    """Base64, in its one canonical form."""
    if type(value) is not str:
        raise Mismatch(value, schema, path)
    plain = re.sub(r"[\r\n]", "", value)
    try:
        text = base64.b64encode(base64.b64decode(plain, validate=True)).decode()
    except (binascii.Error, ValueError):
        raise WrongType(f"illegal base64 data at input byte {_illegal_byte(plain)}") from None
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


SCALAR_CHECKS = {"string": _plain, "boolean": _plain, "integer": _integer, "number": _number, "quantity": _quantity,
                 "int-or-string": _int_or_string, "time": _time, "micro-time": _time}
