"""Into a container: logs, exec, attach and port-forward, handed on to the kubelet of the pod's node.

Part of Kubernetes: pkg/registry/core/pod (strategy.go, rest/), apiserver's streaming proxy. Law 2: the kubelet is reached at port 10250
of its node's address. exec and attach speak v5.channel.k8s.io (or v4) in a WebSocket, whose messages are the kubelet's frames.
Leaves out: the older SPDY upgrade of exec.
"""
from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import closing, suppress

from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from kubelearn import errors
from kubelearn.apiserver import portforward, rbac, timestamps
from kubelearn.apiserver.calls import Call
from kubelearn.apiserver.httpproxy import HttpProxy
from kubelearn.apiserver.options import flag, number
from kubelearn.apiserver.sessions import TERMINAL, Waiter
from kubelearn.apiserver.tunnel import Tunnel, either, received
from kubelearn.apiserver.waiting import Pump

KUBELET = 10250
REMOTE = {"log": "get", "exec": "create", "attach": "create", "portforward": "create", "proxy": ""}  # subresource -> the verb it takes
CHANNELS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, CLOSE = 0, 255
CONTAINERS = {"containers": "", "initContainers": "init ", "ephemeralContainers": "ephemeral "}


class Remote:
    """The requests that end at a kubelet."""

    def __init__(self, registry, network, pump: Pump):
        self.registry, self.network, self.clock, self.pump = registry, network, registry.clock, pump
        self.proxy = HttpProxy(registry, network, pump)

    # --- finding the container --------------------------------------------------------------------------------------

    def _pod(self, call: Call) -> dict:
        info = call.info
        with self.clock.lock:
            self._authorize(call)
            return self.registry.get(info.resource, info.namespace, info.name)

    def _authorize(self, call: Call) -> None:
        rbac.authorize(self.registry, call.user.name, call.user.groups, call.info.action(REMOTE[call.info.subresource]))

    def _address(self, pod: dict) -> str:
        """Of the pod's node; ApiError where it has none."""
        node, name = pod["spec"].get("nodeName"), pod["metadata"]["name"]
        if not node:
            raise errors.bad_request(f"pod {name} does not have a host assigned")
        with self.clock.lock:
            found = self.registry.find(self.registry.resources.find("nodes"), "", node)
        addresses = (found or {}).get("status", {}).get("addresses") or ()
        address = next((entry["address"] for entry in addresses if entry["type"] == "InternalIP"), None)
        if address is None:
            raise errors.not_found("pods", node) if found is None else errors.internal("no preferred addresses found; known addresses: []")
        return address

    def _asking(self, call: Call, pod: dict, method: str) -> dict:
        info = call.info
        container = container_of(pod, call.query.get("container", ""))
        return {"method": method, "namespace": info.namespace, "pod": info.name, "container": container}

    async def _open(self, pod: dict, asking: dict, waiter: Waiter) -> Tunnel:
        """A tunnel to the pod's kubelet that has said yes."""
        tunnel, address = Tunnel(self.network, waiter), self._address(pod)
        try:
            await tunnel.open(address, KUBELET, asking)
        except OSError as error:
            reason = "connect: connection refused" if isinstance(error, ConnectionRefusedError) else "i/o timeout"
            raise errors.ApiError(500, "", f"error dialing backend: dial tcp {address}:{KUBELET}: {reason}") from None
        return tunnel

    # --- logs -------------------------------------------------------------------------------------------------------

    async def http(self, call: Call) -> Response:
        """What comes as plain HTTP: logs and what is handed on; the others need a WebSocket."""
        if call.info.subresource == "proxy":
            with self.clock.lock:
                self._authorize(call)
            return await self.proxy.answer(call)
        pod = self._pod(call)
        if call.info.subresource != "log":
            raise call.session.refusals.pop(_place(call), None) or errors.bad_request("Upgrade request required")
        asking = self._asking(call, pod, "logs") | log_options(call)
        if not pod["spec"].get("nodeName"):
            return Response(b"", media_type="text/plain")
        waiter = Waiter(call.session)
        with self.pump.waiting(waiter):
            tunnel = await self._open(pod, asking, waiter)
        lines = self._lines(tunnel, waiter, call.session.shift if asking.get("timestamps") else 0)
        return StreamingResponse(lines, media_type="text/plain", headers={"cache-control": "no-cache, private"})

    async def _lines(self, tunnel: Tunnel, waiter: Waiter, shift: float) -> AsyncIterator[bytes]:
        rest = b""
        with self.pump.waiting(waiter), closing(tunnel):
            while data := await tunnel.read():
                if shift:
                    *whole, rest = (rest + data).split(b"\n")
                    data = b"".join(moved_line(line, shift) + b"\n" for line in whole)
                if data:
                    yield data
            if rest:
                yield moved_line(rest, shift)

    # --- exec, attach, port-forward ---------------------------------------------------------------------------------

    async def websocket(self, call: Call, socket: WebSocket) -> None:
        """ApiError where it is refused; kubectl then tries the older way and shall hear the same again."""
        try:
            await self._websocket(call, socket)
        except errors.ApiError as error:
            call.session.refusals[_place(call)] = error
            raise

    async def _websocket(self, call: Call, socket: WebSocket) -> None:
        pod, offered = self._pod(call), socket.scope.get("subprotocols") or []
        if call.info.subresource == "portforward":
            return await self._forward(call, pod, socket, offered)
        protocol = next((name for name in CHANNELS if name in offered), None)
        if protocol is None:
            raise errors.bad_request(f"unable to upgrade: unable to negotiate protocol: client supports [{' '.join(offered)}], "
                                     f"server accepts [{' '.join(CHANNELS)}]")
        typed = bool(flag(call.query, "stdin"))
        asking = self._asking(call, pod, call.info.subresource)
        asking |= {"command": call.query.getlist("command"), "stdin": typed, "tty": bool(flag(call.query, "tty")),
                   "stderr": bool(flag(call.query, "stderr"))}
        waiter = Waiter(call.session, typed, TERMINAL)
        with self.pump.waiting(waiter), closing(await self._open(pod, asking, waiter)) as tunnel:
            waiter.asked()
            await socket.accept(protocol)
            try:
                await either(self._outward(tunnel, socket), self._inward(tunnel, socket, waiter))
            finally:
                with suppress(RuntimeError, WebSocketDisconnect):  # the client was quicker
                    await socket.close()

    async def _outward(self, tunnel: Tunnel, socket: WebSocket) -> None:
        """The kubelet's frames as messages."""
        buffer = bytearray()
        while data := await tunnel.read():
            buffer += data
            while len(buffer) >= 5 and len(buffer) >= 5 + (size := struct.unpack_from(">I", buffer, 1)[0]):
                await socket.send_bytes(bytes(buffer[:1] + buffer[5:5 + size]))
                del buffer[:5 + size]

    async def _inward(self, tunnel: Tunnel, socket: WebSocket, waiter: Waiter) -> None:
        """Messages as frames for the kubelet."""
        while (message := await received(socket)) is not None:
            if message:
                tunnel.write(message[:1] + struct.pack(">I", len(message) - 1) + message[1:])
                if message == bytes([CLOSE, STDIN]):
                    waiter.hurry()

    async def _forward(self, call: Call, pod: dict, socket: WebSocket, offered: list[str]) -> None:
        asking = {"method": "portforward", "namespace": call.info.namespace, "pod": call.info.name}
        self._address(pod)
        serve = portforward.spdy if portforward.SPDY in offered else portforward.channels
        protocol = portforward.SPDY if serve is portforward.spdy else next((name for name in CHANNELS if name in offered), None)
        if protocol is None:
            raise errors.bad_request("unable to upgrade: unable to negotiate protocol")
        ports = [int(port) for value in call.query.getlist("ports") for port in value.split(",") if port.isdigit()]
        waiter = Waiter(call.session, conversation=True)

        async def connect(port: int) -> Tunnel:
            waiter.asked()
            try:
                return await self._open(pod, {**asking, "port": port}, waiter)
            finally:
                waiter.answered()
        await socket.accept(protocol)
        with self.pump.waiting(waiter):
            await serve(socket, connect, ports)


def _place(call: Call) -> str:
    return f"{call.info.namespace}/{call.info.name}/{call.info.subresource}"


def container_of(pod: dict, wanted: str) -> str:
    """The container that is meant; ApiError 400 with its choice where that is not clear."""
    names = {kind: [c["name"] for c in pod["spec"].get(kind) or ()] for kind in CONTAINERS}
    if wanted:
        if not any(wanted in each for each in names.values()):
            raise errors.bad_request(f"container {wanted} is not valid for pod {pod['metadata']['name']}")
        return wanted
    if len(names["containers"]) == 1:
        return names["containers"][0]
    text = f"a container name must be specified for pod {pod['metadata']['name']}, choose one of: [{' '.join(names.pop('containers'))}]"
    for kind, each in names.items():
        text += f" or one of the {CONTAINERS[kind]}containers: [{' '.join(each)}]" if each else ""
    raise errors.bad_request(text)


def log_options(call: Call) -> dict:
    """PodLogOptions in the kubelet's words; what the query does not say is left out."""
    query = call.query
    since = query.get("sinceTime")
    options = {
        "follow": flag(query, "follow"), "previous": flag(query, "previous"), "timestamps": flag(query, "timestamps"),
        "tail": number(query, "tailLines"), "since": number(query, "sinceSeconds"), "limitBytes": number(query, "limitBytes"),
        "sinceTime": since and timestamps.inbound(since, timestamps.TIME, call.session.shift), "stream": query.get("stream")}
    return {key: value for key, value in options.items() if value is not None}


def moved_line(line: bytes, shift: float) -> bytes:
    """A log line that begins with its time."""
    time, space, rest = line.partition(b" ")
    moved = timestamps.move(time.decode("ascii", "replace"), timestamps.MICRO_TIME, shift) if space else ""
    return moved[:-1].encode() + b"000Z" + space + rest if moved.endswith("Z") else line
