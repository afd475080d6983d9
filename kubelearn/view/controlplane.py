"""The control plane picture: who wrote what, when, and in answer to what. One lane a component, time goes down.

Part of Kubernetes: components that meet only in API objects (law 2). A dot is a write; a line comes to it from the write that its
actor had seen. Rule: one row, one moment and actor, one sentence.
Leaves out: reads; more than MOST rows (the first and the last are kept).
"""
from __future__ import annotations

from contextlib import nullcontext

from kubelearn.view import deeds, frames, svg
from kubelearn.view.drawing import last_command, revision_of
from kubelearn.view.picture import Picture
from kubelearn.view.slots import shown

MOST, ROW, HEAD, LEFT, LANE, WIDTH = 40, 26, 124, 62, 40, 880
PEOPLE = "you"


def lanes(cluster: object, since: object = None, until: object = None, namespace: str | None = None, quiet: bool = True,
          theme: str | None = None) -> Picture:
    """The writes of a change, since the last command unless said otherwise (see play). quiet leaves Events and Leases out."""
    with getattr(cluster, "lock", None) or nullcontext():
        start = last_command(cluster) if since is None else revision_of(cluster, since)
        end = None if until is None else revision_of(cluster, until)
        revisions = [r for r in cluster.revisions(since=start) if (end is None or r.revision <= end)
                     and (not r.namespace or shown(r.namespace, namespace)) and not (quiet and r.resource.kind in frames.QUIET)]
    groups = frames.moments(revisions)
    left_out = len(groups) - MOST
    groups = groups if left_out <= 0 else [*groups[:MOST // 2], *groups[-MOST // 2:]]
    names = list(dict.fromkeys(lane_of(group[0]) for group in groups))
    alt = "; ".join(f"{lane_of(group[0])} {deeds.summary(group)}" for group in groups) + "." if groups else "Nothing was written."
    return Picture(_drawn(groups, names, left_out, alt), alt, theme=theme)


def lane_of(revision) -> str:
    """A component; kubelets share a lane, people too."""
    return PEOPLE if getattr(revision.request, "external", False) else revision.actor.partition("/")[0]


def _drawn(groups: list[list], names: list[str], left_out: int, alt: str) -> str:
    lane = min(LANE, 400 / max(len(names), 1))
    xs = {name: LEFT + lane * (number + 0.5) for number, name in enumerate(names)}
    height = HEAD + len(groups) * ROW + 12
    words = LEFT + lane * len(names) + 14
    shapes = [shape for name in names for shape in _lane(name, xs[name], height)]
    spots = {r.revision: (xs[lane_of(group[0])], HEAD + number * ROW + 12) for number, group in enumerate(groups) for r in group}
    for group in groups:
        shapes += _lines(group, spots)
    for number, group in enumerate(groups):
        shapes += _row(group, number, groups, xs, words)
    if left_out > 0:
        y = HEAD + MOST // 2 * ROW - 1
        shapes.append(svg.line((words, y), (WIDTH - 190, y), "rule", 1, "2 4"))
        shapes.append(svg.text(WIDTH - 8, y + 4, f"{left_out} moments left out", 11, "muted", "end"))
    return svg.page(shapes, WIDTH, height, alt)


def _lane(name: str, x: float, height: float) -> list[str]:
    """The component's name, aslant, over its line."""
    head = svg.text(0, 0, name, 11, bold=True).replace("<text", f'<text transform="translate({x:.1f},{HEAD - 16}) rotate(-32)"')
    return [head, svg.line((x, HEAD - 10), (x, height - 6), "trough", 2)]


def _lines(group: list, spots: dict) -> list[str]:
    """From the writes that were seen to the write made in answer."""
    causes = dict.fromkeys(r.cause for r in group if isinstance(r.cause, int) and r.cause in spots)
    here = spots[group[0].revision]
    return [svg.path([spots[cause], (spots[cause][0], here[1]), here], "line", 1) for cause in causes if spots[cause] != here]


def _row(group: list, number: int, groups: list[list], xs: dict[str, float], words: float) -> list[str]:
    y, first = HEAD + number * ROW + 12, group[0]
    new_time = number == 0 or groups[number - 1][0].time != first.time
    because = next((r.because for r in group if r.because), "")
    text = deeds.summary(group) + (f": {because}" if because else "")
    shapes = [svg.circle((xs[lane_of(first)], y), 5, "hue0", title=f"{deeds.actor_of(first)}: {text}"),
              svg.text(words, y + 4, text, 12, width=WIDTH - words - 6)]
    return [svg.text(LEFT - 8, y + 4, frames.seconds(first.time - groups[0][0].time), 11, "muted", "end"), *shapes] if new_time else shapes
