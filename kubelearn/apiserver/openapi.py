"""OpenAPI v3: the index and a document for each group and version, for `kubectl explain` and kubectl's own checks.

Part of Kubernetes: kube-openapi pkg/handler3 and the builder of custom resources' documents. Law 9: made from the same schemas
that the server decodes with; descriptions are read as a file from the kubernetes-validate wheel where that is installed.
Leaves out: of the paths all but what kubectl looks for: which kind is where, and what a PATCH may say in its query.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from starlette.responses import JSONResponse, PlainTextResponse, Response

from kubelearn.api import data
from kubelearn.api.resources import Resource, Resources
from kubelearn.apiserver import codec, discovery

REFERENCE = "#/components/schemas/"
METADATA, LIST_METADATA = (f"io.k8s.apimachinery.pkg.apis.meta.v1.{name}" for name in ("ObjectMeta", "ListMeta"))
EVERYWHERE = [f"io.k8s.apimachinery.pkg.apis.meta.v1.{name}" for name in ("APIResourceList", "Patch", "Status", "WatchEvent")]
ENUM = "\n\nPossible enum values:"
QUERY = ("dryRun", "fieldManager", "fieldValidation", "force")
PATCH_PARAMETERS = [{"name": name, "in": "query", "schema": {"type": "boolean" if name == "force" else "string", "uniqueItems": True}}
                    for name in QUERY]


def answer(resources: Resources, path: str, known: str) -> Response:
    """GET /openapi/v3 and below; known is the client's If-None-Match."""
    if path == "openapi/v3":
        return PlainTextResponse(codec.encode(index(resources)))
    found = document(resources, path.removeprefix("openapi/v3/"))
    if found is None:
        return PlainTextResponse("404 page not found\n", 404)
    etag = f'"{_hash(resources, path.removeprefix("openapi/v3/"))}"'
    if known == etag:
        return Response(status_code=304)
    return JSONResponse(found, headers={"etag": etag})


def old_answer(accept: str) -> Response:
    """GET /openapi/v2: an empty document. kubectl reads it for kinds that it does not find elsewhere, and is then content."""
    if "protobuf" not in accept:
        return JSONResponse({"swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.37.2"}, "paths": {}})
    info = b"\x0a\x0aKubernetes\x12\x07v1.37.2"
    return Response(b"\x0a\x032.0\x12" + bytes([len(info)]) + info, media_type="application/com.github.proto-openapi.spec.v2.v1.0+protobuf")


def index(resources: Resources) -> dict:
    """Where each document is. The hash in an address changes with its content, so that clients may keep what they read."""
    paths = [f"apis/{group}/{version}" if group else f"api/{version}"
             for group, versions in resources.groups().items() for version in versions]
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={_hash(resources, path)}"} for path in paths}}


def _hash(resources: Resources, path: str) -> str:
    custom = [resource.definition["spec"] for resource in _of(resources, path) if resource.definition]
    known = [discovery.VERSION["gitVersion"], bool(_descriptions()), path, custom]
    return hashlib.sha256(codec.encode(known)).hexdigest().upper()


def _of(resources: Resources, path: str) -> list[Resource]:
    """The resources of apis/apps/v1 or api/v1."""
    _, _, api_version = path.partition("/")
    return [resource for resource in resources if resource.api_version == api_version and path.startswith("api/") == (not resource.group)]


def document(resources: Resources, path: str) -> dict | None:
    """The document of one group and version; None where nothing is served there."""
    found = _of(resources, path)
    if not found:
        return None
    schemas = {name: schema for resource in found for name, schema in _schemas(resource)}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "1.37"},
            "paths": {place: operations for resource in found for place, operations in _paths(resource)},
            "components": {"schemas": dict(sorted(schemas.items()))}}


# --- paths --------------------------------------------------------------------------------------------------------

def _paths(resource: Resource) -> Iterator[tuple[str, dict]]:
    base = f"/{'apis' if resource.group else 'api'}/{resource.api_version}"
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    home = f"{base}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else f"{base}/{resource.plural}"
    verbs = {"list": "get", "create": "post", "deletecollection": "delete"}
    yield home, {method: _operation(verb, kind) for verb, method in verbs.items() if verb in resource.verbs}
    if resource.namespaced and "list" in resource.verbs:
        yield f"{base}/{resource.plural}", {"get": _operation("list", kind)}
    verbs = {"get": "get", "update": "put", "patch": "patch", "delete": "delete"}
    one = {method: _operation(verb, kind) for verb, method in verbs.items() if verb in resource.verbs}
    if one:
        yield f"{home}/{{name}}", one


def _operation(verb: str, kind: dict) -> dict:
    operation = {"responses": {"200": {"description": "OK"}}, "x-kubernetes-action": verb, "x-kubernetes-group-version-kind": kind}
    return {**operation, "parameters": PATCH_PARAMETERS} if verb in ("patch", "create", "update") else operation


# --- schemas ------------------------------------------------------------------------------------------------------

def _schemas(resource: Resource) -> Iterator[tuple[str, dict]]:
    """A kind's schema and its list's, with all that they refer to."""
    if resource.definition:
        yield from _custom(resource)
        names = {METADATA, LIST_METADATA}
    else:
        own = resource.schema.name if resource.schema else ""
        names = {own, f"{own}List", *EVERYWHERE} | {part.name for part in _bodies(resource)}
    for name in sorted(_reachable(frozenset(names & data.schema().keys()))):
        yield name, _described(name)


def _bodies(resource: Resource) -> list:
    from kubelearn.api import schema
    kinds = [(f"{part.group}/{part.version}" if part.group else part.version, part.kind) for part in resource.parts]
    return [found for found in (schema.of_kind(*kind) for kind in kinds) if found]


@lru_cache(maxsize=None)
def _reachable(names: frozenset[str]) -> frozenset[str]:
    found, waiting = set(names), list(names)
    while waiting:
        for name in _references(data.schema()[waiting.pop()]):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return frozenset(found)


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for part in schema.values():
            yield from _references(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _references(part)


@lru_cache(maxsize=None)
def _described(name: str) -> dict:
    return _written(data.schema()[name], _descriptions().get(name) or {})


def _written(schema: dict, texts: dict) -> dict:
    """A schema as the server writes it: references with a prefix (inside allOf beside anything else), descriptions put in."""
    out = {key: value for key, value in schema.items() if key != "$ref"}
    if "description" in texts:
        out = {"description": texts["description"], **out}
    if "properties" in out:
        own = texts.get("properties") or {}
        out["properties"] = {name: _written(part, own.get(name) or {}) for name, part in out["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(out.get(key), dict):
            inner = texts.get(key)
            out[key] = _written(out[key], inner if isinstance(inner, dict) else {})
    if "$ref" not in schema:
        return out
    reference = {"$ref": REFERENCE + schema["$ref"]}
    return {**out, "allOf": [reference]} if out else reference


@lru_cache(maxsize=1)
def _descriptions() -> dict:
    """Definition -> its schema with descriptions. The package is large and slow to import, so only its newest file is read."""
    found = find_spec("kubernetes_validate")
    if found is None or not found.submodule_search_locations:
        return {}
    folder = Path(found.submodule_search_locations[0]) / "kubernetes-json-schema"
    file = folder / f"v{discovery.VERSION['major']}.{discovery.VERSION['minor']}.0-local" / "_definitions.json"
    texts = json.loads(file.read_bytes()).get("$defs", {}) if file.exists() else {}
    for path, text in data.enums().items() if texts else ():
        definition, _, name = path.rpartition(".")
        field = texts.get(definition, {}).get("properties", {}).get(name)
        if field and "Possible enum values:" not in field.get("description", ""):
            field["description"] = field.get("description", "") + ENUM + text
    return texts


def _custom(resource: Resource) -> Iterator[tuple[str, dict]]:
    """A custom resource's own schema, to which the server adds what every object has, and its list's."""
    version = next(v for v in resource.definition["spec"]["versions"] if v["name"] == resource.version)
    schema = version.get("schema", {}).get("openAPIV3Schema") or {"type": "object"}
    name = ".".join([*reversed(resource.group.split(".")), resource.version, resource.kind])
    pod = _described("io.k8s.api.core.v1.Pod")["properties"]
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    own = {key: value for key, value in (schema.get("properties") or {}).items() if key not in ("apiVersion", "kind", "metadata")}
    common = {"apiVersion": pod["apiVersion"], "kind": pod["kind"]}
    yield name, {**schema, "properties": {**common, "metadata": pod["metadata"], **own},
                 "x-kubernetes-group-version-kind": [kind]}
    items = {"type": "array", "items": {"allOf": [{"$ref": REFERENCE + name}]}}
    yield f"{name}List", {"type": "object", "required": ["items"],
                          "properties": {**common, "metadata": {"allOf": [{"$ref": REFERENCE + LIST_METADATA}]}, "items": items},
                          "x-kubernetes-group-version-kind": [{**kind, "kind": f"{resource.kind}List"}]}
