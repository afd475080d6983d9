"""Busybox's grep, egrep and fgrep.

Leaves out: options that scripts hardly use."""
from __future__ import annotations

import re

from kubelearn.kubelet.images.applets import (
    Failures,
    applet,
    lines,
    options,
    out,
    usage_error,
)
from kubelearn.kubelet.images.regex import compile_expression
from kubelearn.kubelet.process import Process


@applet("grep", "egrep", "fgrep")
async def grep(process: Process) -> int:
    given, rest = options(
        process, "ivncloqsrRHhEFwxe:f:m:A:B:C:", usage="[-HhnlLoqvsrRiwFE] [-m N] [-A|B|C N] { PATTERN | -e PATTERN... } [FILE]..."
    )
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
                matched = await self.file(file, "(standard input)" if name == "-" else name) or matched
            except BrokenPipeError:
                raise
            except OSError as error:
                failures.code = 2
                if "s" not in self.given:
                    self.process.error(f"{self.process.name}: {name}: {error.strerror}")
                continue
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
