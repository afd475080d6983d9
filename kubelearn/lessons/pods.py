"""Judges and helpers of 02_pods: crash loops, shared addresses, what a Pod leaves behind."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat
import yaml

from kubelearn.clock import parse_time
from kubelearn.cluster import Cluster
from kubelearn.lab import course
from kubelearn.lessons import inside
from kubelearn.lessons.check import Wrong
from kubelearn.view.picture import Picture
from kubelearn.view.timeline import timeline

REPORTER = """apiVersion: v1
kind: Pod
metadata: {name: reporter}
spec:
  containers:
  - name: main
    image: busybox:1.36
    command: [sh, -c, 'test -n "$GREETING" || { echo GREETING is not set; exit 3; }; echo $GREETING; sleep 3600']
"""
MANIFEST = re.compile(r"%%writefile [^\n]*\.yaml\n(.*)", re.DOTALL)


def start_crashing(cluster, folder: str = ".") -> None:
    """reporter.yaml, applied: a Pod whose program wants a variable that nobody sets."""
    Path(folder, "reporter.yaml").write_text(REPORTER)
    cluster.apply(REPORTER)
    cluster.run(120)


def two_minutes(restart_policy: str, exit_code: int) -> Picture:
    """In a cluster of its own: a program that runs for twenty seconds and ends, under a restart policy."""
    container = {"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", f"sleep 20; exit {exit_code}"]}
    with Cluster(nodes=1, serve=False) as cluster:
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "twenty-seconds"},
                       "spec": {"restartPolicy": restart_policy, "containers": [container]}})
        cluster.run(120)
        return timeline(cluster, "twenty-seconds", since=cluster.beginning)  # to the end of the two minutes


def containers_of_lessons() -> Counter[int]:
    """How many Pods and Pod templates in the manifests of this course have how many containers."""
    specs = (spec for path in sorted(course().glob("*.ipynb")) for cell in nbformat.read(path, as_version=4).cells
             if (found := MANIFEST.match(cell.source)) for spec in _pod_specs(list(yaml.safe_load_all(found[1]))))
    return Counter(len(spec["containers"]) for spec in specs)


def _pod_specs(value: object) -> Iterator[dict]:
    """Every part of an object that has a list of containers."""
    if isinstance(value, dict) and isinstance(value.get("containers"), list):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _pod_specs(part)


def statuses(pod: dict) -> list[dict]:
    return pod["status"].get("containerStatuses", [])


def reporter_runs(cluster) -> str:
    """The program of reporter has been running for ten seconds, with its variable."""
    cluster.run(60)
    pod = cluster.get("Pod", "reporter")
    if not statuses(pod):
        raise Wrong(f"reporter has not started: {pod['status']['phase']}", "kubectl describe pod reporter")
    status = statuses(pod)[0]
    if "running" not in status["state"]:
        why = status["state"].get("waiting") or status["state"].get("terminated")
        raise Wrong(f"reporter is {why.get('reason')}, restarted {status['restartCount']} times", "kubectl logs reporter says what the program lacks")
    command = " ".join(pod["spec"]["containers"][0].get("command", []))
    if "GREETING" not in command:
        raise Wrong("reporter runs another program now", "leave the command as it is; give the container the variable in env")
    return f"reporter runs, and was restarted {status['restartCount']} times"


def two_talk(cluster) -> str:
    """The Pod pair: two containers, one of which asks the other on localhost and logs the answer."""
    cluster.run(20)
    pod = cluster.get("Pod", "pair")
    if len(pod["spec"]["containers"]) < 2:
        raise Wrong("pair has one container", "two entries in spec.containers")
    broken = [s["name"] for s in statuses(pod) if "running" not in s["state"] and s["state"].get("terminated", {}).get("exitCode", 1)]
    if broken:
        raise Wrong(f"container {broken[0]} does not run", "two containers of a Pod share one address: do both want the same port?")
    lines = [line for container in inside.containers_of(cluster, pod) for line in inside.lines_of(container)]
    if not any("welcome to nginx" in line.lower() for line in lines):
        raise Wrong("no container has logged the other's page", "wget -qO- http://localhost/ from the second container; nginx is the first")
    return "one container asked the other on localhost and logged its page"


def back_off(cluster, pod: str) -> list[float]:
    """Seconds from each end of a container to its next start, read from the cluster's own history."""
    waits, ended = [], None
    for revision in cluster.revisions(0):
        if revision.kind != "Pod" or revision.name != pod:
            continue
        for status in statuses(revision.object):
            done = status.get("lastState", {}).get("terminated")
            started = status["state"].get("running") or status["state"].get("terminated")
            if done and started and done["containerID"] != ended:
                ended = done["containerID"]
                waits.append(parse_time(started["startedAt"]) - parse_time(done["finishedAt"]))
    return waits
