"""Busybox's commands on files: ls, mkdir, rm, mv, cp, ln, touch, stat, chmod, chown, du, df, dd and their like."""
from __future__ import annotations

import os
import re
from datetime import datetime, timezone

from kubelearn.clock import EPOCH
from kubelearn.kubelet.images.applets import Failures, applet, integer, open_input, options, out
from kubelearn.kubelet.images.applets.names import group_id, user_id
from kubelearn.kubelet.process import Exit, Process
from kubelearn.volumes import Directory, File, Node, Symlink


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


def blocks(node: Node) -> int:
    return 0 if node.kind in "lc" else (node.size + 4095) // 4096 * 4


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
        if isinstance(node, Directory) and f"{target}/".startswith(f"{process.path(name).rstrip('/')}/"):
            complain(process, f"recursion detected, omitting directory '{name}'", failures)
            continue
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
                process.files.link(process.path(name), path)
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
