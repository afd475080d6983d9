"""Discovery: what a server says it serves, in the old form (a document a group) and in the aggregated one.

Part of Kubernetes: apiserver pkg/endpoints/discovery and its aggregated/. Law 9: everything here is read off the table
of resources, so custom resources appear by themselves.
Leaves out: the beta form of aggregated discovery.
"""
from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from itertools import groupby

from kubelearn import errors
from kubelearn.api.resources import Resource, Resources

VERSION = {
    "major": "1", "minor": "37", "emulationMajor": "1", "emulationMinor": "37", "minCompatibilityMajor": "1", "minCompatibilityMinor": "36",
    "gitVersion": "v1.37.2", "gitCommit": "v1.37.2", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "go1.26.8", "compiler": "gc", "platform": "linux/amd64",
}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
CHECKS = ("ping", "log", "etcd", "etcd-readiness", "informer-sync", "poststarthook/rbac/bootstrap-roles", "shutdown")
HEALTH = {"healthz": CHECKS[:3], "livez": CHECKS[:3], "readyz": CHECKS}


def health(path: str, verbose: bool) -> str | None:
    """The text of /healthz, /livez or /readyz, or of one of their checks (/healthz/ping); None where there is none."""
    name, _, check = path.strip("/").partition("/")
    if name not in HEALTH or check and check not in HEALTH[name]:
        return None
    lines = "".join(f"[+]{each} ok\n" for each in HEALTH[name])
    return f"{lines}{name} check passed\n" if verbose and not check else "ok"


def root(resources: Resources) -> dict:
    """GET /: the paths there are."""
    paths = ["/api", "/api/v1", "/apis", "/apis/"]
    for group, versions in resources.groups().items():
        paths += [f"/apis/{group}", *(f"/apis/{group}/{version}" for version in versions)] if group else []
    return {"paths": sorted([*paths, *(f"/{name}" for name in HEALTH), "/openapi/v3", "/version"])}


def core_versions(address: str) -> dict:
    """GET /api in the old form."""
    where = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": where}


def group_list(resources: Resources) -> dict:
    """GET /apis in the old form."""
    groups = [_group(name, versions) for name, versions in resources.groups().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(resources: Resources, name: str) -> dict | None:
    """GET /apis/apps; None where there is no such group."""
    versions = resources.groups().get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if name and versions else None


def _group(name: str, versions: list[str]) -> dict:
    entries = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def resource_list(resources: Resources, group: str, version: str) -> dict:
    """GET /apis/apps/v1 and GET /api/v1; ApiError 404 where nothing is served there."""
    found = [resource for resource in resources if (resource.group, resource.version) == (group, version)]
    if not found:
        raise errors.no_such_path()
    entries = [entry for resource in found for entry in _old_entries(resource, resources.stored(resource))]
    head = {"kind": "APIResourceList", **({"apiVersion": "v1"} if group else {})}  # so does the real server
    return {**head, "groupVersion": found[0].api_version, "resources": entries}


def _old_entries(resource: Resource, stored: Resource) -> list[dict]:
    entry = {"name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced, "kind": resource.kind,
             "verbs": list(resource.verbs), **_words(resource)}
    if "watch" in resource.verbs:  # it is stored
        name = f"{stored.group}/{stored.version}/{stored.kind}"
        entry["storageVersionHash"] = b64encode(sha256(name.encode()).digest()[:8]).decode()
    return [entry, *(_old_part(resource, part) for part in resource.parts)]


def _old_part(resource: Resource, part: object) -> dict:
    own = (part.group, part.version) in ((resource.group, resource.version), ("", ""))
    elsewhere = {} if own else {"group": part.group, "version": part.version}
    return {"name": f"{resource.plural}/{part.name}", "singularName": "", "namespaced": resource.namespaced, **elsewhere,
            "kind": part.kind, "verbs": list(part.verbs)}


def _words(resource: Resource) -> dict:
    words = {"shortNames": list(resource.short_names), "categories": list(resource.categories)}
    return {key: value for key, value in words.items() if value}


def aggregated(resources: Resources, core: bool) -> dict:
    """GET /api (core) or /apis when the client accepts the aggregated form: everything in one document."""
    groups = [(name, versions) for name, versions in resources.groups().items() if (not name) == core]
    by_version = {key: list(found) for key, found in groupby(sorted(resources, key=_group_version), key=_group_version)}
    items = [{"metadata": {"name": name} if name else {}, "versions": [_version(each, by_version[name, each]) for each in versions]}
             for name, versions in groups]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _group_version(resource: Resource) -> tuple[str, str]:
    return resource.group, resource.version


def _version(version: str, found: list[Resource]) -> dict:
    return {"version": version, "resources": [_entry(resource) for resource in found], "freshness": "Current"}


def _entry(resource: Resource) -> dict:
    entry = {"resource": resource.plural, "responseKind": _kind(resource, resource.group, resource.version, resource.kind),
             "scope": "Namespaced" if resource.namespaced else "Cluster", "singularResource": resource.singular,
             "verbs": list(resource.verbs), **_words(resource)}
    parts = [{"subresource": part.name, "responseKind": _kind(resource, part.group, part.version, part.kind), "verbs": list(part.verbs)}
             for part in resource.parts]
    return {**entry, "subresources": parts} if parts else entry


def _kind(resource: Resource, group: str, version: str, kind: str) -> dict:
    """The real server leaves the group and version of its built-in resources empty where they are the resource's own."""
    own = (group, version) == (resource.group, resource.version) and not resource.definition
    return {"group": "" if own else group, "version": "" if own else version, "kind": kind}
