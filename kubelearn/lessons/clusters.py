"""Judges of 03_cluster: is every part of the control plane at work, and does an application outlive a node? What fails without a part?"""
from __future__ import annotations

from collections import Counter

from kubelearn.cluster import Cluster
from kubelearn.errors import ApiError
from kubelearn.lessons import traffic
from kubelearn.lessons.check import Wrong
from kubelearn.lessons.deployments import deployment, service

ORDER = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "probe"}, "spec": {
    "replicas": 1, "selector": {"matchLabels": {"app": "probe"}}, "template": {"metadata": {"labels": {"app": "probe"}}, "spec": {
        "terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": "busybox:1.36", "command": ["sleep", "36000"]}]}}}}


def without(stopped: str) -> str:
    """In a cluster of its own, where web runs and this component is stopped: which links of the chain to another Pod still hold?"""
    with Cluster(serve=False, control_plane=1) as cluster:
        cluster.apply(deployment("web", "nginx:1.25", 3))
        cluster.apply(service("web"))
        cluster.run(20)
        cluster.stop(stopped)
        cluster.run(5)
        try:
            stored = cluster.apply(deployment("more", "nginx:1.25", 1)) and cluster.apply(service("more"))
        except ApiError:
            stored = None
        cluster.run(20)
        more = [pod for pod in cluster.get("Pod") if pod["metadata"]["name"].startswith("more-")]
        holds = {"kubectl get pods is answered": cluster.registry.refusal() is None, "kubectl apply is stored": stored,
                 "a Pod is made for it": more, "the Pod gets a node": more and more[0]["spec"].get("nodeName"),
                 "it runs": more and more[0]["status"]["phase"] == "Running",
                 "visitors of http://web/ get their page": traffic.ask(cluster, "http://web/")[0].ok,
                 "visitors of http://more/, which is new, get theirs": traffic.ask(cluster, "http://more/")[0].ok}
        return "\n".join(f"{'✔' if held else '✖'} {what}" for what, held in holds.items())


def break_it(cluster) -> None:
    """One component ends. Which? kubectl shows it."""
    cluster.stop("kube-controller-manager")
    cluster.run(5)


def whole_again(cluster) -> str:
    """A new Deployment gets its Pod, and the Pod gets a node and runs."""
    try:
        cluster.delete("Deployment", "probe")
        cluster.run(10)
    except ApiError:
        pass  # the first try
    try:
        cluster.apply(ORDER)
    except ApiError as error:
        raise Wrong(f"a new Deployment is refused: {error}", "the API server and etcd are needed for every write") from None
    cluster.run(40)
    pods = [pod for pod in cluster.get("Pod") if pod["metadata"].get("labels", {}).get("app") == "probe"]
    if not pods:
        raise Wrong("a new Deployment was stored, and nobody made a Pod for it",
                    "which component makes Pods? kubectl get pods -n kube-system shows who is missing; cluster.start(...) brings it back")
    if not pods[0]["spec"].get("nodeName"):
        raise Wrong("a new Pod was made, and nobody gave it a node", "which component chooses nodes?")
    if pods[0]["status"]["phase"] != "Running":
        raise Wrong(f"a new Pod on {pods[0]['spec']['nodeName']} is {pods[0]['status']['phase']}", "is that node's kubelet at work?")
    return f"a new Deployment got a Pod, and it runs on {pods[0]['spec']['nodeName']}"


def visitors(cluster, url: str = "http://web/", number: int = 10) -> str:
    """How many of some visitors, a fifth of a second apart, were answered, and what the others were told."""
    answers = traffic.ask(cluster, url, number, every=0.2)
    errors = Counter(answer.error or str(answer.status) for answer in answers if not answer.ok)
    told = "".join(f"; {count} were told: {error}" for error, count in errors.items())
    return f"{number - errors.total()} of {number} visitors of {url} were answered{told}"


def survives_a_node(cluster) -> str:
    """The node with most Pods of shop is lost. A minute later every visitor is answered. (The node comes back afterwards.)"""
    cluster.run(20)
    nodes = Counter(pod["spec"].get("nodeName") for pod in cluster.get("Pod") if pod["metadata"].get("labels", {}).get("app") == "shop"
                    and pod["status"]["phase"] == "Running")
    if not nodes:
        raise Wrong("no Pod of shop runs", "kubectl get pods; is the component of exercise 1 back?")
    lost, number = nodes.most_common(1)[0]
    cluster.stop(lost)
    cluster.run(60)
    answers = traffic.ask(cluster, "http://shop/", 20)
    cluster.start(lost)
    cluster.run(30)
    good = sum(answer.ok for answer in answers)
    if good < len(answers):
        error = next(answer.error or str(answer.status) for answer in answers if not answer.ok)
        raise Wrong(f"{lost} was lost, with {number} of {sum(nodes.values())} Pods of shop; a minute later {good} of 20 visitors were answered "
                    f"({error})", "one Pod is on one node; more Pods on more nodes, behind one Service, are not lost together")
    return f"{lost} was lost, with {number} of {sum(nodes.values())} Pods of shop; a minute later all 20 visitors were answered"
