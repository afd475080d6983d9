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
from collections.abc import Callable, Coroutine, Generator
from datetime import datetime, timezone

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

    def run(self, until: float | Callable[[], bool], limit: float = 86_400 * 366) -> bool:
        """Runs to a virtual time, or until a condition holds (True), at most `limit` virtual seconds (False)."""
        if not callable(until):
            while (when := self.peek()) is not None and when <= until:
                self.step()
            self.now = max(self.now, until)
            return True
        end = self.now + limit
        self.settle()
        while not until():
            when = self.peek()
            if when is None or when > end:
                self.now = max(self.now, end if when is not None else self.now)
                return False
            self.step()
            self.settle()
        return True

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


class Cancelled(BaseException):
    """Thrown into a coroutine whose task was cancelled."""


class TimeUp(TimeoutError):
    """What `within` says: the caller's own limit has passed."""


class Future:
    """A value to come; `await` it in a coroutine on the clock, or add a callback (called at once when it is there)."""

    __slots__ = ("clock", "timer", "_done", "_result", "_error", "_callbacks")

    def __init__(self, clock: Clock):
        self.clock, self.timer = clock, None
        self._done, self._result, self._error, self._callbacks = False, None, None, []

    def done(self) -> bool:
        return self._done

    def result(self) -> object:
        if self._error is not None:
            raise self._error
        return self._result

    def error(self) -> BaseException | None:
        return self._error

    def set_result(self, value: object = None) -> None:
        self._finish(value, None)

    def set_exception(self, error: BaseException) -> None:
        self._finish(None, error)

    def _finish(self, value: object, error: BaseException | None) -> None:
        if self._done:
            return
        self._done, self._result, self._error = True, value, error
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)

    def add_done_callback(self, callback: Callable[[Future], None]) -> None:
        callback(self) if self._done else self._callbacks.append(callback)

    def remove_done_callback(self, callback: Callable[[Future], None]) -> None:
        self._callbacks = [c for c in self._callbacks if c is not callback]

    def cancel(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.set_exception(Cancelled())

    def __await__(self) -> Generator:
        if not self._done:
            yield self
        return self.result()


class Task(Future):
    """A running coroutine, and the Future of what it returns. An exception it raises is its result's."""

    __slots__ = ("_coroutine", "_waiting", "_wake")

    def __init__(self, clock: Clock, coroutine: Coroutine):
        super().__init__(clock)
        self._coroutine, self._waiting = coroutine, None
        self._wake = self._resume
        clock.call_soon(self._advance, None)

    @property
    def running(self) -> bool:
        """Is it this coroutine that is calling?"""
        return self._coroutine.cr_running

    def _resume(self, future: Future) -> None:
        if future is self._waiting:
            self._waiting = None
            self.clock.call_soon(self._advance, None)

    def _advance(self, throw: BaseException | None) -> None:
        if self._done:
            return
        try:
            waiting = self._coroutine.throw(throw) if throw else self._coroutine.send(None)
        except StopIteration as stop:
            self.set_result(stop.value)
        except Cancelled as cancelled:
            self._finish(None, cancelled)
        except (Exception, SystemExit) as error:  # a program's own failure is the program's result
            self.set_exception(error)
        except BaseException as error:  # an interrupt in the middle of a program ends it, and goes on to whoever runs the clock
            self.set_exception(error)
            raise
        else:
            self._wait_for(waiting)

    def _wait_for(self, waiting: Future) -> None:
        if not isinstance(waiting, Future):  # asyncio's, most likely
            self.clock.call_soon(self._advance, TypeError("on the virtual clock await only what it gives, as in: await process.sleep(1)"))
            return
        self._waiting = waiting
        waiting.add_done_callback(self._wake)

    def cancel(self) -> None:
        """Throws Cancelled into the coroutine at once; it may clean up, not go on waiting."""
        if self._done:
            return
        if self._waiting is not None:
            self._waiting.remove_done_callback(self._wake)
            if self._waiting.timer is not None:
                self._waiting.timer.cancel()
            self._waiting = None
        try:
            self._coroutine.throw(Cancelled())
        except BaseException as end:
            self._finish(getattr(end, "value", None), None if isinstance(end, StopIteration) else end)
        else:
            self._coroutine.close()
            self._finish(None, Cancelled())


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
