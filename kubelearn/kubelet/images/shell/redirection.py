"""The shell's redirections: which open files a command gets.

Errors are busybox ash's wording. Leaves out: process substitution.
"""
from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from kubelearn.kubelet.files import OpenFile, ReadEnd
from kubelearn.kubelet.images.shell import syntax
from kubelearn.kubelet.images.shell.expansion import ShellFault, expand_one
from kubelearn.streams import Pipe

if TYPE_CHECKING:
    from kubelearn.kubelet.images.shell.interpreter import Shell


async def redirect(shell: Shell, redirects: tuple[syntax.Redirect, ...]) -> dict[int, OpenFile] | None:
    """The descriptors with these redirections applied, each held once more; None when one failed, which was said."""
    fds = dict(shell.process.fds)
    opened = []
    try:
        for redirect in redirects:
            file = await _open(shell, redirect, fds)
            if file is None:
                fds.pop(redirect.fd, None)
            else:
                opened.append(file)
                fds[redirect.fd] = file
    except ShellFault as error:
        shell.complain(error.text)
        fds = None
    for file in fds.values() if fds else ():
        file.share()
    for file in opened:
        file.release()
    return fds


async def _open(shell: Shell, redirect: syntax.Redirect, fds: dict[int, OpenFile]) -> OpenFile | None:
    if redirect.op == "<<":
        pipe = Pipe(shell.process.clock)
        pipe.write((await expand_one(shell, redirect.target[0])).encode("utf-8", "surrogateescape"))
        pipe.end()
        return ReadEnd(pipe)
    target = await expand_one(shell, redirect.target)
    if redirect.op in (">&", "<&"):
        if target == "-":
            return None
        if not target.isdigit() or int(target) not in fds:
            raise ShellFault(f"{target}: bad file descriptor" if target.isdigit() else f"ambiguous redirect: {target}")
        return fds[int(target)].share()
    try:
        return shell.process.open(target, redirect.op)
    except FileNotFoundError:
        raise ShellFault(f"can't open {target}: no such file" if redirect.op == "<" else
                         f"can't create {target}: nonexistent directory") from None
    except OSError as error:
        raise ShellFault(f"can't {'open' if redirect.op == '<' else 'create'} {target}: {error.strerror}") from None


async def within(shell: Shell, fds: dict[int, OpenFile], run: Callable[[], Awaitable[int]]) -> int:
    """Runs something in this shell with other descriptors, then lets go of them."""
    shell.saved.append(shell.process.fds)
    shell.process.fds = fds
    try:
        return await run()
    finally:
        if shell.saved:  # else exec has taken over
            kept = shell.saved.pop()
            if shell.process.fds is fds:  # exec without a command keeps its own
                shell.process.fds = kept
                release(fds)


def release(fds: dict[int, OpenFile]) -> None:
    for file in fds.values():
        file.release()


async def read_line(file: OpenFile, most: int = 0) -> bytes:
    """Byte by byte, so that what follows stays for the commands that read the same input; at most so many, if any."""
    line, byte = bytearray(), b""
    while not (most and len(line) >= most) and (byte := await file.read(1)) and byte != b"\n":
        line += byte
        byte = b""
    return bytes(line + byte)
