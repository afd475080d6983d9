"""Process numbers, signals, and how a process ends: by itself, by a signal, by an error that it does not catch.

Part of Kubernetes: the kernel's side of a container's processes, and what a program's runtime prints of its last error.
Leaves out: process groups, stopping and continuing.
"""
from __future__ import annotations

import errno
import traceback
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING

from kubelearn.filesystem import fault
from kubelearn.tasks import Cancelled, Future, Task

if TYPE_CHECKING:
    from kubelearn.kubelet.container import Container
    from kubelearn.kubelet.process import Process

SIGNALS = {"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11,
           "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20, "TTIN": 21,
           "TTOU": 22, "URG": 23, "XCPU": 24, "XFSZ": 25, "VTALRM": 26, "PROF": 27, "WINCH": 28, "POLL": 29, "PWR": 30, "SYS": 31}
HARMLESS = {"CHLD", "CONT", "WINCH", "STOP", "TSTP", "TTIN", "TTOU", "URG"}  # do nothing, unless handled (stopping is left out)
OURS = (Task._advance.__code__.co_filename, __file__)  # what runs a program, and has no place in its traceback
MOST_PROCESSES = 2_000  # in one process space; a container that wants more is a fork bomb, and takes the node's memory in no time


class Exit(Exception):
    """A program's exit(code) from deep inside."""

    def __init__(self, code: int):
        super().__init__(code)
        self.code = code


class Thread(Task):
    """A task of a process. Whenever it goes on, something happens in its pod: who wants to know of the sandbox is told."""

    __slots__ = ("sandbox",)

    def __init__(self, container: Container, coroutine: Coroutine):
        super().__init__(container.clock, coroutine)
        self.sandbox = container.sandbox
        self.sandbox.stir()

    def _resume(self, future: Future) -> None:
        self.sandbox.stir()
        super()._resume(future)


class ProcessSpace:
    """A pid namespace: who is whose process number. The first is 1, and it protects itself from signals from inside."""

    def __init__(self, most: int = MOST_PROCESSES) -> None:
        self.processes: dict[int, Process] = {}
        self.most, self.last = most, 0

    def add(self, process: Process) -> int:
        if len(self.processes) >= self.most:
            raise fault(errno.EAGAIN)
        self.last += 1
        self.processes[self.last] = process
        return self.last

    def number_of(self, process: Process) -> int:
        """What it is called here: in its own space by one number, on the node by another."""
        return process.pid if process.space is self else process.host_pid


class Ending:
    """What a Process has to do with signals and with its end."""

    __slots__ = ()

    def on_signal(self, name: str, handler: Callable[[], object] | str | None) -> None:
        """handler: a function, "ignore", or None for what the signal does by default."""
        if handler is None:
            self.handlers.pop(name, None)
        else:
            self.handlers[name] = handler

    def signal(self, name: str, outside: bool = False) -> None:
        """outside: sent by the runtime and not from its own process space."""
        handler = self.handlers.get(name)
        protected = self.pid == 1 and not (outside and name == "KILL")
        if name != "KILL" and handler is not None:
            if handler != "ignore":
                self._handle(handler)
        elif not protected and name not in HARMLESS:
            self.die(128 + SIGNALS[name], name)

    def _handle(self, handler: Callable[[], object]) -> None:
        """A handler that fails ends its program and nobody else's."""
        try:
            handler()
        except Exception as error:
            self._report(error)
            self.die(1)

    def die(self, code: int, signal: str = "") -> None:
        """Ends it now, wherever it waits; itself, where it next waits."""
        if self.exit.done() or self.doomed is not None:
            return
        self.doomed, self.killed_by = code, signal
        if self.task.running:
            self.clock.call_soon(self.task.cancel)
        else:
            self.task.cancel()

    def _ended(self, task: Task) -> None:
        error = task.error()
        if self.doomed is not None or isinstance(error, Cancelled):
            code = 137 if self.doomed is None else self.doomed
        elif error is None or isinstance(error, (Exit, SystemExit)):
            code = self._exit_code(task.result() if error is None else error.code)
        elif isinstance(error, BrokenPipeError):
            code, self.killed_by = 141, "PIPE"
        else:
            self._report(error)
            code = 1
        self._leave()
        self.exit.set_result(code & 255)
        self.container.process_ended(self)

    def _exit_code(self, given: object) -> int:
        """As of sys.exit(): nothing is 0, and what is no number is said and counts as failure."""
        if given is None or isinstance(given, int):
            return given or 0
        with suppress(OSError):
            self.error(str(given))
        return 1

    def _report(self, error: BaseException) -> None:
        """The traceback from the program's own first line on, on stderr."""
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename in OURS:
            frames = frames.tb_next
        try:
            self.error("".join(traceback.format_exception(type(error), error, frames)).rstrip())
        except OSError:
            pass  # nobody reads its stderr any more

    def _leave(self) -> None:
        for task, stream in list(self.tasks.items()):
            task.cancel()
            stream.close()
        for undo in self.on_exit:
            undo()
        for socket in self.sockets:
            socket.close()
        fds, self.fds = self.fds, {}
        for file in fds.values():
            file.release()
        self.space.processes.pop(self.pid, None)
        self.container.runtime.host.processes.pop(self.host_pid, None)
