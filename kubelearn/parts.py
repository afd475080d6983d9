"""Which parts a cluster is made of: the components of its control plane, its machines, the services that run on it.

Part of Kubernetes: the static pods of kubeadm's control plane, a machine with its kubelet and kube-proxy, CoreDNS. Law 2: each
part is made with a client of its own; taking one line out of here leaves a cluster that lacks exactly that behaviour.
"""
from __future__ import annotations

from kubelearn import controllers
from kubelearn.apiserver.registry import Registry
from kubelearn.client import Client
from kubelearn.dns import Dns
from kubelearn.kubelet.kubelet import Kubelet
from kubelearn.kubelet.runtime import Runtime
from kubelearn.network import Network
from kubelearn.profiles import NodeSpec, Profile
from kubelearn.proxy import Proxy
from kubelearn.scheduler import Scheduler


class ControllerManager:
    """kube-controller-manager: all controllers, sharing one set of informers."""

    def __init__(self, registry: Registry, profile: Profile):
        client = Client(registry, "kube-controller-manager")
        self.controllers = {made.name: made for made in (make(client) for make in controllers.of(profile))}

    def stop(self) -> None:
        for controller in self.controllers.values():
            controller.stop()

    def start(self) -> None:
        for controller in self.controllers.values():
            controller.start()


def control_plane(registry: Registry, profile: Profile) -> dict[str, object]:
    """Name -> component with stop() and start(). The API server is the registry itself."""
    manager = ControllerManager(registry, profile)
    scheduler = Scheduler(Client(registry, "default-scheduler"), registry.clock)
    return {"kube-controller-manager": manager, "kube-scheduler": scheduler, **manager.controllers}


def cluster_services(registry: Registry, network: Network) -> dict[str, object]:
    return {"coredns": Dns(Client(registry, "coredns"), network)}


class Node:
    """A machine: a container runtime, a kubelet, a proxy."""

    def __init__(self, registry: Registry, network: Network, spec: NodeSpec, number: int, profile: Profile):
        self.name = spec.name
        self.address, cidr = f"10.99.{number // 250}.{number % 250 + 2}", f"10.{244 + number // 256}.{number % 256}.0/24"
        network.add_node(spec.name, self.address, cidr)
        self.network = network
        self.runtime = Runtime(spec.name, registry.clock, network)
        self.kubelet = Kubelet(Client(registry, f"kubelet/{spec.name}"), network, self.runtime, spec, self.address, cidr, profile)
        self.proxy = Proxy(Client(registry, f"kube-proxy/{spec.name}"), network, spec.name)

    def stop(self) -> None:
        """The machine is cut off: its kubelet falls silent, nothing reaches its pods, which run on."""
        self.network.down.add(self.name)
        self.kubelet.stop()

    def start(self) -> None:
        self.network.down.discard(self.name)
        self.kubelet.start()


def join(registry: Registry, network: Network, spec: NodeSpec, number: int, profile: Profile) -> Node:
    """A machine joins: its kubelet registers it with the API server."""
    return Node(registry, network, spec, number, profile)
