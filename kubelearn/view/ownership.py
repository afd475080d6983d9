"""The ownership picture: who made whom. Deployment > ReplicaSet > pods, Job > pods, StatefulSet > pods and their claims.

Part of Kubernetes: metadata.ownerReferences. Rule: an arrow carries something, here that its end goes when its start is deleted.
Leaves out: owners of other kinds (an EndpointSlice's Service); above FEW pods each owner's pods are one card of counts.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kubelearn.api.meta import owner_of, uid_of
from kubelearn.view import states
from kubelearn.view.graph import Card, Edge, Graph, identity
from kubelearn.view.lane import count_pods, owner_card
from kubelearn.view.overview import pods_of
from kubelearn.view.slots import Slots, shown

FEW = 30
POD = (280, 30)


class Stage:
    """owner: a start of names, to which the picture is narrowed. many: whether any frame has too many pods for a card each."""

    def __init__(self, worlds: Sequence, slots: Slots, owner: str = ""):
        self.slots, self.owner = slots, owner
        self.many = max((len(self.pods(world)) for world in worlds), default=0) > FEW

    def pods(self, world: object) -> list[dict]:
        return [pod for pod in pods_of(world, self.slots) if pod["metadata"]["name"].startswith(self.owner)]

    def shows(self, owner: dict) -> bool:
        return shown(owner["metadata"].get("namespace"), self.slots.namespace) and owner["metadata"]["name"].startswith(self.owner)


def stage(worlds: Sequence, slots: Slots, **options: object) -> Stage:
    return Stage(worlds, slots, **options)


def graph(world: object, stage: Stage) -> Graph:
    """One frame of the ownership picture."""
    pods, cards, edges = stage.pods(world), [], []
    counts = count_pods(pods)
    for kind in stage.slots.owners:
        for obj in world.list(kind):
            if stage.shows(obj):
                cards.append(owner_card(obj, counts[uid_of(obj)], stage.slots))
                edges += _from_owner(obj)
    known = {card.id for card in cards}
    more, ends = _counted(pods, stage) if stage.many else _each(world, pods, stage)
    cards += more
    edges = [edge for edge in edges + ends if edge.tail in known or edge.tail.startswith("Pod/")]
    return Graph(cards=tuple(cards), edges=tuple(edges), alt=alt(cards, edges), empty="" if cards else "nothing owns anything here")


def _from_owner(obj: dict) -> list[Edge]:
    owner = owner_of(obj)
    return [Edge(f"{owner['kind']}/{obj['metadata'].get('namespace', '')}/{owner['name']}", identity(obj))] if owner else []


def _each(world: object, pods: list[dict], stage: Stage) -> tuple[list[Card], list[Edge]]:
    cards, edges = [], []
    for pod in pods:
        owner = owner_of(pod)
        cards.append(Card(identity(pod), "Pod", pod["metadata"]["name"], state=states.pod_state(pod), title=states.describe(pod),
                          hue=stage.slots.hue(owner and owner["uid"]), size=POD))
        edges += _from_owner(pod)
        for claim in _claims(world, pod):
            word = (claim.get("status") or {}).get("phase", "Pending")
            cards.append(Card(identity(claim), "PersistentVolumeClaim", claim["metadata"]["name"], state=states.state(word), size=POD,
                              hue=stage.slots.hue(owner and owner["uid"]), title=f"claim {claim['metadata']['name']} · {word}"))
            edges.append(Edge(identity(pod), identity(claim), arrow=False))
    return list({card.id: card for card in cards}.values()), edges


def _claims(world: object, pod: dict) -> list[dict]:
    names = [v["persistentVolumeClaim"]["claimName"] for v in (pod.get("spec") or {}).get("volumes") or () if "persistentVolumeClaim" in v]
    return [claim for name in names if (claim := world.get("PersistentVolumeClaim", name, pod["metadata"]["namespace"]))]


def _counted(pods: list[dict], stage: Stage) -> tuple[list[Card], list[Edge]]:
    cards, edges, groups = [], [], {}
    for pod in pods:
        owner = owner_of(pod)
        groups.setdefault(_from_owner(pod)[0].tail if owner else "", (owner, Counter()))[1][states.pod_state(pod).mark] += 1
    for tail, (owner, counts) in groups.items():
        text = " ".join(f"{counts[mark]}{mark}" for mark in "●◐○✖▽■" if counts[mark])
        hue = stage.slots.hue(owner and owner["uid"])
        cards.append(Card(f"pods of {tail}", "Pods", f"{sum(counts.values())} pods", text, size=POD, hue=hue))
        edges += [Edge(tail, f"pods of {tail}")] if owner else []
    return cards, edges


def alt(cards: list[Card], edges: list[Edge]) -> str:
    """'Deployment web owns ReplicaSet web-7d4b9; Pod db-0 uses PersistentVolumeClaim data-db-0; ...'"""
    names = {card.id: f"{card.kind} {card.name}" for card in cards}
    children: dict[tuple[str, str], list[str]] = {}
    for edge in edges:
        if edge.head in names:
            children.setdefault((names.get(edge.tail, edge.tail), "owns" if edge.arrow else "uses"), []).append(names[edge.head])
    said = [f"{owner} {verb} {', '.join(found)}" for (owner, verb), found in children.items()]
    return "; ".join(said) + "." if said else "Nothing owns anything here."
