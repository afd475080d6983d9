"""One node with its kubelet, and what its pods' statuses and events told, in the order in which they were written."""

import pytest

from kubelearn.cluster import Cluster

IMAGES = ("busybox:1.36", "nginx:1.25", "registry.k8s.io/e2e-test-images/agnhost:2.47")


class Bench:
    """A cluster of one node; pods are made from a shell command, or run what their image does."""

    def __init__(self) -> None:
        self.cluster = Cluster(nodes=1, serve=False)
        self.node = self.cluster.nodes["node-1"]
        self.kubelet = self.node.kubelet
        self.node.runtime.preload(*IMAGES)

    def pod(self, name: str, command: str | None = "exec sleep 3600", spec: dict | None = None, **container: object) -> None:
        made = {"name": "main", "image": "busybox:1.36", **({"command": ["sh", "-c", command]} if command else {}), **container}
        self.cluster.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [made], **(spec or {})},
            }
        )

    def run(self, seconds: float) -> None:
        self.cluster.run(seconds)

    def get(self, name: str) -> dict:
        return self.cluster.get("Pod", name)

    def main(self, name: str) -> dict:
        return self.get(name)["status"]["containerStatuses"][0]

    def history(self, name: str) -> list[tuple[float, str]]:
        """(time, what the first container's state said) at each change of it."""
        found: list[tuple[float, str]] = []
        for revision in self.cluster.revisions():
            if revision.resource.kind == "Pod" and revision.name == name:
                statuses = revision.object["status"].get("containerStatuses")
                kind, state = next(iter(statuses[0]["state"].items())) if statuses else ("", {})
                said = state.get("reason") or kind
                if not found or found[-1][1] != said:
                    found.append((round(revision.time, 2), said))
        return found

    def events(self, name: str) -> list[tuple[float, str, str]]:
        """(time, reason, message), repeated ones too."""
        return [
            (round(r.time, 2), r.object["reason"], r.object["message"])
            for r in self.cluster.revisions()
            if r.resource.kind == "Event" and r.object["involvedObject"]["name"] == name and r.actor.startswith("kubelet")
        ]

    def times(self, name: str, reason: str) -> list[float]:
        return [time for time, why, _ in self.events(name) if why == reason]

    def condition(self, name: str, kind: str) -> dict:
        return next(c for c in self.get(name)["status"]["conditions"] if c["type"] == kind)


@pytest.fixture
def bench() -> Bench:
    return Bench()
