"""Disruption budgets, quotas, aggregated roles, load balancers."""
from __future__ import annotations

from functools import partial

from kubelearn.controllers.clusterroleaggregation import ClusterRoleAggregationController
from kubelearn.controllers.deployment import DeploymentController
from kubelearn.controllers.disruption import DisruptionController
from kubelearn.controllers.replicaset import ReplicaSetController
from kubelearn.controllers.resourcequota import ResourceQuotaController
from kubelearn.controllers.servicelb import FINALIZER, ServiceLBController

WEB = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 4
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: c, image: nginx}]}"""


def budget(spec: str) -> str:
    return f"""
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {{name: b}}
        spec: {{selector: {{matchLabels: {{app: web}}}}, {spec}}}"""


def figures(world) -> tuple:
    status = world.get("PodDisruptionBudget", "b")["status"]
    return tuple(status[key] for key in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"))


def test_a_budget_allows_what_is_healthy_beyond_what_must_stay(world):
    world.nodes().start(DeploymentController, ReplicaSetController, DisruptionController)
    world.apply(WEB + "\n---\n" + budget("minAvailable: 3"))
    assert figures(world) == (1, 4, 3, 4)
    world.set_pod(world.list("Pod")[0], "Running", ready=False)
    world.clock.settle()
    assert figures(world) == (0, 3, 3, 4)
    [verdict] = world.get("PodDisruptionBudget", "b")["status"]["conditions"]
    assert (verdict["status"], verdict["reason"]) == ("False", "InsufficientPods")


def test_parts_are_of_what_the_owners_ask_for(world):
    """maxUnavailable 25% of 4 is one pod, also while a pod is missing; pods that nobody scales leave nothing allowed."""
    world.nodes().start(DeploymentController, ReplicaSetController, DisruptionController)
    world.apply(WEB + "\n---\n" + budget("maxUnavailable: 25%"))
    assert figures(world) == (1, 4, 3, 4)
    world.controllers["ReplicaSetController"].stop()
    world.delete("Pod", world.names("Pod")[0])
    assert figures(world) == (0, 3, 3, 4)


def test_pods_that_nobody_manages_are_told_of_with_the_selector_as_go_prints_it(world):
    world.nodes().start(DisruptionController)
    world.apply("{apiVersion: v1, kind: Pod, metadata: {name: bare, labels: {app: web}}, spec: {containers: [{name: c, image: nginx}]}}")
    world.apply(budget("maxUnavailable: 1"))
    assert figures(world)[2:] == (0, 0)
    assert any("MatchLabels:map[string]string{app: web,}" in event["message"] for event in world.list("Event"))


def test_without_pods_nothing_may_be_disrupted(world):
    world.start(DisruptionController).apply(budget("minAvailable: 0"))
    assert figures(world) == (0, 0, 0, 0) and world.events("PodDisruptionBudget") == ["Normal NoPods: No matching pods found"]


def test_a_quota_says_what_is_used(world):
    world.nodes().start(ResourceQuotaController)
    world.apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: 5, requests.cpu: 2, count/configmaps: 9}}}")
    assert world.get("ResourceQuota", "q")["status"]["used"] == {"pods": "0", "requests.cpu": "0", "count/configmaps": "0"}
    world.apply("""
        apiVersion: v1
        kind: Pod
        metadata: {name: p}
        spec: {containers: [{name: c, image: i, resources: {requests: {cpu: 300m}}}]}""")
    world.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}")
    assert world.get("ResourceQuota", "q")["status"]["used"] == {"pods": "1", "requests.cpu": "300m", "count/configmaps": "1"}
    world.finish("p")
    world.delete("ConfigMap", "c")
    assert world.get("ResourceQuota", "q")["status"]["used"] == {"pods": "0", "requests.cpu": "0", "count/configmaps": "0"}


def test_an_aggregated_role_has_the_rules_of_those_it_selects(world):
    world.start(ClusterRoleAggregationController)
    def role(name: str, more: dict) -> str:
        return str({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}, **more})

    def part(name: str, resource: str) -> str:
        rules = [{"apiGroups": [""], "resources": [resource], "verbs": ["get"]}]
        return role(name, {"metadata": {"name": name, "labels": {"part": "all"}}, "rules": rules})
    world.apply(role("all", {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"part": "all"}}]}}))
    world.apply(part("b", "pods"))
    world.apply(part("a", "nodes"))
    assert [r["resources"] for r in world.get("ClusterRole", "all")["rules"]] == [["nodes"], ["pods"]]
    world.delete("ClusterRole", "a")
    assert [r["resources"] for r in world.get("ClusterRole", "all")["rules"]] == [["pods"]]


def test_a_cloud_gives_a_load_balancer_an_address_and_takes_it_back(world):
    world.controllers["lb"] = partial(ServiceLBController, cidr="203.0.113.0/24")(world.client)
    for name in ("a", "b"):
        world.apply(f"{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{type: LoadBalancer, ports: [{{port: 80}}]}}}}")
    assert world.get("Service", "a")["status"] == {"loadBalancer": {}}
    world.run(10)
    addresses = [world.get("Service", name)["status"]["loadBalancer"]["ingress"][0]["ip"] for name in ("a", "b")]
    assert addresses == ["203.0.113.1", "203.0.113.2"]
    world.patch("Service", "a", {"spec": {"type": "ClusterIP"}})
    assert world.get("Service", "a")["status"] == {"loadBalancer": {}} and "finalizers" not in world.get("Service", "a")["metadata"]
    assert world.get("Service", "b")["metadata"]["finalizers"] == [FINALIZER]
    world.delete("Service", "b")
    assert world.names("Service") == ["a"]
