"""Judges and helpers of 10_health: probes that help, and probes that hurt."""
from __future__ import annotations

from kubelearn import kubectl
from kubelearn.cluster import Cluster
from kubelearn.lessons import traffic
from kubelearn.lessons.check import Wrong
from kubelearn.lessons.deployments import deployment, ready, service
from kubelearn.view import timeline
from kubelearn.view.picture import Picture

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"
SERVE = ["serve-hostname", "--port=8080"]
SLOW = ["sh", "-c", "sleep 20; exec /agnhost serve-hostname --port=8080"]
ASKS_DATABASE = {"exec": {"command": ["wget", "-q", "-T", "1", "-O", "/dev/null", "http://database"]}, "periodSeconds": 2}


def pods(cluster, name: str) -> list[dict]:
    return [pod for pod in cluster.get("Pod") if pod["metadata"].get("labels", {}).get("app") == name]


def restarts(cluster, name: str) -> int:
    return sum(status["restartCount"] for pod in pods(cluster, name) for status in pod["status"].get("containerStatuses", ()))


def answers(cluster, name: str, times: int = 20) -> str:
    """How many requests are answered, half a second apart."""
    found = traffic.ask(cluster, f"http://{name}/", times, every=0.5)
    return f"{sum(answer.ok for answer in found)} of {times} requests answered"


def database_and_shop(cluster) -> None:
    """A shop whose liveness probe asks its database: if that is slow or away, every Pod of the shop is killed."""
    cluster.apply(deployment("database", AGNHOST, 1, args=SERVE))
    cluster.apply(service("database", 8080))
    cluster.run(10)
    cluster.apply(deployment("shop", AGNHOST, 3, args=SERVE, livenessProbe=ASKS_DATABASE))
    cluster.apply(service("shop", 8080))
    cluster.run(10)


# --- exercise 1 ---------------------------------------------------------------------------------------------------

def slow_starter(cluster) -> None:
    """A program that needs 20 seconds to start, and is told to end after three."""
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    cluster.apply(deployment("slow", AGNHOST, 1, command=SLOW, livenessProbe=probe))
    cluster.apply(service("slow", 8080))
    cluster.run(60)


def with_patience(seconds: int | None) -> Picture:
    """The slow program with a startup probe that waits so long for it, None: without one; 90 seconds of it as a timeline."""
    ready_probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    probe = {**ready_probe, "terminationGracePeriodSeconds": 1}  # killed at once: nothing of it goes on in its last seconds
    patience = {} if seconds is None else {"startupProbe": {**probe, "failureThreshold": seconds}}
    with Cluster(serve=False) as fresh:
        fresh.apply(deployment("slow", AGNHOST, 1, command=SLOW, livenessProbe=probe, readinessProbe=ready_probe, **patience))
        fresh.run(90)
        picture, killed = timeline(fresh, "slow", since=fresh.beginning), restarts(fresh, "slow")
        caption = f"after 90 s {'ready' if ready(fresh, 'slow') else 'not ready'}; its container was killed {killed} time{'' if killed == 1 else 's'}"
        return Picture(picture.drawn, picture.alt, caption)


def starts_and_is_watched(cluster) -> str:
    """It starts without being killed, answers, and is killed within ten seconds once it no longer does."""
    cluster.run(90)
    if not ready(cluster, "slow"):
        raise Wrong(f"slow is not ready; its container was restarted {restarts(cluster, 'slow')} times",
                    "it needs 20 seconds before it answers; a startupProbe holds the others back until it has succeeded once")
    before = restarts(cluster, "slow")
    if before:
        probe = cluster.get("Deployment", "slow")["spec"]["template"]["spec"]["containers"][0].get("startupProbe")
        hint = ("failureThreshold x periodSeconds of the startupProbe: more than 20; and it asks where the program listens, at port 8080" if probe else
                "it needs 20 seconds before it answers, and its liveness probe does not wait; a startupProbe makes it wait")
        raise Wrong(f"its container was killed {before} times while it started", hint)
    if pods(cluster, "slow")[0]["spec"]["containers"][0].get("command") != SLOW:
        raise Wrong("it starts, but it is another program now", "leave its command as it is: the real one needs its 20 seconds; change its probes")
    answer = traffic.ask(cluster, "http://slow/")[0]
    if not answer.ok:
        raise Wrong(f"it does not answer: {answer.error}", "leave the program as it is; only its probes are wrong")
    _stop_answering(cluster, pods(cluster, "slow")[0])
    cluster.run(10)
    if not restarts(cluster, "slow"):
        raise Wrong("it stopped answering, and ten seconds later nobody had killed it",
                    "keep the liveness probe as quick as it was: a high failureThreshold makes it slow for ever, or it is gone")
    return "it started without a restart, and was killed soon after it no longer answered"


def _stop_answering(cluster, pod: dict) -> None:
    """The Pod's port closes while its process goes on: it hangs."""
    with cluster.lock:
        for key, listener in list(cluster.network.listeners.items()):
            if key[0] in (pod["status"]["podIP"], f"lo/{pod['status']['podIP']}"):
                listener.close()


# --- exercise 2 ---------------------------------------------------------------------------------------------------

def survives_its_database(cluster) -> str:
    """With the database away the shop goes on answering, and is not restarted; a Pod of the shop that hangs still is."""
    cluster.patch("Deployment", "database", {"spec": {"replicas": 1}})
    cluster.run(60)
    if ready(cluster, "shop") < 3:
        raise Wrong(f"{ready(cluster, 'shop')} of 3 Pods of the shop are ready while all is well", "kubectl describe pod: what does the probe say?")
    before = restarts(cluster, "shop")
    cluster.patch("Deployment", "database", {"spec": {"replicas": 0}})
    cluster.run(60)
    found = traffic.ask(cluster, "http://shop/", 20)
    failed, killed = sum(not answer.ok for answer in found), restarts(cluster, "shop") - before
    cluster.patch("Deployment", "database", {"spec": {"replicas": 1}})
    if killed:
        raise Wrong(f"the database went away, and containers of the shop were killed {killed} times",
                    "a liveness probe asks only what a restart would repair: the container itself")
    if failed:
        raise Wrong(f"no restart, but {failed} of 20 requests failed while the database was away",
                    "a readiness probe that asks the database takes every Pod out at once, though the shop can answer without it")
    _stop_answering(cluster, pods(cluster, "shop")[0])
    cluster.run(40)
    if restarts(cluster, "shop") == before:
        raise Wrong("one Pod of the shop hung, and nobody restarted it", "keep a liveness probe, one that asks the container itself: port 8080")
    return "20 of 20 requests answered without the database, no restart; and a hanging Pod was restarted"


def crash(cluster, pod: str) -> None:
    """Ends the first process of a container, as a bug would."""
    kubectl.run("exec", pod, "--", "kill", "1")
    cluster.run(5)
