"""What controllers that make pods have in common: each pod made or removed is told of, and ready ones become available in time.

Part of Kubernetes: RealPodControl in pkg/controller/controller_utils.go. Law: nothing is remembered, as in every controller.
Leaves out: nothing.
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.api import meta
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.pods import available_at
from kubelearn.errors import ApiError


class PodController(Controller):
    def create_pod(self, owner: dict, pod: dict, because: str = "") -> dict:
        """create(), and an event on the owner of how it went. ApiError."""
        try:
            made = self.create(pod, owner, because)
        except ApiError as error:
            self.event(owner, "Warning", "FailedCreate", f"Error creating: {error}")
            raise
        self.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {meta.name_of(made)}")
        return made

    def delete_pod(self, owner: dict, pod: dict, because: str = "") -> None:
        self.delete(pod, because)
        self.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {meta.name_of(pod)}")

    def available(self, owner: dict, pods: Iterable[dict]) -> set[str]:
        """Names of the pods that have been ready for spec.minReadySeconds; comes back when the next one will have been."""
        seconds, now = owner["spec"].get("minReadySeconds", 0), self.clock.now
        times = {meta.name_of(pod): at for pod in pods if (at := available_at(pod, seconds)) is not None}
        later = [at for at in times.values() if at > now]
        if later:
            self.queue.add_after(meta.key_of(owner), min(later) - now)
        return {name for name, at in times.items() if at <= now}
