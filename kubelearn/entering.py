"""How the core is entered from outside, and what becomes of what fails in it.

Part of Kubernetes: none. Law 8: an interrupt (Ctrl-C, a notebook's stop button) comes between two events and never inside one, so that
nothing is half done; what fails inside the cluster is told, and the cluster goes on.
"""
from __future__ import annotations

import gc
import logging
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kubelearn.clock import Clock
from kubelearn.errors import ApiError

log = logging.getLogger("kubelearn")


@contextmanager
def entered(clock: Clock) -> Iterator[Callable[[], bool]]:
    """Holds the lock, keeps an interrupt until a safe moment, and at the end does all that needs no time. Gives: was there one?"""
    asked = []
    main = threading.current_thread() is threading.main_thread()

    def ask(*arguments: object) -> None:
        """The first interrupt waits for a safe moment; a second one, for a program that never ends, does not."""
        signal.default_int_handler(*arguments) if asked else asked.append(True)
    before = signal.signal(signal.SIGINT, ask) if main else None
    thresholds = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)  # what is stored stays: looking through all of it again and again finds nothing
    try:
        with clock.lock:
            yield lambda: bool(asked)
            clock.settle()
    finally:
        gc.set_threshold(*thresholds)
        if main:
            signal.signal(signal.SIGINT, before if before is not None else signal.default_int_handler)
    if asked:
        raise KeyboardInterrupt(f"stopped at {clock.now:.3f} s of virtual time; run() goes on from there")


class Failures:
    """Tells of what failed: in the log, of one place once a minute."""

    def __init__(self, clock: Clock):
        self.clock = clock
        self._told: tuple[list, float] = ([], 0.0)  # the place, and when

    def __call__(self, error: BaseException) -> None:
        place = traceback.extract_tb((error.__cause__ or error).__traceback__)[-1:]
        known = place == self._told[0] and self.clock.now < self._told[1] + 60
        self._told = self._told if known else (place, self.clock.now)
        level = logging.DEBUG if known or isinstance(error, ApiError) else logging.ERROR
        log.log(level, "".join(traceback.format_exception(error)).rstrip())
