"""Busybox's commands that make or recode text: seq, yes, tr, base64, checksums, nl, rev, tac, paste.

Leaves out: options that scripts hardly use."""
from __future__ import annotations

import base64
import hashlib
import re

from kubelearn.kubelet.images.applets import (
    Failures,
    applet,
    input_lines,
    options,
    out,
    read_input,
    usage_error,
)
from kubelearn.kubelet.process import Process

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
    rows = (
        columns
        if "s" in given
        else [[column[at] if at < len(column) else "" for column in columns] for at in range(max(map(len, columns)))]
    )
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
    given, words = (
        options(process, "ws:", usage="[-w] [-s SEP] [FIRST [INC]] LAST", least=1, stop=True)
        if not re.match(r"-\d", process.args[0] if process.args else "")
        else ({}, process.args)
    )
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
