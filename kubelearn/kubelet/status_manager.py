"""Writes pods' statuses to the API when they change, and removes pods that are over.

Part of Kubernetes: pkg/kubelet/status/status_manager.go. The kubelet owns its conditions; others' stay as they are in the API.
Leaves out: the full resend every ten seconds (in process nothing is lost on the way).
"""
from __future__ import annotations

from kubelearn.client import Client
from kubelearn.errors import ApiError
from kubelearn.kubelet.pod_workers import PodWorker
from kubelearn.kubelet.status import OWNED


class StatusManager:
    def __init__(self, client: Client):
        self.client = client

    def set(self, worker: PodWorker, status: dict, because: str) -> None:
        """Writes where it differs from what is stored."""
        if status is worker.status:
            return
        worker.status = status
        pod = self._stored(worker)
        if pod is None:
            return
        if pod["status"] is not worker.pod.get("status"):
            status = {**status, "conditions": _with_others(status.get("conditions") or [], pod["status"].get("conditions") or [])}
        if status != pod["status"]:
            self._try(self.client.update_status, {**pod, "status": status}, because)

    def delete(self, worker: PodWorker, because: str = "its containers have ended") -> None:
        metadata = worker.pod["metadata"]
        self._try(self.client.delete, "Pod", metadata["name"], metadata["namespace"], because, 0, None, metadata["uid"])

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

    def _try(self, write, *arguments: object) -> None:
        """A pod that went away meanwhile needs no status."""
        try:
            write(*arguments)
        except ApiError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise


def _with_others(own: list[dict], stored: list[dict]) -> list[dict]:
    return [*(c for c in stored if c["type"] not in OWNED), *(c for c in own if c["type"] in OWNED)]
