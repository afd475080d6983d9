"""The form of an answer: objects as they are, as a Table, or their metadata only; alone, in a list, or in a watch.

Part of Kubernetes: apiserver pkg/endpoints/handlers (response.go, negotiation). An object's JSON is made once for each form and
shared by all who ask for it; joining lists and events of such pieces is all that is left to do for a request.
Leaves out: protobuf and CBOR answers.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from kubelearn import errors
from kubelearn.api import conversion
from kubelearn.api.resources import Resource
from kubelearn.apiserver import codec, table, timestamps
from kubelearn.apiserver.timestamps import METADATA, Templates, Times, template

SERVED = ("application/json", "application/yaml", "application/*", "*/*", "")
AVAILABLE = ("application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, "
             "application/vnd.kubernetes.protobuf;stream=watch")
INITIAL_END = {"k8s.io/initial-events-end": "true"}
TEMPLATES = Templates()


class Asker:
    """What an answer depends on besides the objects: the client's shift of time, virtual now, who adds managedFields."""

    __slots__ = ("shift", "now", "manage")

    def __init__(self, shift: float, now: float, manage: Callable[[Resource, dict], dict] | None = None):
        self.shift, self.now, self.manage = shift, now, manage


class Plain:
    """Objects as they are stored."""

    def __init__(self, resource: Resource):
        self.resource, self.times = resource, timestamps.of_resource(resource)
        self.version = resource.api_version if conversion.has_versions(resource) else ""

    def _served(self, obj: dict) -> dict:
        """In the version that was asked for."""
        return conversion.from_stored(self.resource, obj)

    def one(self, obj: dict, asker: Asker) -> bytes:
        """A single object, with its managedFields where somebody derives them."""
        manage, form = asker.manage, f"{self.version} managed" if asker.manage else self.version

        def make(stored: dict) -> dict:
            return self._served(manage(self.resource, stored) if manage else stored)
        return TEMPLATES.of(obj, self._times(obj), form, make if form else None).render(asker.shift)

    def _times(self, obj: dict) -> Times:
        same = obj.get("kind") == self.resource.kind
        return self.times if same else timestamps.of_kind(obj.get("apiVersion", ""), obj.get("kind", ""), self.resource)

    def _kind(self) -> tuple[str, str]:
        return self.resource.kind, self.resource.api_version

    def many(self, objects: Iterable[dict], metadata: dict, asker: Asker) -> bytes:
        kind, api_version = self._kind()
        head = codec.encode({"kind": f"{kind}List", "apiVersion": api_version, "metadata": metadata})
        return b'%s,"items":[%s]}' % (head[:-1], b",".join(self.event(obj, asker, False) for obj in objects))

    def event(self, obj: dict, asker: Asker, first: bool) -> bytes:
        """An object as an item of a list or an event of a watch."""
        return TEMPLATES.of(obj, self.times, self.version, self._served if self.version else None).render(asker.shift)

    def bookmark(self, revision: str, annotations: dict, asker: Asker) -> bytes:
        kind, api_version = self._kind()
        return codec.encode({"kind": kind, "apiVersion": api_version, "metadata": _mark(revision, annotations)})


class Partial(Plain):
    """Only the metadata: PartialObjectMetadata."""

    def _kind(self) -> tuple[str, str]:
        return "PartialObjectMetadata", "meta.k8s.io/v1"

    def one(self, obj: dict, asker: Asker) -> bytes:
        return self.event(obj, asker, False)

    def event(self, obj: dict, asker: Asker, first: bool) -> bytes:
        return TEMPLATES.of(obj, METADATA, "partial", partial).render(asker.shift)


class Table(Plain):
    """Rows for people. include says what comes with each: Metadata, Object or None."""

    def __init__(self, resource: Resource, include: str):
        super().__init__(resource)
        self.include, self.dated = include, any(column["type"] == "date" for column in table.definitions(resource))

    def one(self, obj: dict, asker: Asker) -> bytes:
        return self.event(obj, asker, True)

    def many(self, objects: Iterable[dict], metadata: dict, asker: Asker) -> bytes:
        return self._table(objects, metadata, asker, True)

    def event(self, obj: dict, asker: Asker, first: bool) -> bytes:
        metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return self._table([obj], metadata, asker, first, "name-alone" in self.resource.facts)

    def bookmark(self, revision: str, annotations: dict, asker: Asker) -> bytes:
        return self._table([{"metadata": _mark(revision, annotations)}], {"resourceVersion": revision}, asker, False)

    def _table(self, objects: Iterable[dict], metadata: dict, asker: Asker, with_columns: bool,
               plain: bool = False) -> bytes:
        columns = _columns(self.resource) if with_columns else b"null"
        head = codec.encode({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
        return b'%s,"columnDefinitions":%s,"rows":[%s]}' % (head[:-1], columns, b",".join(self._row(obj, asker, plain) for obj in objects))

    def _row(self, obj: dict, asker: Asker, plain: bool) -> bytes:
        found = table.cells(self.resource, obj, asker.now)
        if plain:
            found[0] = obj["metadata"].get("name", "")
        cells = template(found, None).render(asker.shift) if self.dated else codec.encode(found)
        if self.include == "None":
            return b'{"cells":%s,"object":null}' % cells
        form = ("partial", partial) if self.include == "Metadata" else ("", None)
        shown = TEMPLATES.of(obj, METADATA if form[0] else self.times, *form).render(asker.shift)
        return b'{"cells":%s,"object":%s}' % (cells, shown)


def partial(obj: dict) -> dict:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def _mark(revision: str, annotations: dict) -> dict:
    return {"resourceVersion": revision, "creationTimestamp": None, **({"annotations": annotations} if annotations else {})}


@lru_cache(maxsize=512)
def _columns(resource: Resource) -> bytes:
    return codec.encode(table.definitions(resource))


# --- what the client accepts --------------------------------------------------------------------------------------

def accepted(accept: str) -> list[tuple[str, dict[str, str]]]:
    """The media types of an Accept header in the client's order, each with its parameters."""
    entries = []
    for entry in accept.split(","):
        media_type, *parameters = (part.strip() for part in entry.split(";"))
        entries.append((media_type.lower(), dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)))
    return entries


def form(accept: str, resource: Resource, include: str) -> Plain:
    """The form that the client likes best of those it can have; ApiError 406 where it can have none."""
    for media_type, parameters in accepted(accept):
        wanted = parameters.get("as")
        if media_type not in SERVED or wanted and (parameters.get("g"), parameters.get("v")) != ("meta.k8s.io", "v1"):
            continue
        if wanted == "Table":
            return Table(resource, include or "Metadata")
        if wanted in ("PartialObjectMetadata", "PartialObjectMetadataList"):
            return Partial(resource)
        if wanted is None:
            return Plain(resource)
    raise errors.ApiError(406, "NotAcceptable", f"406: Not Acceptable\n\nAvailable representations: {AVAILABLE}")


def wants_yaml(accept: str) -> bool:
    return accepted(accept)[0][0] == "application/yaml"
