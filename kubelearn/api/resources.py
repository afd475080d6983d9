"""Which resources a cluster serves: the table behind discovery, RESTMapper and every path.

Part of Kubernetes: apimachinery's RESTMapper and the discovery table. Law 9: built-in resources come from data, custom
ones are added beside them and are equal to them.
Leaves out: which of several API groups kubectl would prefer for one kind beyond their order in the table.
"""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from ..errors import ApiError
from . import data, schema

SHARED_STORAGE = {("events.k8s.io", "events"): "events"}  # one thing served by two groups


class Subresource(NamedTuple):
    """pods/eviction: its verbs, and the kind of its bodies."""

    name: str
    verbs: tuple[str, ...]
    group: str
    version: str
    kind: str


@dataclass(frozen=True, eq=False)
class Resource:
    """One version of one resource. Compared by identity: the built-in ones are the same objects in every cluster."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    parts: tuple[Subresource, ...] = ()
    custom_schema: schema.Schema | None = field(default=None, repr=False)  # of a custom resource
    definition: dict | None = field(default=None, repr=False)              # the CustomResourceDefinition it comes from

    @cached_property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @cached_property
    def name(self) -> str:
        """What errors call it: 'pods' or 'deployments.apps'."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @cached_property
    def kind_name(self) -> str:
        """What validation errors call it: 'Pod' or 'Deployment.apps'."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @cached_property
    def storage(self) -> str:
        """The key that all versions of one thing share."""
        return SHARED_STORAGE.get((self.group, self.plural), self.name)

    @cached_property
    def facts(self) -> dict[str, str]:
        """What is particular to it: its lines of data/kinds.txt."""
        found: dict[str, str] = {}
        for key, text in data.sections("kinds").get(self.storage, ()):
            found[key] = f"{found[key]} {text}" if key in found else text
        return found

    @cached_property
    def has_generation(self) -> bool:
        return "generation" in self.facts or self.definition is not None

    @cached_property
    def first_status(self) -> dict | None:
        """A new object's status, whatever its author wrote; None where it has none."""
        text = "none" if self.definition else self.facts.get("status", "{}")
        return None if text in ("none", "kept") else json.loads(text)

    @cached_property
    def pod_template(self) -> tuple[str, ...]:
        """Where the pods are described that it makes; () for what makes none."""
        return tuple(self.facts["template"].split(".")) if "template" in self.facts else ()

    @cached_property
    def subresources(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts)

    def part(self, name: str) -> Subresource | None:
        return next((part for part in self.parts if part.name == name), None)

    @cached_property
    def schema(self) -> schema.Schema | None:
        return self.custom_schema or schema.of_kind(self.api_version, self.kind)


@lru_cache(maxsize=1)
def builtin() -> tuple[Resource, ...]:
    """The resources of data/resources.json, in the order of discovery (an earlier version is the preferred one)."""
    return tuple(_resource(entry) for entry in data.resources())


def _resource(entry: dict) -> Resource:
    group, version = entry["group"], entry["version"]
    return Resource(group, version, entry["resource"], entry["singular"], entry["kind"], entry["scope"] == "Namespaced",
                    tuple(entry.get("shortNames", ())), tuple(entry.get("categories", ())), tuple(entry["verbs"]),
                    tuple(_subresource(part, group, version) for part in entry.get("subresources", ())))


def _subresource(entry: dict, group: str, version: str) -> Subresource:
    kind = entry["responseKind"]
    return Subresource(entry["subresource"], tuple(entry["verbs"]),
                       kind.get("group", group), kind.get("version", version), kind["kind"])


class Resources:
    """One cluster's table: the built-in resources and those that CustomResourceDefinitions add."""

    def __init__(self) -> None:
        self._all: list[Resource] = list(builtin())
        self._kinds: dict[tuple[str, str], Resource] = {}
        self._paths: dict[tuple[str, str, str], Resource] = {}
        self._words: dict[str, Resource] = {}
        self._stored: dict[str, Resource] = {}
        self._index()

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def add(self, resource: Resource) -> None:
        """Takes the place of the same group, version and plural, if there is one."""
        old = self._paths.get((resource.group, resource.version, resource.plural))
        if old is None:
            self._all.append(resource)
        else:
            self._all[self._all.index(old)] = resource
        self._index()

    def remove(self, resource: Resource) -> None:
        self._all.remove(resource)
        self._index()

    def _index(self) -> None:
        self._kinds, self._paths, self._words, self._stored = {}, {}, {}, {}
        for r in self._all:
            if r.storage not in self._stored or _is_stored(r):
                self._stored[r.storage] = r
            self._kinds[r.api_version, r.kind] = r
            self._paths[r.group, r.version, r.plural] = r
        for words in (_names, _short_names):  # a short name never hides a full one
            for r in self._all:
                for word in words(r):
                    self._words.setdefault(word, r)

    def find(self, word: str) -> Resource | None:
        """By kind, plural, singular or short name, 'deployments.apps' or 'deployments.v1.apps', in any case."""
        return self._words.get(word) or self._words.get(word.lower())

    def must_find(self, word: str) -> Resource:
        """As find; ApiError 404 where there is none."""
        resource = self.find(word)
        if resource is None:
            raise ApiError(404, "NotFound", f'the server doesn\'t have a resource type "{word}"')
        return resource

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        return self._kinds.get((api_version, kind))

    def by_path(self, group: str, version: str, plural: str) -> Resource | None:
        return self._paths.get((group, version, plural))

    def stored(self, resource: Resource) -> Resource:
        """The version of it in which objects are stored."""
        return self._stored.get(resource.storage, resource)

    def groups(self) -> dict[str, list[str]]:
        """Group -> its versions, the preferred one first; the groups in the order of discovery."""
        groups: dict[str, list[str]] = {}
        for resource in self._all:
            versions = groups.setdefault(resource.group, [])
            if resource.version not in versions:
                versions.append(resource.version)
        return {group: sorted(versions, key=version_order) for group, versions in groups.items()}


def version_order(version: str) -> tuple:
    """Sorts v2 before v1 before v1beta1 before v1alpha1, then what is named otherwise. Upstream: CompareKubeAwareVersionStrings."""
    parts = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", version)
    if parts is None:
        return 1, 0, 0, 0, version
    return 0, -("alpha", "beta", None).index(parts[2]), -int(parts[1]), -int(parts[3] or 0), version


def _is_stored(resource: Resource) -> bool:
    """Whether a definition marks this version as the one that is stored."""
    versions = (resource.definition or {}).get("spec", {}).get("versions", ())
    return any(version["name"] == resource.version and version.get("storage") for version in versions)


def _names(resource: Resource) -> Iterator[str]:
    for name in (resource.kind, resource.kind.lower(), resource.plural, resource.singular):
        yield name
        yield f"{name}.{resource.group}"
        yield f"{name}.{resource.version}.{resource.group}"


def _short_names(resource: Resource) -> Iterator[str]:
    for name in resource.short_names:
        yield name
        yield f"{name}.{resource.group}"
