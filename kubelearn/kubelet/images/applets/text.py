"""Busybox's commands on text: cat, head, tail, wc, sort, uniq, cut, tr, tee, grep and their like."""
from __future__ import annotations

import base64
import hashlib
import re

from kubelearn.kubelet.images.applets import (Failures, applet, chunks, input_lines, integer, lines, open_input, options, out, read_input,
                                              usage_error)
from kubelearn.kubelet.images.regex import compile_expression
from kubelearn.kubelet.process import Process
from kubelearn.volumes import Device


@applet("cat")
async def cat(process: Process) -> int:
    given, names = options(process, "nevtAu", usage="[-n] [FILE]...")
    failures, number = Failures(), 0
    if "n" in given:
        async for line in input_lines(process, names, failures):
            number += 1
            out(process, f"{number:6}\t{line}")
        return failures.code
    async for data in chunks(process, names, failures):
        process.stdout.write(data)
        await process.stdout.drain()
    return failures.code


def _count(process: Process, args: list[str]) -> list[str]:
    """-5 is -n 5."""
    return [part for at, word in enumerate(args)
            for part in (["-n", word[1:]] if re.fullmatch(r"-\d+", word) and args[at - 1:at] not in (["-n"], ["-c"]) else [word])]


@applet("head")
async def head(process: Process) -> int:
    process.argv = [process.argv[0], *_count(process, process.args)]
    given, names = options(process, "n:c:qv", usage="[OPTIONS] [FILE]...")
    failures = Failures()
    for name in names or ["-"]:
        file = open_input(process, name, failures)
        if file is None:
            continue
        if len(names) > 1 and "q" not in given:
            out(process, f"{'' if name == names[0] else chr(10)}==> {name} <==\n")
        if "c" in given:
            left = integer(process, given["c"])
            while left > 0 and (data := await file.read(min(left, 65_536))):
                process.stdout.write(data)
                left -= len(data)
            continue
        left = integer(process, given.get("n", "10"))
        if left < 0:
            rows = (await _all(file)).splitlines(keepends=True)
            process.stdout.write(b"".join(rows[:left]))
        if left <= 0:
            continue
        async for line in lines(file):
            out(process, line)
            left -= 1
            if left == 0:
                break
    return failures.code


@applet("tail")
async def tail(process: Process) -> int:
    process.argv = [process.argv[0], *_count(process, process.args)]
    given, names = options(process, "fFn:c:qvs:", usage="[OPTIONS] [FILE]...")
    failures, count = Failures(), given.get("n", given.get("c", "10"))
    opened = {name: file for name in names or ["-"] if (file := open_input(process, name, failures)) is not None}
    if not opened:
        process.error("tail: no files")
        return 1
    for name, file in opened.items():
        if isinstance(getattr(file, "node", None), Device):
            continue
        if len(names) > 1 and "q" not in given:
            out(process, f"{'' if name == names[0] else chr(10)}==> {name} <==\n")
        parts = [bytes([byte]) for byte in await _all(file)] if "c" in given else (await _all(file)).splitlines(keepends=True)
        start = integer(process, count.lstrip("+-"))
        process.stdout.write(b"".join(parts[start - 1:] if count[0] == "+" else parts[max(0, len(parts) - start):]))
    if "f" in given or "F" in given:
        await _follow(process, list(opened.values()))
    return failures.code


async def _all(file) -> bytes:
    data = bytearray()
    while chunk := await file.read():
        data += chunk
    return bytes(data)


async def _follow(process: Process, files: list) -> None:
    """Looks once a second, as tail does; at a device there is nothing to see."""
    files = [file for file in files if not isinstance(getattr(file, "node", None), Device)]
    while files:
        await process.sleep(1)
        for file in files:
            while data := await file.read():
                process.stdout.write(data)
    await process.forever()


@applet("wc")
async def wc(process: Process) -> int:
    given, names = options(process, "lwcmL", usage="[-cmlwL] [FILE]...")
    failures, totals = Failures(), [0, 0, 0]
    for name in names or ["-"]:
        before = failures.code
        data = await read_input(process, [name], failures)
        if failures.code and not before and not data:
            continue
        counts = [data.count(b"\n"), len(data.split()), len(data)]
        totals = [old + new for old, new in zip(totals, counts)]
        _print_counts(process, given, counts, name if names else "")
    if len(names) > 1:
        _print_counts(process, given, totals, "total")
    return failures.code


def _print_counts(process: Process, given: dict, counts: list[int], name: str) -> None:
    shown = [count for letters, count in zip(("l", "w", "cm"), counts) if not given or any(letter in given for letter in letters)]
    text = str(shown[0]) if len(shown) == 1 else " ".join(f"{count:9}" for count in shown)
    out(process, text + (f" {name}" if name else "") + "\n")


@applet("sort")
async def sort(process: Process) -> int:
    given, names = options(process, "nrut:k:fbhVso:z", usage="[-nrugfhV] [-t CHAR] [-k START[,END]] [FILE]...")
    failures = Failures()
    rows = (await read_input(process, names, failures)).decode("utf-8", "surrogateescape").splitlines()
    start, _, end = given.get("k", "").partition(",")
    flags = set(given) | set(re.sub(r"[\d.]", "", start + end))

    def key(row: str):
        text = row
        if start:
            fields = row.split(given["t"]) if "t" in given else row.split()
            first = int(re.match(r"\d+", start)[0]) - 1
            last = int(re.match(r"\d+", end)[0]) if end else len(fields)
            text = (given.get("t") or " ").join(fields[first:last])
        text = text.lower() if "f" in flags else text
        if "n" in flags or "h" in flags:
            number = re.match(r"\s*(-?\d*\.?\d*)([KMGT]?)", text)
            scale = 1024 ** " KMGT".index(number[2] or " ") if "h" in flags else 1
            return float(number[1]) * scale if number[1] not in ("", "-", ".") else 0.0
        if "V" in flags:
            return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]
        return text
    rows.sort(key=lambda row: (key(row), row) if "s" not in flags else key(row), reverse="r" in flags)
    if "u" in given:
        rows = list({key(row) if not isinstance(key(row), list) else row: row for row in reversed(rows)}.values())[::-1]
    out(process, "".join(f"{row}\n" for row in rows))
    return failures.code


@applet("uniq")
async def uniq(process: Process) -> int:
    given, names = options(process, "cdui", usage="[-cduiz] [INPUT]")
    failures, groups = Failures(), []
    async for line in input_lines(process, names, failures):
        line = line.rstrip("\n")
        same = groups and (groups[-1][0].lower() == line.lower() if "i" in given else groups[-1][0] == line)
        if same:
            groups[-1][1] += 1
        else:
            groups.append([line, 1])
    for line, count in groups:
        if not ("d" in given and count == 1 or "u" in given and count > 1):
            out(process, f"{count:7} {line}\n" if "c" in given else f"{line}\n")
    return failures.code


@applet("cut")
async def cut(process: Process) -> int:
    given, names = options(process, "b:c:f:d:sn", usage="{-b|c LIST | -f LIST [-d SEP] [-s]} [FILE]...")
    listed = given.get("f") or given.get("c") or given.get("b")
    if listed is None:
        return process.fail("expected a list of bytes, characters, or fields")
    ranges = []
    for part in listed.split(","):
        first, dash, last = part.partition("-")
        ranges.append((int(first or 1) - 1, int(last) if last else (None if dash else int(first))))
    failures, separator = Failures(), given.get("d", "\t")
    async for line in input_lines(process, names, failures):
        line = line.rstrip("\n")
        if "f" in given:
            if separator not in line:
                if "s" not in given:
                    out(process, line + "\n")
                continue
            fields = line.split(separator)
            chosen = sorted({at for first, last in ranges for at in range(len(fields))[first:last]})
            out(process, separator.join(fields[at] for at in chosen) + "\n")
        else:
            chosen = sorted({at for first, last in ranges for at in range(len(line))[first:last]})
            out(process, "".join(line[at] for at in chosen) + "\n")
    return failures.code


TR_CLASSES = {"upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "lower": "abcdefghijklmnopqrstuvwxyz", "digit": "0123456789", "space": " \t\n\r\f\v",
              "blank": " \t", "punct": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}
TR_CLASSES |= {"alpha": TR_CLASSES["upper"] + TR_CLASSES["lower"], "alnum": TR_CLASSES["digit"] + TR_CLASSES["upper"] + TR_CLASSES["lower"]}


def _set(text: str) -> str:
    text = re.sub(r"\[:(\w+):\]", lambda match: TR_CLASSES.get(match[1], ""), text)
    text = text.encode("utf-8", "surrogateescape").decode("unicode_escape") if "\\" in text else text
    return re.sub(r"(.)-(.)", lambda match: "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1))), text, flags=re.DOTALL)


@applet("tr")
async def tr(process: Process) -> int:
    given, sets = options(process, "dcsC", usage="[-cds] STRING1 [STRING2]", least=1, stop=True)
    first, second = _set(sets[0]), _set(sets[1]) if len(sets) > 1 else ""
    data = (await read_input(process, [], Failures())).decode("utf-8", "surrogateescape")
    if "c" in given or "C" in given:
        first = "".join(sorted({character for character in data if character not in first}))
    if "d" in given:
        data = data.translate({ord(character): None for character in first})
    elif second:
        padded = second + second[-1] * max(0, len(first) - len(second))
        data = data.translate({ord(a): b for a, b in reversed(list(zip(first, padded)))})
    if "s" in given:
        data = re.sub(f"([{re.escape(second or first)}])\\1+", r"\1", data)
    out(process, data)
    return 0


@applet("tee")
async def tee(process: Process) -> int:
    given, names = options(process, "ai", usage="[-ai] [FILE]...")
    code, files = 0, [process.stdout]
    for name in names:
        try:
            files.append(process.open(name, ">>" if "a" in given else ">"))
        except OSError as error:
            code = process.fail(f"{name}: {error.strerror}")
    while data := await process.stdin.read():
        for file in files:
            file.write(data)
    return code


@applet("grep", "egrep", "fgrep")
async def grep(process: Process) -> int:
    given, rest = options(process, "ivncloqsrRHhEFwxe:f:m:A:B:C:", usage="[-HhnlLoqvsrRiwFE] [-m N] [-A|B|C N] { PATTERN | -e PATTERN... } [FILE]...")
    patterns = [word for flag, word in zip(process.args, process.args[1:]) if flag == "-e"] or ([given["e"]] if "e" in given else [])
    if not patterns:
        if not rest:
            raise usage_error(process, "[-HhnlLoqvsrRiwFE] [-m N] PATTERN [FILE]...")
        patterns.append(rest.pop(0))
    fixed, extended = "F" in given or process.name == "fgrep", "E" in given or process.name == "egrep"
    sources = [re.escape(line) if fixed else compile_expression(line, extended).pattern for text in patterns for line in text.split("\n")]
    source = "|".join(f"(?:{one})" for one in sources)
    source = f"(?<!\\w)(?:{source})(?!\\w)" if "w" in given else f"^(?:{source})$" if "x" in given else source
    return await _Grep(process, given, re.compile(source, re.IGNORECASE if "i" in given else 0), _walked(process, rest, given)).run()


def _walked(process: Process, names: list[str], given: dict) -> list[str]:
    if not ("r" in given or "R" in given):
        return names
    found = []
    for name in names or ["."]:
        node = process.files.find(process.path(name))
        found += [name + path for path, inner in node.walk() if inner.kind == "-"] if node is not None and node.kind == "d" else [name]
    return found


class _Grep:
    def __init__(self, process: Process, given: dict, expression: re.Pattern, names: list[str]):
        self.process, self.given, self.expression, self.names = process, given, expression, names
        self.named = ("H" in given or len(names) > 1 or "r" in given or "R" in given) and "h" not in given
        self.after, self.before = (int(given.get(letter, given.get("C", "0"))) for letter in "AB")

    async def run(self) -> int:
        failures, matched = Failures(), False
        for name in self.names or ["-"]:
            try:
                file = self.process.stdin if name == "-" else self.process.open(name)
            except OSError as error:
                failures.code = 2
                if "s" not in self.given:
                    self.process.error(f"{self.process.name}: {name}: {error.strerror}")
                continue
            matched = await self.file(file, "(standard input)" if name == "-" else name) or matched
            if matched and "q" in self.given:
                return 0
        return failures.code or int(not matched)

    async def file(self, file, name: str) -> bool:
        count, number, earlier, left = 0, 0, [], 0
        prefix = f"{name}:" if self.named else ""
        async for line in lines(file):
            number += 1
            line = line.rstrip("\n")
            hit = bool(self.expression.search(line)) != ("v" in self.given)
            count += hit
            if hit and "q" in self.given:
                return True
            if hit and not ("c" in self.given or "l" in self.given):
                for at, text in earlier:
                    self.show(prefix.replace(":", "-"), at, text, "-")
                self.show(prefix, number, line, ":")
                earlier, left = [], self.after
            elif left:
                self.show(prefix.replace(":", "-"), number, line, "-")
                left -= 1
            elif self.before:
                earlier = [*earlier, (number, line)][-self.before:]
            if hit and ("l" in self.given or count == int(self.given.get("m", "0"))):
                break
        if "c" in self.given:
            out(self.process, f"{prefix}{count}\n")
        if "l" in self.given and count:
            out(self.process, f"{name}\n")
        return count > 0

    def show(self, prefix: str, number: int, line: str, mark: str) -> None:
        prefix += f"{number}{mark}" if "n" in self.given else ""
        texts = [match[0] for match in self.expression.finditer(line) if match[0]] if "o" in self.given and mark == ":" else [line]
        out(self.process, "".join(f"{prefix}{text}\n" for text in texts))


@applet("nl")
async def nl(process: Process) -> int:
    number = 0
    async for line in input_lines(process, options(process, "b:w:s:")[1], failures := Failures()):
        number += line != "\n"
        out(process, f"{number:6}\t{line}" if line != "\n" else "       \n")
    return failures.code


@applet("rev")
async def rev(process: Process) -> int:
    async for line in input_lines(process, process.args, failures := Failures()):
        out(process, line.rstrip("\n")[::-1] + "\n")
    return failures.code


@applet("tac")
async def tac(process: Process) -> int:
    data = await read_input(process, process.args, failures := Failures())
    process.stdout.write(b"".join(reversed(data.splitlines(keepends=True))))
    return failures.code


@applet("paste")
async def paste(process: Process) -> int:
    given, names = options(process, "sd:", usage="[-d LIST] [-s] [FILE]...")
    columns = [(await read_input(process, [name], Failures())).decode("utf-8", "surrogateescape").splitlines() for name in names or ["-"]]
    mark = given.get("d", "\t")
    rows = columns if "s" in given else [[column[at] if at < len(column) else "" for column in columns] for at in range(max(map(len, columns)))]
    out(process, "".join(f"{mark.join(row)}\n" for row in rows))
    return 0


@applet("base64")
async def base64_(process: Process) -> int:
    given, names = options(process, "dw:", usage="[-d] [-w COL] [FILE]")
    data = await read_input(process, names, failures := Failures())
    if "d" in given:
        try:
            process.stdout.write(base64.b64decode(b"".join(data.split()) + b"=" * (-len(b"".join(data.split())) % 4), validate=True))
        except ValueError:
            return process.fail("truncated base64 input")
    else:
        text, width = base64.b64encode(data), int(given.get("w", "76"))
        parts = [text[at:at + width] for at in range(0, len(text), width)] if width else [text]
        process.stdout.write(b"\n".join(parts) + (b"\n" if width else b""))
    return failures.code


@applet("md5sum", "sha1sum", "sha256sum", "sha512sum")
async def checksum(process: Process) -> int:
    given, names = options(process, "cs", usage="[-c[sw]] [FILE]...")
    failures, algorithm = Failures(), process.name.removesuffix("sum")
    for name in names or ["-"]:
        before, failures.code = failures.code, 0
        data = await read_input(process, [name], failures)
        if failures.code == 0:
            out(process, f"{hashlib.new(algorithm, data).hexdigest()}  {name}\n")
        failures.code = failures.code or before
    return failures.code


@applet("seq")
async def seq(process: Process) -> int:
    given, words = options(process, "ws:", usage="[-w] [-s SEP] [FIRST [INC]] LAST", least=1, stop=True) if not re.match(r"-\d", process.args[0] if process.args
                                                                                                             else "") else ({}, process.args)
    try:
        values = [float(word) for word in words]
    except ValueError:
        raise usage_error(process, "[-w] [-s SEP] [FIRST [INC]] LAST") from None
    first, step, last = values[0] if len(words) > 1 else 1.0, values[1] if len(words) > 2 else 1.0, values[-1]
    places = max(len(word.partition(".")[2]) for word in words)
    count = int((last - first) / step + 1e-9) + 1 if step else 0
    width = max((len(f"{value:.{places}f}") for value in (first, last)), default=0) if "w" in given else 0
    texts = [f"{first + number * step:0{width}.{places}f}" for number in range(max(0, count))]
    if texts:
        out(process, given.get("s", "\n").join(texts) + "\n")
    return 0


@applet("yes")
async def yes(process: Process) -> int:
    line = (" ".join(process.args) or "y") + "\n"
    while True:
        out(process, line * 100)
        await process.stdout.drain()
        await process.work(10)
