"""Judges of 09_schedule: what fits where, and who goes first when it does not."""
from __future__ import annotations

from kubelearn.lessons.check import Wrong


def placed(cluster, app: str) -> list[str]:
    """The nodes of an application's Pods, one entry a Pod; only what is placed and not ending."""
    return [pod["spec"]["nodeName"] for pod in cluster.get("Pod") if pod["metadata"].get("labels", {}).get("app") == app
            and pod["spec"].get("nodeName") and "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] == "Running"]


def zone_of(cluster) -> dict[str, str]:
    return {node["metadata"]["name"]: node["metadata"]["labels"].get("topology.kubernetes.io/zone", "") for node in cluster.get("Node")}


def two_a_zone(cluster) -> str:
    """Six Pods of api, two in each zone; and six more when the Deployment doubles: four in each."""
    cluster.run(30)
    zones = zone_of(cluster)
    for wanted in (6, 12):
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
                       ("greedy", "no node has 6 CPUs; ask for what it needs"),
                       ("shy", "node-3 is tainted for a team; a toleration lets the Pod in, and its nodeSelector wants zone c")):
        pod = cluster.get("Pod", name)
        if pod["status"]["phase"] != "Running":
            reason = next((c.get("message", "") for c in pod["status"].get("conditions", ()) if c["type"] == "PodScheduled"), "")
            raise Wrong(f"{name} is {pod['status']['phase']}: {reason}", hint)
    node = cluster.get("Node", "node-3")
    if not any(taint["key"] == "team" for taint in node["spec"].get("taints", ())):
        raise Wrong("all three run, but node-3 has lost its taint, and with it the team's reservation", "tolerate the taint in the Pod; leave it on the node")
    return "picky, greedy and shy run, and node-3 is still reserved"
