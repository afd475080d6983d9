"""Busybox's sed: addresses, s d p q a i c y =, blocks in braces, -n -i -E -e -f.

Leaves out: the hold space, labels and jumps, commands that read more lines: "unsupported command"; addr,+N and first~step."""
from __future__ import annotations

import re
from dataclasses import dataclass

from kubelearn.kubelet.images.applets import Inputs, applet, options, out, usage_error
from kubelearn.kubelet.images.regex import compile_expression
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.signals import Exit

USAGE = "[-i[SFX]] [-nrE] [-f FILE]... [-e CMD]... [FILE]..."


@dataclass
class Command:
    name: str = ""
    start: object = None  # a line number, "$", or an expression
    end: object = None
    negated: bool = False
    argument: object = None
    inside: bool = False  # between start and end now


class SedError(Exception):
    """Its text is what sed says."""


class Quit(Exception):
    def __init__(self, code: int):
        self.code = code


class _Parser:
    def __init__(self, text: str, extended: bool):
        self.text, self.at, self.extended = text, 0, extended

    def all(self, ends: str = "") -> list[Command]:
        """Commands up to the end, or to the brace that ends a block."""
        commands = []
        while self.match(r"([ \t\n;]|#[^\n]*)*") is not None and self.text[self.at:self.at + 1] not in ("", ends):
            commands.append(self.command())
        if self.match(".") != ends:
            raise SedError("unmatched '{'")
        return commands

    def match(self, source: str) -> str:
        """What comes next of this form, which may be nothing."""
        found = re.compile(source, re.DOTALL).match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else ""

    def address(self) -> object:
        if number := self.match(r"\d+"):
            return int(number)
        if self.match(r"\$"):
            return "$"
        if self.match(r"\\(?=.)") or self.text.startswith("/", self.at):
            source = self.delimited()
            return compile_expression(source, self.extended, bool(self.match("I")))
        return None

    def delimited(self) -> str:
        """From a delimiter to the next one, past escapes and bracket expressions."""
        mark, at = self.text[self.at:self.at + 1], self.at + 1
        while mark and at < len(self.text) and self.text[at] != mark:
            if self.text[at] == "\\":
                at += 1
            elif self.text[at] == "[" and (end := self.text.find("]", at + 2)) > 0 and mark in self.text[at:end]:
                at = end
            at += 1
        if at >= len(self.text):
            raise SedError(f"unmatched '{mark}'")
        text, self.at = self.text[self.at + 1:at], at + 1
        return text.replace(f"\\{mark}", mark) if mark not in "|()" else text

    def pair(self) -> tuple[str, str]:
        first = self.delimited()
        self.at -= 1
        return first, self.delimited()

    def command(self) -> Command:
        command = Command(start=self.address())
        if command.start is not None and self.match(","):
            command.end = self.address()
        command.negated = "!" in self.match(r"[ \t!]*")
        if self.at >= len(self.text):
            raise SedError("missing command")
        command.name = self.match(".")
        command.argument = self.argument(command.name)
        return command

    def argument(self, name: str) -> object:
        """What follows the command's letter."""
        if name == "s":
            source, replacement = self.pair()
            flags = self.match(r"[gpIi0-9]*")
            return compile_expression(source, self.extended, "i" in flags.lower()), replacement, flags
        if name == "y":
            return str.maketrans(*self.pair())
        if name in "aic":
            text = self.match(r"[ \t]*(\\.|[^\n\\])*").lstrip(" \t")
            return re.sub(r"\\(.)", r"\1", text[1:].lstrip("\n") if text.startswith("\\") else text, flags=re.DOTALL)
        if name == "q":
            return int(self.match(r" *\d*").strip() or 0)
        if name == "{":
            return self.all("}")
        if name not in "dp=":
            raise SedError(f"unsupported command {name}")
        return None


class _Sed:
    def __init__(self, process: Process, commands: list[Command], quiet: bool, rows: list[str]):
        self.process, self.commands, self.quiet, self.rows = process, commands, quiet, rows
        self.space, self.at, self.output, self.after = "", 0, [], []

    def selected(self, command: Command) -> bool:
        number, last = self.at + 1, self.at == len(self.rows) - 1

        def hit(address: object) -> bool:
            return number == address if isinstance(address, int) else last if address == "$" else bool(address.search(self.space))
        passed = isinstance(command.end, int) and number >= command.end
        if command.start is None or command.end is None:
            value = command.start is None or hit(command.start)
        elif command.inside:
            value, command.inside = True, not (passed or hit(command.end))
        else:
            value = hit(command.start)
            command.inside = value and not (passed or command.end == "$" and last)
        return value != command.negated

    def run(self) -> int:
        """All lines, one cycle each; the exit code when q ended it."""
        code = None
        while self.at < len(self.rows) and code is None:
            self.space, self.after, keep = self.rows[self.at], [], True
            try:
                keep = self.cycle(self.commands)
            except Quit as end:
                code = end.code
            self.output += ([self.space] if keep and not self.quiet else []) + self.after
            self.at += 1
        return code or 0

    def cycle(self, commands: list[Command]) -> bool:
        """Is the line still there after these?"""
        for command in filter(self.selected, commands):
            if command.name == "{":
                if not self.cycle(command.argument):
                    return False
            elif command.name in "dc":
                self.output += [command.argument] if command.name == "c" else []
                return False
            elif command.name == "s":
                self.substitute(*command.argument)
            else:
                self.simple(command.name, command.argument)
        return True

    def simple(self, name: str, argument) -> None:
        match name:
            case "q":
                raise Quit(argument)
            case "y":
                self.space = self.space.translate(argument)
            case "a":
                self.after.append(argument)
            case _:
                self.output.append({"p": self.space, "=": str(self.at + 1), "i": argument}[name])

    def substitute(self, expression: re.Pattern, replacement: str, flags: str) -> None:
        wanted, seen = int(re.sub(r"\D", "", flags) or 1), 0

        def replace(match: re.Match) -> str:
            nonlocal seen
            seen += 1
            if seen < wanted or seen > wanted and "g" not in flags:
                return match[0]
            return re.sub(r"\\(\d)|\\n|\\t|\\(.)|&|\\\n", lambda part: (match[int(part[1])] or "") if part[1] else
                          {"\\n": "\n", "\\t": "\t", "&": match[0]}.get(part[0], part[2] or "\n"), replacement, flags=re.DOTALL)
        self.space = expression.sub(replace, self.space)
        if seen >= wanted and "p" in flags:
            self.output.append(self.space)


@applet("sed")
async def sed(process: Process) -> int:
    in_place = [word[2:] for word in process.args if word.startswith("-i")]  # its suffix is joined to it
    process.argv = [word for word in process.argv if not word.startswith("-i")]
    given, rest = options(process, "nrEe:f:s", USAGE)
    scripts = given.all("e") + [process.files.read(process.path(name)).decode() for name in given.all("f")]
    if not scripts:
        if not rest:
            raise usage_error(process, USAGE)
        scripts.append(rest.pop(0))
    try:
        commands = _Parser("\n".join(scripts), given.any("rE")).all()
    except (SedError, ValueError) as error:
        raise Exit(process.fail(str(error))) from None
    code = 0
    for names in [[name] for name in rest] if in_place else [rest]:
        inputs = Inputs(process, names)
        lines = [line async for line in inputs.lines()]
        runner = _Sed(process, commands, "n" in given, [line.rstrip("\n") for line in lines])
        code = runner.run() or inputs.code or code
        text = "".join(f"{row}\n" for row in runner.output)
        if runner.at == len(lines) and lines and lines[-1][-1:] != "\n":
            text = text.removesuffix("\n")  # as it came
        if not in_place:
            out(process, text)
        elif inputs.code == 0:
            if in_place[0]:
                process.files.write(process.path(names[0] + in_place[0]), process.files.read(process.path(names[0])))
            process.files.write(process.path(names[0]), text.encode("utf-8", "surrogateescape"))
    return code
