"""Busybox's commands that make or recode text: seq, yes, tr, base64, checksums, rev, tac, paste.

Leaves out: options that scripts hardly use."""
from __future__ import annotations

import base64
import hashlib
import re

from kubelearn.kubelet.images.applets import Inputs, Options, applet, integer, out, usage_error
from kubelearn.kubelet.process import Process

LOWER, DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"
TR_CLASSES = {"upper": LOWER.upper(), "lower": LOWER, "digit": DIGITS, "space": " \t\n\r\f\v", "alpha": LOWER.upper() + LOWER,
              "alnum": DIGITS + LOWER.upper() + LOWER, "blank": " \t", "punct": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}


def _set(text: str) -> str:
    text = re.sub(r"\[:(\w+):\]", lambda match: TR_CLASSES.get(match[1], ""), text)
    text = text.encode("utf-8", "surrogateescape").decode("unicode_escape") if "\\" in text else text
    return re.sub(r"(.)-(.)", lambda match: "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1))), text, flags=re.DOTALL)


@applet("tr", flags="dcsC", usage="[-cds] STRING1 [STRING2]", least=1, stop=True)
async def tr(process: Process, given: Options, sets: list[str]) -> None:
    first, second = _set(sets[0]), _set(sets[1]) if len(sets) > 1 else ""
    data = await Inputs(process, []).text()
    if given.any("cC"):
        first = "".join(sorted({character for character in data if character not in first}))
    if "d" in given:
        data = data.translate({ord(character): None for character in first})
    elif second:
        padded = second + second[-1] * max(0, len(first) - len(second))
        data = data.translate({ord(a): b for a, b in reversed(list(zip(first, padded)))})
    if "s" in given:
        data = re.sub(f"([{re.escape(second or first)}])\\1+", r"\1", data)
    out(process, data)


@applet("rev", flags="", reads=True)
async def rev(process: Process, given: Options, inputs: Inputs) -> None:
    async for line in inputs.lines():
        out(process, line.rstrip("\n")[::-1] + "\n")


@applet("tac", flags="", reads=True)
async def tac(process: Process, given: Options, inputs: Inputs) -> None:
    process.stdout.write(b"".join(reversed((await inputs.data()).splitlines(keepends=True))))


@applet("paste", flags="sd:", usage="[-d LIST] [-s] [FILE]...")
async def paste(process: Process, given: Options, names: list[str]) -> None:
    rows = [(await Inputs(process, [name]).text()).splitlines() for name in names or ["-"]]
    if "s" not in given:
        rows = [[column[at] if at < len(column) else "" for column in rows] for at in range(max(map(len, rows)))]
    out(process, "".join(f"{given.get('d', chr(9)).join(row)}\n" for row in rows))


NAMED = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}
DUMPS = {  # od's types: bytes in one, how one looks
    "c": (1, lambda byte: f"{NAMED.get(byte) or (chr(byte) if 32 <= byte < 127 else f'{byte:03o}'):>4}"),
    **{f"{letter}{size}": (size, lambda value, form=form: form.format(value)) for letter, size, form in (
        ("x", 1, " {:02x}"), ("x", 2, " {:04x}"), ("x", 4, " {:08x}"), ("u", 1, " {:3}"), ("u", 2, " {:5}"), ("u", 4, " {:10}"),
        ("o", 1, " {:03o}"), ("o", 2, " {:06o}"))},
}


@applet("od", flags="A:t:N:vcxb", usage="[-c] [-A RADIX] [-t TYPE] [-N SIZE] [FILE]...", reads=True)
async def od(process: Process, given: Options, inputs: Inputs) -> None:
    data = await inputs.data()
    short = next((kind for letter, kind in {"c": "c", "x": "x2", "b": "o1"}.items() if letter in given), "o2")
    size, look = DUMPS.get(given.get("t", short), DUMPS["o2"])
    data = data[:integer(process, given["N"])] if "N" in given else data
    place = {"n": "", "x": "{:06x}", "d": "{:07}"}.get(given.get("A", "o"), "{:07o}")
    for at in range(0, len(data), 16):
        row = data[at:at + 16]
        values = (int.from_bytes(row[here:here + size], "little") for here in range(0, len(row), size))
        out(process, place.format(at) + "".join(map(look, values)) + "\n")
    out(process, place.format(len(data)) + "\n" if place else "")


@applet("base64", flags="dw:", usage="[-d] [-w COL] [FILE]", reads=True)
async def base64_(process: Process, given: Options, inputs: Inputs) -> int | None:
    data = await inputs.data()
    if "d" in given:
        text = b"".join(data.split())
        try:
            process.stdout.write(base64.b64decode(text + b"=" * (-len(text) % 4), validate=True))
        except ValueError:
            return process.fail("truncated base64 input")
    else:
        text, width = base64.b64encode(data), int(given.get("w", "76"))
        parts = [text[at:at + width] for at in range(0, len(text), width)] if width else [text]
        process.stdout.write(b"\n".join(parts) + (b"\n" if width else b""))


@applet("md5sum", "sha1sum", "sha256sum", "sha512sum", flags="", usage="[FILE]...")
async def checksum(process: Process, given: Options, names: list[str]) -> int:
    code = 0
    for name in names or ["-"]:
        inputs = Inputs(process, [name])
        data = await inputs.data()
        if inputs.code == 0:
            out(process, f"{hashlib.new(process.name.removesuffix('sum'), data).hexdigest()}  {name}\n")
        code = inputs.code or code
    return code


@applet("seq")
async def seq(process: Process) -> int:
    words, separator, wide = list(process.args), "\n", False
    while words and words[0][:2] in ("-w", "-s"):
        word = words.pop(0)
        wide = wide or word == "-w"
        if word[:2] == "-s":
            separator = word[2:] or (words.pop(0) if words else "")
    try:
        values = [float(word) for word in words]
        first, step, last = values[0] if len(words) > 1 else 1.0, values[1] if len(words) > 2 else 1.0, values[-1]
    except (ValueError, IndexError):
        raise usage_error(process, "[-w] [-s SEP] [FIRST [INC]] LAST") from None
    places = max(len(word.partition(".")[2]) for word in words)
    count = int((last - first) / step + 1e-9) + 1 if step else 0
    width = max(len(f"{value:.{places}f}") for value in (first, last)) if wide else 0
    texts = [f"{first + number * step:0{width}.{places}f}" for number in range(max(0, count))]
    out(process, separator.join(texts) + "\n" if texts else "")
    return 0


@applet("yes")
async def yes(process: Process) -> int:
    line = (" ".join(process.args) or "y") + "\n"
    while True:
        out(process, line * 100)
        await process.stdout.drain()
        await process.work(10)
