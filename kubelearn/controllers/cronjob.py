"""The CronJob controller: makes a Job each time its schedule says so, and keeps a few of the finished ones.

Law: one Job for each scheduled time that is noticed within startingDeadlineSeconds, named after that minute; of several
missed times only the last counts.
Leaves out: TZ= inside the schedule. Upstream: pkg/controller/cronjob.
"""
from __future__ import annotations

import re
from datetime import datetime, timezone, tzinfo
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from kubelearn.api.meta import annotations_of, is_deleting, key_of, labels_of, name_of, owner_of, owner_reference, reference_to, uid_of
from kubelearn.clock import EPOCH, parse_time
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.jobpolicy import finished
from kubelearn.errors import ApiError

DELTA = 0.1  # seconds after the scheduled time at which it is looked at
MACROS = {"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *",
          "@midnight": "0 0 * * *", "@hourly": "0 * * * *"}
UNITS = {"h": 3600, "m": 60, "s": 1}
TOO_MANY = 100  # missed times worth a warning


class Schedule:
    """The times that a schedule names, in virtual seconds. ValueError where it names none."""

    def __init__(self, text: str, zone: tzinfo):
        parts = re.findall(r"([\d.]+)([hms])", text) if text.startswith("@every") else []
        self.every = sum(float(number) * UNITS[unit] for number, unit in parts)
        self.text, self.zone = MACROS.get(text, text).replace("?", "*"), zone

    def after(self, start: float) -> float:
        """The first time after this second."""
        return start // 1 + self.every if self.every else self._search(start, reverse=False)

    def last(self, start: float, now: float) -> float | None:
        """The newest time after `start` that has come by `now`."""
        if self.every:
            count = (now - start // 1) // self.every
            return start // 1 + count * self.every if count else None
        newest = self._search(now // 1 + 1, reverse=True)
        return newest if newest > start else None

    def _search(self, start: float, reverse: bool) -> float:
        at = datetime.fromtimestamp(EPOCH + start // 1, timezone.utc).astimezone(self.zone)
        try:
            return next(CronSim(self.text, at, reverse=reverse)).timestamp() - EPOCH
        except (CronSimError, StopIteration) as error:
            raise ValueError(f"{error}") from None


def time_zone(cron_job: dict) -> tzinfo:
    """spec.timeZone, else UTC; KeyError or ValueError where there is none of that name."""
    name = cron_job["spec"].get("timeZone")
    return ZoneInfo(name) if name else timezone.utc


def earliest(cron_job: dict, now: float, deadline: bool) -> float:
    """From when on times count: the last one that was served, or the creation; with `deadline` none that is too old."""
    since = parse_time(cron_job.get("status", {}).get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"])
    seconds = cron_job["spec"].get("startingDeadlineSeconds")
    return max(since, now - seconds) if deadline and seconds is not None else since


def missed_times(schedule: Schedule, start: float, now: float) -> int:
    """About how many times went by, judged by the distance of the first two."""
    first = schedule.after(start)
    return int((now - first) // max(schedule.after(first) - first, 1)) + 1 if first <= now else 0


def job_name(cron_job: dict, at: float) -> str:
    """The CronJob's name and the scheduled minute since 1970."""
    return f"{name_of(cron_job)}-{int(EPOCH + at) // 60}"


def job_from_template(cron_job: dict, at: float, zone: tzinfo) -> dict:
    template = cron_job["spec"]["jobTemplate"]
    stamp = datetime.fromtimestamp(EPOCH + at, zone).isoformat().replace("+00:00", "Z")
    annotations = {**annotations_of({"metadata": template.get("metadata", {})}), "batch.kubernetes.io/cronjob-scheduled-timestamp": stamp}
    metadata = {"name": job_name(cron_job, at), "namespace": cron_job["metadata"]["namespace"], "annotations": annotations,
                "ownerReferences": [owner_reference(cron_job)]}
    labels = labels_of({"metadata": template.get("metadata", {})})
    metadata |= {"labels": labels} if labels else {}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}


def superfluous(jobs: list[dict], spec: dict) -> list[dict]:
    """The oldest finished Jobs beyond successfulJobsHistoryLimit and failedJobsHistoryLimit."""
    old = []
    for kind, limit in (("Complete", spec.get("successfulJobsHistoryLimit")), ("Failed", spec.get("failedJobsHistoryLimit"))):
        ended = [job for job in jobs if finished(job) == kind]
        ended.sort(key=lambda job: (job["status"].get("startTime", ""), name_of(job)))
        old += ended[:max(len(ended) - limit, 0)] if limit is not None else []
    return old


class CronJobController(Controller):
    name, kind, owns = "cronjob-controller", "CronJob", ("Job",)

    def sync(self, cron_job: dict) -> None:
        jobs = self.owned(cron_job, "Job")
        status = self._with_ended_jobs(cron_job, jobs)
        if not is_deleting(cron_job):
            for job in superfluous(jobs, cron_job["spec"]):
                limit = cron_job["spec"]["failedJobsHistoryLimit" if finished(job) == "Failed" else "successfulJobsHistoryLimit"]
                self._delete_job(cron_job, job, because=f"of Jobs that are {finished(job)} the newest {limit} are kept")
            status = self._schedule(cron_job, jobs, status)
        because = f"{len(status['active'])} of its {len(jobs)} Jobs are active"
        self.update_status(cron_job, {key: value for key, value in status.items() if value}, because)

    def _with_ended_jobs(self, cron_job: dict, jobs: list[dict]) -> dict:
        """The status after what became of the Jobs that it names as active."""
        status, by_uid = dict(cron_job["status"]), {uid_of(job): job for job in jobs}
        named = [active["uid"] for active in status.get("active", ())]
        for job in jobs:
            if uid_of(job) not in named and not finished(job):
                self.event(cron_job, "Warning", "UnexpectedJob", f"Saw a job that the controller did not create or forgot: {name_of(job)}")
            elif uid_of(job) in named and finished(job):
                self.event(cron_job, "Normal", "SawCompletedJob", f"Saw completed job: {name_of(job)}, condition: {finished(job)}")
        for active in status.get("active", ()):
            if active["uid"] not in by_uid:
                self.event(cron_job, "Normal", "MissingJob", f"Active job went missing: {active['name']}")
        status["active"] = [a for a in status.get("active", ()) if a["uid"] in by_uid and not finished(by_uid[a["uid"]])]
        successes = [job["status"]["completionTime"] for job in jobs if finished(job) == "Complete"]
        status["lastSuccessfulTime"] = max([status.get("lastSuccessfulTime", ""), *successes])
        return status

    def _schedule(self, cron_job: dict, jobs: list[dict], status: dict) -> dict:
        """Starts the Job that is due, and comes back when the next one will be."""
        spec, now = cron_job["spec"], self.clock.now
        if spec.get("suspend"):
            return status
        try:
            zone = time_zone(cron_job)
            schedule = Schedule(spec["schedule"], zone)
            self.queue.add_after(key_of(cron_job), schedule.after(now) + DELTA - now)
            start = earliest(cron_job, now, deadline=True)
            due = schedule.last(start, now)
        except KeyError:
            name = spec["timeZone"]
            self.event(cron_job, "Warning", "UnknownTimeZone", f'invalid timeZone: "{name}": unknown time zone {name}')
            return status
        except ValueError as error:
            self.event(cron_job, "Warning", "InvalidSchedule", f"invalid schedule: {spec['schedule']} : {error}")
            return status
        if due is None or job_name(cron_job, due) in (active["name"] for active in status["active"]):
            return status
        if missed_times(schedule, start, now) > TOO_MANY:
            self.event(cron_job, "Warning", "TooManyMissedTimes",
                       "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew")
        if spec.get("concurrencyPolicy") == "Forbid" and status["active"]:
            self.event(cron_job, "Normal", "JobAlreadyActive",
                       "Not starting job because prior execution is running and concurrency policy is Forbid")
            return status
        if spec.get("concurrencyPolicy") == "Replace":
            for job in (job for job in jobs if uid_of(job) in [active["uid"] for active in status["active"]]):
                self._delete_job(cron_job, job, because="concurrencyPolicy is Replace")
            status = {**status, "active": []}
        return self._start(cron_job, due, zone, status)

    def _start(self, cron_job: dict, due: float, zone: tzinfo, status: dict) -> dict:
        because = f"its schedule {cron_job['spec']['schedule']} names {self.clock.timestamp(due)}"
        try:
            job = self.client.create(job_from_template(cron_job, due, zone), because)
            self.event(cron_job, "Normal", "SuccessfulCreate", f"Created job {name_of(job)}")
        except ApiError as error:
            if error.reason != "AlreadyExists":
                self.event(cron_job, "Warning", "FailedCreate", f"Error creating job: {error}")
                raise
            job = self.client.get("Job", job_name(cron_job, due), cron_job["metadata"]["namespace"])
            if owner_of(job) != owner_reference(cron_job):
                return status
        return {**status, "active": [*status["active"], reference_to(job)], "lastScheduleTime": self.clock.timestamp(due)}

    def _delete_job(self, cron_job: dict, job: dict, because: str) -> None:
        self.client.delete("Job", name_of(job), job["metadata"]["namespace"], because, propagation="Background", uid=uid_of(job))
        self.event(cron_job, "Normal", "SuccessfulDelete", f"Deleted job {name_of(job)}")
