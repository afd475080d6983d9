"""Busybox's commands on the system: sleep, env, id, ps, kill, date, free, test, expr, printf, echo, xargs, timeout and their like."""
from __future__ import annotations

import re
from datetime import datetime, timezone

from kubelearn.clock import EPOCH
from kubelearn.kubelet.images.applets import Failures, applet, integer, options, out, read_input, seconds, usage_error
from kubelearn.kubelet.images.applets.names import group_name, user_name
from kubelearn.kubelet.images.regex import compile_expression
from kubelearn.kubelet.images.shell.builtins import BUILTINS, kill_processes
from kubelearn.kubelet.kernel import CPUS, memory_info, mount_table, parent_of
from kubelearn.kubelet.process import SIGNALS, Process
from kubelearn.volumes import Directory, Symlink


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


@applet("nohup", "nice", "setsid", "exec", "stdbuf", "ionice")
async def nohup(process: Process) -> int:
    return await run(process, options(process, "n:o:e:i:c:p:", stop=True)[1])


@applet("hostname")
async def hostname(process: Process) -> int:
    from kubelearn.kubelet.resolver import hosts
    given, _ = options(process, "fisd", usage="[-sidf]")
    names = next((names for address, names in hosts(process) if process.hostname in names), [process.hostname])
    text = process.address if "i" in given else names[0] if "f" in given else names[0].partition(".")[2] if "d" in given else process.hostname
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
        out(process, f"uid={shown(uid, user_name(process, uid))} gid={shown(gid, group_name(process, gid))}" + (f" groups={more}" if more else "") + "\n")
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
    given, words = options(process, "uRI::d:r:s:D:", usage="[OPTIONS] [+FMT] [[-s] TIME]") if "-Iseconds" not in process.args else ({"I": ""}, [])
    when = datetime.fromtimestamp(EPOCH + process.clock.now, timezone.utc)
    if "d" in given:
        text = given["d"].strip()
        try:
            when = datetime.fromtimestamp(float(text[1:]), timezone.utc) if text.startswith("@") else datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
        except ValueError:
            return process.fail(f"invalid date '{text}'")
    form = next((word[1:] for word in words if word.startswith("+")), None)
    form = form if form is not None else "%a, %d %b %Y %H:%M:%S +0000" if "R" in given else "%Y-%m-%dT%H:%M:%S+00:00" if "I" in given else "%a %b %e %H:%M:%S UTC %Y"
    form = form.replace("%s", str(int(when.timestamp()))).replace("%N", f"{when.microsecond * 1000:09}").replace("%e", f"{when.day:2}")
    form = form.replace("%Z", "UTC").replace("%z", "+0000").replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S")
    out(process, when.strftime(form) + "\n")
    return 0


# --- processes ----------------------------------------------------------------------------------------------------

def _time(process: Process) -> str:
    return "0:00"


COLUMNS = {  # name: width, header, value, aligned right
    "pid": (5, "PID", lambda one: str(one.pid), True), "ppid": (5, "PPID", lambda one: str(parent_of(one)), True),
    "user": (8, "USER", lambda one: user_name(one, one.user[0])[:8], False), "group": (8, "GROUP", lambda one: group_name(one, one.user[1])[:8], False),
    "ruser": (8, "RUSER", lambda one: user_name(one, one.user[0])[:8], False),
    "comm": (16, "COMMAND", lambda one: one.name[:15], False), "args": (0, "COMMAND", lambda one: " ".join(one.argv), False),
    "time": (5, "TIME", _time, True), "vsz": (4, "VSZ", lambda one: str(one.memory >> 10), True), "rss": (4, "RSS", lambda one: str(one.memory >> 10), True),
    "stat": (4, "STAT", lambda one: "S", False), "tty": (6, "TT", lambda one: "?", False), "pgid": (5, "PGID", lambda one: str(one.pid), True),
    "etime": (7, "ELAPSED", lambda one: f"{int(one.clock.now - one.started_at) // 60:02}:{int(one.clock.now - one.started_at) % 60:02}", False),
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
    out(process, f" {now // 3600 % 24:02}:{now // 60 % 60:02}:{now % 60:02} up {now // 60} min,  0 users,  load average: 0.00, 0.00, 0.00\n")
    return 0


@applet("top")
async def top(process: Process) -> int:
    given, _ = options(process, "bn:d:", usage="[-b] [-n COUNT] [-d SECONDS]")
    left = int(given.get("n", "0" if "b" not in given else "-1"))
    while True:
        info = memory_info(process.container)
        out(process, f"Mem: {info['MemTotal'] - info['MemFree'] >> 10}K used, {info['MemFree'] >> 10}K free\nCPU:   0% usr   0% sys   0% nic 100% idle\n"
            "  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n" + "".join(
                f"{one.pid:5} {parent_of(one):5} {user_name(one, one.user[0]):<8} S    {one.memory >> 10:6}   0%   0   0% {' '.join(one.argv)}\n"
                for _, one in sorted(process.space.processes.items())))
        left -= 1
        if left == 0:
            return 0
        await process.sleep(float(given.get("d", "5")))


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


# --- values -------------------------------------------------------------------------------------------------------

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", "e": "\x1b"}


def unescape(text: str) -> tuple[str, bool]:
    """Backslash sequences replaced; True when \\c says to stop."""
    head, stop, _ = text.partition("\\c")

    def one(match: re.Match) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return chr(int(match[2], 8) & 255) if match[2] else ESCAPES.get(match[3], match[0])
    return re.sub(r"\\(?:x([0-9a-fA-F]{1,2})|(0?[0-7]{1,3})|(.))", one, head, flags=re.DOTALL), bool(stop)


@applet("echo")
async def echo(process: Process) -> int:
    return say(process, process.args)


def say(process: Process, words: list[str]) -> int:
    newline, escapes, at = True, False, 0
    while at < len(words) and re.fullmatch(r"-[neE]+", words[at]):
        newline, escapes = newline and "n" not in words[at], "e" in words[at] or escapes and "E" not in words[at]
        at += 1
    text, stopped = unescape(" ".join(words[at:])) if escapes else (" ".join(words[at:]), False)
    out(process, text + ("\n" if newline and not stopped else ""))
    return 0


@applet("printf")
async def printf(process: Process) -> int:
    return formatted(process, process.args, process.name)


def formatted(process: Process, words: list[str], name: str) -> int:
    if not words:
        process.error(f"{name}: usage: printf FORMAT [ARGUMENT...]")
        return 1
    form, arguments, code, pieces = words[0], list(words[1:]), 0, []

    def convert(match: re.Match) -> str:
        nonlocal code
        if match[0] == "%%":
            return "%"
        flags, kind = match[1], match[2]
        while "*" in flags:
            flags = flags.replace("*", arguments.pop(0) if arguments else "0", 1)
        word = arguments.pop(0) if arguments else ""
        if kind in "diouxX":
            try:
                value = ord(word[1]) if word[:1] in "'\"" and len(word) > 1 else int(word or "0", 0)
            except ValueError:
                process.error(f"{name}: invalid number '{word}'")
                value, code = 0, 1
            return f"%{flags}{'d' if kind in 'iu' else kind}" % value
        if kind in "eEfgG":
            return f"%{flags}{kind}" % float(word or 0)
        return f"%{flags}s" % (word[:1] if kind == "c" else unescape(word)[0] if kind == "b" else word)
    while True:
        before = len(arguments)
        parts = re.split(r"(%%|%[-+ #0-9.*]*[a-zA-Z])", form)
        for number, part in enumerate(parts):
            match = re.fullmatch(r"%([-+ #0-9.*]*)([a-zA-Z])|%%", part) if number % 2 else None
            pieces.append(convert(match) if match else unescape(part)[0])
        if not arguments or len(arguments) == before:
            break
    out(process, "".join(pieces))
    return code


class BadTest(Exception):
    """Its text is what test says."""


@applet("test", "[")
async def test(process: Process) -> int:
    return judge(process, [process.name, *process.args], process.name)


def judge(process: Process, words: list[str], name: str) -> int:
    if words[0] in ("[", "[["):
        if words[-1] != {"[": "]", "[[": "]]"}[words[0]]:
            process.error(f"{name}: missing {']' if words[0] == '[' else ']]'}")
            return 2
        words = words[:-1]
    try:
        return int(not _Test(process, words[1:], words[0] == "[[").all())
    except BadTest as error:
        process.error(f"{name}: {error}")
        return 2


def _int(text: str) -> int:
    try:
        return int(text.strip())
    except ValueError:
        raise BadTest(f"{text}: bad number") from None


NUMERIC = {"-eq": int.__eq__, "-ne": int.__ne__, "-lt": int.__lt__, "-le": int.__le__, "-gt": int.__gt__, "-ge": int.__ge__}
TEXTUAL = {"=": str.__eq__, "==": str.__eq__, "!=": str.__ne__, "<": str.__lt__, ">": str.__gt__}


class _Test:
    def __init__(self, process: Process, words: list[str], matching: bool):
        self.process, self.words, self.matching = process, words, matching

    def all(self) -> bool:
        if not self.words:
            return False
        value = self.either()
        if self.words:
            raise BadTest(f"{self.words[0]}: unknown operand")
        return value

    def either(self) -> bool:
        value = self.both()
        while self.words and self.words[0] in ("-o", "||"):
            self.words = self.words[1:]
            value = self.both() or value
        return value

    def both(self) -> bool:
        value = self.one()
        while self.words and self.words[0] in ("-a", "&&") and len(self.words) > 1:
            self.words = self.words[1:]
            value = self.one() and value
        return value

    def take(self) -> str:
        if not self.words:
            raise BadTest("argument expected")
        word, self.words = self.words[0], self.words[1:]
        return word

    def one(self) -> bool:
        words = self.words
        if len(words) >= 3 and (words[1] in NUMERIC or words[1] in TEXTUAL or words[1] in ("=~", "-nt", "-ot")):
            left, operator, right = self.take(), self.take(), self.take()
            return self.compare(left, operator, right)
        if len(words) > 1 and words[0] == "!":
            self.take()
            return not self.one()
        if len(words) > 1 and words[0] == "(":
            self.take()
            value = self.either()
            self.take()
            return value
        if len(words) > 1 and re.fullmatch(r"-[a-zA-Z]", words[0]):
            operator = self.take()
            return self.unary(operator, self.take())
        return bool(self.take())

    def compare(self, left: str, operator: str, right: str) -> bool:
        if operator in NUMERIC:
            return NUMERIC[operator](_int(left), _int(right))
        if operator in ("-nt", "-ot"):
            times = [node.mtime if (node := self.process.files.find(self.process.path(name))) else -1.0 for name in (left, right)]
            return times[0] > times[1] if operator == "-nt" else times[0] < times[1]
        if operator == "=~":
            return compile_expression(right, True).search(left) is not None
        if self.matching and operator in ("=", "==", "!="):
            from kubelearn.kubelet.images.shell.expansion import pattern
            return bool(pattern(right).fullmatch(left)) == (operator != "!=")
        return TEXTUAL[operator](left, right)

    def unary(self, operator: str, word: str) -> bool:
        if operator in "-n-z":
            return bool(word) == (operator == "-n")
        if operator == "-t":
            return bool(self.process.fds.get(_int(word)) and self.process.fds[_int(word)].is_terminal)
        node = self.process.files.find(self.process.path(word), follow=operator not in ("-L", "-h"))
        if operator not in FILE_TESTS:
            raise BadTest(f"{operator}: unknown operand")
        return node is not None and FILE_TESTS[operator](self.process, node)


FILE_TESTS = {
    "-e": lambda process, node: True, "-f": lambda process, node: node.kind == "-", "-d": lambda process, node: isinstance(node, Directory),
    "-L": lambda process, node: isinstance(node, Symlink), "-h": lambda process, node: isinstance(node, Symlink),
    "-s": lambda process, node: node.size > 0, "-r": lambda process, node: process.files.allowed(node, 4),
    "-w": lambda process, node: process.files.allowed(node, 2), "-x": lambda process, node: process.files.allowed(node, 1),
    "-p": lambda process, node: False, "-S": lambda process, node: False, "-c": lambda process, node: node.kind == "c",
    "-b": lambda process, node: False, "-O": lambda process, node: node.uid == process.user[0], "-u": lambda process, node: bool(node.mode & 0o4000),
}


@applet("expr")
async def expr(process: Process) -> int:
    if not process.args:
        return process.fail("too few arguments", 2)
    try:
        value = _Expr(process.args).value()
    except (IndexError, ValueError) as error:
        return process.fail(str(error) if isinstance(error, ValueError) and "number" in str(error) or "zero" in str(error) else "syntax error", 2)
    out(process, f"{value}\n")
    return int(value in ("", "0", 0))


class _Expr:
    LEVELS = (("|",), ("&",), ("<", "<=", "=", "==", "!=", ">", ">="), ("+", "-"), ("*", "/", "%"), (":",))

    def __init__(self, words: list[str]):
        self.words = words[::-1]

    def value(self) -> object:
        value = self.level(0)
        if self.words:
            raise ValueError("syntax error")
        return value

    def level(self, number: int) -> object:
        if number == len(self.LEVELS):
            return self.atom()
        left = self.level(number + 1)
        while self.words and self.words[-1] in self.LEVELS[number]:
            left = self.apply(left, self.words.pop(), self.level(number + 1))
        return left

    def atom(self) -> object:
        word = self.words.pop()
        if word == "(":
            value = self.level(0)
            self.words.pop()
            return value
        if word == "length" and self.words:
            return len(str(self.atom()))
        if word == "index" and len(self.words) > 1:
            text, characters = str(self.atom()), str(self.atom())
            return next((at for at, character in enumerate(text, 1) if character in characters), 0)
        if word == "substr" and len(self.words) > 2:
            text, start, count = str(self.atom()), int(str(self.atom())), int(str(self.atom()))
            return text[start - 1:start - 1 + count]
        return word

    def apply(self, left: object, operator: str, right: object) -> object:
        if operator == ":":
            match = compile_expression(str(right)).match(str(left))
            return (match[1] or "" if match.re.groups else match.end()) if match else ("" if "\\(" in str(right) else 0)
        if operator in "|&":
            truth = str(left) not in ("", "0")
            return (left if truth else right) if operator == "|" else (left if truth and str(right) not in ("", "0") else 0)
        if operator in self.LEVELS[2]:
            a, b = (int(str(left)), int(str(right))) if re.fullmatch(r"-?\d+", str(left)) and re.fullmatch(r"-?\d+", str(right)) else (str(left), str(right))
            return int({"<": a < b, "<=": a <= b, "=": a == b, "==": a == b, "!=": a != b, ">": a > b, ">=": a >= b}[operator])
        try:
            a, b = int(str(left)), int(str(right))
        except ValueError:
            raise ValueError("non-numeric argument: number") from None
        if operator in "/%" and b == 0:
            raise ValueError("division by zero")
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) if b else 0
        return {"+": a + b, "-": a - b, "*": a * b, "/": quotient, "%": a - quotient * b if b else 0}[operator]


# The shell has its own echo, printf and test, so that a loop of them starts no processes.

async def _builtin_echo(shell, words: list[str]) -> int:
    return say(shell.process, words[1:])


async def _builtin_printf(shell, words: list[str]) -> int:
    return formatted(shell.process, words[1:], shell.zero)


async def _builtin_test(shell, words: list[str]) -> int:
    return judge(shell.process, words, shell.zero)


BUILTINS.update({"echo": _builtin_echo, "printf": _builtin_printf, "test": _builtin_test, "[": _builtin_test, "[[": _builtin_test})
