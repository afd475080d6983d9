"""Rollouts side by side: a row for each, on one axis of time: the pods that are there, and in front of them those that are ready.

Part of Kubernetes: none. Rule: what a rate costs is seen: time by where the row ends, service by the line, spare room by the ground.
Leaves out: which pod is of which revision; the chart of a single rollout has that.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kubelearn.view import svg, theme

WIDTH, LEFT, RIGHT, ROW, TOP, TALL = 880, 214, 852, 74, 30, 54
Steps = list[tuple[float, int]]  # a count holds until the next


class Track(NamedTuple):
    """One rollout: how long it took, and its pods over time, from 0: those ready, those there."""

    name: str
    seconds: float
    ready: Steps
    there: Steps

    @property
    def fewest(self) -> int:
        return min(count for _, count in self.ready)

    @property
    def most(self) -> int:
        return max(count for _, count in self.there)

    @property
    def done(self) -> str:
        return f"done after {svg.span_text(round(self.seconds, 1))}"

    @property
    def said(self) -> str:
        return f"never fewer than {self.fewest} ready, never more than {self.most} there, {self.done}"


def side_by_side(tracks: Sequence[Track], title: str, alt: str) -> str:
    """The picture."""
    axis = svg.Axis(0.0, max(track.seconds for track in tracks), LEFT, RIGHT)
    most, bottom = max(track.most for track in tracks), TOP + len(tracks) * ROW
    legend = "ground: pods that are there · line: pods that are ready"
    shapes = [svg.text(8, 18, title, 13, bold=True), svg.text(LEFT, 18, legend, 11, "muted"), *axis.draw(TOP, bottom)]
    for number, track in enumerate(tracks):
        shapes += _row(track, TOP + number * ROW + ROW - 6, most, axis, theme.hue(number))
    return svg.page(shapes, WIDTH, bottom + 24, alt)


def _row(track: Track, base: float, most: int, axis: svg.Axis, role: str) -> list[str]:
    """base: the height of its zero."""
    unit = TALL / max(most, 1)
    line, ground = (_corners(steps, track.seconds, axis, base, unit) for steps in (track.ready, track.there))
    end = line[-1]
    scale = dict.fromkeys((0, track.ready[-1][1], most))
    return [svg.text(8, base - 36, track.name, 12, role, bold=True, width=LEFT - 30),
            svg.text(8, base - 19, f"ready: never fewer than {track.fewest}", 11, "ink"),
            svg.text(8, base - 4, f"at most {track.most}, {track.done}", 11, "muted"),
            svg.area([(axis.x(0), base), *ground, (end[0], base)], "trough", f"{track.name}: pods that are there"),
            svg.line((LEFT, base), (RIGHT, base), "rule"),
            *(svg.text(LEFT - 8, base - count * unit + 4, str(count), 10, "muted", "end") for count in scale),
            svg.path(line, role, 3, title=f"{track.name}: pods that are ready"), svg.circle(end, 5, role, title="done")]


def _corners(steps: Steps, end: float, axis: svg.Axis, base: float, unit: float) -> list[svg.Point]:
    corners = []
    for (time, count), (until, _) in zip(steps, [*steps[1:], (end, 0)]):
        corners += [(axis.x(time), base - count * unit), (axis.x(until), base - count * unit)]
    return corners
