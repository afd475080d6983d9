"""Finding what a learner means: an object, a revision, 'pod/web-k2x', 'deploy/web'; also the start of a pod's generated name.

Part of Kubernetes: kubectl's way to name things. Leaves out: several names at once.
"""
from __future__ import annotations

from typing import NamedTuple

from kubelearn.errors import bad_request, not_found


class Ref(NamedTuple):
    """resource is the cluster's own Resource."""

    resource: object
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.resource.singular or self.resource.kind.lower()}/{self.name}"


def find(cluster: object, what: object, namespace: str = "default") -> Ref:
    """ApiError BadRequest where it is no reference, NotFound where the history knows nothing of that name."""
    if isinstance(what, dict):
        metadata = what["metadata"]
        return Ref(_resource(cluster, what["kind"]), metadata.get("namespace", ""), metadata["name"])
    if hasattr(what, "resource"):
        return Ref(what.resource, what.namespace, what.name)
    kind, _, name = str(what).strip().replace(" ", "/", 1).partition("/")
    if not name:
        kind, name = "pod", kind
    resource = _resource(cluster, kind)
    namespace = namespace if resource.namespaced else ""
    return Ref(resource, namespace, _name(cluster, resource, namespace, name))


def _resource(cluster: object, word: str):
    found = cluster.registry.resources.find(word)
    if found is None:
        raise bad_request(f'the server doesn\'t have a resource type "{word}"')
    return found


def _name(cluster: object, resource, namespace: str, name: str) -> str:
    """The name itself, else the newest object whose name begins so."""
    etcd = cluster.registry.etcd
    if etcd.history(resource, (namespace, name)):
        return name
    begins = [key for storage, key in etcd.histories if storage == resource.storage and key[0] == namespace and key[1].startswith(name)]
    if not begins or not name:
        raise not_found(resource.name, name)
    return max(begins, key=lambda key: etcd.history(resource, key)[0].revision)[1]


