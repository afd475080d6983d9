"""Busybox's commands that compare, number and dump: diff, cmp, nl, hexdump.

Leaves out: options that scripts hardly use; diff of directories."""
from __future__ import annotations

from difflib import unified_diff

from kubelearn.kubelet.images.applets import Inputs, Options, applet, integer, out
from kubelearn.kubelet.process import Process


@applet("diff", flags="abBdiNqrsuU:w", usage="[-abBdiqrsuw] [-U LINES] FILE1 FILE2", least=2)
async def diff(process: Process, given: Options, names: list[str]) -> int:
    texts = []
    for name in names[:2]:
        if name != "-" and process.files.find(process.path(name)) is None:
            return process.fail(f"can't stat '{name}': No such file or directory", 2)
        texts.append(await Inputs(process, [name]).text())
    if texts[0] == texts[1]:
        out(process, f"Files {names[0]} and {names[1]} are identical\n" if "s" in given else "")
        return 0
    if "q" in given:
        out(process, f"Files {names[0]} and {names[1]} differ\n")
        return 1
    before, after = [[line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in text.splitlines(True)]
                     for text in texts]
    for line in unified_diff(before, after, *names[:2], n=integer(process, given.get("U", "3"))):
        out(process, line)
    return 1


@applet("cmp", flags="sl", usage="[-ls] FILE1 [FILE2]", least=1)
async def cmp(process: Process, given: Options, names: list[str]) -> int:
    names = (names + ["-"])[:2]
    first, second = [await Inputs(process, [name]).data() for name in names]
    if first == second:
        return 0
    at = next((at for at, (a, b) in enumerate(zip(first, second)) if a != b), None)
    if at is None:
        process.error(f"cmp: EOF on {names[len(first) > len(second)]}")
    elif "s" not in given:
        out(process, f"{names[0]} {names[1]} differ: char {at + 1}, line {first.count(10, 0, at) + 1}\n")
    return 1


@applet("nl", flags="b:w:s:v:i:", usage="[OPTIONS] [FILE]...", reads=True)
async def nl(process: Process, given: Options, inputs: Inputs) -> None:
    number, width = int(given.get("v", "1")), int(given.get("w", "6"))
    async for line in inputs.lines():
        if line == "\n" and given.get("b") != "a":
            out(process, " " * (width + len(given.get("s", "\t"))) + line)
            continue
        out(process, f"{number:{width}}{given.get('s', chr(9))}{line}")
        number += int(given.get("i", "1"))


@applet("hexdump", "hd", flags="Cn:v", usage="[-C] [-n LEN] [FILE]...", reads=True)
async def hexdump(process: Process, given: Options, inputs: Inputs) -> None:
    data = await inputs.data()
    data = data[:integer(process, given["n"])] if "n" in given else data
    for at in range(0, len(data), 16):
        row = data[at:at + 16]
        if "C" in given or process.name == "hd":
            shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
            out(process, f"{at:08x}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  |{shown}|\n")
        else:
            words = " ".join(f"{int.from_bytes(row[here:here + 2], 'little'):04x}" for here in range(0, len(row), 2))
            out(process, f"{at:07x} {words:<39}\n")
    out(process, f"{len(data):0{8 if 'C' in given else 7}x}\n" if data else "")
