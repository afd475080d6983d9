"""The packing picture: what fits where. Each node's CPU and memory, with what every pod was promised as a block of it.

Part of Kubernetes: the scheduler's NodeResourcesFit counts requests, not use. Rule: nothing jumps; a block stays where it is until its
pod goes, and a later one is laid into the gaps.
Leaves out: limits, and extended resources.
"""
from __future__ import annotations

import textwrap
from collections.abc import Sequence

from kubelearn.api import quantity
from kubelearn.api.meta import condition, owner_of, uid_of
from kubelearn.view import states
from kubelearn.view.graph import WIDTH, Bar, Box, Graph
from kubelearn.view.overview import FINISHED, natural, number, pods_of, quantity_text, requests
from kubelearn.view.slots import Slots, shown

RESOURCES = (("cpu", "cpu", quantity.milli, 1000, ""), ("memory", "mem", quantity.value, 1 << 30, "Gi"))
BAR = 24
GAP = 12
FEW = 8  # kinds of waiting that are told


class Shelf:
    """The room of one resource on one node: who has which stretches of it."""

    def __init__(self) -> None:
        self.taken: dict[str, list[tuple[int, int]]] = {}  # uid -> (start, length)

    def keep(self, wanted: dict[str, int]) -> None:
        """Gives back what is no longer wanted, lays the new into the lowest gaps."""
        self.taken = {uid: pieces for uid, pieces in self.taken.items() if sum(n for _, n in pieces) == wanted.get(uid)}
        for uid, amount in wanted.items():
            if uid not in self.taken and amount:
                self.taken[uid] = self._fill(amount)

    def _fill(self, amount: int) -> list[tuple[int, int]]:
        pieces, start = [], 0
        for begin, length in [*sorted(piece for pieces in self.taken.values() for piece in pieces), (1 << 62, 0)]:
            room = min(begin - start, amount)
            if room > 0:
                pieces.append((start, room))
                amount -= room
            start = begin + length
            if not amount:
                break
        return pieces


class Stage:
    """Which nodes there are, and in every frame the stretches that each pod has."""

    def __init__(self, worlds: Sequence, slots: Slots):
        self.slots = slots
        self.nodes = sorted({node["metadata"]["name"] for world in worlds for node in world.list("Node")}, key=natural)
        self.waiting = max((len(waiting(world, slots)) for world in worlds), default=0)
        self.layouts: dict[int, dict] = {}
        shelves: dict[tuple[str, str], Shelf] = {}
        for world in worlds:
            for node, pods in placed(world).items():
                for name, *_ in RESOURCES:
                    shelf = shelves.setdefault((node, name), Shelf())
                    shelf.keep({uid_of(pod): requests(pod).get(name, 0) for pod in sorted(pods, key=slots.seat)})
            self.layouts[world.revision] = {key: dict(shelf.taken) for key, shelf in shelves.items()}


def stage(worlds: Sequence, slots: Slots) -> Stage:
    return Stage(worlds, slots)


def placed(world: object) -> dict[str, list[dict]]:
    """node -> its pods that still hold what they were promised; every node is there."""
    found: dict[str, list[dict]] = {node["metadata"]["name"]: [] for node in world.list("Node")}
    for pod in world.list("Pod"):
        node = (pod.get("spec") or {}).get("nodeName")
        if node in found and (pod.get("status") or {}).get("phase") not in FINISHED:
            found[node].append(pod)
    return found


def unplaced(world: object, slots: Slots) -> list[dict]:
    return [pod for pod in pods_of(world, slots) if not (pod.get("spec") or {}).get("nodeName")]


def graph(world: object, stage: Stage) -> Graph:
    """One frame of the packing picture."""
    nodes = {node["metadata"]["name"]: node for node in world.list("Node")}
    pods = placed(world)
    height, boxes, top = 36 + len(RESOURCES) * (BAR + 9), [], 0.0
    for name in stage.nodes:
        at = (WIDTH / 2, top + height / 2)
        node = nodes.get(name)
        boxes.append(_node(node, pods[name], world, stage, at, height) if node else Box(f"Node//{name}", "", None, (), at, (WIDTH, height)))
        top += height + GAP
    if stage.waiting:
        boxes.append(_waiting(waiting(world, stage.slots), stage, top))
        top += boxes[-1].size[1]
    return Graph(boxes=tuple(boxes), height=top, alt=alt(world, pods, stage), empty="" if boxes else "no nodes")


def _node(node: dict, pods: list[dict], world: object, stage: Stage, at: tuple, height: float) -> Box:
    name = node["metadata"]["name"]
    free = sum(1 for pod in pods if not requests(pod))
    note = f"· {len(pods)} pod{'' if len(pods) == 1 else 's'}" + (f", {free} without requests" if free else "")
    layouts = stage.layouts[world.revision]
    bars = tuple(_bar(node, pods, layouts.get((name, resource[0]), {}), resource, stage.slots) for resource in RESOURCES)
    return Box(f"Node//{name}", name, states.node_state(node), (), at, (WIDTH, height), bars, note=note)


def _bar(node: dict, pods: list[dict], layout: dict, resource: tuple, slots: Slots) -> Bar:
    name, label, parse, unit, suffix = resource
    total = parse(str(((node.get("status") or {}).get("allocatable") or {}).get(name, 0)))
    by_uid = {uid_of(pod): pod for pod in pods}
    pieces = sorted((start, length, by_uid[uid]) for uid, found in layout.items() for start, length in found if uid in by_uid)
    parts, end = [], 0
    for start, length, pod in pieces:
        if start > end:
            parts.append((start - end, "trough", "", ""))
        parts.append((length, _hue(pod, slots), f"{pod['metadata']['name']}: {quantity_text(name, length)}", pod["metadata"]["name"]))
        end = start + length
    used = sum(length for _, length, _ in pieces)
    return Bar(label, f"{number(used / unit)}/{number(total / unit)}{suffix}", total, tuple(parts), BAR)


def _hue(pod: dict, slots: Slots) -> str:
    owner = owner_of(pod)
    hue = slots.hue(owner and owner.get("uid")) if shown(pod["metadata"].get("namespace"), slots.namespace) else "bar"
    return "bar" if hue == "ink" else hue


def waiting(world: object, slots: Slots) -> dict[tuple[str, str], list[str]]:
    """(what it asks for, what the scheduler said) -> names of those on no node: those that wait alike stand together."""
    found: dict[tuple[str, str], list[str]] = {}
    for pod in unplaced(world, slots):
        asked = ", ".join(f"{name} {quantity_text(name, amount)}" for name, amount in requests(pod).items()) or "nothing"
        found.setdefault((asked, (condition(pod, "PodScheduled") or {}).get("message", "")), []).append(pod["metadata"]["name"])
    return found


def _waiting(groups: dict[tuple[str, str], list[str]], stage: Stage, top: float) -> Box:
    """Who is on no node, what it asks for, and what the scheduler said."""
    lines = [line for (asked, why), names in list(groups.items())[:FEW] for line in _reason(asked, why, names)]
    height = 40 + 18 * 3 * min(stage.waiting, FEW)
    return Box("waiting", "not on a node yet", None, (), (WIDTH / 2, top + height / 2), (WIDTH, height), lines=tuple(lines))


def _reason(asked: str, why: str, names: list[str]) -> list[tuple[str, str]]:
    who = f"{names[0]} asks for {asked}" if len(names) == 1 else f"{len(names)} pods ask for {asked} each: {', '.join(names)}"
    return [(f"○ {textwrap.shorten(who, 110, placeholder=' ...')}", "ink"), *((line, "muted") for line in textwrap.wrap(why, 118)[:2])]


def alt(world: object, pods: dict[str, list[dict]], stage: Stage) -> str:
    """'node-1: cpu 1/4, mem 1/8Gi...'"""
    said = []
    for node in world.list("Node"):
        name = node["metadata"]["name"]
        amounts = [_bar(node, pods[name], stage.layouts[world.revision].get((name, r[0]), {}), r, stage.slots) for r in RESOURCES]
        said.append(f"{name}: {', '.join(f'{bar.label} {bar.text}' for bar in amounts)}")
    for names in waiting(world, stage.slots).values():
        said.append(f"{names[0]} is on no node" if len(names) == 1 else f"{len(names)} pods are on no node")
    return ". ".join(said) + "."
