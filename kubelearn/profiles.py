"""Profiles: minikube, kind and a cloud are configurations of the same parts.

Part of Kubernetes: what distributions add to it. Law 9: a profile is data; what it switches on is code elsewhere.
Leaves out: how each of them is installed.
"""
from __future__ import annotations

from typing import NamedTuple

ZONES = ("a", "b", "c")


class Profile(NamedTuple):
    """What a cluster of this kind has beside Kubernetes itself."""

    name: str
    nodes: int                         # how many unless said otherwise
    storage_class: str | None          # the default StorageClass
    provisioner: str | None            # who makes its volumes
    volume_binding_mode: str           # when: at once, or when a pod first needs one
    load_balancer: str | None          # the address range of load balancers; None: they stay pending
    os_image: str = ""                 # what `kubectl describe node` calls the operating system
    wall: str = ""                     # what keeps a laptop's packets from the nodes: docker (where it has a machine of its own), firewall
    add_on: tuple[str, str] | None = None  # a program on the laptop that gives out load balancers when it is started, and its addresses


PROFILES = {profile.name: profile for profile in (
    Profile("plain", 3, None, None, "Immediate", None, "Debian GNU/Linux 12 (bookworm)"),
    Profile("kind", 3, "standard", "rancher.io/local-path", "WaitForFirstConsumer", None, "Debian GNU/Linux 12 (bookworm)",
            "docker", ("cloud-provider-kind", "172.18.0.0/28")),
    Profile("minikube", 1, "standard", "k8s.io/minikube-hostpath", "Immediate", None, "Ubuntu 24.04 LTS", "docker"),
    Profile("cloud", 3, "standard-rwo", "pd.csi.cloud.example", "WaitForFirstConsumer", "203.0.113.0/24", "Container-Optimized OS",
            "firewall"),
)}


def profile_of(name: str) -> Profile:
    if name not in PROFILES:
        raise ValueError(f"there is no profile {name!r}: choose one of {', '.join(PROFILES)}")
    return PROFILES[name]


class NodeSpec(NamedTuple):
    """A machine that joins the cluster. cpu in CPUs, memory as a Quantity."""

    name: str
    cpu: str = "4"
    memory: str = "8Gi"
    pods: int = 110
    zone: str = "a"  # "": none
    labels: dict | None = None


def zone_of(number: int) -> str:
    """The zone of the machine with this number, from 1: a, b, c in turn."""
    return ZONES[(number - 1) % len(ZONES)]


def node_specs(nodes: int | list[dict]) -> list[NodeSpec]:
    """3 -> node-1, node-2, node-3 with 4 CPUs, 8Gi, 110 pods and zones a, b, c in turn; or a list of dicts to say otherwise."""
    given = [{}] * nodes if isinstance(nodes, int) and nodes >= 0 else nodes
    if not isinstance(given, (list, tuple)) or any(not isinstance(one, dict) or one.keys() - NodeSpec._fields for one in given):
        raise ValueError(f"nodes is a number, or a list of dicts of {', '.join(NodeSpec._fields)}; not {nodes!r}")
    specs = [NodeSpec(**{"name": f"node-{number}", "zone": zone_of(number), **one}) for number, one in enumerate(given, 1)]
    if len({spec.name for spec in specs}) < len(specs):
        raise ValueError(f"two nodes have the same name: {', '.join(spec.name for spec in specs)}")
    return specs
