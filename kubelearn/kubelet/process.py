"""Processes: coroutines on the virtual clock with arguments, environment, files, sockets and signals.

Part of Kubernetes: what runs inside a container; here is the kernel's side of it. Law 4: a process that waits costs no event.
A program is `async def program(process) -> exit code`; an exception that it does not catch is its traceback and exit code 1.
Leaves out: threads, process groups, stopping and continuing.
"""
from __future__ import annotations

import errno
import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING

from kubelearn.filesystem import Filesystem, fault
from kubelearn.kubelet.files import Descriptor, OpenFile, open_file
from kubelearn.kubelet.resolver import resolve
from kubelearn.kubelet.signals import Ending, Thread
from kubelearn.network import Listener
from kubelearn.streams import Stream
from kubelearn.tasks import Cancelled, Future, Task
from kubelearn.volumes import Directory, File, Node

if TYPE_CHECKING:
    from kubelearn.kubelet.runtime import Container

Program = Callable[["Process"], Coroutine]
STEP, QUANTUM = 1e-5, 100  # what a shell's step costs in CPU seconds; so many steps make one event


class Executable(File):
    """A file that runs: what stands in an image's tree where a binary would."""

    __slots__ = ("program", "memory")

    def __init__(self, program: Program, size: int = 1_000_000, memory: int = 1 << 20):
        super().__init__(b"\x7fELF", 0o755)
        self.program, self.size, self.memory = program, size, memory

    def copy(self) -> Executable:
        return Executable(self.program, self.size, self.memory)


def find_executable(files: Filesystem, cwd: str, search: str, name: str) -> tuple[str, Node]:
    """The path and the file that a command's name stands for. FileNotFoundError, PermissionError."""
    refused = False
    for directory in ("",) if "/" in name else search.split(":"):
        path = os.path.join(cwd, directory, name)
        node = files.find(path)
        if node is not None and not isinstance(node, Directory) and files.allowed(node, 1):
            return path, node
        refused = refused or node is not None
    raise fault(errno.EACCES if refused else errno.ENOENT)


class Process(Ending):
    """One process. Programs use: args, env, cwd, files, user, stdin, stdout, stderr, and the methods below."""

    __slots__ = ("container", "clock", "space", "pid", "host_pid", "parent", "argv", "env", "cwd", "_files", "user", "fds", "handlers",
                 "task", "exit", "memory", "started_at", "sockets", "tasks", "on_exit", "steps", "busy", "rested", "doomed", "killed_by",
                 "input", "output", "errors")

    def __init__(self, container: Container, argv: list[str], env: dict[str, str], fds: dict[int, OpenFile], cwd: str = "/",
                 parent: Process | None = None):
        self.container, self.clock, self.space, self.parent = container, container.clock, container.space, parent
        self.argv, self.env, self.fds, self.cwd = argv, env, fds, cwd
        self._files = parent._files if parent is not None else None
        self.user: tuple[int, int, tuple[int, ...]] = container.user  # uid, gid, groups
        try:
            self.pid = self.space.add(self)
        except OSError:
            container.run_out()
            raise
        self.host_pid = container.runtime.host.add(self) if self.space is not container.runtime.host else self.pid
        self.handlers: dict[str, Callable[[], object] | str] = {}
        self.task: Task | None = None
        self.exit = Future(self.clock)
        self.memory, self.started_at = 0, self.clock.now
        self.sockets: list = []
        self.tasks: dict[Task, Stream] = {}
        self.on_exit: list[Callable[[], object]] = []  # what to undo when it ends
        self.steps, self.busy, self.rested, self.doomed, self.killed_by = 0, 0.0, -1.0, None, ""
        self.input = self.output = self.errors = None  # the other ends of an exec's pipes
        container.processes.append(self)

    # --- what a program reads -------------------------------------------------------------------------------------

    @property
    def args(self) -> list[str]:
        """The arguments without the program's own name."""
        return self.argv[1:]

    @property
    def files(self) -> Filesystem:
        if self._files is None:
            self._files = self.container.files
        return self._files

    @property
    def name(self) -> str:
        return os.path.basename(self.argv[0])

    @property
    def hostname(self) -> str:
        return self.container.sandbox.hostname

    @property
    def address(self) -> str:
        return self.container.sandbox.address

    stdin = property(lambda self: self.fds.get(0) or OpenFile())
    stdout = property(lambda self: self.fds.get(1) or OpenFile())
    stderr = property(lambda self: self.fds.get(2) or OpenFile())

    def print(self, *words: object) -> None:
        self.stdout.write((" ".join(map(str, words)) + "\n").encode("utf-8", "surrogateescape"))

    def error(self, text: str) -> None:
        if 2 in self.fds:
            self.fds[2].write(f"{text}\n".encode("utf-8", "surrogateescape"))

    def fail(self, text: str, code: int = 1) -> int:
        """name: text on stderr; the exit code, to be returned."""
        self.error(f"{self.name}: {text}")
        return code

    def path(self, path: str) -> str:
        """Made absolute."""
        path = path if path.startswith("/") else f"{self.cwd.rstrip('/')}/{path}"
        return f"/proc/{self.pid}{path[10:]}" if path.startswith("/proc/self") else path

    def open(self, path: str, how: str = "<") -> OpenFile:
        """how: <, >, >> or <>. A path that names a descriptor (/dev/stdout, /proc/1/fd/1) shares it."""
        node = self.files.find(self.path(path))
        if isinstance(node, Descriptor):
            holder = self.space.processes.get(node.pid, self)
            return holder.fds[node.number].share() if node.number in holder.fds else OpenFile()
        return open_file(self.files, self.path(path), how)

    # --- time -----------------------------------------------------------------------------------------------------

    def sleep(self, seconds: float) -> Future:
        return self.clock.sleep(seconds)

    async def forever(self) -> None:
        await Future(self.clock)

    async def work(self, steps: int = 1) -> None:
        """Counts CPU time; a hundred steps make an event, and the longer a loop is busy the fewer (1% of its time each)."""
        if self.clock.now != self.rested:  # it has waited since: what came before was no busy loop
            self.rested, self.steps, self.busy = self.clock.now, 0, 0.0
        self.steps += steps
        if self.steps >= QUANTUM:
            work = max(self.steps * STEP, self.busy / 100)
            pause = self.container.run_for(work)
            self.steps, self.busy = 0, self.busy + work
            await self.clock.sleep(pause)
            self.rested = self.clock.now

    # --- memory ---------------------------------------------------------------------------------------------------

    def use_memory(self, size: int) -> None:
        """This process now holds `size` bytes. Over the container's limit all of it is killed (memory.oom.group)."""
        self.memory = size
        self.container.check_memory()
        if self.doomed is not None:
            raise Cancelled

    # --- network --------------------------------------------------------------------------------------------------

    def listen(self, port: int, bind: str = "0.0.0.0", handler: Callable[[Stream], Awaitable] | None = None,
               protocol: str = "TCP") -> Listener:
        """Takes connections until the process ends. With a handler each runs `await handler(stream)`, else accept() them."""
        accept = None if handler is None else lambda stream: self._serve(handler, stream)
        listener = self.container.runtime.network.listen(self.address, port, accept, protocol, bind)
        self.sockets.append(listener)
        return listener

    def _serve(self, handler: Callable[[Stream], Coroutine], stream: Stream) -> None:
        task = Thread(self.container, handler(stream))
        self.tasks[task] = stream
        task.add_done_callback(self._served)

    def _served(self, task: Task) -> None:
        stream = self.tasks.pop(task, None)
        if stream is not None:
            stream.close()
        error = task.error()
        if error is not None and not isinstance(error, (Cancelled, BrokenPipeError)):
            self._report(error)

    async def connect(self, host: str, port: int, protocol: str = "TCP") -> Stream:
        """host: a name or an address. LookupError for a bad name, else as Network.connect."""
        address = (await resolve(self, host))[0]
        stream = await self.container.runtime.network.connect(self.address, address, port, protocol)
        self.sockets.append(stream)
        return stream

    # --- other processes ------------------------------------------------------------------------------------------

    def executable(self, name: str) -> tuple[str, Node]:
        """The path and the file that PATH finds. FileNotFoundError, PermissionError."""
        search = self.env.get("PATH", "")
        return self.container.image.quick(name, search, self.container) or find_executable(self.files, self.cwd, search, name)

    def spawn(self, argv: list[str], env: dict[str, str] | None = None, fds: dict[int, OpenFile] | None = None,
              node: Node | None = None) -> Process:
        """Starts a child. FileNotFoundError, PermissionError; OSError EAGAIN with too many processes."""
        node = node or self.executable(argv[0])[1]
        return self.fork(lambda child: child.load(node), argv, env, fds)

    def fork(self, program: Program, argv: list[str], env: dict[str, str] | None = None,
             fds: dict[int, OpenFile] | None = None) -> Process:
        fds = self.fds if fds is None else fds
        child = Process(self.container, argv, self.env if env is None else env, {}, self.cwd, self)
        child.fds = {number: file.share() for number, file in fds.items()}
        child.user = self.user
        child.handlers = {name: handler for name, handler in self.handlers.items() if handler == "ignore"}
        return child.start(program(child))

    async def run(self, argv: list[str], **options: object) -> int:
        """Starts a child and waits for its exit code."""
        return await self.spawn(argv, **options).exit

    def load(self, node: Node) -> Coroutine:
        """The coroutine that runs a file as this process: an executable's program, or its interpreter's on a script."""
        if isinstance(node, Executable):
            self.memory = node.memory
            return node.program(self)
        first = node.read(0, 256).split(b"\n")[0].decode(errors="replace")
        if not first.startswith("#!"):
            raise fault(errno.ENOEXEC)
        interpreter = first[2:].split()
        self.argv = [*interpreter, *self.argv]
        return self.load(self.files.open(interpreter[0]))

    def start(self, coroutine: Coroutine) -> Process:
        self.task = Thread(self.container, coroutine)
        self.task.add_done_callback(self._ended)
        return self
