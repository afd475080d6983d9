"""Busybox's commands on words and values: echo, printf, test, expr; the shell has them built in too.

Leaves out: options that scripts hardly use."""
from __future__ import annotations

import re

from kubelearn.kubelet.images.applets import applet, out
from kubelearn.kubelet.images.regex import compile_expression
from kubelearn.kubelet.images.shell.builtins import BUILTINS
from kubelearn.kubelet.images.shell.expansion import pattern
from kubelearn.kubelet.process import Process
from kubelearn.volumes import Directory, Symlink

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", "e": "\x1b"}


def unescape(text: str) -> tuple[str, bool]:
    """Backslash sequences replaced; True when \\c says to stop."""
    head, stop, _ = text.partition("\\c")

    def one(match: re.Match) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return chr(int(match[2], 8) & 255) if match[2] else ESCAPES.get(match[3], match[0])
    return re.sub(r"\\(?:x([0-9a-fA-F]{1,2})|(0?[0-7]{1,3})|(.))", one, head, flags=re.DOTALL), bool(stop)


@applet("echo")
async def echo(process: Process) -> int:
    return say(process, process.args)


def say(process: Process, words: list[str]) -> int:
    newline, escapes, at = True, False, 0
    while at < len(words) and re.fullmatch(r"-[neE]+", words[at]):
        newline, escapes = newline and "n" not in words[at], "e" in words[at] or escapes and "E" not in words[at]
        at += 1
    text, stopped = unescape(" ".join(words[at:])) if escapes else (" ".join(words[at:]), False)
    out(process, text + ("\n" if newline and not stopped else ""))
    return 0


@applet("printf")
async def printf(process: Process) -> int:
    return formatted(process, process.args, process.name)


def formatted(process: Process, words: list[str], name: str) -> int:
    if not words:
        process.error(f"{name}: usage: printf FORMAT [ARGUMENT...]")
        return 1
    form, arguments, code, pieces = words[0], list(words[1:]), 0, []

    def convert(match: re.Match) -> str:
        nonlocal code
        if match[0] == "%%":
            return "%"
        flags, kind = match[1], match[2]
        while "*" in flags:
            flags = flags.replace("*", arguments.pop(0) if arguments else "0", 1)
        word = arguments.pop(0) if arguments else ""
        if kind in "diouxX":
            try:
                value = ord(word[1]) if word[:1] in "'\"" and len(word) > 1 else int(word or "0", 0)
            except ValueError:
                process.error(f"{name}: invalid number '{word}'")
                value, code = 0, 1
            return f"%{flags}{'d' if kind in 'iu' else kind}" % value
        if kind in "eEfgG":
            return f"%{flags}{kind}" % float(word or 0)
        return f"%{flags}s" % (word[:1] if kind == "c" else unescape(word)[0] if kind == "b" else word)
    while True:
        before = len(arguments)
        parts = re.split(r"(%%|%[-+ #0-9.*]*[a-zA-Z])", form)
        for number, part in enumerate(parts):
            match = re.fullmatch(r"%([-+ #0-9.*]*)([a-zA-Z])|%%", part) if number % 2 else None
            pieces.append(convert(match) if match else unescape(part)[0])
        if not arguments or len(arguments) == before:
            break
    out(process, "".join(pieces))
    return code


class BadTest(Exception):
    """Its text is what test says."""


@applet("test", "[")
async def test(process: Process) -> int:
    return judge(process, [process.name, *process.args], process.name)


def judge(process: Process, words: list[str], name: str) -> int:
    if words[0] in ("[", "[["):
        if words[-1] != {"[": "]", "[[": "]]"}[words[0]]:
            process.error(f"{name}: missing {']' if words[0] == '[' else ']]'}")
            return 2
        words = words[:-1]
    try:
        return int(not _Test(process, words[1:], words[0] == "[[").all())
    except BadTest as error:
        process.error(f"{name}: {error}")
        return 2


def _int(text: str) -> int:
    try:
        return int(text.strip())
    except ValueError:
        raise BadTest(f"{text}: bad number") from None


NUMERIC = {"-eq": int.__eq__, "-ne": int.__ne__, "-lt": int.__lt__, "-le": int.__le__, "-gt": int.__gt__, "-ge": int.__ge__}


TEXTUAL = {"=": str.__eq__, "==": str.__eq__, "!=": str.__ne__, "<": str.__lt__, ">": str.__gt__}


class _Test:
    def __init__(self, process: Process, words: list[str], matching: bool):
        self.process, self.words, self.matching = process, words, matching

    def all(self) -> bool:
        if not self.words:
            return False
        value = self.either()
        if self.words:
            raise BadTest(f"{self.words[0]}: unknown operand")
        return value

    def either(self) -> bool:
        value = self.both()
        while self.words and self.words[0] in ("-o", "||"):
            self.words = self.words[1:]
            value = self.both() or value
        return value

    def both(self) -> bool:
        value = self.one()
        while self.words and self.words[0] in ("-a", "&&") and len(self.words) > 1:
            self.words = self.words[1:]
            value = self.one() and value
        return value

    def take(self) -> str:
        if not self.words:
            raise BadTest("argument expected")
        word, self.words = self.words[0], self.words[1:]
        return word

    def one(self) -> bool:
        words = self.words
        if len(words) >= 3 and (words[1] in NUMERIC or words[1] in TEXTUAL or words[1] in ("=~", "-nt", "-ot")):
            left, operator, right = self.take(), self.take(), self.take()
            return self.compare(left, operator, right)
        if len(words) > 1 and words[0] == "!":
            self.take()
            return not self.one()
        if len(words) > 1 and words[0] == "(":
            self.take()
            value = self.either()
            self.take()
            return value
        if len(words) > 1 and re.fullmatch(r"-[a-zA-Z]", words[0]):
            operator = self.take()
            return self.unary(operator, self.take())
        return bool(self.take())

    def compare(self, left: str, operator: str, right: str) -> bool:
        if operator in NUMERIC:
            return NUMERIC[operator](_int(left), _int(right))
        if operator in ("-nt", "-ot"):
            times = [node.mtime if (node := self.process.files.find(self.process.path(name))) else -1.0 for name in (left, right)]
            return times[0] > times[1] if operator == "-nt" else times[0] < times[1]
        if operator == "=~":
            return compile_expression(right, True).search(left) is not None
        if self.matching and operator in ("=", "==", "!="):
            return bool(pattern(right).fullmatch(left)) == (operator != "!=")
        return TEXTUAL[operator](left, right)

    def unary(self, operator: str, word: str) -> bool:
        if operator in "-n-z":
            return bool(word) == (operator == "-n")
        if operator == "-t":
            return bool(self.process.fds.get(_int(word)) and self.process.fds[_int(word)].is_terminal)
        node = self.process.files.find(self.process.path(word), follow=operator not in ("-L", "-h"))
        if operator not in FILE_TESTS:
            raise BadTest(f"{operator}: unknown operand")
        return node is not None and FILE_TESTS[operator](self.process, node)


FILE_TESTS = {
    "-e": lambda process, node: True,
    "-f": lambda process, node: node.kind == "-",
    "-d": lambda process, node: isinstance(node, Directory),
    "-L": lambda process, node: isinstance(node, Symlink),
    "-h": lambda process, node: isinstance(node, Symlink),
    "-s": lambda process, node: node.size > 0,
    "-r": lambda process, node: process.files.allowed(node, 4),
    "-w": lambda process, node: process.files.allowed(node, 2),
    "-x": lambda process, node: process.files.allowed(node, 1),
    "-p": lambda process, node: False,
    "-S": lambda process, node: False,
    "-c": lambda process, node: node.kind == "c",
    "-b": lambda process, node: False,
    "-O": lambda process, node: node.uid == process.user[0],
    "-u": lambda process, node: bool(node.mode & 0o4000),
}


@applet("expr")
async def expr(process: Process) -> int:
    if not process.args:
        return process.fail("too few arguments", 2)
    try:
        value = _Expr(process.args).value()
    except (IndexError, ValueError) as error:
        return process.fail(
            str(error) if isinstance(error, ValueError) and "number" in str(error) or "zero" in str(error) else "syntax error", 2
        )
    out(process, f"{value}\n")
    return int(value in ("", "0", 0))


class _Expr:
    LEVELS = (("|",), ("&",), ("<", "<=", "=", "==", "!=", ">", ">="), ("+", "-"), ("*", "/", "%"), (":",))

    def __init__(self, words: list[str]):
        self.words = words[::-1]

    def value(self) -> object:
        value = self.level(0)
        if self.words:
            raise ValueError("syntax error")
        return value

    def level(self, number: int) -> object:
        if number == len(self.LEVELS):
            return self.atom()
        left = self.level(number + 1)
        while self.words and self.words[-1] in self.LEVELS[number]:
            left = self.apply(left, self.words.pop(), self.level(number + 1))
        return left

    def atom(self) -> object:
        word = self.words.pop()
        if word == "(":
            value = self.level(0)
            self.words.pop()
            return value
        if word == "length" and self.words:
            return len(str(self.atom()))
        if word == "index" and len(self.words) > 1:
            text, characters = str(self.atom()), str(self.atom())
            return next((at for at, character in enumerate(text, 1) if character in characters), 0)
        if word == "substr" and len(self.words) > 2:
            text, start, count = str(self.atom()), int(str(self.atom())), int(str(self.atom()))
            return text[start - 1:start - 1 + count]
        return word

    def apply(self, left: object, operator: str, right: object) -> object:
        if operator == ":":
            match = compile_expression(str(right)).match(str(left))
            return (match[1] or "" if match.re.groups else match.end()) if match else ("" if "\\(" in str(right) else 0)
        if operator in "|&":
            truth = str(left) not in ("", "0")
            return (left if truth else right) if operator == "|" else (left if truth and str(right) not in ("", "0") else 0)
        if operator in self.LEVELS[2]:
            a, b = (
                (int(str(left)), int(str(right)))
                if re.fullmatch(r"-?\d+", str(left)) and re.fullmatch(r"-?\d+", str(right))
                else (str(left), str(right))
            )
            return int({"<": a < b, "<=": a <= b, "=": a == b, "==": a == b, "!=": a != b, ">": a > b, ">=": a >= b}[operator])
        try:
            a, b = int(str(left)), int(str(right))
        except ValueError:
            raise ValueError("non-numeric argument: number") from None
        if operator in "/%" and b == 0:
            raise ValueError("division by zero")
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) if b else 0
        return {"+": a + b, "-": a - b, "*": a * b, "/": quotient, "%": a - quotient * b if b else 0}[operator]


async def _builtin_echo(shell, words: list[str]) -> int:
    return say(shell.process, words[1:])


async def _builtin_printf(shell, words: list[str]) -> int:
    return formatted(shell.process, words[1:], shell.zero)


async def _builtin_test(shell, words: list[str]) -> int:
    return judge(shell.process, words, shell.zero)


# The shell has its own, so that a loop of them starts no processes.
BUILTINS.update({"echo": _builtin_echo, "printf": _builtin_printf, "test": _builtin_test, "[": _builtin_test, "[[": _builtin_test})
