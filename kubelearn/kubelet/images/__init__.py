"""Images: names, what a registry knows of them, and the programs and files that they hold.

Part of Kubernetes: container images and the registries they come from. A learner's own image:

    @image("hello:1.0")
    async def hello(process):
        process.print("hello from", process.hostname)

Law 8: a name that is wrong or unknown fails as it does under containerd with Docker Hub.
Leaves out: layers as such, platforms, private registries that let someone in.
"""
from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from importlib import import_module
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING

from kubelearn.filesystem import Filesystem, mount_points
from kubelearn.kubelet.images.reference import ImageError, normalize, pull_error
from kubelearn.kubelet.process import Executable, Process, Program, find_executable
from kubelearn.volumes import Directory, Node, Symlink, tree

if TYPE_CHECKING:
    from kubelearn.kubelet.container import Container

DATA = Path(__file__).with_name("data")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ImageInfo:
    """An image: config and file tree. size is what is pulled, in bytes; files are made when first needed."""

    def __init__(self, name: str, files: Callable[[], Directory], entrypoint: Iterable[str] = (), cmd: Iterable[str] = (),
                 env: dict[str, str] | None = None, user: str = "", workdir: str = "/", size: int = 4_000_000, ports: Iterable[int] = (),
                 stop_signal: str = "TERM"):
        self.name, self._make, self.entrypoint, self.cmd = name, files, list(entrypoint), list(cmd)
        self.env, self.user, self.workdir, self.size, self.ports = {"PATH": PATH, **(env or {})}, user, workdir, size, tuple(ports)
        self.stop_signal, self.build = stop_signal, 0
        self._quick: dict[tuple, tuple[str, Node] | None] = {}
        self._prepared: dict[tuple, tuple[Directory, tuple[str, ...]]] = {}

    def over(self, files: Callable[[], Directory]) -> ImageInfo:
        """The same with other files."""
        self._make = files
        return self

    @cached_property
    def digest(self) -> str:
        return "sha256:" + hashlib.sha256(f"{self.name}/{self.build}".encode()).hexdigest()

    @property
    def id(self) -> str:
        """As a container status names it."""
        return f"{self.name.rpartition(':')[0]}@{self.digest}"

    @cached_property
    def tree(self) -> Directory:
        return self._make()

    def argv(self, command: list[str] | None, args: list[str] | None) -> list[str]:
        """command replaces the entrypoint and drops the image's cmd; args replace only that."""
        if command:
            return [*command, *(args or ())]
        return [*self.entrypoint, *(args or self.cmd)]

    def prepared(self, wanted: tuple[tuple[str, bool], ...]) -> tuple[Directory, tuple[str, ...]]:
        """The tree with mount points made in it, and where they are; once for all containers that mount alike."""
        if wanted not in self._prepared:
            if len(self._prepared) > 500:
                self._prepared.clear()
            tree = Directory.over(self.tree)
            self._prepared[wanted] = tree, mount_points(tree, wanted)
        return self._prepared[wanted]

    def quick(self, program: str, search: str, container: Container) -> tuple[str, Node] | None:
        """The path and file to run, from the bare image, as long as it is what the container would find."""
        key = (program, search)
        if "/" in program and program[0] != "/":
            return None
        if key not in self._quick:
            self._quick[key] = self._find(program, search)
        found = self._quick[key]
        return found if found is not None and container.untouched(found[0]) else None

    def _find(self, program: str, search: str) -> tuple[str, Node] | None:
        try:
            return find_executable(Filesystem(self.tree), self.workdir, search, program)
        except OSError:
            return None

    # --- users ----------------------------------------------------------------------------------------------------

    @cached_property
    def _passwd(self) -> list[list[str]]:
        passwd = Filesystem(self.tree).find("/etc/passwd")
        return [line.split(":") for line in passwd.read().decode().splitlines()] if passwd is not None else []

    def user_of(self, user: int | str) -> tuple[int, int]:
        """uid and gid of 1000, "1000:3000", "nginx" or ""; an unknown name is root's."""
        name, _, group = str(user).partition(":")
        row = next((row for row in self._passwd if name in (row[0], row[2])), None) if name not in ("", "0") else None
        uid = int(name) if name.isdigit() else int(row[2]) if row else 0
        return uid, int(group) if group.isdigit() else int(row[3]) if row else 0

    def home_of(self, uid: int) -> str:
        if uid == 0 and not self._passwd:
            return "/root"
        return next((row[5] for row in self._passwd if row[2] == str(uid)), "/")


def by_tag(value: object, tag: str) -> object:
    """A field of the catalogue's rows: itself, or of a table the first whose key the tag holds."""
    return next(one for key, one in value.items() if key in tag) if isinstance(value, dict) else value


def function(place: str) -> Callable:
    """"module.name" of this package."""
    module, _, name = place.rpartition(".")
    return getattr(import_module(f"{__name__}.{module}"), name)


def program(place: str, arguments: dict | None = None) -> Program:
    """What runs "module.function", which is loaded when it first runs; with arguments the function makes the program."""
    return lambda process: (function(place) if arguments is None else function(place)(**arguments))(process)


def image_of(row: dict, name: str, tag: str) -> ImageInfo | None:
    """The image that a row of the catalogue is for this tag."""
    if not re.fullmatch(row["tags"], tag):
        return None

    def files() -> Directory:
        memory, more = int(row.get("memory", 1) * (1 << 20)), {}
        for folder in (DATA / name for name in row.get("files", ())):
            more |= {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}
        more |= {path: Executable(program(place, row.get("arguments")), memory=memory) for path, place in row.get("programs", {}).items()}
        more |= {path: Directory(uid=owner, gid=owner) for path, owner in row.get("directories", {}).items()}
        more |= {path: Symlink(target) for path, target in row.get("links", {}).items()}
        return function("busybox.BASES")[by_tag(row["base"], tag)](row.get("users"), **more)
    made = ImageInfo(name, files, row.get("entrypoint", ()), row.get("cmd", ()), row.get("env"), by_tag(row.get("user", ""), tag),
                     row.get("workdir", "/"), int(by_tag(row["size"], tag) * 1e6), row.get("ports", ()), row.get("stop_signal", "TERM"))
    return function(row["hook"])(made, tag) if "hook" in row else made


@cache
def rows() -> dict[str, dict]:
    """data/catalogue.toml by repository."""
    listed = tomllib.loads((DATA / "catalogue.toml").read_text())["image"]
    return {normalize(name).rpartition(":")[0]: row for row in listed for name in row["names"]}


class Catalogue:
    """What the simulated registries hold: the rows of data/catalogue.toml, and what was built here."""

    normalize = staticmethod(normalize)

    def __init__(self) -> None:
        self._images: dict[str, ImageInfo] = {}

    def add(self, image: ImageInfo) -> None:
        """An image built here: made anew under the same name it takes the older one's place, also on nodes that have that."""
        image.build = self._images[image.name].build + 1 if image.name in self._images else 0
        self._images[image.name] = image

    def newest(self, image: ImageInfo) -> ImageInfo:
        """What this image has been built anew as."""
        return self._images.get(image.name, image)

    def find(self, reference: str) -> ImageInfo:
        """The image as the registry has it; ImageError as containerd words it."""
        name = normalize(reference)
        if name not in self._images:
            repository, _, tag = name.rpartition(":")
            row = rows().get(repository)
            image = image_of(row, name, tag) if row else None
            if image is None:
                known = row or any(other.rpartition(":")[0] == repository for other in self._images)
                raise ImageError(pull_error(name, repository, bool(known)))
            self._images[name] = image
        return self._images[name]

    @property
    def pause(self) -> ImageInfo:
        return self.find("registry.k8s.io/pause:3.10")


catalogue = Catalogue()


def image(name: str, size: int = 10_000_000, env: dict[str, str] | None = None, base: str = "busybox:latest", user: str = "",
          workdir: str = "/", ports: Iterable[int] = ()) -> Callable[[Program], Program]:
    """Makes `async def program(process)`, or a plain function, an image of this name, on top of another image's files."""
    def register(program: Program) -> Program:
        async def plain(process: Process) -> int | None:
            return program(process)

        def files() -> Directory:
            root = Directory.over(catalogue.find(base).tree)
            root.put("entrypoint", Executable(program if iscoroutinefunction(program) else plain))
            return root
        catalogue.add(ImageInfo(catalogue.normalize(name), files, ["/entrypoint"], env=env, user=user, workdir=workdir, size=size,
                                ports=ports))
        return program
    return register


__all__ = ["Catalogue", "ImageError", "ImageInfo", "catalogue", "image", "tree"]
