"""awk: patterns and actions, fields, variables, arrays, control flow, printf.

awk_parser.py makes Python functions of a program; here is what they call. Leaves out: what awk_parser.py and
awk_values.py leave out. A loop of a million turns is taken for one without end."""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator

from kubelearn.kubelet.images.applets import Inputs, Options, applet, lines, out, usage_error
from kubelearn.kubelet.images.applets.awk_parser import AwkError, Parser, tokens
from kubelearn.kubelet.images.applets.awk_values import FUNCTIONS, NAMES, UNSET, cut, formatted, num, text
from kubelearn.kubelet.images.expressions import Malformed
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.signals import Exit

USAGE = "[-F SEP] [-v VAR=VAL]... AWK_PROGRAM [FILE]..."
MOST_TURNS = 1_000_000


class Leave(Exception):
    """exit, perhaps with a code."""


class Variables(dict):
    """A new NF makes the record anew."""

    def __init__(self, fields: Fields):
        super().__init__(FS=" ", OFS=" ", ORS="\n", NR=0, NF=0)
        self.fields = fields

    def __missing__(self, name: str) -> str:
        return UNSET

    def __setitem__(self, name: str, value: object) -> None:
        super().__setitem__(name, value)
        if name == "NF":
            self.fields.rebuild(int(num(value)))


class Fields:
    """The record, and by number its fields."""

    def __init__(self) -> None:
        self.record, self.all, self.variables = "", [], Variables(self)

    def __getitem__(self, index: object) -> str:
        number = int(num(index))
        return self.record if number == 0 else self.all[number - 1] if number <= len(self.all) else UNSET

    def __setitem__(self, index: object, value: object) -> None:
        number = int(num(index))
        if number == 0:
            self.record, self.all = text(value), cut(text(value), text(self.variables["FS"]))
            self.variables.update(NF=len(self.all))
        else:
            self.all += [""] * (number - len(self.all))
            self.all[number - 1] = text(value)
            self.rebuild(len(self.all))

    def rebuild(self, size: int) -> None:
        self.all = (self.all + [""] * size)[:size]
        self.record = text(self.variables["OFS"]).join(self.all)
        self.variables.update(NF=size)


class Awk:
    """A program that runs. Most of its methods are what the Python functions call."""

    def __init__(self, process: Process, program: str):
        self.process, self.fields, self.output, self.turns = process, Fields(), [], 0
        self.variables = self.fields.variables
        self.arrays: dict[str, dict[str, object]] = defaultdict(lambda: defaultdict(lambda: UNSET), ENVIRON=dict(process.env))
        parser = Parser(tokens(program))
        self.python = {name: getattr(self, name) for name in ("show", "show_form", "loop", "leave", "call", "length", "sub", "split")}
        self.python |= {"V": self.variables, "A": self.arrays, "F": self.fields, **NAMES}
        exec(compile(parser.program(), "awk", "exec"), self.python)
        self.reads = parser.reads

    def loop(self, holds: Callable[[], bool], then: Callable[[], object] | None = None) -> Iterator[None]:
        while holds():
            self.turns += 1
            if self.turns > MOST_TURNS:
                raise AwkError("a loop without end")
            yield
            if then is not None:
                then()

    def leave(self, *code: object) -> None:
        raise Leave(*code)

    def call(self, name: str, *values: object) -> object:
        if name not in FUNCTIONS:
            raise AwkError("Call to undefined function")
        return FUNCTIONS[name](*values)

    def length(self, name: str | None, value: object) -> int:
        return len(self.arrays[name] if name in self.arrays else text(value))

    def sub(self, count: int, expression: re.Pattern, replacement: str, place: dict, key: object) -> int:
        def one(match: re.Match) -> str:
            return re.sub(r"\\&|&", lambda part: "&" if part[0] == "\\&" else match[0], replacement)
        result, found = expression.subn(one, text(place[key]), count=count)
        if found:
            place[key] = result
        return found

    def split(self, line: str, array: str, mark: str) -> int:
        parts = cut(line, mark)
        self.arrays[array].clear()
        self.arrays[array].update((str(at), part) for at, part in enumerate(parts, 1))
        return len(parts)

    def show(self, *words: object) -> None:
        line = text(self.variables["OFS"]).join(map(text, words)) if words else self.fields.record
        self.output.append(line + text(self.variables["ORS"]))

    def show_form(self, *words: object) -> None:
        self.output.append(formatted(*words))

    def flush(self) -> None:
        if self.output:
            out(self.process, "".join(self.output))
            self.output = []

    # --- running --------------------------------------------------------------------------------------------------

    async def read(self, inputs: Inputs) -> None:
        for name in inputs.names or ["-"]:
            file = inputs.open(name)
            self.variables |= {"FNR": 0, "FILENAME": "" if name == "-" else name}
            if file is None:
                continue
            async for line in lines(file):
                self.variables |= {counter: int(num(self.variables[counter])) + 1 for counter in ("NR", "FNR")}
                self.fields[0] = line.rstrip("\n")
                self.python["record"]()
                self.flush()

    async def run(self, names: list[str]) -> int:
        inputs, left = Inputs(self.process, names), None
        try:
            try:
                self.python["BEGIN"]()
                self.flush()
                if self.reads:
                    await self.read(inputs)
            except Leave as end:
                left = end
            self.python["END"]()
        except Leave as end:
            left = end if end.args else left
        self.flush()
        return int(num(left.args[0])) if left and left.args else 0 if left else inputs.code


@applet("awk", flags="F:v:", usage=USAGE, stop=True)
async def awk(process: Process, given: Options, words: list[str]) -> int:
    if not words:
        raise usage_error(process, USAGE)
    try:
        runner = Awk(process, words[0])
        if "F" in given:
            runner.variables["FS"] = "\t" if given["F"] in ("t", "\\t") else given["F"]
        runner.variables |= {name: value for name, _, value in (word.partition("=") for word in given.all("v"))}
        return await runner.run(words[1:])
    except (Malformed, SyntaxError):
        told = "Unexpected token"
    except ZeroDivisionError:
        told = "Division by zero"
    except (AwkError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        told = str(error)
    raise Exit(process.fail(f"cmd. line:1: {told}"))
