"""Writes pods' statuses to the API when they change, and removes pods that are over.

Part of Kubernetes: pkg/kubelet/status/status_manager.go. The kubelet owns its conditions; others' stay as they are in the API.
What the API cannot take now is tried again every ten seconds; a pod runs on meanwhile.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kubelearn.client import Client
from kubelearn.clock import Timer
from kubelearn.errors import ApiError
from kubelearn.kubelet.pod_workers import PodWorker
from kubelearn.kubelet.status import OWNED

AGAIN = 10.0  # seconds: syncPeriod


class StatusManager:
    def __init__(self, client: Client):
        self.client, self.clock = client, client.clock
        self.late: dict[str, Timer] = {}  # uid -> the next try of what could not be written

    def stop(self) -> None:
        for timer in self.late.values():
            timer.cancel()
        self.late = {}

    def set(self, worker: PodWorker, status: dict, because: str) -> None:
        """Writes where it differs from what is stored."""
        if status is worker.status:
            return
        worker.status = status
        self._write(worker, because)

    def _write(self, worker: PodWorker, because: str) -> None:
        status, pod = worker.status, self._stored(worker)
        if pod is None:
            return
        if pod["status"] is not worker.pod.get("status"):
            status = {**status, "conditions": _with_others(status.get("conditions") or [], pod["status"].get("conditions") or [])}
        if status != pod["status"]:
            again = partial(self._write, worker, because)
            self._try(worker, again, self.client.update_status, {**pod, "status": status}, because)

    def delete(self, worker: PodWorker, because: str = "the containers have ended") -> None:
        metadata = worker.pod["metadata"]
        where = metadata["name"], metadata["namespace"]
        again = partial(self.delete, worker, because)
        self._try(worker, again, self.client.delete, "Pod", *where, because, 0, None, metadata["uid"])

    def _stored(self, worker: PodWorker) -> dict | None:
        """The pod in the API, if it is still this one; a static pod's mirror."""
        metadata = worker.pod["metadata"]
        try:
            pod = self.client.get("Pod", metadata["name"], metadata["namespace"])
        except ApiError:
            return None
        found = pod["metadata"]
        same = (found.get("annotations") or {}).get("kubernetes.io/config.mirror") if worker.static else found["uid"]
        return pod if same == worker.uid else None

    def _try(self, worker: PodWorker, again: Callable[[], object], write: Callable, *arguments: object) -> None:
        """A pod that went away meanwhile needs no status."""
        try:
            write(*arguments)
        except ApiError as error:
            if error.code < 500 and error.reason not in ("NotFound", "Conflict"):
                raise
            if error.code >= 500:
                if worker.uid in self.late:
                    self.late[worker.uid].cancel()
                self.late[worker.uid] = self.clock.call_later(AGAIN, again)


def _with_others(own: list[dict], stored: list[dict]) -> list[dict]:
    return [*(c for c in stored if c["type"] not in OWNED), *(c for c in own if c["type"] in OWNED)]
