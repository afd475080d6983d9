"""Where each object stands and which hue it has: a fold over the history, so that every picture of a cluster agrees.

Part of Kubernetes: none. Rule: nothing jumps. A pod keeps its slot for as long as it lives (until it moves to a node); a slot that
was given back goes to the next who needs one, the lowest first. Owners stand in the order of their coming, which gives them hues too.
Leaves out: a snapshot without its history gets slots by age, which then hold within that picture only.
"""
from __future__ import annotations

import heapq
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from kubelearn.api.meta import owner_of
from kubelearn.view import theme

OWNERS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicationController")
SYSTEM = ("kube-system", "kube-public", "kube-node-lease", "local-path-storage")
COLUMNS = 4  # of the owners' lane

Seat = tuple[str, str]  # a pod's uid, and the place that it sits in: a node's name, "" for no node yet


def shown(namespace: str | None, wanted: str | None) -> bool:
    """Whether objects of a namespace belong in the picture: a given one, "*" for all, else all but the system's own."""
    return wanted == "*" or (namespace == wanted if wanted else namespace not in SYSTEM)


class Places:
    """Numbered seats, handed out lowest first."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}
        self._free: dict[str, list[int]] = {}

    def take(self, place: str) -> int:
        free = self._free.get(place)
        if free:
            return heapq.heappop(free)
        self._next[place] = self._next.get(place, 0) + 1
        return self._next[place] - 1

    def give_back(self, place: str, seat: int) -> None:
        heapq.heappush(self._free.setdefault(place, []), seat)


class Slots:
    """seat(pod), came(uid) and hue(uid) of everything that ever lived in the shown namespaces."""

    def __init__(self, namespace: str | None = None):
        self.namespace = namespace
        self.revision = -1
        self._places = Places()
        self._seats: dict[Seat, int] = {}
        self._now: dict[str, str] = {}  # uid -> place, of what lives
        self._hues: dict[str, str] = {}
        self._came: dict[str, int] = {}
        self.owners = list(OWNERS)  # kinds, and those that the cluster was taught

    def seat(self, pod: dict) -> int:
        """The number of its slot where it is now (or was when this state was written)."""
        return self._seats.get((pod["metadata"]["uid"], node_of(pod)), 0)

    def came(self, uid: str) -> int:
        """In the order of coming."""
        return self._came.get(uid, 0)

    def hue(self, uid: str | None) -> str:
        """The hue of an owner; what owns no pods is drawn in ink."""
        return self._hues.get(uid or "", "ink")

    def feed(self, revisions: Iterable) -> Slots:
        """Takes in revisions, oldest first; those already seen are skipped."""
        for revision in revisions:
            if revision.revision > self.revision:
                self.revision = revision.revision
                kind = revision.resource.kind
                if kind not in self.owners and getattr(revision.resource, "custom_schema", None) and revision.resource.namespaced:
                    self.owners.append(kind)
                if kind == "Pod" or kind in self.owners:
                    self.take(revision.object, revision.verb == "delete")
        return self

    def take(self, obj: dict, gone: bool = False) -> None:
        """One object in its new state."""
        uid = obj["metadata"]["uid"]
        if not shown(obj["metadata"].get("namespace"), self.namespace):
            return
        if uid not in self._came:
            self._came[uid] = len(self._came)
            self._colour(obj)
        if obj["kind"] == "Pod":
            self._sit(uid, node_of(obj), gone)

    def _sit(self, uid: str, place: str, gone: bool) -> None:
        before = self._now.get(uid)
        if before is not None and (gone or before != place):
            self._places.give_back(before, self._seats[uid, before])
            del self._now[uid]
        if not gone and self._now.get(uid) != place:
            self._now[uid] = place
            self._seats[uid, place] = self._places.take(place)

    def _colour(self, obj: dict) -> None:
        """Whoever makes pods has a hue of its own; a Deployment and a CronJob leave that to their children."""
        owner = owner_of(obj) if obj["kind"] == "Pod" else obj["metadata"] if obj["kind"] not in ("Deployment", "CronJob") else None
        if owner is not None and owner.get("kind") != "Node":
            self._hues.setdefault(owner["uid"], theme.hue(len(self._hues)))


def node_of(pod: dict) -> str:
    """Where it is, "" where it has no node yet."""
    return (pod.get("spec") or {}).get("nodeName", "")


_known: WeakKeyDictionary[object, dict[str | None, Slots]] = WeakKeyDictionary()


def slots_known(history: object, namespace: str | None = None) -> Slots:
    """The slots of a history as far as they were worked out: each revision is looked at once."""
    return _known.setdefault(history, {}).setdefault(namespace, Slots(namespace))


def slots_from(snapshot: object, slots: Slots) -> Slots:
    """Slots for what a snapshot holds, the oldest first."""
    objects = [obj for kind in (*OWNERS, "Pod") for obj in snapshot.list(kind)]
    for obj in sorted(objects, key=lambda o: (o["metadata"].get("creationTimestamp") or "", o["metadata"]["name"])):
        slots.take(obj)
    return slots
