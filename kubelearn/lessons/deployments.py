"""Judges of 04_deployments: updates under traffic, hanging rollouts, canaries."""
from __future__ import annotations

from collections import Counter

from kubelearn.errors import ApiError
from kubelearn.lessons import traffic
from kubelearn.lessons.check import Wrong

QUOTA = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": {"requests.cpu": "100m"}}}


SLOW = "sleep 3; exec nginx -g 'daemon off;'"  # what real programs do: load, connect, warm up


def deployment(name: str, image: str, replicas: int = 3, container: str = "app", labels: dict | None = None, **more: object) -> dict:
    """A Deployment's manifest; more goes into its container."""
    labels = {"app": name, **(labels or {})}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": container, "image": image, **more}]}}}}


def service(name: str, port: int = 80) -> dict:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": port}]}}


def ready(cluster, name: str) -> int:
    return cluster.get("Deployment", name)["status"].get("readyReplicas", 0)


def is_complete(cluster, name: str) -> bool:
    """All Pods are of the newest template and ready, and no other is left."""
    obj = cluster.get("Deployment", name)
    status, wanted = obj["status"], obj["spec"]["replicas"]
    return all(status.get(key, 0) == wanted for key in ("replicas", "updatedReplicas", "readyReplicas")) \
        and status.get("observedGeneration") == obj["metadata"]["generation"]


# --- for the cells ------------------------------------------------------------------------------------------------

def update_at_rate(cluster, image: str, rate: tuple | None) -> None:
    """Updates web at (maxSurge, maxUnavailable), or by Recreate, and lets the rollout end."""
    strategy = {"type": "Recreate", "rollingUpdate": None} if rate is None else {
        "type": "RollingUpdate", "rollingUpdate": {"maxSurge": rate[0], "maxUnavailable": rate[1]}}
    template = {"spec": {"containers": [{"name": "nginx", "image": image}]}}
    cluster.patch("Deployment", "web", {"spec": {"strategy": strategy, "template": template}})
    cluster.run(until=lambda: is_complete(cluster, "web"), limit=120)


def version(cluster, track: str, replicas: int) -> None:
    """One version of the shop: its Pods carry app=shop, which the Service selects, and their own track."""
    obj = deployment(f"shop-{track}", "hashicorp/http-echo:1.0.0", replicas, labels={"app": "shop", "track": track},
                     args=[f"-text={track}", "-listen=:5678"])
    cluster.apply(obj)
    cluster.run(until=lambda: is_complete(cluster, f"shop-{track}"), limit=60)


def count(cluster, url: str, times: int) -> dict[str, int]:
    """Which version answered how often."""
    found = Counter(answer.body.strip() or answer.error for answer in traffic.ask(cluster, url, times))
    return dict(sorted(found.items()))


# --- exercise 1 ---------------------------------------------------------------------------------------------------

def fresh_web(cluster) -> list[traffic.Answer]:
    """web anew, behind a Service, with no care for its users; and a client that asks every 0.2 s from now on."""
    _away(cluster, Deployment=["web"])
    cluster.apply(deployment("web", "nginx:1.25", 3, "nginx", command=["sh", "-c", SLOW]))
    cluster.apply(service("web"))
    cluster.run(until=lambda: is_complete(cluster, "web"), limit=60)
    cluster.run(5)
    return traffic.start(cluster, "http://web/", every=0.2)


def _away(cluster, **names: list[str]) -> None:
    """These are gone, by kind, if they were there."""
    for kind, name in ((kind, name) for kind, listed in names.items() for name in listed):
        try:
            cluster.delete(kind, name)
        except ApiError as error:
            if error.reason != "NotFound":
                raise
    cluster.run(40)


def no_failed_request(cluster, clients: list[traffic.Answer]) -> str:
    image = cluster.get("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]["image"]
    if image != "nginx:1.28":
        raise Wrong(f"web still runs {image}", "update it to nginx:1.28, while the client asks")
    if not cluster.run(until=lambda: is_complete(cluster, "web"), limit=120):
        raise Wrong(f"the rollout did not end: {ready(cluster, 'web')} Pods are ready", "kubectl rollout status deployment/web")
    cluster.run(5)
    failed = [answer for answer in clients if not answer.ok]
    if failed:
        moment = failed[0].time - clients[0].time
        raise Wrong(f"{len(failed)} of {len(clients)} requests failed, the first {moment:.1f} s after the client began: {failed[0].error}",
                    _hint(cluster.get("Deployment", "web")["spec"]))
    return f"nginx:1.28 runs, and all {len(clients)} requests were answered"


def _hint(spec: dict) -> str:
    """The most important thing that is missing."""
    if spec["strategy"]["type"] == "Recreate":
        return "Recreate takes every Pod down before it starts a new one; a rolling update with maxUnavailable 0 does not"
    container = spec["template"]["spec"]["containers"][0]
    if "readinessProbe" not in container:
        return "without a readinessProbe a Pod gets traffic before it can answer"
    if str(spec["strategy"]["rollingUpdate"]["maxUnavailable"]) not in ("0", "0%"):
        return "with maxUnavailable above 0 an old Pod goes before a new one is ready"
    return "an ending Pod is still asked for a moment: a preStop hook that sleeps gives the Service time to forget it"


# --- exercise 2 ---------------------------------------------------------------------------------------------------

def three_broken(cluster) -> None:
    """red's probe asks a path that is not there, green's image does not exist, blue asks for more than its team may have."""
    _away(cluster, Deployment=["red", "green", "blue"], ResourceQuota=["team"])
    for name in ("red", "green", "blue"):
        cluster.apply(deployment(name, "nginx:1.25", 2))
    cluster.run(15)
    cluster.apply(QUOTA)
    cluster.apply(deployment("red", "nginx:1.26", 2, readinessProbe={"httpGet": {"path": "/helthz", "port": 80}, "periodSeconds": 1},
                             resources={"requests": {"cpu": "10m"}}))
    cluster.apply(deployment("green", "ngnix:1.26", 2, resources={"requests": {"cpu": "10m"}}))
    cluster.apply(deployment("blue", "nginx:1.26", 2, resources={"requests": {"cpu": "200m"}}))
    cluster.run(30)


CAUSES = {"red": "probe", "green": "image", "blue": "quota"}
REPAIRS = {"red": "which page does its probe ask for, and which pages has nginx?", "green": "read the image's name letter by letter",
           "blue": "let the quota give more, or the Pods ask for less; the ReplicaSet tries again by itself, after a while"}


def diagnosed_and_repaired(cluster, causes: dict[str, str]) -> str:
    wrong = [name for name, cause in CAUSES.items() if causes.get(name) != cause]
    if wrong:
        raise Wrong(f"the cause for {', '.join(wrong)} is not right yet",
                    "kubectl describe pod shows probes and images; a Pod that was never made has its reason in kubectl describe replicaset")
    cluster.run(90)
    for name in CAUSES:
        if not is_complete(cluster, name):
            updated = cluster.get("Deployment", name)["status"].get("updatedReplicas", 0)
            raise Wrong(f"all causes are right; {name} still hangs: {updated} of 2 Pods are new, {ready(cluster, name)} are ready", REPAIRS[name])
    for name in CAUSES:
        cluster.apply(service(name))
    cluster.run(3)
    for name in CAUSES:
        answers = traffic.ask(cluster, f"http://{name}/", 5)
        if not all(answer.ok for answer in answers):
            raise Wrong(f"{name} is ready and does not answer: {answers[0].error}", "the application listens on port 80")
    return "three causes named, three rollouts complete, and all three answer"


# --- exercise 3 ---------------------------------------------------------------------------------------------------

def a_fifth(cluster) -> str:
    """15 to 25 percent of 500 requests reach the canary."""
    cluster.run(20)
    found = count(cluster, "http://shop/", 500)
    share = 100 * found.get("canary", 0) / 500
    failed = 500 - found.get("canary", 0) - found.get("stable", 0)
    if failed:
        raise Wrong(f"{failed} of 500 requests were not answered by the shop", "both Deployments need ready Pods with app=shop")
    if not 15 <= share <= 25:
        raise Wrong(f"{share:.0f} percent of 500 requests reached the canary", "traffic is shared by the number of Pods: how many of how many is a fifth?")
    return f"{share:.0f} percent of 500 requests reached the canary"
