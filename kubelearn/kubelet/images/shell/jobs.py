"""The shell's builtins on signals and processes: trap, wait, jobs, kill.

Model: busybox ash. Leaves out: fg, bg and suspending."""
from __future__ import annotations

from kubelearn.clock import Future
from kubelearn.kubelet.images.shell.builtins import NUMBERS, builtin, quoted
from kubelearn.kubelet.images.shell.interpreter import Shell
from kubelearn.kubelet.process import SIGNALS, Process


@builtin("trap")
async def trap(shell: Shell, words: list[str]) -> int:
    rest = [word for word in words[1:] if word != "--"]
    if not rest:
        for name, action in shell.traps.items():
            shell.process.print(f"trap -- {quoted(action)} {name}")
        return 0
    action = None if rest[0] == "-" or (len(rest) == 1 and rest[0].isdigit()) else rest[0]
    for word in rest if len(rest) == 1 and action is None else rest[1:]:
        name = "EXIT" if word in ("0", "EXIT") else NUMBERS.get(word, word.upper().removeprefix("SIG"))
        if name != "EXIT" and name not in SIGNALS:
            shell.process.error(f"{shell.zero}: trap: line 0: {word}: invalid signal specification")
            return 1
        shell.trap(name, action)
    return 0


@builtin("wait")
async def wait(shell: Shell, words: list[str]) -> int:
    if len(words) == 1:
        status = 0
        while shell.jobs and not status:
            status = await _wait_for(shell, shell.jobs[0])
            if not status:
                shell.jobs.pop(0)
        return status
    for word in words[1:]:
        job = find_job(shell, word)
        if job is None:
            return 127
        status = await _wait_for(shell, job)
        if not status and job in shell.jobs:
            shell.jobs.remove(job)
            status = job.exit.result()
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
async def jobs(shell: Shell, words: list[str]) -> int:
    for at, job in enumerate(shell.jobs, 1):
        mark = "+" if job is shell.jobs[-1] else " "
        shell.process.print(f"[{at}]{mark}  {'Done' if job.exit.done() else 'Running':<27}")
    shell.jobs = [job for job in shell.jobs if not job.exit.done()]
    return 0


@builtin("kill")
async def kill(shell: Shell, words: list[str]) -> int:
    words = [str(job.pid) if word[:1] == "%" and (job := find_job(shell, word)) else word for word in words]
    return await kill_processes(shell.process, words[1:], shell.zero)


async def kill_processes(process: Process, args: list[str], name: str) -> int:
    """kill [-SIGNAL | -s SIGNAL] PID..."""
    signal, status = "TERM", 0
    if args[:1] == ["-l"]:
        process.print("\n".join(NUMBERS.get(word, word) for word in args[1:]) or
                      "\n".join(f"{number:2}) {name}" for name, number in SIGNALS.items()))
        return 0
    if args and args[0][:1] == "-" and len(args[0]) > 1:
        word = args[0][1:]
        args = args[1:]
        if word == "s" and args:
            word, args = args[0], args[1:]
        signal = NUMBERS.get(word, word.upper().removeprefix("SIG"))
        if signal not in SIGNALS and signal != "0":
            process.error(f"{name}: invalid signal '{word}'")
            return 1
    for word in args:
        targets = (
            [other for pid, other in sorted(process.space.processes.items()) if pid != 1 and other is not process]
            if word == "-1"
            else [process.space.processes[int(word)]]
            if word.lstrip("-").isdigit() and int(word) in process.space.processes
            else None
        )
        if targets is None:
            text = f"can't kill pid {word}: No such process" if word.lstrip("-").isdigit() else f"invalid number '{word}'"
            process.error(f"{name}: {text}")
            status = 1
        for target in targets or ():
            if signal != "0":
                target.signal(signal)
    await process.clock.sleep(0)  # a signal to oneself arrives here
    return status
