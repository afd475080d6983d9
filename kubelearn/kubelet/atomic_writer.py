"""Files written from objects: all at once, behind a symlink.

Part of Kubernetes: pkg/volume/util/atomic_writer.go.
"""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

from kubelearn.clock import EPOCH
from kubelearn.volumes import Directory, File, Node, Symlink


class AtomicDirectory(Directory):
    """Files behind the symlink ..data, which an update swaps, so that a reader sees all of the old or all of the new.

    They are written when somebody first looks: most pods never read their service account's.
    """

    __slots__ = ("_children", "_files")

    def __init__(self, files: Callable[[], dict[str, File]], mtime: float, gid: int = 0, medium: str = ""):
        self._files, self._children = None, {}
        super().__init__(0o3777 if gid else 0o1777, gid=gid, mtime=mtime, medium=medium)
        self.swap(files, mtime)

    def swap(self, files: Callable[[], dict[str, File]], now: float) -> None:
        self._files, self.mtime = files, now

    @property
    def children(self) -> dict[str, Node | None]:
        if self._files is not None:
            files, self._files = self._files(), None
            self._children = self._tree(files)
        return self._children

    @children.setter
    def children(self, value: dict) -> None:
        self._children = value

    def _tree(self, files: dict[str, File]) -> dict[str, Node | None]:
        moment = datetime.fromtimestamp(EPOCH + self.mtime, timezone.utc)
        stamp = f"..{moment:%Y_%m_%d_%H_%M_%S}.{moment.microsecond * 1000 + 7:09d}"
        data, view = Directory(0o755, mtime=self.mtime), {}
        for path, file in files.items():
            *parents, name = path.split("/")
            directory = data
            for parent in parents:
                directory = directory.lookup(parent) or directory.put(parent, Directory())
            directory.put(name, file)
            first = path.partition("/")[0]
            view[first] = Symlink(f"..data/{first}", self.mtime)
        return {stamp: data, "..data": Symlink(stamp, self.mtime), **view}
