"""Busybox's commands on the system: sleep, env, id, hostname, date, free, mount, which, basename and their like.

Leaves out: options that scripts hardly use; what changes the machine is refused, as it is in a container without privileges."""
from __future__ import annotations

import os

from kubelearn.kubelet.images.applets import Options, applet, integer, moment, options, out, run, seconds, usage_error
from kubelearn.kubelet.images.applets.names import group_name, user_name
from kubelearn.kubelet.kernel import CPUS, memory_info, mount_table
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.resolver import hosts


@applet("sleep")
async def sleep(process: Process) -> None:
    if not process.args:
        raise usage_error(process, "[N]...")
    if {"infinity", "inf"} & set(process.args):
        await process.forever()
    await process.sleep(sum(seconds(process, word) for word in process.args))


@applet("usleep")
async def usleep(process: Process) -> None:
    await process.sleep(integer(process, process.args[0]) / 1e6)


@applet("env", flags="iu:", usage="[-iu] [-] [name=value]... [PROG ARGS]", stop=True)
async def env(process: Process, given: Options, words: list[str]) -> int:
    variables = {} if "i" in given else {name: value for name, value in process.env.items() if name != given.get("u")}
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    if words:
        return await run(process, words, env=variables)
    out(process, "".join(f"{name}={value}\n" for name, value in variables.items()))
    return 0


@applet("nohup", "nice", "setsid", flags="n:", usage="PROG ARGS", least=1, stop=True)
async def nohup(process: Process, given: Options, words: list[str]) -> int:
    return await run(process, words)


@applet("hostname", flags="fisd", usage="[-sidf]")
async def hostname(process: Process, given: Options, words: list[str]) -> None:
    names = next((names for address, names in hosts(process) if process.hostname in names), [process.hostname])
    shown = {"i": process.address, "f": names[0], "d": names[0].partition(".")[2]}
    out(process, next((text for letter, text in shown.items() if letter in given), process.hostname) + "\n")


@applet("id", flags="ugnG", usage="[-ugGn] [USER]")
async def id_(process: Process, given: Options, words: list[str]) -> int:
    uid, gid, groups = process.user
    if words and user_name(process, uid) != words[0]:
        return process.fail(f"unknown user {words[0]}")
    names = {"u": [(uid, user_name(process, uid))], "g": [(gid, group_name(process, gid))],
             "G": [(group, group_name(process, group)) for group in groups]}
    for letter, rows in names.items():
        if letter in given:
            out(process, " ".join(name if "n" in given else str(number) for number, name in rows) + "\n")
            return 0
    shown = {letter: ",".join(f"{number}({name})" if name != str(number) else name for number, name in rows)
             for letter, rows in names.items()}
    out(process, f"uid={shown['u']} gid={shown['g']}" + f" groups={shown['G']}\n")
    return 0


@applet("groups", flags="")
async def groups(process: Process, given: Options, words: list[str]) -> None:
    out(process, " ".join(group_name(process, group) for group in process.user[2]) + "\n")


@applet("uname", flags="amnrspvio", usage="[-amnrspvio]")
async def uname(process: Process, given: Options, words: list[str]) -> None:
    values = {"s": "Linux", "n": process.hostname, "r": "6.8.0-kubelearn", "v": "#1 SMP", "m": "x86_64", "o": "GNU/Linux"}
    letters = values if "a" in given else [letter for letter in values if letter in given] or ["s"]
    out(process, " ".join(values[letter] for letter in letters) + "\n")


@applet("date")
async def date(process: Process) -> int:
    iso = next((word[2:] for word in process.args if word.startswith("-I")), None)  # -I, -Iseconds
    process.argv = [word for word in process.argv if not word.startswith("-I")]
    given, words = options(process, "uRd:r:D:", "[-uR] [-d TIME] [-r FILE] [-I[SPEC]] [+FMT]", long={"utc": "u", "date": "d"})
    when = process.clock.date()
    if text := given.get("d", "").strip():
        when = moment(process, text)
    elif "r" in given:
        when = process.clock.date(process.files.node(process.path(given["r"])).mtime)
    form = next((word[1:] for word in words if word.startswith("+")), None)
    if form is None:
        iso_form = {None: "%a %b %e %H:%M:%S UTC %Y", "": "%Y-%m-%d", "date": "%Y-%m-%d"}.get(iso, "%Y-%m-%dT%H:%M:%S+00:00")
        form = "%a, %d %b %Y %H:%M:%S %z" if "R" in given else iso_form
    form = form.replace("%s", str(int(when.timestamp()))).replace("%N", f"{when.microsecond * 1000:09}")
    out(process, when.strftime(form) + "\n")
    return 0


@applet("free", flags="bkmgh", usage="[-bkmgh]")
async def free(process: Process, given: Options, words: list[str]) -> None:
    info, shift = memory_info(process.container), next((bits for letter, bits in (("b", 0), ("m", 20), ("g", 30)) if letter in given), 10)
    total, left = info["MemTotal"] >> shift, info["MemFree"] >> shift
    out(process, "              total        used        free      shared  buff/cache   available\n"
        f"Mem:    {total:11} {total - left:11} {left:11} {0:11} {0:11} {left:11}\nSwap:   {0:11} {0:11} {0:11}\n")


@applet("mount")
async def mount(process: Process) -> int:
    if any(not word.startswith("-") for word in process.args):
        return process.fail("permission denied (are you root?)")
    for row in mount_table(process.files).splitlines():
        device, path, kind, flags, *_ = row.split()
        out(process, f"{device} on {path} type {kind} ({flags})\n")
    return 0


@applet("umount", "reboot", "poweroff", "halt", "mknod", "chroot")
async def denied(process: Process) -> int:
    return process.fail("Operation not permitted")


@applet("tty")
async def tty(process: Process) -> int:
    terminal = process.stdin.is_terminal
    out(process, "/dev/pts/0\n" if terminal else "not a tty\n")
    return int(not terminal)


@applet("true", "sync", "clear", "stty", "sysctl")
async def nothing(process: Process) -> int:
    return 0


@applet("false")
async def false(process: Process) -> int:
    return 1


@applet("which")
async def which(process: Process) -> int:
    code = 0
    for name in process.args:
        try:
            out(process, process.executable(name)[0] + "\n")
        except OSError:
            code = 1
    return code


@applet("basename", flags="", usage="FILE [SUFFIX]", least=1, stop=True)
async def basename(process: Process, given: Options, words: list[str]) -> None:
    name = os.path.basename(words[0].rstrip("/")) or "/"
    out(process, (name.removesuffix(words[1]) if len(words) > 1 and name != words[1] else name) + "\n")


def _up(process: Process) -> str:
    now = int(process.clock.now)
    return f" {now // 3600 % 24:02}:{now // 60 % 60:02}:{now % 60:02} up {now // 60} min,  0 users,  load average: 0.00, 0.00, 0.00"


def _parent(process: Process) -> str:
    word = process.args[0] if process.args else "."
    return os.path.dirname(word.rstrip("/")) or ("/" if word.startswith("/") else ".")


@applet("whoami")
async def whoami(process: Process) -> int:
    name = user_name(process, process.user[0])
    if name.isdigit():
        return process.fail(f"unknown uid {name}")
    out(process, f"{name}\n")
    return 0


LINES = {  # commands that say one line
    "arch": lambda process: "x86_64", "dirname": _parent, "nproc": lambda process: str(CPUS), "pwd": lambda process: process.cwd,
    "uptime": _up,
}


@applet(*LINES)
async def line(process: Process) -> None:
    out(process, LINES[process.name](process) + "\n")
