"""Busybox's commands on text: cat, head, tail, wc, sort, uniq, cut, tr, tee, grep and their like."""
from __future__ import annotations

import re

from kubelearn.kubelet.images.applets import (
    Failures,
    applet,
    chunks,
    input_lines,
    integer,
    lines,
    open_input,
    options,
    out,
    read_input,
)
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


