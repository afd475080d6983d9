"""A world for controllers: the real registry and clock, the controllers a test names, and nodes played as KWOK plays them."""
from __future__ import annotations

import pytest
import yaml

from kubelearn.api.meta import name_of, namespace_of
from kubelearn.api.resources import Resources
from kubelearn.apiserver.registry import Registry
from kubelearn.apiserver.request import Request
from kubelearn.client import Client
from kubelearn.clock import Clock
from kubelearn.errors import ApiError


class World:
    def __init__(self):
        self.clock = Clock()
        self.registry = Registry(self.clock, Resources())
        self.client = Client(self.registry, "test")
        self.controllers: dict[str, object] = {}
        self.apply("{apiVersion: v1, kind: Namespace, metadata: {name: default}}")
        self.apply("{apiVersion: v1, kind: ServiceAccount, metadata: {name: default}}")

    def start(self, *classes: type) -> World:
        for controller in classes:
            self.controllers[controller.__name__] = controller(self.client)
        self.clock.settle()
        return self

    def apply(self, text: str) -> list[dict]:
        """Creates every document of a YAML text, in `default` unless it says otherwise; then all that needs no time."""
        made = []
        for obj in yaml.safe_load_all(text):
            resource = self.registry.resources.by_kind(obj["apiVersion"], obj["kind"])
            namespace = obj["metadata"].get("namespace", "default") if resource.namespaced else ""
            made.append(self.registry.create(resource, namespace, obj, Request("kubectl")))
        self.clock.settle()
        return made

    def get(self, kind: str, name: str, namespace: str = "default") -> dict | None:
        resource = self.client.resource(kind)
        return self.registry.find(resource, namespace if resource.namespaced else "", name)

    def list(self, kind: str, namespace: str = "default") -> list[dict]:
        return self.client.list(kind, namespace if self.client.resource(kind).namespaced else None)

    def names(self, kind: str, namespace: str = "default") -> list[str]:
        return [name_of(obj) for obj in self.list(kind, namespace)]

    def patch(self, kind: str, name: str, patch: dict, subresource: str = "", namespace: str = "default") -> dict:
        done = self.client.patch(kind, name, namespace if self.client.resource(kind).namespaced else None, patch, subresource=subresource)
        self.clock.settle()
        return done

    def delete(self, kind: str, name: str, propagation: str | None = None, namespace: str = "default", **more) -> None:
        self.client.delete(kind, name, namespace if self.client.resource(kind).namespaced else None, propagation=propagation, **more)
        self.clock.settle()

    def run(self, seconds: float) -> None:
        self.clock.run(self.clock.now + seconds)

    def events(self, kind: str) -> list[str]:
        return [f"{e['type']} {e['reason']}: {e['message']}" for e in self.list("Event") if e["involvedObject"]["kind"] == kind]

    # --- nodes ------------------------------------------------------------------------------------------------------

    def nodes(self, count: int = 3, seconds: float = 0.0) -> World:
        """Nodes whose pods are ready `seconds` after their creation and gone at once when they are deleted."""
        for number in range(1, count + 1):
            self.apply(f"""
                apiVersion: v1
                kind: Node
                metadata:
                  name: node-{number}
                  labels: {{kubernetes.io/hostname: node-{number}, topology.kubernetes.io/zone: {'abc'[number % 3]}}}
                status: {{conditions: [{{type: Ready, status: "True"}}]}}""")
            self.patch("Node", f"node-{number}", {"spec": {"taints": None}})  # a new node is tainted not-ready until someone sees it ready
        self.count, self.placed, self.seconds = count, 0, seconds
        self.client.informer("Pod").on(self._pod_changed)
        return self

    def _pod_changed(self, old: dict | None, new: dict | None) -> None:
        if new and (old is None or old["metadata"]["uid"] != new["metadata"]["uid"]):
            self.clock.call_later(self.seconds, self._run_pod, new)
        elif new and "deletionTimestamp" in new["metadata"]:
            self.clock.call_soon(self._end_pod, new)

    def _run_pod(self, pod: dict) -> None:
        self.placed += 1
        terms = (pod["spec"].get("affinity", {}).get("nodeAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution", {})
                 .get("nodeSelectorTerms", [{}]))
        fields = terms[0].get("matchFields")
        node = fields[0]["values"][0] if fields else f"node-{self.placed % self.count + 1}"
        try:
            if not pod["spec"].get("nodeName"):
                self.client.bind(pod, node)
            self.set_pod(pod, "Running")
        except ApiError:
            pass  # it is gone already

    def _end_pod(self, pod: dict) -> None:
        try:
            self.client.delete("Pod", name_of(pod), namespace_of(pod), grace=0)
        except ApiError:
            pass  # it is gone already

    def set_pod(self, pod: dict, phase: str, ready: bool | None = None, **status) -> None:
        """What a kubelet would write: the phase, the address, the condition Ready."""
        current = self.client.get("Pod", name_of(pod), namespace_of(pod))
        ready = phase == "Running" if ready is None else ready
        condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": self.clock.timestamp()}
        address = f"10.244.0.{self.registry.etcd.revision % 250}"
        more = {"phase": phase, "podIP": current["status"].get("podIP", address), "conditions": [condition], **status}
        self.client.update_status({**current, "status": {**current["status"], **more}})

    def finish(self, name: str, exit_code: int = 0) -> None:
        """A pod's containers end."""
        pod = self.get("Pod", name)
        ended = {"exitCode": exit_code, "finishedAt": self.clock.timestamp(), "startedAt": self.clock.timestamp()}
        container = {"name": "c", "image": "busybox", "imageID": "", "ready": False, "restartCount": 0, "state": {"terminated": ended}}
        self.set_pod(pod, "Failed" if exit_code else "Succeeded", ready=False, containerStatuses=[container])
        self.clock.settle()

    def because(self, kind: str, name: str) -> list[str]:
        """The reasons of all writes of an object, oldest first."""
        resource = self.client.resource(kind)
        return [r.because for r in self.registry.etcd.history(resource, ("default" if resource.namespaced else "", name))]


@pytest.fixture
def world() -> World:
    return World()
