"""Who moves time while a client waits: the pump of the manual clock.

Part of Kubernetes: none; in a real cluster time passes by itself. Law 4 and design, Clock: requests of one invocation share the
header Kubectl-Session. While one of its watches, log streams or containers waits, time jumps from event to event; after an event of
which the client was told, real time passes, so that it can end before the next one: on Linux until it is seen to have done all it
had to do, elsewhere for a while. The longer nothing is told, the more real time passes, so that a client that is slower still
misses seconds and not minutes. Past a limit time goes at the speed of real time. Streams of programs that are no such invocation
do not make time run.
"""
from __future__ import annotations

import asyncio
import time as wall
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from kubelearn.apiserver import peers
from kubelearn.apiserver.sessions import NOTHING, TOLD, News, Session, Waiter
from kubelearn.clock import RealTimeClock

PATIENCE = 5.0  # real seconds after which time goes on though a client is still at work
GLANCE = 0.004  # real seconds between two looks at who is at work
LOOKS = 5  # in a row at a client at rest, after which it has asked all that it asks at once
TURNS = 8  # of the event loop, in which what has already come in (the end of a connection) is dealt with
REACH, BREATH = 1.0, News(0.02, 0.001)  # virtual seconds that jump without news, doubled after each breath
SLICE = 0.01  # real seconds for which the pump keeps the lock
TICK = 0.05  # real seconds between two steps at the speed of real time


class Pump:
    """Moves the manual clock while there are waiters. One task of the server's event loop."""

    def __init__(self, clock: RealTimeClock):
        self.clock = clock
        self.waiters: list[Waiter] = []
        self._wake = asyncio.Event()
        self._paced: tuple[float, float] | None = None  # (real, virtual) since when time goes at the speed of real time
        self._news = NOTHING  # what clients still get time for
        self._told = self._since = self._rest = 0.0  # real: when they were told, since when they get time, since when they are at rest
        self._reach, self._from = REACH, 0.0  # how far time jumps before the next breath, and from where

    def add(self, waiter: Waiter) -> None:
        if waiter.session.moves_time:
            waiter.session.begin(self.clock)
            waiter.inside = self.clock.asking
            self.waiters.append(waiter)
            self._wake.set()

    def remove(self, waiter: Waiter) -> None:
        if waiter in self.waiters:
            self.waiters.remove(waiter)

    @contextmanager
    def waiting(self, waiter: Waiter) -> Iterator[None]:
        self.add(waiter)
        try:
            yield
        finally:
            self.remove(waiter)

    async def run(self) -> None:
        while True:
            if not self.waiters:
                self._wake.clear()
                await self._wake.wait()
            await asyncio.sleep(self.turn())
            for _ in range(TURNS):
                await asyncio.sleep(0)

    def turn(self) -> float:
        """One turn: moves time as far as the waiters allow, and says how much real time shall pass before the next."""
        pause = self._pause()
        if pause:
            self._paced = None
            return pause
        with self.clock.lock:
            active = [waiter for waiter in self.waiters if not waiter.idle() and (waiter.inside or not self.clock.asking)]
            if self.clock.speed or not active:
                self._paced = None
                return TICK
            until, when = max(waiter.until() for waiter in active), self.clock.peek()
            if when is not None and when <= until:
                self._paced = None
                return self._jump(until)
            return self._pace()

    def _pause(self) -> float:
        """How much real time the clients shall still have with what they were told."""
        now, news = wall.monotonic(), max((waiter.news for waiter in self.waiters), default=NOTHING)
        if news != NOTHING:
            self._told, self._reach, self._from = now, REACH, self.clock.now
            self._give(news)
            for waiter in self.waiters:
                waiter.news = NOTHING
        if self._news == NOTHING:
            return 0.0
        processes = {waiter.session.process for waiter in self.waiters}
        if now - self._told < PATIENCE and any(peers.at_work(process) for process in processes if process):
            self._rest = now
            return GLANCE
        left = self._rest - now + self._news.at_rest
        if None in processes:
            left = max(left, self._since - now + self._news.unseen * peers.crowd())
        if left < 0.0001:
            self._news = NOTHING
            return 0.0
        return min(left, GLANCE)

    def _give(self, news: News) -> None:
        self._news = news
        self._since = self._rest = wall.monotonic()

    def _jump(self, until: float) -> float:
        """From moment to moment until somebody is told something; now and then clients get time to say that they have ended."""
        end = wall.monotonic() + SLICE
        while (when := self.clock.peek()) is not None and when <= until:
            if when > self._from + self._reach:
                self._reach *= 2
                self._give(BREATH)
                return 0.0
            self.clock.step()
            self.clock.settle()
            if any(waiter.news != NOTHING for waiter in self.waiters) or wall.monotonic() > end:
                break
        return 0.0

    def _pace(self) -> float:
        """As real time passes."""
        real = wall.monotonic()
        if self._paced is None:
            self._paced = (real, self.clock.now)
        target = self._paced[1] + real - self._paced[0]
        while (when := self.clock.peek()) is not None and when <= target:
            self.clock.step()
        self.clock.now = max(self.clock.now, target)
        return TICK

    async def poll(self, session: Session, done: Callable[[], bool]) -> None:
        """For a client that polls instead of watching: time runs until done(), while anything happens."""
        if not session.moves_time or self.clock.speed:
            return
        session.begin(self.clock)
        finished = False
        while not finished:
            with self.clock.lock:
                end = wall.monotonic() + SLICE
                while not (finished := done() or (when := self.clock.peek()) is None or when > session.until) and wall.monotonic() < end:
                    self.clock.step()
                    self.clock.settle()
            await asyncio.sleep(0)

    @asynccontextmanager
    async def in_turn(self, session: Session, what: str) -> AsyncIterator[None]:
        """For what a client asks from several threads at once (drain evicts so): in the order of what, not of the threads' race."""
        if not session.moves_time or self.clock.speed:
            yield
            return
        session.begin(self.clock)
        session.at_once.append(what)
        try:
            await self._all_asked(session)
            while min(session.at_once) != what:
                await asyncio.sleep(GLANCE)
            yield
        finally:
            session.at_once.remove(what)

    async def _all_asked(self, session: Session) -> None:
        looks, known, end = 0, 0, wall.monotonic() + PATIENCE
        if session.process is None:
            await asyncio.sleep(TOLD.unseen * peers.crowd())
        while session.process and looks < LOOKS and wall.monotonic() < end:
            await asyncio.sleep(GLANCE)
            looks = 0 if peers.at_work(session.process) or len(session.at_once) > known else looks + 1
            known = len(session.at_once)
