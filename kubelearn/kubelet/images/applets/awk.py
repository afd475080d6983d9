"""awk: patterns and actions, fields, variables, arrays, control flow, printf, the usual functions.

Leaves out: user functions, getline, redirected output, regular expressions as record separators.
"""
from __future__ import annotations

import re

from kubelearn.kubelet.images.applets import Failures, applet, input_lines, options, out, usage_error
from kubelearn.kubelet.images.applets.awk_parser import Parser
from kubelearn.kubelet.images.applets.awk_values import AwkError, Expression, Jump
from kubelearn.kubelet.images.regex import compile_expression
from kubelearn.kubelet.process import Exit, Process


class Awk:
    """A program that runs: its variables, and the record that it is at."""

    def __init__(self, process: Process, rules: list):
        self.process, self.rules, self.arrays, self.output = process, rules, {}, []
        self.variables: dict[str, object] = {"FS": " ", "OFS": " ", "ORS": "\n", "NR": 0, "NF": 0, "SUBSEP": "\x1c"}
        self.record, self.fields, self.turns = "", [], 0
        self.random = process.clock.random(f"awk/{process.container.id}/{process.pid}")

    def turn(self) -> None:
        self.turns += 1
        if self.turns > 1_000_000:
            raise AwkError("a loop without end")

    def get(self, name: str) -> object:
        if name == "ENVIRON":
            return ""
        return self.variables.get(name, "")

    def array(self, name: str) -> dict[str, object]:
        if name == "ENVIRON" and name not in self.arrays:
            self.arrays[name] = dict(self.process.env)
        return self.arrays.setdefault(name, {})

    def text(self, value: object) -> str:
        if isinstance(value, str):
            return value
        return str(int(value)) if value == int(value) else f"{value:.6g}"

    def number(self, value: object) -> float:
        if isinstance(value, str):
            match = re.match(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", value)
            return float(match[0]) if match else 0.0
        return float(value)

    def true(self, value: object) -> bool:
        if isinstance(value, str):
            return self.number(value) != 0 if self._numeric(value) else bool(value)
        return value != 0

    @staticmethod
    def _numeric(text: str) -> bool:
        return bool(re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", text))

    def order(self, a: object, b: object) -> int:
        """-1, 0, 1: as numbers when both look like numbers."""
        if all(not isinstance(value, str) or self._numeric(value) for value in (a, b)):
            a, b = self.number(a), self.number(b)
        else:
            a, b = self.text(a), self.text(b)
        return (a > b) - (a < b)

    def regex(self, expression: Expression) -> re.Pattern:
        return getattr(expression, "expression", None) or compile_expression(self.text(expression(self)), True)

    def separator(self, expression: Expression) -> str:
        found = getattr(expression, "expression", None)
        return found.pattern if found else self.text(expression(self))

    def cut(self, text: str, separator: str) -> list[str]:
        if separator == " ":
            return text.split()
        if not text:
            return []
        return (
            text.split(separator)
            if len(separator) == 1 and separator != "|" or separator == "\\t"
            else compile_expression(separator, True).split(text)
        )

    def load(self, record: str) -> None:
        self.record, self.fields = record, self.cut(record, self.text(self.get("FS")))
        self.variables["NF"] = len(self.fields)

    def rebuild(self) -> None:
        self.record = self.text(self.get("OFS")).join(self.fields)
        self.variables["NF"] = len(self.fields)

    def write(self, text: str) -> None:
        self.output.append(text + self.text(self.get("ORS")))

    def format(self, form: object, *values: object) -> str:
        rest = list(values)

        def convert(match: re.Match) -> str:
            if match[2] == "%":
                return "%"
            value = rest.pop(0) if rest else ""
            if match[2] in "di":
                return f"%{match[1]}d" % int(self.number(value))
            if match[2] in "eEfgGxXou":
                return f"%{match[1]}{match[2]}" % (self.number(value) if match[2] in "eEfgG" else int(self.number(value)))
            if match[2] == "c":
                return chr(int(value)) if not isinstance(value, str) else value[:1]
            return f"%{match[1]}s" % self.text(value)
        return re.sub(r"%([-+ #0-9.]*)([a-zA-Z%])", convert, self.text(form))

    def selected(self, pattern: object) -> bool:
        if pattern is None:
            return True
        if not isinstance(pattern, tuple):
            return self.true(pattern(self))
        start, end, inside = pattern
        value = inside[0] or self.true(start(self))
        if value:
            inside[0] = not self.true(end(self))
        return value

    def special(self, name: str) -> None:
        for pattern, action in self.rules:
            if pattern == name:
                action(self)

    def take(self, line: str) -> None:
        self.variables["NR"] = self.variables["FNR"] = int(self.number(self.get("NR"))) + 1
        self.load(line)
        for pattern, action in self.rules:
            if pattern not in ("BEGIN", "END") and self.selected(pattern):
                if action is None:
                    self.write(self.record)
                else:
                    action(self)

    def flush(self) -> None:
        if self.output:
            out(self.process, "".join(self.output))
            self.output = []


@applet("awk")
async def awk(process: Process) -> int:
    given, rest = options(process, "F:v:f:", usage="[OPTIONS] [AWK_PROGRAM] [FILE]...", stop=True)
    if "f" in given:
        text = process.files.read(process.path(given["f"])).decode()
    elif rest:
        text = rest.pop(0)
    else:
        raise usage_error(process, "[OPTIONS] [AWK_PROGRAM] [FILE]...")
    try:
        runner = Awk(process, Parser(text).program())
        if "F" in given:
            runner.variables["FS"] = "\t" if given["F"] in ("t", "\\t") else given["F"]
        for flag, word in zip(process.args, process.args[1:]):
            if flag == "-v":
                name, _, value = word.partition("=")
                runner.variables[name] = value
        return await _run(runner, rest)
    except (AwkError, ValueError) as error:
        raise Exit(process.fail(f"cmd. line:1: {error}")) from None


async def _run(awk: Awk, names: list[str]) -> int:
    failures, code = Failures(), 0
    try:
        awk.special("BEGIN")
        awk.flush()
        if any(pattern != "BEGIN" for pattern, _ in awk.rules):
            async for line in input_lines(awk.process, names, failures):
                try:
                    awk.take(line.rstrip("\n"))
                except Jump as jump:
                    if jump.kind != "next":
                        raise
                awk.flush()
        awk.special("END")
    except Jump as jump:
        code = jump.code
    awk.flush()
    return code or failures.code
