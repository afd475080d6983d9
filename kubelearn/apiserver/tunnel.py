"""One byte stream from the server's event loop into the cluster's network: to a kubelet, or to a node's port.

Part of Kubernetes: the API server's dialers. Law 2: a kubelet is reached at its address and in no other way. The inner end runs
on the virtual clock under the lock, the outer end in the event loop; bytes cross in both directions without either waiting
for the other, but a writer inside that is far ahead of its reader outside.
"""
from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from kubelearn import errors
from kubelearn.apiserver.sessions import Waiter

SOURCE = "10.99.0.1"  # the control plane's own address
HIGH_WATER = 1 << 20  # bytes on their way out


class Tunnel:
    """open() first; then read(), write(), close_write(), close()."""

    def __init__(self, network, waiter: Waiter):
        self.network, self.clock, self.waiter = network, network.clock, waiter
        self._loop, self._news = asyncio.get_running_loop(), asyncio.Event()
        self._queue: deque = deque()
        self._size, self._room, self._stream, self._task = 0, None, None, None

    async def open(self, address: str, port: int, request: dict | None = None, source: str = SOURCE) -> None:
        """Connects; with a request, asks a kubelet and raises its refusal as ApiError. OSError where nobody listens."""
        with self.clock.lock:
            self._task = self.clock.spawn(self._carry(address, port, request, source))
            self.clock.settle()
        answer = await self._next()
        if isinstance(answer, OSError):
            raise answer
        if answer.get("code", 200) != 200:
            raise errors.ApiError.from_status(answer)

    async def _carry(self, address: str, port: int, request: dict | None, source: str) -> None:
        """On the virtual clock: everything that comes out, to the other side."""
        try:
            stream = await self.network.connect(source, address, port)
            if request is not None:
                stream.write(json.dumps(request).encode() + b"\n")
                self._put(json.loads(await stream.read_line() or b'{"code": 500, "message": "the kubelet hung up"}'))
            else:
                self._put({})
        except OSError as error:
            return self._put(error)
        self._stream = stream
        while data := await stream.read():
            self._put(data)
            while self._size > HIGH_WATER:
                self._room = self.clock.future()
                await self._room
        self._put(b"")

    def _put(self, what: object) -> None:
        if isinstance(what, bytes):
            self._size += len(what)
            self.waiter.told()
        self._queue.append(what)
        with suppress(RuntimeError):  # the server has just ended
            self._loop.call_soon_threadsafe(self._news.set)

    async def _next(self) -> object:
        while not self._queue:
            self._news.clear()
            if not self._queue:
                await self._news.wait()
        return self._queue.popleft()

    async def read(self) -> bytes:
        """Some bytes; b"" at the end."""
        data = await self._next()
        self._size -= len(data)
        if self._room is not None and self._size < HIGH_WATER // 2:
            room, self._room = self._room, None
            with self.clock.lock:
                room.set_result(None)
                self.clock.settle()
        return data

    def write(self, data: bytes) -> None:
        self.waiter.asked()
        self._with_stream(lambda stream: stream.write(data))

    def close_write(self) -> None:
        self._with_stream(lambda stream: stream.close_write())

    async def carry(self, typed: Callable, told: Callable[[bytes], object], drained: Callable | None = None) -> None:
        """Both ways at once, until nothing more comes out: what typed() answers goes in until it is empty, what comes out is told."""
        async def write() -> None:
            while data := await typed():
                self.write(data)
            self.close_write()
        writing = asyncio.create_task(write())
        try:
            while data := await self.read():
                told(data)
                if drained is not None:
                    await drained()
        finally:
            writing.cancel()

    def _with_stream(self, action: Callable) -> None:
        with self.clock.lock:
            if self._stream is not None and not self._stream.outgoing.ended:
                try:
                    action(self._stream)
                except BrokenPipeError:
                    return
                self.clock.settle()

    def close(self) -> None:
        with self.clock.lock:
            if self._stream is not None:
                self._stream.close()
            if self._task is not None:
                self._task.cancel()
            self.clock.settle()


async def received(socket: WebSocket) -> bytes | None:
    """One message; None when the client has gone."""
    try:
        message = await socket.receive()
    except (WebSocketDisconnect, RuntimeError):
        return None
    if message["type"] != "websocket.receive":
        return None
    return message.get("bytes") or (message.get("text") or "").encode()


async def either(*work: Coroutine) -> None:
    """Until the first of them ends; the others are ended then."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
