"""Busybox's grep, egrep and fgrep.

Leaves out: options that scripts hardly use."""
from __future__ import annotations

import re

from kubelearn.kubelet.images.applets import Options, applet, lines, out, usage_error
from kubelearn.kubelet.images.regex import compile_expression
from kubelearn.kubelet.process import Process

USAGE = "[-HhnlLoqvsrRiwFEx] [-m N] [-A|B|C N] { PATTERN | -e PATTERN... } [FILE]..."


@applet("grep", "egrep", "fgrep", flags="ivncloqsrRHhEFwxe:m:A:B:C:L", usage=USAGE)
async def grep(process: Process, given: Options, names: list[str]) -> int:
    patterns = given.all("e")
    if not patterns:
        if not names:
            raise usage_error(process, USAGE)
        patterns.append(names.pop(0))
    fixed, extended = "F" in given or process.name == "fgrep", "E" in given or process.name == "egrep"
    rows = [line for text in patterns for line in text.split("\n")]
    source = "|".join(f"(?:{re.escape(row) if fixed else compile_expression(row, extended).pattern})" for row in rows)
    source = f"(?<!\\w)(?:{source})(?!\\w)" if "w" in given else f"^(?:{source})$" if "x" in given else source
    return await _Grep(process, given, re.compile(source, re.IGNORECASE if "i" in given else 0)).run(names)


class _Grep:
    def __init__(self, process: Process, given: Options, expression: re.Pattern):
        self.process, self.given, self.expression = process, given, expression
        self.after, self.before = (int(given.get(letter, given.get("C", "0"))) for letter in "AB")

    async def run(self, names: list[str]) -> int:
        code, matched, given = 0, False, self.given
        if given.any("rR"):
            names = [path for name in names or ["."] for path in self._walked(name)]
        named = (given.any("HrR") or len(names) > 1) and "h" not in given
        for name in names or ["-"]:
            try:
                file = self.process.stdin if name == "-" else self.process.open(name)
                matched = await self.file(file, "(standard input)" if name == "-" else name, named) or matched
            except BrokenPipeError:
                raise
            except OSError as error:
                code = 2 if "s" in given else self.process.fail(f"{name}: {error.strerror}", 2)
                continue
            if matched and "q" in given:
                return 0
        return code or int(not matched)

    def _walked(self, name: str) -> list[str]:
        node = self.process.files.find(self.process.path(name))
        return [name + path for path, inner in node.walk() if inner.kind == "-"] if node is not None and node.kind == "d" else [name]

    async def file(self, file, name: str, named: bool) -> bool:
        given, count, number, earlier, left = self.given, 0, 0, [], 0
        shown, prefix = not given.any("clqL"), name if named else ""
        async for line in lines(file):
            number, line = number + 1, line.rstrip("\n")
            hit = bool(self.expression.search(line)) != ("v" in given)
            count += hit
            if hit and shown:
                for at, text in earlier:
                    self.show(prefix, at, text, "-")
                self.show(prefix, number, line, ":")
                earlier, left = [], self.after
            elif left:
                self.show(prefix, number, line, "-")
                left -= 1
            elif self.before:
                earlier = [*earlier, (number, line)][-self.before:]
            if hit and (given.any("lqL") or count == int(given.get("m", "0"))):
                break
        if "c" in given:
            out(self.process, f"{prefix}{':' if named else ''}{count}\n")
        if "l" in given and count or "L" in given and not count:
            out(self.process, f"{name}\n")
        return count > 0

    def show(self, prefix: str, number: int, line: str, mark: str) -> None:
        prefix = (prefix + mark if prefix else "") + (f"{number}{mark}" if "n" in self.given else "")
        texts = [match[0] for match in self.expression.finditer(line) if match[0]] if "o" in self.given and mark == ":" else [line]
        out(self.process, "".join(f"{prefix}{text}\n" for text in texts))
