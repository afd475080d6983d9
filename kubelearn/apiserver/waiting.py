"""Who moves time while a client waits: the pump of the manual clock.

Part of Kubernetes: none; in a real cluster time passes by itself. Law 4 and design, Clock: requests of one invocation share the
header Kubectl-Session. While one of its watches, log streams or containers waits, time jumps from event to event, but not past what
the client has not seen yet (seen.py). The longer nothing is told, the more real time passes, so that a client that is slower still
misses seconds and not minutes. Past a limit time goes at the speed of real time. Streams of programs that are no such invocation
do not make time run.
"""
from __future__ import annotations

import asyncio
import time as wall
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from kubelearn.apiserver.seen import AT_ONCE, BREATH, GLANCE
from kubelearn.apiserver.sessions import Session, Waiter
from kubelearn.clock import RealTimeClock

TURNS = 8  # of the event loop, in which what has already come in (the end of a connection) is dealt with
REACH = 1.0  # virtual seconds that jump without news, doubled after each breath
SLICE = 0.01  # real seconds for which the pump keeps the lock
TICK = 0.05  # real seconds between two steps at the speed of real time


class Pump:
    """Moves the manual clock while there are waiters. One task of the server's event loop."""

    def __init__(self, clock: RealTimeClock):
        self.clock = clock
        self.waiters: list[Waiter] = []
        self._wake = asyncio.Event()
        self._paced: tuple[float, float] | None = None  # (real, virtual) since when time goes at the speed of real time
        self._reach, self._from = REACH, 0.0  # how far time jumps before the next breath, and from where

    def add(self, waiter: Waiter) -> None:
        if waiter.session.moves_time:
            waiter.session.begin(self.clock)
            waiter.inside = self.clock.asking
            waiter.session.seen.told(waiter.first)
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
        if any(waiter.session.seen.has_news for waiter in self.waiters):
            self._reach, self._from = REACH, self.clock.now
        return max((waiter.session.seen.unseen() for waiter in self.waiters), default=0.0)

    def _jump(self, until: float) -> float:
        """From moment to moment until somebody is told something; now and then clients get time to say that they have ended."""
        end = wall.monotonic() + SLICE
        while (when := self.clock.peek()) is not None and when <= until:
            if when > self._from + self._reach:
                self._reach *= 2
                for waiter in self.waiters:
                    waiter.session.seen.give(BREATH)
                return 0.0
            self.clock.step()
            self.clock.settle()
            if any(waiter.session.seen.has_news for waiter in self.waiters) or wall.monotonic() > end:
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
        session.seen.told(AT_ONCE)
        try:
            while (pause := session.seen.unseen()) or min(session.at_once) != what:
                await asyncio.sleep(pause or GLANCE)
            yield
        finally:
            session.at_once.remove(what)
