"""The client: what every component reads and writes the API with, in process, by the same calls that HTTP serves.

Part of Kubernetes: client-go (typed clients, informer factory, tools/record). Law 2: components share this and nothing else.
A component's writes carry its name and its reason; their cause is what the clock says is being reacted to (law 6).
"""
from __future__ import annotations

from kubelearn.api.resources import Resource
from kubelearn.apiserver.registry import Registry
from kubelearn.apiserver.request import Request
from kubelearn.client.informer import Informer
from kubelearn.client.recorder import Recorder


class Client:
    """actor is the name in the history, program what managedFields name: kubelet, kube-controller-manager.

    Kinds are named as in YAML ('Pod'), or 'widgets.example.com' where that is not one.
    """

    def __init__(self, registry: Registry, actor: str, informers: dict | None = None, program: str = ""):
        self.registry, self.actor, self.clock = registry, actor, registry.clock
        self.program = program or actor.partition("/")[0]
        self.informers: dict = {} if informers is None else informers
        self.recorder = Recorder(self)
        self._resources: dict[str, Resource] = {}

    def named(self, actor: str) -> Client:
        """Another actor that shares this one's informers, as the controllers of one controller-manager do."""
        return Client(self.registry, actor, self.informers, self.program)

    def resource(self, kind: str) -> Resource:
        found = self._resources.get(kind)
        if found is None:
            found = self._resources[kind] = self.registry.resources.must_find(kind)
        return found

    def _of(self, obj: dict) -> Resource:
        resource = self.registry.resources.by_kind(obj["apiVersion"], obj["kind"])
        return resource or self.registry.resources.must_find(obj["kind"])

    def request(self, because: str = "", **more: object) -> Request:
        return Request(self.actor, because, field_manager=self.program, **more)

    # --- reading --------------------------------------------------------------------------------------------------

    def get(self, kind: str, name: str, namespace: str | None = None) -> dict:
        """The stored object, not to be modified; ApiError NotFound."""
        return self.registry.get(self.resource(kind), namespace or "", name)

    def list(self, kind: str, namespace: str | None = None, labels: object = "", fields: str = "") -> list[dict]:
        return self.registry.list(self.resource(kind), namespace, labels, fields).items

    def informer(self, kind: str, fields: dict | None = None) -> Informer:
        """The shared informer of a kind; fields may name {'spec.nodeName': node}, as a kubelet's does."""
        node = (fields or {}).get("spec.nodeName")
        found = self.informers.get((kind, node))
        if found is None:
            found = self.informers[kind, node] = Informer(self.registry, self.resource(kind), node)
        return found

    # --- writing: each returns what is stored now ---------------------------------------------------------------------

    def create(self, obj: dict, because: str = "") -> dict:
        return self.registry.create(self._of(obj), obj["metadata"].get("namespace", ""), obj, self.request(because))

    def update(self, obj: dict, because: str = "", subresource: str = "") -> dict:
        """ApiError Conflict where obj is not made from the newest revision."""
        metadata = obj["metadata"]
        return self.registry.update(self._of(obj), metadata.get("namespace", ""), metadata["name"], obj, self.request(because), subresource)

    def update_status(self, obj: dict, because: str = "") -> dict:
        return self.update(obj, because, "status")

    def patch(self, kind: str, name: str, namespace: str | None, patch: object, type: str = "merge", subresource: str = "",
              because: str = "") -> dict:
        return self.registry.patch(self.resource(kind), namespace or "", name, patch, type, self.request(because), subresource)

    def delete(self, kind: str, name: str, namespace: str | None = None, because: str = "", grace: int | None = None,
               propagation: str | None = None, uid: str | None = None) -> dict:
        """ApiError NotFound, or Conflict where uid is not the object's."""
        options: dict = {"preconditions": {"uid": uid}} if uid else {}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        if propagation:
            options["propagationPolicy"] = propagation
        return self.registry.delete(self.resource(kind), namespace or "", name, self.request(because), options)

    def bind(self, pod: dict, node: str, because: str = "") -> None:
        metadata = pod["metadata"]
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]}, "target": {"kind": "Node", "name": node}}
        self.registry.create(self.resource("Pod"), metadata["namespace"], binding, self.request(because), "binding", metadata["name"])

    def evict(self, pod: dict, because: str = "") -> dict:
        """ApiError TooManyRequests where a disruption budget does not allow it."""
        metadata = pod["metadata"]
        return self.registry.create(self.resource("Pod"), metadata["namespace"], {"metadata": {"name": metadata["name"]}},
                                    self.request(because), "eviction", metadata["name"])

    def token(self, namespace: str, account: str, seconds: int, audience: str = "") -> str:
        """A token of a service account. Upstream: TokenRequest."""
        spec = {"expirationSeconds": seconds} | ({"audiences": [audience]} if audience else {})
        answer = self.registry.create(self.resource("ServiceAccount"), namespace, {"spec": spec}, self.request(), "token", account)
        return answer["status"]["token"]

    def event(self, obj: dict, type: str, reason: str, message: str, **more: str) -> None:
        """Tells of something about obj: type Normal or Warning. See Recorder.event."""
        self.recorder.event(obj, type, reason, message, **more)
