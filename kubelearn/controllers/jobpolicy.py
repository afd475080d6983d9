"""The Job controller's rules: completion indexes, when a failed pod may be replaced, which failures and successes decide.

Law: each answer follows from the Job and its pods alone; nothing is remembered.
Leaves out: nothing. Upstream: pkg/controller/job indexed_job_utils, backoff_utils, pod_failure_policy, success_policy.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kubelearn.api.meta import annotations_of, condition, condition_is, is_deleting, key_of
from kubelearn.clock import parse_time
from kubelearn.controllers.pods import phase

INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES, IGNORED = "batch.kubernetes.io/job-index-failure-count", "batch.kubernetes.io/job-index-ignored-failure-count"
BACKOFF, MAX_BACKOFF = 10, 600  # seconds: after the first failure, doubling up to


# --- indexes ------------------------------------------------------------------------------------------------------

def finished(job: dict) -> str | None:
    """Complete, Failed, or None while it runs."""
    return next((kind for kind in ("Complete", "Failed") if condition_is(job, kind)), None)


def is_indexed(job: dict) -> bool:
    return job["spec"].get("completionMode") == "Indexed"


def index_of(pod: dict, completions: int) -> int | None:
    """The completion index of a pod; None without a valid one."""
    text = annotations_of(pod).get(INDEX, "")
    return int(text) if text.isdigit() and int(text) < completions else None


def parse_indexes(text: str) -> list[int]:
    """'0-2,5' -> [0, 1, 2, 5]"""
    ends = [part.split("-") for part in text.split(",") if part]
    return [index for end in ends for index in range(int(end[0]), int(end[-1]) + 1)]


def format_indexes(indexes: Iterable[int]) -> str:
    """[0, 1, 2, 5] -> '0-2,5'; two in a row stay apart only by their comma."""
    runs: list[list[int]] = []
    for index in sorted(set(indexes)):
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ",".join(str(first) if first == last else f"{first}{',' if last == first + 1 else '-'}{last}" for first, last in runs)


def pending_indexes(completions: int, taken: Iterable[int], count: int) -> list[int]:
    """The lowest indexes that are neither done nor running."""
    taken = set(taken)
    return [index for index in range(completions) if index not in taken][:count]


# --- failures -----------------------------------------------------------------------------------------------------

def only_replaces_failed(job: dict) -> bool:
    return job["spec"].get("podReplacementPolicy") == "Failed"


def is_failed(pod: dict, job: dict) -> bool:
    """A pod that is being deleted before its success has failed too, unless the Job waits for its end."""
    return phase(pod) == "Failed" or not only_replaces_failed(job) and is_deleting(pod) and phase(pod) != "Succeeded"


class Judgement(NamedTuple):
    """What podFailurePolicy says of a failed pod."""

    action: str | None = None   # FailJob, FailIndex, Ignore, Count
    message: str = ""           # why the Job fails, with FailJob

    @property
    def counts(self) -> bool:
        return self.action != "Ignore"


def judge_failure(job: dict, pod: dict) -> Judgement:
    """The first rule of podFailurePolicy that matches; without one the failure just counts."""
    for number, rule in enumerate(job["spec"].get("podFailurePolicy", {}).get("rules", ())):
        status = exit_code_match(pod, rule.get("onExitCodes"))
        kind = condition_match(pod, rule.get("onPodConditions") or ())
        action = rule["action"]
        if status:
            code = status["state"]["terminated"]["exitCode"]
            container = f"Container {status['name']} for pod {key_of(pod)}"
            return Judgement(action, f"{container} failed with exit code {code} matching {action} rule at index {number}")
        if kind:
            return Judgement(action, f"Pod {key_of(pod)} has condition {kind} matching {action} rule at index {number}")
    return Judgement()


def exit_code_match(pod: dict, rule: dict | None) -> dict | None:
    """The first container status whose exit code the rule speaks of."""
    status = pod.get("status", {})
    for entry in [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())] if rule else ():
        code = entry.get("state", {}).get("terminated", {}).get("exitCode", 0)
        if code and rule.get("containerName") in (None, entry["name"]) and (code in rule["values"]) == (rule["operator"] == "In"):
            return entry
    return None


def condition_match(pod: dict, patterns: Iterable[dict]) -> str | None:
    """The type of the first condition of the pod that one of the patterns names."""
    wanted = {(pattern["type"], pattern.get("status", "True")) for pattern in patterns}
    return next((c["type"] for c in pod.get("status", {}).get("conditions", ()) if (c["type"], c["status"]) in wanted), None)


def index_failures(pod: dict) -> tuple[int, int]:
    """How many pods of this index failed before this one: (counted, ignored)."""
    notes = annotations_of(pod)
    return int(notes.get(FAILURES, 0)), int(notes.get(IGNORED, 0))


def next_index_failures(job: dict, replaced: dict | None) -> tuple[int, int]:
    """The same for the pod that replaces this failed one."""
    if replaced is None:
        return 0, 0
    counted, ignored = index_failures(replaced)
    return (counted + 1, ignored) if judge_failure(job, replaced).counts else (counted, ignored + 1)


def index_is_failed(job: dict, pod: dict) -> bool:
    """Whether with this failure its index has failed for good (backoffLimitPerIndex, or a FailIndex rule)."""
    if not is_failed(pod, job):
        return False
    judgement = judge_failure(job, pod)
    return judgement.action == "FailIndex" or judgement.counts and index_failures(pod)[0] >= job["spec"]["backoffLimitPerIndex"]


# --- back-off -----------------------------------------------------------------------------------------------------

def finished_at(pod: dict) -> float:
    """The virtual second of a pod's end: of its last container, else of its unreadiness, its deletion, its creation."""
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    ends = [s.get("state", {}).get("terminated", {}).get("finishedAt") for s in statuses]
    ready = condition(pod, "Ready")
    if ends and all(ends):
        return max(map(parse_time, ends))
    if ready and ready["status"] == "False" and ready.get("lastTransitionTime"):
        return parse_time(ready["lastTransitionTime"])
    if is_deleting(pod):
        return parse_time(pod["metadata"]["deletionTimestamp"]) - pod["metadata"].get("deletionGracePeriodSeconds", 0)
    return parse_time(pod["metadata"]["creationTimestamp"])


def backoff_ends(failures: int, last_failure: float) -> float:
    """When the next pod may be made after that many failures in a row: 10, 20, 40... up to 600 seconds after the last."""
    return last_failure + min(BACKOFF * 2 ** min(failures - 1, 10), MAX_BACKOFF) if failures else 0.0


def replace_from(succeeded: list[dict], failed: list[dict]) -> float:
    """The virtual second from which these failed pods may be replaced; failures before the last success are forgiven."""
    last_success = max(map(finished_at, succeeded), default=float("-inf"))
    since = [at for at in map(finished_at, failed) if at > last_success]
    return backoff_ends(len(since), max(since, default=0.0))


# --- success ------------------------------------------------------------------------------------------------------

def success_policy_met(job: dict, succeeded: list[int]) -> str | None:
    """The message of the first rule of successPolicy that the succeeded indexes meet."""
    for number, rule in enumerate(job["spec"].get("successPolicy", {}).get("rules", ()) if succeeded else ()):
        wanted = set(parse_indexes(rule["succeededIndexes"])) if rule.get("succeededIndexes") else None
        matching = len(wanted & set(succeeded)) if wanted else len(succeeded)
        enough = rule.get("succeededCount", len(wanted) if wanted else None)
        if enough is not None and matching >= enough:
            return f"Matched rules at index {number}"
    return None
