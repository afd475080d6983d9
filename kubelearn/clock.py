"""Virtual time: an event heap. step() is the primitive, run(until=) is built on it; RealTimeClock overrides step.

Part of Kubernetes: none; it stands in for the machine's clock, its timers and its threads. Laws 4 and 5: nothing else
reads time, and events of one instant happen in the order in which they were asked for.
Leaves out: priorities. Model: simpy's Environment.
"""
from __future__ import annotations

import heapq
import random
import threading
import time as wall
from collections.abc import Callable, Coroutine
from datetime import datetime, timezone

from kubelearn.tasks import Future, Task, TimeUp

EPOCH = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()  # the date at virtual second 0, so that histories repeat


class Timer:
    """A call to come. cancel() before its time and it never happens."""

    __slots__ = ("when", "callback", "args", "cause")

    def __init__(self, when: float, callback: Callable, args: tuple, cause: object):
        self.when, self.callback, self.args, self.cause = when, callback, args, cause

    def cancel(self) -> None:
        self.callback = None

    @property
    def pending(self) -> bool:
        return self.callback is not None


class Clock:
    """Virtual seconds since the cluster began. Whoever enters the core from another thread holds `lock`."""

    def __init__(self, seed: int = 0):
        self.now = 0.0
        self.seed = seed
        self.lock = threading.RLock()
        self.cause: object = None  # what is being reacted to: the newest revision seen. Timers remember it (law 6)
        self.on_error: Callable[[BaseException], None] | None = None  # told of a callback's exception; without it, raised
        self._heap: list[tuple[float, int, Timer]] = []
        self._count = 0

    def random(self, name: str) -> random.Random:
        """A generator of its own for each user, so that one user's draws never shift another's."""
        return random.Random(f"{self.seed}/{name}")

    # --- asking for events ----------------------------------------------------------------------------------------

    def call_at(self, when: float, callback: Callable, *args: object) -> Timer:
        timer = Timer(max(when, self.now), callback, args, self.cause)
        self._count += 1
        heapq.heappush(self._heap, (timer.when, self._count, timer))
        return timer

    def call_later(self, delay: float, callback: Callable, *args: object) -> Timer:
        return self.call_at(self.now + delay, callback, *args)

    def call_soon(self, callback: Callable, *args: object) -> Timer:
        """At this same instant, after everything already asked for at it."""
        return self.call_at(self.now, callback, *args)

    # --- moving ---------------------------------------------------------------------------------------------------

    def peek(self) -> float | None:
        """The virtual time of the next event; None when nothing will ever happen again."""
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def step(self) -> bool:
        """Moves to the next event and lets it happen; False when there is none."""
        if self.peek() is None:
            return False
        when, _, timer = heapq.heappop(self._heap)
        self.now, self.cause = when, timer.cause
        callback, timer.callback = timer.callback, None
        try:
            callback(*timer.args)
        except (Exception, SystemExit) as error:
            if self.on_error is None:
                raise
            self.on_error(error)
        return True

    def settle(self) -> None:
        """Everything that takes no time: all events of this instant."""
        while (when := self.peek()) is not None and when <= self.now:
            self.step()

    def run(self, until: float | Callable[[], bool], limit: float = 86_400 * 366, stop: Callable[[], bool] = lambda: False) -> bool:
        """Runs to a virtual time, or until a condition holds (True), at most `limit` virtual seconds (False); less where stop() says so."""
        condition = until if callable(until) else None
        end = until if condition is None else self.now + limit
        self.settle()
        while not (condition and condition()):
            when = self.peek()
            if when is None or when > end or stop():
                break
            self.step()
            self.settle()
        else:
            return True
        if not stop() and (condition is None or when is not None):
            self.now = max(self.now, end)
        return condition is None

    # --- reading --------------------------------------------------------------------------------------------------

    def timestamp(self, at: float | None = None) -> str:
        """A metav1.Time: RFC 3339 to the whole second, of virtual second `at` (now)."""
        return time_text(self.now if at is None else at)

    def micro_timestamp(self, at: float | None = None) -> str:
        """A metav1.MicroTime: six decimals."""
        return self.date(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def date(self, at: float | None = None) -> datetime:
        return datetime.fromtimestamp(EPOCH + (self.now if at is None else at), timezone.utc)

    # --- programs that wait ---------------------------------------------------------------------------------------

    def future(self) -> Future:
        return Future(self)

    def sleep(self, seconds: float) -> Future:
        """await clock.sleep(1.5)"""
        future = Future(self)
        future.timer = self.call_later(seconds, future.set_result, None)
        return future

    def spawn(self, coroutine: Coroutine) -> Task:
        """Starts a coroutine on the virtual clock, at this instant."""
        return Task(self, coroutine)

    async def within(self, seconds: float | None, waiting: Future | Coroutine) -> object:
        """What it gives. TimeUp after so many seconds (0, None: never); a coroutine is broken off then, a Future left alone."""
        if not seconds:
            return await waiting
        future, race = waiting if isinstance(waiting, Future) else self.spawn(waiting), self.future()
        timer, came = self.call_later(seconds, race.set_result), race.set_result
        future.add_done_callback(came)
        try:
            if await race is None:
                raise TimeUp
            return future.result()
        finally:
            timer.cancel()
            future.remove_done_callback(came)
            if future is not waiting:
                future.cancel()


_texts: dict[int, str] = {}


def time_text(at: float) -> str:
    """Virtual second -> RFC 3339 in UTC, cut to the whole second."""
    second = int(at // 1)
    text = _texts.get(second)
    if text is None:
        if len(_texts) > 10_000:
            _texts.clear()
        text = _texts[second] = datetime.fromtimestamp(EPOCH + second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return text


def parse_time(text: str) -> float:
    """RFC 3339 -> virtual second; ValueError where it is none."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() - EPOCH


class RealTimeClock(Clock):
    """A clock whose step waits for real time, at `speed` virtual seconds a second.

    With no event due, step sleeps (outside the lock) at most `pause` real seconds and then brings `now` up to date.
    Model: simpy.rt.RealtimeEnvironment.
    """

    speed = 0.0  # 0: manual; live() sets it
    pause = 0.02
    asking = False  # a condition of run() is being asked: only the kubectl that it calls itself moves time

    def live(self, speed: float = 1.0) -> None:
        """From now on virtual time follows real time at this speed; 0 ends it."""
        with self.lock:
            self.speed, self._real, self._virtual = speed, wall.monotonic(), self.now

    def target(self) -> float:
        """The virtual time that it should be by the wall clock."""
        return self._virtual + (wall.monotonic() - self._real) * self.speed

    def catch_up(self) -> None:
        """Live: everything that is due by now happens, for at most `pause` real seconds. Manual: nothing. Under the lock."""
        if not self.speed:
            return
        budget = wall.monotonic() + self.pause
        while (when := self.peek()) is not None and when <= self.target():
            if wall.monotonic() > budget:
                return
            self.step()
        self.now = max(self.now, self.target())

    def tick(self) -> None:
        """One turn of the live loop: what is due happens, then a short sleep outside the lock."""
        with self.lock:
            self.catch_up()
            when, speed = self.peek(), self.speed
            wait = self.pause if when is None or not speed else (when - self.now) / speed
        wall.sleep(min(self.pause, max(wait, 0.0005)))
