"""The kubelet's door: logs, exec, attach and port-forward for the API server, at the node's port 10250.

Part of Kubernetes: pkg/kubelet/server and the CRI streaming server. One request a connection: a line of JSON asks, a line of
JSON answers (200 or a Status), then bytes flow: of a log and a forwarded port as they are, of commands in frames of one
byte channel, four bytes length (big-endian) and data, which are the messages of v5.channel.k8s.io.
Leaves out: TLS and authentication between API server and kubelet, /metrics, checkpoints.
"""
from __future__ import annotations

import json
import struct
from collections.abc import Callable

from kubelearn.errors import ApiError, bad_request, internal, not_found
from kubelearn.kubelet.container import Container
from kubelearn.kubelet.container_status import status_of
from kubelearn.kubelet.lifecycle import ended
from kubelearn.kubelet.logs import LogReader, container_of, run_to_read
from kubelearn.kubelet.runtime import ExecError
from kubelearn.streams import Pipe, Stream

PORT = 10250
STDIN, STDOUT, STDERR, ERROR, CLOSE = 0, 1, 2, 3, 255


class Server:
    def __init__(self, kubelet):
        self.kubelet, self.clock, self.listener = kubelet, kubelet.clock, None
        self.methods = {"logs": self.logs, "exec": self.exec, "attach": self.attach, "portforward": self.port_forward}

    def start(self) -> None:
        self.listener = self.kubelet.network.listen(self.kubelet.address, PORT, lambda stream: self.clock.spawn(self._serve(stream)))

    def stop(self) -> None:
        if self.listener is not None:
            self.listener.close()

    async def _serve(self, stream: Stream) -> None:
        try:
            request = json.loads(await stream.read_line() or b"{}")
            await self.methods[request["method"]](request, stream)
        except ApiError as error:
            _answer(stream, error.status())
        except (KeyError, ValueError) as error:
            _answer(stream, bad_request(f"the request is not understood: {error!r}").status())
        except BrokenPipeError:
            return  # whoever asked has gone
        finally:
            stream.close()

    # --- finding a container --------------------------------------------------------------------------------------

    def _pod(self, request: dict):
        """(worker, its containers in the runtime); ApiError NotFound."""
        for worker in self.kubelet.workers.all.values():
            metadata = worker.pod["metadata"]
            if metadata["name"] == request["pod"] and metadata["namespace"] == request["namespace"]:
                return worker, self.kubelet.runtime.pods.get(worker.uid)
        raise not_found("pods", request["pod"])

    def _spec(self, request: dict) -> dict:
        spec = self._pod(request)[0].pod["spec"]
        containers = [c for key in ("containers", "initContainers", "ephemeralContainers") for c in spec.get(key) or ()]
        return next(c for c in containers if c["name"] == request["container"])

    def _running(self, request: dict, otherwise: str) -> Container:
        """ApiError in the words of `otherwise`, to which kubectl adds that it could not upgrade its connection."""
        instance = self.kubelet.runtime.newest(self._pod(request)[0].uid, request["container"])
        if instance is None or instance.container.state != "running":
            raise ApiError(500, "InternalError", otherwise.format(**request))
        return instance.container

    # --- answers --------------------------------------------------------------------------------------------------

    async def logs(self, request: dict, stream: Stream) -> None:
        worker, here = self._pod(request)
        run = run_to_read(request, status_of(worker.status, request["container"]))
        container = container_of(here, request["container"], run)
        _answer(stream)
        if container is None:
            stream.write(f"unable to retrieve container logs for {run}".encode())
            return
        await LogReader(container, request).send(stream)

    async def exec(self, request: dict, stream: Stream) -> None:
        """request: command, stdin, tty. What keeps it from starting is told on the error channel, after the answer."""
        container = self._running(request, 'container not found ("{container}")')
        _answer(stream)
        try:
            process = self.kubelet.runtime.runtime.exec(container, request["command"], bool(request.get("stdin")), bool(request.get("tty")))
        except ExecError as error:
            _frame(stream, ERROR, internal(f"Internal error occurred: error executing command in container: {error}").status())
            return
        hands = [self.clock.spawn(self._give(stream, STDOUT, process.output))]
        if process.errors is not None:
            hands.append(self.clock.spawn(self._give(stream, STDERR, process.errors)))
        listening = self.clock.spawn(self._take(stream, process.input, lambda: process.die(137, "KILL")))
        code = await process.exit
        for hand in hands:
            await hand
        _frame(stream, ERROR, exit_status(code))
        listening.cancel()

    async def attach(self, request: dict, stream: Stream) -> None:
        """The container's own output from now on, and if it has one, its input."""
        container = self._running(request, "container {container} not found in pod {pod}_{namespace}")
        if container.tty and request.get("stderr"):
            raise ApiError(500, "InternalError", "rpc error: code = InvalidArgument desc = tty and stderr cannot both be true")
        _answer(stream)
        listener = lambda source, data: _frame(stream, STDOUT if source == "stdout" else STDERR, data)  # noqa: E731
        container.on_output.append(listener)
        typed, once = container.input if request.get("stdin") else None, self._spec(request).get("stdinOnce")
        hung_up = self.clock.future()
        listening = self.clock.spawn(self._take(stream, typed, lambda: hung_up.set_result(None), bool(once)))
        ended(container).add_done_callback(lambda _: hung_up.set_result(None))
        await hung_up
        container.on_output.remove(listener)
        if container.state != "running":
            _frame(stream, ERROR, exit_status(0))
        listening.cancel()

    async def port_forward(self, request: dict, stream: Stream) -> None:
        """request: port. Bytes both ways, to whoever listens at it inside the pod."""
        _, here = self._pod(request)
        if here is None or here.sandbox is None or not here.sandbox.ready:
            raise internal(f"pod not running: {request['pod']}")
        address, port = here.sandbox.address, int(request["port"])
        try:
            inner = await self.kubelet.network.connect(address, "127.0.0.1", port)
        except OSError as error:
            raise internal(f"error forwarding port {port} to pod {here.sandbox.id}, uid : failed to connect to localhost:{port} inside "
                           f"namespace, IPv4: dial tcp4 127.0.0.1:{port}: connect: {str(error).lower()}") from error
        _answer(stream)
        back = self.clock.spawn(_copy(inner, stream))
        await _copy(stream, inner)
        await back
        inner.close()

    # --- bytes ----------------------------------------------------------------------------------------------------

    async def _give(self, stream: Stream, channel: int, pipe: Pipe) -> None:
        while data := await pipe.read():
            _frame(stream, channel, data)
            await stream.drain()

    async def _take(self, stream: Stream, typed: Pipe | None, hung_up: Callable[[], object], ends: bool = True) -> None:
        """Frames from the other side: what is typed, and that no more will be, which is the input's end where it ends with them."""
        while len(head := await stream.read_exactly(5)) == 5:
            channel, size = struct.unpack(">BI", head)
            data = await stream.read_exactly(size)
            if typed is None or typed.ended or typed.broken:
                continue
            if channel == STDIN:
                typed.write(data)
                await typed.drain()
            elif ends and channel == CLOSE and data[:1] == bytes([STDIN]):
                typed.end()
        hung_up()


def _answer(stream: Stream, status: dict | None = None) -> None:
    stream.write(json.dumps(status or {"code": 200}).encode() + b"\n")


def _frame(stream: Stream, channel: int, data: bytes | dict) -> None:
    """A closed connection is no error of the container's."""
    data = json.dumps(data).encode() if isinstance(data, dict) else data
    if not stream.outgoing.broken:
        stream.write(struct.pack(">BI", channel, len(data)) + data)


def exit_status(code: int) -> dict:
    """The Status that ends a command."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


async def _copy(source: Stream, target: Stream) -> None:
    while data := await source.read():
        if target.outgoing.broken:
            break
        target.write(data)
        await target.drain()
    if not target.outgoing.ended:
        target.close_write()
