"""How the shell runs one simple command: assignments, builtins, functions, programs, and becoming another program.

Model: busybox ash. What a word is looked up as, in this order: function, builtin, file in PATH.
"""
from __future__ import annotations

import re
from collections.abc import Callable

from kubelearn.kubelet.images.shell import syntax
from kubelearn.kubelet.images.shell.expansion import ShellFault, expand, expand_one
from kubelearn.kubelet.images.shell.redirection import release
from kubelearn.kubelet.images.shell.variables import Variables
from kubelearn.kubelet.signals import Exit

PLAIN = re.compile(r"[]+,./0-9:@A-Z^_a-z-]*")  # words that a trace shows without quotes
BUILTIN_STEPS = 1  # what one costs, in steps of Process.work
BUILTINS: dict[str, Callable] = {}


class Return(Exception):
    def __init__(self, code: int):
        self.code = code


class Become(BaseException):
    """Unwinds the shell so that its process goes on as another program."""

    def __init__(self, coroutine: object):
        self.coroutine = coroutine


class Commands(Variables):
    """What a Shell does with one command; run(), finish(), functions and traps are the Shell's."""

    async def simple(self, node: syntax.Simple, last: bool) -> int:
        self.substituted, self.line = False, node.line
        words = await expand(self, node.words)
        if not words:
            return await self.assign(node, self.status if self.substituted else 0)
        if self.options.get("x"):
            shown = (word if PLAIN.fullmatch(word) else "'{}'".format(word.replace("'", "'\"'\"'")) for word in words)
            self.process.error("+ " + " ".join(shown))
        assignments = {name: await expand_one(self, word) for name, word in node.assignments}
        if words[0] == "exec":
            return await self.exec(words[1:], assignments)
        builtin, body = BUILTINS.get(words[0]), self.functions.get(words[0])
        if body is None and builtin is None:
            return await self.external(words, assignments, last)
        await self.process.work(BUILTIN_STEPS)
        return await (self.builtin(builtin, words, assignments) if body is None else self.call(body, words[1:], assignments))

    async def assign(self, node: syntax.Simple, status: int) -> int:
        for name, word in node.assignments:
            self.substituted = False
            self.put(name, await expand_one(self, word))
            status = self.status if self.substituted else status
            if self.options.get("x"):
                self.process.error(f"+ {name}={self.variables[name]}")
        await self.process.work(BUILTIN_STEPS)
        return status

    async def builtin(self, builtin: Callable, words: list[str], assignments: dict[str, str]) -> int:
        kept = {name: self.variables.get(name) for name in assignments}
        for name, value in assignments.items():
            self.put(name, value)
        try:
            return await builtin(self, words)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.complain(f"{words[0]}: {error.strerror}")
            return 1
        finally:
            self.restore(kept)

    async def call(self, body: object, arguments: list[str], assignments: dict[str, str]) -> int:
        if len(self.locals) > 200:
            raise ShellFault("maximum function nesting level exceeded")
        kept, self.arguments = self.arguments, arguments
        self.locals.append({})
        self.variables.update(assignments)
        try:
            return await self.run(body)
        except Return as jump:
            return jump.code
        finally:
            self.arguments = kept
            self.restore(self.locals.pop())

    async def external(self, words: list[str], assignments: dict[str, str], last: bool = False) -> int:
        try:
            if assignments or "PATH" in self.variables:
                self.process.env = {**self.environment(), **assignments}
            node = self.process.executable(words[0])[1]
            if last and not self.traps:
                self.become(words, node)
            child = self.process.spawn(words, self.process.env, node=node)
        except OSError as error:
            return self.cannot_run(words[0], error)
        return await self.finish(child)

    def cannot_run(self, name: str, error: OSError, builtin: str = "") -> int:
        missing = isinstance(error, FileNotFoundError)
        text = "not found" if missing else f"can't fork: {error.strerror}" if isinstance(error, BlockingIOError) else error.strerror
        self.complain(f"{name}: {text}", builtin)
        return 127 if missing else 126 if isinstance(error, PermissionError) else 2

    def become(self, words: list[str], node: object) -> None:
        """exec: this process goes on as another program."""
        process = self.process
        while self.saved:
            release(self.saved.pop())
        process.argv = words
        process.handlers = {name: "ignore" for name, action in self.traps.items() if action == ""}
        raise Become(process.load(node))

    async def exec(self, words: list[str], assignments: dict[str, str]) -> int:
        if not words:
            return 0
        try:
            self.process.env = {**self.environment(), **assignments}
            self.become(words, self.process.executable(words[0])[1])
        except OSError as error:
            raise Exit(self.cannot_run(words[0], error, "exec")) from None
