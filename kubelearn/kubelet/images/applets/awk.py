"""awk: patterns and actions, fields, variables, arrays, control flow, printf, the usual functions.

Leaves out: what awk_parser.py leaves out, and regular expressions as record separators.
"""
from __future__ import annotations

import re

from kubelearn.kubelet.images.applets import Inputs, Options, applet, out, usage_error
from kubelearn.kubelet.images.applets.awk_parser import Parser
from kubelearn.kubelet.images.applets.awk_values import AwkError, Expression, Jump, Match
from kubelearn.kubelet.images.regex import compile_expression
from kubelearn.kubelet.process import Exit, Process

NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
USAGE = "[-F SEP] [-v VAR=VAL]... [-f PROGFILE | AWK_PROGRAM] [FILE]..."


class Awk:
    """A program that runs: its variables, and the record that it is at."""

    def __init__(self, process: Process, rules: list):
        self.process, self.rules, self.output = process, rules, []
        self.arrays: dict[str, dict[str, object]] = {"ENVIRON": dict(process.env)}
        self.variables: dict[str, object] = {"FS": " ", "OFS": " ", "ORS": "\n", "NR": 0, "NF": 0, "SUBSEP": "\x1c"}
        self.record, self.fields, self.turns = "", [], 0

    def turn(self) -> None:
        self.turns += 1
        if self.turns > 1_000_000:
            raise AwkError("a loop without end")

    # --- values ---------------------------------------------------------------------------------------------------

    def array(self, name: str) -> dict[str, object]:
        return self.arrays.setdefault(name, {})

    def key(self, keys: list[Expression]) -> str:
        return self.text(self.variables["SUBSEP"]).join(self.text(key(self)) for key in keys)

    def text(self, value: object) -> str:
        if isinstance(value, str):
            return value
        return str(int(value)) if value == int(value) else f"{value:.6g}"

    def number(self, value: object) -> float:
        if isinstance(value, str):
            match = NUMBER.match(value)
            return float(match[0]) if match else 0.0
        return float(value)

    def true(self, value: object) -> bool:
        if isinstance(value, str):
            return self.number(value) != 0 if NUMBER.fullmatch(value) else bool(value)
        return value != 0

    def order(self, a: object, b: object) -> int:
        """-1, 0, 1: as numbers when both look like numbers."""
        numeric = all(not isinstance(value, str) or NUMBER.fullmatch(value) for value in (a, b))
        a, b = (self.number(a), self.number(b)) if numeric else (self.text(a), self.text(b))
        return (a > b) - (a < b)

    def regex(self, expression: Expression) -> re.Pattern:
        return expression.expression if isinstance(expression, Match) else compile_expression(self.text(expression(self)), True)

    def format(self, form: object, *values: object) -> str:
        rest = list(values)

        def convert(match: re.Match) -> str:
            flags, kind = match.groups()
            if kind == "%":
                return "%"
            value = rest.pop(0) if rest else ""
            if kind in "eEfgG":
                return f"%{flags}{kind}" % self.number(value)
            if kind in "dixXou":
                return f"%{flags}{'d' if kind in 'iu' else kind}" % int(self.number(value))
            if kind == "c":
                return value[:1] if isinstance(value, str) else chr(int(value))
            return f"%{flags}s" % self.text(value)
        return re.sub(r"%([-+ #0-9.]*)([a-zA-Z%])", convert, self.text(form))

    # --- records --------------------------------------------------------------------------------------------------

    def cut(self, text: str, separator: str) -> list[str]:
        if separator == " ":
            return text.split()
        if not text:
            return []
        plain = len(separator) == 1 or separator == "\\t"
        return text.split(separator) if plain else compile_expression(separator, True).split(text)

    def load(self, record: str) -> None:
        self.record, self.fields = record, self.cut(record, self.text(self.variables["FS"]))
        self.variables["NF"] = len(self.fields)

    def rebuild(self) -> None:
        self.record = self.text(self.variables["OFS"]).join(self.fields)
        self.variables["NF"] = len(self.fields)

    def write(self, text: str) -> None:
        self.output.append(text + self.text(self.variables["ORS"]))

    def special(self, name: str) -> None:
        for pattern, action in self.rules:
            if pattern == name:
                action(self)

    def take(self, line: str) -> None:
        self.variables["NR"] = self.variables["FNR"] = int(self.number(self.variables["NR"])) + 1
        self.load(line)
        for pattern, action in self.rules:
            if pattern is None or pattern not in ("BEGIN", "END") and self.true(pattern(self)):
                self.write(self.record) if action is None else action(self)

    def flush(self) -> None:
        if self.output:
            out(self.process, "".join(self.output))
            self.output = []

    async def run(self, names: list[str]) -> int:
        inputs, code = Inputs(self.process, names), 0
        try:
            self.special("BEGIN")
            self.flush()
            if any(pattern != "BEGIN" for pattern, _ in self.rules):
                async for line in inputs.lines():
                    try:
                        self.take(line.rstrip("\n"))
                    except Jump as jump:
                        if jump.kind != "next":
                            raise
                    self.flush()
            self.special("END")
        except Jump as jump:
            code = jump.code
        self.flush()
        return code or inputs.code


@applet("awk", flags="F:v:f:", usage=USAGE, stop=True)
async def awk(process: Process, given: Options, words: list[str]) -> int:
    if "f" in given:
        text = process.files.read(process.path(given["f"])).decode()
    elif words:
        text = words.pop(0)
    else:
        raise usage_error(process, USAGE)
    try:
        runner = Awk(process, Parser(text).program())
        if "F" in given:
            runner.variables["FS"] = "\t" if given["F"] in ("t", "\\t") else given["F"]
        runner.variables |= {name: value for name, _, value in (word.partition("=") for word in given.all("v"))}
        return await runner.run(words)
    except (AwkError, ValueError) as error:
        raise Exit(process.fail(f"cmd. line:1: {error}")) from None
