"""The scheduling queue: pods to look at now, soon, or only when something changes.

Part of Kubernetes: kube-scheduler backend/queue. A pod that fitted nowhere waits until something happens that one of the
plugins that rejected it cares about, or five minutes. Having failed, it backs off: 1 s, doubled up to 10 s; but whoever backs
off is looked at early when nobody else waits, unless it was an error that made it fail.
"""
from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable

from kubelearn.clock import Clock, Timer

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 10.0  # seconds
AT_LATEST = 300.0  # seconds that a pod is left alone though nothing happens


class QueuedPod:
    """A pod that waits. cause is what made it wait here: the newest event that concerned it."""

    __slots__ = ("key", "rank", "attempts", "failed_at", "rejectors", "place", "ticket", "cause")

    def __init__(self, key: str, rank: tuple, cause: object):
        self.key, self.rank, self.cause = key, rank, cause
        self.attempts, self.failed_at, self.ticket = 0, 0.0, 0
        self.rejectors: frozenset[str] = frozenset()
        self.place = ""  # active, backoff, unschedulable, gated

    @property
    def backoff_ends(self) -> float:
        return self.failed_at + min(FIRST_BACKOFF * 2 ** min(self.attempts - 1, 10), LONGEST_BACKOFF) if self.attempts else 0.0


class SchedulingQueue:
    """ready is called, once for each instant, when there is a pod to pop."""

    def __init__(self, clock: Clock, ready: Callable[[], None]):
        self.clock, self._ready, self._asked = clock, ready, False
        self.pods: dict[str, QueuedPod] = {}
        self._heaps: dict[str, list] = {"active": [], "backoff": []}
        self._interested: dict[str, dict[str, QueuedPod]] = {}  # event -> pods that wait for one
        self._count = 0
        self._flush: Timer | None = None

    # --- in and out -----------------------------------------------------------------------------------------------

    def add(self, key: str, rank: tuple, gated: bool = False) -> None:
        """A new pod, or one that has changed so that it may fit now."""
        queued = self.pods.get(key)
        if queued is None:
            queued = self.pods[key] = QueuedPod(key, rank, self.clock.cause)
        queued.rank, queued.cause = rank, self.clock.cause
        self._leave(queued)
        if gated:
            queued.place = "gated"
        else:
            self._push(queued, "active", (rank, self._count))

    def delete(self, key: str) -> None:
        queued = self.pods.pop(key, None)
        if queued is not None:
            self._leave(queued)

    def pop(self) -> QueuedPod | None:
        """The next pod to look at; None when there is none. Its attempt is counted."""
        self._asked = False
        for place in ("active", "backoff"):
            heap = self._heaps[place]
            while heap:
                _, ticket, queued = heapq.heappop(heap)
                if queued.ticket == ticket and queued.place == place:
                    queued.place = ""
                    queued.attempts += 1
                    return queued
        return None

    def done(self, key: str) -> None:
        """It was bound, or there is nothing more to do for it."""
        self.pods.pop(key, None)

    # --- after a failure ------------------------------------------------------------------------------------------

    def unschedulable(self, queued: QueuedPod, rejectors: frozenset[str], events: Iterable[str]) -> None:
        """It fits nowhere: wait for one of these events."""
        queued.rejectors, queued.failed_at, queued.place = rejectors, self.clock.now, "unschedulable"
        for event in events:
            self._interested.setdefault(event, {})[queued.key] = queued
        if self._flush is None or not self._flush.pending:
            self._flush = self.clock.call_later(AT_LATEST, self._flush_old)

    def failed(self, queued: QueuedPod) -> None:
        """An error, not a decision: try again after the back-off."""
        self._leave(queued)
        queued.failed_at, queued.place = self.clock.now, "error"
        self.clock.call_at(queued.backoff_ends, self._retry, queued)

    def _retry(self, queued: QueuedPod) -> None:
        if queued.place == "error" and self.pods.get(queued.key) is queued:
            self._push(queued, "active", (queued.rank, self._count))

    def move(self, event: str) -> None:
        """Something happened: whoever waits for that is looked at again."""
        for queued in list(self._interested.get(event, {}).values()):
            self._leave(queued)
            queued.cause = self.clock.cause
            ends = queued.backoff_ends
            late = ends > self.clock.now
            self._push(queued, "backoff" if late else "active", (ends,) if late else (queued.rank, self._count))

    def _flush_old(self) -> None:
        waiting = [queued for queued in self.pods.values() if queued.place == "unschedulable"]
        for queued in waiting:
            if queued.failed_at + AT_LATEST <= self.clock.now:
                self._leave(queued)
                self._push(queued, "active", (queued.rank, self._count))
        left = [queued.failed_at for queued in waiting if queued.place == "unschedulable"]
        if left:
            self._flush = self.clock.call_at(min(left) + AT_LATEST, self._flush_old)

    # --- places ---------------------------------------------------------------------------------------------------

    def _push(self, queued: QueuedPod, place: str, order: tuple) -> None:
        self._count += 1
        queued.place, queued.ticket = place, self._count
        heapq.heappush(self._heaps[place], (order, self._count, queued))
        if not self._asked:
            self._asked = True
            self.clock.call_soon(self._ready)

    def _leave(self, queued: QueuedPod) -> None:
        if queued.place == "unschedulable":
            for pods in self._interested.values():
                pods.pop(queued.key, None)
        queued.place = ""
