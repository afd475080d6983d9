"""A shell's variables and special parameters, and the memory that they take."""
from __future__ import annotations

from collections.abc import Callable

from kubelearn.kubelet.images.shell.expansion import ShellFault
from kubelearn.kubelet.process import Process

MEMORY, MOST_HELD = 700 << 10, 64 << 20  # a shell's own bytes; more than that in variables is taken for a loop without end


class Variables:
    """What a Shell has beside its commands: variables, of which some are exported or read-only, and its arguments."""

    process: Process
    variables: dict[str, str]
    exported: set[str]
    read_only: set[str]
    arguments: list[str]
    zero: str
    weight: int
    drawn = 0  # random numbers so far
    line, first, source = 0, 0, ""  # of the command that runs; of its text (0: it is no file); what `.` reads

    def complain(self, text: str, builtin: str = "") -> None:
        """An error in ash's words: with the line where a builtin met it, or where it is in a file."""
        where = f"{builtin}: " if builtin else self.source
        line = f"line {self.first + self.line}: " if self.first or builtin else ""
        self.process.error(f"{self.zero}: {where}{line}{text}")

    def look(self, name: str) -> str | None:
        """A variable, or one of the special parameters."""
        if name in self.variables:
            return self.variables[name]
        if name.isdigit():
            number = int(name)
            return self.zero if number == 0 else self.arguments[number - 1] if number <= len(self.arguments) else None
        return SPECIAL[name](self) if name in SPECIAL else None

    def get(self, name: str, default: str = "") -> str:
        value = self.look(name)
        return default if value is None else value

    def put(self, name: str, value: str) -> None:
        if name in self.read_only:
            raise ShellFault(f"{name}: is read only")
        old = self.variables.get(name, "")
        self.variables[name] = value
        if len(value) > 4096 or len(old) > 4096:
            self.weight += len(value) - len(old)
            self.process.use_memory(MEMORY + (self.weight if self.weight < MOST_HELD else 1 << 40))

    def random(self) -> str:
        process, self.drawn = self.process, self.drawn + 1
        return str(process.clock.random(f"random/{process.container.id}/{process.pid}/{self.drawn}").randrange(32_768))

    def environment(self) -> dict[str, str]:
        return {name: self.variables[name] for name in self.variables if name in self.exported}

    def restore(self, kept: dict[str, str | None]) -> None:
        for name, value in kept.items():
            if value is None:
                self.variables.pop(name, None)
            else:
                self.variables[name] = value


SPECIAL: dict[str, Callable[[Variables], str | None]] = {
    "?": lambda shell: str(shell.status), "#": lambda shell: str(len(shell.arguments)), "$": lambda shell: str(shell.pid),
    "!": lambda shell: str(shell.background) if shell.background else None, "-": lambda shell: "".join(sorted(shell.options)),
    "@": lambda shell: " ".join(shell.arguments) or None, "*": lambda shell: " ".join(shell.arguments) or None,
    "RANDOM": lambda shell: shell.random(), "LINENO": lambda shell: str(shell.first + shell.line),
    "PPID": lambda shell: str(shell.process.parent.pid if shell.process.parent else 0),
}
