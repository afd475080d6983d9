"""Busybox's commands that change files: mkdir, rm, mv, cp, ln, touch, chmod, chown, dd and their like.

Leaves out: options that scripts hardly use."""
from __future__ import annotations

import errno
import os
import re

from kubelearn.clock import EPOCH
from kubelearn.kubelet.images.applets import Inputs, Options, applet, integer, moment, out, usage_error
from kubelearn.kubelet.images.applets.names import group_id, user_id
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.signals import Exit
from kubelearn.volumes import Directory, File, Node, Symlink


def human(size: int) -> str:
    """1536 -> 1.5K"""
    power = min((max(size, 1).bit_length() - 1) // 10, 3)
    return f"{size / 1024 ** power:.1f}{' KMG'[power]}" if power else str(size)


@applet("mkdir", flags="pm:", usage="[-m MODE] [-p] DIRECTORY...", least=1, long={"parents": "p", "mode": "m"},
        each="can't create directory '{name}': {error}")
def mkdir(process: Process, given: Options, name: str) -> None:
    if "p" not in given:
        process.files.mkdir(process.path(name), int(given.get("m", "755"), 8))
    elif not isinstance(process.files.makedirs(process.path(name)), Directory):
        raise FileExistsError(17, "File exists")


@applet("rmdir", flags="p", usage="[-p] DIRECTORY...", least=1, each="'{name}': {error}")
def rmdir(process: Process, given: Options, name: str) -> None:
    if not isinstance(process.files.node(process.path(name), follow=False), Directory):
        raise NotADirectoryError(20, "Not a directory")
    process.files.remove(process.path(name))


@applet("rm", flags="rRfi", usage="[-irf] FILE...", each="can't remove '{name}': {error}")
def rm(process: Process, given: Options, name: str) -> int:
    path = process.path(name).rstrip("/")
    node = process.files.find(path or "/", follow=False)
    if isinstance(node, Directory) and not given.any("rR"):
        return process.fail(f"'{name}' is a directory")
    return 0 if node is None and "f" in given else remove_tree(process, path, name)


def remove_tree(process: Process, path: str, shown: str) -> int:
    """1 when something stayed, which was said."""
    node, code = process.files.node(path or "/", follow=False), 0
    if isinstance(node, Directory):
        for name in node.names():
            code = remove_tree(process, f"{path}/{name}", f"{shown.rstrip('/')}/{name}") or code
    try:
        process.files.remove(path)
    except OSError as error:
        code = code or process.fail(f"can't remove '{shown}': {error.strerror}")
    return code


def target_of(process: Process, name: str, source: str) -> str:
    """Into a directory under its own name, else to the name itself."""
    path = process.path(name)
    return f"{path.rstrip('/')}/{os.path.basename(source.rstrip('/'))}" if isinstance(process.files.find(path), Directory) else path


@applet("mv", flags="finTv", usage="[-finT] SOURCE... DEST", least=2, each="can't rename '{name}': {error}", last=True)
def mv(process: Process, given: Options, name: str, to: str) -> None:
    source, target = process.path(name), target_of(process, to, name)
    try:
        process.files.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_tree(process, source, target)  # to another volume: copy, then remove
        remove_tree(process, source, name)


@applet("cp", flags="rRafpdLHiTv", usage="[-arPLHpfinlsTu] SOURCE DEST", least=2, each="can't create '{last}': {error}", last=True)
def cp(process: Process, given: Options, name: str, to: str) -> int:
    source, target = process.path(name), target_of(process, to, name)
    node = process.files.find(source, follow=not given.any("rRad"))
    if node is None:
        return process.fail(f"can't stat '{name}': No such file or directory")
    if isinstance(node, Directory) and not given.any("rRa"):
        return process.fail(f"omitting directory '{name}'")
    if isinstance(node, Directory) and f"{target}/".startswith(f"{source.rstrip('/')}/"):
        return process.fail(f"recursion detected, omitting directory '{name}'")
    copy_tree(process, source, target)
    return 0


def copy_tree(process: Process, source: str, target: str) -> None:
    """A directory with what is in it; a link to a file gives the file."""
    files = process.files
    node, there = files.node(source, follow=False), files.find(target)
    if isinstance(node, Symlink) and isinstance(files.find(source), File):
        node = files.node(source)
    if isinstance(node, Directory):
        if there is None:
            files.mkdir(target, node.mode)
        for name in node.names():
            copy_tree(process, f"{source}/{name}", f"{target}/{name}")
    elif isinstance(node, Symlink):
        files.add(target, Symlink(node.target))
    elif there is not None:
        files.write(target, node.read())
    else:
        files.room(target, node.size)
        whole = node.kind == "-" and node.size == len(node.data) or node.mode & 0o111
        files.add(target, node.copy() if whole else File(node.read(), node.mode))


@applet("ln", flags="sfnT", usage="[-sfnT] TARGET... LINK", least=2, each="{last}: {error}", last=True)
def ln(process: Process, given: Options, name: str, link: str) -> None:
    path = process.path(link) if "n" in given else target_of(process, link, name)
    if "f" in given and process.files.find(path, follow=False) is not None:
        process.files.remove(path)
    if "s" in given:
        process.files.add(path, Symlink(name))
    else:
        process.files.link(process.path(name), path)


@applet("touch", flags="camd:t:r:", usage="[-cham] [-d DATE] [-t DATE] [-r FILE] FILE...", least=1, each="{name}: {error}")
def touch(process: Process, given: Options, name: str) -> None:
    path, when = process.path(name), process.clock.now
    if "r" in given:
        when = process.files.node(process.path(given["r"])).mtime
    elif given.any("dt"):
        when = moment(process, given.get("d") or given["t"]).timestamp() - EPOCH
    if process.files.find(path) is None:
        if "c" in given:
            return
        process.files.write(path, b"")
    process.files.change(path, mtime=when)


# --- modes and owners ---------------------------------------------------------------------------------------------

def change(process: Process, recursive: bool, names: list[str], attributes) -> int:
    """attributes(node): what each file, when recursive also those below, gets."""
    code = 0
    for name in names:
        try:
            node = process.files.node(process.path(name))
            inner = node.walk() if recursive and isinstance(node, Directory) else ()
            for path, one in [("", node), *inner]:
                process.files.change(process.path(name.rstrip("/") + path if path else name), **attributes(one))
        except OSError as error:
            code = process.fail(f"{name}: {error.strerror}")
    return code


@applet("chmod")
async def chmod(process: Process) -> int:
    words = [word for word in process.args if word not in ("-R", "-f", "-v", "-c")]  # -x is a mode
    if len(words) < 2:
        raise usage_error(process, "[-Rcvf] MODE[,MODE]... FILE...")
    return change(process, "-R" in process.args, words[1:], lambda node: {"mode": new_mode(process, words[0], node)})


SHIFTS, BITS = {"u": 6, "g": 3, "o": 0}, {"r": 4, "w": 2, "x": 1}
SPECIAL = {("u", "s"): 0o4000, ("g", "s"): 0o2000, ("o", "t"): 0o1000}


def new_mode(process: Process, text: str, node: Node) -> int:
    """755, u+x, go-rwx, a=r"""
    if re.fullmatch(r"[0-7]+", text):
        return int(text, 8)
    mode = node.mode
    for part in text.split(","):
        match = re.fullmatch(r"([ugoa]*)([-+=])([rwxXst]*)", part)
        if match is None:
            raise Exit(process.fail(f"invalid mode '{text}'"))
        who = "ugo" if "a" in match[1] or not match[1] else match[1]
        letters = match[3].replace("X", "x" if isinstance(node, Directory) or mode & 0o111 else "")
        mask = sum(sum(BITS.get(letter, 0) for letter in letters) << SHIFTS[one] for one in who)
        mask |= sum(SPECIAL.get((one, letter), 0) for one in who for letter in letters)
        everything = sum(7 << SHIFTS[one] for one in who)
        mode = mode | mask if match[2] == "+" else mode & ~mask if match[2] == "-" else mode & ~everything | mask
    return mode


@applet("chown", "chgrp", flags="Rhfv", usage="[-Rh] USER[:[GRP]] FILE...", least=2)
async def chown(process: Process, given: Options, names: list[str]) -> int:
    user, _, group = names[0].replace(".", ":", 1).partition(":") if process.name == "chown" else ("", "", names[0])
    owner = ({"uid": user_id(process, user)} if user else {}) | ({"gid": group_id(process, group)} if group else {})
    return change(process, "R" in given, names[1:], lambda node: owner)


# --- sizes --------------------------------------------------------------------------------------------------------

@applet("dd")
async def dd(process: Process) -> int:
    given = dict(word.partition("=")[::2] for word in process.args)
    source = Inputs(process, []).open(given.get("if", "-"))
    if source is None:
        return 1
    block, left, code = _size(process, given.get("bs", "512")), int(given.get("count", "-1")), 0
    try:
        target = process.open(given["of"], ">") if "of" in given else process.stdout
    except OSError as error:
        return process.fail(f"can't open '{given['of']}': {error.strerror}")
    taken = records = copied = 0
    process.use_memory(process.memory + block)
    try:
        while taken != left and (data := await source.read(block)):
            taken += 1
            target.write(data)
            await process.work(max(1, len(data) >> 16))
            records, copied = records + 1, copied + len(data)
    except OSError as error:
        code = process.fail(f"error writing '{given.get('of', 'standard output')}': {error.strerror}")
    if given.get("status") != "none":
        process.error(f"{taken}+0 records in\n{records}+0 records out\n"
                      f"{copied} bytes ({human(copied)}B) copied, 0.000100 seconds, 1.0GB/s")
    return code


def _size(process: Process, text: str) -> int:
    scale = {"k": 1 << 10, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "c": 1, "b": 512}.get(text[-1:], 0)
    return integer(process, text[:-1]) * scale if scale else integer(process, text)


@applet("truncate", "fallocate", flags="s:l:o:c", usage="-s SIZE FILE...", least=1, each="{name}: {error}")
def truncate(process: Process, given: Options, name: str) -> None:
    size = _size(process, given.get("s", given.get("l", "0")))
    file = process.files.open(process.path(name), write=True, create=True)
    process.files.room(process.path(name), size - file.size)
    file.truncate(size)


@applet("mktemp", flags="dp:tqu", usage="[-dt] [-p DIR] [TEMPLATE]")
async def mktemp(process: Process, given: Options, names: list[str]) -> int:
    template = names[0] if names else f"{given.get('p', '/tmp')}/tmp.XXXXXX"
    letters = process.clock.random(f"mktemp/{process.container.id}/{process.pid}").choices("abcdefghijklmnopqrstuvwxyz0123456789", k=6)
    path = template[:-6] + "".join(letters)
    try:
        process.files.mkdir(process.path(path), 0o700) if "d" in given else process.files.write(process.path(path), b"", mode=0o600)
    except OSError as error:
        return process.fail(f"can't create '{path}': {error.strerror}")
    out(process, path + "\n")
    return 0
