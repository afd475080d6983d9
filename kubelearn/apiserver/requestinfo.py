"""What a request is about, read off its method and path: a verb, a resource, a subresource, a namespace and a name.

Part of Kubernetes: apiserver pkg/endpoints/request/requestinfo.go. Leaves out: the old /watch/ and /proxy/ path prefixes.
"""
from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from kubelearn import errors
from kubelearn.api.resources import Resource, Resources, Subresource
from kubelearn.apiserver.rbac import Action

VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
COLLECTION = {"get": "list", "delete": "deletecollection"}


@dataclass(slots=True)
class RequestInfo:
    """part is the subresource's row of the table, where there is one."""

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    part: Subresource | None = None
    rest: tuple[str, ...] = ()  # what follows proxy/

    def action(self, verb: str = "") -> Action:
        """What somebody who asks for this must be allowed to do. A request about one namespace happens in it."""
        own = self.name if (self.resource.group, self.resource.plural) == ("", "namespaces") else ""
        return Action(verb or self.verb, self.resource.group, self.resource.plural, self.subresource, self.namespace or own, self.name)

    @property
    def kind(self) -> tuple[str, str]:
        """(apiVersion, kind) of the bodies that go in."""
        if self.part is None or not self.part.kind:
            return self.resource.api_version, self.resource.kind
        if not self.part.group and not self.part.version:
            return self.resource.api_version, self.part.kind
        return (f"{self.part.group}/{self.part.version}" if self.part.group else self.part.version), self.part.kind


def split(raw_path: str) -> list[str]:
    """The segments of a path, each decoded by itself; ApiError 404 for one that would climb out of its place."""
    parts = [unquote(part) for part in raw_path.strip("/").split("/")]
    if any(part in (".", "..") or "/" in part or "\0" in part for part in parts):
        raise errors.no_such_path()
    return parts


def is_resource(parts: list[str]) -> bool:
    """Whether a path is about a resource: below a group and a version."""
    return len(parts) >= {"api": 3, "apis": 4}.get(parts[0], 99)


def path_action(method: str, parts: list[str]) -> Action:
    """What somebody must be allowed to do who asks for a path that is no resource."""
    return Action(VERBS.get(method, "get"), path=f"/{'/'.join(parts)}")


def parse(resources: Resources, method: str, parts: list[str], watch: bool) -> RequestInfo | None:
    """None where the path is not below a group and version that is served (then it is no API request at all)."""
    group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (parts[1], parts[2], parts[3:])
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and not _of_namespace(group, rest):
        namespace, rest = rest[1], rest[2:]
    resource = resources.by_path(group, version, rest[0])
    name, subresource = [*rest[1:3], "", ""][:2]
    if resource is None or bool(namespace) != resource.namespaced and (namespace or name) or "" in rest[:3]:
        raise errors.no_such_path()
    part = resource.part(subresource) if subresource else None
    if subresource and part is None or rest[3:] and subresource != "proxy":
        raise errors.no_such_path()
    info = RequestInfo(VERBS.get(method, method.lower()), resource, namespace, name, subresource, part, tuple(rest[3:]))
    _settle_verb(info, watch)
    return info


def _of_namespace(group: str, rest: list[str]) -> bool:
    """namespaces/x/status is about the namespace, namespaces/x/pods about what is in it."""
    return group == "" and rest[2] in ("status", "finalize")


def _settle_verb(info: RequestInfo, watch: bool) -> None:
    """A collection has verbs of its own; ApiError 405 for what the resource does not do."""
    if not info.name:
        info.verb = COLLECTION.get(info.verb, info.verb)
    if watch and info.verb in ("get", "list") and not info.subresource:
        info.verb = "watch"
    verbs = info.part.verbs if info.part else info.resource.verbs
    nowhere = info.verb in ("update", "patch") or info.verb == "create" and info.resource.namespaced and not info.namespace
    if info.verb not in verbs or nowhere and not info.name or info.name and not info.subresource and info.verb == "create":
        raise errors.method_not_allowed("the server does not allow this method on the requested resource")
