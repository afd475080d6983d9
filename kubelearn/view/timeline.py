"""The pod timeline: a bar of states for each pod, restarts marked.

Part of Kubernetes: a pod's status over time, in kubectl's words. Rule: the mark and the word say how; the stripe says whose.
Leaves out: pods beyond MOST; a change with more is better seen as a rollout chart.
"""
from __future__ import annotations

from itertools import pairwise

from kubelearn.api.meta import owner_of
from kubelearn.view import svg, theme
from kubelearn.view.past import Life, Past, Span, lives
from kubelearn.view.picture import Picture
from kubelearn.view.slots import Slots, shown
from kubelearn.view.world import slots_of

WIDTH, LEFT, RIGHT, ROW, BAR, MOST = 880, 214, 866, 30, 20, 40
SOME = 44  # pixels: room for the mark and the beginning of a word; with less the mark stands alone
FILL = {"good": "band", "wait": "paper", "muted": "trough", "bad": "bad"}  # the ground of a bar: with mark and word it reads in grey


def timeline(cluster: object, pods: str = "", since: object = None, until: object = None, namespace: str | None = None,
             theme: str | None = None) -> Picture:
    """States over time of all pods whose names begin with `pods`, since the last command unless said otherwise (see play)."""
    past = Past(cluster, since, until)
    found = lives(past, lambda pod: shown(pod["metadata"].get("namespace"), namespace) and pod["metadata"]["name"].startswith(pods))
    found = [life for life in found if life.spans]
    more, found = len(found) - MOST, found[:MOST]
    slots, axis = slots_of(cluster, namespace), svg.Axis(past.start, past.end, LEFT, RIGHT)
    bottom = 24 + len(found) * ROW
    shapes = axis.draw(14, bottom)
    for number, life in enumerate(found):
        shapes += _row(life, 20 + number * ROW, axis, slots)
    if more > 0:
        shapes.append(svg.text(8, bottom + 15, f"and {more} pods more", 11, "muted"))
    if not found:
        shapes.append(svg.text(8, 18, "no pods", 13, "muted"))
    alt = ". ".join(_said(life, past.start) for life in found) + "." if found else "No pods."
    return Picture(svg.page(shapes, WIDTH, bottom + 24, alt), alt, theme=theme)


def _row(life: Life, top: float, axis: svg.Axis, slots: Slots) -> list[str]:
    owner = owner_of(life.pod)
    hue = slots.hue(owner and owner.get("uid"))
    name = theme.fit(life.pod["metadata"]["name"], LEFT - 28, 12, True, keep="end")
    shapes = [svg.rect(6, top + 1, 5, BAR - 2, "muted" if hue == "ink" else hue),
              svg.text(18, top + 15, name, 12, bold=True, title=life.pod["metadata"]["name"])]
    for span in life.spans:
        shapes += _bar(span, top, axis, life.restarts)
    for time in life.restarts:
        x = axis.x(time)
        shapes += [svg.line((x, top - 4), (x, top + BAR + 2), "ring", 2), svg.text(x + 2, top - 1, "↻", 11, "wait", title="restarted")]
    if life.gone:
        x = axis.x(life.spans[-1].end)
        shapes.append(svg.line((x, top - 1), (x, top + BAR + 1), "ink", 2))
    return shapes


def _bar(span: Span, top: float, axis: svg.Axis, restarts: list[float]) -> list[str]:
    left, right = axis.x(span.start), axis.x(span.end)
    words = f"{span.state} · {svg.span_text(round(span.end - span.start, 2))}"
    edge = "paper" if span.state.role == "bad" else span.state.role  # two failures in a row stay two bars
    shapes = [svg.rect(left, top, max(right - left, 1.5), BAR, FILL[span.state.role], words, 3, edge)]
    role = "paper" if span.state.role == "bad" else span.state.role if span.state.role != "muted" else "ink"
    start, room = _room(left, right, [axis.x(time) for time in restarts])
    if room > 9:
        said = theme.fit(str(span.state), room, 11) if room > SOME else span.state.mark
        shapes.append(svg.text(start + 4, top + 14, said, 11, role, title=words))
    return shapes


def _room(left: float, right: float, restarts: list[float]) -> tuple[float, float]:
    """Where in a bar its words stand, and how much of them: no mark of a restart goes across."""
    cuts = [left, *(x for x in restarts if left < x < right), right]
    return max(((start, end - start - 8) for start, end in pairwise(cuts)), key=lambda place: place[1])


def _said(life: Life, start: float) -> str:
    """'web-k2x: Pending until +0.5 s, Ready from +1.2 s; restarted 2 times'"""
    steps = ", ".join(f"{span.state.word} from +{_seconds(span.start - start)} s" for span in life.spans)
    count = len(life.restarts)
    restarted = f"; restarted {'once' if count == 1 else f'{count} times'}" if count else ""
    gone = f"; gone at +{_seconds(life.spans[-1].end - start)} s" if life.gone else ""
    return f"{life.pod['metadata']['name']}: {steps}{restarted}{gone}"


def _seconds(time: float) -> str:
    return f"{time:.3g}" if time < 999.5 else f"{time:.0f}"
