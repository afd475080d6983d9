"""Jobs: pods until enough have succeeded."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.controllers import jobpolicy
from kubelearn.controllers.garbagecollector import GarbageCollector
from kubelearn.controllers.job import JobController
from kubelearn.controllers.jobpods import FINALIZER
from kubelearn.controllers.jobpolicy import format_indexes, parse_indexes
from kubelearn.controllers.ttlafterfinished import TTLAfterFinishedController


@pytest.fixture
def jobs(world):
    return world.nodes().start(GarbageCollector, JobController, TTLAfterFinishedController)


def job(spec: str = "", restart: str = "Never") -> str:
    return f"""
        apiVersion: batch/v1
        kind: Job
        metadata: {{name: pi}}
        spec: {{{spec}{', ' if spec else ''}template: {{spec: {{restartPolicy: {restart}, containers: [{{name: c, image: busybox}}]}}}}}}"""


def conditions(world) -> list[str]:
    return [f"{c['type']} {c['reason']}" for c in world.get("Job", "pi")["status"].get("conditions", [])]


def active(world) -> list[str]:
    return [p["metadata"]["name"] for p in world.list("Pod") if p["status"]["phase"] not in ("Succeeded", "Failed")]


def test_at_most_parallelism_pods_run_until_completions_have_succeeded(jobs):
    """Four completions, two at a time; each change of a pod is answered a second later; the end is told in two conditions."""
    jobs.apply(job("completions: 4, parallelism: 2"))
    assert len(active(jobs)) == 2
    for _ in range(4):
        jobs.finish(active(jobs)[0])
        jobs.run(1)
        assert len(active(jobs)) <= 2
    status = jobs.get("Job", "pi")["status"]
    assert (status["succeeded"], status["ready"], status["terminating"], "active" in status) == (4, 0, 0, False)
    assert conditions(jobs) == ["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"] and status["completionTime"]
    assert len(jobs.list("Pod")) == 4 and all("finalizers" not in p["metadata"] for p in jobs.list("Pod"))
    assert "Normal Completed: Job completed" in jobs.events("Job")


def test_a_finished_pod_that_is_deleted_is_still_counted(jobs):
    """Its finalizer holds it until its end stands in the Job's status."""
    jobs.apply(job("completions: 2"))
    first = active(jobs)[0]
    jobs.finish(first)
    jobs.delete("Pod", first)
    assert FINALIZER in jobs.get("Pod", first)["metadata"]["finalizers"]
    jobs.run(1)
    assert jobs.get("Pod", first) is None and jobs.get("Job", "pi")["status"]["succeeded"] == 1
    jobs.finish(active(jobs)[0])
    jobs.run(1)
    assert jobs.get("Job", "pi")["status"]["succeeded"] == 2


def test_failures_are_retried_after_10_20_40_seconds_and_then_given_up(jobs):
    jobs.apply(job("backoffLimit: 2"))
    for wait in (10, 20):
        failed = active(jobs)[0]
        jobs.finish(failed, 1)
        jobs.run(wait - 1)
        assert active(jobs) == []
        jobs.run(1)
        assert len(active(jobs)) == 1
    jobs.finish(active(jobs)[0], 1)
    jobs.run(1.5)
    assert conditions(jobs) == ["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"]
    assert jobs.get("Job", "pi")["status"]["failed"] == 3 and len(jobs.list("Pod")) == 3
    assert "Warning BackoffLimitExceeded: Job has reached the specified backoff limit" in jobs.events("Job")


def test_a_deadline_ends_what_still_runs(jobs):
    jobs.apply(job("activeDeadlineSeconds: 10"))
    jobs.run(9.9)
    assert len(active(jobs)) == 1
    jobs.run(2)
    assert conditions(jobs) == ["FailureTarget DeadlineExceeded", "Failed DeadlineExceeded"] and jobs.list("Pod") == []


def test_an_indexed_job_has_each_index_once(jobs):
    jobs.apply(job("completions: 3, parallelism: 3, completionMode: Indexed"))
    pods = {p["metadata"]["annotations"][jobpolicy.INDEX]: p for p in jobs.list("Pod")}
    assert sorted(pods) == ["0", "1", "2"] and pods["1"]["spec"]["hostname"] == "pi-1"
    assert pods["1"]["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX"
    for index in "02":
        jobs.finish(pods[index]["metadata"]["name"])
    jobs.run(1)
    assert jobs.get("Job", "pi")["status"]["completedIndexes"] == "0,2"
    jobs.finish(pods["1"]["metadata"]["name"])
    jobs.run(1)
    assert jobs.get("Job", "pi")["status"]["completedIndexes"] == "0-2" and conditions(jobs)[-1] == "Complete CompletionsReached"


def test_a_failed_index_does_not_stop_the_others(jobs):
    """With backoffLimitPerIndex each index has its own retries; the Job fails when all indexes have ended and one failed."""
    jobs.apply(job("completions: 2, parallelism: 2, completionMode: Indexed, backoffLimitPerIndex: 0"))
    first, second = sorted(active(jobs))
    jobs.finish(first, 1)
    jobs.run(1)
    assert jobs.get("Job", "pi")["status"]["failedIndexes"] == "0" and active(jobs) == [second]
    jobs.finish(second)
    jobs.run(2)
    assert conditions(jobs) == ["FailureTarget FailedIndexes", "Failed FailedIndexes"]


def test_a_suspended_job_has_no_pods_until_it_is_resumed(jobs):
    jobs.apply(job("suspend: true"))
    assert jobs.list("Pod") == [] and conditions(jobs) == ["Suspended JobSuspended"] and "startTime" not in jobs.get("Job", "pi")["status"]
    jobs.patch("Job", "pi", {"spec": {"suspend": False}})
    jobs.run(1)
    assert len(active(jobs)) == 1 and conditions(jobs) == ["Suspended JobResumed"]
    jobs.patch("Job", "pi", {"spec": {"suspend": True}})
    jobs.run(2)
    assert jobs.list("Pod") == []
    assert jobs.events("Job")[0] == "Normal Suspended: Job suspended" or "Normal Resumed: Job resumed" in jobs.events("Job")


def test_a_failure_policy_can_end_a_job_at_once_or_overlook_a_failure(jobs):
    rules = """podFailurePolicy: {rules: [{action: Ignore, onExitCodes: {operator: In, values: [7]}},
                                         {action: FailJob, onExitCodes: {operator: In, values: [42]}}]}"""
    jobs.apply(job(f"backoffLimit: 0, {rules}"))
    jobs.finish(active(jobs)[0], 7)
    jobs.run(12)
    assert "failed" not in jobs.get("Job", "pi")["status"]
    name = active(jobs)[0]
    jobs.finish(name, 42)
    jobs.run(2)
    assert conditions(jobs) == ["FailureTarget PodFailurePolicy", "Failed PodFailurePolicy"]
    assert jobs.get("Job", "pi")["status"]["conditions"][0]["message"] == \
        f"Container c for pod default/{name} failed with exit code 42 matching FailJob rule at index 1"


def test_a_success_policy_ends_a_job_before_all_indexes_are_done(jobs):
    jobs.apply(job("completions: 3, parallelism: 3, completionMode: Indexed, successPolicy: {rules: [{succeededIndexes: '0'}]}"))
    jobs.finish(sorted(active(jobs))[0])
    jobs.run(3)
    assert conditions(jobs) == ["SuccessCriteriaMet SuccessPolicy", "Complete SuccessPolicy"] and active(jobs) == []


def test_pods_of_a_deleted_job_are_let_go(jobs):
    jobs.apply(job("completions: 2, parallelism: 2"))
    jobs.delete("Job", "pi", "Background")
    jobs.run(1)
    assert jobs.list("Job") == [] and jobs.list("Pod") == []


def test_a_finished_job_goes_after_its_ttl(jobs):
    jobs.apply(job("ttlSecondsAfterFinished: 5"))
    jobs.finish(active(jobs)[0])
    jobs.run(5.5)
    assert jobs.names("Job") == ["pi"]
    jobs.run(1)
    assert jobs.list("Job") == [] and jobs.list("Pod") == []


def test_counts_survive_a_restart_of_the_controller(jobs):
    """Law 7: whatever happens between noting and counting, each pod counts once."""
    jobs.apply(job("completions: 3, parallelism: 3"))
    names = active(jobs)
    uids = [jobs.get("Pod", name)["metadata"]["uid"] for name in names]
    jobs.controllers["JobController"].stop()
    for name in names[:2]:
        jobs.finish(name)
    jobs.patch("Job", "pi", {"status": {"uncountedTerminatedPods": {"succeeded": uids[:1]}}}, "status")
    jobs.patch("Pod", names[0], {"metadata": {"finalizers": None}})
    jobs.controllers["JobController"].start()
    jobs.run(2)
    assert jobs.get("Job", "pi")["status"]["succeeded"] == 2


@given(st.sets(st.integers(0, 60)))
def test_indexes_are_written_as_ranges_and_read_back(indexes):
    assert parse_indexes(format_indexes(indexes)) == sorted(indexes)


def test_backoff_doubles_to_ten_minutes():
    assert [jobpolicy.backoff_ends(n, 0) for n in (0, 1, 2, 3, 7, 8, 50)] == [0, 10, 20, 40, 600, 600, 600]
