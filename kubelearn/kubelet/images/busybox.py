"""busybox and alpine: a shell with its commands, on a small Linux tree."""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from kubelearn.kubelet.images import ImageInfo
from kubelearn.kubelet.images.applets import NAMES, applet, find_applet, starter
from kubelearn.kubelet.process import Executable, Process
from kubelearn.kubelet.signals import Exit
from kubelearn.volumes import Directory, Node, Symlink, tree


@applet("busybox")
async def busybox(process: Process) -> int:
    """busybox APPLET ARGUMENT..."""
    if not process.args or process.args[0] in ("--help", "--list"):
        process.print("\n".join(sorted(NAMES)) if "--list" in process.args else "BusyBox v1.36.1 multi-call binary.")
        return 0
    program = find_applet(process.args[0])
    if program is None:
        process.error(f"{process.args[0]}: applet not found")
        return 127
    process.argv = process.args
    return await program(process)


USERS = {"root": (0, "/root", "/bin/sh"), "daemon": (1, "/usr/sbin", "/bin/false"), "bin": (2, "/bin", "/bin/false"),
         "www-data": (33, "/var/www", "/bin/false"), "nobody": (65534, "/home", "/bin/false")}


def passwd(users: dict[str, tuple[int, str, str]]) -> str:
    return "".join(f"{name}:x:{uid}:{uid}:{name}:{home}:{shell}\n" for name, (uid, home, shell) in users.items())


def group(users: dict[str, tuple[int, str, str]]) -> str:
    return "".join(f"{name}:x:{uid}:\n" for name, (uid, _, _) in users.items())


def base(users: dict | None = None, **more: object) -> dict[str, object]:
    """The tree that every image with a shell has; for tree()."""
    everyone = {**USERS, **(users or {})}
    return {
        "etc/passwd": passwd(everyone),
        "etc/group": group(everyone),
        "tmp": Directory(0o1777),
        "root": Directory(0o700),
        "home": Directory(),
        "var/tmp": Directory(0o1777),
        "usr/bin": Directory(),
        "usr/sbin": Directory(),
        "usr/local/bin": Directory(),
        "etc/hosts": "",
        "proc": Directory(0o555),
        "sys": Directory(0o555),
        "dev": Directory(),
        **more,
    }


def run_directories() -> dict[str, Node]:
    return {"run": Directory(), "var/run": Symlink("/run")}


def glibc() -> dict[str, object]:
    return {"lib": Directory(), "lib64": Directory(), "etc/nsswitch.conf": "hosts: files dns\n"}


@lru_cache
def commands() -> dict[str, Node]:
    """Each applet in /bin, with [ and test too."""
    return {f"bin/{name}": Executable(starter(name), 900_000, 512 << 10) for name in sorted(NAMES)}


OS_RELEASE = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID={0}\nPRETTY_NAME="Alpine Linux v{1}"\n'


def alpine_tree(users: dict | None = None, version: str = "3.22.2", **more: object) -> Directory:
    release = {"etc/alpine-release": f"{version}\n", "etc/os-release": OS_RELEASE.format(version, version.rpartition(".")[0])}
    return tree({**base(users), **commands(), **run_directories(), **release, "sbin/apk": Executable(offline), **more})


def alpine(image: ImageInfo, tag: str) -> ImageInfo:
    """alpine:3.20 says that it is 3.20."""
    number = re.match(r"3\.\d+", tag)
    return image.over(lambda: alpine_tree(version=f"{number[0]}.2")) if number else image


async def offline(process: Process) -> int:
    """apk, apt-get, pip: there is no internet here."""
    raise Exit(process.fail("the simulated cluster has no internet: use an image that has what you need"))


DEBIAN = {
    "bin/bash": Executable(starter("sh"), 1_200_000, 3 << 20),
    "usr/bin/apt-get": Executable(offline),
    "usr/bin/apt": Executable(offline),
    "etc/debian_version": "12.12\n",
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
}
BASES: dict[str, Callable[..., Directory]] = {  # what an image starts from; called with its users and its own files
    "alpine": alpine_tree,
    "busybox": lambda users, **more: tree({**base(users), **commands(), **glibc(), **more}),
    "debian": lambda users, **more: tree({**base(users), **commands(), **run_directories(), **DEBIAN, **more}),
    "empty": lambda users, **more: tree({**({"etc/passwd": passwd(users)} if users else {}), **more}),
}
