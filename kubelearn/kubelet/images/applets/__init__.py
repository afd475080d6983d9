"""Busybox's commands. Each module registers its own when it is first needed; an applet is a program with its table of options.

Texts are busybox's, also of an option that is not in the table: "invalid option". Leaves out: options that scripts hardly use.
"""
from __future__ import annotations

import getopt
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timezone
from importlib import import_module

from kubelearn.kubelet.files import OpenFile
from kubelearn.kubelet.process import Process, Program
from kubelearn.kubelet.signals import Exit
from kubelearn.volumes import Directory

MODULES = {  # where each command is
    "applets.awk": "awk",
    "applets.comparing": "cmp diff hd hexdump nl",
    "applets.conditions": "[ test",
    "applets.files": "chgrp chmod chown cp dd fallocate ln mkdir mktemp mv rm rmdir touch truncate",
    "applets.find": "find",
    "applets.grep": "egrep fgrep grep",
    "applets.looking": "df du ls readlink realpath stat",
    "applets.making": "base64 md5sum od paste rev seq sha1sum sha256sum sha512sum tac tr yes",
    "applets.net": "ip nc netstat nslookup ping telnet wget",
    "applets.processes": "kill killall pgrep pidof pkill ps time timeout top watch xargs",
    "applets.sed": "sed",
    "applets.system": (
        "arch basename chroot clear date dirname env false free groups halt hostname id mknod mount nice nohup nproc poweroff pwd "
        "reboot setsid sleep stty sync sysctl true tty umount uname uptime usleep which whoami"
    ),
    "applets.leftout": (
        "ar arp arping bc bunzip2 bzip2 cal cpio crond crontab dc dmesg dos2unix ed fdisk fold fuser getopt gunzip gzip ifconfig install "
        "less lsof mkfifo more nmap nsenter patch pstree route script shuf split strings su traceroute tree unzip uudecode vi vim xxd zcat"
    ),
    "applets.tar": "tar",
    "applets.text": "cat cut head sort tail tee uniq wc",
    "applets.values": "echo expr printf",
    "busybox": "busybox",
    "servers": "httpd",
    "shell.main": "ash sh",
}
NAMES = {name: module for module, names in MODULES.items() for name in names.split()}
_programs: dict[str, Program] = {}


class Options(dict):
    """Options by name with their values; `all` of one that was given several times."""

    def __init__(self, pairs: list[tuple[str, str]]):
        super().__init__(pairs)
        self.pairs = pairs

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]

    def any(self, letters: str) -> bool:
        return any(letter in self for letter in letters)


def parse(words: list[str], flags: str, long: dict[str, str], stop: bool = False) -> tuple[Options, list[str]]:
    """getopt's: flags "pm:", long {"parents": "p", "mode": "m", "header=": ""}, each with its letter if it has one. GetoptError."""
    names = {name.rstrip("="): letter for name, letter in long.items()}
    valued = [name if name[-1] == "=" or f"{letter}:" not in flags or not letter else f"{name}=" for name, letter in long.items()]
    found, rest = (getopt.getopt if stop else getopt.gnu_getopt)(words, flags, valued)
    return Options([(names.get(name[2:]) or name.lstrip("-"), value) for name, value in found]), rest


def options(process: Process, flags: str, usage: str = "", least: int = 0, stop: bool = False,
            long: dict[str, str] | None = None) -> tuple[Options, list[str]]:
    """The options and the operands, of which there must be `least`; ends the program when they are wrong.
    stop: the first operand ends the options."""
    try:
        given, rest = parse(process.args, flags, long or {}, stop)
    except getopt.GetoptError as error:
        text = f"invalid option -- '{error.opt}'" if len(error.opt) == 1 else f"unrecognized option '--{error.opt}'"
        if "requires argument" in error.msg:
            text = f"option requires an argument -- '{error.opt}'"
        process.fail(text)
        raise usage_error(process, usage) from None
    if len(rest) < least:
        raise usage_error(process, usage)
    return given, rest


def usage_error(process: Process, usage: str) -> Exit:
    process.error(f"BusyBox v1.36.1 multi-call binary.\n\nUsage: {process.name} {usage}".rstrip())
    return Exit(1)


def applet(*names: str, flags: str | None = None, usage: str = "", least: int = 0, stop: bool = False, long: dict[str, str] | None = None,
           each: str = "", last: bool = False, reads: bool = False) -> Callable:
    """Registers a command. With flags its function gets (process, options, operands), and its exit code is 0 when it gives none.
    With `each` it gets one operand at a time; an OSError is told in that form, and the others still come. last: it gets the last
    operand with each of the others. reads: the operands are files, and it gets Inputs."""
    def register(function: Callable) -> Callable:
        async def program(process: Process) -> int:
            given, rest = options(process, flags, usage, least, stop, long)
            if reads:
                inputs = Inputs(process, rest)
                return await function(process, given, inputs) or inputs.code
            if not each:
                return await function(process, given, rest) or 0
            code, more = 0, rest[-1:] if last else []
            for name in rest[:-1] if last else rest:
                try:
                    code = function(process, given, name, *more) or code
                except OSError as error:
                    code = process.fail(each.format(name=name, last=rest[-1], error=error.strerror))
            return code
        program.__module__ = function.__module__
        _programs.update(dict.fromkeys(names, function if flags is None else program))
        return function
    return register


def find_applet(name: str) -> Program | None:
    """The program of this name; its module is loaded for it."""
    if name not in _programs and name in NAMES:
        import_module(f"kubelearn.kubelet.images.{NAMES[name]}")
    return _programs.get(name)


def starter(name: str) -> Program:
    """What runs an applet that need not be loaded yet; an error that it does not word itself is the kernel's or a bad argument."""
    async def program(process: Process) -> int:
        try:
            return await find_applet(name)(process) or 0
        except BrokenPipeError:
            raise
        except OSError as error:
            return process.fail(error.strerror or str(error))
        except ValueError:
            return process.fail("invalid argument")
    return program


async def run(process: Process, words: list[str], **given: object) -> int:
    """A command as a child; 127 or 126 when there is none."""
    try:
        return await process.run(words, **given)
    except OSError as error:
        shown = words[0] if process.name == "xargs" else f"can't execute '{words[0]}'"
        return process.fail(f"{shown}: {error.strerror}", 127 if isinstance(error, FileNotFoundError) else 126)


# --- numbers ------------------------------------------------------------------------------------------------------

def integer(process: Process, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Exit(process.fail(f"invalid number '{text}'")) from None


def seconds(process: Process, text: str) -> float:
    """1, 0.5, 2m, 1h, 1d"""
    scale = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(text[-1:], 0)
    try:
        value = float(text[:-1]) * scale if scale else float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise Exit(process.fail(f"invalid number '{text}'"))
    return value


def moment(process: Process, text: str) -> datetime:
    """A time as date -d and touch -d take it."""
    try:
        when = datetime.fromtimestamp(float(text[1:]), timezone.utc) if text[:1] == "@" else datetime.fromisoformat(text)
    except ValueError:
        raise Exit(process.fail(f"invalid date '{text}'")) from None
    return when.replace(tzinfo=timezone.utc)


# --- input and output ---------------------------------------------------------------------------------------------

QUOTING = {"cat", "tail", "uniq", "dd", "rev", "tac", "md5sum", "sha1sum", "sha256sum", "sha512sum"}  # say "can't open 'x'", others "x"


class Inputs:
    """The files that an applet reads, standard input without names; `code` is 1 after one that it could not read."""

    def __init__(self, process: Process, names: list[str]):
        self.process, self.names, self.code = process, names, 0

    def open(self, name: str) -> OpenFile | None:
        """None after saying why not."""
        process = self.process
        if name == "-":
            return process.stdin
        try:
            if not isinstance(process.files.find(process.path(name)), Directory):
                return process.open(name)
            process.fail("read error: Is a directory")
        except OSError as error:
            shown = f"can't open '{name}'" if process.name in QUOTING else name
            process.fail(f"{shown}: {error.strerror}")
        self.code = 1
        return None

    def files(self) -> list[tuple[str, OpenFile]]:
        """Those that can be opened."""
        opened = [(name, self.open(name)) for name in self.names or ["-"]]
        return [(name, file) for name, file in opened if file is not None]

    async def chunks(self) -> AsyncIterator[bytes]:
        for name in self.names or ["-"]:
            file = self.open(name)
            while file is not None and (data := await file.read()):
                yield data

    async def lines(self) -> AsyncIterator[str]:
        for name in self.names or ["-"]:
            file = self.open(name)
            if file is not None:
                async for line in lines(file):
                    yield line

    async def data(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])

    async def text(self) -> str:
        return (await self.data()).decode("utf-8", "surrogateescape")


async def lines(file: OpenFile) -> AsyncIterator[str]:
    """Lines with their newlines, each as soon as it is there."""
    rest = b""
    while data := await file.read():
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "surrogateescape") + "\n"
    if rest:
        yield rest.decode("utf-8", "surrogateescape")


async def read_all(file: OpenFile) -> bytes:
    data = bytearray()
    while chunk := await file.read():
        data += chunk
    return bytes(data)


def out(process: Process, text: str) -> None:
    process.stdout.write(text.encode("utf-8", "surrogateescape"))
