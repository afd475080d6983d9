"""Byte streams on the virtual clock: the one thing that exec, attach, logs, probes, port-forward, DNS and HTTP are made of.

Part of Kubernetes: none; it stands in for the kernel's pipes and sockets. Law 4: a reader waits without an event.
Leaves out: urgent data, half a connection reset.
"""
from __future__ import annotations

from kubelearn.clock import Clock
from kubelearn.tasks import Future

HIGH_WATER = 65_536  # bytes in a pipe before drain() waits, as in Linux


class Pipe:
    """One direction of bytes: write never waits, read waits for bytes or the end, drain waits for a reader."""

    __slots__ = ("clock", "buffer", "ended", "broken", "_reader", "_writer")

    def __init__(self, clock: Clock):
        self.clock, self.buffer, self.ended, self.broken = clock, bytearray(), False, False
        self._reader: Future | None = None
        self._writer: Future | None = None

    def write(self, data: bytes) -> None:
        """BrokenPipeError once nobody can read it any more."""
        if self.broken or self.ended:
            raise BrokenPipeError("Broken pipe")
        self.buffer += data
        self._wake("_reader")

    async def drain(self) -> None:
        while len(self.buffer) > HIGH_WATER and not self.broken:
            await self._wait("_writer")

    async def read(self, n: int = 65_536) -> bytes:
        """At most n bytes, b"" at the end."""
        while not self.buffer and not self.ended and n:
            await self._wait("_reader")
        data = bytes(self.buffer[:n])
        del self.buffer[:n]
        if self._writer is not None:
            self._wake("_writer")
        return data

    async def read_all(self) -> bytes:
        data = bytearray()
        while chunk := await self.read():
            data += chunk
        return bytes(data)

    def end(self) -> None:
        """No more will be written."""
        self.ended = True
        self._wake("_reader")

    def abandon(self) -> None:
        """No more will be read."""
        self.broken = True
        self.buffer.clear()
        self._wake("_writer")

    async def _wait(self, side: str) -> None:
        future = getattr(self, side)
        if future is None or future.done():
            future = Future(self.clock)
            setattr(self, side, future)
        await future

    def _wake(self, side: str) -> None:
        future = getattr(self, side)
        if future is not None:
            setattr(self, side, None)
            future.set_result(None)


class Stream:
    """One end of a connection. `peer` and `local` are "address:port"; `hops` says which way it came, for pictures."""

    __slots__ = ("incoming", "outgoing", "local", "peer", "hops")

    def __init__(self, incoming: Pipe, outgoing: Pipe, local: str = "", peer: str = "", hops: tuple = ()):
        self.incoming, self.outgoing, self.local, self.peer, self.hops = incoming, outgoing, local, peer, hops

    async def read(self, n: int = 65_536) -> bytes:
        return await self.incoming.read(n)

    async def read_line(self) -> bytes:
        """Up to and with the next newline; what there is at the end."""
        return await self.read_until(b"\n")

    async def read_until(self, mark: bytes, limit: int = 1 << 20) -> bytes:
        data = bytearray()
        while mark not in data and len(data) < limit:
            chunk = await self.incoming.read()
            if not chunk:
                return bytes(data)
            data += chunk
        end = data.find(mark) + len(mark) if mark in data else len(data)
        self.incoming.buffer[:0] = data[end:]
        return bytes(data[:end])

    async def read_exactly(self, n: int) -> bytes:
        """Fewer only at the end."""
        data = bytearray()
        while len(data) < n and (chunk := await self.incoming.read(n - len(data))):
            data += chunk
        return bytes(data)

    async def read_all(self) -> bytes:
        return await self.incoming.read_all()

    def write(self, data: bytes) -> None:
        self.outgoing.write(data)

    async def drain(self) -> None:
        await self.outgoing.drain()

    def close_write(self) -> None:
        self.outgoing.end()

    def close(self) -> None:
        self.outgoing.end()
        self.incoming.abandon()


def stream_pair(clock: Clock, client: str = "", server: str = "", hops: tuple = ()) -> tuple[Stream, Stream]:
    """Two connected ends."""
    there, back = Pipe(clock), Pipe(clock)
    return Stream(back, there, client, server, hops), Stream(there, back, server, client, hops)
