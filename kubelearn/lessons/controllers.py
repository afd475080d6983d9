"""Judges and helpers of 12_controller: a controller, a scheduler plugin and an image of the learner's own, running in the cluster."""
from __future__ import annotations

import logging
from collections import Counter

from kubelearn import draw
from kubelearn.api.meta import condition, name_of
from kubelearn.cluster import Cluster
from kubelearn.errors import ApiError
from kubelearn.lessons import traffic
from kubelearn.lessons.check import Wrong
from kubelearn.lessons.deployments import deployment
from kubelearn.scheduler import Plugin
from kubelearn.view.picture import Picture

WEBSITE = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: websites.course.example}
spec:
  group: course.example
  scope: Namespaced
  names: {plural: websites, singular: website, kind: Website, shortNames: [site]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: Pods, type: integer, jsonPath: .spec.pods}
    - {name: Ready, type: integer, jsonPath: .status.ready}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [text]
            properties: {text: {type: string}, pods: {type: integer, minimum: 1, default: 1}}
          status: {type: object, properties: {ready: {type: integer}}}
"""


def run_controller(cluster, make, quiet: bool = False) -> None:
    """Starts a controller class in the running cluster; running the cell again replaces the one before. quiet: its errors are not told."""
    from kubelearn.client import Client
    logging.getLogger("kubelearn").setLevel(logging.ERROR if quiet else logging.NOTSET)
    old = cluster.parts.get(make.name)
    with cluster.lock:
        if old is not None:
            old.stop()
        cluster.parts[make.name] = make(Client(cluster.registry, "kube-controller-manager"))
        cluster.clock.settle()


def run_plugin(cluster, plugin: Plugin) -> None:
    """Gives the scheduler a plugin; running the cell again replaces the one of this name."""
    with cluster.lock:
        plugins = cluster.parts["kube-scheduler"].plugins
        plugins[:] = [one for one in plugins if one.name != plugin.name] + [plugin]


def placed_with(make: type[Plugin], weight: int, pods: int = 6) -> Picture:
    """Where the Pods of a Deployment go when the scheduler has one plugin more, of this weight."""
    with Cluster(serve=False) as fresh:
        plugin = make()
        plugin.weight = weight
        fresh.parts["kube-scheduler"].plugins.append(plugin)
        fresh.apply(deployment("web", "nginx:1.25", pods))
        fresh.run(10)
        counts = Counter(pod["spec"]["nodeName"] for pod in fresh.get("Pod"))
        picture = draw(fresh)
        return Picture(picture.drawn, picture.alt, ", ".join(f"{node}: {counts[node]}" for node in fresh.nodes))


def site(name: str, text: str, pods: int = 1) -> dict:
    return {"apiVersion": "course.example/v1", "kind": "Website", "metadata": {"name": name}, "spec": {"text": text, "pods": pods}}


def sites_are_served(cluster) -> str:
    """A new Website is served, follows a change of its text and of its number, and its Pods go with it."""
    _forget(cluster, "probe-site")
    cluster.apply(site("probe-site", "first", 2))
    cluster.run(20)
    _expect(cluster, "probe-site", "first")
    mine = _pods(cluster, "probe-site")
    if len(mine) != 2:
        raise Wrong(f"spec.pods says 2, and the Website owns {len(mine)} Pods", "create one for each that is missing: wanted - len(pods)")
    cluster.apply(site("probe-site", "second", 2))
    cluster.run(60)
    _expect(cluster, "probe-site", "second")
    cluster.apply(site("probe-site", "second", 1))
    cluster.run(60)
    alive = [pod for pod in _pods(cluster, "probe-site") if "deletionTimestamp" not in pod["metadata"]]
    if len(alive) != 1:
        raise Wrong(f"spec.pods went from 2 to 1, and there are {len(alive)} Pods", "delete as many as are too many, and only those")
    _forget(cluster, "probe-site")
    left = [name for name in map(name_of, cluster.get("Pod")) if name.startswith("probe-site")]
    if left:
        raise Wrong(f"the Website is gone, and its Pods are still there: {', '.join(left)}",
                    "self.create(pod, website, ...) sets the owner, and the garbage collector does the rest")
    return "a Website is served, follows its text and its number, and takes its Pods with it"


def _expect(cluster, name: str, text: str) -> None:
    pods = _pods(cluster, name)
    ready = [p for p in pods if p["status"].get("podIP") and p["status"]["phase"] == "Running" and "deletionTimestamp" not in p["metadata"]]
    if not ready:
        raise Wrong(f"Website {name} has no running Pod that it owns", "does sync() create Pods, through self.create(pod, website, because)?")
    bodies = {traffic.ask(cluster, f"http://{p['status']['podIP']}:5678/", 1)[0].body.strip() for p in ready}
    if bodies != {text}:
        raise Wrong(f"spec.text says {text!r}, and its Pods say {', '.join(sorted(bodies))!r}",
                    "a Pod's arguments cannot change: delete the Pods whose text is old, and sync() makes new ones")


def _pods(cluster, name: str) -> list[dict]:
    return [pod for pod in cluster.get("Pod") for owner in pod["metadata"].get("ownerReferences", ())
            if owner["kind"] == "Website" and owner["name"] == name]


def _forget(cluster, name: str) -> None:
    try:
        cluster.delete("websites.course.example", name)
    except ApiError as error:
        if error.reason != "NotFound":
            raise
    cluster.run(60)


def night_shift(cluster) -> str:
    """Pods labelled shift=night run on node-3 only, also when it is closed; others are placed as ever, also those without the label."""
    where = _placed(cluster, {"owl": "night", "bat": "night", "lark": "day", "cock": "day", "hen": None})
    lost = next((name for name in where if not where[name].startswith("node-")), None)
    if lost:
        raise Wrong(f"{lost} is on no node: {where[lost]}", "filter returns a reason to say no, and None to say yes; pod.labels is a dict, in which shift may be missing")
    wrong = [f"{name} on {where[name]}" for name in ("owl", "bat") if where[name] != "node-3"]
    if wrong:
        raise Wrong(f"night Pods are elsewhere: {', '.join(wrong)}", "return a reason for every node but node-3, when the Pod's label says night")
    if {where[name] for name in ("lark", "cock", "hen")} == {"node-3"}:
        raise Wrong("day Pods are all on node-3 too", "ask for the Pod's label before you say no")
    cluster.patch("Node", "node-3", {"spec": {"unschedulable": True}})
    elsewhere = _placed(cluster, {"moth": "night"})["moth"]
    cluster.patch("Node", "node-3", {"spec": {"unschedulable": None}})
    if elsewhere.startswith("node-"):
        raise Wrong(f"node-3 was closed for a while, and a night Pod went to {elsewhere}", "score only prefers; filter says no")
    return "night Pods are on node-3, day Pods where there is room"


def _placed(cluster, shifts: dict[str, str | None]) -> dict[str, str]:
    """Where Pods of these shifts go: their nodes' names, or what the scheduler says of those that it places nowhere."""
    for name, shift in shifts.items():
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"shift": shift} if shift else {}},
                       "spec": {"containers": [{"name": "main", "image": "nginx:1.25"}]}})
    cluster.run(20)
    pods = [cluster.get("Pod", name) for name in shifts]
    for name in shifts:
        cluster.delete("Pod", name, gracePeriodSeconds=0)
    said = {name_of(pod): (condition(pod, "PodScheduled") or {}).get("message", "") for pod in pods}
    return {name_of(pod): pod["spec"].get("nodeName") or said[name_of(pod)].partition(" preemption")[0] for pod in pods}
