"""Protobuf bodies: what kubectl's typed commands send, decoded to the same dicts that JSON gives.

Part of Kubernetes: apimachinery pkg/runtime/serializer/protobuf and the generated.pb.go of each API group. Law 9: field
numbers are data; one small reader serves every message.
Leaves out: encoding (answers are JSON, which every client accepts) and the JSON-schema messages of CustomResourceDefinitions.
"""
from __future__ import annotations

import json
import struct
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timezone
from functools import lru_cache
from typing import NamedTuple

from kubelearn import errors
from kubelearn.api import data

MAGIC = b"k8s\0"  # a body begins with it; a runtime.Unknown follows
META = "k8s.io.apimachinery.pkg.apis.meta.v1"
UNKNOWN = "k8s.io.apimachinery.pkg.runtime.Unknown"
EXTENSIONS = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions"


def decode(body: bytes) -> dict:
    """A whole body, envelope included; ApiError 400 for anything that is not one."""
    if not body.startswith(MAGIC):
        raise errors.bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        envelope = _message(UNKNOWN)(body, len(MAGIC), len(body))
        kind = envelope.get("typeMeta", {})
        api_version, name = kind.get("apiVersion", ""), kind.get("kind", "")
        raw = envelope.get("raw", b"")
        return {"apiVersion": api_version, "kind": name, **_message(_message_name(api_version, name))(raw, 0, len(raw))}
    except (IndexError, struct.error, ValueError, OverflowError, OSError, RecursionError) as error:
        raise errors.bad_request(f"unable to decode the protobuf body: {error}") from None


def _message_name(api_version: str, kind: str) -> str:
    group, _, version = api_version.rpartition("/")
    package = EXTENSIONS if group == "apiextensions.k8s.io" else f"k8s.io.api.{group.partition('.')[0] or 'core'}"
    for name in (f"{package}.{version}.{kind}", f"{META}.{kind}"):  # options have the group of what they are about
        if name in data.protobuf():
            return name
    raise errors.bad_request(f'no kind "{kind}" is registered for version "{api_version}" in scheme')


class Field(NamedTuple):
    """One numbered field of a message. flags: * repeated, m a map, i embedded in Go (its fields are the message's own), 0 a pointer in Go
    (zero is a value and not an absence), l a list by another name."""

    name: str
    read: Callable  # raw value off the wire -> what JSON has
    wire: type  # of the raw value
    flags: str = ""


@lru_cache(maxsize=None)
def _message(name: str) -> Callable[[bytes, int, int], dict]:
    """A reader of one message, made when first met."""
    fields = {int(number): _field(name.rpartition(".")[0], *entry) for number, entry in data.protobuf()[name].items()}

    def read(body: bytes, at: int, end: int) -> dict:
        result: dict = {}
        while at < end:
            number, value, at = _wire(body, at, end)
            field = fields.get(number)
            if field is not None:
                _store(result, field, value)
        return result
    return read


def _store(result: dict, field: Field, raw: object) -> None:
    if type(raw) is not field.wire:
        raise ValueError(f"proto: wrong wireType for field {field.name}")
    value = field.read(raw)
    if "*" in field.flags:
        result.setdefault(field.name, []).append(value)
    elif "i" in field.flags:
        result.update(value)
    elif "m" in field.flags:
        result.setdefault(field.name, {}).update(value)
    elif value is not None and ("0" in field.flags or value not in ("", 0)):
        result[field.name] = value


def _wire(body: bytes, at: int, end: int) -> tuple[int, object, int]:
    """One field off the wire: its number, its raw value (bytes or a number), where the next begins."""
    key, at = _varint(body, at)
    number, wire = key >> 3, key & 7
    if wire == 0:
        value, at = _varint(body, at)
        return number, value, at
    if wire == 1:
        return number, struct.unpack_from("<d", body, at)[0], at + 8
    if wire == 5:
        return number, struct.unpack_from("<f", body, at)[0], at + 4
    if wire != 2:
        raise ValueError(f"proto: illegal wireType {wire}")
    length, at = _varint(body, at)
    if at + length > end:
        raise ValueError("unexpected EOF")
    return number, body[at:at + length], at + length


def _varint(body: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = body[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7
        if shift > 63:
            raise ValueError("proto: integer overflow")


def _field(package: str, name: str, kind: str, flags: str = "") -> Field:
    read = _reader(kind if "." in kind else f"{package}.{kind}", kind)
    if "l" in flags:
        items = read
        read = lambda raw: items(raw).get("items", [])
    return Field(name, _entry(read), bytes, flags) if "m" in flags else Field(name, read, WIRE.get(kind, bytes), flags)


def _reader(message: str, kind: str) -> Callable:
    if kind in SCALARS:
        return SCALARS[kind]
    special = SPECIAL.get(message, lambda parts: parts)
    return lambda raw: special(_message(message)(raw, 0, len(raw)))  # looked up when read: messages may contain themselves


def _entry(read_value: Callable) -> Callable:
    """A map comes as a message {1: key, 2: value} for each of its entries."""
    def read(raw: bytes) -> dict:
        key, value, at = "", b"", 0
        while at < len(raw):
            number, part, at = _wire(raw, at, len(raw))
            if type(part) is not bytes:
                raise ValueError("proto: wrong wireType for a map")
            key, value = (part.decode(), value) if number == 1 else (key, part)
        return {key: read_value(value)}
    return read


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _time(parts: dict) -> str | None:
    """A zero time is Go's way to say none."""
    return datetime.fromtimestamp(parts.get("seconds", 0), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if parts else None


def _micro_time(parts: dict) -> str | None:
    if not parts:
        return None
    date = datetime.fromtimestamp(parts.get("seconds", 0), timezone.utc)
    return f"{date:%Y-%m-%dT%H:%M:%S}.{parts.get('nanos', 0) // 1000:06d}Z"


def _raw_json(parts: dict) -> object:
    return json.loads(next(iter(parts.values()), b"null") or b"null")


SCALARS: dict[str, Callable] = {
    "string": bytes.decode, "bool": bool, "int32": _signed, "int64": _signed, "double": float,
    "bytes": lambda raw: b64encode(raw).decode(), "raw": bytes,  # raw: an encoded object, and not data of the user's
}
WIRE = {"bool": int, "int32": int, "int64": int, "double": float}
SPECIAL: dict[str, Callable] = {
    f"{META}.Time": _time,
    f"{META}.MicroTime": _micro_time,
    **dict.fromkeys(("k8s.io.apimachinery.pkg.runtime.RawExtension", f"{META}.FieldsV1", f"{EXTENSIONS}.v1.JSON"), _raw_json),
    "k8s.io.apimachinery.pkg.api.resource.Quantity": lambda parts: parts.get("string", "0"),
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString":
        lambda parts: parts.get("strVal", "") if parts.get("type") else parts.get("intVal", 0),
}
