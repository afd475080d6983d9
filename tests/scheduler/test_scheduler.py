"""The scheduler among objects: what it writes, and when it tries again."""
from __future__ import annotations

from kubelearn.scheduler import Plugin

STORAGE = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk}
spec:
  capacity: {storage: 5Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: local
  local: {path: /mnt/d}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-2]}]}]}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {storageClassName: local, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
DATA = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]


def test_a_pod_is_bound_with_a_reason_and_an_event(world):
    world.pod("web")
    node = world.node_of("web")
    binding = next(r for r in world.registry.etcd.log if r.kind == "Pod" and r.verb == "update")
    assert binding.actor == "default-scheduler" and binding.because.startswith(f"3 nodes fit, {node} scored ")
    assert world.events() == [f"web Normal Scheduled: Successfully assigned default/web to {node}"]


def test_why_a_pod_is_pending(world):
    """The condition and the event say the same, with upstream's word on preemption."""
    world.pod("big", "64")
    text = ("0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: "
            "3 Preemption is not helpful for scheduling.")
    condition = world.get("big")["status"]["conditions"][0]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "Unschedulable")
    assert condition["message"] == text and condition["observedGeneration"] == 1
    assert world.events() == [f"big Warning FailedScheduling: {text}"]


def test_the_history_has_each_node_s_own_reason(world):
    """Where they are few enough to be read."""
    world.client.patch("Node", "node-2", None, {"spec": {"unschedulable": True}})
    world.pod("big", "64")
    told = next(r for r in world.registry.etcd.log if r.kind == "Pod" and r.verb == "update")
    assert told.because == "node-1: Insufficient cpu; node-2: node(s) were unschedulable; node-3: Insufficient cpu"


def test_a_pending_pod_is_tried_again_when_that_may_help(world):
    world.pod("filler-1", "3"), world.pod("filler-2", "3"), world.pod("filler-3", "3")
    world.pod("waits", "2")
    assert world.node_of("waits") is None and "No preemption victims found for incoming pod" in world.message("waits")
    world.clock.run(world.clock.now + 5)
    world.delete("filler-2")
    assert world.node_of("waits") is not None


def test_a_new_node_takes_what_was_pending(world):
    world.pod("picky", nodeSelector={"kubernetes.io/hostname": "node-4"})
    assert world.node_of("picky") is None
    world.add_node(4)
    world.clock.settle()
    assert world.node_of("picky") == "node-4"


def test_what_nothing_changes_is_looked_at_every_five_minutes(world):
    world.pod("big", "64")
    world.clock.run(901)
    event = world.client.list("Event")[0]
    assert event.get("count", event.get("series", {}).get("count")) == 4


def test_gates_keep_a_pod_out_of_the_queue(world):
    world.pod("gated", schedulingGates=[{"name": "example.com/ready"}])
    assert world.node_of("gated") is None and not [e for e in world.events() if "FailedScheduling" in e]
    world.client.patch("Pod", "gated", "default", {"spec": {"schedulingGates": None}})
    world.clock.settle()
    assert world.node_of("gated") is not None


def test_another_schedulers_pods_are_left_alone(world):
    world.pod("other", schedulerName="mine")
    assert world.node_of("other") is None and not world.events()


def test_the_important_come_first(world):
    """Of pods that wait, the one with the highest priority is placed first."""
    world.apply("{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 1000}")
    world.scheduler.stop()
    for number in range(3):
        world.pod(f"low-{number}", "3")
    world.pod("low-3", "3"), world.pod("high", "3", priorityClassName="high")
    world.scheduler.start()
    world.clock.settle()
    assert world.node_of("high") is not None
    assert sum(world.node_of(f"low-{number}") is None for number in range(4)) == 2


def test_preemption(world):
    """A pod of higher priority takes the place of a lower one when nothing else fits: nominated first, bound when it is free."""
    world.apply("{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 1000}")
    for number in range(3):
        world.pod(f"low-{number}", "3")
    high = world.pod("high", "3", priorityClassName="high")
    nominated = world.get("high")["status"]["nominatedNodeName"]
    assert "found a potential placement for pod on node" in world.message("high")
    victim = next(f"low-{number}" for number in range(3) if world.node_of(f"low-{number}") == nominated)
    condition = world.get(victim)["status"]["conditions"][-1]
    assert condition["type"] == "DisruptionTarget" and condition["reason"] == "PreemptionByScheduler"
    assert condition["message"] == "default-scheduler: preempting to accommodate a higher priority pod"
    assert f"{victim} Normal Preempted: Preempted by pod {high['metadata']['uid']} on node {nominated}" in world.events()
    world.pod("late", "1", labels={"app": "late"}), world.pod("later", "3", labels={"app": "late"})
    assert world.node_of("later") is None
    world.delete(victim)
    assert world.node_of("high") == nominated


def test_nobody_is_preempted_for_a_pod_that_says_never(world):
    world.apply("{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: meek}, value: 1000, preemptionPolicy: Never}")
    for number in range(3):
        world.pod(f"low-{number}", "3")
    world.pod("meek", "3", priorityClassName="meek")
    assert world.message("meek").endswith("3 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.")
    assert not [e for e in world.events() if "Preempted" in e]


def test_a_claim_that_waits_is_bound_where_its_pod_goes(world):
    """The volume is promised to the claim first; the pod follows when the claim is bound, and the volume is nobody else's."""
    world.apply(STORAGE)
    world.client.update_status({**world.client.get("PersistentVolume", "disk"), "status": {"phase": "Available"}})
    world.pod("user", volumes=DATA)
    volume = world.client.get("PersistentVolume", "disk")
    assert volume["spec"]["claimRef"]["name"] == "data" and world.node_of("user") is None
    claim = world.client.get("PersistentVolumeClaim", "data", "default")
    world.client.update({**claim, "spec": {**claim["spec"], "volumeName": "disk"}})
    claim = world.client.get("PersistentVolumeClaim", "data", "default")
    world.client.update_status({**claim, "status": {"phase": "Bound"}})
    world.clock.settle()
    assert world.node_of("user") == "node-2"


def test_a_claim_that_is_not_there(world):
    world.pod("lost", volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "missing"}}])
    assert world.message("lost") == '0/3 nodes are available: persistentvolumeclaim "missing" not found. not found'


def test_without_a_volume_nothing_is_bound(world):
    world.apply(STORAGE)
    world.client.delete("PersistentVolume", "disk")
    world.pod("user", volumes=DATA)
    assert "3 node(s) didn't find available persistent volumes to bind." in world.message("user")


def test_a_broken_plugin_stops_nobody_for_good(world):
    """Its error is told as an event; the pod backs off and is tried again; the cluster goes on."""
    class Broken(Plugin):
        def filter(self, state, pod, node):
            raise ValueError("out of luck")
    seen = []
    world.clock.on_error = seen.append
    world.scheduler.plugins.append(Broken())
    world.pod("web")
    assert any('FailedScheduling: running "Broken" filter plugin: out of luck' in event for event in world.events()) and seen
    world.scheduler.plugins.pop()
    world.clock.run(world.clock.now + 1)
    assert world.node_of("web") is not None


def test_it_can_forget_everything_at_any_moment(world):
    for number in range(6):
        world.pod(f"web-{number}", "1500m")
    world.scheduler.stop()
    world.pod("late", "1")
    assert world.node_of("late") is None
    world.scheduler.start()
    world.clock.settle()
    assert world.node_of("late") is not None
    assert sum(len(node.pods) for node in world.scheduler.snapshot.nodes.values()) == 7
