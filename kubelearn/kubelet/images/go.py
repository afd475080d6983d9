"""What simulated Go programs share: flags, signals, the log, and how a port that is taken is told."""
from __future__ import annotations

from collections.abc import Awaitable, Callable

from kubelearn.kubelet.images.http import Request, Response, serve
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.signals import Exit


def flags(process: Process, **defaults: object) -> dict[str, str]:
    """--http-port=80, --http-port 80, -text=x; names with _ for -."""
    given, words = {name: str(value) for name, value in defaults.items()}, list(process.args)
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            continue
        name, equals, value = word.lstrip("-").partition("=")
        name = name.replace("-", "_")
        if name not in given:
            process.error(f"Error: unknown flag: --{name.replace('_', '-')}")
            raise Exit(1)
        if not equals:
            boolean = given[name] in ("True", "False") and (not words or words[0] not in ("true", "false"))
            value = "true" if boolean else words.pop(0) if words else ""
        given[name] = value
    return given


def klog(process: Process, text: str) -> None:
    process.error(f"I{process.clock.date():%m%d %H:%M:%S.%f} {process.pid:7} log.go:244] {text}")


def go_program(process: Process) -> None:
    """What Go does with the signals that a program does not handle."""
    for signal in ("TERM", "INT", "HUP"):
        process.on_signal(signal, lambda: process.die(2))


def on_signals(process: Process, *names: str) -> None:
    """A clean end."""
    for name in names:
        process.on_signal(name, lambda: process.die(0))


def listen(process: Process, port: int, answer: Callable[[Request], Awaitable[Response]], **options: object) -> None:
    try:
        serve(process, port, answer, **options)
    except OSError:
        process.error(f"listen tcp :{port}: bind: address already in use")
        raise Exit(1) from None
