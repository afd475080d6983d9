"""run(until=...): the condition may ask the cluster in any way."""
from __future__ import annotations

import os
import subprocess

import pytest

from kubelearn import Cluster, kubectl

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}


@pytest.fixture
def cluster():
    with Cluster(nodes=1) as made:
        made.apply(POD)
        yield made


def kubectl_of(cluster: Cluster, *words: str) -> str:
    environment = os.environ | {"KUBECONFIG": cluster.kubeconfig}
    return subprocess.run([kubectl.find(), *words], capture_output=True, text=True, env=environment).stdout


def ready_at(cluster: Cluster) -> float:
    """The first moment at which the pod runs."""
    return next(revision.time for revision in cluster.revisions() if revision.resource.kind == "Pod"
                and revision.object["status"].get("phase") == "Running")


def test_a_condition_may_ask_with_kubectl_and_ends_run_at_the_same_moment_as_one_that_asks_directly(cluster):
    assert cluster.run(until=lambda: "Running" in kubectl_of(cluster, "get", "pod", "web"))
    assert cluster.now == ready_at(cluster)


def test_a_condition_may_wait_with_kubectl(cluster):
    """Its own kubectl moves time while it waits."""
    assert cluster.run(until=lambda: "condition met" in kubectl_of(cluster, "wait", "pod/web", "--for=condition=Ready"))
    assert cluster.now == ready_at(cluster)


def test_meanwhile_a_kubectl_of_somebody_else_moves_no_time(cluster):
    """One that follows changes beside it sees them, and the run ends where it would have ended without it."""
    watching = subprocess.Popen([kubectl.find(), "get", "pods", "--watch"], env=os.environ | {"KUBECONFIG": cluster.kubeconfig},
                                stdout=subprocess.PIPE, text=True)
    assert "NAME" in watching.stdout.readline()
    begun = cluster.now
    assert cluster.run(until=lambda: kubectl_of(cluster, "get", "pods") and cluster.now >= begun + 30, limit=60)
    watching.kill()
    watching.communicate()
    assert cluster.now < begun + 60


def test_a_condition_that_fails_says_so_and_the_cluster_goes_on(cluster):
    with pytest.raises(ZeroDivisionError):
        cluster.run(until=lambda: 1 / 0)
    assert cluster.run(until=lambda: cluster.get("Pod", "web")["status"]["phase"] == "Running")


def drained(node: str) -> tuple[float, list]:
    """When kubectl drain has ended, and what the successors are called and where they run."""
    with Cluster(nodes=3) as cluster:
        for number in range(4):
            labels = {"app": f"app-{number}"}
            template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "nginx"}]}}
            cluster.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": f"app-{number}"},
                           "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}})
        cluster.run(10)
        kubectl_of(cluster, "drain", node)
        return cluster.now, sorted((pod["metadata"]["name"], pod["spec"]["nodeName"]) for pod in cluster.get("Pod"))


def test_a_drain_ends_the_same_though_kubectl_evicts_from_several_threads():
    """And as soon as the last of them is gone."""
    first = drained("node-2")
    assert first[0] < 15
    assert first == drained("node-2")
