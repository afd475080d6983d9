"""What runs in a Pod, as its node has it: for judges, who look where a learner would with kubectl exec and logs.

Part of Kubernetes: none; it reads the simulated runtime, so it knows nothing of a real cluster.
"""
from __future__ import annotations

from kubelearn.kubelet.container import Container


def containers_of(cluster, pod: dict) -> list[Container]:
    """All of a Pod, those that have ended among them, in the order in which they were made."""
    runtime = cluster.nodes[pod["spec"]["nodeName"]].runtime
    return [c for c in runtime.containers.values() if c.sandbox.pod["metadata"]["uid"] == pod["metadata"]["uid"]]


def running(cluster, pod: dict) -> Container:
    """The first that runs."""
    return next(c for c in containers_of(cluster, pod) if c.state == "running")


def read(cluster, pod: dict, path: str) -> str | None:
    """What a file holds, as the running container sees it; None where there is none."""
    try:
        return running(cluster, pod).files.read(path).decode()
    except OSError:
        return None


def lines_of(container: Container) -> list[str]:
    """What it has written."""
    return [line.decode(errors="replace") for _, _, line in container.log]
