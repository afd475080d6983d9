"""The command sh: a script from its arguments, a file, a pipe or a terminal."""
from __future__ import annotations

from kubelearn.kubelet.images.applets import applet, conditions, values  # noqa: F401  (they fill BUILTINS, too)
from kubelearn.kubelet.images.shell import builtins, jobs  # noqa: F401  (they fill BUILTINS)
from kubelearn.kubelet.images.shell.children import Interrupted
from kubelearn.kubelet.images.shell.expansion import ShellFault
from kubelearn.kubelet.images.shell.interpreter import Shell
from kubelearn.kubelet.images.shell.parser import parse
from kubelearn.kubelet.images.shell.redirection import read_line
from kubelearn.kubelet.process import Process


@applet("sh", "ash")
async def sh(process: Process) -> int:
    """sh [-c TEXT | FILE] [ARGUMENT...]; without either it reads commands from its input."""
    flags, words = "", list(process.args)
    while words and words[0][:1] == "-" and len(words[0]) > 1:
        flags += words.pop(0).lstrip("-")
    given = dict.fromkeys(set(flags) & set("euxfc"), True)
    if "c" in flags:
        if not words:
            process.error(f"{process.argv[0]}: -c requires an argument")
            return 2
        shell = Shell(process, words[2:], words[1] if len(words) > 1 else process.argv[0])
        shell.options.update(given)
        process.on_signal("INT", lambda: shell.caught("INT"))  # also as process 1, which is safe from what it does not catch
        return 0 if "n" in flags else await shell.main(lambda: shell.run_script(parse(words[0]), last=True))
    reading = not words or "s" in flags
    shell = Shell(process, words if reading else words[1:], process.argv[0] if reading else words[0])
    shell.options.update(given)
    if reading:
        return await shell.main(lambda: _read_commands(shell))
    try:
        text = process.files.read(process.path(words[0])).decode("utf-8", "surrogateescape")
    except OSError as error:
        process.error(f"{process.argv[0]}: can't open '{words[0]}': {error.strerror}")
        return 2
    shell.first = 1
    return await shell.main(lambda: shell.run_script(parse(text), last=True))


async def _read_commands(shell: Shell) -> int:
    """Commands from standard input, each run as soon as it is complete; a terminal gets a prompt."""
    process, text = shell.process, ""
    shell.interactive = process.stdin.is_terminal
    if shell.interactive:
        process.on_signal("INT", lambda: _interrupted(shell))
        process.on_signal("TERM", "ignore")
    while True:
        line = await _prompted(shell, text)
        text += line.decode("utf-8", "surrogateescape")
        if line and not (line.endswith(b"\n") and not parse(text).incomplete):
            continue
        try:
            await shell.run_script(parse(text))
        except Interrupted:
            shell.status = 130
        except ShellFault as error:
            if not shell.interactive:
                raise
            shell.complain(error.text, error.builtin)
            shell.status = error.code
        text = ""
        if not line:
            return shell.status


async def _prompted(shell: Shell, text: str) -> bytes:
    if shell.interactive:
        shell.process.stderr.write(prompt(shell) if not text else b"> ")
    shell.reading = True
    line = await read_line(shell.process.stdin)
    shell.reading = False
    return line


def prompt(shell: Shell) -> bytes:
    home, cwd = shell.get("HOME"), shell.process.cwd
    shown = f"~{cwd[len(home):]}" if home not in ("", "/") and f"{cwd}/".startswith(f"{home}/") else cwd
    return f"{shown} {'#' if shell.process.user[0] == 0 else '$'} ".encode()


def _interrupted(shell: Shell) -> None:
    """At the prompt a new prompt; else whatever runs is left."""
    if shell.reading:
        shell.process.stderr.write(prompt(shell))
    else:
        shell.caught("INT")
