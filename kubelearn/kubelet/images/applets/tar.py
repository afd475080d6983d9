"""Busybox's tar: create, extract, list; what `kubectl cp` runs in the container.

Leaves out: compression but gzip, exclusion, devices.
"""
from __future__ import annotations

import io
import re
import tarfile

from kubelearn.kubelet.images.applets import applet, read_all, usage_error
from kubelearn.kubelet.process import Process
from kubelearn.volumes import Directory, Node, Symlink


@applet("tar")
async def tar(process: Process) -> int:
    flags, values, names = _options([word for word in process.args if not word.startswith("--")])
    mode = next((letter for letter in "cxt" if letter in flags), None)
    if mode is None:
        raise usage_error(process, "c|x|t [-zvf TARFILE] [-C DIR] [FILE]...")
    base, source = process.path(values.get("C", ".")), values.get("f", "-")
    if not isinstance(process.files.find(base), Directory):
        return process.fail(f"can't change directory to '{values['C']}': No such file or directory")
    if mode == "c":
        return _create(process, source, base, names, "z" in flags)
    data, code = await read_all(process.stdin if source == "-" else process.open(source)), 0
    try:
        archive = tarfile.open(fileobj=io.BytesIO(data), mode="r:*")
    except tarfile.TarError:
        return process.fail("invalid tar magic" if data else "short read")
    for member in archive:
        if names and not any(f"{member.name}/".startswith(f"{name.rstrip('/')}/") for name in names):
            continue
        if "v" in flags or mode == "t":
            process.print(member.name + "/" * member.isdir())
        code = code or (_extract(process, archive, member, base) if mode == "x" else 0)
    return code


def _options(words: list[str]) -> tuple[str, dict[str, str], list[str]]:
    """tar's own way: cf FILE, -cf FILE, -C DIR anywhere."""
    flags, values, names, first = "", {}, [], True
    while words:
        word = words.pop(0)
        if word.startswith("-") and len(word) > 1 or first:
            flags += word.lstrip("-")
            values |= {letter: words.pop(0) if words else "-" for letter in word if letter in "fC"}
        else:
            names.append(word)
        first = False
    return flags, values, names


def _create(process: Process, target: str, base: str, names: list[str], zipped: bool) -> int:
    buffer, code = io.BytesIO(), 0
    with tarfile.open(fileobj=buffer, mode="w:gz" if zipped else "w") as archive:
        for name in names:
            node = process.files.find(name if name.startswith("/") else f"{base}/{name}", follow=False)
            if node is None:
                code = process.fail(f"{name}: No such file or directory")
                continue
            if name.startswith("/"):
                process.fail("removing leading '/' from member names")
            for path, one in [("", node), *(node.walk() if isinstance(node, Directory) else ())]:
                _add(archive, (name.strip("/") or ".") + path, one)
    (process.stdout if target == "-" else process.open(target, ">")).write(buffer.getvalue())
    return process.fail("error exit delayed from previous errors") if code else 0


def _add(archive: tarfile.TarFile, name: str, node: Node) -> None:
    member, data = tarfile.TarInfo(name), b""
    member.mode, member.uid, member.gid, member.mtime = node.mode & 0o7777, node.uid, node.gid, int(node.mtime)
    if isinstance(node, Directory):
        member.type = tarfile.DIRTYPE
    elif isinstance(node, Symlink):
        member.type, member.linkname = tarfile.SYMTYPE, node.target
    else:
        data = node.read()
        member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def _remove_old(process: Process, path: str, name: str) -> bool:
    try:
        process.files.remove(path)
    except FileNotFoundError:
        return True
    except OSError as error:
        return not process.fail(f"can't remove old file {name}: {error.strerror}")
    return True


def _extract(process: Process, archive: tarfile.TarFile, member: tarfile.TarInfo, base: str) -> int:
    """Never outside base: names that climb are refused, as tar refuses them."""
    if member.name.startswith("/") or re.search(r"(^|/)\.\.(/|$)", member.name):
        return process.fail(f"name with '..' skipped: '{member.name}'")
    path = f"{base.rstrip('/')}/{member.name}".rstrip("/.") or "/"
    try:
        if member.isdir():
            process.files.makedirs(path)
        elif member.issym():
            process.files.add(path, Symlink(member.linkname))
        elif member.isfile():
            process.files.makedirs(path.rpartition("/")[0] or "/")
            if not _remove_old(process, path, member.name):
                return 1
            process.files.write(path, archive.extractfile(member).read(), mode=member.mode & 0o777)
            process.files.change(path, mode=member.mode & 0o777)
    except OSError as error:
        return process.fail(f"can't open '{member.name}': {error.strerror}")
    return 0
