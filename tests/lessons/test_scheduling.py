"""The judges of 09_schedule: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.lessons import check, scheduling

ZONES = {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": {"app": "api"}}}
SPREAD = {"topologySpreadConstraints": [{"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", **ZONES}]}
APART = {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [ZONES]}}}
PACKED = {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [ZONES]}}}


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        yield made


def api(spec: dict, replicas: int = 6) -> dict:
    template = {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "main", "image": "nginx:1.25"}], **spec}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "api"}}, "template": template}}


def test_an_even_spread(cluster):
    cluster.apply(api(SPREAD))
    assert check(scheduling.two_a_zone, cluster)


@pytest.mark.parametrize("spec, seen", [(APART, "of 6 Pods run"), (PACKED, "unevenly")])
def test_other_rules(cluster, spec, seen):
    cluster.apply(api(spec))
    verdict = check(scheduling.two_a_zone, cluster)
    assert not verdict and seen in verdict.text


def pod(name: str, **spec: object) -> dict:
    container = {"name": "main", "image": "nginx:1.25", "resources": {"requests": {"cpu": spec.pop("cpu", "100m")}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def three(cluster, greedy: str = "1", tolerations: tuple = ({"key": "team", "value": "red"},)) -> None:
    cluster.patch("Node", "node-3", {"spec": {"taints": [{"key": "team", "value": "red", "effect": "NoSchedule"}]}})
    cluster.patch("Node", "node-1", {"metadata": {"labels": {"disk": "ssd"}}})
    cluster.apply(pod("picky", nodeSelector={"disk": "ssd"}))
    cluster.apply(pod("greedy", cpu=greedy))
    cluster.apply(pod("shy", nodeSelector={"topology.kubernetes.io/zone": "c"}, tolerations=list(tolerations)))


def test_all_three_run(cluster):
    three(cluster)
    assert check(scheduling.pending_repaired, cluster)


def test_too_greedy(cluster):
    three(cluster, greedy="6")
    verdict = check(scheduling.pending_repaired, cluster)
    assert not verdict and "greedy is Pending" in verdict.text and "no node has 6 CPUs" in verdict.text


def test_no_toleration(cluster):
    three(cluster, tolerations=())
    assert "shy is Pending" in check(scheduling.pending_repaired, cluster).text


def test_taking_the_taint_off_is_not_the_way(cluster):
    three(cluster)
    cluster.patch("Node", "node-3", {"spec": {"taints": None}}, type="merge")
    assert "lost its taint" in check(scheduling.pending_repaired, cluster).text
