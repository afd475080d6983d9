"""The rollout chart: ready pods over time, old and new, in the band that maxSurge and maxUnavailable allow.

Part of Kubernetes: spec.strategy.rollingUpdate of a Deployment. Rule: no meaning by colour alone; lines differ by dash and each is
named at its end.
Leaves out: pods on their way out; they answer no new requests.
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from kubelearn.view import states, svg
from kubelearn.view.past import Past, counts, pods_of_deployment
from kubelearn.view.picture import Picture
from kubelearn.view.tracks import Track, side_by_side
from kubelearn.view.world import slots_of

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 880, 280, 44, 690, 30, 236
DASHES = ("", "7 4", "2 3", "10 3 2 3", "4 2", "1 2")


def chart(cluster: object, deployment: str, since: object = None, until: object = None, namespace: str = "default",
          theme: str | None = None) -> Picture:
    """The rollout of a Deployment, since the last command unless said otherwise (see play).

    With a dict of name -> cluster (forks of one moment): a row for each, its ready pods in front of all its pods, on one axis of time.
    """
    if isinstance(cluster, Mapping):
        return _compared(cluster, deployment, since, until, namespace, theme)
    past = Past(cluster, since, until)
    wanted, sets = pods_of_deployment(past, deployment, namespace)
    if not sets:
        raise ValueError(f"no ReplicaSet of a Deployment {deployment!r} in namespace {namespace!r}")
    slots, steps = slots_of(cluster), counts(past, wanted)
    bands = limits(past, deployment, namespace)
    series = [("ready", "ink", "", [(t, sum(c.values())) for t, c in steps])]
    kept = [uid for uid, each in sets.items() if any(c.get(uid) for _, c in steps) or states.wanted_pods(each)]
    for number, uid in enumerate(kept if len(kept) > 1 else ()):  # one alone would lie under the line of all
        series.append((_named(sets[uid]), slots.hue(uid), DASHES[1:][number % 5], [(t, c.get(uid, 0)) for t, c in steps]))
    ready = [count for _, count in series[0][3]]
    alt = (f"Deployment {deployment} over {past.end - past.start:.0f} s: ready pods go from {ready[0]} to {ready[-1]}, "
           f"never fewer than {min(ready)}, never more than {max(ready)}; allowed is {bands[-1][1]} to {bands[-1][2]} in the end.")
    return Picture(_drawn(past.start, past.end, series, bands, alt, f"Deployment {deployment}"), alt, theme=theme)


def _named(replica_set: dict) -> str:
    """A ReplicaSet by what it runs: '1.26 web-9f2c1'."""
    return f"{states.tag(states.generation(replica_set))} {replica_set['metadata']['name']}".strip()


def _compared(clusters: Mapping, deployment: str, since: object, until: object, namespace: str, theme_: str | None) -> Picture:
    tracks = [_track(name, Past(cluster, since, until), deployment, namespace) for name, cluster in clusters.items()]
    said = [f"{track.name}: {track.said}" for track in tracks]
    alt = f"Pods of {deployment} over time. {'; '.join(said)}."
    return Picture(side_by_side(tracks, f"Deployment {deployment}", alt), alt, theme=theme_)


def _track(name: str, past: Past, deployment: str, namespace: str) -> Track:
    wanted, _ = pods_of_deployment(past, deployment, namespace)
    ready, there = ([(t - past.start, sum(c.values())) for t, c in counts(past, wanted, ready=which)] for which in (True, False))
    return Track(name, past.end - past.start, ready, there)


def limits(past: Past, name: str, namespace: str) -> list[tuple[float, int, int]]:
    """(time, fewest available, most pods) that the Deployment's strategy allows, at each change of it."""
    first = past.before.get("Deployment", name, namespace)
    found = [(past.start, *_limits(first))] if first else []
    for revision in past.of_kind("Deployment"):
        if (revision.namespace, revision.name) == (namespace, name) and revision.verb != "delete":
            if not found or found[-1][1:] != _limits(revision.object):
                found.append((revision.time, *_limits(revision.object)))
    return found


def _limits(deployment: dict) -> tuple[int, int]:
    spec = deployment["spec"]
    replicas, strategy = spec.get("replicas", 1), spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, replicas
    rolling = strategy.get("rollingUpdate") or {}
    return (max(replicas - _amount(rolling.get("maxUnavailable", "25%"), replicas, math.floor), 0),
            replicas + _amount(rolling.get("maxSurge", "25%"), replicas, math.ceil))


def _amount(value: int | str, replicas: int, rounding) -> int:
    return rounding(int(value.rstrip("%")) * replicas / 100) if isinstance(value, str) else value


def _drawn(start: float, end: float, series: list, bands: list, alt: str, title: str) -> str:
    axis = svg.Axis(start, end, LEFT, RIGHT)
    top = max([count for _, _, _, points in series for _, count in points] + [most for _, _, most in bands] + [1])

    def y(count: float) -> float:
        return BOTTOM - count / top * (BOTTOM - TOP)
    shapes = [svg.text(LEFT, 18, title, 13, bold=True), *_band(axis, bands, y), *axis.draw(TOP, BOTTOM)]
    step = max(1, math.ceil(top / 8))
    for count in range(0, top + 1, step):
        shapes.append(svg.text(LEFT - 8, y(count) + 4, str(count), 11, "muted", "end"))
    shapes.append(svg.line((LEFT, BOTTOM), (RIGHT, BOTTOM), "rule"))
    places = _spread([y(points[-1][1]) for _, _, _, points in series])
    for (name, role, dash, points), place in reversed(list(zip(series, places))):
        line = _steps(axis, points, y)
        shapes.append(svg.path(line, role, 3 if role == "ink" else 2, dash, name))
        shapes.append(svg.line((RIGHT + 4, place), (RIGHT + 26, place), role, 3 if role == "ink" else 2, dash))
        shapes.append(svg.text(RIGHT + 32, place + 4, f"{name} {points[-1][1]}", 12, role, width=WIDTH - RIGHT - 34, bold=role == "ink"))
    return svg.page(shapes, WIDTH, HEIGHT, alt)


def _band(axis: svg.Axis, bands: list, y) -> list[str]:
    shapes = []
    for (time, fewest, most), (until, *_) in zip(bands, [*bands[1:], (axis.end,)]):
        left, right = axis.x(time), axis.x(until)
        corners = [(left, y(most)), (right, y(most)), (right, y(fewest)), (left, y(fewest))]
        shapes.append(svg.area(corners, "band", f"allowed: {fewest} to {most}"))
        shapes += [svg.line((left, y(limit)), (right, y(limit)), "rule", 1, "3 3") for limit in (fewest, most)]
    if bands:
        _, fewest, most = bands[-1]
        shapes.append(svg.text(RIGHT - 6, y(most) + 13, f"at most {most} pods", 11, "muted", "end"))
        shapes.append(svg.text(RIGHT - 6, y(fewest) - 5, f"at least {fewest} available", 11, "muted", "end"))
    return shapes


def _steps(axis: svg.Axis, points: list[tuple[float, int]], y) -> list[tuple[float, float]]:
    """A count holds until the next."""
    line = []
    for (time, count), (until, _) in zip(points, [*points[1:], (axis.end, 0)]):
        line += [(axis.x(time), y(count)), (axis.x(until), y(count))]
    return line


def _spread(places: list[float], least: float = 18) -> list[float]:
    """Heights for the names at the lines' ends, none over another."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    found = list(places)
    for before, after in pairwise(order):
        found[after] = max(found[after], found[before] + least)
    over = max([found[i] for i in order[-1:]] + [BOTTOM]) - BOTTOM
    return [place - over for place in found]
