"""The containers picture: containers in their pod, pods on their node; what a pod's containers share, what all of a node share.

Part of Kubernetes: pod and container runtime. Rule: a frame is a boundary: an address and a host name a pod, a kernel a node.
Leaves out: pods that no node has yet; processes inside a container: `ps` shows them.
"""
from __future__ import annotations

from collections.abc import Sequence

from kubelearn.view import states
from kubelearn.view.graph import Card, Edge, Graph, Group, identity
from kubelearn.view.slots import Slots
from kubelearn.view.volumes import TOKEN, chosen, containers, pod_group, upwards


class Stage:
    """pod: the name of one, or a start of names."""

    def __init__(self, worlds: Sequence, slots: Slots, pod: str | None = None):
        self.slots, self.pod = slots, pod


def stage(worlds: Sequence, slots: Slots, **options: object) -> Stage:
    return Stage(worlds, slots, **options)


def graph(world: object, stage: Stage) -> Graph:
    """One frame of the containers picture."""
    cards: list[Card] = []
    edges: list[Edge] = []
    groups: dict[str, Group] = {}
    said = []
    for pod in chosen(world, stage):
        node = (pod.get("spec") or {}).get("nodeName")
        if not node:
            continue
        home = f"Node//{node}"
        groups.setdefault(home, _node_group(world, node, home))
        groups[identity(pod)] = pod_group(pod, home)
        inside = [card for card, _ in containers(pod)]
        shared = _shared(pod)
        cards += [*inside, shared]
        edges += [Edge(card.id, shared.id, arrow=False) for card in inside]
        states_ = ", ".join(f"{card.kind} {card.name} {card.state.word}" for card in inside)
        said.append(f"pod {pod['metadata']['name']} on {node}: {states_}")
    for home in [id for id, group in groups.items() if not group.parent]:
        cards.append(_kernel(home, cards, groups))
        shared = [card for card in cards if card.id.endswith("/shared") and groups[card.group].parent == home]
        edges += [Edge(card.id, cards[-1].id, arrow=False, hidden=True) for card in shared]
    alt = f"{'; '.join(said)}." if said else "No pods on nodes."
    return Graph(upwards(cards), (), upwards(edges), upwards(groups.values()), alt, empty="no pods on nodes")


def _node_group(world: object, name: str, id: str) -> Group:
    node = world.get("Node", name)
    return Group(id, name, states.node_state(node) if node else None)


def _shared(pod: dict) -> Card:
    """What the containers of a pod have together."""
    spec = pod.get("spec") or {}
    volumes = [v["name"] for v in spec.get("volumes") or () if not v["name"].startswith(TOKEN)]
    address = (pod.get("status") or {}).get("podIP") or "no address yet"
    line = f"volumes {', '.join(volumes)}" if volumes else f"host name {spec.get('hostname') or pod['metadata']['name']}"
    return Card(f"{identity(pod)}/shared", "shared by its containers", address, line, hue="hue0", group=identity(pod), size=(230, 68),
                title=f"one address, one host name, localhost between them; {line}")


def _kernel(home: str, cards: list[Card], groups: dict[str, Group]) -> Card:
    """What all containers of a node have together."""
    count = sum(1 for card in cards if card.group in groups and groups[card.group].parent == home and not card.id.endswith("/shared"))
    return Card(f"{home}/kernel", "shared by all on the node", "kernel, images, disk", f"{count} container{'' if count == 1 else 's'} here",
                hue="muted", group=home, size=(200, 68))
