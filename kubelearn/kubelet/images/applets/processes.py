"""Busybox's commands on processes: ps, top, kill, pidof, timeout, watch, xargs.

Leaves out: options that scripts hardly use."""
from __future__ import annotations

import re

from kubelearn.kubelet.images.applets import Failures, applet, options, out, read_input, seconds
from kubelearn.kubelet.images.applets.names import group_name, user_name
from kubelearn.kubelet.images.applets.system import run
from kubelearn.kubelet.images.shell.jobs import kill_processes
from kubelearn.kubelet.kernel import memory_info, parent_of
from kubelearn.kubelet.process import SIGNALS, Process


def _time(process: Process) -> str:
    return "0:00"


COLUMNS = {  # name: width, header, value, aligned right
    "pid": (5, "PID", lambda one: str(one.pid), True),
    "ppid": (5, "PPID", lambda one: str(parent_of(one)), True),
    "user": (8, "USER", lambda one: user_name(one, one.user[0])[:8], False),
    "group": (8, "GROUP", lambda one: group_name(one, one.user[1])[:8], False),
    "ruser": (8, "RUSER", lambda one: user_name(one, one.user[0])[:8], False),
    "comm": (16, "COMMAND", lambda one: one.name[:15], False),
    "args": (0, "COMMAND", lambda one: " ".join(one.argv), False),
    "time": (5, "TIME", _time, True),
    "vsz": (4, "VSZ", lambda one: str(one.memory >> 10), True),
    "rss": (4, "RSS", lambda one: str(one.memory >> 10), True),
    "stat": (4, "STAT", lambda one: "S", False),
    "tty": (6, "TT", lambda one: "?", False),
    "pgid": (5, "PGID", lambda one: str(one.pid), True),
    "etime": (
        7,
        "ELAPSED",
        lambda one: f"{int(one.clock.now - one.started_at) // 60:02}:{int(one.clock.now - one.started_at) % 60:02}",
        False,
    ),
}


@applet("ps")
async def ps(process: Process) -> int:
    words = process.args
    chosen = "pid,user,time,args"
    given = [words[at + 1] if word == "-o" and at + 1 < len(words) else word[2:] for at, word in enumerate(words) if word.startswith("-o")]
    if given:
        chosen = ",".join(given)
    columns = []
    for name in chosen.split(","):
        name, equals, title = name.partition("=")
        if name not in COLUMNS:
            return process.fail(f"bad -o argument '{name}', supported arguments: {','.join(COLUMNS)}")
        width, header, value, right = COLUMNS[name]
        columns.append((max(width, len(header)), title if equals else header, value, right))
    rows = [[title.ljust(width) for width, title, _, _ in columns]]
    for _, one in sorted(process.space.processes.items()):
        rows.append([value(one).rjust(width) if right else value(one).ljust(width) for width, _, value, right in columns])
    out(process, "".join(" ".join(row).rstrip() + "\n" for row in rows))
    return 0


@applet("kill")
async def kill(process: Process) -> int:
    if not process.args:
        return process.fail("you need to specify whom to kill")
    return await kill_processes(process, process.args, process.name)


@applet("killall", "pkill")
async def killall(process: Process) -> int:
    given = [word[1:].upper().removeprefix("SIG") for word in process.args if word.startswith("-") and word != "-f" and word != "-q"]
    numbers = {str(number): name for name, number in SIGNALS.items()}
    signal, code = numbers.get(given[0], given[0]) if given else "TERM", 0
    for name in [word for word in process.args if not word.startswith("-")]:
        found = _found(process, name, "-f" in process.args)
        if not found:
            code = process.fail(f"{name}: no process killed") if process.name == "killall" else 1
        for one in found:
            one.signal(signal)
    return code


def _found(process: Process, name: str, full: bool) -> list[Process]:
    return [one for _, one in sorted(process.space.processes.items())
            if one is not process and (name in " ".join(one.argv) if full else one.name == name)]


@applet("pidof", "pgrep")
async def pidof(process: Process) -> int:
    words = [word for word in process.args if not word.startswith("-")]
    found = [one for name in words for one in _found(process, name, "-f" in process.args)]
    mark = "\n" if process.name == "pgrep" else " "
    if found:
        out(process, mark.join(str(one.pid) for one in (found if mark == "\n" else found[::-1])) + "\n")
    return int(not found)


@applet("timeout")
async def timeout(process: Process) -> int:
    given, words = options(process, "s:k:t:", usage="[-s SIG] [-k KILL_SECS] SECS PROG ARGS", least=2, stop=True)
    limit = seconds(process, words[0])
    try:
        child = process.spawn(words[1:])
    except OSError as error:
        return process.fail(f"can't execute '{words[1]}': {error.strerror}", 127)
    signal = given.get("s", "TERM").upper().removeprefix("SIG")
    timer = process.clock.call_later(limit, child.signal, signal) if limit else None
    code = await child.exit
    if timer is not None:
        timer.cancel()
    return code


@applet("time")
async def time(process: Process) -> int:
    before = process.clock.now
    code = await run(process, process.args)
    process.error(f"real\t0m {process.clock.now - before:.2f}s\nuser\t0m 0.00s\nsys\t0m 0.00s")
    return code


@applet("watch")
async def watch(process: Process) -> int:
    given, words = options(process, "n:t", usage="[-n SEC] [-t] PROG ARGS", least=1, stop=True)
    while True:
        out(process, f"\x1b[H\x1b[JEvery {given.get('n', '2')}s: {' '.join(words)}\n\n")
        await run(process, ["sh", "-c", " ".join(words)])
        await process.sleep(float(given.get("n", "2")))


@applet("xargs")
async def xargs(process: Process) -> int:
    given, words = options(process, "n:I:rt0P:L:", usage="[OPTIONS] [PROG ARGS]", stop=True)
    text = (await read_input(process, [], Failures())).decode("utf-8", "surrogateescape")
    words = words or ["echo"]
    if "I" in given:
        batches = [[word.replace(given["I"], line.strip()) for word in words] for line in text.splitlines() if line.strip()]
    else:
        items = text.split("\0")[:-1] if "0" in given else re.findall(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""", text)
        items = [re.sub(r"""["']""", "", item) for item in items]
        size = int(given.get("n", given.get("L", "0"))) or max(len(items), 1)
        batches = [[*words, *items[at:at + size]] for at in range(0, len(items), size)] or ([] if "r" in given else [words])
    code = 0
    for batch in batches:
        status = await run(process, batch)
        if status in (126, 127):
            return status
        code = 123 if status else code
    return code


@applet("top")
async def top(process: Process) -> int:
    given, _ = options(process, "bn:d:", usage="[-b] [-n COUNT] [-d SECONDS]")
    left = int(given.get("n", "0" if "b" not in given else "-1"))
    while True:
        info = memory_info(process.container)
        out(
            process,
            f"Mem: {info['MemTotal'] - info['MemFree'] >> 10}K used, {info['MemFree'] >> 10}K free\n"
            f"CPU:   0% usr   0% sys   0% nic 100% idle\n"
            "  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n"
            + "".join(
                f"{one.pid:5} {parent_of(one):5} {user_name(one, one.user[0]):<8} S    "
                f"{one.memory >> 10:6}   0%   0   0% {' '.join(one.argv)}\n"
                for _, one in sorted(process.space.processes.items())
            ),
        )
        left -= 1
        if left == 0:
            return 0
        await process.sleep(float(given.get("d", "5")))
