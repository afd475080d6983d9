"""A work queue: keys to be synced, each once however often it was added, again later where that failed.

Part of Kubernetes: client-go util/workqueue. Law 6: a key remembers the newest revision for which it was added.
Leaves out: several workers (one instant's keys are synced in the order in which they were added).
"""
from __future__ import annotations

from collections.abc import Callable

from kubelearn.clock import Clock, Timer

BUSY = 200  # syncs of one key in one instant, which takes no time here, after which it has to pause
BASE, CAP = 0.005, 1000.0  # seconds of the exponential back-off: DefaultTypedControllerRateLimiter


class WorkQueue:
    """Calls sync(key) once at this instant for every key that was added in it."""

    def __init__(self, clock: Clock, sync: Callable[[str], None]):
        self.clock, self.sync = clock, sync
        self.stopped = False
        self._causes: dict[str, object] = {}
        self._failures: dict[str, int] = {}
        self._later: dict[str, Timer] = {}
        self._instant, self._counts = -1.0, {}  # how often each key was synced in this instant
        self._pauses: dict[str, tuple[float, float]] = {}  # key -> when it paused last, and how long

    def add(self, key: str) -> None:
        if not self._causes and not self.stopped:
            self.clock.call_soon(self._work)
        self._causes[key] = self.clock.cause

    def add_after(self, key: str, seconds: float) -> None:
        """Sooner or later replaces later: a key has one timer, the earliest asked for."""
        due, timer = self.clock.now + seconds, self._later.get(key)
        if timer is not None and timer.pending:
            if timer.when <= due:
                return
            timer.cancel()
        self._later[key] = self.clock.call_at(due, self._due, key)

    def add_rate_limited(self, key: str) -> float:
        """After a failure: 5 ms, 10, 20... to 1000 s. Returns the wait."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        wait = min(BASE * 2 ** min(failures, 30), CAP)
        self.add_after(key, wait)
        return wait

    def forget(self, key: str) -> None:
        self._failures.pop(key, None)

    def failures(self, key: str) -> int:
        return self._failures.get(key, 0)

    def stop(self) -> None:
        """Drops everything: in-memory state may be thrown away at any moment (law 7)."""
        self.stopped = True
        for timer in self._later.values():
            timer.cancel()
        self._later, self._causes, self._failures = {}, {}, {}

    def start(self) -> None:
        self.stopped = False

    def _due(self, key: str) -> None:
        self._later.pop(key, None)
        if not self.stopped:
            self.add(key)

    def _work(self) -> None:
        causes, self._causes = self._causes, {}  # what is added meanwhile waits until the watches have been heard
        if self._instant != self.clock.now:
            self._instant, self._counts = self.clock.now, {}
        for key, cause in causes.items():
            count = self._counts[key] = self._counts.get(key, 0) + 1
            if count > BUSY:
                self.add_after(key, self._pause(key))
                continue
            self.clock.cause = cause
            self.sync(key)

    def _pause(self, key: str) -> float:
        """Two that undo each other's work without end would hold time still: from burst to burst a key waits twice as long."""
        since, length = self._pauses.get(key, (0.0, BASE / 2))
        length = min(2 * length, CAP) if self.clock.now <= since + 2 * length or length < BASE else BASE
        self._pauses[key] = self.clock.now, length
        return length
