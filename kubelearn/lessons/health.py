"""Judges of 10_health: probes that help and probes that harm, and a drain that nobody notices."""
from __future__ import annotations

from kubelearn.lessons import traffic
from kubelearn.lessons.check import Wrong


def restarts(cluster, app: str) -> int:
    return sum(status["restartCount"] for pod in pods_of(cluster, app) for status in pod["status"].get("containerStatuses", ()))


def pods_of(cluster, app: str) -> list[dict]:
    return [pod for pod in cluster.get("Pod") if pod["metadata"].get("labels", {}).get("app") == app and "deletionTimestamp" not in pod["metadata"]]


def ready(pod: dict) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))


def slow_start_survives(cluster) -> str:
    """The Deployment slow, which needs 40 seconds to start, becomes ready without one restart, and is still healed when it hangs later."""
    cluster.run(120)
    pods = pods_of(cluster, "slow")
    if not pods:
        raise Wrong("there is no Pod of slow", "kubectl get deployment slow")
    if restarts(cluster, "slow"):
        raise Wrong(f"its Pods were restarted {restarts(cluster, 'slow')} times while they started", "a startupProbe holds the liveness probe back until the start is done")
    if not all(map(ready, pods)):
        raise Wrong("after two minutes not all its Pods are ready", "kubectl describe pod -l app=slow")
    container = pods[0]["spec"]["containers"][0]
    if "livenessProbe" not in container:
        raise Wrong("it starts; but when it hangs one day, nobody will restart it", "keep the liveness probe, and add a startupProbe")
    _remove(cluster, pods[0], "/tmp/healthy")
    cluster.run(120)
    if not restarts(cluster, "slow"):
        raise Wrong("made to hang, it was not restarted within two minutes", "failureThreshold times periodSeconds is how long a hang may last")
    return "it started without a restart, and was restarted when it hung"


def drain_unnoticed(cluster, clients: list[traffic.Answer]) -> str:
    """node-1 is drained, and no request to shop failed meanwhile."""
    cluster.run(30)
    node = cluster.get("Node", "node-1")
    if not node["spec"].get("unschedulable"):
        raise Wrong("node-1 still takes Pods", "kubectl drain node-1 --ignore-daemonsets")
    left = [pod["metadata"]["name"] for pod in pods_of(cluster, "shop") if pod["spec"].get("nodeName") == "node-1"]
    if left:
        raise Wrong(f"{', '.join(left)} is still on node-1", "a drain evicts; a budget may make it wait until others are ready")
    failed = [answer for answer in clients if not answer.ok]
    if failed:
        raise Wrong(f"{len(failed)} of {len(clients)} requests failed, the first: {failed[0].error}",
                    "more than one replica, a PodDisruptionBudget with minAvailable, and a readiness probe")
    budgets = cluster.get("PodDisruptionBudget")
    if not budgets:
        raise Wrong("no request failed, by luck: nothing keeps a drain from taking all Pods at once", "kubectl create pdb shop --selector=app=shop --min-available=1")
    return f"node-1 is empty, and all {len(clients)} requests were answered"


def hang(cluster, app: str) -> str:
    """Makes one Pod of an application hang: its health file goes. Returns the Pod's name."""
    pod = pods_of(cluster, app)[0]
    _remove(cluster, pod, "/tmp/healthy")
    return pod["metadata"]["name"]


def _remove(cluster, pod: dict, path: str) -> None:
    runtime = cluster.nodes[pod["spec"]["nodeName"]].runtime
    container = next(c for c in runtime.containers.values() if c.sandbox.pod["metadata"]["uid"] == pod["metadata"]["uid"] and c.state == "running")
    with cluster.lock:
        runtime.exec(container, ["rm", "-f", path])
    cluster.run(0.1)


def listen(cluster, url: str) -> list[traffic.Answer]:
    """A client that asks every 0.2 s from now on."""
    return traffic.start(cluster, url, every=0.2)


def failed(answers: list[traffic.Answer]) -> str:
    return f"{sum(not answer.ok for answer in answers)} of {len(answers)} requests failed"
