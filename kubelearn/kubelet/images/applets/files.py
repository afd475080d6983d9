"""Busybox's commands on files: ls, mkdir, rm, mv, cp, ln, touch, stat, chmod, chown, du, df, dd and their like."""
from __future__ import annotations

import os
import re
from datetime import datetime, timezone

from kubelearn.clock import EPOCH
from kubelearn.kubelet.images.applets import Failures, applet, integer, open_input, options, out
from kubelearn.kubelet.images.applets.names import group_id, group_name, user_id, user_name
from kubelearn.kubelet.process import Exit, Process
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


def human(size: int) -> str:
    for unit in ("", "K", "M", "G"):
        if size < 1024 or unit == "G":
            return f"{size:.1f}{unit}" if unit else str(size)
        size /= 1024
    return ""


def moment(process: Process, at: float) -> datetime:
    return datetime.fromtimestamp(EPOCH + at, timezone.utc)


def complain(process: Process, text: str, failures: Failures) -> None:
    process.error(f"{process.name}: {text}")
    failures.code = 1


# --- looking ------------------------------------------------------------------------------------------------------

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
        out(process, f"total {sum(_blocks(node) for _, node in entries)}\n")
    _list(process, given, entries)
    if "R" in given:
        for entry, node in entries:
            if isinstance(node, Directory) and entry not in (".", ".."):
                _list_directory(process, given, f"{name.rstrip('/')}/{entry}", True, True)


def _blocks(node: Node) -> int:
    return 0 if node.kind in "lc" else (node.size + 4095) // 4096 * 4


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
        out(process, re.sub(r"%(0?\d*)([a-zA-Z%])", lambda match: _padded(values.get(match[2], match[0]), match[1]), form) + "\n")
    return failures.code


def _padded(text: str, width: str) -> str:
    return text.rjust(int(width), "0" if width[0] == "0" else " ") if width else text


def _stat_values(process: Process, name: str, node: Node) -> dict[str, str]:
    when = moment(process, node.mtime)
    return {"a": f"{node.mode:o}", "A": permissions(node), "n": name, "s": str(node.size), "u": str(node.uid), "g": str(node.gid),
            "U": user_name(process, node.uid), "G": group_name(process, node.gid), "F": TYPES[node.kind], "b": str(_blocks(node) * 2),
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
        size = _blocks(node)
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
        kind = "overlay" if path == "/" else "tmpfs" if limit is not None or path == "/dev" else "/dev/vda1"
        out(process, f"{kind:<20} {scale(size):>9} {scale(used):>9} {scale(size - used):>9} {used * 100 // max(size, 1):3}% {path}\n")
    return 0


# --- changing -----------------------------------------------------------------------------------------------------

@applet("mkdir")
async def mkdir(process: Process) -> int:
    given, names = options(process, "pm:", ("parents", "mode="), "[-m MODE] [-p] DIRECTORY...", least=1)
    failures, mode = Failures(), int(given.get("m", given.get("mode", "755")), 8)
    for name in names:
        try:
            if "p" in given or "parents" in given:
                if not isinstance(process.files.makedirs(process.path(name)), Directory):
                    raise FileExistsError(17, "File exists")
            else:
                process.files.mkdir(process.path(name), mode)
        except OSError as error:
            complain(process, f"can't create directory '{name}': {error.strerror}", failures)
    return failures.code


@applet("rmdir")
async def rmdir(process: Process) -> int:
    failures = Failures()
    for name in options(process, "p", usage="[-p] DIRECTORY...", least=1)[1]:
        try:
            if not isinstance(process.files.node(process.path(name), follow=False), Directory):
                raise NotADirectoryError(20, "Not a directory")
            process.files.remove(process.path(name))
        except OSError as error:
            complain(process, f"'{name}': {error.strerror}", failures)
    return failures.code


@applet("rm")
async def rm(process: Process) -> int:
    given, names = options(process, "rRfi", usage="[-irf] FILE...")
    failures = Failures()
    for name in names:
        path = process.path(name)
        try:
            node = process.files.node(path.rstrip("/") or "/", follow=False)
            if isinstance(node, Directory) and not ("r" in given or "R" in given):
                complain(process, f"'{name}' is a directory", failures)
            else:
                remove_tree(process, path.rstrip("/"), name)
        except OSError as error:
            if not ("f" in given and isinstance(error, FileNotFoundError)):
                complain(process, f"can't remove '{getattr(error, 'shown', name)}': {error.strerror}", failures)
    return failures.code


def remove_tree(process: Process, path: str, shown: str) -> None:
    node = process.files.node(path, follow=False)
    if isinstance(node, Directory):
        for name in node.names():
            remove_tree(process, f"{path}/{name}", f"{shown.rstrip('/')}/{name}")
    try:
        process.files.remove(path)
    except OSError as error:
        error.shown = shown
        raise


def target_of(process: Process, name: str, source: str) -> str:
    """Into a directory under its own name, else to the name itself."""
    path = process.path(name)
    return f"{path.rstrip('/')}/{os.path.basename(source.rstrip('/'))}" if isinstance(process.files.find(path), Directory) else path


@applet("mv")
async def mv(process: Process) -> int:
    given, names = options(process, "finTv", usage="[-finT] SOURCE... DEST", least=2)
    failures = Failures()
    for name in names[:-1]:
        source, target = process.path(name), target_of(process, names[-1], name)
        try:
            process.files.rename(source, target)
        except OSError as error:
            if error.errno == 18:  # to another volume: copy, then remove
                copy_tree(process, source, target)
                remove_tree(process, source, name)
            else:
                complain(process, f"can't rename '{name}': {error.strerror}", failures)
    return failures.code


@applet("cp")
async def cp(process: Process) -> int:
    given, names = options(process, "rRafpdLHiTv", usage="[-arPLHpfinlsTu] SOURCE DEST", least=2)
    failures = Failures()
    for name in names[:-1]:
        try:
            node = process.files.node(process.path(name), follow=not {"r", "R", "a", "d"} & set(given))
        except OSError as error:
            complain(process, f"can't stat '{name}': {error.strerror}", failures)
            continue
        if isinstance(node, Directory) and not {"r", "R", "a"} & set(given):
            complain(process, f"omitting directory '{name}'", failures)
            continue
        target = target_of(process, names[-1], name)
        try:
            copy_tree(process, process.path(name), target)
        except OSError as error:
            complain(process, f"can't create '{names[-1]}': {error.strerror}", failures)
    return failures.code


def copy_tree(process: Process, source: str, target: str) -> None:
    node = (
        process.files.node(source, follow=False)
        if isinstance(process.files.find(source), Directory) or process.files.find(source) is None
        else process.files.node(source)
    )
    if isinstance(node, Directory):
        if process.files.find(target) is None:
            process.files.mkdir(target, node.mode)
        for name in node.names():
            copy_tree(process, f"{source}/{name}", f"{target}/{name}")
    elif isinstance(node, Symlink):
        process.files.add(target, Symlink(node.target))
    elif process.files.find(target) is None:
        process.files.room(target, node.size)
        process.files.add(
            target, node.copy() if node.kind == "-" and node.size == len(node.data) or node.mode & 0o111 else File(node.read(), node.mode)
        )
    else:
        process.files.write(target, node.read())


@applet("ln")
async def ln(process: Process) -> int:
    given, names = options(process, "sfnT", usage="[-sfnbtv] [-S SUF] TARGET... LINK", least=1)
    failures = Failures()
    link = names[-1] if len(names) > 1 else os.path.basename(names[0])
    for name in names[:-1] or names:
        path = process.path(link) if "n" in given else target_of(process, link, name)
        try:
            if "f" in given and process.files.find(path, follow=False) is not None:
                process.files.remove(path)
            if "s" in given:
                process.files.add(path, Symlink(name))
            else:
                process.files.place(path, follow=False).directory.put(os.path.basename(path), process.files.node(process.path(name)))
        except OSError as error:
            complain(process, f"{link}: {error.strerror}", failures)
    return failures.code


@applet("touch")
async def touch(process: Process) -> int:
    given, names = options(process, "cd:t:r:am", usage="[-cham] [-d DATE] [-t DATE] [-r FILE] FILE...", least=1)
    failures = Failures()
    for name in names:
        path = process.path(name)
        try:
            if process.files.find(path) is not None:
                process.files.change(path, mtime=process.clock.now)
            elif "c" not in given:
                process.files.write(path, b"")
        except OSError as error:
            complain(process, f"{name}: {error.strerror}", failures)
    return failures.code


def _walk(process: Process, name: str, recursive: bool):
    node = process.files.node(process.path(name))
    yield name
    if recursive and isinstance(node, Directory):
        for path, _ in node.walk():
            yield name.rstrip("/") + path


@applet("chmod")
async def chmod(process: Process) -> int:
    given, names = (
        [word for word in process.args if word in ("-R", "-f", "-v")],
        [word for word in process.args if word not in ("-R", "-f", "-v")],
    )
    failures = Failures()
    for name in names[1:]:
        try:
            for path in _walk(process, name, "-R" in given):
                node = process.files.node(process.path(path))
                process.files.change(process.path(path), mode=new_mode(process, names[0], node))
        except OSError as error:
            complain(process, f"{name}: {error.strerror}", failures)
    return failures.code


def new_mode(process: Process, text: str, node: Node) -> int:
    if re.fullmatch(r"[0-7]+", text):
        return int(text, 8)
    mode = node.mode
    for part in text.split(","):
        match = re.fullmatch(r"([ugoa]*)([-+=])([rwxXst]*)", part)
        if match is None:
            process.error(f"chmod: invalid mode '{text}'")
            raise Exit(1)
        who = "ugo" if "a" in match[1] or not match[1] else match[1]
        letters = match[3].replace("X", "x" if isinstance(node, Directory) or mode & 0o111 else "")
        bits = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in letters)
        mask = sum(bits << {"u": 6, "g": 3, "o": 0}[one] for one in who)
        mask |= (
            (0o1000 if "t" in letters else 0)
            | (0o2000 if "s" in letters and "g" in who else 0)
            | (0o4000 if "s" in letters and "u" in who else 0)
        )
        everything = sum(7 << {"u": 6, "g": 3, "o": 0}[one] for one in who)
        mode = mode | mask if match[2] == "+" else mode & ~mask if match[2] == "-" else mode & ~everything | mask
    return mode


@applet("chown", "chgrp")
async def chown(process: Process) -> int:
    given, names = options(process, "Rhfv", usage="[-Rh] USER[:[GRP]] FILE...", least=2)
    user, _, group = names[0].replace(".", ":", 1).partition(":") if process.name == "chown" else ("", "", names[0])
    attributes = ({"uid": user_id(process, user)} if user else {}) | ({"gid": group_id(process, group)} if group else {})
    failures = Failures()
    for name in names[1:]:
        try:
            for path in _walk(process, name, "R" in given):
                process.files.change(process.path(path), **attributes)
        except OSError as error:
            complain(process, f"{name}: {error.strerror}", failures)
    return failures.code


@applet("dd")
async def dd(process: Process) -> int:
    given = dict(word.partition("=")[::2] for word in process.args)
    failures = Failures()
    source = open_input(process, given["if"], failures) if "if" in given else process.stdin
    if source is None:
        return 1
    block, left = _size(process, given.get("bs", "512")), int(given.get("count", "-1"))
    try:
        target = process.open(given["of"], ">") if "of" in given else process.stdout
    except OSError as error:
        return process.fail(f"can't open '{given['of']}': {error.strerror}")
    records = copied = 0
    try:
        while left and (data := await source.read(block)):
            target.write(data)
            await process.work(max(1, len(data) >> 16))
            records, copied, left = records + 1, copied + len(data), left - 1
    except OSError as error:
        failures.code = process.fail(f"error writing '{given.get('of', 'standard output')}': {error.strerror}")
    if given.get("status") != "none":
        process.error(
            f"{records}+0 records in\n{records}+0 records out\n{copied} bytes ({human(copied)}B) copied, 0.000100 seconds, 1.0GB/s"
        )
    return failures.code


def _size(process: Process, text: str) -> int:
    scale = {"k": 1 << 10, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "c": 1, "b": 512}.get(text[-1:], 0)
    return integer(process, text[:-1]) * scale if scale else integer(process, text)


@applet("truncate", "fallocate")
async def truncate(process: Process) -> int:
    given, names = options(process, "s:l:o:c", usage="-s SIZE FILE...", least=1)
    size, failures = _size(process, given.get("s", given.get("l", "0"))), Failures()
    for name in names:
        try:
            file = process.files.open(process.path(name), write=True, create=True)
            process.files.room(process.path(name), size - file.size)
            file.truncate(size)
        except OSError as error:
            complain(process, f"{name}: {error.strerror}", failures)
    return failures.code


@applet("mktemp")
async def mktemp(process: Process) -> int:
    given, names = options(process, "dp:tqu", usage="[-dt] [-p DIR] [TEMPLATE]")
    template = names[0] if names else f"{given.get('p', '/tmp')}/tmp.XXXXXX"
    letters = process.clock.random(f"mktemp/{process.container.id}/{process.pid}").choices("abcdefghijklmnopqrstuvwxyz0123456789", k=6)
    path = template[:-6] + "".join(letters)
    try:
        process.files.mkdir(process.path(path), 0o700) if "d" in given else process.files.write(process.path(path), b"", mode=0o600)
    except OSError as error:
        return process.fail(f"can't create '{path}': {error.strerror}")
    out(process, path + "\n")
    return 0


@applet("basename")
async def basename(process: Process) -> int:
    words = options(process, "", usage="FILE [SUFFIX]", least=1, stop=True)[1]
    name = os.path.basename(words[0].rstrip("/")) or "/"
    out(process, (name.removesuffix(words[1]) if len(words) > 1 and name != words[1] else name) + "\n")
    return 0


@applet("dirname")
async def dirname(process: Process) -> int:
    words = options(process, "", usage="FILENAME", least=1, stop=True)[1]
    out(process, (os.path.dirname(words[0].rstrip("/")) or ("/" if words[0].startswith("/") else ".")) + "\n")
    return 0


@applet("sync")
async def sync(process: Process) -> int:
    return 0
