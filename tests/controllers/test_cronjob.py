"""CronJobs: a Job at each scheduled time."""
from __future__ import annotations

from datetime import timezone
from zoneinfo import ZoneInfo

import pytest

from kubelearn.controllers.cronjob import CronJobController, Schedule
from kubelearn.controllers.garbagecollector import GarbageCollector
from kubelearn.controllers.job import JobController

DAY = 86_400


@pytest.fixture
def crons(world):
    return world.nodes().start(GarbageCollector, JobController, CronJobController)


def cron(schedule: str = "* * * * *", spec: str = "") -> str:
    return f"""
        apiVersion: batch/v1
        kind: CronJob
        metadata: {{name: tick}}
        spec:
          schedule: "{schedule}"
          {spec}
          jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: busybox}}]}}}}}}}}"""


def finish_all(world) -> None:
    for pod in world.list("Pod"):
        if pod["status"]["phase"] == "Running":
            world.finish(pod["metadata"]["name"])


def test_a_job_a_minute_a_tenth_of_a_second_late_named_after_it(crons):
    crons.apply(cron())
    crons.run(60.05)
    assert crons.list("Job") == []
    crons.run(0.1)
    [name] = crons.names("Job")
    assert name == "tick-29453761"  # minutes since 1970
    status = crons.get("CronJob", "tick")["status"]
    assert status["lastScheduleTime"] == "2026-01-01T00:01:00Z" and [a["name"] for a in status["active"]] == [name]
    assert crons.get("Job", name)["metadata"]["annotations"] == {"batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T00:01:00Z"}
    finish_all(crons)
    crons.run(5)
    status = crons.get("CronJob", "tick")["status"]
    assert "active" not in status and status["lastSuccessfulTime"]
    assert f"Normal SawCompletedJob: Saw completed job: {name}, condition: Complete" in crons.events("CronJob")


def test_three_finished_jobs_are_kept(crons):
    crons.apply(cron())
    for _ in range(6):
        crons.run(60.2)
        finish_all(crons)
    crons.run(5)
    assert len(crons.list("Job")) == 3


@pytest.mark.parametrize("policy, running", [("Allow", 3), ("Forbid", 1), ("Replace", 1)])
def test_what_still_runs_at_the_next_time(crons, policy, running):
    crons.apply(cron(spec=f"concurrencyPolicy: {policy}"))
    crons.run(60.2)
    [first] = crons.names("Job")
    crons.run(120)
    assert len(crons.list("Job")) == running and (first in crons.names("Job")) == (policy != "Replace")


def test_suspended_it_makes_nothing_and_resumed_only_the_last_missed(crons):
    crons.apply(cron(spec="suspend: true"))
    crons.run(600)
    assert crons.list("Job") == []
    crons.patch("CronJob", "tick", {"spec": {"suspend": False}})
    assert crons.names("Job") == ["tick-29453770"]


def test_too_late_is_not_at_all(crons):
    crons.apply(cron("0 * * * *", "suspend: true\n          startingDeadlineSeconds: 60"))
    crons.run(3700)
    crons.patch("CronJob", "tick", {"spec": {"suspend": False}})
    assert crons.list("Job") == []
    crons.run(3600)
    assert len(crons.list("Job")) == 1


def test_schedules():
    """Names, macros, steps; the day of the month or of the week; in a time zone; the last time of many."""
    utc = timezone.utc
    assert Schedule("*/5 * * * *", utc).after(0) == 300
    assert Schedule("@daily", utc).after(0) == DAY
    assert Schedule("0 9 * * MON-FRI", utc).after(0) == 9 * 3600  # the epoch is a Thursday
    assert Schedule("0 0 13 * 5", utc).after(0) == DAY           # Friday the 2nd, before the 13th
    assert Schedule("@every 90s", utc).last(10, 300) == 10 + 3 * 90
    assert Schedule("0 6 * * *", ZoneInfo("America/New_York")).after(0) == 11 * 3600
    assert Schedule("* * * * *", utc).last(0, 59.9) is None
    assert Schedule("* * * * *", utc).last(0, 366 * DAY) == 366 * DAY
    with pytest.raises(ValueError):
        Schedule("0 0 31 2 *", utc).after(0)
