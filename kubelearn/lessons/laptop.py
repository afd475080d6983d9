"""A laptop outside a cluster: at which of its addresses does a Service answer? And inside, for a Pod?

Part of Kubernetes: none; the machine in front of you. Each answer is a request over the cluster's network. What stands between a laptop
and the nodes is data of the profile. Leaves out: what a cloud's network does beyond its firewall.
"""
from __future__ import annotations

import json
from collections.abc import Mapping

from kubelearn.api.meta import condition_is, name_of
from kubelearn.bootstrap import API_SERVER
from kubelearn.cluster import Cluster
from kubelearn.controllers.servicelb import address_of
from kubelearn.lessons import traffic
from kubelearn.lessons.table import Table

LAPTOP = "192.0.2.10"
NONE = "✖ no such address"
BLOCKED = "✖ no way there"


def walled(cluster, docker_machine: bool) -> bool:
    """Whether a laptop's packets are kept from the nodes. docker_machine: Docker has a machine of its own, as on macOS and Windows."""
    return cluster.profile.wall == "firewall" or cluster.profile.wall == "docker" and docker_machine


def get(cluster, url: str, source: str) -> str:
    """One request from an address, in a word."""
    with cluster.lock:
        task = cluster.clock.spawn(traffic.request(cluster, url, 2.0, source))
    cluster.run(until=task.done, limit=10)
    answer = task.result()
    return "✔ answers" if answer.ok else f"✖ {answer.error.lower() or answer.status}"


def from_laptop(cluster, name: str = "shop", docker_machine: bool = False) -> dict[str, str]:
    """What a laptop gets at each address by which people try to reach a Service."""
    service, node = cluster.get("Service", name), _ready_node(cluster)
    port, balancer = service["spec"]["ports"][0], address_of(service)
    number, wall = port.get("nodePort"), walled(cluster, docker_machine)
    through = wall if cluster.profile.add_on else False  # the add-on's addresses are in Docker's network, a cloud's are public
    # A load balancer takes the request, and asks a node for it at the node port.
    return {
        "localhost : node port": get(cluster, f"http://127.0.0.1:{number}/", LAPTOP) if number else NONE,
        "node's address : node port": (BLOCKED if wall else get(cluster, f"http://{node}:{number}/", LAPTOP)) if number else NONE,
        "load balancer's address": (BLOCKED if through else get(cluster, f"http://{node}:{number}/", balancer)) if balancer else NONE,
        "kubectl port-forward": forwarded(cluster, name)}


def from_pod(cluster, name: str = "shop") -> dict[str, str]:
    """The same from inside a Pod, where names and Pods' addresses work too."""
    service, pods = cluster.get("Service", name), pods_of(cluster, name)
    port, balancer, node = service["spec"]["ports"][0], address_of(service), _ready_node(cluster)
    source = pods[0]["status"]["podIP"]
    return {
        "http://" + name: get(cluster, f"http://{name}:{port['port']}/", source),
        "another Pod's address": get(cluster, f"http://{pods[-1]['status']['podIP']}:{port.get('targetPort', port['port'])}/", source),
        "node's address : node port": get(cluster, f"http://{node}:{port['nodePort']}/", source) if port.get("nodePort") else NONE,
        "load balancer's address": get(cluster, f"http://{balancer}:{port['port']}/", source) if balancer else NONE}


def reachability(found: Mapping[str, Cluster], name: str = "shop", docker_machine: bool = False) -> Table:
    """From the laptop and from a Pod, in each cluster; each cell is a request."""
    sides = {"laptop": [from_laptop(one, name, docker_machine) for one in found.values()], "Pod": [from_pod(one, name) for one in found.values()]}
    return Table(list(found), {f"{side} → {way}": [one[way] for one in each] for side, each in sides.items() for way in each[0]})


def pods_of(cluster, name: str) -> list[dict]:
    return [pod for pod in cluster.get("Pod") if pod["metadata"].get("labels", {}).get("app") == name and not pod["metadata"].get("deletionTimestamp")]


def _ready_node(cluster) -> str:
    """A node to ask: the first that is ready, else the first."""
    found = cluster.get("Node", namespace=None)
    node = next((one for one in found if condition_is(one, "Ready")), found[0])
    return cluster.network.nodes[name_of(node)]


def forwarded(cluster, name: str) -> str:
    """As kubectl port-forward does it: through the API server to the kubelet of a ready Pod of the Service."""
    ports = cluster.get("Service", name)["spec"]["ports"][0]
    pod = next((pod for pod in pods_of(cluster, name) if condition_is(pod, "Ready")), None)
    if pod is None:
        return "✖ no Pod is ready"
    wanted = {"method": "portforward", "namespace": "default", "pod": name_of(pod), "port": ports.get("targetPort", ports["port"])}

    async def ask() -> bool:
        try:
            stream = await cluster.network.connect(API_SERVER[0], cluster.network.nodes[pod["spec"]["nodeName"]], 10250)
            stream.write(json.dumps(wanted).encode() + b"\n")
            await stream.read_line()
            stream.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b" 200 " in await stream.read_line()
        except OSError:  # the Pod listens at another port
            return False
    with cluster.lock:
        task = cluster.clock.spawn(ask())
    cluster.run(until=task.done, limit=10)
    return "✔ answers" if task.done() and task.result() else "✖ no answer"
