"""The frames of a change: one moment and actor a frame, with what it did and why; all frames on one stage.

Part of Kubernetes: none. Law 6 makes it possible: every revision knows its actor, its cause and its reason. Rules: nothing jumps;
what changed has the ring in that frame only; a write that changes nothing in this picture makes no frame.
Leaves out: more than MOST frames; a longer change has several moments in one.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kubelearn.api.meta import is_deleting
from kubelearn.view import deeds
from kubelearn.view.graph import Graph, align, ringed
from kubelearn.view.slots import Slots
from kubelearn.view.world import World

MOST = 60
MANY = 2000  # revisions; from there on moments are joined before they are drawn, not dropped after
REASONS = 1000  # pixels of a caption's two lines
QUIET = ("Event", "Lease", "EndpointSlice", "Endpoints")  # they make frames only where the picture shows them


@dataclass(frozen=True, slots=True)
class Frame:
    """A graph and its caption: seconds since the start of the change, actor, (what, reason) of each of its deeds."""

    graph: Graph
    time: float
    actor: str = ""
    said: tuple[tuple[str, str], ...] = ()

    @property
    def what(self) -> str:
        return "; ".join(what for what, _ in self.said)

    @property
    def caption(self) -> str:
        return f"{seconds(self.time)}  {f'{self.actor}: ' if self.actor else ''}{deeds.with_reasons(self.said, REASONS)}"


def seconds(time: float) -> str:
    """+4 s, +1.24 s, +5 m 20 s"""
    if time >= 300:
        return f"+{int(time // 60)} m {time % 60:.0f} s"
    return f"+{time:.2f}".rstrip("0").rstrip(".") + " s"


def moments(revisions: Sequence) -> list[list]:
    """Revisions in groups of one moment and actor (of kubectl: one command). A revision joins an earlier group of its actor unless
    something that it follows from, or an earlier write to its object, stands in a later one."""
    groups: list[list] = []
    last: dict[tuple[float, str, str], int] = {}
    where: dict[object, int] = {}  # revision number, or object -> its group
    for revision in revisions:
        thing = (revision.resource.storage, revision.namespace, revision.name)
        key = revision.time, revision.actor.partition("/")[0], run_of(revision)
        cause = revision.cause if isinstance(revision.cause, int) else getattr(revision.cause, "revision", None)
        index = last.get(key)
        if index is None or index < max(where.get(thing, -1), where.get(cause, -1)):
            groups.append([])
            index = last[key] = len(groups) - 1
        groups[index].append(revision)
        where[thing] = where[revision.revision] = index
    return groups


def run_of(revision) -> str:
    """Which run of kubectl wrote it; "" where somebody else did, or where that is not known."""
    return getattr(revision.request, "session", "")


def coarser(groups: list[list], most: int) -> list[list]:
    """At most so many groups: neighbours of one moment together, then neighbours."""
    if len(groups) > most:
        joined: list[list] = []
        for group in groups:
            if joined and joined[-1][0].time == group[0].time:
                joined[-1].extend(group)
            else:
                joined.append(list(group))
        groups = joined
    size = -(-len(groups) // most) if groups else 1
    return [[r for group in groups[start:start + size] for r in group] for start in range(0, len(groups), size)]


def frames(before: World, revisions: Sequence, picture, slots: Slots, now: float = 0.0, **options: object) -> list[Frame]:
    """The frames from a world through the revisions after it, drawn by a picture module (stage and graph).

    now: for pictures that also change without a write, as traffic does: the moment up to which it counts.
    """
    groups = moments([r for r in revisions if r.resource.kind not in getattr(picture, "IGNORES", QUIET)])
    groups = coarser(groups, 4 * MOST if len(revisions) < MANY else MOST)
    worlds = [before]
    for group in groups:
        worlds.append(worlds[-1].after(group))
    if now > worlds[-1].time:
        groups, worlds = [*groups, []], [*worlds, worlds[-1].later(now)]
    stage = picture.stage(worlds, slots, **options)
    graphs = [picture.graph(world, stage) for world in worlds]
    graphs = graphs if graphs[0].height else align(graphs)
    start = revisions[0].time if revisions else before.time
    return _thinned([Frame(graphs[0], 0.0, said=(("before the change", ""),)), *_changes(graphs, groups, start, worlds[-1].time, picture)])


def _changes(graphs: list[Graph], groups: list[list], start: float, end: float, picture) -> list[Frame]:
    later = getattr(picture, "went_on", lambda _: "nothing was written; time went on")
    found, pending = [], []
    for old, new, group in zip(graphs, graphs[1:], groups):
        pending += group
        changed, freed = difference(old, new)
        here = new.find().keys()
        asked = {identity(r) for r in group if getattr(r.request, "external", False)}
        asked = asked & here if found else asked  # what the change began with is told, though it be out of the picture
        if not changed and not freed and not asked and old.edges == new.edges:
            continue
        changed |= asked  # a person's command is a frame, also where it changes nothing to be seen yet
        seen = [r for r in group if identity(r) in changed or identity(r) in freed]
        seen = seen or [r for r in pending if identity(r) in changed or identity(r) in freed] or group
        rings = frozenset(changed & here & {identity(r) for r in pending}) or frozenset(() if freed else changed)
        told = [revision for revision, _ in deeds.telling(seen)]
        if not told:
            found.append(Frame(new, end - start, said=((later(new), ""),)))
            continue
        ended = {identity(r) for r in pending if r.verb == "delete" or is_deleting(r.object)}
        left = emptied(old, new, freed & ended) | emptied(old, new, freed - ended, getattr(picture, "UNSEEN", "is not shown"))
        found.append(Frame(ringed(new, rings, left), told[-1].time - start, actor(told), tuple(deeds.said(seen))))
        pending = []
    return found


def identity(revision) -> str:
    return f"{revision.resource.kind}/{revision.namespace}/{revision.name}"


def difference(old: Graph, new: Graph) -> tuple[set[str], set[str]]:
    """The ids of what is new or looks different, and of what is gone."""
    before, now = old.find(), new.find()
    changed = {id for id, part in now.items() if not _alike(before.get(id), part)}
    return changed, {id for id in before if id not in now or (getattr(now[id], "free", False) and not before[id].free)}


def _alike(one, other) -> bool:
    """A box is compared by what is said of it itself; its slots and bars have their own say."""
    if one is None or hasattr(other, "rows"):
        return one is not None and (one.state, one.note, one.name) == (other.state, other.note, other.name)
    return one == other


def emptied(old: Graph, new: Graph, gone: set[str], what: str = "is gone") -> dict[str, str]:
    """The ids of the free slots in which what is gone (or what else became of it) stood, and what they say of it."""
    here = {(box.id, r, c): card for box in new.boxes for r, row in enumerate(box.rows) for c, card in enumerate(row)}
    stood = {(box.id, r, c): card for box in old.boxes for r, row in enumerate(box.rows) for c, card in enumerate(row)}
    left = {here[spot].id: card.name for spot, card in stood.items() if card and card.id in gone and here.get(spot) and here[spot].free}
    left |= {card.id: old.find()[card.id].name for card in new.cards if card.free and card.id in gone}
    return {id: f"{name} {what}" for id, name in left.items()}


def actor(revisions: list) -> str:
    """Who did it, in one word or two."""
    names = list(dict.fromkeys(deeds.actor_of(r) for r in revisions))
    if len(names) > 1 and all(name.startswith("kubelet/") for name in names):
        return "kubelets"
    return names[0] if len(names) == 1 else f"{names[0]} and others"


def _thinned(found: list[Frame]) -> list[Frame]:
    """At most MOST frames, the first and the last among them."""
    step = (len(found) - 1) / (MOST - 1)
    return found if len(found) <= MOST else [found[round(index * step)] for index in range(MOST)]
