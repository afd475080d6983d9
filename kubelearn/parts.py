"""Which parts a cluster is made of: the components of its control plane, its machines, the services that run on it.

Part of Kubernetes: the static pods of kubeadm's control plane, a machine with its kubelet and kube-proxy, CoreDNS. Law 2: each
part is made with a client of its own; taking one line out of here leaves a cluster that lacks exactly that behaviour.
"""
from __future__ import annotations

from kubelearn import controllers
from kubelearn.apiserver.inside import API_SERVER, Inside
from kubelearn.apiserver.registry import Registry
from kubelearn.client import Client
from kubelearn.dns import Dns
from kubelearn.kubelet.kubelet import Kubelet
from kubelearn.kubelet.runtime import Runtime
from kubelearn.network import Network
from kubelearn.profiles import NodeSpec, Profile
from kubelearn.proxy import Proxy, Rules
from kubelearn.scheduler import Scheduler

DNS_ADDRESS = "10.99.255.53"
DNS_PORTS = [("dns", "UDP"), ("dns-tcp", "TCP")]
DNS_SERVICE = (
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
     "spec": {"clusterIP": "10.96.0.10", "ports": [{"name": name, "port": 53, "protocol": protocol} for name, protocol in DNS_PORTS]}},
    {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
     "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": {"kubernetes.io/service-name": "kube-dns"}},
     "endpoints": [{"addresses": [DNS_ADDRESS], "conditions": {"ready": True}}],
     "ports": [{"name": name, "port": 53, "protocol": protocol} for name, protocol in DNS_PORTS]},
)


class ControllerManager:
    """kube-controller-manager: all controllers, sharing one set of informers."""

    def __init__(self, registry: Registry, profile: Profile):
        client = Client(registry, "kube-controller-manager")
        self.stopped = False
        self.controllers = {made.name: made for made in (make(client) for make in controllers.of(profile))}

    def stop(self) -> None:
        self.stopped = True
        for controller in self.controllers.values():
            controller.stop()

    def start(self) -> None:
        self.stopped = False
        for controller in self.controllers.values():
            controller.start()


def control_plane(registry: Registry, profile: Profile) -> dict[str, object]:
    """Name -> component with stop() and start(). The API server is the registry itself."""
    manager = ControllerManager(registry, profile)
    scheduler = Scheduler(Client(registry, "default-scheduler", program="kube-scheduler"))
    return {"kube-controller-manager": manager, "kube-scheduler": scheduler, **manager.controllers}


def component_statuses(parts: dict[str, object], plane: object = None) -> list[dict]:
    """What the API server says of the parts that it asks for their health; plane: the machines that they run on, where they do."""
    def works(name: str) -> bool:
        return plane.up(name) > 0 if plane else not getattr(parts.get(name), "stopped", False)
    asked = (("controller-manager", "kube-controller-manager", 10257), ("etcd-0", "etcd", 2379), ("scheduler", "kube-scheduler", 10259))
    return [{"apiVersion": "v1", "kind": "ComponentStatus", "metadata": {"name": name}, "conditions": [_health(works(part), port)]}
            for name, part, port in asked]


def _health(works: bool, port: int) -> dict:
    if works:
        return {"type": "Healthy", "status": "True", "message": "ok"}
    text = f'Get "https://127.0.0.1:{port}/healthz": dial tcp 127.0.0.1:{port}: connect: connection refused'
    return {"type": "Healthy", "status": "False", "message": text}


def cluster_services(registry: Registry, network: Network) -> dict[str, object]:
    """CoreDNS behind the Service kube-dns, beside the nodes, at an address of its own; and the API server's own address there."""
    Inside(registry, network, *API_SERVER)
    client = Client(registry, "coredns")
    for obj in DNS_SERVICE:
        registry.create(registry.resources.must_find(obj["kind"]), "kube-system", obj, client.request("a fresh cluster has it"))
    return {"coredns": Dns(client, network, DNS_ADDRESS)}


class Node:
    """A machine: a container runtime, a kubelet, a proxy."""

    def __init__(self, registry: Registry, network: Network, spec: NodeSpec, number: int, profile: Profile, disks: dict, rules: Rules):
        self.name = spec.name
        self.address, cidr = f"10.99.{number // 250}.{number % 250 + 2}", f"10.{244 + number // 256}.{number % 256}.0/24"
        network.add_node(spec.name, self.address, cidr)
        self.network = network
        self.runtime = Runtime(spec.name, registry.clock, network)
        client = Client(registry, f"kubelet/{spec.name}")
        self.kubelet = Kubelet(client, self.runtime, node_object(spec, cidr, profile), disks)
        self.kubelet.start()
        self.proxy = Proxy(rules, network, spec.name)

    def stop(self) -> None:
        """The machine is cut off: its kubelet falls silent, nothing reaches its pods, which run on."""
        self.network.down.add(self.name)
        self.kubelet.stop()

    def start(self) -> None:
        self.network.down.discard(self.name)
        self.kubelet.start()


def node_object(spec: NodeSpec, pod_cidr: str, profile: Profile) -> dict:
    """The Node as its kubelet registers it."""
    labels = {"beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
              "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": spec.name,
              **({"topology.kubernetes.io/zone": spec.zone} if spec.zone else {}), **(spec.labels or {})}
    capacity = {"cpu": spec.cpu, "memory": spec.memory, "pods": str(spec.pods), "ephemeral-storage": "100Gi",
                "hugepages-1Gi": "0", "hugepages-2Mi": "0"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": spec.name, "labels": labels},
            "spec": {"podCIDR": pod_cidr, "podCIDRs": [pod_cidr]},
            "status": {"capacity": capacity, "allocatable": dict(capacity), "nodeInfo": {"osImage": profile.os_image}}}
