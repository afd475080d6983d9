"""The taint eviction controller: deletes pods from nodes with a NoExecute taint that they do not tolerate, or not for so long.

Law: a pod leaves at once where a taint is not tolerated, else after its shortest tolerationSeconds, if the taint is still there.
Leaves out: nothing. Upstream: pkg/controller/tainteviction.
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.api.meta import condition_is, is_deleting, key_of, name_of, set_condition, uid_of
from kubelearn.api.taints import taints, tolerates
from kubelearn.clock import parse_time
from kubelearn.controllers.controller import Controller
from kubelearn.errors import ignoring

CONDITION = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager",
             "message": "Taint manager: deleting due to NoExecute taint"}


def seconds_tolerated(tolerations: list[dict], found: Iterable[dict]) -> float | None:
    """How long a pod may stay with these taints: 0 where one is not tolerated, None for ever."""
    used = [next((t for t in tolerations if tolerates(t, taint)), None) for taint in found]
    if None in used:
        return 0.0
    limits = [max(t["tolerationSeconds"], 0) for t in used if t.get("tolerationSeconds") is not None]
    return min(limits, default=None)


def tainted_since(found: list[dict], now: float) -> float:
    """When the newest of these taints came; now, where none says."""
    times = [parse_time(taint["timeAdded"]) for taint in found if taint.get("timeAdded")]
    return max(times) if len(times) == len(found) else now


class TaintEvictionController(Controller):
    name, kind = "taint-eviction-controller", "Node"
    watches, parts = {"Pod": lambda self, pod: self.of_pod(pod)}, {"Pod": lambda pod: (pod["spec"],)}

    def __init__(self, client):
        super().__init__(client)
        self.pending: dict[str, tuple[dict, float]] = {}  # uid -> a pod that is to go, and since when it is looked at

    def of_pod(self, pod: dict) -> list[str]:
        name = pod["spec"].get("nodeName")
        node = self.informer("Node").get(None, name) if name else None
        return [name] if name and (uid_of(pod) in self.pending or node and taints(node, "NoExecute")) else []

    def sync(self, node: dict) -> None:
        found, now = taints(node, "NoExecute"), self.clock.now
        pods = {uid_of(pod): pod for pod in self.informer("Pod").by_node(name_of(node))}
        self._forget({uid for uid, (pod, _) in self.pending.items() if pod["spec"]["nodeName"] == name_of(node) and uid not in pods})
        for uid, pod in pods.items():
            seconds = seconds_tolerated(pod["spec"].get("tolerations") or [], found) if found else None
            if seconds is None or is_deleting(pod):
                self._cancel(pod)
                continue
            since = self.pending.get(uid, (pod, tainted_since(found, now)))[1]
            if since + seconds <= now + 1e-6 or not seconds:
                self._evict(pod, found, seconds)
            else:
                self.pending[uid] = pod, since
                self.queue.add_after(name_of(node), since + seconds - now)

    def _evict(self, pod: dict, found: list[dict], seconds: float) -> None:
        self.pending.pop(uid_of(pod), None)
        self.event(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {key_of(pod)}")
        because = f"taint {', '.join(taint['key'] for taint in found)}, tolerated for {seconds:.0f} seconds"
        with ignoring("NotFound"):
            if not condition_is(pod, "DisruptionTarget"):
                conditions = set_condition(pod["status"].get("conditions", []), CONDITION, self.clock.timestamp())
                self.patch(pod, {"status": {"conditions": conditions}}, because, subresource="status")
            self.delete(pod, because)

    def _cancel(self, pod: dict) -> None:
        if self.pending.pop(uid_of(pod), None) and not is_deleting(pod):
            self.event(pod, "Normal", "TaintManagerEviction", f"Cancelling deletion of Pod {key_of(pod)}")

    def _forget(self, uids: set[str]) -> None:
        for uid in uids:
            del self.pending[uid]

    def deleted(self, key: str) -> None:
        self._forget({uid for uid, (pod, _) in self.pending.items() if pod["spec"]["nodeName"] == key})
