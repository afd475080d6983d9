"""The one schema walk: what a kind looks like, and the operations over (schema, new object, old object).

Part of Kubernetes: apimachinery's scheme and the OpenAPI schemas (law 9). A definition is compiled once, when first used,
into closures over tables: walk.py gets everywhere, decode.py, defaulting.py and validation.py say what is done there. Each operation
skips what is identical (`is`) to the old object and returns what it was given where nothing changes (law 3).
Leaves out: Go's `omitempty` of values that were given (an explicit `false` stays).
"""
from __future__ import annotations

from functools import cached_property, lru_cache

from ..errors import ApiError
from . import data
from .walk import Visitor, Walk, compile

SCALARS = ("string", "integer", "number", "boolean")
SPECIAL = {  # definitions with a JSON form of their own
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "micro-time",
}


class Undecodable(ApiError):
    """A body that is no such kind. text: what the decoder says; converted: what the converter of strategic patches says."""

    def __init__(self, message: str, text: str, converted: str):
        super().__init__(400, "BadRequest", message)
        self.text, self.converted = text, converted


class Schema:
    """One type: an object with `fields`, a map or list of `items`, or a scalar. `type` says which:

    object, map, list, string, integer, number, boolean, quantity, int-or-string, time, micro-time, any.
    """

    def __init__(self, source: dict, name: str = ""):
        self.source, self.name = source, name  # name of a definition: "io.k8s.api.core.v1.Pod"
        self.type = _type_of(source, name)
        self._walks: dict[Visitor, Walk | None] = {}
        self.format: str = source.get("format", "")
        self.enum: list[str] = source.get("enum", [])
        self.required: list[str] = source.get("required", [])
        self.list_type: str = source.get("x-kubernetes-list-type", "atomic")
        self.list_keys: list[str] = source.get("x-kubernetes-list-map-keys", [])
        self.atomic: bool = source.get("x-kubernetes-map-type") == "atomic"
        self.patch_strategies: list[str] = [s for s in source.get("x-kubernetes-patch-strategy", "").split(",") if s]
        self.patch_key: str = source.get("x-kubernetes-patch-merge-key", "")

    def __repr__(self) -> str:
        return f"Schema({self.name or self.type})"

    @cached_property
    def fields(self) -> dict[str, Schema]:
        return {key: _resolve(source) for key, source in self.source.get("properties", {}).items()}

    @cached_property
    def items(self) -> Schema | None:
        """Of a list or a map."""
        source = self.source.get("items") or self.source.get("additionalProperties")
        return _resolve(source) if isinstance(source, dict) else None

    @cached_property
    def short(self) -> str:
        """ "core.v1.Pod", "meta.v1.ObjectMeta": how the tables of defaults and validation call a definition."""
        return ".".join(self.name.split(".")[-3:])

    @cached_property
    def kind(self) -> tuple[str, str]:
        """(version, kind) of a definition that is a kind."""
        entry = self.source.get("x-kubernetes-group-version-kind", [{}])[0]
        return entry.get("version", ""), entry.get("kind", "")

    # --- the operations -----------------------------------------------------------------------------------------------

    def decode(self, new: dict, old: dict | None = None) -> tuple[dict, list[str]]:
        """The object in the form in which it is stored, and what a strict decoder says of it ('unknown field "spec.foo"').

        Unknown fields and nulls are dropped, quantities canonical. ApiError (BadRequest) where a type is wrong.
        """
        complaints: list[str] = []
        try:
            return self.walk(decode.DECODING)(new, old, None, complaints), complaints
        except mismatch.WrongType as error:
            raise self.undecodable(str(error), error.converted) from None

    def undecodable(self, text: str, converted: str = "") -> Undecodable:
        """How upstream words what its decoder says of a body."""
        version, kind = self.kind
        message = f'{kind} in version "{version}" cannot be handled as a {kind}: {text}' if kind else text
        return Undecodable(message, text, converted or text)

    def default(self, new: dict, old: dict | None = None) -> dict:
        """new with its defaults; new itself where nothing is added."""
        walk = self.walk(defaulting.DEFAULTING)
        return walk(new, old, None, []) if walk else new

    def check(self, new: dict, old: dict | None, found: list, path: tuple | None = None) -> None:
        """Tells found what is wrong with new, in upstream's words and order, apart from what depends on other objects."""
        walk = self.walk(validation.VALIDATION)
        if walk:
            walk(new, old, path, found)

    def walk(self, visitor: Visitor) -> Walk | None:
        """The visitor's walk over this type, compiled when first used; None where nothing in it concerns the visitor."""
        if visitor not in self._walks:
            self._walks[visitor] = compile(self, visitor)
        return self._walks[visitor]


def _type_of(source: dict, name: str) -> str:
    if name in SPECIAL:
        return SPECIAL[name]
    if source.get("format") == "int-or-string" or source.get("x-kubernetes-int-or-string"):
        return "int-or-string"
    match source.get("type"):
        case "array":
            return "list"
        case "object" if "properties" in source:
            return "object"
        case "object" if isinstance(source.get("additionalProperties"), dict):
            return "map"
        case kind if kind in SCALARS:
            return kind
    return "object" if name in EMPTY_STRUCTS else "any"


EMPTY_STRUCTS = frozenset(  # structs without a field: what is in them is unknown, not free
    f"io.k8s.api.scheduling.v1alpha3.WorkloadPodGroup{part}" for part in
    ("AllDisruptionMode", "BasicSchedulingPolicy", "SingleDisruptionMode")) | {
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus"}


def _resolve(source: dict) -> Schema:
    """A field's schema. One that only points to a definition is that definition's own."""
    reference = source.get("$ref")
    if reference is None:
        return Schema(source)
    extra = {key: value for key, value in source.items() if key not in ("$ref", "default")}
    if not extra:
        return of(reference)
    return Schema({**data.schema()[reference], **extra}, reference)


@lru_cache(maxsize=None)
def of(name: str) -> Schema:
    """The schema of a definition: of("io.k8s.api.apps.v1.Deployment")."""
    return Schema(data.schema()[name], name)


@lru_cache(maxsize=1)
def kinds() -> dict[tuple[str, str], str]:
    """(apiVersion, kind) -> definition."""
    found: dict[tuple[str, str], str] = {}
    for name, definition in data.schema().items():
        for entry in definition.get("x-kubernetes-group-version-kind", ()):
            api_version = f"{entry['group']}/{entry['version']}" if entry["group"] else entry["version"]
            found.setdefault((api_version, entry["kind"]), name)
    return found


def of_kind(api_version: str, kind: str) -> Schema | None:
    name = kinds().get((api_version, kind))
    return of(name) if name else None


from . import decode, defaulting, mismatch, validation  # noqa: E402  (they compile schemas, and schemas call them)
