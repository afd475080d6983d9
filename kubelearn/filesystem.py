"""How a container sees its files: an image's tree and the volumes mounted into it, joined, for one user.

Part of Kubernetes: mounts, and the kernel's errors. How a path is walked: namei.py; volumes themselves: volumes.py.
Leaves out: hard link counts.
"""
from __future__ import annotations

import copy
import errno
import os
from collections.abc import Callable, Iterable

from kubelearn.namei import Mount, Namei, Place
from kubelearn.volumes import Device, Directory, File, Node, Report, fault


class Filesystem(Namei):
    """The tree that the processes of one container see, for one user. Paths are absolute; errors are the kernel's.

    may_chown: root has kept the capability to give files away.
    points: where the mounts lie when mount_points() has already been asked; else they are made in root now.
    """

    def __init__(self, root: Directory, mounts: Iterable = (), read_only: bool = False, now: Callable[[], float] = lambda: 0.0,
                 uid: int = 0, gids: tuple[int, ...] = (0,), points: Iterable[str] | None = None, may_chown: bool = True):
        mounts = [Mount(*mount) for mount in mounts]
        if points is None:
            points = mount_points(root, wanted(mounts))
        placed = sorted(zip(points, mounts), key=lambda pair: pair[0])
        found = {point: Mount(point, _part(mount), mount.read_only) for point, mount in placed}
        super().__init__(Mount("/", root, read_only), found, uid, gids)
        self.now, self.may_chown = now, may_chown

    def as_user(self, uid: int, gids: tuple[int, ...]) -> Filesystem:
        twin = copy.copy(self)
        twin.uid, twin.gids = uid, gids
        return twin

    # --- reading and writing --------------------------------------------------------------------------------------

    def open(self, path: str, write: bool = False, create: bool = False, truncate: bool = False, mode: int = 0o644) -> File:
        """The file to read, or to write: then one that may be changed. Errors as open(2)."""
        place = self.place(path)
        node = place.node
        if node is None:
            if not create:
                raise fault(errno.ENOENT)
            return self._create(place, File(b"", mode))
        if isinstance(node, Directory) and write:
            raise fault(errno.EISDIR)
        if not self.allowed(node, 2 if write else 4):
            raise fault(errno.EACCES)
        if write and not isinstance(node, (Device, Report)):
            if place.mount.read_only:
                raise fault(errno.EROFS)
            if place.path not in self.mounts:
                node = place.directory.own(place.name)
            if truncate:
                node.truncate()
            node.mtime = self.now()
        elif write and isinstance(node, Report):
            raise fault(errno.EACCES)
        return node

    def room(self, path: str, more: int) -> None:
        """OSError ENOSPC where the volume of this path cannot take so many bytes more."""
        volume = self.place(path).mount.node
        if isinstance(volume, Directory) and volume.limit is not None and volume.usage() + more > volume.limit:
            raise fault(errno.ENOSPC)

    def _create(self, place: Place, node: Node) -> Node:
        self._change(place)
        node.uid, node.gid, node.mtime = self.uid, self.gids[0], self.now()
        if place.directory.mode & 0o2000:  # setgid: the group goes down the tree
            node.gid = place.directory.gid
            node.mode |= 0o2000 if isinstance(node, Directory) else 0
        return place.directory.put(place.name, node)

    def _change(self, place: Place) -> None:
        if place.path in self.mounts:
            raise fault(errno.EBUSY)
        if place.mount.read_only:
            raise fault(errno.EROFS)
        if not self.allowed(place.directory, 2):
            raise fault(errno.EACCES)
        place.directory.mtime = self.now()

    def read(self, path: str) -> bytes:
        node = self.open(path)
        if isinstance(node, Directory):
            raise fault(errno.EISDIR)
        return node.read()

    def write(self, path: str, data: bytes | str, append: bool = False, mode: int = 0o644) -> None:
        data = data.encode() if isinstance(data, str) else data
        file = self.open(path, write=True, create=True, truncate=not append, mode=mode)
        self.room(path, len(data))
        file.write(file.size, data)

    # --- names ----------------------------------------------------------------------------------------------------

    def listdir(self, path: str) -> list[str]:
        node = self.node(path)
        if not isinstance(node, Directory):
            raise fault(errno.ENOTDIR)
        if not self.allowed(node, 4):
            raise fault(errno.EACCES)
        at = self.place(path).path.rstrip("/") + "/"
        mounted = {point[len(at):] for point in self.mounts if point.startswith(at) and "/" not in point[len(at):]}
        return sorted({*node.names(), *mounted}) if mounted else node.names()

    def add(self, path: str, node: Node) -> Node:
        """Puts a new node there; EEXIST where one is."""
        place = self.place(path.rstrip("/") or "/", follow=False)
        if place.node is not None:
            raise fault(errno.EEXIST)
        return self._create(place, node)

    def mkdir(self, path: str, mode: int = 0o755) -> Directory:
        return self.add(path, Directory(mode))

    def makedirs(self, path: str, mode: int = 0o755) -> Directory:
        at = ""
        for part in path.strip("/").split("/"):
            at = f"{at}/{part}"
            if part and self.place(at).node is None:
                self.mkdir(at, mode)
        return self.node(at)

    def remove(self, path: str) -> None:
        """A file, a link, or an empty directory."""
        place = self.place(path.rstrip("/") or "/", follow=False)
        if place.node is None:
            raise fault(errno.EROFS if place.mount.read_only else errno.ENOENT)
        if isinstance(place.node, Directory) and place.node.names():
            raise fault(errno.ENOTEMPTY)
        self._change(place)
        place.directory.remove(place.name)

    def rename(self, source: str, target: str) -> None:
        old, new = self.place(source.rstrip("/"), follow=False), self.place(target.rstrip("/"), follow=False)
        if old.node is None:
            raise fault(errno.ENOENT)
        if old.path in self.mounts or new.path in self.mounts:
            raise fault(errno.EBUSY)
        if old.mount is not new.mount:
            raise fault(errno.EXDEV)
        if new.path.startswith(f"{old.path}/"):
            raise fault(errno.EINVAL)
        if new.node is old.node:
            return
        if isinstance(new.node, Directory) and (new.node.names() or not isinstance(old.node, Directory)):
            raise fault(errno.ENOTEMPTY if isinstance(old.node, Directory) else errno.EISDIR)
        self._change(old)
        self._change(new)
        node = old.directory.own(old.name)
        old.directory.remove(old.name)
        new.directory.put(new.name, node)

    def link(self, source: str, target: str) -> None:
        """A second name for a file."""
        old, new = self.place(source), self.place(target, follow=False)
        if old.node is None or new.node is not None:
            raise fault(errno.ENOENT if old.node is None else errno.EEXIST)
        if isinstance(old.node, Directory) or old.mount is not new.mount:
            raise fault(errno.EPERM if isinstance(old.node, Directory) else errno.EXDEV)
        self._change(new)
        new.directory.put(new.name, old.directory.own(old.name))

    def change(self, path: str, **attributes: int) -> None:
        """chmod, chown, touch: mode=, uid=, gid=, mtime=."""
        place = self.place(path)
        if place.node is None:
            raise fault(errno.ENOENT)
        if place.mount.read_only:
            raise fault(errno.EROFS)
        if "uid" in attributes and not (self.uid == 0 and self.may_chown):
            raise fault(errno.EPERM)
        if self.uid not in (0, place.node.uid) and not ("mtime" in attributes and self.allowed(place.node, 2)):
            raise fault(errno.EPERM)
        node = place.node if place.path in self.mounts or place.path == "/" else place.directory.own(place.name)
        for name, value in attributes.items():
            setattr(node, name, value)


def wanted(mounts: Iterable[Mount]) -> tuple[tuple[str, bool], ...]:
    """The paths of mounts, each with whether a directory is mounted there."""
    return tuple((mount.path, isinstance(_part(mount), Directory)) for mount in mounts)


def mount_points(root: Directory, paths: tuple[tuple[str, bool], ...]) -> tuple[str, ...]:
    """Makes the points where there is none, as runc does, and gives their paths without symbolic links."""
    builder, points = Filesystem(root, points=()), []
    for path, directory in paths:
        path = os.path.normpath(path)
        if builder.find(path) is None:
            builder.makedirs(os.path.dirname(path))
            builder.makedirs(path) if directory else builder.write(path, b"")
        points.append(builder.place(path).path)
    return tuple(points)


def _part(mount: Mount) -> Node:
    """What is mounted: all of it, or what its sub_path leads to now; that is made where it is missing."""
    if not mount.sub_path:
        return mount.node
    volume = Filesystem(mount.node)
    return volume.find(mount.sub_path) or volume.makedirs(mount.sub_path, mount.node.mode & 0o777)
