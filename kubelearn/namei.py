"""Where a path leads: the walk through directories, links and mounts, with the rights of one user.

Part of Kubernetes: none; the Linux kernel's fs/namei.c, with its errors. Leaves out: access control lists, capabilities other than root's.
"""
from __future__ import annotations

import errno
from typing import NamedTuple

from kubelearn.volumes import Directory, Jump, Node, Symlink, fault


class Mount(NamedTuple):
    """node at path; sub_path: only that part of it, as it is when the container starts."""

    path: str
    node: Node
    read_only: bool = False
    sub_path: str = ""


class Place(NamedTuple):
    """Where a path led: its directory, its name there, what is there (None: nothing), the mount that it lies in."""

    directory: Directory
    name: str
    node: Node | None
    mount: Mount
    path: str


class Namei:
    """Walks paths in a tree with mounts (path -> Mount), for one user."""

    def __init__(self, root: Mount, mounts: dict[str, Mount], uid: int, gids: tuple[int, ...]):
        self.root, self.mounts, self.uid, self.gids = root, mounts, uid, gids

    def place(self, path: str, follow: bool = True) -> Place:
        """Walks a path; the last part may be missing. FileNotFoundError, NotADirectoryError, ELOOP."""
        stack = [(self.root.node, self.root, "")]  # node, mount, path of each level
        parts = [part for part in path.split("/") if part and part != "."][::-1]
        links = 0
        while parts:
            name = parts.pop()
            here, mount, at = stack[-1]
            if not isinstance(here, Directory):
                raise fault(errno.ENOTDIR)
            if not self.allowed(here, 1):
                raise fault(errno.EACCES)
            if name == "..":
                stack = stack[:max(1, len(stack) - 1)]
                continue
            full = f"{at}/{name}"
            node = here.lookup(name)
            over = self.mounts.get(full)
            if isinstance(node, Jump) and (parts or follow):
                node = node.goal
            if isinstance(node, Symlink) and over is None and (parts or follow):
                links += 1
                if links > 40:
                    raise fault(errno.ELOOP)
                if node.target.startswith("/"):
                    del stack[1:]
                parts += [part for part in node.target.split("/") if part and part != "."][::-1]
                continue
            if over is not None:
                node, mount = over.node, over
            if node is None:
                if parts:
                    raise fault(errno.ENOENT)
                return Place(here, name, None, mount, full)
            stack.append((node, mount, full))
        node, mount, at = stack[-1]
        if path.endswith("/") and not isinstance(node, Directory):
            raise fault(errno.ENOTDIR)
        return Place(stack[-2][0] if len(stack) > 1 else node, at.rpartition("/")[2], node, mount, at or "/")

    def node(self, path: str, follow: bool = True) -> Node:
        node = self.place(path, follow).node
        if node is None:
            raise fault(errno.ENOENT)
        return node

    def find(self, path: str, follow: bool = True) -> Node | None:
        """As node(), None for any error."""
        try:
            return self.place(path, follow).node
        except OSError:
            return None

    def allowed(self, node: Node, bit: int) -> bool:
        """May this user read (4), write (2), execute or search (1) it?"""
        if self.uid == 0:
            return bit != 1 or isinstance(node, Directory) or bool(node.mode & 0o111)
        shift = 6 if node.uid == self.uid else 3 if node.gid in self.gids else 0
        return bool(node.mode >> shift & bit)
