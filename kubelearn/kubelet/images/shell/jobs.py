"""The shell's builtins on what runs: trap, wait, jobs, kill, eval, source, type, command.

Model: busybox ash. Leaves out: fg, bg and suspending."""
from __future__ import annotations

from kubelearn.kubelet.images.shell.builtins import NUMBERS, builtin, quoted
from kubelearn.kubelet.images.shell.children import TOLD
from kubelearn.kubelet.images.shell.commands import BUILTINS, Return
from kubelearn.kubelet.images.shell.expansion import ShellFault
from kubelearn.kubelet.images.shell.interpreter import Shell
from kubelearn.kubelet.images.shell.parser import RESERVED, parse
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.signals import SIGNALS
from kubelearn.tasks import Future

TURN = 0.001  # seconds until another process has its turn


@builtin("trap")
def trap(shell: Shell, name: str, words: list[str]) -> int:
    words = [word for word in words if word != "--"]
    if not words:
        for name, action in shell.traps.items():
            shell.process.print(f"trap -- {quoted(action)} {name}")
        return 0
    if len(words) == 1 and words[0].isdigit():
        words = ["-", *words]
    for word in words[1:]:
        name = "EXIT" if word in ("0", "EXIT") else signal_name(word)
        if name != "EXIT" and name not in SIGNALS:
            shell.complain(f"{word}: invalid signal specification", "trap")
            return 1
        shell.trap(name, None if words[0] == "-" else words[0])
    return 0


@builtin("wait")
async def wait(shell: Shell, name: str, words: list[str]) -> int:
    if not words:
        status = 0
        while shell.jobs and not status:
            status = await _wait_for(shell, shell.jobs[0])
            if not status:
                shell.jobs.pop(0)
        return status
    status = 0
    for word in words:
        job = find_job(shell, word)
        if job is None:
            return 127
        status = await _wait_for(shell, job)
        if not status and job in shell.jobs:
            shell.jobs.remove(job)
            status = job.exit.result()
            if job.killed_by in TOLD:
                shell.process.error(TOLD[job.killed_by])
    return status


async def _wait_for(shell: Shell, job: Process) -> int:
    """0 when it ended; the number of a trapped signal that came first."""
    if shell.pending:
        return 128 + SIGNALS[shell.pending[0]]
    shell.waiting = Future(shell.process.clock)
    job.exit.add_done_callback(lambda _: shell.waiting and shell.waiting.set_result(0))
    status = await shell.waiting
    shell.waiting = None
    return status


def find_job(shell: Shell, word: str) -> Process | None:
    if word.startswith("%") and word[1:].isdigit():
        return shell.jobs[int(word[1:]) - 1] if 0 < int(word[1:]) <= len(shell.jobs) else None
    return next((job for job in shell.jobs if str(job.pid) == word), None)


@builtin("jobs")
def jobs(shell: Shell, name: str, words: list[str]) -> None:
    for at, job in enumerate(shell.jobs, 1):
        mark = "+" if job is shell.jobs[-1] else " "
        shell.process.print(f"[{at}]{mark}  {'Done' if job.exit.done() else 'Running':<27}")
    shell.jobs = [job for job in shell.jobs if not job.exit.done()]


@builtin("kill")
async def kill(shell: Shell, name: str, words: list[str]) -> int:
    words = [str(job.pid) if word[:1] == "%" and (job := find_job(shell, word)) else word for word in words]
    return await kill_processes(shell.process, words, shell.zero)


def signal_name(word: str) -> str:
    """9, KILL, SIGKILL and kill are KILL."""
    return NUMBERS.get(word, word.upper().removeprefix("SIG"))


async def kill_processes(process: Process, args: list[str], name: str) -> int:
    """kill [-SIGNAL | -s SIGNAL] PID..."""
    if args[:1] == ["-l"]:
        for word in args[1:]:
            process.print(NUMBERS[word] if word in NUMBERS else SIGNALS.get(signal_name(word), word))
        for number, one in NUMBERS.items() if not args[1:] else ():
            process.print(f"{number:>2}) {one}")
        return 0
    signal, status, space = "TERM", 0, process.space.processes
    if args and args[0][:1] == "-" and len(args[0]) > 1:
        word, *args = args
        if word == "-s" and args:
            word, *args = args
        signal = signal_name(word.removeprefix("-"))
        if signal not in SIGNALS and signal != "0":
            process.error(f"{name}: invalid signal '{word.removeprefix('-')}'")
            return 1
    for word in args:
        number = int(word) if word.lstrip("-").isdigit() else None
        targets = [other for pid, other in sorted(space.items()) if pid != 1 and other is not process] if number == -1 else \
            [space[number]] if number in space else []
        if not targets and number != -1:
            text = f"invalid number '{word}'" if number is None else f"can't kill pid {word}: No such process"
            process.error(f"{name}: {text}")
            status = 1
        for target in targets if signal != "0" else ():
            if target is process.container.process is not process:
                process.clock.call_later(TURN, target.signal, signal)  # else its end would take the sender along in mid-sentence
            else:
                target.signal(signal)
    await process.clock.sleep(0)  # a signal to oneself arrives here
    return status


# --- running ------------------------------------------------------------------------------------------------------

@builtin("eval")
async def eval_(shell: Shell, name: str, words: list[str]) -> int:
    return await shell.run_script(parse(" ".join(words)))


@builtin(".", "source")
async def source(shell: Shell, name: str, words: list[str]) -> int:
    path = words[0] if words else ""
    try:
        text = shell.process.files.read(shell.process.path(path)).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise ShellFault(f"can't open '{path}': {error.strerror}", ".") from None
    kept = shell.line, shell.first, shell.source
    shell.first, shell.source = 1, f"{path}: "
    try:
        code = await shell.run_script(parse(text))
    except Return as jump:
        code = jump.code
    shell.line, shell.first, shell.source = kept
    return code


def kind_of(shell: Shell, word: str) -> str | None:
    """What a word would run: a kind, or a path; None when there is nothing."""
    kinds = (("a shell keyword", RESERVED), ("a shell function", shell.functions), ("a shell builtin", BUILTINS))
    try:
        return next((kind for kind, known in kinds if word in known), None) or shell.process.executable(word)[0]
    except OSError:
        return None


@builtin("type")
def type_(shell: Shell, name: str, words: list[str]) -> int:
    kinds = {word: kind_of(shell, word) for word in words}
    for word, kind in kinds.items():
        shell.process.print(f"{word} is {kind}" if kind else f"{word}: not found")
    return 127 if None in kinds.values() else 0


@builtin("command")
async def command(shell: Shell, name: str, words: list[str]) -> int:
    if words[:1] in (["-v"], ["-V"]):
        kind = kind_of(shell, words[1]) if len(words) > 1 else None
        if kind is not None:
            shell.process.print(kind if "/" in kind else words[1])
        return 127 if kind is None else 0
    if words and words[0] in BUILTINS:
        return await BUILTINS[words[0]](shell, words)
    return await shell.external(words, {}) if words else 0
