"""Busybox's commands on processes: ps, top, kill, pidof, timeout, watch, xargs.

Leaves out: options that scripts hardly use."""
from __future__ import annotations

import re
from collections.abc import Callable

from kubelearn.kubelet.images.applets import Inputs, Options, applet, out, run, seconds
from kubelearn.kubelet.images.applets.names import group_name, user_name
from kubelearn.kubelet.images.shell.jobs import kill_processes, signal_name
from kubelearn.kubelet.kernel import memory_info, parent_of
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.signals import ProcessSpace


def _all(process: Process) -> list[Process]:
    return [one for _, one in sorted(process.space.processes.items())]


def _elapsed(one: Process, space: ProcessSpace) -> str:
    return "{:02}:{:02}".format(*divmod(int(one.clock.now - one.started_at), 60))


COLUMNS: dict[str, tuple[str, str, Callable[[Process, ProcessSpace], object]]] = {  # header, place (> right, < left, width), value
    "pid": ("PID", ">5", lambda one, space: space.number_of(one)),
    "ppid": ("PPID", ">5", parent_of),
    "user": ("USER", "<8", lambda one, space: user_name(one, one.user[0])[:8]),
    "group": ("GROUP", "<8", lambda one, space: group_name(one, one.user[1])[:8]),
    "comm": ("COMMAND", "<16", lambda one, space: one.name[:15]),
    "args": ("COMMAND", "<7", lambda one, space: " ".join(one.argv)),
    "time": ("TIME", ">5", lambda one, space: "0:00"),
    "vsz": ("VSZ", ">4", lambda one, space: one.memory >> 10),
    "rss": ("RSS", ">4", lambda one, space: one.memory >> 10),
    "stat": ("STAT", "<4", lambda one, space: "S"),
    "tty": ("TT", "<6", lambda one, space: "?"),
    "etime": ("ELAPSED", "<7", _elapsed),
}


@applet("ps")
async def ps(process: Process) -> int:
    """ps [-o COLUMN[=TITLE],...]; other words (aux, -ef) are taken and change nothing."""
    words = process.args
    given = [words[at + 1] if word == "-o" and at + 1 < len(words) else word[2:] for at, word in enumerate(words) if word.startswith("-o")]
    titles, places, values = [], [], []
    for chosen in (",".join(given) or "pid,user,time,args").split(","):
        name, equals, title = chosen.partition("=")
        if name not in COLUMNS:
            return process.fail(f"bad -o argument '{name}', supported arguments: {','.join(COLUMNS)}")
        header, place, value = COLUMNS[name]
        titles.append(f"{title if equals else header:<{place[1:]}}")
        places.append(place)
        values.append(value)
    rows = [titles, *([f"{value(one, process.space)!s:{place}}" for place, value in zip(places, values)] for one in _all(process))]
    out(process, "".join(" ".join(row).rstrip() + "\n" for row in rows))
    return 0


@applet("top", flags="bn:d:", usage="[-b] [-n COUNT] [-d SECONDS]")
async def top(process: Process, given: Options, words: list[str]) -> int:
    left = int(given.get("n", "0" if "b" not in given else "-1"))
    while True:
        info = memory_info(process.container)
        rows = [f"{process.space.number_of(one):5} {parent_of(one, process.space):5} {user_name(one, one.user[0]):<8} S    "
                f"{one.memory >> 10:6}   0%   0   0% "
                f"{' '.join(one.argv)}\n" for one in _all(process)]
        out(process, f"Mem: {info['MemTotal'] - info['MemFree'] >> 10}K used, {info['MemFree'] >> 10}K free\n"
            "CPU:   0% usr   0% sys   0% nic 100% idle   0% io   0% irq   0% sirq\n"
            f"Load average: 0.00 0.00 0.00 1/{len(process.space.processes)} {process.pid}\n"
            "  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n" + "".join(rows))
        left -= 1
        if left == 0:
            return 0
        await process.sleep(float(given.get("d", "5")))


# --- signals ------------------------------------------------------------------------------------------------------

@applet("kill")
async def kill(process: Process) -> int:
    if not process.args:
        return process.fail("you need to specify whom to kill")
    return await kill_processes(process, process.args, process.name)


def _found(process: Process, name: str) -> list[Process]:
    full = "-f" in process.args
    return [one for one in _all(process) if one is not process and (name in " ".join(one.argv) if full else one.name == name)]


@applet("killall", "pkill")
async def killall(process: Process) -> int:
    given, code = [word[1:] for word in process.args if word.startswith("-") and word not in ("-f", "-q")] or ["TERM"], 0
    for name in [word for word in process.args if not word.startswith("-")]:
        found = _found(process, name)
        if not found:
            code = process.fail(f"{name}: no process killed") if process.name == "killall" else 1
        for one in found:
            one.signal(signal_name(given[0])) if given[0] != "0" else None
    return code


@applet("pidof", "pgrep")
async def pidof(process: Process) -> int:
    found = [str(process.space.number_of(one)) for name in process.args if not name.startswith("-") for one in _found(process, name)]
    if found:
        out(process, ("\n".join(found) if process.name == "pgrep" else " ".join(reversed(found))) + "\n")
    return int(not found)


# --- running others -----------------------------------------------------------------------------------------------

@applet("timeout", flags="s:k:t:", usage="[-s SIG] [-k KILL_SECS] SECS PROG ARGS", least=2, stop=True)
async def timeout(process: Process, given: Options, words: list[str]) -> int:
    limit = seconds(process, words[0])
    try:
        child = process.spawn(words[1:])
    except OSError as error:
        return process.fail(f"can't execute '{words[1]}': {error.strerror}", 127)
    guarded = process.pid == 1  # the program is it, really, and no signal from inside ends a container's first process
    timer = process.clock.call_later(limit, child.signal, signal_name(given.get("s", "TERM"))) if limit and not guarded else None
    code = await child.exit
    if timer is not None:
        timer.cancel()
    if child.killed_by:  # in busybox it is the program that the shell waits for
        process.die(code, child.killed_by)
    return code


@applet("time")
async def time(process: Process) -> int:
    before, short = process.clock.now, process.args[:1] == ["-p"]
    code = await run(process, process.args[short:])
    form = "real {:.2f}\nuser 0.00\nsys 0.00" if short else "real\t0m {:.2f}s\nuser\t0m 0.00s\nsys\t0m 0.00s"
    process.error(form.format(process.clock.now - before))
    return code


@applet("watch", flags="n:t", usage="[-n SEC] [-t] PROG ARGS", least=1, stop=True)
async def watch(process: Process, given: Options, words: list[str]) -> None:
    while True:
        out(process, f"\x1b[H\x1b[JEvery {given.get('n', '2')}s: {' '.join(words)}\n\n")
        await run(process, ["sh", "-c", " ".join(words)])
        await process.sleep(float(given.get("n", "2")))


@applet("xargs", flags="n:I:rt0P:L:", usage="[OPTIONS] [PROG ARGS]", stop=True)
async def xargs(process: Process, given: Options, words: list[str]) -> int:
    text, words = await Inputs(process, []).text(), words or ["echo"]
    if "I" in given:
        batches = [[word.replace(given["I"], line.strip()) for word in words] for line in text.splitlines() if line.strip()]
    else:
        items = text.split("\0")[:-1] if "0" in given else re.findall(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""", text)
        items = [re.sub(r"""["']""", "", item) for item in items]
        size = int(given.get("n", given.get("L", "0"))) or max(len(items), 1)
        batches = [[*words, *items[at:at + size]] for at in range(0, len(items), size)] or ([] if "r" in given else [words])
    code = 0
    for batch in batches:
        if "t" in given:
            process.error(" ".join(batch))
        status = await run(process, batch)
        if status in (126, 127):
            return status
        code = 123 if status else code
    return code
