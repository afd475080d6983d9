"""Busybox's commands that look at files: ls, stat, readlink, realpath, du, df.

Leaves out: options that scripts hardly use."""
from __future__ import annotations

import re

from kubelearn.kubelet.images.applets import Failures, applet, options, out
from kubelearn.kubelet.images.applets.files import blocks, complain, human, moment
from kubelearn.kubelet.images.applets.names import group_name, user_name
from kubelearn.kubelet.process import Process
from kubelearn.volumes import Directory, File, Node, Symlink

TYPES = {"-": "regular file", "d": "directory", "l": "symbolic link", "c": "character special file", "p": "fifo"}


def permissions(node: Node) -> str:
    """drwxr-xr-x"""
    bits = "".join(letter if node.mode & 0o400 >> at else "-" for at, letter in enumerate("rwxrwxrwx"))
    text = list(node.kind + bits)
    for bit, at, letter in ((0o4000, 3, "s"), (0o2000, 6, "s"), (0o1000, 9, "t")):
        if node.mode & bit:
            text[at] = letter if text[at] == "x" else letter.upper()
    return "".join(text)


@applet("ls")
async def ls(process: Process) -> int:
    given, names = options(process, "1AaCdlhiFnRrStpL", ("color=", "full-time"), "[-1AaCxdLHRFplinshrSXvctu] [FILE]...")
    failures, files, directories = Failures(), [], []
    for name in sorted(names) or ["."]:
        try:
            node = process.files.node(process.path(name), follow="l" not in given and "d" not in given and "F" not in given)
        except OSError as error:
            complain(process, f"{name}: {error.strerror}", failures)
            continue
        (directories if isinstance(node, Directory) and "d" not in given else files).append((name, node))
    _list(process, given, files)
    for name, node in directories:
        try:
            _list_directory(process, given, name, len(names) > 1 or "R" in given, bool(files) or name != directories[0][0])
        except OSError as error:
            complain(process, f"can't open '{name}': {error.strerror}", failures)
    return failures.code


def _list_directory(process: Process, given: dict, name: str, titled: bool, apart: bool) -> None:
    path = process.path(name)
    inner = process.files.listdir(path)
    shown = [entry for entry in inner if entry[0] != "." or "a" in given or "A" in given]
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


def _list(process: Process, given: dict, entries: list[tuple[str, Node]]) -> None:
    if "S" in given:
        entries = sorted(entries, key=lambda entry: -entry[1].size)
    if "t" in given:
        entries = sorted(entries, key=lambda entry: -entry[1].mtime)
    for name, node in reversed(entries) if "r" in given else entries:
        mark = ("/" if isinstance(node, Directory) else "@" if isinstance(node, Symlink) and "F" in given else
                "*" if "F" in given and node.mode & 0o111 and isinstance(node, File) else "") if "F" in given or "p" in given else ""
        if "l" not in given and "n" not in given:
            out(process, f"{name}{mark}\n")
            continue
        links = 2 + sum(isinstance(child, Directory) for child in map(node.lookup, node.names())) if isinstance(node, Directory) else 1
        owner, group = (str(node.uid), str(node.gid)) if "n" in given else (user_name(process, node.uid), group_name(process, node.gid))
        size = human(node.size) if "h" in given else node.size
        when = moment(process, node.mtime)
        date = f"{when:%b} {when.day:2} {when:%H:%M}"
        arrow = f" -> {node.target}" if isinstance(node, Symlink) else ""
        out(process, f"{permissions(node)} {links:4} {owner:<8} {group:<8} {size:>9} {date} {name}{mark}{arrow}\n")


@applet("stat")
async def stat(process: Process) -> int:
    given, names = options(process, "c:Lft", ("format=",), "[-ltf] [-c FMT] FILE...", least=1)
    failures = Failures()
    for name in names:
        try:
            node = process.files.node(process.path(name), follow="L" in given)
        except OSError as error:
            complain(process, f"can't stat '{name}': {error.strerror}", failures)
            continue
        values = _stat_values(process, name, node)
        form = given.get("c", given.get("format")) or (
            "  File: %N\n  Size: %s\tBlocks: %b\tIO Block: 4096   %F\nDevice: 0h/0d\tInode: 1\tLinks: 1\n"
            "Access: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\nAccess: %y\nModify: %y\nChange: %y")
        out(
            process,
            re.sub(r"%(0?\d*)([a-zA-Z%])", lambda match, values=values: _padded(values.get(match[2], match[0]), match[1]), form) + "\n",
        )
    return failures.code


def _padded(text: str, width: str) -> str:
    return text.rjust(int(width), "0" if width[0] == "0" else " ") if width else text


def _stat_values(process: Process, name: str, node: Node) -> dict[str, str]:
    when = moment(process, node.mtime)
    return {"a": f"{node.mode:o}", "A": permissions(node), "n": name, "s": str(node.size), "u": str(node.uid), "g": str(node.gid),
            "U": user_name(process, node.uid), "G": group_name(process, node.gid), "F": TYPES[node.kind], "b": str(blocks(node) * 2),
            "N": f"{name} -> {node.target}" if isinstance(node, Symlink) else name, "h": "1", "i": "1", "%": "%",
            "y": f"{when:%Y-%m-%d %H:%M:%S.%f}000 +0000", "Y": str(int(when.timestamp())), "z": f"{when:%Y-%m-%d %H:%M:%S}"}


@applet("readlink")
async def readlink(process: Process) -> int:
    given, names = options(process, "fnev", usage="[-fnv] FILE", least=1)
    node = process.files.find(process.path(names[0]), follow=False)
    if "f" in given:
        try:
            out(process, process.files.place(process.path(names[0])).path + "\n")
            return 0
        except OSError:
            return 1
    if not isinstance(node, Symlink):
        return 1
    out(process, node.target + ("" if "n" in given else "\n"))
    return 0


@applet("realpath")
async def realpath(process: Process) -> int:
    failures = Failures()
    for name in options(process, "", usage="FILE...", least=1)[1]:
        try:
            out(process, process.files.place(process.path(name)).path + "\n")
        except OSError as error:
            complain(process, f"{name}: {error.strerror}", failures)
    return failures.code


@applet("du")
async def du(process: Process) -> int:
    given, names = options(process, "shkamcd:", usage="[-aHLdclsxhmk] [FILE]...")
    failures = Failures()

    def total(path: str, node: Node, depth: int) -> int:
        size = blocks(node)
        if isinstance(node, Directory):
            size += sum(
                total(f"{path}/{name}", process.files.node(f"{process.path(path)}/{name}", follow=False), depth + 1)
                for name in node.names()
            )
        if depth == 0 or isinstance(node, Directory) and "s" not in given or "a" in given:
            out(process, f"{human(size << 10) if 'h' in given else size >> 10 if 'm' in given else size}\t{path}\n")
        return size
    for name in names or ["."]:
        try:
            total(name, process.files.node(process.path(name), follow=False), 0)
        except OSError as error:
            complain(process, f"{name}: {error.strerror}", failures)
    return failures.code


@applet("df")
async def df(process: Process) -> int:
    given, names = options(process, "hkmPTia", usage="[-PkmhTi] [FILE]...")
    title, scale = (
        ("Size", human)
        if "h" in given
        else ("1M-blocks", lambda size: str(size >> 20))
        if "m" in given
        else ("1K-blocks", lambda size: str(size >> 10))
    )
    out(process, f"Filesystem           {title:>9}      Used Available Use% Mounted on\n")
    mounts = {"/": process.files.root, **process.files.mounts}
    wanted = [process.files.place(process.path(name)).mount for name in names] if names else None
    for path, mount in mounts.items():
        if path in ("/proc", "/sys") or (wanted is not None and mount not in wanted):
            continue
        limit = getattr(mount.node, "limit", None)
        size, used = (100 << 30, (20 << 30) + mount.node.usage()) if limit is None else (limit, mount.node.usage())
        kind = "overlay" if path == "/" else "tmpfs" if getattr(mount.node, "medium", "") == "Memory" or path == "/dev" else "/dev/vda1"
        out(process, f"{kind:<20} {scale(size):>9} {scale(used):>9} {scale(size - used):>9} {used * 100 // max(size, 1):3}% {path}\n")
    return 0
