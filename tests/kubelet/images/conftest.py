"""A node with a runtime and nothing else, and containers on it."""
import pytest

from kubelearn.clock import Clock
from kubelearn.kubelet.runtime import Runtime
from kubelearn.network import Network


class Machine:
    def __init__(self):
        self.clock = Clock()
        self.network = Network(self.clock)
        self.network.add_node("node-1", "172.18.0.2", "10.244.0.0/24")
        self.runtime = Runtime("node-1", self.clock, self.network)

    def container(self, image="busybox:1.36", command=None, args=None, name="box", spec=None, sandbox=None, **options):
        """A started container of a pod of this name."""
        self.runtime.preload(image)
        sandbox = sandbox or self.runtime.run_sandbox({"metadata": {"name": name}, "spec": spec or {}})
        container = self.runtime.create_container(sandbox, "main", image, command, args, **options)
        self.runtime.start(container)
        self.clock.settle()
        return container

    def ended(self, *args, **options):
        """The container after its end."""
        container = self.container(*args, **options)
        assert self.clock.run(until=lambda: container.state == "exited", limit=3600)
        return container

    def exec(self, container, command, stdin=None):
        """(stdout, stderr, exit code) of a shell script or an argument list."""
        argv = ["sh", "-c", command] if isinstance(command, str) else command
        process = self.runtime.exec(container, argv, stdin=stdin is not None)
        if stdin is not None:
            process.input.write(stdin.encode())
            process.input.end()
        assert self.clock.run(until=process.exit.done, limit=3600), f"{command} does not end"
        return bytes(process.output.buffer).decode(), bytes(process.errors.buffer).decode(), process.exit.result()


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def box(machine):
    return machine.container(command=["sh", "-c", "exec sleep 36000"])
