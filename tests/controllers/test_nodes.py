"""Nodes that fall silent, and what becomes of their pods."""
from __future__ import annotations

import pytest

from kubelearn.controllers.nodelifecycle import NodeLifecycleController
from kubelearn.controllers.podgc import PodGCController
from kubelearn.controllers.tainteviction import TaintEvictionController, seconds_tolerated

LIMITS = "[{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: %d}]"


class Nodes:
    """Two nodes that renew their leases every 10 seconds until they are stopped."""

    def __init__(self, world):
        self.world, self.running = world, {"node-1": True, "node-2": True}
        world.apply("{apiVersion: v1, kind: Namespace, metadata: {name: kube-node-lease}}")
        for name in self.running:
            world.apply(f"{{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {{name: {name}, namespace: kube-node-lease}}}}")
            self.renew(name)

    def renew(self, name: str) -> None:
        if self.running[name]:
            renewed = {"spec": {"renewTime": self.world.clock.micro_timestamp()}}
            self.world.client.patch("Lease", name, "kube-node-lease", renewed)
        self.world.clock.call_later(10, self.renew, name)


@pytest.fixture
def cluster(world):
    world.nodes(2).start(NodeLifecycleController, TaintEvictionController, PodGCController)
    world.leases = Nodes(world)
    world.clock.settle()
    return world


def pod(name: str, node: str, tolerations: str = "[]") -> str:
    return f"""
        apiVersion: v1
        kind: Pod
        metadata: {{name: {name}}}
        spec: {{nodeName: {node}, tolerations: {tolerations}, containers: [{{name: c, image: i}}]}}"""


def taints(world, node: str) -> list[str]:
    return [f"{t['key'].split('/')[1]}:{t['effect']}" for t in world.get("Node", node)["spec"].get("taints", [])]


def ready(world, kind: str, name: str) -> str:
    return next(c["status"] for c in world.get(kind, name)["status"]["conditions"] if c["type"] == "Ready")


def test_a_silent_node_is_unknown_after_fifty_seconds_and_its_pods_are_not_ready(cluster):
    cluster.apply(pod("web", "node-1"))
    cluster.run(12)
    cluster.leases.running["node-1"] = False  # it last renewed at 10
    cluster.run(47)
    assert ready(cluster, "Node", "node-1") == "True"
    cluster.run(2)  # 61
    assert ready(cluster, "Node", "node-1") == "Unknown" and ready(cluster, "Pod", "web") == "False"
    assert taints(cluster, "node-1") == ["unreachable:NoSchedule"] and taints(cluster, "node-2") == []
    assert cluster.events("Pod") == ["Warning NodeNotReady: Node is not ready"]
    assert "Normal NodeNotReady: Node node-1 status is now: NodeNotReady" in cluster.events("Node")
    assert cluster.because("Node", "node-1")[-2] == "nothing heard from its kubelet for 50 seconds"


def test_five_seconds_later_it_is_tainted_noexecute_and_pods_leave_after_their_time(cluster):
    cluster.apply(pod("hasty", "node-1", LIMITS % 0))
    cluster.apply(pod("patient", "node-1", LIMITS % 20))
    cluster.apply(pod("default", "node-1"))  # admission lets it tolerate 300 seconds
    cluster.run(12)
    cluster.leases.running["node-1"] = False
    cluster.run(54)  # 66: unknown at 60, NoExecute at 65
    assert taints(cluster, "node-1") == ["unreachable:NoSchedule", "unreachable:NoExecute"]
    assert cluster.names("Pod") == ["default", "patient"]
    cluster.run(18)
    assert "patient" in cluster.names("Pod")
    cluster.run(2)
    assert cluster.names("Pod") == ["default"]
    assert "Normal TaintManagerEviction: Marking for deletion Pod default/patient" in cluster.events("Pod")
    cluster.run(278)
    assert cluster.names("Pod") == ["default"]
    cluster.run(3)
    assert cluster.names("Pod") == []


def test_a_node_that_comes_back_keeps_its_pods(cluster):
    cluster.apply(pod("web", "node-1"))
    cluster.run(12)
    cluster.leases.running["node-1"] = False
    cluster.run(60)
    assert taints(cluster, "node-1") == ["unreachable:NoSchedule", "unreachable:NoExecute"]
    cluster.leases.running["node-1"] = True
    node = cluster.get("Node", "node-1")
    conditions = [{**c, "status": "True" if c["type"] == "Ready" else "False", "lastTransitionTime": cluster.clock.timestamp(),
                   "lastHeartbeatTime": cluster.clock.timestamp()} for c in node["status"]["conditions"]]
    cluster.patch("Node", "node-1", {"status": {"conditions": conditions}}, "status")
    assert taints(cluster, "node-1") == ["unreachable:NoExecute"]
    cluster.run(6)
    assert taints(cluster, "node-1") == [] and cluster.names("Pod") == ["web"]
    assert "Normal TaintManagerEviction: Cancelling deletion of Pod default/web" in cluster.events("Pod")
    cluster.run(400)
    assert cluster.names("Pod") == ["web"] and ready(cluster, "Node", "node-1") == "True"


def test_nobody_is_evicted_when_no_node_is_well(cluster):
    cluster.apply(pod("web", "node-1", LIMITS % 0))
    cluster.leases.running.update({"node-1": False, "node-2": False})
    cluster.run(120)
    assert taints(cluster, "node-1") == ["unreachable:NoSchedule"] and cluster.names("Pod") == ["web"]


def test_cordoning_is_a_taint_too(cluster):
    cluster.patch("Node", "node-1", {"spec": {"unschedulable": True}})
    assert taints(cluster, "node-1") == ["unschedulable:NoSchedule"]
    cluster.patch("Node", "node-1", {"spec": {"unschedulable": None}})
    assert taints(cluster, "node-1") == []


def test_a_taint_of_ones_own_drives_out_what_does_not_tolerate_it(cluster):
    cluster.apply(pod("delicate", "node-1"))
    cluster.apply(pod("hardy", "node-1", "[{key: mine, operator: Exists}]"))
    cluster.apply(pod("soon", "node-1", "[{key: mine, operator: Exists, effect: NoExecute, tolerationSeconds: 30}]"))
    cluster.patch("Node", "node-1", {"spec": {"taints": [{"key": "mine", "effect": "NoExecute"}]}})
    assert cluster.names("Pod") == ["hardy", "soon"]
    cluster.run(31)
    assert cluster.names("Pod") == ["hardy"]


def test_pods_of_a_node_that_is_gone_go_sixty_to_eighty_seconds_later(cluster):
    cluster.apply(pod("web", "node-1"))
    cluster.run(7)
    cluster.delete("Node", "node-1")
    cluster.run(60)
    assert cluster.names("Pod") == ["web"]
    cluster.run(20)
    assert cluster.names("Pod") == []


def test_how_long_taints_are_tolerated():
    """One that is not tolerated: not at all; else the shortest of the tolerations that match first; without limit, for ever."""
    a, b = {"key": "a", "effect": "NoExecute"}, {"key": "b", "effect": "NoExecute"}
    tolerations = [{"key": "a", "operator": "Exists", "tolerationSeconds": 9}, {"key": "b", "operator": "Exists"}]
    assert [seconds_tolerated(tolerations, found) for found in ([a], [b], [a, b], [{"key": "c", "effect": "NoExecute"}])] == [9, None, 9, 0]
