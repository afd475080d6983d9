"""A world for the scheduler: the real registry and clock, nodes, and pods that end when they are deleted."""
from __future__ import annotations

import pytest
import yaml

from kubelearn.api.resources import Resources
from kubelearn.apiserver.registry import Registry
from kubelearn.apiserver.request import Request
from kubelearn.client import Client
from kubelearn.clock import Clock
from kubelearn.scheduler import Scheduler


class World:
    def __init__(self, nodes: int = 3, cpu: str = "4"):
        self.clock = Clock()
        self.registry = Registry(self.clock, Resources())
        self.client = Client(self.registry, "test")
        self.apply("{apiVersion: v1, kind: Namespace, metadata: {name: default}}")
        self.apply("{apiVersion: v1, kind: ServiceAccount, metadata: {name: default}}")
        for number in range(1, nodes + 1):
            self.add_node(number, cpu)
        self.scheduler = Scheduler(Client(self.registry, "default-scheduler"))
        self.clock.settle()

    def add_node(self, number: int, cpu: str = "4") -> None:
        amounts = f"{{cpu: {cpu}, memory: 8Gi, pods: 110}}"
        self.apply(f"""
            apiVersion: v1
            kind: Node
            metadata:
              name: node-{number}
              labels: {{kubernetes.io/hostname: node-{number}, topology.kubernetes.io/zone: {'abc'[(number - 1) % 3]}}}
            status: {{allocatable: {amounts}, capacity: {amounts}}}""")
        self.client.patch("Node", f"node-{number}", None, {"spec": {"taints": None}})  # as the node controller does when it is ready

    def apply(self, text: str) -> list[dict]:
        """Creates every document of a YAML text, in `default` where it has no say; then all that needs no time."""
        made = []
        for obj in yaml.safe_load_all(text):
            resource = self.registry.resources.by_kind(obj["apiVersion"], obj["kind"])
            namespace = obj["metadata"].get("namespace", "default") if resource.namespaced else ""
            made.append(self.registry.create(resource, namespace, obj, Request("kubectl")))
        self.clock.settle()
        return made

    def pod(self, name: str, cpu: str = "", **spec: object) -> dict:
        resources = {"resources": {"requests": {"cpu": cpu}}} if cpu else {}
        spec = {"containers": [{"name": "c", "image": "nginx", **resources}], **spec}
        metadata = {"name": name, "labels": spec.pop("labels", {"app": "web"})}
        return self.apply(yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))[0]

    def get(self, name: str) -> dict:
        return self.client.get("Pod", name, "default")

    def node_of(self, name: str) -> str | None:
        return self.get(name)["spec"].get("nodeName")

    def message(self, name: str) -> str:
        found = [c for c in self.get(name)["status"].get("conditions", ()) if c["type"] == "PodScheduled"]
        return found[0].get("message", "") if found else ""

    def delete(self, name: str, grace: int | None = 0) -> None:
        self.client.delete("Pod", name, "default", grace=grace)
        self.clock.settle()

    def events(self) -> list[str]:
        return [f"{e['involvedObject']['name']} {e['type']} {e['reason']}: {e['message']}" for e in self.client.list("Event")]


@pytest.fixture
def world():
    return World()
