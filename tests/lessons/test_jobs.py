"""The judges of 06_jobs: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.lessons import check, jobs

FLAKY = "sleep 2; case $HOSTNAME in *[2-9b-q]) echo no luck; exit 1;; esac"


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        yield made


def flaky(completions: int, limit: int, command: str = FLAKY, policy: str = "Never") -> dict:
    container = {"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", command]}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "flaky"}, "spec": {
        "completions": completions, "parallelism": 2, "backoffLimit": limit,
        "template": {"spec": {"restartPolicy": policy, "containers": [container]}}}}


def report(schedule: str, policy: str = "Forbid", **more: object) -> dict:
    template = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [
        {"name": "main", "image": "busybox:1.36", "command": ["date"]}]}}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "report"},
            "spec": {"schedule": schedule, "concurrencyPolicy": policy, "jobTemplate": template, **more}}


def test_patience_pays(cluster):
    cluster.apply(flaky(6, 60))
    assert check(jobs.flaky_job_ends, cluster)


@pytest.mark.parametrize("job, seen", [
    (flaky(6, 2), "gave up"), (flaky(3, 60), "wants 3 successes, not 6"), (flaky(6, 2, "true"), "another program"),
    (flaky(6, 60, policy="OnFailure"), "keeps its name"),
    (flaky(6, 5, policy="OnFailure"), "keeps its name")])
def test_jobs_that_do_not_make_it(cluster, job, seen):
    cluster.apply(job)
    verdict = check(jobs.flaky_job_ends, cluster)
    assert not verdict and seen in verdict.text


def test_half_past_two(cluster):
    cluster.apply(report("30 2 * * *"))
    assert check(jobs.nightly_runs, cluster)


@pytest.mark.parametrize("cron, seen", [
    (report("2 30 * * *"), ""), (report("30 14 * * *"), "at 14:30"), (report("30 2 * * *", "Allow"), "may overlap"),
    (report("30 2 * * *", suspend=True), "never ran"), (report("30 2 * * 1"), "in 1 of 7 nights"), (report("30 2 * * *", "Replace"), "")])
def test_other_schedules(cluster, cron, seen):
    if cron["spec"]["schedule"] == "2 30 * * *":  # minute and hour the wrong way round: there is no hour 30
        with pytest.raises(Exception, match="spec.schedule"):
            cluster.apply(cron)
        return
    cluster.apply(cron)
    verdict = check(jobs.nightly_runs, cluster)
    assert bool(verdict) == (not seen) and seen in verdict.text


def test_a_report_whose_image_nobody_has(cluster):
    cron = report("30 2 * * *")
    cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"] = "busybox:9.99"
    cluster.apply(cron)
    verdict = check(jobs.nightly_runs, cluster)
    assert not verdict and "does not end" in verdict.text


def test_no_cron_job(cluster):
    assert "no CronJob report" in check(jobs.nightly_runs, cluster).text


def backup(sidecar: bool = False, helper: bool = True, command: str = "until wget -qO- localhost > /dev/null; do sleep 1; done; echo saved",
           **more: object) -> dict:
    main = {"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", command]}
    web = {"name": "helper", "image": "nginx:1.25"}
    inits = [{**web, "restartPolicy": "Always"}] if sidecar else []
    containers = [main, *([web] if helper and not sidecar else [])]
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "backup"}, "spec": {
        **more, "template": {"spec": {"restartPolicy": "Never", "initContainers": inits, "containers": containers}}}}


def test_a_helper_as_a_sidecar_lets_the_job_complete(cluster):
    cluster.apply(backup(sidecar=True))
    assert check(jobs.backup_ends, cluster)


@pytest.mark.parametrize("manifest, seen", [
    (backup(), "main has said `saved`, and the Job is not complete"), (backup(helper=False), "nobody answers it at localhost"),
    (backup(activeDeadlineSeconds=60), "the Job has failed: DeadlineExceeded"), (backup(helper=False, command="true"), "nothing was saved")])
def test_backups_that_are_not_repaired(cluster, manifest, seen):
    cluster.apply(manifest)
    verdict = check(jobs.backup_ends, cluster)
    assert not verdict and seen in verdict.text and "Hint" in verdict.text


def test_the_broken_backup_is_broken(cluster):
    cluster.apply(jobs.BACKUP)
    assert "main has said `saved`" in check(jobs.backup_ends, cluster).text


@pytest.mark.parametrize("schedule, says", [
    ("0 6 * * 1", "4 runs in January 2026\nMon 05 Jan 06:00"), ("30 2 * * *", "and 23 more"), ("0 0 13 * 5", "6 runs")])
def test_a_month_of_a_schedule(schedule, says):
    """What the lesson's buttons show; of many runs only the first are listed."""
    assert says in jobs.month_of(schedule)


def test_two_runs_overlap_or_not_by_policy(cluster):
    """What the widget shows: ten minutes of a manifest, in a cluster of its own."""
    cron = report("* * * * *", "Allow")
    assert jobs.watched(cron, minutes=3.5).alt.count("Completed") == 3 and cluster.get("Pod") == []
