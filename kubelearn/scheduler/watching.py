"""What the scheduler watches, and what each event means to its snapshot and its queue.

Part of Kubernetes: kube-scheduler eventhandlers.go. Most events of pods concern neither: those cost next to nothing.
"""
from __future__ import annotations

from kubelearn.api.meta import key_of
from kubelearn.scheduler.plugins.prioritysort import PrioritySort
from kubelearn.scheduler.pods import PodInfo

ENDED = ("Succeeded", "Failed")
STORAGE = ("PersistentVolumeClaim", "PersistentVolume", "StorageClass")


class Watching:
    """The Scheduler's event handlers."""

    def watch(self) -> None:
        self.pods, self.nodes = self.client.informer("Pod"), self.client.informer("Node")
        self.nodes.on(self._node_changed)
        self.pods.on(self._pod_changed)
        for kind in STORAGE:
            self.client.informer(kind).on(self._storage_changed)
        self.client.informer("Service").on(self._service_changed)

    def fill(self) -> None:
        """Takes over all that is there."""
        for node in self.nodes.items.values():
            self._node_changed(None, node)
        for pod in self.pods.items.values():
            self._pod_changed(None, pod)

    # --- pods -----------------------------------------------------------------------------------------------------

    def _pod_changed(self, old: dict | None, new: dict | None) -> None:
        if self.stopped:
            return
        if new is None:
            self._pod_gone(key_of(old))
        elif new["spec"].get("nodeName"):
            self._placed_pod_changed(old, new)
        elif new["spec"].get("schedulerName", self.name) == self.name:
            self._unplaced_pod_changed(old, new)

    def _placed_pod_changed(self, old: dict | None, new: dict) -> None:
        key = key_of(new)
        node = self.snapshot.where.get(key)
        if (new.get("status") or {}).get("phase") in ENDED:
            if node is not None:
                self._pod_gone(key)
            return
        there = node is not None and node.name == new["spec"]["nodeName"]
        known = node.pods[key] if there else None
        if known is None or known.spec.get("containers") is not new["spec"].get("containers"):
            self.snapshot.add_pod(PodInfo(new), new["spec"]["nodeName"])
        elif _counts_the_same(known, new):
            known.pod, known.spec = new, new["spec"]
        else:
            self.snapshot.relabel_pod(PodInfo(new, known.demands))
        if old is None or not old["spec"].get("nodeName"):
            self._now_placed(key)

    def _now_placed(self, key: str) -> None:
        self.snapshot.forget_nomination(key)
        self.queue.delete(key)
        self.queue.move("PodAdd")

    def _unplaced_pod_changed(self, old: dict | None, new: dict) -> None:
        key, spec, metadata = key_of(new), new["spec"], new["metadata"]
        if (new.get("status") or {}).get("nominatedNodeName"):
            self.snapshot.nominate(PodInfo(new), new["status"]["nominatedNodeName"])
        if old is not None and key in self.queue.pods and old["spec"] is spec and old["metadata"].get("labels") == metadata.get("labels"):
            return  # only its status: the scheduler's own word
        if key not in self.waiting:
            gated = any(plugin.pre_enqueue(new) for plugin in self.cycle.gatekeepers())
            self.queue.add(key, PrioritySort.sort_key(new, self.clock.now), gated)

    def _pod_gone(self, key: str) -> None:
        self.snapshot.forget_nomination(key)
        if self._stop_waiting(key):
            for plugin in self.plugins:
                plugin.unreserve(key)
        self.queue.delete(key)
        if key in self.snapshot.where:
            self.snapshot.remove_pod(key)
            self.queue.move("PodDelete")

    # --- the rest -------------------------------------------------------------------------------------------------

    def _node_changed(self, old: dict | None, new: dict | None) -> None:
        if self.stopped:
            return
        if new is None:
            self.snapshot.remove_node(old["metadata"]["name"])
        elif self.snapshot.set_node(new):
            self.queue.move("Node")

    def _storage_changed(self, old: dict | None, new: dict | None) -> None:
        if not self.stopped:
            if self.waiting:
                self.look_at_waiting()
            self.queue.move("Storage")

    def _service_changed(self, old: dict | None, new: dict | None) -> None:
        """Which pods belong together may have changed: PodTopologySpread's defaults."""
        if not (old and new and old["spec"].get("selector") == new["spec"].get("selector")):
            self.cycle.surroundings += 1


def _counts_the_same(known: PodInfo, new: dict) -> bool:
    """Whether its labels are as they were, and whether it is as before about to end or not."""
    metadata = new["metadata"]
    return (known.ending == ("deletionTimestamp" in metadata)
            and (metadata.get("labels") is known.labels or (metadata.get("labels") or {}) == known.labels))
