"""File trees: what images hold and what volumes are.

Part of Kubernetes: the layers of an image and the volumes of a pod (filesystem.py joins them into what a container sees).
A container's root is a writable Directory over its image's tree, which all containers of that image share; what it
changes is copied first.
Leaves out: inode numbers, device files beyond the common ones, file locks, access times.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterator


def fault(number: int) -> OSError:
    """The error that the kernel gives, with its text: FileNotFoundError, PermissionError..."""
    return OSError(number, os.strerror(number))


class Node:
    """What a name in a directory leads to. mtime is a virtual second; mode holds the permission bits."""

    __slots__ = ("mode", "uid", "gid", "mtime")
    kind = "-"

    def __init__(self, mode: int, uid: int = 0, gid: int = 0, mtime: float = 0.0):
        self.mode, self.uid, self.gid, self.mtime = mode, uid, gid, mtime

    def usage(self) -> int:
        return 0


class Symlink(Node):
    __slots__ = ("target",)
    kind = "l"

    def __init__(self, target: str, mtime: float = 0.0):
        super().__init__(0o777, mtime=mtime)
        self.target = target

    @property
    def size(self) -> int:
        return len(self.target)


class Jump(Symlink):
    """A link of /proc: it leads to a node itself, of whatever tree, and not along its text."""

    __slots__ = ("goal",)

    def __init__(self, target: str, goal: Node):
        super().__init__(target)
        self.goal = goal


class File(Node):
    """Bytes. Zeros written at the end cost no memory: a file may be larger than what it holds."""

    __slots__ = ("data", "size")

    def __init__(self, data: bytes | str = b"", mode: int = 0o644, uid: int = 0, gid: int = 0, mtime: float = 0.0):
        super().__init__(mode, uid, gid, mtime)
        self.data = bytearray(data.encode() if isinstance(data, str) else data)
        self.size = len(self.data)

    def read(self, offset: int = 0, n: int | None = None) -> bytes:
        end = self.size if n is None else min(self.size, offset + n)
        data = bytes(self.data[offset:end])
        return data + bytes(max(0, end - offset - len(data)))

    def write(self, offset: int, data: bytes) -> None:
        end = offset + len(data)
        if offset < len(self.data) or data.count(0) != len(data):
            if offset > len(self.data):
                self.data += bytes(offset - len(self.data))
            self.data[offset:end] = data
        self.size = max(self.size, end)

    def truncate(self, size: int = 0) -> None:
        del self.data[size:]
        self.size = size

    def copy(self) -> File:
        twin = File(self.data, self.mode, self.uid, self.gid, self.mtime)
        twin.size = self.size
        return twin

    def usage(self) -> int:
        return self.size


class Device(File):
    """null, zero, full, random: what reading gives and writing does is a table of two functions."""

    __slots__ = ("reader", "writer")
    kind = "c"

    def __init__(self, reader: Callable[[int], bytes] = lambda n: b"", writer: Callable[[bytes], object] = lambda data: None):
        super().__init__(b"", 0o666)
        self.reader, self.writer = reader, writer

    def read(self, offset: int = 0, n: int | None = None) -> bytes:
        return self.reader(65_536 if n is None else n)

    def write(self, offset: int, data: bytes) -> None:
        self.writer(data)


class Report(File):
    """A file of /proc: its content is computed when it is read."""

    __slots__ = ("text",)

    def __init__(self, text: Callable[[], str]):
        super().__init__(b"", 0o444)
        self.text = text

    def read(self, offset: int = 0, n: int | None = None) -> bytes:
        data = self.text().encode()
        return data[offset:] if n is None else data[offset:offset + n]


class Directory(Node):
    """Names. Over a `lower` directory it shows that one's names too, and copies what is about to change.

    limit: bytes that fit (a tmpfs); medium: "Memory" for a tmpfs; both matter only on the root of a volume.
    """

    __slots__ = ("children", "lower", "limit", "medium")
    kind = "d"
    size = 4096

    def __init__(self, mode: int = 0o755, uid: int = 0, gid: int = 0, mtime: float = 0.0, lower: Directory | None = None,
                 limit: int | None = None, medium: str = ""):
        super().__init__(mode, uid, gid, mtime)
        self.children: dict[str, Node | None] = {}  # None: removed from what is below
        self.lower, self.limit, self.medium = lower, limit, medium

    @classmethod
    def over(cls, lower: Directory) -> Directory:
        return cls(lower.mode, lower.uid, lower.gid, lower.mtime, lower)

    def lookup(self, name: str) -> Node | None:
        if name in self.children:
            return self.children[name]
        node = self.lower.lookup(name) if self.lower is not None else None
        if isinstance(node, Directory) and type(node) is Directory:
            node = self.children[name] = Directory.over(node)
        return node

    def own(self, name: str) -> Node | None:
        """As lookup, but what it gives may be changed."""
        node = self.lookup(name)
        if name not in self.children and isinstance(node, (File, Symlink)) and not isinstance(node, (Device, Report)):
            node = self.children[name] = node.copy() if isinstance(node, File) else Symlink(node.target, node.mtime)
        return node

    def names(self) -> list[str]:
        below = self.lower.names() if self.lower is not None else []
        return sorted(name for name in {*below, *self.children} if self.children.get(name, self) is not None)

    def put(self, name: str, node: Node) -> Node:
        self.children[name] = node
        return node

    def remove(self, name: str) -> None:
        self.children.pop(name, None)
        if self.lower is not None and self.lower.lookup(name) is not None:
            self.children[name] = None

    def usage(self) -> int:
        """Bytes of its own files, without those that are only shared from below."""
        return sum(node.usage() for node in self.children.values() if node is not None)

    def walk(self, path: str = "") -> Iterator[tuple[str, Node]]:
        for name in self.names():
            node = self.lookup(name)
            yield f"{path}/{name}", node
            if isinstance(node, Directory):
                yield from node.walk(f"{path}/{name}")


def tree(files: dict[str, object], mode: int = 0o755) -> Directory:
    """{"etc/passwd": "text", "tmp": Directory(0o1777), "bin/sh": File(...)} as a directory."""
    root = Directory(mode)
    for path, content in files.items():
        *parents, name = path.strip("/").split("/")
        directory = root
        for parent in parents:
            directory = directory.lookup(parent) or directory.put(parent, Directory())
        directory.put(name, content if isinstance(content, Node) else File(content))
    return root
