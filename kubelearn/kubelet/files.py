"""Open files: what a process's file descriptors lead to.

Part of Kubernetes: the kernel's file descriptions under a container's processes. Several processes may hold one; it is
closed when the last lets go, so a reader sees the end of a pipe exactly when every writer is gone.
Leaves out: seeking by programs, non-blocking reads.
"""
from __future__ import annotations

import errno
from collections.abc import Callable

from kubelearn.filesystem import Filesystem, fault
from kubelearn.streams import Pipe, Stream
from kubelearn.volumes import Device, Directory, File


class OpenFile:
    """The base: nothing to read, nowhere to write."""

    refs = 1
    is_terminal = False

    def share(self) -> OpenFile:
        self.refs += 1
        return self

    def release(self) -> None:
        self.refs -= 1
        if self.refs == 0:
            self.close()

    async def read(self, n: int = 65_536) -> bytes:
        return b""

    def write(self, data: bytes) -> None:
        raise fault(errno.EBADF)

    async def drain(self) -> None:
        """Waits until there is room for more."""

    def close(self) -> None:
        """The last one let go."""


class Descriptor(Device):
    """A file that stands for an open file: of the process that opens it, or of process `pid`."""

    __slots__ = ("number", "pid")

    def __init__(self, number: int, pid: int = 0):
        super().__init__()
        self.number, self.pid = number, pid


class ReadEnd(OpenFile):
    def __init__(self, pipe: Pipe):
        self.pipe = pipe

    async def read(self, n: int = 65_536) -> bytes:
        return await self.pipe.read(n)

    def close(self) -> None:
        self.pipe.abandon()


class WriteEnd(OpenFile):
    def __init__(self, pipe: Pipe):
        self.pipe = pipe

    def write(self, data: bytes) -> None:
        self.pipe.write(data)

    async def drain(self) -> None:
        await self.pipe.drain()

    def close(self) -> None:
        self.pipe.end()


class Terminal(OpenFile):
    """One end for all three: lines edited as a terminal in cooked mode does, what is typed shown, newlines as carriage return
    and newline. Ctrl-C is a signal to the processes that read from it, Ctrl-D on an empty line the end."""

    is_terminal = True

    def __init__(self, typed: Pipe, shown: Pipe | Sink, interrupt: Callable[[Terminal], object]):
        self.typed, self.shown, self.interrupt, self.line = typed, shown, interrupt, bytearray()
        self.lines = Pipe(typed.clock)
        self.pump = typed.clock.spawn(self._pump())

    async def _pump(self) -> None:
        while data := await self.typed.read():
            for byte in data:
                self._key(byte)
        self.lines.write(bytes(self.line))
        self.lines.end()

    def _key(self, byte: int) -> None:
        if byte in (0x7F, 0x08):
            if self.line:
                del self.line[-1:]
                self.shown.write(b"\b \b")
        elif byte == 0x03:
            self.line.clear()
            self.shown.write(b"^C\r\n")
            self.interrupt(self)
        elif byte == 0x04:
            self._deliver() if self.line else self.lines.end()
        elif not self.lines.ended:
            self.line.append(0x0A if byte == 0x0D else byte)
            self.write(bytes(self.line[-1:]))
            if self.line[-1] == 0x0A:
                self._deliver()

    def _deliver(self) -> None:
        self.lines.write(bytes(self.line))
        self.line.clear()

    async def read(self, n: int = 65_536) -> bytes:
        return await self.lines.read(n)

    def write(self, data: bytes) -> None:
        self.shown.write(data.replace(b"\n", b"\r\n"))

    def close(self) -> None:
        self.pump.cancel()
        self.shown.end()


class Socket(OpenFile):
    def __init__(self, stream: Stream):
        self.stream = stream

    async def read(self, n: int = 65_536) -> bytes:
        return await self.stream.read(n)

    def write(self, data: bytes) -> None:
        self.stream.write(data)

    def close(self) -> None:
        self.stream.close()


class RegularFile(OpenFile):
    """A position in a file of the tree. Opened through a Filesystem, which has checked that it may be."""

    def __init__(self, node: File, files: Filesystem, path: str, append: bool = False):
        self.node, self.files, self.path, self.append, self.position = node, files, path, append, 0

    async def read(self, n: int = 65_536) -> bytes:
        if isinstance(self.node, Directory):
            raise fault(errno.EISDIR)
        data = self.node.read(self.position, n)
        self.position += len(data)
        return data

    def write(self, data: bytes) -> None:
        if not isinstance(self.node, Device):
            self.files.room(self.path, len(data))
        if self.append:
            self.position = self.node.size
        self.node.write(self.position, data)
        self.position += len(data)
        self.node.mtime = self.files.now()


class Sink(OpenFile):
    """Hands what is written to a function: a container's log."""

    def __init__(self, write: Callable[[bytes], None]):
        self.write = write

    def end(self) -> None:
        """As a Pipe's: no more will be written."""


def open_file(files: Filesystem, path: str, how: str) -> RegularFile:
    """how: "<" to read, ">" to write anew, ">>" to append, "<>" both. The kernel's errors."""
    if how == "<":
        return RegularFile(files.open(path), files, path)
    node = files.open(path, write=True, create=True, truncate=how == ">")
    return RegularFile(node, files, path, append=how == ">>")
