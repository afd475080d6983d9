"""Measures and judges of 11_minikube: the same manifests in clusters of several kinds, side by side.

Part of Kubernetes: none. Each cell of a table is a connection made, an object read or a machine stopped; what a simulator cannot
know (prices, what others need) is RECORDED, each with its source. Leaves out: what a cloud does to repair a node.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from kubelearn import kubectl
from kubelearn.api.meta import name_of
from kubelearn.client import Client
from kubelearn.cluster import Cluster
from kubelearn.controllers.servicelb import ServiceLBController, address_of
from kubelearn.lessons.check import Wrong
from kubelearn.lessons.laptop import from_laptop, pods_of, reachability
from kubelearn.lessons.notes import note_after_a_move, note_of
from kubelearn.lessons.table import Table
from kubelearn.manifests import documents

__all__ = ["note_after_a_move", "reachability"]

PROFILES = ("minikube", "kind", "cloud")
RECORDED = {  # not executed here: prices and needs change, so look at the pages again
    "minikube": ["2 CPUs, 2 GB of memory, 20 GB of disk, Docker or a virtual machine", "0", "minikube.sigs.k8s.io/docs/start"],
    "kind": ["Docker, and its memory for each node's container", "0", "kind.sigs.k8s.io/docs/user/quick-start"],
    "cloud": ["an account and a credit card", "0.10 $ an hour, plus its machines, disks and balancers", "cloud.google.com/kubernetes-engine/pricing"]}


def clusters(**more: object) -> dict[str, Cluster]:
    """One cluster of each profile, by name."""
    return {name: Cluster(profile=name, serve=False, **more) for name in PROFILES}


# --- side by side ---------------------------------------------------------------------------------------------------

def compare(found: Mapping[str, Cluster], **questions: Callable[[Cluster], object]) -> Table:
    """Asks every cluster the same: a row a question, a column a cluster."""
    rows = {name.replace("_", " "): [str(ask(one)) for one in found.values()] for name, ask in questions.items()}
    return Table(list(found), rows)


def diff(simulated: Mapping[str, str], yours: Mapping[str, str]) -> Table:
    """What is the same in both, and what is not."""
    return Table(["simulated", "yours", ""], {name: [value, yours[name], "✔ same" if value == yours[name] else "≠ differs"]
                                              for name, value in simulated.items()})


def start_up(name: str) -> str:
    """How long a cluster of this profile takes to start here, roughly: machines differ."""
    began = time.perf_counter()
    Cluster(profile=name, serve=False).close()
    taken = time.perf_counter() - began
    return next((f"less than {limit} s" for limit in (5, 30) if taken < limit), "more than 30 s")


# --- what a cluster is and has ------------------------------------------------------------------------------------

def nodes(cluster) -> int:
    return len(cluster.get("Node", namespace=None))


def default_class(cluster) -> dict | None:
    marked = "storageclass.kubernetes.io/is-default-class"
    return next((one for one in cluster.get("StorageClass", namespace=None) if one["metadata"].get("annotations", {}).get(marked) == "true"), None)


def storage_class(cluster) -> str:
    found = default_class(cluster)
    return f"{name_of(found)}, {found['volumeBindingMode']}" if found else "none"


def ready(cluster, name: str = "shop", namespace: str = "default") -> int:
    return (cluster.get("Deployment", name, namespace).get("status") or {}).get("readyReplicas", 0)


def external_address(cluster, name: str = "shop", namespace: str = "default") -> str:
    service = cluster.get("Service", name, namespace)
    return address_of({"status": {}, **service}) or "<pending>"


def claim(cluster, name: str = "notes", namespace: str = "default") -> str:
    return cluster.get("PersistentVolumeClaim", name, namespace)["status"]["phase"]


def volume(cluster, name: str = "notes") -> str:
    """What the volume behind a claim is, and who reaches it."""
    spec = cluster.get("PersistentVolume", cluster.get("PersistentVolumeClaim", name)["spec"]["volumeName"], None)["spec"]
    terms = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms")
    wanted = terms[0]["matchExpressions"][0] if terms else None
    place = "in zone" if wanted and wanted["key"].endswith("/zone") else "on"
    return ("a disk" if "csi" in spec else "a folder of a node") + (f", for Pods {place} {wanted['values'][0]}" if wanted else "")


def start_tunnel(cluster) -> str:
    """Starts the program that gives out load balancers where no cloud does, as on a laptop; its addresses are the profile's."""
    name, addresses = cluster.profile.add_on
    with cluster.lock:
        cluster.clock.cause = None  # it begins by itself
        cluster.parts[name] = ServiceLBController(Client(cluster.registry, name), addresses)
    return name


# --- images, failures ---------------------------------------------------------------------------------------------

def reason(cluster, pod: str) -> str:
    """Running, or what its container waits for."""
    status = cluster.get("Pod", pod)["status"]
    waiting = [one["state"]["waiting"]["reason"] for one in status.get("containerStatuses", ()) if "waiting" in one["state"]]
    return f"✖ {waiting[0]}" if waiting else f"✔ {status['phase']}" if status["phase"] == "Running" else f"✖ {status['phase']}"


def copies(cluster, image: str = "nginx:1.25") -> int:
    """How many nodes have an image."""
    return sum(node.runtime.image(image) is not None for node in cluster.nodes.values())


def load_image(cluster, image: str) -> None:
    """As `minikube image load` and `kind load docker-image`: onto each node, without a registry."""
    for node in cluster.nodes.values():
        node.runtime.preload(image)


def lose_a_node(cluster, name: str = "shop") -> str:
    """Stops the machine of the first Pod; when was the application whole again?"""
    cluster.run(2)
    began, wanted = cluster.now, cluster.get("Deployment", name)["spec"]["replicas"]
    cluster.stop(pods_of(cluster, name)[0]["spec"]["nodeName"])
    cluster.run(60)
    if cluster.run(until=lambda: ready(cluster, name) == wanted, limit=900):
        return f"✔ whole again after {cluster.now - began:.0f} s"
    return f"✖ after 15 minutes {ready(cluster, name)} of {wanted} ready"


# --- your own cluster ---------------------------------------------------------------------------------------------

def own_cluster(context: str | None, instead: Cluster):
    """The cluster of a context of your ~/.kube/config; without one, the simulator again, by the same client over HTTPS."""
    from kubelearn.connected import connect
    if not context:
        print("No context named: connected to the simulator instead, over HTTPS, as to any cluster.")
        return connect(kubeconfig=instead.kubeconfig)
    print(f"Connected to context {context} of {kubectl.own_config()}.")
    return connect(context, kubectl.own_config())


def try_there(cluster, *manifests: str, namespace: str = "kubelearn-11", limit: float = 90.0) -> dict[str, str]:
    """Applies the manifests in a namespace of their own, waits, reads what came of them, and removes the namespace."""
    cluster.run(until=lambda: namespace not in map(name_of, cluster.get("Namespace", namespace=None)), limit=limit)  # of an earlier try
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    try:
        cluster.run(until=lambda: cluster.get("ServiceAccount", namespace=namespace), limit=limit)  # which every Pod needs
        for obj in [obj for manifest in manifests for obj in documents(Path(manifest))]:
            cluster.apply({**obj, "metadata": {**obj["metadata"], "namespace": namespace}})
        wanted = cluster.get("Deployment", "shop", namespace)["spec"]["replicas"]
        cluster.run(until=lambda: ready(cluster, "shop", namespace) == wanted and claim(cluster, "notes", namespace) == "Bound", limit=limit)
        return {"nodes": str(nodes(cluster)), "ready Pods of shop": str(ready(cluster, "shop", namespace)),
                "load balancer": "pending" if external_address(cluster, "shop", namespace) == "<pending>" else "has an address",
                "StorageClass": storage_class(cluster), "claim": claim(cluster, "notes", namespace),
                "Kubernetes": cluster.get("Node", namespace=None)[0]["status"]["nodeInfo"]["kubeletVersion"]}
    finally:
        cluster.delete("Namespace", namespace, None)


# --- exercise 1 ---------------------------------------------------------------------------------------------------

STAYS = "a Pod that names its node, or may only be there, cannot move"


def note_everywhere(manifest: str) -> str:
    """Deployment notes runs in all three; what its first Pod wrote is there when the Pod was replaced: in the cloud, on another node."""
    for name in PROFILES:
        with Cluster(nodes=6 if name == "cloud" else None, profile=name, serve=False) as one:
            one.apply(Path(manifest))
            pod = _running(one, name, "at the beginning")
            note = note_of(one, pod)
            if name == "cloud":
                one.patch("Node", pod["spec"]["nodeName"], {"spec": {"unschedulable": True}})
            one.delete("Pod", name_of(pod))
            one.run(40)
            moved = _running(one, name, "after its node was emptied" if name == "cloud" else "after its Pod was deleted")
            if note_of(one, moved) != note:
                raise Wrong(f"{name}: the note is lost. The Pod went from {pod['spec']['nodeName']} to {moved['spec']['nodeName']}",
                            "a folder of a node stays on that node; an emptyDir goes with its Pod; ask for a volume with a claim")
            if name == "cloud" and moved["spec"]["nodeName"] == pod["spec"]["nodeName"]:
                raise Wrong(f"cloud: the Pod came back to {pod['spec']['nodeName']}, which was to be emptied", STAYS)
    return "in minikube, kind and the cloud the note outlives its Pod, and in the cloud its node"


def _running(cluster, name: str, when: str) -> dict:
    cluster.run(until=lambda: any(pod["status"]["phase"] == "Running" for pod in pods_of(cluster, "notes")), limit=60)
    pod = next((pod for pod in pods_of(cluster, "notes") if pod["status"]["phase"] == "Running"), None)
    if pod is None:
        raise Wrong(f"{name}: no Pod of notes runs {when}", _why_not_running(cluster))
    cluster.run(5)
    return pod


def _why_not_running(cluster) -> str:
    """The most likely reason why notes does not run."""
    claims = {name_of(claim): claim for claim in cluster.get("PersistentVolumeClaim")}
    waiting = [claim["spec"].get("storageClassName", "") for claim in claims.values() if claim["status"]["phase"] == "Pending"]
    wanted = {volume["persistentVolumeClaim"]["claimName"] for pod in pods_of(cluster, "notes") for volume in pod["spec"].get("volumes", ())
              if "persistentVolumeClaim" in volume}
    if wanted - claims.keys():
        return f"there is no claim {', '.join(sorted(wanted - claims.keys()))}: the manifest must bring it, as a second object after a line ---"
    if waiting:
        return f"its claim waits for StorageClass {', '.join(waiting)!r}; who names none gets the cluster's own"
    if not any(name_of(one) == "notes" for one in cluster.get("Deployment")):
        return "the manifest has no Deployment notes: a line --- divides two objects"
    return STAYS


# --- exercise 2 ---------------------------------------------------------------------------------------------------

def reached_everywhere(service: str, application: str = "shop.yaml") -> str:
    """With this one manifest a laptop (with Linux) reaches Deployment shop in all three, without port-forward."""
    ways = {}
    for name, one in clusters().items():
        with one:
            for obj in [obj for obj in documents(Path(application)) if obj["kind"] == "Deployment"] + documents(Path(service)):
                one.apply(obj)
            one.run(30)
            tried = {way: said for way, said in from_laptop(one).items() if way != "kubectl port-forward"}
            ways[name] = next((way for way, said in tried.items() if said == "✔ answers"), None)
            if ways[name] is None:
                raise Wrong(f"{name}: " + "; ".join(f"{way} {said[2:]}" for way, said in tried.items()), _hint(one))
    return "; ".join(f"{name}: by {way}" for name, way in ways.items())


def _hint(cluster) -> str:
    """The most likely reason why a laptop does not reach the Service."""
    spec = cluster.get("Service", "shop")["spec"]
    slices = [one for one in cluster.get("EndpointSlice") if one["metadata"]["labels"].get("kubernetes.io/service-name") == "shop"]
    if not any(one.get("endpoints") for one in slices):
        return "the Service has no Pods behind it: does its selector fit?"
    if spec["ports"][0].get("targetPort", spec["ports"][0]["port"]) != 80:
        return "nginx listens at 80: that is targetPort"
    return {"ClusterIP": "a cluster address is for the inside; which type of Service has another?",
            "NodePort": "a cloud's firewall keeps you from its nodes; which type of Service brings an address of its own, and a node port too?",
            "LoadBalancer": "without a node port it waits for a balancer, which a laptop does not have"
            }.get(spec["type"], "kubectl describe service shop")
