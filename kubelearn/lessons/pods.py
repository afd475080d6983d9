"""Judges and helpers of 02_pods: crash loops, shared addresses, what a Pod leaves behind."""
from __future__ import annotations

from kubelearn.clock import parse_time
from kubelearn.lessons.check import Wrong

PROGRAM = 'test -n "$GREETING" || { echo GREETING is not set; exit 3; }; echo $GREETING; sleep 3600'
CRASH = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "reporter"}, "spec": {"containers": [
    {"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", PROGRAM]}]}}


def start_crashing(cluster) -> None:
    """A Pod whose program wants a variable that nobody sets."""
    cluster.apply(CRASH)
    cluster.run(120)


def statuses(pod: dict) -> list[dict]:
    return pod["status"].get("containerStatuses", [])


def reporter_runs(cluster) -> str:
    """The program of reporter has been running for ten seconds, with its variable."""
    cluster.run(60)
    pod = cluster.get("Pod", "reporter")
    status = statuses(pod)[0]
    if "running" not in status["state"]:
        why = status["state"].get("waiting") or status["state"].get("terminated")
        raise Wrong(f"reporter is {why.get('reason')}, restarted {status['restartCount']} times", "kubectl logs reporter says what the program misses")
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
    lines = [line.decode(errors="replace") for container in _containers(cluster, pod) for _, _, line in container.log]
    if not any("welcome to nginx" in line.lower() for line in lines):
        raise Wrong("no container has logged the other's page", "wget -qO- http://localhost/ from the second container; nginx is the first")
    return "one container asked the other on localhost and logged its page"


def _containers(cluster, pod: dict) -> list:
    runtime = cluster.nodes[pod["spec"]["nodeName"]].runtime
    return [c for c in runtime.containers.values() if c.sandbox.pod["metadata"]["uid"] == pod["metadata"]["uid"]]


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
