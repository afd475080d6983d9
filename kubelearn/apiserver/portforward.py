"""Forwarded ports: each connection that a client takes on its side becomes a tunnel to the pod's port.

Part of Kubernetes: pkg/kubelet/portforward (httpstream.go, websocket.go). kubectl opens pairs of SPDY streams (error and data) inside a
WebSocket; the Python client has two channels for each port and one connection.
"""
from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from contextlib import closing

from starlette.websockets import WebSocket

from kubelearn.apiserver.spdy import Session, SpdyError
from kubelearn.apiserver.tunnel import Tunnel, either, received
from kubelearn.errors import ApiError

SPDY = "SPDY/3.1+portforward.k8s.io"
LINGER = 0.1  # real seconds before the end: the Python client throws away what it has not yet handed on when its WebSocket closes
Connect = Callable[[int], Awaitable[Tunnel]]


class Connection:
    """One connection to a port: bytes from the client wait in a queue until the tunnel is there."""

    def __init__(self, connect: Connect, port: int, send: Callable[[bytes, bool], None], fail: Callable[[str], None]):
        self.connect, self.port, self.send, self.fail = connect, port, send, fail
        self.typed: asyncio.Queue[bytes] = asyncio.Queue()
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            tunnel = await self.connect(self.port)
        except ApiError as error:
            self.fail(error.message.removeprefix("Internal error occurred: "))
            return self.send(b"", True)
        with closing(tunnel):
            await tunnel.carry(self.typed.get, lambda data: self.send(data, False))
            self.fail("")
            self.send(b"", True)


async def spdy(socket: WebSocket, connect: Connect, ports: list[int]) -> None:
    """Serves SPDY inside the socket's messages until the client goes."""
    outgoing: asyncio.Queue[bytes] = asyncio.Queue()
    error_streams: dict[tuple[str, str], int] = {}  # (request, port) -> the stream that errors are told on
    connections: dict[int, Connection] = {}

    def on_stream(number: int, headers: dict[str, str]) -> None:
        session.reply(number)
        key = (headers.get("requestid", ""), headers.get("port", "0"))
        if headers.get("streamtype") == "error":
            error_streams[key] = number
            return
        fail = error_streams.pop(key, 0)
        connections[number] = Connection(connect, int(key[1]) if key[1].isdigit() else 0, lambda data, end: session.data(number, data, end),
                                         lambda text: session.data(fail, text.encode(), True))

    def on_data(number: int, data: bytes, end: bool) -> None:
        if number in connections:
            for part in [data] * bool(data) + [b""] * end:
                connections[number].typed.put_nowait(part)

    def on_reset(number: int) -> None:
        if number in connections:
            connections.pop(number).task.cancel()
    session = Session(outgoing.put_nowait, on_stream, on_data, on_reset)
    try:
        await either(_send(socket, outgoing), _feed(socket, session))
    finally:
        await _end(connections)


async def _send(socket: WebSocket, outgoing: asyncio.Queue[bytes]) -> None:
    while True:
        await socket.send_bytes(await outgoing.get())
        outgoing.task_done()


async def _feed(socket: WebSocket, session: Session) -> None:
    while (message := await received(socket)) is not None:
        try:
            session.feed(message)
        except (SpdyError, struct.error):
            return


async def _end(connections: dict[int, Connection]) -> None:
    for connection in connections.values():
        connection.task.cancel()
    await asyncio.gather(*(connection.task for connection in connections.values()), return_exceptions=True)


async def channels(socket: WebSocket, connect: Connect, ports: list[int]) -> None:
    """Two channels for each port: 2n for data, 2n + 1 for errors; each begins with the port's number."""
    outgoing: asyncio.Queue[bytes] = asyncio.Queue()
    connections = {}
    for index, port in enumerate(ports):
        for channel in (2 * index, 2 * index + 1):
            outgoing.put_nowait(bytes([channel]) + struct.pack("<H", port))
        connections[2 * index] = Connection(connect, port, lambda data, end, c=2 * index: data and outgoing.put_nowait(bytes([c]) + data),
                                            lambda text, c=2 * index + 1: text and outgoing.put_nowait(bytes([c]) + text.encode()))
    try:
        await either(_send(socket, outgoing), _type(socket, connections), _all_done(connections, outgoing))
    finally:
        await _end(connections)


async def _type(socket: WebSocket, connections: dict[int, Connection]) -> None:
    while (message := await received(socket)) is not None:
        if message and message[0] in connections:
            connections[message[0]].typed.put_nowait(message[1:])


async def _all_done(connections: dict[int, Connection], outgoing: asyncio.Queue[bytes]) -> None:
    await asyncio.gather(*(connection.task for connection in connections.values()), return_exceptions=True)
    await outgoing.join()
    await asyncio.sleep(LINGER)
