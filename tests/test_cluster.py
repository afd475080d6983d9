"""The surface of a cluster: machines that join."""
from __future__ import annotations

import pytest

from kubelearn import Cluster

TWO_LARGE_PODS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.25", resources: {requests: {cpu: "3"}}}]}
"""


def placed(cluster: Cluster) -> list[str]:
    return sorted(pod["spec"].get("nodeName", "") for pod in cluster.get("pods"))


def test_a_machine_that_joins_takes_what_was_pending():
    """A pod that fits nowhere runs on the next machine that has room."""
    cluster = Cluster(nodes=1, serve=False)
    cluster.apply(TWO_LARGE_PODS)
    cluster.run(10)
    assert placed(cluster) == ["", "node-1"]
    assert cluster.join(labels={"disk": "ssd"}) == "node-2"
    cluster.run(10)
    assert placed(cluster) == ["node-1", "node-2"]
    assert cluster.get("node", "node-2")["metadata"]["labels"]["disk"] == "ssd"


def test_a_fork_has_the_machines_that_joined():
    cluster = Cluster(nodes=1, serve=False)
    cluster.run(5)
    cluster.join("big", cpu="32", memory="64Gi")
    assert cluster.fork().get("node", "big")["status"]["capacity"]["cpu"] == "32"


def test_two_machines_cannot_have_one_name():
    cluster = Cluster(nodes=1, serve=False)
    with pytest.raises(ValueError, match="'node-1' is already there; start\\(\\) brings back"):
        cluster.join("node-1")


def test_a_node_that_was_deleted_comes_back_with_its_kubelet():
    """Deleting the Node object of a machine that is off keeps it out until its kubelet starts again."""
    cluster = Cluster(nodes=2, serve=False)
    cluster.stop("node-2")
    cluster.delete("Node", "node-2")
    cluster.run(60)
    assert [node["metadata"]["name"] for node in cluster.get("nodes")] == ["node-1"]
    cluster.start("node-2")
    cluster.run(20)
    assert [node["metadata"]["name"] for node in cluster.get("nodes")] == ["node-1", "node-2"]
