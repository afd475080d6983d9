"""How the control plane stands: which members of each component are up, who leads, whether etcd has a quorum.

Part of Kubernetes: the mirror Pods of kubeadm's static Pods, the Leases of leader election, etcd's majority. Read from objects, and
from what was stopped from outside: where etcd is stopped nobody can write down that it is.
Leaves out: components that run outside of Pods, but for those that were stopped.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from kubelearn.api.meta import condition_is, get
from kubelearn.controlplane import COMPONENTS, ELECTED, LABEL
from kubelearn.view import svg
from kubelearn.view.states import State
from kubelearn.view.world import World

CARD, GAP = (212, 62), 10
DEEDS = {"stop": "stopped {}", "start": "started {} again", "join": "{} joins"}
REFUSED = "could not {} {} {}: {}"


class Fault(NamedTuple):
    """What was done to a machine or component from outside, or was to be written and was not. at: between the revisions before and
    after it."""

    time: float
    at: float
    what: str
    name: str
    text: str
    actor: str = "you"


class Member(NamedTuple):
    """A component: how many of its members are up, and what that means."""

    name: str
    count: str
    state: State


Stage = tuple[Member, ...]


def faults(cluster: object) -> list[Fault]:
    """All there were, in order; a real cluster does not tell."""
    inputs = getattr(getattr(cluster, "journal", None), "inputs", ())
    return [_fault(each, each.revision + (number + 1) / (len(inputs) + 1))
            for number, each in enumerate(inputs) if each.what in DEEDS or each.refused]


def _fault(each, at: float) -> Fault:
    if each.what in DEEDS:
        name = each.arguments["name"]
        return Fault(each.time, at, each.what, name, DEEDS[each.what].format(name))
    name = each.arguments.get("name") or get(each.arguments, ("obj", "metadata", "name"), "")
    verb, who = "delete" if each.what.startswith("delete") else "write", each.arguments["request"].command.removeprefix("cluster") or "you"
    return Fault(each.time, at, "refused", "", REFUSED.format(verb, each.arguments["kind"], name, each.refused), who)


def elects(revision) -> bool:
    """Whether it makes another process the leader of a component."""
    holder = [((obj or {}).get("spec") or {}).get("holderIdentity") for obj in (revision.previous, revision.object)]
    return revision.resource.kind == "Lease" and revision.namespace == "kube-system" and holder[0] != holder[1]


def stages(before: World, revisions: Sequence, faults: Sequence[Fault], firsts: Sequence[float]) -> list[Stage]:
    """Before the change, and after each row, which holds up to the first revision of the next."""
    revisions = [r for r in revisions if r.resource.kind in ("Pod", "Lease", "Node")]
    known = any(fault.name in ELECTED for fault in faults)
    found, world, last = [], before, before.revision + 1.0
    for until in (*firsts, math.inf):
        world = world.after(r for r in revisions if last <= r.revision < until)
        found.append(_stage(world, _stopped(fault for fault in faults if fault.at < until), known))
        last = until
    return found


def _stopped(faults) -> set[str]:
    names: set[str] = set()
    for fault in faults:
        names = names | {fault.name} if fault.what == "stop" else names - {fault.name}
    return names


def _stage(world: World, stopped: set[str], known: bool) -> Stage:
    machines = [node["metadata"]["name"] for node in world.list("Node") if LABEL in (node["metadata"].get("labels") or {})]
    if machines:
        return tuple(_member(world, name, machines, stopped) for name in COMPONENTS)
    return tuple(Member(name, "", State("✖", "stopped", "bad") if name in stopped else State("●", "acts", "good"))
                 for name in ELECTED if known)


def _member(world: World, name: str, machines: list[str], stopped: set[str]) -> Member:
    up = [machine for machine in machines if not {name, machine, f"{name}-{machine}"} & stopped
          and (pod := world.get("Pod", f"{name}-{machine}", "kube-system")) and condition_is(pod, "Ready")]
    state = _leader(world, name, up) if name in ELECTED else _majority(up, machines) if name == "etcd" else None
    state = state or (State("●", "answers", "good") if up else State("✖", "nobody answers", "bad"))
    return Member(name, f"{len(up)} of {len(machines)} up", state)


def _leader(world: World, name: str, up: list[str]) -> State:
    lease = world.get("Lease", name, "kube-system")
    holder = ((lease or {}).get("spec") or {}).get("holderIdentity", "").rpartition("_")[0]
    if up and lease is None:  # Leases are not watched in a real cluster
        return State("●", "runs", "good")
    if holder in up:
        return State("●", f"{holder} leads", "good")
    return State("◐", "waits for the Lease to end", "wait") if up else State("✖", "nobody acts", "bad")


def _majority(up: list[str], machines: list[str]) -> State:
    needed = len(machines) // 2 + 1
    return State("●", f"quorum of {needed}: stores", "good") if len(up) >= needed else State("✖", "no quorum: stores nothing", "bad")


def said(stage: Stage) -> str:
    """For who cannot see it."""
    return "".join(f" {member.name}: {', '.join(filter(None, (member.count, member.state.word)))}." for member in stage)


def height(stages: Sequence[Stage]) -> float:
    return CARD[1] + 8 if any(stages) else 0


def draw(stage: Stage, before: Stage) -> list[str]:
    """A card for each component at the top of the picture; what is not as before has the ring."""
    shapes = []
    for number, (member, old) in enumerate(zip(stage, before)):
        left, middle = 4 + number * (CARD[0] + GAP - 2), 4 + number * (CARD[0] + GAP - 2) + CARD[0] / 2
        if member != old:
            shapes.append(svg.rect(left - 2, 2, CARD[0] + 4, CARD[1] + 4, "ring", radius=8))
        shapes += [svg.rect(left, 4, CARD[0], CARD[1], "card", said((member,)).strip(), 6, "line"),
                   svg.text(middle, 18, member.count, 10, "muted", "middle"),
                   svg.text(middle, 36, member.name, 13, "ink", "middle", bold=True, width=CARD[0] - 8),
                   svg.text(middle, 55, str(member.state), 12, member.state.role, "middle", width=CARD[0] - 8)]
    return shapes
