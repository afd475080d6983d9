"""Busybox's commands on text: cat, head, tail, wc, sort, uniq, cut, tee.

Leaves out: options that scripts hardly use."""
from __future__ import annotations

import re

from kubelearn.kubelet.files import OpenFile
from kubelearn.kubelet.images.applets import Inputs, Options, applet, integer, lines, options, out, read_all
from kubelearn.kubelet.process import Process
from kubelearn.volumes import Device


@applet("cat", flags="nu", usage="[-nu] [FILE]...", reads=True)
async def cat(process: Process, given: Options, inputs: Inputs) -> None:
    number = 0
    if "n" in given:
        async for line in inputs.lines():
            number += 1
            out(process, f"{number:6}\t{line}")
    else:
        async for data in inputs.chunks():
            process.stdout.write(data)
            await process.stdout.drain()


def _counted(process: Process, flags: str) -> tuple[Options, list[str]]:
    """head -5 is head -n 5."""
    words = process.args
    process.argv = [process.argv[0], *(part for before, word in zip(["", *words], words) for part in (
        ["-n", word[1:]] if re.fullmatch(r"-\d+", word) and before not in ("-n", "-c") else [word]))]
    return options(process, flags, "[OPTIONS] [FILE]...")


def _title(process: Process, name: str, names: list[str], given: Options) -> None:
    if len(names) > 1 and "q" not in given:
        out(process, f"{'' if name == names[0] else chr(10)}==> {name} <==\n")


@applet("head")
async def head(process: Process) -> int:
    given, names = _counted(process, "n:c:qv")
    inputs = Inputs(process, names)
    for name, file in inputs.files():
        _title(process, name, names, given)
        left = integer(process, given.get("c", given.get("n", "10")))
        if left < 0:
            parts = (await read_all(file)).splitlines(keepends=True)
            process.stdout.write(b"".join(parts[:left]))
        elif "c" in given:
            while left > 0 and (data := await file.read(min(left, 65_536))):
                process.stdout.write(data)
                left -= len(data)
        elif left:
            async for line in lines(file):
                out(process, line)
                left -= 1
                if left == 0:
                    break
    return inputs.code


@applet("tail")
async def tail(process: Process) -> int:
    given, names = _counted(process, "fFn:c:qvs:")
    inputs, count = Inputs(process, names), given.get("n", given.get("c", "10"))
    opened = []
    for name, file in inputs.files():
        if isinstance(getattr(file, "node", None), Device):
            await _endless(process, file)
        else:
            opened.append((name, file))
    if inputs.code and not opened:
        return process.fail("no files")
    for name, file in opened:
        _title(process, name, names, given)
        data = await read_all(file)
        parts = [data[at:at + 1] for at in range(len(data))] if "c" in given else data.splitlines(keepends=True)
        start = integer(process, count.lstrip("+-"))
        process.stdout.write(b"".join(parts[start - 1:] if count[0] == "+" else parts[max(0, len(parts) - start):]))
    if given.any("fF"):
        await _follow(process, [file for _, file in opened])
    return inputs.code


async def _endless(process: Process, file: OpenFile) -> None:
    """A device may give bytes for ever and never a line, all of which tail keeps: the usual way to run out of memory."""
    while await file.read():
        process.use_memory(process.memory + 65_536)
        await process.work()


async def _follow(process: Process, files: list[OpenFile]) -> None:
    """Looks once a second, as tail does; at a device there is nothing to see."""
    while files:
        await process.sleep(1)
        for file in files:
            while data := await file.read():
                process.stdout.write(data)
    await process.forever()


@applet("wc", flags="lwcm", usage="[-cmlw] [FILE]...", reads=True)
async def wc(process: Process, given: Options, inputs: Inputs) -> None:
    totals = [0, 0, 0]
    for name, file in inputs.files():
        data = await read_all(file)
        counts = [data.count(b"\n"), len(data.split()), len(data)]
        totals = [old + new for old, new in zip(totals, counts)]
        _print_counts(process, given, counts, name if inputs.names else "", len(inputs.names) > 1)
    if len(inputs.names) > 1:
        _print_counts(process, given, totals, "total", True)


def _print_counts(process: Process, given: Options, counts: list[int], name: str, wide: bool) -> None:
    shown = [count for letters, count in zip(("l", "w", "cm"), counts) if not given or given.any(letters)]
    text = str(shown[0]) if len(shown) == 1 and not wide else " ".join(f"{count:9}" for count in shown)
    out(process, text + (f" {name}" if name else "") + "\n")


@applet("sort", flags="nrut:k:fbhVs", usage="[-nrufbhVs] [-t CHAR] [-k START[,END]] [FILE]...", reads=True)
async def sort(process: Process, given: Options, inputs: Inputs) -> int | None:
    rows = (await inputs.text()).splitlines()
    start, _, end = given.get("k", "").partition(",")
    flags = set(given) | set(re.sub(r"[\d.]", "", start + end))

    def key(row: str) -> object:
        text = row
        if start:
            fields = row.split(given.get("t"))
            last = int(re.match(r"\d+", end)[0]) if end else len(fields)
            text = given.get("t", " ").join(fields[int(re.match(r"\d+", start)[0]) - 1:last])
        text = text.lower() if "f" in flags else text
        if flags & {"n", "h"}:
            number = re.match(r"\s*(-?\d*\.?\d*)([KMGT]?)", text)
            scale = 1024 ** " KMGT".index(number[2] or " ") if "h" in flags else 1
            return float(number[1]) * scale if number[1] not in ("", "-", ".") else 0.0
        if "V" in flags:
            return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text))
        return text
    rows.sort(key=lambda row: key(row) if "s" in flags else (key(row), row), reverse="r" in flags)
    if "u" in given:
        rows = list({key(row): row for row in reversed(rows)}.values())[::-1]
    out(process, "".join(f"{row}\n" for row in rows))


@applet("uniq", flags="cdui", usage="[-cdui] [INPUT]", reads=True)
async def uniq(process: Process, given: Options, inputs: Inputs) -> None:
    groups = []
    async for line in inputs.lines():
        line = line.rstrip("\n")
        if groups and (groups[-1][0] == line or "i" in given and groups[-1][0].lower() == line.lower()):
            groups[-1][1] += 1
        else:
            groups.append([line, 1])
    for line, count in groups:
        if not ("d" in given and count == 1 or "u" in given and count > 1):
            out(process, f"{count:7} {line}\n" if "c" in given else f"{line}\n")


@applet("cut", flags="b:c:f:d:sn", usage="{-b|c LIST | -f LIST [-d SEP] [-s]} [FILE]...", reads=True)
async def cut(process: Process, given: Options, inputs: Inputs) -> int | None:
    listed = given.get("f") or given.get("c") or given.get("b")
    if listed is None:
        return process.fail("expected a list of bytes, characters, or fields")
    ranges = []
    for part in listed.split(","):
        first, dash, last = part.partition("-")
        ranges.append(slice(int(first or 1) - 1, int(last) if last else (None if dash else int(first))))
    separator = given.get("d", "\t") if "f" in given else ""
    async for line in inputs.lines():
        line = line.rstrip("\n")
        if separator and separator not in line:
            out(process, "" if "s" in given else line + "\n")
            continue
        parts = line.split(separator) if separator else line
        chosen = sorted({at for wanted in ranges for at in range(len(parts))[wanted]})
        out(process, separator.join(parts[at] for at in chosen) + "\n")


@applet("tee", flags="ai", usage="[-ai] [FILE]...")
async def tee(process: Process, given: Options, names: list[str]) -> int:
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
