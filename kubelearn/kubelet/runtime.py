"""The container runtime of one node: images, sandboxes, containers and the commands run in them.

Part of Kubernetes: containerd with runc, behind the kubelet. Law 8: what it says of failures is containerd's and runc's
wording. It knows nothing of pods' specs beyond what CRI would be told, and keeps its containers while a kubelet is away.
Leaves out: snapshots, checkpointing, several processes of a container sharing its CPU limit.
"""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from kubelearn.clock import Clock
from kubelearn.kubelet.container import Container, Sandbox
from kubelearn.kubelet.files import ReadEnd, Terminal, WriteEnd
from kubelearn.kubelet.images import ImageError, ImageInfo, catalogue
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.signals import ProcessSpace
from kubelearn.network import Network
from kubelearn.streams import Pipe
from kubelearn.tasks import Future

PULL_LATENCY, PULL_SPEED = 0.3, 200e6  # seconds for the manifest, bytes a second for the layers
CREATE_FAILED = ("failed to create containerd task: failed to create shim task: OCI runtime create failed: "
                 "runc create failed: unable to start container process: ")
EXEC_FAILED = (
    'failed to exec in container: failed to start exec "{}": OCI runtime exec failed: exec failed: unable to start container process: '
)


class StartError(Exception):
    """A container that could not start."""


class ExecError(Exception):
    """A command that could not start in a running container."""


def host_ports(pod: dict, node: str, address: str) -> dict[tuple[str, int, str], tuple[str, int]]:
    """What arrives at which of the node's ports goes to which of the pod's. The CNI plugin portmap."""
    ports = [port for container in pod["spec"].get("containers") or () for port in container.get("ports") or () if "hostPort" in port]
    return {(port.get("hostIP") or node, port["hostPort"], port.get("protocol", "TCP")): (address, port["containerPort"]) for port in ports}


class Runtime:
    """containerd on one node. on_event(container) is called at each start and end of a container."""

    def __init__(self, node: str, clock: Clock, network: Network):
        self.node, self.clock, self.network, self.catalogue = node, clock, network, catalogue
        self.images: dict[str, ImageInfo] = {}  # on this node, by full name
        self.sandboxes: dict[str, Sandbox] = {}
        self.containers: dict[str, Container] = {}
        self.host = ProcessSpace(1 << 22)  # what the node itself sees
        self.host.last = 1_200  # the node's own processes came first
        self.on_event: Callable[[Container], object] = lambda container: None
        self._ids = 0

    def new_id(self, name: str) -> str:
        """64 hex digits, the same in every run."""
        self._ids += 1
        return hashlib.sha256(f"{self.clock.seed}/{self.node}/{name}/{self._ids}".encode()).hexdigest()

    # --- images ---------------------------------------------------------------------------------------------------

    def image(self, reference: str) -> ImageInfo | None:
        """The image if it is on this node. ImageError for a name that cannot be one."""
        image = self.images.get(self.catalogue.normalize(reference))
        return None if image is None else self.catalogue.newest(image)

    def preload(self, *references: str) -> None:
        """Puts images on the node without a pull, as a node image comes with some."""
        for reference in references:
            image = self.catalogue.find(reference)
            self.images[image.name] = image

    def pull(self, reference: str) -> Future:
        """A Future of ImageInfo, after the time that its size takes; ImageError in containerd's wording."""
        future = self.clock.future()
        try:
            image = self.catalogue.find(reference)
        except ImageError as error:
            self.clock.call_later(PULL_LATENCY / 10, future.set_exception, error)
            return future
        layers = 0 if image.name in self.images else image.size  # of layers that are here only the manifest is asked for
        self.clock.call_later(PULL_LATENCY / 10 if not layers else PULL_LATENCY + layers / PULL_SPEED, self._pulled, image, future)
        return future

    def _pulled(self, image: ImageInfo, future: Future) -> None:
        self.images[image.name] = image
        future.set_result(image)

    # --- sandboxes ------------------------------------------------------------------------------------------------

    def run_sandbox(self, pod: dict, resolv_conf: str = "") -> Sandbox:
        """The pod's network and process space. OSError when no address is left."""
        host = bool(pod["spec"].get("hostNetwork"))
        address = self.network.nodes[self.node] if host else self.network.allocate(self.node)
        sandbox = Sandbox(self, self.new_id(pod["metadata"]["name"]), pod, address, resolv_conf)
        self.sandboxes[sandbox.id] = sandbox
        self.network.host_ports |= {} if host else host_ports(pod, self.network.nodes[self.node], address)
        return sandbox

    def stop_sandbox(self, sandbox: Sandbox) -> None:
        """Kills what still runs in it and gives its address back."""
        for container in list(sandbox.containers):
            container.kill()
        if sandbox.ready:
            if sandbox.pause is not None:
                sandbox.pause.kill()
            sandbox.ready = False
            if not sandbox.host_network:
                for key in host_ports(sandbox.pod, self.network.nodes[self.node], sandbox.address):
                    self.network.host_ports.pop(key, None)
                self.network.release(sandbox.address)

    def remove_sandbox(self, sandbox: Sandbox) -> None:
        self.stop_sandbox(sandbox)
        for container in list(sandbox.containers):
            self.remove_container(container)
        self.sandboxes.pop(sandbox.id, None)

    # --- containers -----------------------------------------------------------------------------------------------

    def create_container(self, sandbox: Sandbox, name: str, image: ImageInfo | str, command: list[str] | None = None,
                         args: list[str] | None = None, env: dict[str, str] | None = None, mounts: Iterable = (),
                         workdir: str = "", **options: object) -> Container:
        """options: user, group, groups, memory (limit in bytes), cpu (limit in CPUs),
        read_only, security (a securityContext), stdin, tty, space (of another container)."""
        if isinstance(image, str):
            image = self.image(image)
        container = Container(sandbox, self.new_id(name), name, image, image.argv(command, args), env or {}, tuple(mounts),
                              workdir or image.workdir, **options)
        self.containers[container.id] = container
        return container

    def start(self, container: Container) -> None:
        """StartError leaves the container exited with that reason."""
        try:
            container.start()
        except OSError as error:
            text = CREATE_FAILED + why_not(container.argv[0], error)
            container.exit(128, "StartError", text)
            raise StartError(text) from error
        self.on_event(container)

    def stop(self, container: Container, signal: str = "TERM") -> None:
        """Sends the signal to the container's first process; whether it ends is its own affair."""
        if container.state == "running":
            container.process.signal(container.image.stop_signal if signal == "TERM" else signal, outside=True)

    def remove_container(self, container: Container) -> None:
        container.kill()
        self.containers.pop(container.id, None)
        if container in container.sandbox.containers:
            container.sandbox.containers.remove(container)

    # --- exec -----------------------------------------------------------------------------------------------------

    def exec(self, container: Container, argv: list[str], stdin: bool = False, tty: bool = False) -> Process:
        """Starts a command in a running container. The process's `input` (None without stdin), `output` and `errors` (None
        with tty) are Pipes: write to the first and end() it, read the others to their ends; then await its `exit`."""
        if container.state != "running":
            raise ExecError(f"failed to exec in container: container {container.id[:12]} is in state {container.state.upper()}")
        typed, output, errors = Pipe(self.clock), Pipe(self.clock), None if tty else Pipe(self.clock)
        fds = {0: Terminal(typed, output, container.interrupt)} if tty else {0: ReadEnd(typed), 1: WriteEnd(output), 2: WriteEnd(errors)}
        if tty:
            fds |= {1: fds[0].share(), 2: fds[0].share()}
        if not stdin:
            typed.end()
        try:
            process = container.launch(argv, fds)
        except OSError as error:
            raise ExecError(EXEC_FAILED.format(self.new_id("exec")) + why_not(argv[0], error)) from error
        process.input, process.output, process.errors = typed if stdin else None, output, errors
        return process


def why_not(program: str, error: OSError) -> str:
    """What runc says when a program cannot be run."""
    if isinstance(error, FileNotFoundError):
        return f'exec: "{program}": ' + (f"stat {program}: no such file or directory" if "/" in program
                                         else "executable file not found in $PATH")
    return f'exec: "{program}": {error.strerror.lower()}'
