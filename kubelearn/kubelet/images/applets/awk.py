"""awk: patterns and actions, fields, variables, arrays, functions, control flow, printf, redirected output.

Leaves out: what awk_parser.py and awk_values.py leave out. What is piped into a command runs when awk ends. A function sees
its caller's parameters where it has none of that name.
"""
from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator

from kubelearn.kubelet.files import ReadEnd
from kubelearn.kubelet.images.applets import Inputs, Options, applet, out, usage_error
from kubelearn.kubelet.images.applets.awk_parser import Parser
from kubelearn.kubelet.images.applets.awk_values import AwkError, Expression, Jump, Match, Variable
from kubelearn.kubelet.images.regex import compile_expression
from kubelearn.kubelet.process import Exit, Process
from kubelearn.streams import Pipe

NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
USAGE = "[-F SEP] [-v VAR=VAL]... [-f PROGFILE | AWK_PROGRAM] [FILE]..."


class Awk:
    """A program that runs: its variables, and the record that it is at."""

    def __init__(self, process: Process, parser: Parser):
        self.process, self.rules, self.functions, self.output = process, parser.program(), parser.functions, []
        self.files: dict[str, object] = {}  # open for writing, or lines left to read
        self.pipes: dict[str, list[str]] = {}
        self.seed(0)
        self.arrays: dict[str, dict[str, object]] = {"ENVIRON": dict(process.env)}
        self.variables: dict[str, object] = {"FS": " ", "OFS": " ", "ORS": "\n", "NR": 0, "NF": 0, "RS": "\n", "SUBSEP": "\x1c"}
        self.record, self.fields, self.turns = "", [], 0

    def turn(self) -> None:
        self.turns += 1
        if self.turns > 1_000_000:
            raise AwkError("a loop without end")

    def seed(self, value: float) -> int:
        self.random = self.process.clock.random(f"awk/{value}")
        return 0

    def call(self, name: str, arguments: list[Expression]) -> object:
        """One's own function: scalars by value, arrays by reference."""
        if name not in self.functions:
            raise AwkError("Call to undefined function")
        parameters, body = self.functions[name]
        given = {parameter: argument(self) for parameter, argument in zip(parameters, arguments)}
        arrays = {parameter: self.array(argument.name) for parameter, argument in zip(parameters, arguments)
                  if isinstance(argument, Variable) and argument.name not in self.variables}
        kept = self.variables, self.arrays
        self.variables = {**self.variables, **dict.fromkeys(parameters, ""), **given}
        self.arrays = {key: value for key, value in self.arrays.items() if key not in parameters} | arrays
        result = ""
        try:
            body(self)
        except Jump as jump:
            if jump.kind != "return":
                raise
            result = jump.value
        finally:
            for mine, theirs in zip((self.variables, self.arrays), kept):
                theirs.update({key: value for key, value in mine.items() if key not in parameters})
            self.variables, self.arrays = kept
        return result

    # --- values ---------------------------------------------------------------------------------------------------

    def array(self, name: str) -> dict[str, object]:
        return self.arrays.setdefault(name, {})

    def key(self, keys: list[Expression]) -> str:
        return self.text(self.variables["SUBSEP"]).join(self.text(key(self)) for key in keys)

    def text(self, value: object) -> str:
        if isinstance(value, str):
            return value
        return str(int(value)) if math.isfinite(value) and value == int(value) else f"{value:.6g}"

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

    def write(self, text: str, how: str = "", target: Expression | None = None) -> None:
        if target is None:
            self.output.append(text)
            return
        name = self.text(target(self))
        if how == "|":
            self.pipes.setdefault(name, []).append(text)
            return
        if name not in self.files:
            self.files[name] = self.process.open(name, how)
        self.files[name].write(text.encode("utf-8", "surrogateescape"))

    def reading(self, name: str) -> list[str] | None:
        """The lines of a file that are still to be read; None without it."""
        try:
            if name not in self.files:
                self.files[name] = self.process.files.read(self.process.path(name)).decode("utf-8", "surrogateescape").splitlines()
        except OSError:
            return None
        return self.files[name]

    def close(self, name: str) -> int:
        return -1 if self.files.pop(name, None) is None and name not in self.pipes else 0

    def special(self, name: str) -> None:
        for pattern, action in self.rules:
            if pattern == name:
                action(self)

    def take(self, line: str) -> None:
        for name in ("NR", "FNR"):
            self.variables[name] = int(self.number(self.variables[name])) + 1
        self.load(line)
        for pattern, action in self.rules:
            if pattern is None or pattern not in ("BEGIN", "END") and self.true(pattern(self)):
                self.write(self.record + self.text(self.variables["ORS"])) if action is None else action(self)

    def flush(self) -> None:
        if self.output:
            out(self.process, "".join(self.output))
            self.output = []

    async def records(self, inputs: Inputs) -> AsyncIterator[str]:
        separator = self.text(self.variables["RS"])
        if separator == "\n":
            async for line in inputs.lines():
                yield line.rstrip("\n")
            return
        text = (await inputs.text()).strip("\n")
        parts = re.split(r"\n\n+", text) if not separator else self.cut(text, separator)
        for part in parts:
            yield part

    async def read(self, name: str) -> int:
        """A file, or VARIABLE=VALUE in its place."""
        if re.match(r"[A-Za-z_]\w*=", name):
            self.variables[name.partition("=")[0]] = name.partition("=")[2]
            return 0
        inputs = Inputs(self.process, [name])
        self.variables |= {"FNR": 0, "FILENAME": "" if name == "-" else name}
        async for record in self.records(inputs):
            try:
                self.take(record)
            except Jump as jump:
                if jump.kind != "next":
                    raise
            self.flush()
        return inputs.code

    async def run(self, names: list[str]) -> int:
        code = 0
        names = names if any("=" not in name for name in names) else [*names, "-"]
        try:
            try:
                self.special("BEGIN")
                self.flush()
                for name in names if any(pattern != "BEGIN" for pattern, _ in self.rules) else ():
                    code = await self.read(name) or code
            except Jump as jump:
                if jump.kind != "exit":
                    raise
                code = int(self.number(jump.value))
            self.special("END")
        except Jump as jump:
            code = int(self.number(jump.value)) if jump.value != "" else code
        self.flush()
        for command, texts in self.pipes.items():
            pipe = Pipe(self.process.clock)
            pipe.write("".join(texts).encode("utf-8", "surrogateescape"))
            pipe.end()
            await self.process.run(["sh", "-c", command], fds={**self.process.fds, 0: ReadEnd(pipe)})
        return code


@applet("awk", flags="F:v:f:", usage=USAGE, stop=True)
async def awk(process: Process, given: Options, words: list[str]) -> int:
    if "f" in given:
        text = process.files.read(process.path(given["f"])).decode()
    elif words:
        text = words.pop(0)
    else:
        raise usage_error(process, USAGE)
    try:
        runner = Awk(process, Parser(text))
        if "F" in given:
            runner.variables["FS"] = "\t" if given["F"] in ("t", "\\t") else given["F"]
        runner.variables |= {name: value for name, _, value in (word.partition("=") for word in given.all("v"))}
        return await runner.run(words)
    except (AwkError, ValueError) as error:
        raise Exit(process.fail(f"cmd. line:1: {error}")) from None
