"""The pods of a Job: making them, removing them, and holding each by a finalizer until it is counted.

Law: a pod's finalizer goes only after its uid (or its index) stands in the Job's status. Upstream: pkg/controller/job.
Leaves out: nothing.
"""
from __future__ import annotations

from kubelearn.api.meta import annotations_of, labels_of, name_of, namespace_of, uid_of
from kubelearn.controllers import jobpolicy
from kubelearn.controllers.jobpolicy import FAILURES, IGNORED, INDEX, finished_at, index_of, is_failed, is_indexed
from kubelearn.controllers.podcontrol import PodController
from kubelearn.controllers.pods import is_terminal, phase
from kubelearn.controllers.replicaset import deletion_rank, pod_from_template
from kubelearn.errors import ApiError, ignoring

FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX_FIELD = {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}
INDEX_VARIABLE = {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": INDEX_FIELD}}


def is_tracked(pod: dict) -> bool:
    return FINALIZER in (pod["metadata"].get("finalizers") or ())


def release(controller: PodController, pod: dict, because: str) -> None:
    """Takes the finalizer off."""
    if not is_tracked(pod):
        return
    with ignoring("NotFound", "Conflict"):
        controller.set_finalizers(pod, [f for f in pod["metadata"]["finalizers"] if f != FINALIZER], because)


# --- making and removing ------------------------------------------------------------------------------------------

def create_missing(controller: PodController, job: dict, count, missing: int, because: str) -> tuple[int, ApiError | None]:
    """Makes so many pods, or as soon as the back-off after failures allows it. Returns how many, and what stopped it."""
    key, now = f"{namespace_of(job)}/{name_of(job)}", controller.clock.now
    per_index = "backoffLimitPerIndex" in job["spec"]
    replaced = delayed(job, count) if per_index else {}
    indexes: list[int | None] = [None] * missing
    if is_indexed(job):
        completions = job["spec"]["completions"]
        taken = [*count.done, *count.failed_indexes, *(index_of(p, completions) for p in count.active)]
        indexes = jobpolicy.pending_indexes(completions, taken, missing)
    wait_until = {i: index_backoff(replaced.get(i)) for i in indexes} if per_index else dict.fromkeys(
        indexes, jobpolicy.replace_from([p for p in count.pods if phase(p) == "Succeeded"], [p for p in count.pods if is_failed(p, job)]))
    later = [at for at in wait_until.values() if at > now]
    if later:
        controller.queue.add_after(key, min(later) - now)
    made = 0
    for index in (i for i in indexes if wait_until[i] <= now):
        why = f"{because}; the back-off after the last failure is over" if wait_until[index] else because
        try:
            controller.create_pod(job, new_pod(job, index, replaced.get(index)), why)
        except ApiError as error:
            return made, error
        made += 1
    return made, None


def new_pod(job: dict, index: int | None, replaced: dict | None) -> dict:
    pod = pod_from_template(job)
    metadata = {**pod["metadata"], "finalizers": [*pod["metadata"].get("finalizers", ()), FINALIZER]}
    if index is None:
        return {**pod, "metadata": metadata}
    notes = {**annotations_of(pod), INDEX: str(index)}
    if "backoffLimitPerIndex" in job["spec"]:
        counted, ignored = jobpolicy.next_index_failures(job, replaced)
        notes |= {FAILURES: str(counted), **({IGNORED: str(ignored)} if ignored else {})}
    metadata |= {"generateName": f"{name_of(job)}-{index}-", "annotations": notes, "labels": {**labels_of(pod), INDEX: str(index)}}
    return {**pod, "metadata": metadata, "spec": {**with_index_variable(pod["spec"]), "hostname": f"{name_of(job)}-{index}"}}


def with_index_variable(spec: dict) -> dict:
    def extended(container: dict) -> dict:
        names = [variable["name"] for variable in container.get("env") or ()]
        return container if INDEX_VARIABLE["name"] in names else {**container, "env": [*(container.get("env") or ()), INDEX_VARIABLE]}
    lists = {key: [extended(c) for c in spec[key]] for key in ("containers", "initContainers") if spec.get(key)}
    return {**spec, **lists}


def surplus(job: dict, active: list[dict], wanted: int) -> list[dict]:
    """The pods to remove: doubles of an index and those without one, then the least advanced."""
    doubles: list[dict] = []
    if is_indexed(job):
        seen: set[int] = set()
        for pod in active:
            index = index_of(pod, job["spec"]["completions"])
            doubles += [pod] if index is None or index in seen else []
            seen.add(index)
    rest = sorted((p for p in active if not any(p is d for d in doubles)), key=lambda p: deletion_rank(p, {}))
    return doubles + rest[:max(len(active) - wanted - len(doubles), 0)]


def delete(controller: PodController, job: dict, pods: list[dict], because: str, release_first: bool = False) -> int:
    for pod in pods:
        if release_first:
            release(controller, pod, because)
        controller.delete_pod(job, pod, because)
    return len(pods)


def restarted_too_often(job: dict, pods: list[dict]) -> bool:
    """With restartPolicy OnFailure the restarts inside the living pods count as failures."""
    if job["spec"]["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    living = [p["status"] for p in pods if not is_terminal(p)]
    statuses = [s for status in living for kind in ("initContainerStatuses", "containerStatuses") for s in status.get(kind, ())]
    return sum(s.get("restartCount", 0) for s in statuses) >= max(job["spec"]["backoffLimit"], 1)


# --- back-off by index --------------------------------------------------------------------------------------------

def delayed(job: dict, count) -> dict[int, dict]:
    """index -> the last failed pod of an index that is to be tried again; it stays until its successor knows its count."""
    completions, result = job["spec"]["completions"], {}
    settled = {*count.done, *count.failed_indexes, *(index_of(p, completions) for p in count.active)}
    failed = [p for p in count.pods if is_tracked(p) and is_failed(p, job)]
    for pod in sorted(failed, key=lambda p: (sum(jobpolicy.index_failures(p)), finished_at(p))):
        if index_of(pod, completions) not in (None, *settled):
            result[index_of(pod, completions)] = pod
    return result


def index_backoff(replaced: dict | None) -> float:
    return jobpolicy.backoff_ends(sum(jobpolicy.index_failures(replaced)) + 1, finished_at(replaced)) if replaced else 0.0


def failed_indexes(job: dict, fresh: list[dict]) -> list[int]:
    """Indexes that have failed for good: those of the status and those of pods not yet counted."""
    if "backoffLimitPerIndex" not in job["spec"]:
        return []
    new = (index_of(p, job["spec"]["completions"]) for p in fresh if jobpolicy.index_is_failed(job, p))
    return sorted({*jobpolicy.parse_indexes(job["status"].get("failedIndexes", "")), *new})


# --- counting -----------------------------------------------------------------------------------------------------

def may_go(job: dict, count, pod: dict, end: tuple | None) -> bool:
    """Whether a pod's finalizer may be taken off now that the status is written."""
    if not is_tracked(pod):
        return False
    if "deletionTimestamp" in job["metadata"] or end or phase(pod) == "Succeeded":
        return True
    if not is_failed(pod, job):
        return False
    return "backoffLimitPerIndex" not in job["spec"] or not any(pod is p for p in delayed(job, count).values())


def note(job: dict, count, end: tuple | None) -> dict:
    """status.uncountedTerminatedPods before the pods are let go: who is to be counted, by uid.

    Succeeded pods of an indexed Job are known by their index. When the Job fails, what still runs counts as failed.
    """
    old = job["status"].get("uncountedTerminatedPods", {})
    succeeded, failed = list(old.get("succeeded") or ()), list(old.get("failed") or ())
    for pod in (p for p in count.pods if may_go(job, count, p, end) and uid_of(p) not in (*succeeded, *failed)):
        if phase(pod) == "Succeeded":
            succeeded += [] if is_indexed(job) else [uid_of(pod)]
        elif is_failed(pod, job) or end and end[0] == "FailureTarget":
            valid = not is_indexed(job) or index_of(pod, job["spec"]["completions"]) is not None
            failed += [uid_of(pod)] if valid and jobpolicy.judge_failure(job, pod).counts else []
    return {key: uids for key, uids in (("succeeded", succeeded), ("failed", failed)) if uids}


def index_fields(job: dict, count) -> dict:
    """completedIndexes, failedIndexes and succeeded of an indexed Job."""
    if not is_indexed(job):
        return {}
    fields = {"completedIndexes": jobpolicy.format_indexes(count.done), "succeeded": len(count.done)}
    fields = {key: value for key, value in fields.items() if value}
    return fields | ({"failedIndexes": jobpolicy.format_indexes(count.failed_indexes)} if "backoffLimitPerIndex" in job["spec"] else {})


def counted(job: dict, status: dict) -> dict:
    """The status after the noted pods were let go: they are counted, and no longer noted."""
    noted, result = status.get("uncountedTerminatedPods", {}), {**status, "uncountedTerminatedPods": {}}
    for key in ("succeeded", "failed"):
        if noted.get(key):
            result[key] = status.get(key, 0) + len(noted[key])
    return result
