"""The Job controller: runs pods until enough of them have succeeded, or too many have failed.

Law: never more than parallelism active pods; each finished pod is counted exactly once, held by a finalizer until it is
(so nothing is lost when it is deleted); a finished Job never starts a pod again.
Leaves out: gang scheduling, 500 pods a pass. Upstream: pkg/controller/job; the rules are in jobpolicy.py.
"""
from __future__ import annotations

from typing import NamedTuple

from kubelearn.api.meta import condition, condition_is, is_deleting, key_of, owner_of, uid_of
from kubelearn.clock import parse_time
from kubelearn.controllers import jobpods, jobpolicy
from kubelearn.controllers.jobpolicy import finished, index_of, is_failed, is_indexed
from kubelearn.controllers.podcontrol import PodController
from kubelearn.controllers.pods import is_active, is_ready, is_terminal, phase
from kubelearn.errors import ApiError

BATCH = 1.0  # seconds for which changes of pods are collected


class Tally(NamedTuple):
    """What the pods of a Job amount to."""

    pods: list[dict]
    active: list[dict]
    terminating: int
    succeeded: int             # pods; of an indexed Job: indexes
    failed: int
    done: list[int]            # indexes that succeeded
    failed_indexes: list[int]  # with backoffLimitPerIndex
    new_succeeded: list[dict]  # not yet counted in the status
    new_failed: list[dict]


def uncounted(job: dict, what: str) -> list[str]:
    """uids of pods that are noted as finished but not counted yet. what: succeeded or failed."""
    return job["status"].get("uncountedTerminatedPods", {}).get(what) or []


def tally(job: dict, pods: list[dict]) -> Tally:
    status, completions = job["status"], job["spec"].get("completions") or 0
    noted = {*uncounted(job, "succeeded"), *uncounted(job, "failed")}
    fresh = [p for p in pods if jobpods.is_tracked(p) and uid_of(p) not in noted]
    if is_indexed(job):
        fresh = [p for p in fresh if index_of(p, completions) is not None]
    new_succeeded = [p for p in fresh if phase(p) == "Succeeded"]
    new_failed = [p for p in fresh if is_failed(p, job)]
    counted = sum(jobpolicy.judge_failure(job, p).counts for p in new_failed)
    done = jobpolicy.parse_indexes(status.get("completedIndexes", ""))
    if is_indexed(job):
        done = sorted({*done, *(index_of(p, completions) for p in new_succeeded)})
    lost = jobpods.failed_indexes(job, fresh)
    succeeded = len(done) if is_indexed(job) else status.get("succeeded", 0) + len(new_succeeded) + len(uncounted(job, "succeeded"))
    return Tally(pods, [p for p in pods if is_active(p)], sum(is_deleting(p) and not is_terminal(p) for p in pods), succeeded,
                 status.get("failed", 0) + counted + len(uncounted(job, "failed")), done, lost, new_succeeded, new_failed)


def verdict(job: dict, count: Tally, now: float) -> tuple[str, str, str] | None:
    """Whether the Job has come to its end: (SuccessCriteriaMet or FailureTarget, reason, message). What was once decided stays."""
    for kind in ("SuccessCriteriaMet", "FailureTarget"):
        if condition_is(job, kind):
            return kind, condition(job, kind)["reason"], condition(job, kind)["message"]
    failure = failure_reason(job, count, now)
    if failure:
        return "FailureTarget", *failure
    met = jobpolicy.success_policy_met(job, count.done)
    return ("SuccessCriteriaMet", "SuccessPolicy", met) if met else None


def failure_reason(job: dict, count: Tally, now: float) -> tuple[str, str] | None:
    spec = job["spec"]
    judgements = [jobpolicy.judge_failure(job, p) for p in count.pods if is_failed(p, job)]
    message = next((j.message for j in judgements if j.action == "FailJob"), None)
    if message:
        return "PodFailurePolicy", message
    if count.failed > spec["backoffLimit"] or jobpods.restarted_too_often(job, count.pods):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    if (deadline := deadline_of(job)) is not None and deadline <= now:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    lost = len(count.failed_indexes)
    if lost > spec.get("maxFailedIndexes", lost):
        return "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"
    if lost and lost + len(count.done) >= spec["completions"]:
        return "FailedIndexes", "Job has failed indexes"
    return None


def deadline_of(job: dict) -> float | None:
    """The virtual second at which activeDeadlineSeconds is over; a suspended Job has none."""
    seconds, start = job["spec"].get("activeDeadlineSeconds"), job["status"].get("startTime")
    return None if seconds is None or not start or job["spec"].get("suspend") else parse_time(start) + seconds


def wanted_active(job: dict, count: Tally) -> int:
    """How many pods should be active now: never more than parallelism, never more than completions are missing."""
    spec = job["spec"]
    if spec.get("suspend"):
        return 0
    if spec.get("completions") is None:
        return len(count.active) if count.succeeded else spec["parallelism"]
    return max(min(spec["completions"] - count.succeeded - len(count.failed_indexes), spec["parallelism"]), 0)


def is_complete(job: dict, succeeded: int, active: int) -> bool:
    completions = job["spec"].get("completions")
    return not active and (succeeded > 0 if completions is None else succeeded >= completions)


class JobController(PodController):
    name, kind, owns, holds = "job-controller", "Job", ("Pod",), (jobpods.FINALIZER,)

    # --- events: changes of pods and of the status are collected for a second ---------------------------------------

    def _changed(self, old: dict | None, new: dict | None) -> None:
        if self.stopped:
            return
        over = [job for job in (old, new) if job and (new is None or finished(job) or uid_of(job) != uid_of(new))]
        for pod in (pod for job in over for pod in self.informer("Pod").by_owner(uid_of(job)) if jobpods.is_tracked(pod)):
            self.clock.call_soon(self._let_go, pod)
        if new and not finished(new):
            same_spec = old and old["metadata"].get("generation") == new["metadata"].get("generation")
            self.queue.add_after(key_of(new), BATCH if same_spec else 0)

    def _owned_changed(self, old: dict | None, new: dict | None) -> None:
        if self.stopped:
            return
        pod, owner = new or old, owner_of(new or old)
        if owner and owner["kind"] != "Job":
            return
        job = owner and self.informer("Job").get(pod["metadata"]["namespace"], owner["name"])
        if new and jobpods.is_tracked(new) and (not job or uid_of(job) != owner["uid"] or finished(job)):
            self.clock.call_soon(self._let_go, new)
        elif job:
            self.queue.add_after(key_of(job), BATCH)
        elif not owner:
            self._orphan_changed(pod)

    def _let_go(self, pod: dict) -> None:
        """Nobody counts this pod any more, so nothing may hold it."""
        current = self.informer("Pod").items.get(key_of(pod))
        if current and uid_of(current) == uid_of(pod):
            jobpods.release(self, current, because="no Job counts it any more")

    def _may_adopt(self, obj: dict) -> bool:
        """Pods that have ended too: they count."""
        return True

    # --- one pass ---------------------------------------------------------------------------------------------------

    def sync(self, job: dict) -> None:
        if finished(job) or job["spec"].get("managedBy", "kubernetes.io/job-controller") != "kubernetes.io/job-controller":
            return
        count = tally(job, self.claim(job, "Pod"))
        if not job["status"].get("startTime") and not job["spec"].get("suspend"):
            job = {**job, "status": {**job["status"], "startTime": self.clock.timestamp()}}
        end, failure = verdict(job, count, self.clock.now), None
        if end:
            removed = jobpods.delete(self, job, count.active, because=end[2])
            active, ready, terminating = 0, 0, count.terminating + removed
        else:
            active, ready, terminating, failure = self._manage(job, count)
            if is_complete(job, count.succeeded, active):
                end = "SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"
            elif not is_deleting(job):
                job = self._with_suspension(job)
        status = {key: value for key, value in job["status"].items() if key != "active"} | ({"active": active} if active else {})
        status |= {"ready": ready, "terminating": terminating}
        self._track(job, count, status, end)
        if failure:
            raise failure

    def _manage(self, job: dict, count: Tally) -> tuple[int, int, int, ApiError | None]:
        """Makes or removes pods. Returns how many are active, ready and terminating now, and what stopped it."""
        active, ready, wanted = len(count.active), sum(map(is_ready, count.active)), wanted_active(job, count)
        if is_deleting(job):
            return active, ready, count.terminating, None
        because = f"{wanted} wanted, {active} active, {count.succeeded} succeeded, {count.failed} failed"
        surplus = jobpods.surplus(job, count.active, wanted)
        if surplus:
            removed = jobpods.delete(self, job, surplus, because, release_first=True)
            return active - removed, ready - sum(map(is_ready, surplus)), count.terminating + removed, None
        missing = wanted - active - (count.terminating if jobpolicy.only_replaces_failed(job) else 0)
        made, failure = jobpods.create_missing(self, job, count, missing, because) if missing > 0 else (0, None)
        deadline = deadline_of(job)
        if deadline is not None:
            self.queue.add_after(key_of(job), deadline - self.clock.now)
        return active + made, ready, count.terminating, failure

    def _with_suspension(self, job: dict) -> dict:
        """The condition Suspended follows spec.suspend; a resumed Job's time begins anew."""
        suspended = bool(job["spec"].get("suspend"))
        old = condition(job, "Suspended")
        if suspended == (old is not None and old["status"] == "True"):
            return job
        word = "Suspended" if suspended else "Resumed"
        self.event(job, "Normal", word, f"Job {word.lower()}")
        new = self._condition("Suspended", f"Job{word}", f"Job {word.lower()}", "True" if suspended else "False")
        conditions = job["status"].get("conditions", [])
        conditions = [new if c is old else c for c in conditions] if old else [*conditions, new]
        status = {key: value for key, value in job["status"].items() if key != "startTime"}
        start = {} if suspended else {"startTime": self.clock.timestamp()}
        return {**job, "status": {**status, **start, "conditions": conditions}}

    def _condition(self, kind: str, reason: str, message: str, status: str = "True") -> dict:
        now = self.clock.timestamp()
        return {"type": kind, "status": status, "lastProbeTime": now, "lastTransitionTime": now, "reason": reason, "message": message}

    # --- counting: note the finished pods, let them go, then count them ---------------------------------------------

    def _track(self, job: dict, count: Tally, status: dict, end: tuple[str, str, str] | None) -> None:
        """The decision and the noted pods are written before any pod is let go; the count and the end after it."""
        stored = self.informer("Job").items[key_of(job)]
        noted = jobpods.note(job, count, end)
        conditions = status.get("conditions", [])
        if end and not any(c["type"] == end[0] for c in conditions):
            conditions = [*conditions, self._condition(*end)]
        status = {**status, **jobpods.index_fields(job, count), "uncountedTerminatedPods": noted}
        status |= {"conditions": conditions} if conditions else {}
        because = f"{len(count.active)} active, {count.succeeded} succeeded, {count.failed} failed"
        stored = self.update_status(stored, status, because)
        for pod in count.pods:
            if jobpods.may_go(job, count, pod, end):
                jobpods.release(self, pod, because="its end is noted in the Job")
        status = jobpods.counted(job, stored["status"])
        if end and not status["terminating"]:
            status = self._ended(job, status, end)
        self.update_status(stored, status, because)

    def _ended(self, job: dict, status: dict, end: tuple[str, str, str]) -> dict:
        kind = "Complete" if end[0] == "SuccessCriteriaMet" else "Failed"
        if kind == "Complete":
            self.event(job, "Normal", "Completed", "Job completed")
        else:
            self.event(job, "Warning", *end[1:])
        status = {**status, "conditions": [*status["conditions"], self._condition(kind, *end[1:])]}
        return {**status, "completionTime": self.clock.timestamp()} if kind == "Complete" else status
