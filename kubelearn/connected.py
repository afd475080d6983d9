"""connect(): a real cluster of your own kubeconfig behind the same surface, so that pictures, timeline, checks and lessons work on it.

Part of Kubernetes: a client, by the official Python library. What its watches bring is kept in a log like etcd's, from the
moment of connecting on. Leaves out: faults, forks and moving time, which nobody can do to a real cluster from outside;
they say so. Causes are not known there: why() shows who wrote, not why.
"""
from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

from kubelearn.api.resources import Resource, Resources
from kubelearn.clock import EPOCH, Clock
from kubelearn.errors import ApiError
from kubelearn.etcd import Etcd, Revision
from kubelearn.manifests import documents
from kubelearn.snapshot import Snapshot

WATCHED = ("Node", "Namespace", "Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service", "EndpointSlice",
           "PersistentVolumeClaim", "PersistentVolume", "ConfigMap", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Event")

PATCHES = {"strategic": "strategic-merge-patch", "merge": "merge-patch", "json": "json-patch"}


def connect(context: str | None = None, kubeconfig: str | None = None) -> ConnectedCluster:
    """The cluster of a context (the current one unless named) of ~/.kube/config or another kubeconfig."""
    return ConnectedCluster(context, kubeconfig)


class Mirror:
    """What Snapshot and the pictures read: a log of what the watches brought."""

    def __init__(self) -> None:
        self.clock, self.resources = Clock(), Resources()
        self.etcd, self.computed = Etcd(self.clock), {}

    def objects(self, resource: Resource, namespace: str | None = None) -> list[dict]:
        found = self.etcd.objects(resource.storage)
        return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def hear(self, resource: Resource, verb: str, obj: dict) -> None:
        """One event of a watch, put into the log; what is known already is passed over."""
        with self.clock.lock:
            self.clock.now = max(self.clock.now, time.time() - EPOCH)
            metadata = obj["metadata"]
            key, known = (metadata.get("namespace", ""), metadata["name"]), None
            known = self.etcd.get(resource, key)
            if known and known["metadata"]["resourceVersion"] == metadata["resourceVersion"] and verb != "DELETED":
                return
            obj = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
            if verb == "DELETED":
                if known:
                    self.etcd.delete(resource, key, obj, "someone")
            else:
                self.etcd.put(resource, key, obj, writer_of(obj))


def writer_of(obj: dict) -> str:
    """The manager of the newest write, as the object itself tells it."""
    entries = obj["metadata"].get("managedFields") or []
    newest = max(entries, key=lambda entry: entry.get("time", ""), default={})
    return newest.get("manager", "someone")


class ConnectedCluster:
    """A real cluster. Times are real; seconds since kubelearn's epoch, so that past moments read alike."""

    def __init__(self, context: str | None, kubeconfig: str | None):
        from kubernetes import config
        self._client = config.new_client_from_config(config_file=kubeconfig, context=context)
        self.context = context
        self.registry, self._closed = Mirror(), threading.Event()
        for kind in WATCHED:
            resource = self.registry.resources.must_find(kind)
            listing = self._list(resource)
            threading.Thread(target=self._watch, args=(resource, listing), name=f"kubelearn-watch-{resource.plural}", daemon=True).start()
        self.beginning = self.revision

    # --- objects --------------------------------------------------------------------------------------------------

    def apply(self, what: str | dict | Path) -> list[dict]:
        """Server-side apply of each object, as field manager kubelearn."""
        return [self._apply(obj) for obj in documents(what)]

    def _apply(self, obj: dict) -> dict:
        resource = self.registry.resources.by_kind(obj["apiVersion"], obj["kind"])
        if resource is None:
            raise ApiError(404, "NotFound", f'no matches for kind "{obj["kind"]}" in version "{obj["apiVersion"]}"')
        path = self._path(resource, obj["metadata"].get("namespace", "default"), obj["metadata"]["name"])
        return self._call("PATCH", f"{path}?fieldManager=kubelearn&force=true", obj, "application/apply-patch+yaml")

    def get(self, kind: str, name: str | None = None, namespace: str | None = "default") -> dict | list[dict]:
        resource = self.registry.resources.must_find(kind)
        if name is not None:
            return self._call("GET", self._path(resource, namespace, name))
        return [{"apiVersion": resource.api_version, "kind": resource.kind, **item}
                for item in self._call("GET", self._path(resource, namespace))["items"]]

    def delete(self, kind: str, name: str, namespace: str = "default", **options: object) -> dict:
        return self._call("DELETE", self._path(self.registry.resources.must_find(kind), namespace, name), options or None)

    def patch(self, kind: str, name: str, patch: dict | list, namespace: str = "default", type: str = "strategic") -> dict:
        path = self._path(self.registry.resources.must_find(kind), namespace, name)
        return self._call("PATCH", path, patch, f"application/{PATCHES[type]}+json")

    # --- time and history -----------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return time.time() - EPOCH

    @property
    def revision(self) -> int:
        return self.registry.etcd.revision

    def run(self, seconds: float | None = None, until: Callable[[], bool] | None = None, limit: float = 120.0) -> bool:
        """Waits in real time: some seconds, or until a condition holds (False where `limit` seconds passed first)."""
        if until is None:
            time.sleep(limit if seconds is None else seconds)
            return True
        end = time.monotonic() + limit
        while not until():
            if time.monotonic() > end:
                return False
            time.sleep(0.25)
        return True

    def at(self, time: float | None = None, revision: int | None = None) -> Snapshot:
        etcd = self.registry.etcd
        time = self.now if time is None else time
        return Snapshot(self.registry, etcd.revision_at(time) if revision is None else revision, time)

    def revisions(self, since: int | None = None) -> list[Revision]:
        return self.registry.etcd.since(self.beginning if since is None else since)

    def __getattr__(self, name: str) -> object:
        if name in ("step", "live", "fork", "stop", "start"):
            raise AttributeError(f"a real cluster has no {name}(): its time and its machines are not ours to move. Use Cluster() for that.")
        raise AttributeError(name)

    def close(self) -> None:
        self._closed.set()

    def __enter__(self) -> ConnectedCluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the wire -------------------------------------------------------------------------------------------------

    def _path(self, resource: Resource, namespace: str | None = None, name: str = "") -> str:
        base = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
        inside = f"/namespaces/{namespace}" if resource.namespaced and namespace else ""
        return f"{base}{inside}/{resource.plural}" + (f"/{name}" if name else "")

    def _call(self, method: str, path: str, body: object = None, content_type: str = "application/json") -> dict:
        answer = self._request(method, path, body=None if body is None else json.dumps(body).encode(), headers=self._headers(content_type))
        if answer.status >= 400:
            raise _as_api_error(answer)
        return json.loads(answer.data)

    def _request(self, method: str, path: str, **more: object):
        """The library's own connection pool, with the kubeconfig's certificates and credentials."""
        return self._client.rest_client.pool_manager.request(method, self._client.configuration.host + path, **more)

    def _headers(self, content_type: str) -> dict:
        headers = {"Accept": "application/json", "Content-Type": content_type}
        self._client.update_params_for_auth(headers, [], ["BearerToken"], "", "", None)
        return headers

    def _list(self, resource: Resource) -> str:
        """Brings the mirror up to date; returns the resource version to watch from."""
        listing = self._call("GET", self._path(resource))
        for item in listing["items"]:
            self.registry.hear(resource, "ADDED", item)
        return listing["metadata"]["resourceVersion"]

    def _watch(self, resource: Resource, version: str) -> None:
        """Follows a kind until closed; lists again where the server has forgotten the version."""
        while not self._closed.is_set():
            try:
                query = f"?watch=1&timeoutSeconds=300&resourceVersion={version}"
                answer = self._request(
                    "GET", self._path(resource) + query, headers=self._headers("application/json"), preload_content=False
                )
                for line in answer:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise ApiError.from_status(event["object"])
                    version = event["object"]["metadata"]["resourceVersion"]
                    self.registry.hear(resource, event["type"], event["object"])
            except Exception:  # a broken connection, an expired version: begin again from a list
                if self._closed.wait(1.0):
                    return
                try:
                    version = self._list(resource)
                except Exception:  # not reachable now; tried again after the next pause
                    continue


def _as_api_error(answer) -> ApiError:
    """What the server said, or where that is no Status, its HTTP status."""
    try:
        return ApiError.from_status(json.loads(answer.data))
    except ValueError:
        return ApiError(answer.status, "ServiceUnavailable", f"the cluster answered {answer.status} {answer.reason}")
