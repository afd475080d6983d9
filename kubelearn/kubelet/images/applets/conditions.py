"""Busybox's test and [, with the shell's [[.

Leaves out: tests of sockets, pipes and block devices, which do not exist here."""
from __future__ import annotations

import operator
import re
from collections.abc import Callable

from kubelearn.kubelet.images.applets import applet
from kubelearn.kubelet.images.regex import compile_expression, glob
from kubelearn.kubelet.images.shell.builtins import BUILTINS, builtin
from kubelearn.kubelet.process import Process
from kubelearn.volumes import Directory, Node, Symlink


def both(function: Callable[[Process, list[str], str], int], whole: bool, *names: str) -> None:
    """An applet and a builtin: a loop of them is to start no processes. whole: it is told its own name as the first word."""
    async def program(process: Process) -> int:
        return function(process, [process.name, *process.args][not whole:], process.name)

    program.__module__ = function.__module__
    applet(*names)(program)
    builtin(*names)(lambda shell, name, words: function(shell.process, [name, *words][not whole:], shell.zero))


class BadTest(Exception):
    """Its text is what test says."""


def test(process: Process, words: list[str], name: str) -> int:
    """words: with the command's own name, which may be [ or [[ and then has its end."""
    closing = {"[": "]", "[[": "]]"}.get(words[0])
    if closing and words[-1] != closing:
        process.error(f"{name}: missing {closing}")
        return 2
    try:
        return int(not _Test(process, words[1:-1] if closing else words[1:], words[0] == "[[").all())
    except BadTest as error:
        process.error(f"{name}: {error}")
        return 2


def _int(text: str) -> int:
    try:
        return int(text.strip())
    except ValueError:
        raise BadTest(f"{text}: bad number") from None


COMPARE = {"eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}
SIGNS = {"=": "eq", "==": "eq", "!=": "ne", "<": "lt", ">": "gt"}
BINARY = {*(f"-{name}" for name in COMPARE), *SIGNS, "=~", "-nt", "-ot"}
FILE_TESTS: dict[str, Callable[[Process, Node], bool]] = {
    "-e": lambda process, node: True,
    "-f": lambda process, node: node.kind == "-",
    "-d": lambda process, node: isinstance(node, Directory),
    "-L": lambda process, node: isinstance(node, Symlink),
    "-h": lambda process, node: isinstance(node, Symlink),
    "-s": lambda process, node: node.size > 0,
    "-r": lambda process, node: process.files.allowed(node, 4),
    "-w": lambda process, node: process.files.allowed(node, 2),
    "-x": lambda process, node: process.files.allowed(node, 1),
    "-c": lambda process, node: node.kind == "c",
    **dict.fromkeys(("-p", "-S", "-b"), lambda process, node: False),
}


class _Test:
    """matching: of [[, where = compares with a pattern."""

    def __init__(self, process: Process, words: list[str], matching: bool):
        self.process, self.words, self.matching = process, list(words), matching

    def all(self) -> bool:
        value = bool(self.words) and self.either()
        if self.words:
            raise BadTest(f"{self.words[0]}: unknown operand")
        return value

    def either(self) -> bool:
        value = self.both()
        while self.words[:1] in (["-o"], ["||"]):
            self.take()
            value = self.both() or value
        return value

    def both(self) -> bool:
        value = self.one()
        while self.words[:1] in (["-a"], ["&&"]) and len(self.words) > 1:
            self.take()
            value = self.one() and value
        return value

    def take(self) -> str:
        if not self.words:
            raise BadTest("argument expected")
        return self.words.pop(0)

    def one(self) -> bool:
        words = self.words
        if len(words) >= 3 and words[1] in BINARY:
            return self.compare(self.take(), self.take(), self.take())
        if len(words) > 1 and words[0] == "!":
            self.take()
            return not self.one()
        if len(words) > 1 and words[0] == "(":
            self.take()
            value = self.either()
            self.take()
            return value
        if len(words) > 1 and re.fullmatch(r"-[a-zA-Z]", words[0]):
            return self.unary(self.take(), self.take())
        return bool(self.take())

    def compare(self, left: str, sign: str, right: str) -> bool:
        if sign in ("-nt", "-ot"):
            nodes = [self.process.files.find(self.process.path(name)) for name in (left, right)]
            times = [-1.0 if node is None else node.mtime for node in nodes]
            return times[0] > times[1] if sign == "-nt" else times[0] < times[1]
        if sign == "=~":
            return compile_expression(right, True).search(left) is not None
        if sign not in SIGNS:
            return COMPARE[sign[1:]](_int(left), _int(right))
        if self.matching and sign[-1] == "=":
            return bool(glob(right).fullmatch(left)) == (sign != "!=")
        return COMPARE[SIGNS[sign]](left, right)

    def unary(self, sign: str, word: str) -> bool:
        if sign in ("-n", "-z"):
            return bool(word) == (sign == "-n")
        if sign == "-t":
            return _int(word) in self.process.fds and self.process.fds[_int(word)].is_terminal
        if sign not in FILE_TESTS:
            raise BadTest(f"{sign}: unknown operand")
        node = self.process.files.find(self.process.path(word), follow=sign not in ("-L", "-h"))
        return node is not None and FILE_TESTS[sign](self.process, node)


both(test, True, "test", "[")
BUILTINS["[["] = BUILTINS["["]
