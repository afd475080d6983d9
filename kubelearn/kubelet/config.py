"""What the kubelet hears: pods that come, change and go, objects that their files come from, containers that begin and end.

Part of Kubernetes: pkg/kubelet/config (apiserver.go, config.go), the handlers of kubelet.go (HandlePodAdditions...) and
pkg/kubelet/util/manager. Nothing is decided here: what happened wakes the worker of a pod.
Leaves out: checkpoints of pods on disk.
"""
from __future__ import annotations

from functools import partial

from kubelearn.kubelet.admission import refusal, refused_status
from kubelearn.kubelet.container import Container
from kubelearn.kubelet.kuberuntime_container import grace_of
from kubelearn.kubelet.pod_workers import SYNC, TERMINATED, PodWorker
from kubelearn.kubelet.static_pods import is_mirror
from kubelearn.kubelet.status import TERMINAL


class PodConfig:
    def __init__(self, kubelet):
        self.kubelet = kubelet
        client = kubelet.client
        self.pods = client.informer("Pod", fields={"spec.nodeName": kubelet.name})
        self.pods.on(self.on_pod)
        self.listening = self._follows_sources = False

    def start(self) -> None:
        self.listening = True
        for pod in list(self.pods.items.values()):
            self.on_pod(None, pod)

    def stop(self) -> None:
        self.listening = False

    def on_pod(self, old: dict | None, new: dict | None) -> None:
        kubelet = self.kubelet
        if not self.listening:
            return
        if is_mirror(new or old):
            kubelet.static.mirror_changed(new or old, new is None)
            return
        if old and new and old["metadata"]["uid"] != new["metadata"]["uid"]:  # one was replaced by another while nobody listened
            self.on_pod(old, None)
        worker = kubelet.workers.all.get((new or old)["metadata"]["uid"])
        if new is None:
            self._removed(worker)
        elif worker is None:
            self.add(new)
        else:
            before, worker.pod = worker.pod, new
            self._changed(worker, before, new)

    def add(self, pod: dict, static: bool = False) -> None:
        kubelet = self.kubelet
        worker = PodWorker(pod, kubelet.runtime.look(pod["metadata"]["uid"]), static)
        kubelet.workers.all[worker.uid] = worker
        if not worker.seen.sandbox and not static and self._refused(worker):
            worker.stage = TERMINATED
        if worker.status.get("phase") in TERMINAL and worker.seen.sandbox != "ready":
            worker.stage = TERMINATED
        if "deletionTimestamp" in pod["metadata"]:
            worker.grace = grace_of(pod)
            kubelet.workers.terminate(worker)
        elif worker.stage == SYNC:
            kubelet.workers.wake(worker)

    def _refused(self, worker: PodWorker) -> bool:
        """A pod that does not fit on the node beside the others is not let in. What was deleted by force counts no more."""
        kubelet = self.kubelet
        others = [other.pod for other in kubelet.workers.all.values()
                  if other is not worker and not other.gone and other.stage != TERMINATED and other.status.get("phase") not in TERMINAL]
        if worker.status.get("phase") in TERMINAL:
            return False
        why = refusal(worker.pod, others, kubelet.allocatable, partial(kubelet.client.get, "Node", kubelet.name))
        if why is not None:
            kubelet.tell(worker.pod, "Warning", *why)
            kubelet.status.set(worker, refused_status(worker.pod, *why, kubelet.clock.timestamp()), why[1])
        return why is not None

    def _changed(self, worker: PodWorker, old: dict, new: dict) -> None:
        """The kubelet's own writes of the status are no news."""
        before, now, workers = old["metadata"], new["metadata"], self.kubelet.workers
        if "deletionTimestamp" in now:
            if worker.grace is None or grace_of(new) < worker.grace:
                worker.grace = grace_of(new)
                workers.terminate(worker)
        elif new["spec"] is not old["spec"] or any(now.get(key) != before.get(key) for key in ("labels", "annotations")):
            workers.wake(worker)
        elif new["spec"].get("readinessGates") and new["status"].get("conditions") != worker.status.get("conditions"):
            workers.wake(worker)

    def _removed(self, worker: PodWorker | None) -> None:
        """Its object is gone: it was over, or deleted by force; then it has two seconds."""
        if worker is None:
            return
        worker.gone = True
        if worker.stage == TERMINATED and worker.task is None:
            self.kubelet.forget(worker)
        elif worker.stage == SYNC or worker.grace:
            worker.grace = 0.0
            self.kubelet.workers.terminate(worker)

    def follow_sources(self) -> None:
        """From the first pod on whose files come from a ConfigMap or Secret."""
        if not self._follows_sources:
            self._follows_sources = True
            for kind in ("ConfigMap", "Secret"):
                self.kubelet.client.informer(kind).on(self.on_source)

    def on_source(self, old: dict | None, new: dict | None) -> None:
        """A ConfigMap or Secret changed: pods whose files come from it find that at their next regular sync."""
        kubelet = self.kubelet
        if old is None or new is None or not kubelet.running:
            return
        for worker in list(kubelet.workers.all.values()):
            if kubelet.volumes.uses(worker.uid, new):
                kubelet.workers.resync(worker)

    def on_container(self, container: Container) -> None:
        """A container began or ended: the next look at the runtime sees it."""
        kubelet = self.kubelet
        if kubelet.running and container is not container.sandbox.pause:
            kubelet.pleg.happened(container.sandbox.pod["metadata"]["uid"])

    def relisted(self, uid: str) -> None:
        worker = self.kubelet.workers.all.get(uid)
        if worker is not None:
            worker.seen = self.kubelet.runtime.look(uid)
            self.kubelet.workers.wake(worker)
