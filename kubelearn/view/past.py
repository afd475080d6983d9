"""What charts and timelines read: each object's states over time, from the history.

Part of Kubernetes: none. Law 6: nothing is sampled; every step is a revision.
Leaves out: what was there before the history begins.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kubelearn.api.meta import condition_is, is_deleting, owner_of, uid_of
from kubelearn.view import states
from kubelearn.view.drawing import last_command, revision_of
from kubelearn.view.graph import identity
from kubelearn.view.world import World


class Span(NamedTuple):
    """A stretch of time in one state."""

    start: float
    end: float
    state: states.State


class Life(NamedTuple):
    """A pod from its creation (or the start) to its end (or now)."""

    pod: dict
    spans: list[Span]
    restarts: list[float]
    gone: bool


class Past:
    """A change: the world before it, the revisions in it, its start and end in virtual seconds."""

    def __init__(self, cluster: object, since: object = None, until: object = None):
        start = last_command(cluster) if since is None else revision_of(cluster, since)
        snapshot = cluster.at(revision=start)
        self.before = World(snapshot, snapshot.time, start)
        revisions = cluster.revisions(since=start)
        last = None if until is None else revision_of(cluster, until)
        self.revisions = [r for r in revisions if last is None or r.revision <= last]
        first = self.revisions[0].time if self.revisions else snapshot.time
        self.start = since if isinstance(since, float) else first
        now = float(getattr(cluster, "now", 0.0)) if until is None else until if isinstance(until, float) else 0.0
        self.end = max([now, *(r.time for r in self.revisions[-1:])])

    def of_kind(self, kind: str) -> Iterator:
        return (r for r in self.revisions if r.resource.kind == kind)


def lives(past: Past, wanted) -> list[Life]:
    """Every pod that wanted(pod) holds for, in the order of their coming, with its states."""
    steps: dict[str, list[tuple[float, dict | None]]] = {}
    for pod in past.before.list("Pod"):
        if wanted(pod):
            steps[uid_of(pod)] = [(past.start, pod)]
    for revision in past.of_kind("Pod"):
        if wanted(revision.object):
            steps.setdefault(uid_of(revision.object), []).append((revision.time, None if revision.verb == "delete" else revision.object))
    return [_life(found, past.end) for found in steps.values()]


def _life(steps: list[tuple[float, dict | None]], end: float) -> Life:
    spans: list[Span] = []
    restarts: list[float] = []
    last = None
    for (time, pod), (until, _) in zip(steps, [*steps[1:], (end, None)]):
        if pod is None:
            break
        if last is not None and states.restarts(pod) > states.restarts(last):
            restarts.append(time)
        now, last = states.pod_state(pod), pod
        if spans and spans[-1].state == now:
            spans[-1] = spans[-1]._replace(end=until)
        elif until > time or pod is steps[-1][1]:
            spans.append(Span(time, until, now))
    return Life(last, spans, restarts, steps[-1][1] is None)


def pods_of_deployment(past: Past, name: str, namespace: str):
    """A predicate on pods, and the ReplicaSets of the Deployment by uid, in the order of their coming."""
    sets = {uid_of(rs): rs for rs in [*past.before.list("ReplicaSet", namespace), *(r.object for r in past.of_kind("ReplicaSet"))]
            if (owner := owner_of(rs)) and owner["name"] == name and rs["metadata"]["namespace"] == namespace}
    return (lambda pod: (owner_of(pod) or {}).get("uid") in sets), sets


def counts(past: Past, wanted, ready: bool = True) -> list[tuple[float, dict[str, int]]]:
    """Each time at which a count changed: owner's uid -> its pods that are ready (or that are there) and not on their way out."""
    now: dict[str, str] = {}  # pod -> its owner, of those that count
    for pod in past.before.list("Pod"):
        if wanted(pod):
            _count(now, pod, ready)
    found = [(past.start, _by_owner(now.values()))]
    for revision in past.of_kind("Pod"):
        if wanted(revision.object):
            _count(now, None if revision.verb == "delete" else revision.object, ready, identity(revision.object))
            point = (revision.time, _by_owner(now.values()))
            if point[1] != found[-1][1]:
                found = [*found[:-1], point] if found[-1][0] == revision.time and len(found) > 1 else [*found, point]
    return found


def _count(now: dict[str, str], pod: dict | None, ready: bool, key: str = "") -> None:
    key = key or identity(pod)
    if pod is not None and not is_deleting(pod) and (not ready or condition_is(pod, "Ready")):
        now[key] = owner_of(pod)["uid"]
    else:
        now.pop(key, None)


def _by_owner(owners: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for owner in owners:
        found[owner] = found.get(owner, 0) + 1
    return found
