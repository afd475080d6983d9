"""Programs that wait, on the virtual clock: a Future is a value to come, a Task a running coroutine.

Part of Kubernetes: none; goroutines and channels there. Law 4: what waits here waits for events of the clock and for nothing else.
Leaves out: exceptions that nobody asks for (a program's failure is its result). Model: asyncio's classes of the same names.
"""
from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubelearn.clock import Clock


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
