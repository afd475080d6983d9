"""The tables: what a Kubernetes v1.37 server says of itself, read when first asked for.

Part of Kubernetes: its OpenAPI v3 schemas, discovery, Table columns and .proto files, as data (law 9). tools/fetch_tables.py
makes the first three, the bootstrap objects and the meanings of enums from any running cluster. The .txt tables are written by hand
and say at their top how they are read: what is particular to a resource (kinds), defaults, rules of validation (rules, updates), what
fills columns (printers), and Go's words (gonames).
Leaves out: descriptions, and the protobuf messages of API versions that are no longer served.
"""
from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=None)
def _table(name: str) -> dict | list:
    return json.loads(Path(__file__).with_name(f"{name}.json").read_bytes())


def schema() -> dict[str, dict]:
    """Definition name ("io.k8s.api.apps.v1.Deployment") -> its OpenAPI v3 schema; `$ref` holds a definition name."""
    return _table("schema")


def resources() -> list[dict]:
    """The served resources in the order of discovery: group, version, resource, kind, scope, shortNames, verbs..."""
    return _table("resources")


def columns() -> dict[str, list[list]]:
    """"apps/v1/deployments" -> the columns of its Table: [name, type, format, priority]."""
    return _table("columns")


def protobuf() -> dict[str, dict]:
    """Message ("k8s.io.api.core.v1.Pod") -> field number (text) -> [json name, type, flags]; see apiserver/protobuf.py."""
    return _table("protobuf")


def internal() -> dict[str, dict[str, str]]:
    """A pod's and a claim's structs as the server holds them: struct -> field -> s b i q (text, bool, number, quantity), {} [] *
    (what is null while it is not set; with the struct it holds), a struct, or "+Struct" for an embedded one."""
    return _table("internal")


def enums() -> dict[str, str]:
    """Field ("io.k8s.api.core.v1.Container.imagePullPolicy") -> what its description says of each value that it may have."""
    return {field: text for fields, text in _table("enums") for field in fields}


def bootstrap() -> list[dict]:
    """The objects that a fresh cluster holds before anyone creates any. Not to be modified."""
    return _table("bootstrap")


@lru_cache(maxsize=None)
def sections(name: str) -> dict[str, list[tuple[str, str]]]:
    """A table written by hand: lines of headings, each with its indented lines 'key  text' (two spaces between them)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in Path(__file__).with_name(f"{name}.txt").read_text("utf-8").splitlines():
        if line[:1] not in ("", " ", "#"):
            lines: list[tuple[str, str]] = []
            found.update(dict.fromkeys(line.split(), lines))
        elif line.startswith(" "):
            key, _, text = line.strip().partition("  ")
            lines.append((key, text.strip()))
    return found
