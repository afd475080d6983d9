"""Back-off: how long to wait before trying again what failed, doubling up to a cap.

Part of Kubernetes: client-go util/flowcontrol/backoff.go, as the kubelet uses it for containers (CrashLoopBackOff) and
for images (ImagePullBackOff). It asks "is it still too early?" and never sleeps: the pod worker asks again later.
Leaves out: jitter (the kubelet's has none; what is random is when the pod worker asks).
"""
from __future__ import annotations

from kubelearn.clock import Clock

FIRST, LONGEST = 10.0, 300.0  # seconds


class Backoff:
    """Per key: the present wait, and when it was last stretched. A key left alone for twice the cap begins anew."""

    __slots__ = ("clock", "entries")

    def __init__(self, clock: Clock):
        self.clock = clock
        self.entries: dict[str, tuple[float, float]] = {}  # key -> (wait, last stretched)

    def get(self, key: str) -> float:
        """The present wait of a key in seconds; 0.0: none."""
        return self.entries[key][0] if key in self.entries else 0.0

    def until(self, key: str, since: float) -> float:
        """The moment at which the key may be tried again, when it failed at `since`; 0.0: at once."""
        entry = self.entries.get(key)
        if entry is None or self._expired(entry, since) or self._expired(entry, self.clock.now):
            return 0.0
        return since + entry[0]

    def is_in_back_off(self, key: str) -> bool:
        """Counted from when the key was last stretched: for images."""
        return key in self.entries and self.until(key, self.entries[key][1]) > self.clock.now

    def next(self, key: str, since: float) -> None:
        """The key is tried (again) now, after it failed at `since`: the wait after the next failure is longer."""
        entry = self.entries.get(key)
        fresh = entry is None or self._expired(entry, since) or self._expired(entry, self.clock.now)
        wait = FIRST if fresh else min(2 * entry[0], LONGEST)
        self.entries[key] = (wait, self.clock.now)

    def forget(self, prefix: str) -> None:
        """Drops the keys of a pod that is gone: keys begin with its uid."""
        for key in [key for key in self.entries if key.startswith(prefix)]:
            del self.entries[key]

    def _expired(self, entry: tuple[float, float], since: float) -> bool:
        return since - entry[1] > 2 * LONGEST



def go_duration(seconds: float) -> str:
    """Go's time.Duration, to the millisecond: 734ms, 1.203s, 20s, 1m2.5s."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    return (f"{int(minutes)}m" if minutes else "") + f"{rest:.3f}".rstrip("0").rstrip(".") + "s"
