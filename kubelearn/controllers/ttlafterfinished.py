"""The TTL controller: deletes finished Jobs that ask for it.

Law: a finished Job goes, with its pods, ttlSecondsAfterFinished seconds after its end and not before.
Leaves out: nothing. Upstream: pkg/controller/ttlafterfinished.
"""
from __future__ import annotations

from kubelearn.api.meta import condition, is_deleting, key_of, name_of, namespace_of, uid_of
from kubelearn.clock import parse_time
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.jobpolicy import finished


def expires_at(job: dict) -> float | None:
    """The virtual second at which a Job may go; None for one that runs or does not ask for it."""
    seconds, end = job["spec"].get("ttlSecondsAfterFinished"), finished(job)
    return parse_time(condition(job, end)["lastTransitionTime"]) + seconds if end and seconds is not None else None


class TTLAfterFinishedController(Controller):
    name, kind = "ttl-after-finished-controller", "Job"

    def sync(self, job: dict) -> None:
        at = expires_at(job)
        if at is None or is_deleting(job):
            return
        if at > self.clock.now:
            self.queue.add_after(key_of(job), at - self.clock.now)
            return
        because = f"finished {job['spec']['ttlSecondsAfterFinished']} seconds ago"
        self.client.delete("Job", name_of(job), namespace_of(job), because, propagation="Foreground", uid=uid_of(job))
