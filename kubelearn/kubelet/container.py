"""A container and the sandbox that it shares with the others of its pod.

Part of Kubernetes: what containerd keeps of each: state, log, processes, limits. A container ends with its first process,
which takes all others with it.
Leaves out: rotation of logs into several files (the oldest half goes when 10 MiB are full).
"""
from __future__ import annotations

import errno
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from kubelearn.filesystem import Filesystem, Mount, wanted
from kubelearn.kubelet.environment import host_name
from kubelearn.kubelet.files import OpenFile, ReadEnd, Sink, Terminal
from kubelearn.kubelet.images import ImageInfo
from kubelearn.kubelet.kernel import capabilities, control_files, device_files, process_files
from kubelearn.kubelet.process import Process, find_executable
from kubelearn.kubelet.signals import ProcessSpace
from kubelearn.streams import Pipe
from kubelearn.volumes import Directory, File, Node

if TYPE_CHECKING:
    from kubelearn.kubelet.runtime import Runtime

LOG_LIMIT = 10 << 20  # containerLogMaxSize
NODE_MEMORY = 256 << 20  # what a container without a limit may really hold in this process before the node runs out


class Sandbox:
    """What the containers of a pod share: address, host name, and when asked for, processes."""

    __slots__ = ("runtime", "id", "pod", "address", "host_network", "resolv_conf", "hostname", "containers", "ready", "space",
                 "pause", "on_stir")

    def __init__(self, runtime: Runtime, id: str, pod: dict, address: str, resolv_conf: str):
        spec = pod["spec"]
        self.runtime, self.id, self.pod, self.address, self.resolv_conf = runtime, id, pod, address, resolv_conf
        self.host_network = bool(spec.get("hostNetwork"))
        self.hostname = host_name(pod, runtime.node)[0]
        self.containers: list[Container] = []
        self.on_stir: list[Callable[[], object]] = []  # called whenever one of its processes goes on
        self.ready = True
        self.space = runtime.host if spec.get("hostPID") else None
        self.pause: Container | None = None
        if spec.get("shareProcessNamespace"):
            self.space = ProcessSpace()
            self.pause = Container(self, id, "POD", runtime.catalogue.pause, ["/pause"], {}, (), "/", space=self.space,
                                   user=(spec.get("securityContext") or {}).get("runAsUser"))
            self.pause.start()
            self.containers.remove(self.pause)

    def stir(self) -> None:
        for listener in self.on_stir:
            listener()


async def _cannot_exec(process: Process, error: OSError) -> int:
    text = "exec format error" if error.errno == errno.ENOEXEC else (error.strerror or "").lower()
    process.error(f"exec {process.argv[0]}: {text}")
    return 1


class Container:
    """state: created, running, exited. log: (time, "stdout" or "stderr", line with its newline); times are virtual seconds.

    on_log(entry) is called at each new log entry, for those who follow;
    on_output(stream name, bytes) at each write, for those who are attached.
    """

    __slots__ = (
        "sandbox", "runtime", "clock", "id", "name", "image", "argv", "env", "mounts", "workdir", "user", "memory_limit", "cpu_limit",
        "throttled_seconds", "read_only", "capabilities", "no_new_privileges", "space", "state", "started_at", "finished_at",
        "exit_code", "reason", "message", "log", "log_dropped", "log_size", "on_log", "on_output", "processes", "process",
        "cpu_seconds", "requests", "root", "input", "tty", "_files", "_random", "_partial",
    )

    def __init__(self, sandbox: Sandbox, id: str, name: str, image: ImageInfo, argv: list[str], env: dict[str, str], mounts: tuple,
                 workdir: str, user: int | str | None = None, group: int | None = None, groups: tuple[int, ...] = (),
                 memory: int | None = None, cpu: float | None = None, read_only: bool = False, stdin: bool = False, tty: bool = False,
                 space: ProcessSpace | None = None, security: dict | None = None):
        self.sandbox, self.runtime, self.clock = sandbox, sandbox.runtime, sandbox.runtime.clock
        self.id, self.name, self.image, self.argv, self.mounts, self.workdir = id, name, image, argv, mounts, workdir or "/"
        self.memory_limit, self.cpu_limit, self.read_only, self.tty = memory, cpu, read_only, tty
        self.capabilities = capabilities(security or {})
        self.no_new_privileges = (security or {}).get("allowPrivilegeEscalation") is False
        uid, gid = image.user_of(image.user if user is None else user)
        gid = gid if group is None else group
        self.user = (uid, gid, tuple(sorted({gid, *groups})))
        self.env = {**image.env, "HOSTNAME": sandbox.hostname, **env}
        self.env.setdefault("HOME", image.home_of(uid))
        self.space = space or sandbox.space or ProcessSpace()
        self.state, self.started_at, self.finished_at, self.exit_code, self.reason, self.message = "created", None, None, None, "", ""
        self.log: list[tuple[float, str, bytes]] = []
        self.log_dropped, self.log_size = 0, 0
        self.on_log: list[Callable[[tuple], object]] = []
        self.on_output: list[Callable[[str, bytes], object]] = []
        self.processes: list[Process] = []
        self.process: Process | None = None
        self.cpu_seconds, self.throttled_seconds, self.requests = 0.0, 0.0, 0  # requests: answered over HTTP, for pictures and autoscaling
        self.root: Directory | None = None  # its own layer, over the image's
        self.input = Pipe(self.clock) if stdin else None
        self._files: Filesystem | None = None
        self._random: Random | None = None
        self._partial: dict[str, bytes] = {}
        sandbox.containers.append(self)

    # --- files ----------------------------------------------------------------------------------------------------

    @property
    def files(self) -> Filesystem:
        """Made when first looked at: most containers of a large cluster never do."""
        if self._files is None:
            own = [("/proc", process_files(self)), ("/dev", device_files(self)), ("/etc/hostname", File(self.sandbox.hostname + "\n")),
                   ("/etc/resolv.conf", File(self.sandbox.resolv_conf)), ("/sys", control_files(self), True)]
            given = {mount[0] for mount in self.mounts}
            mounts = [Mount(*mount) for mount in (*(mount for mount in own if mount[0] not in given), *self.mounts)]
            tree, points = self.image.prepared((*wanted(mounts), (self.workdir, True)))
            self.root = Directory.over(tree)
            uid, gid, groups = self.user
            self._files = Filesystem(self.root, mounts, self.read_only, lambda: self.clock.now, uid, (gid, *groups), points,
                                     "CHOWN" in self.capabilities)
        return self._files

    @property
    def random(self) -> Random:
        """Its /dev/urandom: of its own, and the same in every run."""
        if self._random is None:
            self._random = self.clock.random(f"urandom/{self.id}")
        return self._random

    def untouched(self, path: str) -> bool:
        """Is what lies at this path still the image's own? Asked by programs that start ten thousand times alike."""
        return self._files is None and not any(
            mount[0].startswith(path) or path.startswith(mount[0].rstrip("/") + "/") for mount in self.mounts
        )

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """OSError when its program cannot be run."""
        found = self.image.quick(self.argv[0], self.env.get("PATH", ""), self)
        node = found[1] if found is not None else self._executable(self.argv[0])
        self.process = process = Process(self, self.argv, self.env, self._stdio(), self.workdir)
        self.started_at, self.state = self.clock.now, "running"
        try:
            program = process.load(node)
        except OSError as error:  # a script whose interpreter is not there: the container has started by then
            program = _cannot_exec(process, error)
        process.start(program)
        self.check_memory()

    def _stdio(self) -> dict[int, OpenFile]:
        source = ReadEnd(self.input) if self.input else OpenFile()
        if self.tty and self.input:
            terminal = Terminal(self.input, Sink(lambda data: self.write("stdout", data)), self.interrupt)
            return {0: terminal, 1: terminal.share(), 2: terminal.share()}
        if self.tty:
            shown = Sink(lambda data: self.write("stdout", data.replace(b"\n", b"\r\n")))
            return {0: source, 1: shown, 2: shown.share()}
        return {0: source, 1: Sink(lambda data: self.write("stdout", data)), 2: Sink(lambda data: self.write("stderr", data))}

    def interrupt(self, terminal: Terminal) -> None:
        """Ctrl-C: to all that read from this terminal."""
        for process in list(self.processes):
            if process.fds.get(0) is terminal:
                process.signal("INT")

    def launch(self, argv: list[str], fds: dict[int, OpenFile]) -> Process:
        """One more process beside the first: exec."""
        node = self._executable(argv[0])
        process = Process(self, argv, self.env, fds, self.workdir)
        return process.start(process.load(node))

    def _executable(self, name: str) -> Node:
        return find_executable(self.files, self.workdir, self.env.get("PATH", ""), name)[1]

    def process_ended(self, process: Process) -> None:
        self.processes.remove(process)
        if process is self.process:
            for other in list(self.processes):
                other.die(137, "KILL")
            self.exit(process.exit.result(), self.reason or ("Completed" if process.exit.result() == 0 else "Error"))

    def kill(self) -> None:
        """SIGKILL; a container that never ran is only marked."""
        if self.state == "running":
            self.process.die(137, "KILL")

    def exit(self, code: int, reason: str, message: str = "") -> None:
        for stream in list(self._partial):
            self._append(stream, self._partial.pop(stream))
        self.started_at = self.clock.now if self.started_at is None else self.started_at
        self.state, self.finished_at, self.exit_code, self.reason, self.message = "exited", self.clock.now, code, reason, message
        self.runtime.on_event(self)

    # --- what it uses ---------------------------------------------------------------------------------------------

    @property
    def memory(self) -> int:
        """Bytes that its processes hold."""
        return sum(process.memory for process in self.processes)

    def run_for(self, seconds: float) -> float:
        """Uses so much CPU time; how long that takes: with a limit below one CPU, longer, as the kernel throttles."""
        took = seconds / min(1.0, self.cpu_limit or 1.0)
        self.cpu_seconds += seconds
        self.throttled_seconds += took - seconds
        return took

    def check_memory(self) -> None:
        """Over its limit the kernel kills all of it."""
        limit = NODE_MEMORY if self.memory_limit is None else self.memory_limit
        if self.memory > limit:
            self.run_out()

    def run_out(self) -> None:
        if self.state == "running":
            self.reason = "OOMKilled"
            self.process.die(137, "KILL")

    def disk(self) -> int:
        """Bytes of its writable layer and its log."""
        return (self.root.usage() if self.root is not None else 0) + self.log_size

    # --- output ---------------------------------------------------------------------------------------------------

    def write(self, stream: str, data: bytes) -> None:
        """Output becomes log entries, one a line; what has no newline yet waits for it."""
        for listener in self.on_output:
            listener(stream, data)
        data = self._partial.pop(stream, b"") + data
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._append(stream, line + b"\n")
        if rest:
            self._partial[stream] = rest

    def _append(self, stream: str, line: bytes) -> None:
        entry = (self.clock.now, stream, line)
        self.log.append(entry)
        self.log_size += len(line)
        for listener in list(self.on_log):
            listener(entry)
        if self.log_size > LOG_LIMIT:
            half = len(self.log) // 2
            self.log_size -= sum(len(entry[2]) for entry in self.log[:half])
            self.log_dropped += half
            del self.log[:half]
