"""Busybox's sed: addresses, s d p q a i c y = n N G H x h g, b and t with labels, { }, -n -i -E -e -f."""
from __future__ import annotations

import re
from dataclasses import dataclass, field

from kubelearn.kubelet.images.applets import Failures, applet, input_lines, options, out, usage_error
from kubelearn.kubelet.images.regex import compile_expression
from kubelearn.kubelet.process import Exit, Process


@dataclass
class Command:
    name: str
    start: object = None  # a line number, "$", or an expression
    end: object = None
    negated: bool = False
    argument: object = None
    inside: bool = field(default=False)  # between start and end now


class SedError(Exception):
    pass


class _Parser:
    def __init__(self, text: str, extended: bool):
        self.text, self.at, self.extended = text, 0, extended

    def all(self) -> list[Command]:
        commands = []
        while True:
            self.skip(" \t\n;")
            if self.at >= len(self.text):
                return commands
            if self.text[self.at] == "#":
                self.line()
                continue
            commands.append(self.command())

    def skip(self, characters: str) -> None:
        while self.at < len(self.text) and self.text[self.at] in characters:
            self.at += 1

    def line(self) -> str:
        end = self.text.find("\n", self.at)
        while end > 0 and self.text[end - 1] == "\\":
            end = self.text.find("\n", end + 1)
        end = len(self.text) if end < 0 else end
        text, self.at = self.text[self.at:end], end
        return text

    def address(self) -> object:
        character = self.text[self.at:self.at + 1]
        if character.isdigit():
            match = re.compile(r"\d+").match(self.text, self.at)
            self.at = match.end()
            return int(match[0])
        if character == "$":
            self.at += 1
            return "$"
        if character in ("/", "\\") and character:
            self.at += character == "\\"
            source = self.delimited(self.text[self.at:self.at + 1])
            flag = self.text[self.at:self.at + 1] == "I"
            self.at += flag
            return compile_expression(source, self.extended, flag)
        return None

    def delimited(self, mark: str) -> str:
        """From a delimiter to the next one, past escapes and bracket expressions."""
        at = self.at + 1
        while mark and at < len(self.text) and self.text[at] != mark:
            if self.text[at] == "\\":
                at += 1
            elif self.text[at] == "[" and (end := self.text.find("]", at + 2)) > 0 and mark in self.text[at:end]:
                at = end
            at += 1
        if at >= len(self.text):
            raise SedError("unmatched '%s'" % mark)
        text, self.at = self.text[self.at + 1:at], at + 1
        return text.replace(f"\\{mark}", mark) if mark not in "|()" else text

    def command(self) -> Command:
        command = Command("")
        command.start = self.address()
        if command.start is not None and self.text[self.at:self.at + 1] == ",":
            self.at += 1
            command.end = self.address()
        self.skip(" \t")
        while self.text[self.at:self.at + 1] == "!":
            command.negated = True
            self.at += 1
            self.skip(" ")
        if self.at >= len(self.text):
            raise SedError("missing command")
        command.name = self.text[self.at]
        self.at += 1
        command.argument = self.argument(command.name)
        return command

    def argument(self, name: str) -> object:
        """What follows the command's letter."""
        if name == "s":
            mark = self.text[self.at:self.at + 1]
            source = self.delimited(mark)
            self.at -= 1
            replacement = self.delimited(mark)
            flags = re.compile(r"[gpIi0-9]*").match(self.text, self.at)[0]
            self.at += len(flags)
            return (compile_expression(source, self.extended, "i" in flags.lower()), replacement, flags)
        if name == "y":
            mark = self.text[self.at:self.at + 1]
            first = self.delimited(mark)
            self.at -= 1
            return str.maketrans(first, self.delimited(mark))
        if name in "aic":
            self.skip(" \t")
            text = self.line()
            return re.sub(r"\\(.)", r"\1", text[1:].lstrip("\n") if text.startswith("\\") else text, flags=re.DOTALL)
        if name in ":btrw":
            end = re.compile(r"[^;\n}]*").match(self.text, self.at)
            self.at = end.end()
            return end[0].strip()
        if name == "q":
            self.skip(" ")
            match = re.compile(r"\d*").match(self.text, self.at)
            self.at = match.end()
            return int(match[0] or 0)
        if name not in "dDpPhHgGxnN={}l":
            raise SedError(f"unsupported command {name}")
        return None


class _Sed:
    def __init__(self, process: Process, commands: list[Command], quiet: bool):
        self.process, self.commands, self.quiet = process, commands, quiet
        self.hold, self.number, self.output = "", 0, []
        self.labels = {command.argument: at for at, command in enumerate(commands) if command.name == ":"}

    def selected(self, command: Command, space: str, last: bool) -> bool:
        def hit(address: object) -> bool:
            if isinstance(address, int):
                return self.number == address
            return last if address == "$" else bool(address.search(space))
        if command.start is None:
            value = True
        elif command.end is None:
            value = hit(command.start)
        elif command.inside:
            value = True
            command.inside = not (hit(command.end) or isinstance(command.end, int) and self.number >= command.end)
        else:
            value = hit(command.start)
            command.inside = value and not (isinstance(command.end, int) and command.end <= self.number or command.end == "$" and last)
        return value != command.negated

    def run(self, rows: list[str]) -> int | None:
        """All lines, one cycle each; the exit code when q ended it."""
        self.rows, self.at = rows, 0
        while self.at < len(rows):
            after: list[str] = []
            space, quit_code = self.cycle(rows[self.at], after)
            if space is not None and not self.quiet:
                self.output.append(space)
            self.output += after
            self.at += 1
            if quit_code is not None:
                return quit_code
        return None

    def cycle(self, space: str, after: list[str]) -> tuple[str | None, int | None]:
        """The pattern space at the end (None: deleted), and the exit code when q ended it."""
        self.number, pc, replaced = self.number + 1, 0, False
        while pc < len(self.commands):
            command = self.commands[pc]
            name, pc = command.name, pc + 1
            if not self.selected(command, space, self.at == len(self.rows) - 1):
                pc = self._closing(pc) if name == "{" else pc
            elif name == "s":
                space, count = self.substitute(command, space)
                replaced = replaced or bool(count)
            elif name in "Dd":
                return None, None
            elif name == "c":
                self.output.append(command.argument)
                return None, None
            elif name == "q":
                return space, command.argument
            elif name in "nN":
                if self.at + 1 >= len(self.rows):
                    return space, None
                space = self.next(name, space)
            elif name in "bt":
                if name == "b" or replaced:
                    replaced = False
                    pc = self.labels[command.argument] if command.argument else len(self.commands)
            else:
                space = self.simple(command, space, after)
        return space, None

    def next(self, name: str, space: str) -> str:
        self.at, self.number = self.at + 1, self.number + 1
        if name == "N":
            return f"{space}\n{self.rows[self.at]}"
        if not self.quiet:
            self.output.append(space)
        return self.rows[self.at]

    def _closing(self, pc: int) -> int:
        depth = 1
        while depth and pc < len(self.commands):
            depth += {"{": 1, "}": -1}.get(self.commands[pc].name, 0)
            pc += 1
        return pc

    def simple(self, command: Command, space: str, after: list[str]) -> str:
        name = command.name
        if name in "pP":
            self.output.append(space if name == "p" else space.split("\n")[0])
        elif name == "h":
            self.hold = space
        elif name == "H":
            self.hold += "\n" + space
        elif name == "g":
            space = self.hold
        elif name == "G":
            space += "\n" + self.hold
        elif name == "x":
            space, self.hold = self.hold, space
        elif name == "y":
            space = space.translate(command.argument)
        elif name == "=":
            self.output.append(str(self.number))
        elif name == "a":
            after.append(command.argument)
        elif name == "i":
            self.output.append(command.argument)
        return space

    def substitute(self, command: Command, space: str) -> tuple[str, int]:
        expression, replacement, flags = command.argument
        wanted, seen = int(re.sub(r"\D", "", flags) or 1), 0

        def replace(match: re.Match) -> str:
            nonlocal seen
            seen += 1
            if seen < wanted or seen > wanted and "g" not in flags:
                return match[0]
            return re.sub(r"\\(\d)|\\n|\\t|\\(.)|&|\\\n", lambda part: (match[int(part[1])] or "") if part[1] else
                          {"\\n": "\n", "\\t": "\t", "&": match[0]}.get(part[0], part[2] or "\n"), replacement, flags=re.DOTALL)
        result = expression.sub(replace, space)
        if seen >= wanted and "p" in flags:
            self.output.append(result)
        return result, max(0, seen - wanted + 1)


@applet("sed")
async def sed(process: Process) -> int:
    given, rest = options(process, "nrEe:f:i::s", usage="[-i[SFX]] [-nrE] [-f FILE]... [-e CMD]... [FILE]...") if not any(
        word.startswith("-i") for word in process.args) else _in_place(process)
    scripts = [word for flag, word in zip(process.args, process.args[1:]) if flag == "-e"]
    if "f" in given:
        scripts.append(process.files.read(process.path(given["f"])).decode())
    if not scripts:
        if not rest:
            raise usage_error(process, "[-i[SFX]] [-nrE] [-f FILE]... [-e CMD]... [FILE]...")
        scripts.append(rest.pop(0))
    try:
        commands = _Parser("\n".join(scripts), "r" in given or "E" in given).all()
        labels = {command.argument for command in commands if command.name == ":"} | {""}
        for command in commands:
            if command.name in "bt" and command.argument not in labels:
                raise SedError(f"can't find label for jump to '{command.argument}'")
    except (SedError, ValueError) as error:
        raise Exit(process.fail(str(error))) from None
    failures = Failures()
    for name in rest if "i" in given else [None]:
        rows = [line.rstrip("\n") async for line in input_lines(process, [name] if name else rest, failures)]
        runner = _Sed(process, commands, "n" in given)
        code = runner.run(rows)
        text = "".join(f"{row}\n" for row in runner.output)
        if name is None:
            out(process, text)
        elif failures.code == 0:
            process.files.write(process.path(name), text.encode("utf-8", "surrogateescape"))
    return failures.code or code or 0


def _in_place(process: Process) -> tuple[dict[str, str], list[str]]:
    """-i takes its suffix only when joined to it."""
    words = [word for word in process.args if not re.fullmatch(r"-i.*", word)]
    process.argv = [process.argv[0], *words]
    given, rest = options(process, "nrEe:f:s")
    return {**given, "i": ""}, rest
