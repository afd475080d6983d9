"""The control plane picture: who wrote what, when, and who was told of it and answered. One lane a component, time goes down.

Part of Kubernetes: components that meet only in API objects (law 2). A dot is a write; from it a line goes across to each component
that was told of it and answered, and down to the answer. What is stopped and started from outside is a row too, and so is what a
person would have written and etcd did not store. Rule: one row, one moment and actor, one sentence; played, each frame adds its row
and every row keeps its place.
Leaves out: reads; who was told and did nothing; more than MOST rows (the first and the last are kept).
"""
from __future__ import annotations

from contextlib import nullcontext
from math import radians, sin
from typing import NamedTuple

from kubelearn.view import deeds, frames, members, svg
from kubelearn.view.drawing import last_command, revision_of
from kubelearn.view.frames import seconds
from kubelearn.view.picture import Picture
from kubelearn.view.slots import shown
from kubelearn.view.theme import measure
from kubelearn.view.world import World

MOST, LEFT, LANE, WIDTH, SLOPE = 40, 74, 40, 880, 32
ROW = (16, 26)  # a row's height, low where there are many: no scrolling to see the change
PEOPLE = "you"
NOTHING = "nothing was written in this change, so nobody was told of anything"
LEGEND = "● wrote · ○ was told, and answered · ✖ stopped, or refused · ▶ started"


class Row(NamedTuple):
    """What one actor did at one moment. first: the revision from which on it holds; mark: ● a write, ✖ or ▶ from outside."""

    time: float
    first: float
    lane: str
    actor: str
    what: str
    text: str  # what, with the reasons
    revisions: tuple = ()
    mark: str = "●"


class Change:
    """The rows of a change, and how the control plane stood after each. quiet leaves Events, Leases and EndpointSlices out, but not
    who leads."""

    def __init__(self, cluster: object, since: object, until: object, namespace: str | None, quiet: bool = True):
        with getattr(cluster, "lock", None) or nullcontext():
            start = last_command(cluster) if since is None else revision_of(cluster, since)
            end = None if until is None else revision_of(cluster, until)
            found = [r for r in cluster.revisions(since=start) if end is None or r.revision <= end]
            before, faults = World(cluster.at(revision=start), 0.0, start), members.faults(cluster)
        told = [r for r in found if _belongs(r, namespace, quiet)]
        outside = [_fault(each) for each in faults if start < each.at and (end is None or each.at < end + 1)]
        rows = sorted([*map(_row, frames.moments(told)), *outside], key=lambda row: row.first)
        self.left_out = max(len(rows) - MOST, 0)
        self.stages = members.stages(before, found, faults, [row.first for row in rows])
        if self.left_out:
            rows = [*rows[:MOST // 2], *rows[-MOST // 2:]]
            self.stages = [*self.stages[:MOST // 2 + 1], *self.stages[-MOST // 2:]]
        self.rows: list[Row] = rows
        self.start = rows[0].time if rows else 0.0
        self.lanes = list(dict.fromkeys(row.lane for row in rows))

    def answers(self, number: int) -> list[int]:
        """The rows that answer one."""
        wrote = {r.revision for r in self.rows[number].revisions}
        return [other for other, row in enumerate(self.rows) if other != number and any(r.cause in wrote for r in row.revisions)]

    def told(self, number: int) -> list[str]:
        """The components that were told of a row, and answered."""
        return [lane for lane in dict.fromkeys(self.rows[other].lane for other in self.answers(number)) if lane != self.rows[number].lane]

    def said(self, number: int) -> str:
        told = self.told(number)
        return self.rows[number].text + (f"; told of it: {' and '.join(told)}" if told else "")


def lanes(cluster: object, since: object = None, until: object = None, namespace: str | None = None, quiet: bool = True,
          theme: str | None = None) -> Picture:
    """The writes of a change, since the last command unless said otherwise (see play)."""
    change = Change(cluster, since, until, namespace, quiet)
    alt = "; ".join(f"{row.lane} {row.what}" for row in change.rows) + "." if change.rows else f"{NOTHING.capitalize()}."
    alt += members.said(change.stages[-1])
    return Picture(_drawn(change, len(change.rows), alt), alt, theme=theme)


def play(cluster: object, since: object = None, until: object = None, namespace: str | None = None, quiet: bool = True):
    """A player that adds a row a frame; of a change in which nothing was written, one frame that says so."""
    from kubelearn.view.player import Player
    change = Change(cluster, since, until, namespace, quiet)
    captions = [f"+0 s  {'before the change' if change.rows else NOTHING}",
                *(f"{seconds(row.time - change.start)}  {row.actor}: {change.said(n)}" for n, row in enumerate(change.rows))]
    alts = [f"{caption}.{members.said(stage)}" for caption, stage in zip(captions, change.stages)]
    return Player([_drawn(change, number, alt, ring=True) for number, alt in enumerate(alts)], captions, alts)


def _belongs(revision, namespace: str | None, quiet: bool) -> bool:
    if revision.resource.kind == "Lease":
        return members.elects(revision) or not quiet
    inside = not revision.namespace or shown(revision.namespace, namespace)
    return inside and not (quiet and revision.resource.kind in frames.QUIET)


def _row(group: list) -> Row:
    """A component's lane; kubelets share one, people too."""
    first = group[0]
    lane = PEOPLE if getattr(first.request, "external", False) else first.actor.partition("/")[0]
    text = deeds.with_reasons(deeds.said(group, weak=True), frames.REASONS)
    actor = frames.actor([revision for revision, _ in deeds.telling(group)])
    return Row(first.time, first.revision, lane, actor, deeds.summary(group), text, tuple(group))


def _fault(fault: members.Fault) -> Row:
    return Row(fault.time, fault.at, PEOPLE, fault.actor, fault.text, fault.text, mark="▶" if fault.what in ("start", "join") else "✖")


# --- the picture ------------------------------------------------------------------------------------------------------


class Places:
    """Where lanes and rows are: the same in all frames."""

    def __init__(self, change: Change):
        self.head = members.height(change.stages)
        self.top = self.head + 30 + max((measure(name, 11, True) for name in change.lanes), default=0) * sin(radians(SLOPE))
        self.row = min(ROW[1], max(ROW[0], 640 / max(len(change.rows), 1)))
        lane = min(LANE, 400 / max(len(change.lanes), 1))
        self.xs = {name: LEFT + lane * (number + 0.5) for number, name in enumerate(change.lanes)}
        self.words = LEFT + lane * len(change.lanes) + 14
        self.bottom = self.top + len(change.rows) * self.row

    def y(self, number: int) -> float:
        return self.top + (number + 0.5) * self.row


def _drawn(change: Change, count: int, alt: str, ring: bool = False) -> str:
    """The first rows, so many; with the ring on the newest and on what it changed."""
    at = Places(change)
    if not change.rows:
        shapes = [*members.draw(change.stages[0], change.stages[0]), svg.text(16, at.head + 24, NOTHING, 13, "muted")]
        return svg.page(shapes, WIDTH, at.head + 44, alt)
    before = change.stages[max(count - 1, 0)] if ring else change.stages[count]
    shapes = [*members.draw(change.stages[count], before), svg.text(at.words, at.top - 8, LEGEND, 11, "muted")]
    shapes += [shape for name in change.lanes for shape in _lane(name, at.xs[name], at)]
    for number in range(count):
        shapes += _answers(change, number, count, at)
    for number in range(count):
        shapes += _dots(change, number, at, ring and number == count - 1)
    if change.left_out:
        y = at.top + MOST // 2 * at.row
        shapes += [svg.line((at.words, y), (WIDTH - 170, y), "rule", 1, "2 4"),
                   svg.text(WIDTH - 8, y + 4, f"{change.left_out} moments left out", 11, "muted", "end")]
    return svg.page(shapes, WIDTH, at.bottom + 12, alt)


def _lane(name: str, x: float, at: Places) -> list[str]:
    """The component's name, aslant, over its line."""
    turned = f'<text transform="translate({x:.1f},{at.top - 16}) rotate(-{SLOPE})"'
    return [svg.text(0, 0, name, 11, bold=True).replace("<text", turned), svg.line((x, at.top - 10), (x, at.bottom + 6), "trough", 2)]


def _answers(change: Change, number: int, count: int, at: Places) -> list[str]:
    """From a write across to whom it was told, and down to the answer, once that is there."""
    here, y = at.xs[change.rows[number].lane], at.y(number)
    told = [at.xs[lane] for lane in change.told(number)]
    across = [svg.line((min(here, *told), y), (max(here, *told), y), "line")] if told else []
    below = [(at.xs[change.rows[other].lane], at.y(other)) for other in change.answers(number) if other < count]
    return across + [svg.line((x, y), (x, down), "line", 1.5) for x, down in below]


def _dots(change: Change, number: int, at: Places, ring: bool) -> list[str]:
    row, y = change.rows[number], at.y(number)
    new_time = number == 0 or change.rows[number - 1].time != row.time
    shapes = [svg.text(LEFT - 8, y + 4, seconds(row.time - change.start), 11, "muted", "end")] if new_time else []
    shapes += [svg.circle((at.xs[lane], y), 4, "paper", "line", f"{lane}: was told") for lane in change.told(number)]
    x, hover = at.xs[row.lane], f"{row.actor}: {change.said(number)}"
    if ring:
        shapes.append(svg.circle((x, y), 8, "paper", "ring"))
    shapes.append(svg.circle((x, y), 5, "hue0", title=hover) if row.mark == "●" else
                  svg.text(x, y + 5, row.mark, 13, "bad" if row.mark == "✖" else "good", "middle", title=hover))
    return [*shapes, svg.text(at.words, y + 4, row.text, 12, width=WIDTH - at.words - 6, bold=ring)]
