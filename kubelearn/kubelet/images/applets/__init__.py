"""Busybox's commands. Each module registers its own when it is first needed; an applet is a program that reads process.args.

Texts are busybox's. Leaves out: options that scripts hardly use.
"""
from __future__ import annotations

import getopt
from collections.abc import AsyncIterator, Callable
from importlib import import_module

from kubelearn.kubelet.files import OpenFile
from kubelearn.kubelet.process import Exit, Process, Program
from kubelearn.volumes import Directory

MODULES = {  # where each command is
    "applets.awk": "awk",
    "applets.files": "basename chgrp chmod chown cp dd dirname fallocate ln mkdir mktemp mv rm rmdir sync touch truncate",
    "applets.find": "find",
    "applets.grep": "egrep fgrep grep",
    "applets.httpd": "httpd",
    "applets.looking": "df du ls readlink realpath stat",
    "applets.making": "base64 md5sum nl paste rev seq sha1sum sha256sum sha512sum tac tr yes",
    "applets.net": "ip nc netstat nslookup ping ss telnet wget",
    "applets.processes": "kill killall pgrep pidof pkill ps time timeout top watch xargs",
    "applets.sed": "sed",
    "applets.system": (
        "arch chroot clear date env false free halt hostname id ifconfig insmod ionice logger mknod modprobe mount nice nohup nproc "
        "poweroff pwd reboot reset route setsid sleep stdbuf stty swapon sysctl true tty umount uname uptime usleep which whoami"
    ),
    "applets.tar": "tar",
    "applets.text": "cat cut head sort tail tee uniq wc",
    "applets.values": "[ echo expr printf test",
    "busybox": "busybox",
    "shell.main": "ash sh",
}
NAMES = {name: module for module, names in MODULES.items() for name in names.split()}
_programs: dict[str, Program] = {}


def applet(*names: str) -> Callable[[Program], Program]:
    def register(program: Program) -> Program:
        _programs.update(dict.fromkeys(names, program))
        return program
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
            return await find_applet(name)(process)
        except BrokenPipeError:
            raise
        except OSError as error:
            return process.fail(error.strerror or str(error))
        except ValueError:
            return process.fail("invalid argument")
    return program


def options(process: Process, short: str, long: tuple[str, ...] = (), usage: str = "", least: int = 0,
            stop: bool = False) -> tuple[dict[str, str], list[str]]:
    """Options by name ("n", "max-count") with their values, and the other arguments. Ends the program when they are wrong.
    stop: the first other argument ends the options."""
    try:
        found, rest = (getopt.getopt if stop else getopt.gnu_getopt)(process.args, short, long)
    except getopt.GetoptError as error:
        text = f"invalid option -- '{error.opt}'" if len(error.opt) == 1 else f"unrecognized option '--{error.opt}'"
        if "requires argument" in error.msg:
            text = f"option requires an argument -- '{error.opt}'"
        process.error(f"{process.name}: {text}")
        raise usage_error(process, usage) from None
    if len(rest) < least:
        raise usage_error(process, usage)
    return {name.lstrip("-"): value for name, value in found}, rest


def usage_error(process: Process, usage: str) -> Exit:
    process.error(f"BusyBox v1.36.1 multi-call binary.\n\nUsage: {process.name} {usage}".rstrip())
    return Exit(1)


def integer(process: Process, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        process.error(f"{process.name}: invalid number '{text}'")
        raise Exit(1) from None


def seconds(process: Process, text: str) -> float:
    """1, 0.5, 2m, 1h, 1d"""
    scale = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(text[-1:], 0)
    try:
        value = float(text[:-1]) * scale if scale else float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        process.error(f"{process.name}: invalid number '{text}'")
        raise Exit(1)
    return value


QUOTING = {
    "cat",
    "tail",
    "uniq",
    "dd",
    "nl",
    "rev",
    "tac",
    "md5sum",
    "sha1sum",
    "sha256sum",
    "sha512sum",
}  # say "can't open 'x'", others "x"


class Failures:
    """The exit code of an applet that goes on after a file that it cannot read."""

    code = 0


def open_input(process: Process, name: str, failures: Failures) -> OpenFile | None:
    """A file to read, "-" for standard input; None after saying why not."""
    if name == "-":
        return process.stdin
    try:
        if isinstance(process.files.find(process.path(name)), Directory):
            process.error(f"{process.name}: read error: Is a directory")
        else:
            return process.open(name)
    except OSError as error:
        shown = f"can't open '{name}'" if process.name in QUOTING else name
        process.error(f"{process.name}: {shown}: {error.strerror}")
    failures.code = 1
    return None


async def chunks(process: Process, names: list[str], failures: Failures) -> AsyncIterator[bytes]:
    for name in names or ["-"]:
        file = open_input(process, name, failures)
        while file is not None and (data := await file.read()):
            yield data


async def lines(file: OpenFile) -> AsyncIterator[str]:
    """Lines with their newlines, each as soon as it is there."""
    rest = b""
    while data := await file.read():
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "surrogateescape") + "\n"
    if rest:
        yield rest.decode("utf-8", "surrogateescape")


async def input_lines(process: Process, names: list[str], failures: Failures) -> AsyncIterator[str]:
    for name in names or ["-"]:
        file = open_input(process, name, failures)
        if file is not None:
            async for line in lines(file):
                yield line


async def read_input(process: Process, names: list[str], failures: Failures) -> bytes:
    data = bytearray()
    async for chunk in chunks(process, names, failures):
        data += chunk
    return bytes(data)


def out(process: Process, text: str) -> None:
    process.stdout.write(text.encode("utf-8", "surrogateescape"))
