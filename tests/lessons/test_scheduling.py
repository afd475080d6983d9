"""The judges of 09_schedule: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.lessons import check, scheduling

ZONES = {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": {"app": "api"}}}
SPREAD = {"topologySpreadConstraints": [{"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", **ZONES}]}
APART = {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [ZONES]}}}
BY_NODE = {"topologySpreadConstraints": [{"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", **ZONES, "topologyKey": "kubernetes.io/hostname"}]}
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
    """Also when it is judged twice, and the machine has been asked for twice."""
    for _ in range(2):
        scheduling.fourth_node(cluster)
    cluster.apply(api(SPREAD))
    assert check(scheduling.two_a_zone, cluster) and check(scheduling.two_a_zone, cluster) and len(cluster.nodes) == 4


@pytest.mark.parametrize("spec, seen", [(APART, "of 6 Pods run"), (PACKED, "unevenly"), (BY_NODE, "unevenly"), ({}, "unevenly")])
def test_other_rules(cluster, spec, seen):
    """Zones of unequal size: what is spread by node, or by nobody, is not even by zone."""
    scheduling.fourth_node(cluster)
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
    assert not verdict and "greedy is Pending" in verdict.text and "a node has 4 CPUs" in verdict.text


def test_no_toleration(cluster):
    three(cluster, tolerations=())
    assert "shy is Pending" in check(scheduling.pending_repaired, cluster).text


def test_taking_the_taint_off_is_not_the_way(cluster):
    three(cluster)
    cluster.patch("Node", "node-3", {"spec": {"taints": None}}, type="merge")
    assert "lost its taint" in check(scheduling.pending_repaired, cluster).text


def test_what_fits_is_counted():
    """Twelve Pods of 3 CPUs on three nodes of 4: one a node, and the rest of each node is nobody's."""
    picture = scheduling.packed("3")
    assert picture.caption == "3 of 12 Pods have a node, 9 wait"


def test_shy_belongs_into_zone_c(cluster):
    three(cluster)
    cluster.delete("Pod", "shy", gracePeriodSeconds=0)
    cluster.apply(pod("shy"))
    verdict = check(scheduling.pending_repaired, cluster)
    assert not verdict and "not in zone c" in verdict.text and "nodeSelector" in verdict.text


def test_a_label_moves_no_machine(cluster):
    """Node-2 is called zone c: shy runs, elsewhere."""
    three(cluster)
    cluster.delete("Pod", "shy", gracePeriodSeconds=0)
    cluster.patch("Node", "node-2", {"metadata": {"labels": {"topology.kubernetes.io/zone": "c"}}})
    cluster.apply(pod("shy", nodeSelector={"topology.kubernetes.io/zone": "c"}))
    verdict = check(scheduling.pending_repaired, cluster)
    assert not verdict and "not in zone c" in verdict.text


def test_the_broken_three_wait(cluster):
    """As new, whatever was tried before."""
    cluster.apply(pod("greedy", cpu="1"))
    scheduling.three_that_wait(cluster)
    assert {cluster.get("Pod", name)["status"]["phase"] for name in scheduling.NEEDS} == {"Pending"}
    assert "picky is Pending" in check(scheduling.pending_repaired, cluster).text


def test_with_somebody_who_measures_the_autoscaler_follows_the_load(cluster):
    """Half a CPU of load, a target of 100m a Pod: five Pods; five minutes after the load has gone, one."""
    from kubelearn.lessons import traffic
    from kubelearn.lessons.deployments import deployment, service
    cluster.apply(deployment("php", "registry.k8s.io/hpa-example", 1, resources={"requests": {"cpu": "200m"}}))
    cluster.apply(service("php", 80))
    cluster.apply({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "php"}, "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "php"}, "minReplicas": 1, "maxReplicas": 10,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}]}})
    cluster.run(60)
    assert cluster.get("Deployment", "php")["spec"]["replicas"] == 1
    scheduling.start_metrics_server(cluster)
    traffic.start(cluster, "http://php/", every=0.2, seconds=200)
    cluster.run(190)
    assert cluster.get("Deployment", "php")["spec"]["replicas"] == 5
    cluster.run(420)
    assert cluster.get("Deployment", "php")["spec"]["replicas"] == 1
