"""DaemonSets: one pod on every node that allows it."""
from __future__ import annotations

import pytest

from kubelearn.controllers import daemonset
from kubelearn.controllers.daemonset import DaemonSetController, Place, daemon_tolerations, replaceable, surge_steps
from kubelearn.controllers.garbagecollector import GarbageCollector

AGENT = """
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent}
    spec:
      selector: {matchLabels: {app: agent}}
      template:
        metadata: {labels: {app: agent}}
        spec: {containers: [{name: c, image: nginx}]}"""


@pytest.fixture
def daemons(world):
    return world.nodes().start(GarbageCollector, DaemonSetController)


def on_nodes(world) -> list[str]:
    return sorted(pod["spec"]["nodeName"] for pod in world.list("Pod"))


def status(world) -> dict:
    return world.get("DaemonSet", "agent")["status"]


def test_every_node_has_one_pod_and_a_new_node_gets_one(daemons):
    daemons.apply(AGENT)
    assert on_nodes(daemons) == ["node-1", "node-2", "node-3"]
    assert status(daemons) == {"currentNumberScheduled": 3, "numberMisscheduled": 0, "desiredNumberScheduled": 3, "numberReady": 3,
                               "observedGeneration": 1, "updatedNumberScheduled": 3, "numberAvailable": 3}
    daemons.apply("{apiVersion: v1, kind: Node, metadata: {name: node-4}}")
    assert on_nodes(daemons)[-1] == "node-3"  # it is not ready yet
    daemons.patch("Node", "node-4", {"spec": {"taints": None}})
    assert on_nodes(daemons)[-1] == "node-4"
    [name] = [p["metadata"]["name"] for p in daemons.list("Pod") if p["spec"]["nodeName"] == "node-4"]
    assert daemons.because("Pod", name)[0] == "node node-4 should have one pod, found none"


def test_a_lost_pod_comes_back_on_its_node(daemons):
    daemons.apply(AGENT)
    daemons.delete("Pod", daemons.names("Pod")[0])
    assert on_nodes(daemons) == ["node-1", "node-2", "node-3"]
    daemons.finish(daemons.names("Pod")[0], 1)
    assert on_nodes(daemons) == ["node-1", "node-2", "node-3"]
    assert any("FailedDaemonPod" in event for event in daemons.events("DaemonSet"))


def test_a_node_selector_and_taints_decide_where(daemons):
    """A pod leaves a node that it may no longer be on; NoSchedule lets it stay, and it is told of at the next occasion only."""
    daemons.apply(AGENT)
    daemons.patch("DaemonSet", "agent", {"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/hostname": "node-2"}}}}})
    assert on_nodes(daemons) == ["node-2"] and status(daemons)["desiredNumberScheduled"] == 1
    daemons.patch("Node", "node-2", {"spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}})
    assert on_nodes(daemons) == ["node-2"] and status(daemons)["numberMisscheduled"] == 0
    daemons.patch("DaemonSet", "agent", {"spec": {"revisionHistoryLimit": 3}})
    assert on_nodes(daemons) == ["node-2"] and status(daemons)["numberMisscheduled"] == 1
    daemons.patch("Node", "node-2", {"spec": {"taints": [{"key": "k", "effect": "NoExecute"}]}})
    assert on_nodes(daemons) == []


def test_a_rollout_replaces_one_pod_after_another_and_can_be_undone(daemons):
    """At most maxUnavailable (1) pods are down; the old template's revision is found again."""
    daemons.apply(AGENT)
    low = []
    daemons.client.informer("DaemonSet").on(lambda old, new: low.append(new["status"].get("numberAvailable", 0)) if new else None)
    daemons.patch("DaemonSet", "agent", {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx:2"}]}}}})
    daemons.run(1)
    assert {p["spec"]["containers"][0]["image"] for p in daemons.list("Pod")} == {"nginx:2"} and min(low) >= 2
    assert sorted(r["revision"] for r in daemons.list("ControllerRevision")) == [1, 2]
    daemons.patch("DaemonSet", "agent", {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx"}]}}}})
    daemons.run(1)
    assert sorted(r["revision"] for r in daemons.list("ControllerRevision")) == [2, 3]
    assert {p["spec"]["containers"][0]["image"] for p in daemons.list("Pod")} == {"nginx"}


def test_on_delete_updates_only_what_someone_deletes(daemons):
    daemons.apply(AGENT + "\n      updateStrategy: {type: OnDelete}")
    daemons.patch("DaemonSet", "agent", {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx:2"}]}}}})
    assert status(daemons).get("updatedNumberScheduled", 0) == 0
    daemons.delete("Pod", daemons.names("Pod")[0])
    assert status(daemons)["updatedNumberScheduled"] == 1


def pod(name: str) -> dict:
    return {"metadata": {"name": name, "creationTimestamp": ""}, "spec": {}, "status": {}}


def test_a_rollout_counts_what_is_down_already():
    """maxUnavailable bounds all that is down; outdated pods that are down anyway are replaced for free."""
    old = [Place(f"n{i}", True, True, [pod(f"p{i}")], [], [], []) for i in range(3)]
    assert [p["metadata"]["name"] for p in replaceable(old, 1, {"p0", "p1", "p2"})] == ["p0"]
    assert [p["metadata"]["name"] for p in replaceable(old, 1, {"p1", "p2"})] == ["p0"]
    leaving = Place("n9", True, True, [], [], [], [pod("p9")])
    assert replaceable([*old, leaving], 1, {"p0", "p1", "p2"}) == []


def test_with_surge_the_old_pod_goes_when_the_new_one_is_available():
    old, new = pod("old"), pod("new")
    both = Place("n0", True, True, [old], [new], [], [])
    alone = Place("n1", True, True, [pod("p1")], [], [], [])
    assert surge_steps([both, alone], 1, {"old", "p1"}) == ([], [])
    assert surge_steps([both, alone], 1, {"old", "new", "p1"}) == (["n1"], [old])


def test_daemon_pods_tolerate_what_nodes_suffer():
    keys = [t["key"] for t in daemon_tolerations({"tolerations": [{"key": "mine"}, daemonset.TOLERATIONS[0]], "hostNetwork": True})]
    assert keys[0] == "mine" and len(keys) == len(set(keys)) == 8
