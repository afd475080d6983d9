"""What a client has seen: the one question on which all rules of a wait rest.

Part of Kubernetes: none; in a real cluster time passes by itself. Law 4 and design, Clock: while a client waits time jumps, but never
past something that would make it stop waiting. So it must be known what it has seen of what there is to see:
- What it was *told* (an event of its watch, bytes of its stream) it has seen after some real time: on Linux when it is seen to have done
  all it had to do, elsewhere after a while. Until then nothing happens, so that it can end before the next event.
- What it *asked* and was answered it has seen. When it asks the same again after a while and the answer is still the same, it polls: it
  waits for another answer, and time runs until there is one.
- What it *did* makes all answers old: what it asks after a write is no poll, it looks at the outcome. What it does again after a while
  was refused, and it has waited so long.
What a client asks from several threads at once it has asked when it rests, as after something that it was told.
"""
from __future__ import annotations

import time as wall
from typing import NamedTuple

from kubelearn.apiserver import peers

POLL = 0.8  # real seconds between two equal requests that make them a poll
PATIENCE = 5.0  # real seconds after which time goes on though a client is still at work
GLANCE = 0.004  # real seconds between two looks at who is at work


class News(NamedTuple):
    """Something to look at, as the real seconds that a client gets for it: simply to pass, or at rest where that can be seen."""

    unseen: float
    at_rest: float


NOTHING = News(0.0, 0.0)
BREATH = News(0.02, 0.001)  # nothing new, but it may have ended by itself
TOLD = News(0.03, 0.006)
AT_ONCE = News(0.03, 0.02)  # one of several requests of which the others may still come
SYNC = News(0.2, 0.12)  # the state with which a watch begins: kubectl looks only every 0.1 s whether it has all of it


class Seen:
    """What one client has seen. process: the client's, where it can be looked at."""

    def __init__(self) -> None:
        self.process: int | None = None
        self._news = NOTHING  # what it still looks at
        self._told = self._rest = 0.0  # real: when it was told, since when it rests
        self._since: float | None = None  # real: since when it has time to look; None: what it was told is still on its way to it
        self._known: dict[str, tuple[float, str | None]] = {}  # what it asked or did: when, and the answer; a write has none

    def told(self, news: News = TOLD) -> None:
        self._told = wall.monotonic()
        self.give(news)

    def give(self, news: News) -> None:
        """Real time to look around; told() for something new."""
        self._news, self._since = max(self._news, news), None

    @property
    def has_news(self) -> bool:
        return self._news > BREATH

    def unseen(self) -> float:
        """0 when it has seen all it was told, else the real seconds after which to ask again."""
        if self._news == NOTHING:
            return 0.0
        now = wall.monotonic()
        if self._since is None:
            self._since = self._rest = now
        if self.process and now - self._told < PATIENCE and peers.at_work(self.process):
            self._rest = now
            return GLANCE
        left = self._rest + self._news.at_rest - now if self.process else self._since + self._news.unseen * peers.crowd() - now
        if left < 0.0001:
            self._news = NOTHING
            return 0.0
        return min(left, GLANCE)

    def asked(self, what: str, answer: str) -> float:
        """Real seconds since it got this very answer, where that is long enough ago to be a poll; else 0."""
        return self._again(what, answer)

    def did(self, what: str) -> float:
        """Real seconds since it did the same before, if it did; else 0."""
        self._known = {known: entry for known, entry in self._known.items() if entry[1] is None}
        return self._again(what, None)

    def _again(self, what: str, answer: str | None) -> float:
        now = wall.monotonic()
        when, before = self._known.get(what, (now, answer))
        self._known[what] = now, answer
        return now - when if answer == before and now - when >= POLL else 0.0
