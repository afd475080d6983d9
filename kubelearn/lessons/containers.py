"""Judges and helpers of 01_containers: isolation seen from inside and outside, shares of memory and CPU."""
from __future__ import annotations

from kubelearn import kubectl
from kubelearn.api import quantity
from kubelearn.lessons.check import Wrong
from kubelearn.lessons.inside import containers_of

ROOMY = 256 << 20  # bytes; what is more than this for some 40 MiB is no limit
COUNT = "i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done"


def with_cpu(cluster, limit: str) -> str:
    """In a fork of this cluster: how long a container with this CPU limit counts to 1000, as a bar of text."""
    container = {"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", COUNT], "resources": {"limits": {"cpu": limit}}}
    with cluster.fork() as fork:
        fork.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "counting"},
                    "spec": {"nodeName": "node-1", "restartPolicy": "Never", "containers": [container]}})
        fork.run(5)
        made = containers_of(fork, fork.get("Pod", "counting"))[-1]
    worked, waited = round(made.cpu_seconds, 2), round(made.throttled_seconds, 2)
    return f"{_bar('█', worked)}{_bar('░', waited)} {worked + waited:.2f} s: {worked:.2f} s at work █, {waited:.2f} s held back ░"


def _bar(mark: str, seconds: float) -> str:
    """Ten milliseconds a mark."""
    return mark * round(seconds * 100)


def inside(pod: str, *words: str) -> tuple[int, str]:
    """Exit code and output of a command in a pod, by kubectl exec."""
    done = kubectl.run("exec", pod, "--", *words)
    return done.returncode, (done.stdout + done.stderr).strip()


def isolated_pair(cluster) -> str:
    """Two pods, left and right, on one node: each sees its own file /mine and not the other's, and its own process 1."""
    cluster.run(10)
    pods = {name: cluster.get("Pod", name) for name in ("left", "right")}
    for name, pod in pods.items():
        if pod["status"]["phase"] != "Running":
            raise Wrong(f"{name} is {pod['status']['phase']}, not Running", f"kubectl describe pod {name}")
    nodes = {pod["spec"]["nodeName"] for pod in pods.values()}
    if len(nodes) > 1:
        raise Wrong(f"left and right run on two machines, {' and '.join(sorted(nodes))}", "spec.nodeName puts a pod on a node of your choice")
    texts = {name: inside(name, "cat", "/mine") for name in pods}
    missing = [name for name, (code, _) in texts.items() if code]
    if missing:
        raise Wrong(f"{missing[0]} has no file /mine", "kubectl exec NAME -- sh -c 'echo something > /mine'")
    if texts["left"] == texts["right"]:
        raise Wrong(f"both files say {texts['left'][1]!r}, so nothing shows that they are two", "write something else into each")
    return f"one machine, one path, two files: left says {texts['left'][1]!r}, right says {texts['right'][1]!r}"


def survives_its_limit(cluster) -> str:
    """The pod hungry holds 40 MiB and is not killed."""
    cluster.run(20)
    pod = cluster.get("Pod", "hungry")
    status = next(iter(pod["status"].get("containerStatuses", [])), {"state": {}})
    ended = status["state"].get("terminated") or status.get("lastState", {}).get("terminated")
    limit = pod["spec"]["containers"][0].get("resources", {}).get("limits", {}).get("memory")
    if ended and ended["reason"] == "OOMKilled":
        raise Wrong(f"with a limit of {limit} it was killed (OOMKilled, exit code {ended['exitCode']})", "it needs a little over 40Mi")
    if not limit:
        raise Wrong("it runs, and nothing keeps it from taking the whole machine", "keep a memory limit, a larger one")
    if "running" not in status["state"]:
        raise Wrong(f"it does not run: its phase is {pod['status']['phase']}", "kubectl describe pod hungry")
    if quantity.value(limit) > ROOMY:
        raise Wrong(f"it runs under a limit of {limit}: should it go wrong, it takes that much of the machine before anybody stops it",
                    "it holds some 40 MiB; what it needs and half as much again is a good limit")
    return f"it runs under a limit of {limit}"
