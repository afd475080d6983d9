"""How much an object uses."""
from __future__ import annotations

from types import SimpleNamespace

from kubelearn.api import usage

PODS = SimpleNamespace(name="pods", plural="pods", group="")


def container(name: str = "c", **requests: str) -> dict:
    return {"name": name, "image": "nginx", "resources": {"requests": requests}}


def test_containers_add_up_and_an_init_container_counts_where_it_is_bigger():
    spec = {"containers": [container(cpu="100m"), container("d", cpu="200m", memory="1Gi")], "initContainers": [container("i", cpu="1")]}
    assert usage.pod_amounts(spec, "requests") == {"cpu": 1, "memory": 2**30}


def test_a_sidecar_runs_beside_the_others():
    sidecar = {**container("s", cpu="500m"), "restartPolicy": "Always"}
    spec = {"containers": [container(cpu="1")], "initContainers": [sidecar, container("i", cpu="1200m")], "overhead": {"cpu": "50m"}}
    assert usage.pod_amounts(spec, "requests")["cpu"] * 1000 == 1750


def test_a_pod_counts_under_every_name_of_a_quota():
    resources = {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}
    pod = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "resources": resources}]}}
    assert usage.of_object(PODS, pod) == {"count/pods": 1, "pods": 1, "requests.cpu": 1, "cpu": 1, "limits.cpu": 2}
    assert usage.of_object(PODS, {**pod, "status": {"phase": "Succeeded"}}) == {"count/pods": 1}


def test_what_a_quota_counts_must_be_specified():
    pod = {"metadata": {"name": "a"}, "spec": {"containers": [container("b"), container("a", cpu="1")]}}
    assert usage.not_specified(pod, ["requests.cpu", "limits.memory", "pods"]) == "must specify limits.memory for: a,b; requests.cpu for: b"


def test_scopes_choose_pods():
    quota = {"spec": {"hard": {"pods": "1"}, "scopes": ["BestEffort"]}}
    assert usage.in_scope(quota, PODS, {"spec": {"containers": [container()]}})
    assert not usage.in_scope(quota, PODS, {"spec": {"containers": [container(cpu="1")]}})
    by_class = {"spec": {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}}}
    assert usage.in_scope(by_class, PODS, {"spec": {"priorityClassName": "high"}})
    assert not usage.in_scope(by_class, SimpleNamespace(name="services"), {"spec": {}})
