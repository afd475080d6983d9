"""The node lifecycle controller: notices that a node fell silent, and keeps pods away from nodes that are not well.

Law: a node whose kubelet has renewed nothing for 50 seconds is Ready=Unknown and its pods are not ready; what ails a node
stands in its taints, NoSchedule at once, NoExecute at the next look, one each 5 seconds; nobody is evicted while no node is well.
Leaves out: limits on how many nodes are tainted in a zone. Upstream: pkg/controller/nodelifecycle.
"""
from __future__ import annotations

from kubelearn.api.meta import condition, condition_is, name_of
from kubelearn.api.taints import taints
from kubelearn.clock import parse_time
from kubelearn.controllers.controller import Controller
from kubelearn.errors import ApiError

PERIOD, GRACE, STARTUP_GRACE = 5.0, 50.0, 60.0  # seconds: between looks; of silence; of silence of a node that never spoke
PREFIX = "node.kubernetes.io/"
TAINTS = {("Ready", "False"): "not-ready", ("Ready", "Unknown"): "unreachable", ("MemoryPressure", "True"): "memory-pressure",
          ("DiskPressure", "True"): "disk-pressure", ("PIDPressure", "True"): "pid-pressure",
          ("NetworkUnavailable", "True"): "network-unavailable"}
OURS = [PREFIX + key for key in (*TAINTS.values(), "unschedulable")]
SILENT = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")  # conditions of which nothing is known any more


def look_after(at: float) -> float:
    """The first look at or after a virtual second."""
    return -(-(at - 1e-6) // PERIOD) * PERIOD


def heard_from(node: dict, lease: dict | None) -> float:
    """When the node last gave a sign of life: its lease or its Ready condition; else its creation."""
    ready = condition(node, "Ready") or {}
    signs = [(lease or {}).get("spec", {}).get("renewTime"), ready.get("lastHeartbeatTime"), node["metadata"]["creationTimestamp"]]
    return max(parse_time(sign) for sign in signs if sign)


def silent_from(node: dict, lease: dict | None) -> float:
    """When the node is given up if nothing more is heard."""
    return look_after(heard_from(node, lease)) + (GRACE if condition(node, "Ready") else STARTUP_GRACE)


def unknown_conditions(node: dict, now: str) -> list[dict]:
    """The node's conditions when nobody knows how it is."""
    found = {c["type"]: c for c in node.get("status", {}).get("conditions", ())}
    for kind in SILENT:
        if kind not in found:
            found[kind] = {"type": kind, "status": "Unknown", "lastHeartbeatTime": node["metadata"]["creationTimestamp"],
                           "lastTransitionTime": now, "reason": "NodeStatusNeverUpdated", "message": "Kubelet never posted node status."}
        elif found[kind]["status"] != "Unknown":
            found[kind] = {**found[kind], "status": "Unknown", "lastTransitionTime": now, "reason": "NodeStatusUnknown",
                           "message": "Kubelet stopped posting node status."}
    return list(found.values())


def no_schedule_keys(node: dict) -> list[str]:
    """Keys of the NoSchedule taints that the node's conditions and spec.unschedulable call for."""
    states = [(c["type"], c["status"]) for c in node.get("status", {}).get("conditions", ())]
    keys = [PREFIX + TAINTS[state] for state in states if state in TAINTS]
    if not condition(node, "Ready"):  # new: the taint that it was admitted with stays until it says that it is ready
        keys += [t["key"] for t in taints(node, "NoSchedule") if t["key"] == PREFIX + "not-ready"]
    return keys + ([PREFIX + "unschedulable"] if node["spec"].get("unschedulable") else [])


def no_execute_keys(node: dict, any_ready: bool) -> list[str]:
    ready = condition(node, "Ready")
    return [PREFIX + TAINTS["Ready", ready["status"]]] if ready and ready["status"] != "True" and any_ready else []


def with_taints(node: dict, effect: str, keys: list[str], now: str) -> list[dict]:
    """The node's taints where, of ours with this effect, just these keys are there."""
    kept = [t for t in node["spec"].get("taints") or () if t["effect"] != effect or t["key"] not in OURS or t["key"] in keys]
    there = [t["key"] for t in kept if t["effect"] == effect]
    return kept + [{"key": key, "effect": effect, "timeAdded": now} for key in keys if key not in there]


class NodeLifecycleController(Controller):
    name, kind = "node-controller", "Node"
    watches = {"Lease": lambda self, lease: [name_of(lease)] if lease["metadata"]["namespace"] == "kube-node-lease" else [],
               "Pod": lambda self, pod: self.of_pod(pod)}
    parts = {"Pod": lambda pod: pod["spec"].get("nodeName")}

    def __init__(self, client):
        super().__init__(client)
        self.known: dict[str, dict] = {}  # nodes that were told of in an event

    def of_pod(self, pod: dict) -> list[str]:
        """A pod that comes to a node that is not ready is not ready either."""
        name = pod["spec"].get("nodeName")
        node = self.informer("Node").get(None, name) if name else None
        return [name] if node and not condition_is(node, "Ready") else []

    # --- one node ---------------------------------------------------------------------------------------------------

    def sync(self, node: dict) -> None:
        name, now = name_of(node), self.clock.now
        if name not in self.known:
            self.event(node, "Normal", "RegisteredNode", f"Node {name} event: Registered Node {name} in Controller")
        self.known[name] = node
        node = self._with_health(node)
        self._set_taints(node, "NoSchedule", no_schedule_keys(node))
        ready = condition(node, "Ready")
        if ready and ready["status"] == "Unknown":  # a kubelet that still speaks says itself which of its pods are ready
            self._mark_pods_not_ready(node)
        self._taint_no_execute(self.client.get("Node", name), now)

    def deleted(self, key: str) -> None:
        node = self.known.pop(key, None)
        if node:
            self.event(node, "Normal", "RemovingNode", f"Node {key} event: Removing Node {key} from Controller")

    def _with_health(self, node: dict) -> dict:
        """The node as it is stored now: given up where it has been silent for too long."""
        lease = self._lease(name_of(node))
        due = silent_from(node, lease)
        if lease is not None and lease is not self.informer("Lease").get("kube-node-lease", name_of(node)):
            return node  # it renews itself as it is read, and its kubelet's end is written: no need to look again before that
        if due > self.clock.now + 1e-6:
            self.queue.add_after(name_of(node), due - self.clock.now)
            return node
        conditions = unknown_conditions(node, self.clock.timestamp())
        status = {**node.get("status", {}), "conditions": conditions}
        was_ready = condition_is(node, "Ready")
        node = self.update_status(node, status, because=f"nothing heard from its kubelet for {GRACE:.0f} seconds")
        if was_ready:
            self.event(node, "Normal", "NodeNotReady", f"Node {name_of(node)} status is now: NodeNotReady")
        return node

    def _lease(self, node: str) -> dict | None:
        try:
            return self.client.get("Lease", node, "kube-node-lease")
        except ApiError:
            return None

    def _set_taints(self, node: dict, effect: str, keys: list[str]) -> None:
        wanted = with_taints(node, effect, keys, self.clock.timestamp())
        if wanted != (node["spec"].get("taints") or []):
            because = f"it is {', '.join(key.removeprefix(PREFIX) for key in keys)}" if keys else "nothing ails it any more"
            self.patch(node, {"spec": {"taints": wanted or None}}, because)

    def _taint_no_execute(self, node: dict, now: float) -> None:
        """At a look, of what was there before it; else at the next one."""
        others = self.informer("Node").items.values()
        keys = no_execute_keys(node, any(condition_is(n, "Ready") for n in others if name_of(n) != name_of(node)))
        if with_taints(node, "NoExecute", keys, "") == (node["spec"].get("taints") or []) or not condition(node, "Ready"):
            return
        since = parse_time(condition(node, "Ready").get("lastTransitionTime") or node["metadata"]["creationTimestamp"])
        if abs(look_after(now) - now) < 1e-6 and since < now - 1e-6:
            self._set_taints(node, "NoExecute", keys)
        else:
            self.queue.add_after(name_of(node), look_after(now + 1e-3) - now)

    def _mark_pods_not_ready(self, node: dict) -> None:
        for pod in self.informer("Pod").by_node(name_of(node)):
            ready = condition(pod, "Ready")
            if ready and ready["status"] == "True":
                conditions = [{**c, "status": "False", "lastTransitionTime": self.clock.timestamp()} if c is ready else c
                              for c in pod["status"]["conditions"]]
                self.update_status(pod, {**pod["status"], "conditions": conditions}, because=f"node {name_of(node)} is not ready")
                self.event(pod, "Warning", "NodeNotReady", "Node is not ready")
