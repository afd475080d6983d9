"""Eviction: a pod that writes more to the node's disk than it may is ended and stays to be seen as Failed, Evicted.

Part of Kubernetes: pkg/kubelet/eviction (eviction_manager.go, localStorageEviction). Usage is looked at every ten seconds,
that of volumes every minute; idle time is free: where no process of a pod has gone on since the last look, nothing can have
changed and there is no look. A memory-backed volume cannot grow beyond its limit, so it is never a reason.
Leaves out: pressure of the node itself (memory, disk, PIDs) and the choice of its victims.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from kubelearn.api import quantity
from kubelearn.api.usage import pod_total
from kubelearn.kubelet.kuberuntime import KubeRuntime
from kubelearn.kubelet.pleg import next_tick
from kubelearn.kubelet.pod_workers import SYNC, PodWorker
from kubelearn.kubelet.volume_manager import VolumeManager

MONITORING, VOLUME_STATS = 10.0, 60.0  # seconds: evictionMonitoringPeriod, VolumeStatsAggPeriod
GRACE = 1.0  # immediateEvictionGracePeriodSeconds


class EvictionManager:
    """evict(worker, message) ends a pod."""

    def __init__(self, phase: float, runtime: KubeRuntime, volumes: VolumeManager, evict: Callable[[PodWorker, str], None]):
        self.clock, self.phase, self.runtime, self.volumes, self.evict = runtime.clock, phase, runtime, volumes, evict
        self._looking: set[str] = set()
        self._watched: dict[str, str] = {}  # pod uid -> the sandbox that tells when something goes on in it

    def watch(self, worker: PodWorker) -> None:
        """From now on this pod's usage is looked at, if it has a limit that counts."""
        here = self.runtime.pods.get(worker.uid) if any(limits_of(worker.pod)) else None
        if here is not None and here.sandbox is not None and self._watched.get(worker.uid) != here.sandbox.id:
            self._watched[worker.uid] = here.sandbox.id
            here.sandbox.on_stir.append(partial(self.stirred, worker))
            self.stirred(worker)

    def forget(self, uid: str) -> None:
        self._watched.pop(uid, None)

    def stirred(self, worker: PodWorker) -> None:
        if worker.uid not in self._looking:
            self._looking.add(worker.uid)
            self.clock.call_at(next_tick(self.clock.now, self.phase * MONITORING, MONITORING), self._look, worker)

    def _look(self, worker: PodWorker) -> None:
        self._looking.discard(worker.uid)
        if worker.stage != SYNC:
            return
        measured = next_tick(self.clock.now - MONITORING, self.phase * VOLUME_STATS, VOLUME_STATS) <= self.clock.now
        for kind, name, limit in limits_of(worker.pod):
            if kind == "volume" and not measured:
                self.stirred(worker)  # not measured yet: looked at again
            elif self._usage(worker, kind, name) > quantity.value(limit):
                self.evict(worker, TEXTS[kind].format(name=name, limit=limit))
                return

    def _usage(self, worker: PodWorker, kind: str, name: str) -> int:
        if kind == "pod":
            on_disk = [volume["name"] for volume in worker.pod["spec"].get("volumes") or () if _is_on_disk(volume)]
            containers = [container["name"] for container in worker.pod["spec"]["containers"]]
            parts = [*(("volume", name) for name in on_disk), *(("container", name) for name in containers)]
            return sum(self._usage(worker, *part) for part in parts)
        if kind == "volume":
            volume = self.volumes.pods[worker.uid].mounted.get(name) if worker.uid in self.volumes.pods else None
            return volume.usage() if volume else 0
        instance = self.runtime.newest(worker.uid, name)
        return instance.container.disk() if instance else 0


TEXTS = {"pod": "Pod ephemeral local storage usage exceeds the total limit of containers {limit}. ",
         "volume": 'Usage of EmptyDir volume "{name}" exceeds the limit "{limit}". ',
         "container": 'Container {name} exceeded its local ephemeral storage limit "{limit}". '}


def _is_on_disk(volume: dict) -> bool:
    return "emptyDir" in volume and volume["emptyDir"].get("medium") != "Memory"


def limits_of(pod: dict) -> Iterator[tuple[str, str, str]]:
    """(volume, pod or container, name, limit) of what may be a reason, in the order in which they are looked at."""
    for volume in pod["spec"].get("volumes") or ():
        if _is_on_disk(volume) and volume["emptyDir"].get("sizeLimit"):
            yield "volume", volume["name"], volume["emptyDir"]["sizeLimit"]
    whole = pod_total(pod["spec"], "limits").get("ephemeral-storage")
    if whole:
        yield "pod", "", whole
    for container in pod["spec"]["containers"]:
        limit = ((container.get("resources") or {}).get("limits") or {}).get("ephemeral-storage")
        if limit:
            yield "container", container["name"], limit
