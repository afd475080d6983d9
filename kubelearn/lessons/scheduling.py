"""Judges and helpers of 09_schedule: what fits where, who goes first when it does not, and the add-on that measures what is used."""
from __future__ import annotations

from kubelearn import draw
from kubelearn.api.meta import condition
from kubelearn.cluster import Cluster
from kubelearn.lessons.check import Wrong
from kubelearn.lessons.deployments import deployment
from kubelearn.view.picture import Picture

WINDOW = 15.0  # seconds between two looks of the metrics server
NEEDS = {"picky": {"nodeSelector": {"disk": "ssd"}}, "greedy": {}, "shy": {"nodeSelector": {"topology.kubernetes.io/zone": "c"}}}


def placed(cluster, app: str) -> list[str]:
    """The nodes of an application's Pods, one entry a Pod; only what is placed and not ending."""
    return [pod["spec"]["nodeName"] for pod in cluster.get("Pod") if pod["metadata"].get("labels", {}).get("app") == app
            and pod["spec"].get("nodeName") and "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] == "Running"]


def zone_of(cluster) -> dict[str, str]:
    return {node["metadata"]["name"]: node["metadata"]["labels"].get("topology.kubernetes.io/zone", "") for node in cluster.get("Node")}


def packed(cpu: str, pods: int = 12) -> Picture:
    """Three nodes of 4 CPUs, and so many Pods that request `cpu` each: how they are packed, and what is left."""
    with Cluster(serve=False) as fresh:
        fresh.apply(deployment("web", "nginx:1.25", pods, resources={"requests": {"cpu": cpu}}))
        fresh.run(5)
        run = len(placed(fresh, "web"))
        picture = draw(fresh, "packing")
        return Picture(picture.drawn, picture.alt, f"{run} of {pods} Pods have a node, {pods - run} wait")


class MetricsServer:
    """The add-on of that name: asks the nodes every 15 seconds how much CPU time each container has used, and tells who asks."""

    def __init__(self, cluster: Cluster):
        self.cluster, self.clock = cluster, cluster.clock
        self.before: dict[str, float] = {}
        self.now: dict[str, float] = {}
        self.look()

    def look(self) -> None:
        self.before, self.now = self.now, {c.id: c.cpu_seconds for c in self._containers()}
        self.clock.call_later(WINDOW, self.look)

    def _containers(self) -> list:
        return [c for node in self.cluster.nodes.values() for c in node.runtime.containers.values() if c.state == "running"]

    def use(self, pod: dict, resource: str) -> float | None:
        """CPUs over the last 15 seconds, or bytes of memory; None for a Pod that was not yet there."""
        mine = [c for c in self._containers() if c.sandbox.pod["metadata"]["uid"] == pod["metadata"]["uid"] and c.id in self.before]
        if not mine:
            return None
        return sum((self.now[c.id] - self.before[c.id]) / WINDOW if resource == "cpu" else c.memory for c in mine)


def start_metrics_server(cluster: Cluster) -> None:
    """As `minikube addons enable metrics-server`: from now on the autoscaler has somebody to ask."""
    with cluster.lock:
        cluster.clock.cause = None  # it begins by itself
        cluster.parts["horizontal-pod-autoscaler"].metrics = MetricsServer(cluster).use


def fourth_node(cluster: Cluster) -> None:
    """One machine more, in zone a: zones of unequal size, in which Pods are not spread evenly by luck."""
    if "node-4" not in cluster.nodes:
        cluster.join("node-4", zone="a")


def three_that_wait(cluster: Cluster) -> None:
    """Three Pods that no node takes, each for another reason, as new each time; one reason is a node's reservation for a team."""
    for name in [pod["metadata"]["name"] for pod in cluster.get("Pod")]:
        if name in NEEDS:
            cluster.delete("Pod", name, gracePeriodSeconds=0)
    cluster.patch("Node", "node-3", {"spec": {"taints": [{"key": "team", "value": "red", "effect": "NoSchedule"}]}})
    for name, spec in NEEDS.items():
        requests = {"cpu": "6" if name == "greedy" else "100m"}
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
            **spec, "containers": [{"name": "main", "image": "nginx:1.25", "resources": {"requests": requests}}]}})
    cluster.run(5)


def two_a_zone(cluster) -> str:
    """Six Pods of api, two in each zone; and six more when the Deployment doubles: four in each."""
    cluster.run(30)
    zones = zone_of(cluster)
    for wanted in (0, 6, 12):  # from nothing: who scales down does not look at zones
        cluster.patch("Deployment", "api", {"spec": {"replicas": wanted}})
        cluster.run(60)
        found = [zones[node] for node in placed(cluster, "api")]
        counts = {zone: found.count(zone) for zone in sorted(set(zones.values()))}
        if len(found) != wanted:
            raise Wrong(f"{len(found)} of {wanted} Pods run: {counts}", "kubectl describe pod of a Pending one gives every node's reason")
        if len(set(counts.values())) != 1:
            raise Wrong(f"the {wanted} Pods are spread unevenly: {counts}",
                        "topologySpreadConstraints with topologyKey topology.kubernetes.io/zone, maxSkew 1, whenUnsatisfiable DoNotSchedule")
    return "6 Pods are two a zone, 12 are four a zone"


def pending_repaired(cluster) -> str:
    """picky, greedy and shy all run, and the nodes are as they were."""
    cluster.run(60)
    for name, hint in (("picky", "which label does its nodeSelector want, and which do the nodes have?"),
                       ("greedy", "a node has 4 CPUs, and part of them is promised to others; ask for what it needs"),
                       ("shy", "node-3 is tainted for a team; a toleration lets the Pod in, and its nodeSelector wants zone c")):
        pod = cluster.get("Pod", name)
        if pod["status"]["phase"] != "Running":
            reason = (condition(pod, "PodScheduled") or {}).get("message", "")
            raise Wrong(f"{name} is {pod['status']['phase']}: {reason}", hint)
    node = cluster.get("Node", "node-3")
    if not any(taint["key"] == "team" for taint in node["spec"].get("taints", ())):
        raise Wrong("all three run, but node-3 has lost its taint, and with it the team's reservation", "tolerate the taint in the Pod; leave it on the node")
    if cluster.get("Pod", "shy")["spec"]["nodeName"] != "node-3":  # a label of a zone says where a machine stands; it moves none
        raise Wrong("all three run, but shy not in zone c, where it belongs",
                    "leave its nodeSelector and the labels of zones; what keeps it from node-3, and how may a Pod bear that?")
    return "picky, greedy and shy run, and node-3 is still reserved"
