"""Who moves time while a client waits: the pump of the manual clock, and what is remembered of each kubectl invocation.

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
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from kubelearn.apiserver import peers
from kubelearn.clock import EPOCH, RealTimeClock


class News(NamedTuple):
    """What a client was told, as the real seconds that it gets for it: at rest where that can be seen, else simply to pass."""

    unseen: float
    at_rest: float


NOTHING = News(0.0, 0.0)
TOLD = News(0.03, 0.006)
SYNC = News(0.2, 0.12)  # the state with which a watch begins: kubectl looks only every 0.1 s whether it has all of it
PATIENCE = 5.0  # real seconds after which time goes on though a client is still at work
GLANCE = 0.004  # real seconds between two looks at who is at work
TURNS = 8  # of the event loop, in which what has already come in (the end of a connection) is dealt with
REACH, BREATH = 1.0, News(0.02, 0.001)  # virtual seconds that jump without news, doubled after each breath
LIMIT = 610.0  # virtual seconds of waiting that jump: ten minutes, and the little that a progress deadline of ten minutes takes longer
POLL = 0.8  # real seconds between two equal requests that make them a poll
SLICE = 0.01  # real seconds for which the pump keeps the lock
TICK = 0.05  # real seconds between two steps at the speed of real time
TERMINAL = 3.0  # real seconds for which a terminal at which nobody types still lets real time pass
KEPT = 256  # invocations remembered


class Session:
    """One kubectl invocation; or one connection of a client that sends no such header, which never makes time run."""

    def __init__(self, clock: RealTimeClock, moves_time: bool, port: int = 0):
        self.moves_time, self.port = moves_time, port
        self.process: int | None = None  # the client's, where it can be seen
        self.shift = round(wall.time() - (EPOCH + clock.now // 1), 3)  # seconds by which the client's now is ahead of virtual now
        self.until: float | None = None  # the virtual time up to which its waiting jumps
        self.refusals: dict[str, Exception] = {}  # what was refused as a WebSocket and will be tried again in the older way
        self._asked: dict[str, float] = {}

    def begin(self, clock: RealTimeClock) -> None:
        if self.until is None:
            self.until = clock.now + LIMIT
            self.process = peers.process_at(self.port) if self.port else None

    def repeated(self, what: str) -> float:
        """Real seconds since the same was asked before, where that is long enough ago to be a poll; else 0."""
        if not self.moves_time:
            return 0.0
        now = wall.monotonic()
        before = self._asked.get(what)
        self._asked[what] = now
        return now - before if before is not None and now - before >= POLL else 0.0

    def wrote(self) -> None:
        """A write of its own between two equal requests: the second looks at the outcome and is no poll."""
        self._asked.clear()


class Sessions:
    """The newest invocations and connections, by header or by the client's address."""

    def __init__(self, clock: RealTimeClock):
        self.clock = clock
        self._known: OrderedDict[str, Session] = OrderedDict()

    def of(self, header: str, connection: str) -> Session:
        key = header or f"connection {connection}"
        session = self._known.get(key)
        if session is None:
            session = self._known[key] = Session(self.clock, bool(header))
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        session.port = int(connection.rpartition(":")[2] or 0)
        return session

    def connected(self, connection: str) -> None:
        """A new connection from an address that an older one may have had."""
        self._known.pop(f"connection {connection}", None)


class Waiter:
    """Something open for which a client waits. told() is called whenever bytes go to the client; news is what it gets real time for.

    A conversation (a terminal, a connection) waits only between what was asked and what is answered. After that an open connection
    moves nothing; at a terminal time goes on for a while at the speed of real time, so that a command may go on talking.
    """

    __slots__ = ("session", "news", "inside", "_conversation", "_lingers", "_awaiting", "_active")

    def __init__(self, session: Session, conversation: bool = False, lingers: float = 0.0, first: News = TOLD):
        self.session, self.news, self._conversation, self._lingers = session, first, conversation, lingers
        self._awaiting, self._active = not conversation, wall.monotonic()
        self.inside = False  # it began while a condition of run() was asked

    def told(self) -> None:
        self.news = max(self.news, TOLD)
        self.answered()

    def answered(self) -> None:
        """The other side of a conversation did its part."""
        if self._conversation:
            self._awaiting, self._active = False, wall.monotonic()

    def asked(self) -> None:
        """The client sent something to which an answer may come."""
        self._awaiting, self._active = True, wall.monotonic()

    def hurry(self) -> None:
        """The client has nothing more to say: it waits for the end."""
        self._conversation, self._awaiting = False, True

    def until(self) -> float:
        """The virtual time up to which it lets time jump."""
        return self.session.until if self._awaiting else 0.0

    def idle(self) -> bool:
        return not self._awaiting and wall.monotonic() - self._active >= self._lingers


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

    async def poll(self, session: Session, done: Callable[[], bool], seconds: float = LIMIT) -> None:
        """For a client that polls instead of watching: time runs until done(), for at most so many virtual seconds."""
        if not session.moves_time or self.clock.speed:
            return
        session.begin(self.clock)
        limit, finished = min(session.until, self.clock.now + seconds), False
        while not finished:
            with self.clock.lock:
                end = wall.monotonic() + SLICE
                while not (finished := done() or (when := self.clock.peek()) is None or when > limit) and wall.monotonic() < end:
                    self.clock.step()
                    self.clock.settle()
            await asyncio.sleep(0)
