"""The kubelet's look at its containers: once a second, all at once, and only then does it know what happened.

Part of Kubernetes: pkg/kubelet/pleg/generic.go and pkg/kubelet/container/cache.go (GetNewerThan). Every node looks at a
phase of its own within the second. Idle time is free: a look at which nothing has happened since the last one is no event.
Leaves out: the health check that says "PLEG is not healthy".
"""
from __future__ import annotations

from collections.abc import Callable
from math import floor

from kubelearn.clock import Clock, Timer

RELIST_PERIOD = 1.0  # seconds: genericPlegRelistPeriod


def next_tick(now: float, phase: float, period: float = 1.0) -> float:
    """The first of the moments phase, phase + period... that is after now."""
    tick = phase + (floor((now - phase) / period) + 1) * period
    return tick if tick > now else tick + period


class Pleg:
    """Pods by uid, in the order in which something happened to them, so that every run is the same."""

    def __init__(self, clock: Clock, phase: float, changed: Callable[[str], None]):
        self.clock, self.phase, self.changed = clock, phase, changed
        self._happened: dict[str, object] = {}  # uid -> cause
        self._waiting: list[tuple[Callable[[], None], object]] = []
        self._timer: Timer | None = None

    def newest(self) -> float:
        """When the containers were last looked at."""
        return next_tick(self.clock.now, self.phase) - RELIST_PERIOD

    def happened(self, uid: str) -> None:
        """A container or sandbox of this pod began or ended: the next look sees it."""
        self._happened[uid] = self.clock.cause
        self._schedule()

    def after_next(self, callback: Callable[[], None]) -> None:
        """callback() right after the next look."""
        self._waiting.append((callback, self.clock.cause))
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is None or not self._timer.pending:
            self._timer = self.clock.call_at(next_tick(self.clock.now, self.phase), self._relist)

    def _relist(self) -> None:
        happened, self._happened = self._happened, {}
        waiting, self._waiting = self._waiting, []
        for uid, cause in happened.items():
            self.clock.cause = cause
            self.changed(uid)
        for callback, cause in waiting:
            self.clock.cause = cause
            callback()

    def stop(self) -> None:
        self._happened, self._waiting = {}, []
        if self._timer is not None:
            self._timer.cancel()
