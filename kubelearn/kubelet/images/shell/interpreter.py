"""The shell itself: walks a parsed script, runs commands as processes, keeps variables, traps and jobs.

Model: busybox ash. Simple commands: commands.py; processes: children.py; variables.py; redirection.py; the command sh: main.py.
Leaves out: history, job control (fg, bg, suspending), command line editing.
"""
from __future__ import annotations

from collections.abc import Awaitable, Callable

from kubelearn.kubelet.files import OpenFile
from kubelearn.kubelet.images.regex import glob
from kubelearn.kubelet.images.shell import syntax
from kubelearn.kubelet.images.shell.children import FORK_STEPS, Children, Interrupted
from kubelearn.kubelet.images.shell.commands import Become, Return
from kubelearn.kubelet.images.shell.expansion import ShellFault, expand, expand_one, expand_pattern
from kubelearn.kubelet.images.shell.lexer import NAME
from kubelearn.kubelet.images.shell.parser import parse
from kubelearn.kubelet.images.shell.redirection import redirect, release, within
from kubelearn.kubelet.images.shell.variables import MEMORY
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.signals import SIGNALS, Exit
from kubelearn.tasks import Future


class Break(Exception):
    def __init__(self, levels: int):
        self.levels = levels


class Continue(Break):
    pass


class Shell(Children):
    """One shell process. `last`: it may become its last command instead of starting it as a child."""

    def __init__(self, process: Process, arguments: list[str], zero: str = "sh", parent: Shell | None = None):
        self.process, self.arguments, self.zero = process, arguments, zero
        self.variables = dict(parent.variables) if parent else {
            name: value for name, value in process.env.items() if NAME.fullmatch(name)}  # the others are lost to its children too
        self.exported = set(parent.exported) if parent else set(process.env)
        self.read_only = set(parent.read_only) if parent else set()
        self.functions = dict(parent.functions) if parent else {}
        self.options = dict(parent.options) if parent else {}
        self.traps = {name: action for name, action in parent.traps.items() if action == ""} if parent else {}
        if parent is not None:
            self.line, self.first, self.source = parent.line, parent.first, parent.source
        self.locals: list[dict[str, str | None]] = []
        self.pending: list[str] = []
        self.waiting: Future | None = None
        self.jobs: list[Process] = []
        self.saved: list[dict[int, OpenFile]] = []  # what redirections around the current command have put aside
        self.status, self.background, self.tested, self.loops, self.weight, self.substituted = 0, 0, 0, 0, 0, False
        self.pid, self.interactive = parent.pid if parent else process.pid, False
        self.reading = False  # at its prompt
        process.memory = MEMORY
        if parent is None:
            self.variables.setdefault("IFS", " \t\n")
            self.variables["PWD"] = process.cwd
            self.variables["SHLVL"] = str(int(self.variables["SHLVL"]) + 1) if self.variables.get("SHLVL", "").isdigit() else "1"
            self.exported |= {"PWD", "SHLVL"}

    # --- running --------------------------------------------------------------------------------------------------

    async def run_script(self, script: syntax.Script, last: bool = False) -> int:
        for line in script.lines:
            await self.run(line, last and line is script.lines[-1] and script.error is None)
        if script.error is not None:
            self.line = script.line
            raise ShellFault(f"syntax error: {script.error}")
        return self.status

    async def run(self, node: object, last: bool = False) -> int:
        self.status = await RUN[type(node)](self, node, last)
        if self.pending:
            await self.run_traps()
        if self.status and self.options.get("e") and not self.tested and type(node) in FAILS and not getattr(node, "negated", False):
            raise Exit(self.status)
        return self.status

    async def test(self, node: object) -> int:
        """Runs a condition: set -e does not end the shell in it."""
        self.tested += 1
        try:
            return await self.run(node)
        finally:
            self.tested -= 1

    async def sequence(self, node: syntax.Sequence, last: bool) -> int:
        for number, (command, background) in enumerate(node.items):
            if background:
                self.start_job(command)
                await self.process.work(FORK_STEPS)
            else:
                await self.run(command, last and number == len(node.items) - 1)
        return self.status

    async def and_or(self, node: syntax.AndOr, last: bool) -> int:
        status = await self.test(node.first)
        for number, (operator, command) in enumerate(node.rest):
            if (status == 0) == (operator == "&&"):
                final = number == len(node.rest) - 1
                status = await (self.run(command, last) if final else self.test(command))
        return status

    async def if_(self, node: syntax.If, last: bool) -> int:
        for condition, body in node.branches:
            if await self.test(condition) == 0:
                return await self.run(body, last)
        return await self.run(node.otherwise, last) if node.otherwise else 0

    async def while_(self, node: syntax.While, last: bool) -> int:
        async def holds() -> bool:
            return (await self.test(node.condition) == 0) != node.until
        return await self.loop(holds, node.body)

    async def for_(self, node: syntax.For, last: bool) -> int:
        words = iter(list(self.arguments) if node.words is None else await expand(self, node.words))

        async def another() -> bool:
            word = next(words, None)
            if word is not None:
                self.put(node.name, word)
            return word is not None
        return await self.loop(another, node.body)

    async def loop(self, goes_on: Callable[[], Awaitable[bool]], body: object) -> int:
        status = 0
        self.loops += 1
        try:
            while await goes_on():
                await self.process.work()
                try:
                    status = await self.run(body)
                except Break as jump:
                    if not self.again(jump):
                        return 0
        finally:
            self.loops -= 1
        return status

    @staticmethod
    def again(jump: Break) -> bool:
        """After break or continue: does this loop go on? One for an outer loop is passed on."""
        jump.levels -= 1
        if jump.levels > 0:
            raise jump
        return isinstance(jump, Continue)

    async def case(self, node: syntax.Case, last: bool) -> int:
        subject = await expand_one(self, node.word)
        for patterns, body in node.items:
            for candidate in patterns:
                if glob(await expand_pattern(self, candidate)).fullmatch(subject):
                    return await self.run(body, last)
        return 0

    async def function(self, node: syntax.Function, last: bool) -> int:
        self.functions[node.name] = node.body
        return 0

    # --- redirections ---------------------------------------------------------------------------------------------

    async def redirected(self, node: syntax.Redirected, last: bool) -> int:
        self.line = getattr(node.command, "line", self.line)
        fds = await redirect(self, node.redirects)
        if fds is None:
            return 1
        if isinstance(node.command, syntax.Simple) and node.command.words and node.command.words[0].plain == "exec":
            old, self.process.fds = self.process.fds, fds  # for good
            release(old)
            return await self.run(node.command, last)
        return await within(self, fds, lambda: self.run(node.command, last))

    # --- traps and the end ----------------------------------------------------------------------------------------

    def trap(self, name: str, action: str | None) -> None:
        if action is None:
            self.traps.pop(name, None)
        else:
            self.traps[name] = action
        if name in SIGNALS:
            self.process.on_signal(name, None if action is None else "ignore" if action == "" else lambda: self.caught(name))

    def caught(self, name: str) -> None:
        self.pending.append(name)
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(128 + SIGNALS[name])

    async def run_traps(self) -> None:
        while self.pending:
            name = self.pending.pop(0)
            action = self.traps.get(name)
            if name == "INT" and not action:
                raise Interrupted if self.interactive else Exit(128 + SIGNALS[name])
            if action:
                status = self.status
                await self.run_script(parse(action))
                self.status = status

    async def main(self, run: Callable[[], Awaitable[int]]) -> int:
        """Runs to the end: errors of the shell, the EXIT trap, and becoming another program."""
        try:
            try:
                self.status = await self._guarded(run)
            except Exit as end:
                self.status = end.code
            action = self.traps.pop("EXIT", "")
            if action:
                code = self.status
                try:
                    await self._guarded(lambda: self.run_script(parse(action)))
                except Exit as end:
                    code = end.code
                self.status = code
        except Become as other:
            return await other.coroutine
        return self.status

    async def _guarded(self, run: Callable[[], Awaitable[int]]) -> int:
        try:
            return await run()
        except ShellFault as error:
            self.complain(error.text, error.builtin)
            return error.code
        except Return as jump:
            return jump.code
        except Break:
            return 0
        except RecursionError:
            self.complain("nested too deeply")
            return 2


async def _script(shell: Shell, node: syntax.Script, last: bool) -> int:
    return await shell.run_script(node, last)

RUN = {
    syntax.Simple: Shell.simple, syntax.Pipeline: Shell.pipeline, syntax.AndOr: Shell.and_or, syntax.Sequence: Shell.sequence,
    syntax.Subshell: Shell.subshell, syntax.If: Shell.if_, syntax.While: Shell.while_, syntax.For: Shell.for_,
    syntax.Case: Shell.case, syntax.Function: Shell.function, syntax.Redirected: Shell.redirected, syntax.Script: _script,
}
FAILS = (syntax.Simple, syntax.Pipeline, syntax.Subshell, syntax.Redirected)  # what set -e looks at
