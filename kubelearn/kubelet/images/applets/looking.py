"""Busybox's commands that look at files: ls, stat, readlink, realpath, du, df.

Leaves out: options that scripts hardly use."""
from __future__ import annotations

import re

from kubelearn.kubelet.images.applets import Options, applet, out
from kubelearn.kubelet.images.applets.files import human
from kubelearn.kubelet.images.applets.names import group_name, user_name
from kubelearn.kubelet.process import Process
from kubelearn.volumes import Directory, File, Node, Symlink

TYPES = {"-": "regular file", "d": "directory", "l": "symbolic link", "c": "character special file", "p": "fifo"}


def blocks(node: Node) -> int:
    return 0 if node.kind in "lc" else (node.size + 4095) // 4096 * 4


def permissions(node: Node) -> str:
    """drwxr-xr-x"""
    bits = "".join(letter if node.mode & 0o400 >> at else "-" for at, letter in enumerate("rwxrwxrwx"))
    text = list(node.kind + bits)
    for bit, at, letter in ((0o4000, 3, "s"), (0o2000, 6, "s"), (0o1000, 9, "t")):
        if node.mode & bit:
            text[at] = letter if text[at] == "x" else letter.upper()
    return "".join(text)


@applet("ls", flags="1AaCdlhiFnRrStpL", usage="[-1AaCdlhiFnRrStpL] [FILE]...", long={"color=": "", "full-time": ""})
async def ls(process: Process, given: Options, names: list[str]) -> int:
    code, files, directories = 0, [], []
    for name in sorted(names) or ["."]:
        try:
            node = process.files.node(process.path(name), follow="L" in given or not given.any("ldF"))
        except OSError as error:
            code = process.fail(f"{name}: {error.strerror}")
            continue
        (directories if isinstance(node, Directory) and "d" not in given else files).append((name, node))
    _list(process, given, files)
    for name, node in directories:
        try:
            _list_directory(process, given, name, len(names) > 1 or "R" in given, bool(files) or name != directories[0][0])
        except OSError as error:
            code = process.fail(f"can't open '{name}': {error.strerror}")
    return code


def _list_directory(process: Process, given: Options, name: str, titled: bool, apart: bool) -> None:
    path = process.path(name)
    shown = [entry for entry in process.files.listdir(path) if entry[0] != "." or given.any("aA")]
    entries = [(entry, process.files.node(f"{path}/{entry}", follow=False)) for entry in shown]
    if "a" in given:
        entries = [(".", process.files.node(path)), ("..", process.files.node(f"{path}/..")), *entries]
    if titled:
        out(process, f"{chr(10) if apart else ''}{name}:\n")
    if "l" in given:
        out(process, f"total {sum(blocks(node) for _, node in entries)}\n")
    _list(process, given, entries)
    if "R" in given:
        for entry, node in entries:
            if isinstance(node, Directory) and entry not in (".", ".."):
                _list_directory(process, given, f"{name.rstrip('/')}/{entry}", True, True)


def _list(process: Process, given: Options, entries: list[tuple[str, Node]]) -> None:
    if given.any("St"):
        entries = sorted(entries, key=lambda entry: -(entry[1].mtime if "t" in given else entry[1].size))
    for name, node in reversed(entries) if "r" in given else entries:
        name += _mark(given, node)
        if not given.any("ln"):
            out(process, f"{name}\n")
            continue
        links = 2 + sum(isinstance(child, Directory) for child in map(node.lookup, node.names())) if isinstance(node, Directory) else 1
        owner, group = (str(node.uid), str(node.gid)) if "n" in given else (user_name(process, node.uid), group_name(process, node.gid))
        size, when = human(node.size) if "h" in given else node.size, process.clock.date(node.mtime)
        arrow = f" -> {node.target}" if isinstance(node, Symlink) else ""
        out(process, f"{permissions(node)} {links:4} {owner:<8} {group:<8} {size:>9} {when:%b %e %H:%M} {name}{arrow}\n")


def _mark(given: Options, node: Node) -> str:
    if isinstance(node, Directory):
        return "/" if given.any("Fp") else ""
    if "F" not in given:
        return ""
    return "@" if isinstance(node, Symlink) else "*" if node.mode & 0o111 and isinstance(node, File) else ""


STAT = ("  File: %N\n  Size: %s\tBlocks: %b\tIO Block: 4096   %F\nDevice: 0h/0d\tInode: 1\tLinks: 1\n"
        "Access: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\nAccess: %y\nModify: %y\nChange: %y")


@applet("stat", flags="c:Lft", usage="[-ltf] [-c FMT] FILE...", least=1, long={"format": "c"}, each="can't stat '{name}': {error}")
def stat(process: Process, given: Options, name: str) -> None:
    node = process.files.node(process.path(name), follow="L" in given)
    when = process.clock.date(node.mtime)
    values = {"a": f"{node.mode:o}", "A": permissions(node), "n": name, "s": str(node.size), "u": str(node.uid), "g": str(node.gid),
              "U": user_name(process, node.uid), "G": group_name(process, node.gid), "F": TYPES[node.kind], "b": str(blocks(node) * 2),
              "N": f"{name} -> {node.target}" if isinstance(node, Symlink) else name, "h": "1", "i": "1", "%": "%",
              "y": f"{when:%Y-%m-%d %H:%M:%S.%f}000 +0000", "Y": str(int(when.timestamp())), "z": f"{when:%Y-%m-%d %H:%M:%S}"}

    def padded(match: re.Match) -> str:
        text, width = values.get(match[2], match[0]), match[1]
        return text.rjust(int(width), "0" if width[0] == "0" else " ") if width else text
    out(process, re.sub(r"%(0?\d*)([a-zA-Z%])", padded, given.get("c") or STAT) + "\n")


@applet("readlink", flags="fnev", usage="[-fnv] FILE", least=1)
async def readlink(process: Process, given: Options, names: list[str]) -> int:
    path = process.path(names[0])
    node = process.files.find(path, follow=False)
    if "f" not in given and not isinstance(node, Symlink):
        return 1
    try:
        out(process, (process.files.place(path).path if "f" in given else node.target) + ("" if "n" in given else "\n"))
    except OSError:
        return 1
    return 0


@applet("realpath", flags="", usage="FILE...", least=1, each="{name}: {error}")
def realpath(process: Process, given: Options, name: str) -> None:
    out(process, process.files.place(process.path(name)).path + "\n")


@applet("du", flags="shkamcd:", usage="[-shkamc] [-d N] [FILE]...")
async def du(process: Process, given: Options, names: list[str]) -> int:
    deepest = int(given.get("d", "0" if "s" in given else "999"))

    def total(path: str, depth: int) -> int:
        node = process.files.node(process.path(path), follow=False)
        size = blocks(node) + sum(total(f"{path}/{name}", depth + 1) for name in (node.names() if isinstance(node, Directory) else ()))
        if depth == 0 or isinstance(node, Directory) and depth <= deepest or "a" in given:
            out(process, f"{human(size << 10) if 'h' in given else size >> 10 if 'm' in given else size}\t{path}\n")
        return size
    code = 0
    for name in names or ["."]:
        try:
            total(name, 0)
        except OSError as error:
            code = process.fail(f"{name}: {error.strerror}")
    return code


DF = {"h": ("Size", human), "m": ("1M-blocks", lambda size: size >> 20), "k": ("1K-blocks", lambda size: size >> 10)}


@applet("df", flags="hkmPTia", usage="[-PkmhTi] [FILE]...")
async def df(process: Process, given: Options, names: list[str]) -> None:
    title, scale = DF[next((letter for letter in "hm" if letter in given), "k")]
    out(process, f"Filesystem           {title:>9}      Used Available Use% Mounted on\n")
    wanted = [process.files.place(process.path(name)).mount for name in names] if names else None
    for path, mount in {"/": process.files.root, **process.files.mounts}.items():
        if path in ("/proc", "/sys") or (wanted is not None and mount not in wanted):
            continue
        limit = getattr(mount.node, "limit", None)
        size, used = (100 << 30, (20 << 30) + mount.node.usage()) if limit is None else (limit, mount.node.usage())
        kind = "overlay" if path == "/" else "tmpfs" if getattr(mount.node, "medium", "") == "Memory" or path == "/dev" else "/dev/vda1"
        out(process, f"{kind:<20} {scale(size):>9} {scale(used):>9} {scale(size - used):>9} {used * 100 // max(size, 1):3}% {path}\n")
