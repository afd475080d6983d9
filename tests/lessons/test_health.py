"""The judges of 10_health: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.lessons import check, health

LIVENESS = {"livenessProbe": {"exec": {"command": ["cat", "/tmp/healthy"]}, "periodSeconds": 5, "failureThreshold": 2}}
STARTUP = {"startupProbe": {"exec": {"command": ["cat", "/tmp/healthy"]}, "periodSeconds": 2, "failureThreshold": 60}}
SHOP = "sleep 10; echo open > /tmp/index.html; httpd -f -p 80 -h /tmp"
READINESS = {"readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1}, "lifecycle": {"preStop": {"sleep": {"seconds": 2}}}}


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        yield made


def deployment(name: str, command: str, replicas: int = 1, **container: object) -> dict:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [
        {"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", command], **container}]}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}}


@pytest.mark.parametrize("probes, passed, seen", [
    ({**LIVENESS, **STARTUP}, True, "restarted when it hung"), (LIVENESS, False, "restarted"), (STARTUP, False, "nobody will restart it"),
    ({"livenessProbe": {**LIVENESS["livenessProbe"], "failureThreshold": 60}}, False, "not restarted within two minutes")])
def test_a_slow_start(cluster, probes, passed, seen):
    cluster.apply(deployment("slow", "sleep 40; touch /tmp/healthy; exec sleep 36000", **probes))
    verdict = check(health.slow_start_survives, cluster)
    assert bool(verdict) is passed and seen in verdict.text


def shop(cluster, replicas: int, budget: bool = True, **container: object) -> list:
    cluster.apply(deployment("shop", SHOP, replicas, **container))
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80}]}})
    if budget:
        cluster.apply({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "shop"},
                       "spec": {"minAvailable": max(replicas - 1, 1), "selector": {"matchLabels": {"app": "shop"}}}})
    cluster.run(30)
    return health.listen(cluster, "http://shop/")


def drain(cluster, politely: bool = True) -> None:
    """What kubectl drain does: cordon, then evict until everybody is gone; or, impolitely, delete."""
    cluster.patch("Node", "node-1", {"spec": {"unschedulable": True}})
    for _ in range(60):
        for pod in health.pods_of(cluster, "shop"):
            if pod["spec"].get("nodeName") == "node-1":
                try:
                    cluster.client.evict(pod) if politely else cluster.delete("Pod", pod["metadata"]["name"], gracePeriodSeconds=0)
                except Exception:
                    pass  # refused: asked again
        cluster.run(5)


def test_a_polite_drain(cluster):
    clients = shop(cluster, 4, **READINESS)
    drain(cluster)
    assert check(health.drain_unnoticed, cluster, clients)


def test_no_drain(cluster):
    assert "still takes Pods" in check(health.drain_unnoticed, cluster, shop(cluster, 4, **READINESS)).text


def test_a_single_replica_is_missed(cluster):
    clients = shop(cluster, 1, budget=False, **READINESS)
    cluster.patch("Node", "node-1", {"spec": {"unschedulable": True}})
    for pod in health.pods_of(cluster, "shop"):
        cluster.delete("Pod", pod["metadata"]["name"], gracePeriodSeconds=0)
    verdict = check(health.drain_unnoticed, cluster, clients)
    assert not verdict and "requests failed" in verdict.text and "more than one replica" in verdict.text


def test_without_a_budget_it_is_luck(cluster):
    clients = shop(cluster, 4, budget=False, **READINESS)
    drain(cluster)
    verdict = check(health.drain_unnoticed, cluster, clients)
    assert not verdict and ("by luck" in verdict.text or "requests failed" in verdict.text)
