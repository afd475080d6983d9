"""Judges of 06_jobs: work that is done once, a number of times, and on a schedule."""
from __future__ import annotations

from datetime import datetime

from kubelearn.api.meta import condition, condition_is
from kubelearn.cluster import Cluster
from kubelearn.errors import ApiError
from kubelearn.lessons import inside
from kubelearn.lessons.check import Wrong
from kubelearn.view import timeline
from kubelearn.view.picture import Picture

MONTHLY = """apiVersion: batch/v1
kind: CronJob
metadata: {name: monthly}
spec:
  schedule: "SCHEDULE"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "busybox:1.36", command: [date]}]}}}}
"""
BACKUP = """apiVersion: batch/v1
kind: Job
metadata: {name: backup}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: main, image: "busybox:1.36", command: [sh, -c, "until wget -qO- localhost > /dev/null; do sleep 1; done; echo saved"]}
      - {name: helper, image: "nginx:1.25"}
"""
SAME = "the same Pod, started again, keeps its name and its luck; what makes a new Pod?"
NIGHTS = 7  # that nightly_runs plays
LISTED = 8  # of a month's runs: enough to see the rhythm


def pods_of(cluster, job: str) -> list[dict]:
    return [pod for pod in cluster.get("Pod") if pod["metadata"].get("labels", {}).get("job-name") == job]


def runs_of(cluster, cron_job: str) -> list[str]:
    """The times at which a CronJob made its Jobs, from the cluster's history."""
    return [revision.object["metadata"]["creationTimestamp"] for revision in cluster.revisions(0)
            if revision.kind == "Job" and revision.verb == "create" and revision.actor == "cronjob-controller"
            and revision.object["metadata"]["ownerReferences"][0]["name"] == cron_job]


def watched(manifest: str, minutes: float) -> Picture:
    """What a manifest's Pods do in its first minutes, in a cluster of their own."""
    with Cluster(serve=False) as cluster:
        cluster.apply(manifest)
        cluster.run(60 * minutes)
        return timeline(cluster, since=cluster.beginning)


def month_of(schedule: str) -> str:
    """When a CronJob of this schedule runs in January 2026, found by letting that month pass in a cluster of its own."""
    with Cluster(nodes=1, serve=False) as cluster:
        cluster.apply(MONTHLY.replace("SCHEDULE", schedule))
        cluster.run(31 * 86_400 - 1)
        runs = [datetime.fromisoformat(run) for run in runs_of(cluster, "monthly")]
    more = [f"and {len(runs) - LISTED} more"] * (len(runs) > LISTED)
    return "\n".join([f"{len(runs)} runs in January 2026", *(f"{run:%a %d %b %H:%M}" for run in runs[:LISTED]), *more])


def flaky_job_ends(cluster) -> str:
    """The Job flaky has succeeded six times, although its program fails now and then."""
    cluster.run(until=lambda: condition_is(cluster.get("Job", "flaky"), "Complete") or condition_is(cluster.get("Job", "flaky"), "Failed"), limit=3600)
    job = cluster.get("Job", "flaky")
    succeeded, failed = job["status"].get("succeeded", 0), job["status"].get("failed", 0)
    if condition_is(job, "Failed"):
        same = job["spec"]["template"]["spec"]["restartPolicy"] == "OnFailure"
        raise Wrong(f"the Job gave up after {failed} failures, with {succeeded} of 6 done", SAME if same else "backoffLimit says how many failures it bears")
    if job["spec"].get("completions", 1) != 6:
        raise Wrong(f"the Job wants {job['spec'].get('completions', 1)} successes, not 6", "six was the task: spec.completions stays as it is")
    if not condition_is(job, "Complete"):
        raise Wrong(f"{succeeded} of 6 are done after an hour", SAME)
    if not failed:
        raise Wrong("6 successes and not one failure: this is another program", "leave its command as it is; how much failure may the Job bear?")
    return f"6 successes, in spite of {failed} failures"


def nightly_runs(cluster) -> str:
    """The CronJob report runs each night at half past two, never twice at once. A week is played to see it."""
    try:
        cron = cluster.get("CronJob", "report")
    except ApiError:
        raise Wrong("there is no CronJob report", "kubectl create cronjob report --image=... --schedule='...' -- ...") from None
    since = len(runs_of(cluster, "report"))
    cluster.run(NIGHTS * 86_400)
    found = runs_of(cluster, "report")[since:]
    if not found:
        raise Wrong("in a week it never ran", f"its schedule is {cron['spec']['schedule']!r}, and suspend must not be true")
    times = {text[11:16] for text in found}
    if times != {"02:30"}:
        raise Wrong(f"in a week it ran {len(found)} times, at {', '.join(sorted(times)[:3])}", "minute, hour, day of month, month, day of week: '30 2 * * *'")
    if len(found) < NIGHTS:
        nights = f"in a week it ran in {len(found)} of {NIGHTS} nights"
        if cluster.get("CronJob", "report")["status"].get("active"):
            raise Wrong(f"{nights}: a run that does not end keeps the next from beginning", "kubectl get pods: what keeps its Pod from its end?")
        raise Wrong(nights, "every day of the month, every month, every day of the week: '30 2 * * *'")
    if cron["spec"].get("concurrencyPolicy") not in ("Forbid", "Replace"):
        raise Wrong("it runs at the right time; but two runs may overlap when one takes long", "concurrencyPolicy: Forbid lets none begin while one runs")
    return f"in a week it ran {len(found)} times, always at 02:30"


def backup_ends(cluster) -> str:
    """The Job backup completes, and its program has done its work: it said so."""
    done = ("Complete", "Failed")
    cluster.run(until=lambda: any(condition_is(cluster.get("Job", "backup"), kind) for kind in done), limit=300)
    job, pods = cluster.get("Job", "backup"), pods_of(cluster, "backup")
    said = [line for pod in pods for line in log_of(cluster, pod, "main")]
    if condition_is(job, "Failed"):
        reason = condition(job, "Failed")["reason"]
        raise Wrong(f"the Job has failed: {reason}", "ending it is not completing it; which container keeps the Pod from its end?")
    if not condition_is(job, "Complete"):
        raise Wrong(*(_helper_runs_on() if "saved" in said else _main_waits()))
    if "saved" not in said:
        raise Wrong("the Job is complete, and nothing was saved", "main says `saved` when it has done its work; leave its command as it was")
    return "the Job is complete, and main says: saved"


def _helper_runs_on() -> tuple[str, str]:
    return ("main has said `saved`, and the Job is not complete",
            "what do READY and STATUS of its Pod say? A Pod has ended when all its containers have; sidecars do not count")


def _main_waits() -> tuple[str, str]:
    return "after five minutes main has not said `saved`: nobody answers it at localhost", "it needs its helper, in the same Pod, while it works"


def log_of(cluster, pod: dict, container: str) -> list[str]:
    """The lines that a container has written, those of earlier runs among them."""
    found = [each for each in inside.containers_of(cluster, pod) if each.name == container]
    return [line.strip() for each in found for line in inside.lines_of(each)]
