"""Judges and helpers of 05_services: who answers, at which of the four ports, and five ways not to be reached."""
from __future__ import annotations

import os
import re
import subprocess

from kubelearn import kubectl
from kubelearn.api.meta import name_of
from kubelearn.cluster import Cluster
from kubelearn.lessons import traffic
from kubelearn.lessons.check import Wrong
from kubelearn.lessons.deployments import count, service
from kubelearn.lessons.ingress import install as ingress_controller

__all__ = ["count", "ingress_controller"]

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"
NODE_PORT = 30090


def application(name: str, **more: object) -> dict:
    """Two Pods that answer at port 8080 with their own names; more goes into the container."""
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "replicas": 2, "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [
            {"name": "app", "image": AGNHOST, "args": ["serve-hostname", "--port=8080"], **more}]}}}}


# --- for the cells ------------------------------------------------------------------------------------------------

def forwarded(target: str, port: int) -> str:
    """What `kubectl port-forward TARGET :PORT` brings to this machine: the answer of the Pod at its other end."""
    words = [kubectl.find(), "port-forward", target, f":{port}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as tunnel:
        try:
            local = re.search(r"127\.0\.0\.1:(\d+)", tunnel.stdout.readline())[1]
            return subprocess.run(["curl", "-s", f"localhost:{local}"], capture_output=True, text=True, timeout=20).stdout
        finally:
            tunnel.terminate()


def cloud_address(cluster, name: str) -> str:
    """The address that this Service of type LoadBalancer would get in a cluster of a cloud, and how long it takes."""
    asked = cluster.get("Service", name)["spec"]
    with Cluster(serve=False, profile="cloud") as cloud:
        cloud.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {key: asked[key] for key in ("type", "ports")}})
        cloud.run(until=lambda: cloud.get("Service", name)["status"]["loadBalancer"].get("ingress"), limit=60)
        return f"{cloud.get('Service', name)['status']['loadBalancer']['ingress'][0]['ip']} after {cloud.now:.0f} s"


CLIENTS = {"a Pod": "kubectl exec client -- ", "a Pod of namespace shop": "kubectl exec -n shop client -- ", "your machine": ""}


def addresses(cluster, name: str) -> dict[str, str]:
    """Where one may look for the Service `name`: in words, and as a URL."""
    found, node = cluster.get("Service", name), next(iter(cluster.get("Node")))
    pod = next(pod for pod in cluster.get("Pod") if found["spec"]["selector"].items() <= pod["metadata"].get("labels", {}).items())
    port = found["spec"]["ports"][0]
    return {"a Pod's address": f"http://{pod['status']['podIP']}:{port['targetPort']}",
            "the Service's address": f"http://{found['spec']['clusterIP']}:{port['port']}",
            f"http://{name}": f"http://{name}:{port['port']}", f"http://{name}.default": f"http://{name}.default:{port['port']}",
            "a node's port": f"http://{node['status']['addresses'][0]['address']}:{port['nodePort']}",
            "localhost's port": f"http://localhost:{port['nodePort']}"}


def asked(client: str, url: str) -> str:
    """What `client` gets from `url`, by the real curl or that of a Pod: the command, and what it printed."""
    command = f"{CLIENTS[client]}curl -sSf -m 2 {url}"
    words = [kubectl.find() if word == "kubectl" else word for word in command.split()]
    outside = {**os.environ, "no_proxy": "*"}  # your machine's own proxy has no part in this
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, env=outside)
    return f"$ {command}\n{'✔' if done.returncode == 0 else '✖'} {(done.stdout or done.stderr).strip()}"


def foreign(cluster, name: str, answers: list[traffic.Answer]) -> str:
    """The first Pod among those that answered that is not of the Deployment `name`; empty: all are."""
    pods = {pod["status"].get("podIP"): name_of(pod) for pod in cluster.get("Pod")}
    return next((found for answer in answers if not (found := pods.get(answer.server, answer.server)).startswith(f"{name}-")), "")


# --- exercise 1 ---------------------------------------------------------------------------------------------------

def guestbook(cluster) -> None:
    """An application that nobody can reach yet."""
    cluster.apply(application("guestbook"))
    cluster.run(10)


def reached_from_outside(cluster) -> str:
    """http://guestbook/ inside the cluster, and port 30090 of every node."""
    cluster.run(5)
    found = cluster.get("Service", "guestbook")["spec"]
    inside = traffic.ask(cluster, "http://guestbook/", 20)
    if not inside[0].ok:
        raise Wrong(f"nobody answers http://guestbook/ inside the cluster: {inside[0].error}", _ports(found))
    if other := foreign(cluster, "guestbook", inside):
        raise Wrong(f"http://guestbook/ is answered by {other}", "the selector should fit the Pods of guestbook, and nothing more")
    if NODE_PORT not in [port.get("nodePort") for port in found["ports"]]:
        raise Wrong(f"inside it answers; no node answers at port {NODE_PORT}", f"spec.type: NodePort, and nodePort: {NODE_PORT} beside the port")
    for node, address in cluster.network.nodes.items():
        outside = traffic.ask(cluster, f"http://{address}:{NODE_PORT}/")[0]
        if not outside.ok:
            raise Wrong(f"{node} does not answer at port {NODE_PORT}: {outside.error}", "externalTrafficPolicy Local answers only where a Pod runs")
    servers = {answer.server for answer in inside}
    if len(servers) < 2:
        raise Wrong("all 20 requests reached the same Pod", "the selector should fit both Pods, and nothing more")
    return f"http://guestbook/ answers from {len(servers)} Pods, and so does port {NODE_PORT} of every node"


def _ports(spec: dict) -> str:
    """The most likely mistake in a Service that does not answer."""
    if 80 not in [port["port"] for port in spec["ports"]]:
        return "clients ask port 80: that is `port`"
    if 8080 not in [port.get("targetPort") for port in spec["ports"]]:
        return "the program listens at 8080: that is `targetPort`, which is the same as `port` unless you say otherwise"
    return "kubectl get pods --show-labels: does the selector fit?"


# --- exercise 2 ---------------------------------------------------------------------------------------------------

LOCAL = {"image": "hashicorp/http-echo:1.0.0", "args": ["-text=gold", "-listen=127.0.0.1:8080"]}
CAUSES = {"red": "selector", "green": "targetPort", "blue": "readiness", "gold": "localhost", "white": "port"}
HINTS = {"red": "compare kubectl get service -o wide with kubectl get pods --show-labels", "green": "which port does the program listen at? See its args",
         "blue": "kubectl describe pod says which port the probe asks, and that nobody answers it", "gold": "the program listens at 127.0.0.1, where only its own Pod can reach it",
         "white": "users ask port 80, which is the Service's port"}


def five_broken(cluster) -> None:
    """Five applications, each with a Service, none of which can be reached; each for another reason."""
    probe = {"readinessProbe": {"httpGet": {"path": "/", "port": 8081}, "periodSeconds": 2}}
    more = {"blue": probe, "gold": LOCAL}
    for name in CAUSES:
        cluster.apply(application(name, **more.get(name, {})))
        made = service(name, 8080)
        if name == "red":
            made["spec"]["selector"] = {"app": "read"}
        elif name == "green":
            made["spec"]["ports"] = [{"port": 80, "targetPort": 80}]
        elif name == "white":
            made["spec"]["ports"] = [{"port": 8080, "targetPort": 8080}]
        cluster.apply(made)
    cluster.run(20)


def five_reached(cluster, causes: dict[str, str]) -> str:
    """The causes are named, and each Service answers; no matter how it was repaired."""
    wrong = [name for name, cause in CAUSES.items() if causes.get(name) != cause]
    if wrong:
        raise Wrong(f"the cause for {', '.join(wrong)} is not right yet", HINTS[wrong[0]])
    cluster.run(40)
    for name in CAUSES:
        answers = traffic.ask(cluster, f"http://{name}/", 5)
        if not all(answer.status for answer in answers):
            raise Wrong(f"http://{name}/ cannot be reached: {next(answer.error for answer in answers if not answer.status)}", HINTS[name])
        if other := foreign(cluster, name, answers):
            raise Wrong(f"http://{name}/ is answered by {other}", HINTS[name])
    return "five causes named, five Services reached"
