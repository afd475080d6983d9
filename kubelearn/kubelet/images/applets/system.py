"""Busybox's commands on the system: sleep, env, id, ps, kill, date, free, test, expr, printf, echo, xargs, timeout and their like."""
from __future__ import annotations

from datetime import datetime, timezone

from kubelearn.clock import EPOCH
from kubelearn.kubelet.images.applets import applet, integer, options, out, seconds, usage_error
from kubelearn.kubelet.images.applets.names import group_name, user_name
from kubelearn.kubelet.kernel import CPUS, memory_info, mount_table
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.resolver import hosts


@applet("sleep")
async def sleep(process: Process) -> int:
    if not process.args:
        raise usage_error(process, "[N]...")
    if "infinity" in process.args or "inf" in process.args:
        await process.forever()
    await process.sleep(sum(seconds(process, word) for word in process.args))
    return 0


@applet("usleep")
async def usleep(process: Process) -> int:
    await process.sleep(integer(process, process.args[0]) / 1e6)
    return 0


@applet("true")
async def true(process: Process) -> int:
    return 0


@applet("false")
async def false(process: Process) -> int:
    return 1


@applet("pwd")
async def pwd(process: Process) -> int:
    out(process, process.cwd + "\n")
    return 0


@applet("env")
async def env(process: Process) -> int:
    given, words = options(process, "iu:", usage="[-iu] [-] [name=value]... [PROG ARGS]", stop=True)
    variables = {} if "i" in given else {name: value for name, value in process.env.items() if name != given.get("u")}
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    if not words:
        out(process, "".join(f"{name}={value}\n" for name, value in variables.items()))
        return 0
    return await run(process, words, env=variables)


async def run(process: Process, words: list[str], **given: object) -> int:
    """A command as a child; 127 or 126 when there is none."""
    try:
        return await process.run(words, **given)
    except OSError as error:
        shown = words[0] if process.name == "xargs" else f"can't execute '{words[0]}'"
        process.error(f"{process.name}: {shown}: {error.strerror}")
        return 127 if isinstance(error, FileNotFoundError) else 126


@applet("nohup", "nice", "setsid", "stdbuf", "ionice")
async def nohup(process: Process) -> int:
    return await run(process, options(process, "n:o:e:i:c:p:", stop=True)[1])


@applet("hostname")
async def hostname(process: Process) -> int:
    given, _ = options(process, "fisd", usage="[-sidf]")
    names = next((names for address, names in hosts(process) if process.hostname in names), [process.hostname])
    text = (
        process.address if "i" in given else names[0] if "f" in given else names[0].partition(".")[2] if "d" in given else process.hostname
    )
    out(process, text + "\n")
    return 0


@applet("id")
async def id_(process: Process) -> int:
    given, names = options(process, "ugnG", usage="[-ugGnr] [USER]")
    uid, gid, groups = process.user
    if names and user_name(process, uid) != names[0]:
        return process.fail(f"unknown user {names[0]}")
    if "u" in given:
        out(process, f"{user_name(process, uid) if 'n' in given else uid}\n")
    elif "g" in given:
        out(process, f"{group_name(process, gid) if 'n' in given else gid}\n")
    elif "G" in given:
        out(process, " ".join(group_name(process, group) if "n" in given else str(group) for group in groups) + "\n")
    else:
        def shown(number: int, name: str) -> str:
            return f"{number}({name})" if name != str(number) else str(number)
        more = ",".join(shown(group, group_name(process, group)) for group in groups) if len(groups) > 1 or uid else ""
        out(
            process,
            f"uid={shown(uid, user_name(process, uid))} gid={shown(gid, group_name(process, gid))}"
            + (f" groups={more}" if more else "")
            + "\n",
        )
    return 0


@applet("whoami")
async def whoami(process: Process) -> int:
    out(process, user_name(process, process.user[0]) + "\n")
    return 0


@applet("uname")
async def uname(process: Process) -> int:
    given, _ = options(process, "amnrspvio", usage="[-amnrspvio]")
    values = {"s": "Linux", "n": process.hostname, "r": "6.8.0-kubelearn", "v": "#1 SMP", "m": "x86_64", "o": "GNU/Linux"}
    letters = values if "a" in given else [letter for letter in values if letter in given] or ["s"]
    out(process, " ".join(values[letter] for letter in letters) + "\n")
    return 0


@applet("arch")
async def arch(process: Process) -> int:
    out(process, "x86_64\n")
    return 0


@applet("nproc")
async def nproc(process: Process) -> int:
    out(process, f"{CPUS}\n")
    return 0


@applet("date")
async def date(process: Process) -> int:
    given, words = (
        options(process, "uRI::d:r:s:D:", usage="[OPTIONS] [+FMT] [[-s] TIME]") if "-Iseconds" not in process.args else ({"I": ""}, [])
    )
    when = datetime.fromtimestamp(EPOCH + process.clock.now, timezone.utc)
    if "d" in given:
        text = given["d"].strip()
        try:
            when = (
                datetime.fromtimestamp(float(text[1:]), timezone.utc)
                if text.startswith("@")
                else datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
            )
        except ValueError:
            return process.fail(f"invalid date '{text}'")
    form = next((word[1:] for word in words if word.startswith("+")), None)
    form = (
        form
        if form is not None
        else "%a, %d %b %Y %H:%M:%S +0000"
        if "R" in given
        else "%Y-%m-%dT%H:%M:%S+00:00"
        if "I" in given
        else "%a %b %e %H:%M:%S UTC %Y"
    )
    form = form.replace("%s", str(int(when.timestamp()))).replace("%N", f"{when.microsecond * 1000:09}").replace("%e", f"{when.day:2}")
    form = form.replace("%Z", "UTC").replace("%z", "+0000").replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S")
    out(process, when.strftime(form) + "\n")
    return 0




# --- the machine --------------------------------------------------------------------------------------------------

@applet("free")
async def free(process: Process) -> int:
    given, _ = options(process, "bkmgh", usage="[-bkmgh]")
    info, shift = memory_info(process.container), next((bits for letter, bits in (("b", 0), ("m", 20), ("g", 30)) if letter in given), 10)
    total, left = info["MemTotal"] >> shift, info["MemFree"] >> shift
    out(process, "              total        used        free      shared  buff/cache   available\n"
        f"Mem:    {total:11} {total - left:11} {left:11} {0:11} {0:11} {left:11}\nSwap:   {0:11} {0:11} {0:11}\n")
    return 0


@applet("uptime")
async def uptime(process: Process) -> int:
    now = int(process.clock.now)
    out(
        process, f" {now // 3600 % 24:02}:{now // 60 % 60:02}:{now % 60:02} up {now // 60} min,  0 users,  load average: 0.00, 0.00, 0.00\n"
    )
    return 0


@applet("mount")
async def mount(process: Process) -> int:
    if any(not word.startswith("-") for word in process.args):
        return process.fail("permission denied (are you root?)")
    for row in mount_table(process.files).splitlines():
        device, path, kind, flags, *_ = row.split()
        out(process, f"{device} on {path} type {kind} ({flags})\n")
    return 0


@applet("umount", "reboot", "poweroff", "halt", "mknod", "chroot", "modprobe", "insmod", "swapon", "ifconfig", "route")
async def denied(process: Process) -> int:
    return process.fail("Operation not permitted")


@applet("tty")
async def tty(process: Process) -> int:
    terminal = process.stdin.is_terminal
    out(process, "/dev/pts/0\n" if terminal else "not a tty\n")
    return int(not terminal)


@applet("clear", "reset", "stty", "sysctl", "logger")
async def nothing(process: Process) -> int:
    return 0


@applet("which")
async def which(process: Process) -> int:
    code = 0
    for name in process.args:
        try:
            out(process, process.executable(name)[0] + "\n")
        except OSError:
            code = 1
    return code


