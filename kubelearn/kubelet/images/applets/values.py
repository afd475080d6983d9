"""Busybox's commands on words and values: echo, printf, test, expr; the shell has all but the last built in too.

Leaves out: options that scripts hardly use; expr's | and &, and its forms on text within longer expressions ("syntax error"); tests of
sockets, pipes and block devices, which do not exist here."""
from __future__ import annotations

import operator
import re
from collections.abc import Callable

from kubelearn.kubelet.images.applets import applet, out
from kubelearn.kubelet.images.regex import compile_expression, glob
from kubelearn.kubelet.images.shell.arithmetic import ArithmeticFault, evaluate
from kubelearn.kubelet.images.shell.builtins import BUILTINS, builtin
from kubelearn.kubelet.process import Process
from kubelearn.volumes import Directory, Node, Symlink

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", "e": "\x1b"}


def unescape(text: str) -> tuple[str, bool]:
    """Backslash sequences replaced; True when \\c says to stop."""
    head, stop, _ = text.partition("\\c")

    def one(match: re.Match) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return chr(int(match[2], 8) & 255) if match[2] else ESCAPES.get(match[3], match[0])
    return re.sub(r"\\(?:x([0-9a-fA-F]{1,2})|(0?[0-7]{1,3})|(.))", one, head, flags=re.DOTALL), bool(stop)


def echo(process: Process, words: list[str], name: str) -> int:
    newline, escapes, at = True, False, 0
    while at < len(words) and re.fullmatch(r"-[neE]+", words[at]):
        newline, escapes = newline and "n" not in words[at], "e" in words[at] or escapes and "E" not in words[at]
        at += 1
    text, stopped = unescape(" ".join(words[at:])) if escapes else (" ".join(words[at:]), False)
    out(process, text + ("\n" if newline and not stopped else ""))
    return 0


# --- printf -------------------------------------------------------------------------------------------------------

class BadFormat(Exception):
    """Of a letter that printf does not know."""


def printf(process: Process, words: list[str], name: str) -> int:
    """The format again and again until all arguments are used."""
    if not words:
        process.error(f"{name}: usage: printf FORMAT [ARGUMENT...]")
        return 1
    arguments, pieces, code = list(words[1:]), [], 0
    parts = re.split(r"(%%|%[-+ #0-9.*]*[a-zA-Z])", words[0])
    while True:
        before = len(arguments)
        for number, part in enumerate(parts):
            try:
                pieces.append(_converted(part, arguments) if number % 2 else unescape(part)[0])
            except BadFormat as error:
                out(process, "".join(pieces))
                process.error(f"{name}: {error}: invalid format")
                return 1
            except ValueError as error:
                process.error(f"{name}: invalid number '{error.args[0]}'")
                pieces.append("0")
                code = 1
        if not arguments or len(arguments) == before:
            break
    out(process, "".join(pieces))
    return code


def _converted(part: str, arguments: list[str]) -> str:
    """What one %... gives, taking the arguments that it needs. ValueError of a word that is no number."""
    if part == "%%":
        return "%"
    flags, kind = part[1:-1], part[-1]
    if kind not in "diouxXeEfgGcsb":
        raise BadFormat(part)
    while "*" in flags:
        flags = flags.replace("*", arguments.pop(0) if arguments else "0", 1)
    word = arguments.pop(0) if arguments else ""
    try:
        if kind in "diouxX":
            base = 8 if re.fullmatch(r"[-+]?0\d+", word) else 0
            value = ord(word[1]) if word[:1] in ("'", '"') and len(word) > 1 else int(word or "0", base)
            return f"%{flags}{'d' if kind in 'iu' else kind}" % value
        if kind in "eEfgG":
            return f"%{flags}{kind}" % float(word or 0)
    except ValueError:
        raise ValueError(word) from None
    return f"%{flags}s" % (word[:1] if kind == "c" else unescape(word)[0] if kind == "b" else word)


# --- test ---------------------------------------------------------------------------------------------------------

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


# --- expr ---------------------------------------------------------------------------------------------------------

@applet("expr")
async def expr(process: Process) -> int:
    """One form on text, or integers with C's operators."""
    words = process.args
    if not words:
        return process.fail("too few arguments", 2)
    try:
        value = _of_text(words) if len(words) > 1 else words[0]
        value = _calculated(words) if value is None else value
    except (ArithmeticFault, ValueError) as error:
        return process.fail(str(error).replace("arithmetic ", "").replace("divide", "division"), 2)
    out(process, f"{value}\n")
    return int(str(value) in ("", "0"))


def _of_text(words: list[str]) -> object:
    """TEXT : PATTERN, length TEXT, index TEXT CHARACTERS, substr TEXT START COUNT, comparisons; None for what is none of them."""
    match words:
        case ["length", text]:
            return len(text)
        case ["index", text, characters]:
            return next((at for at, character in enumerate(text, 1) if character in characters), 0)
        case ["substr", text, start, count]:
            return text[int(start) - 1:int(start) - 1 + int(count)]
        case [text, ":", pattern] | ["match", text, pattern]:
            found = compile_expression(pattern).match(text)
            return (found[1] or "" if found.re.groups else found.end()) if found else ("" if "\\(" in pattern else 0)
        case [left, sign, right] if sign in SIGNS and not all(re.fullmatch(r"-?\d+", word) for word in (left, right)):
            return int(COMPARE[SIGNS[sign]](left, right))
    return None


def _calculated(words: list[str]) -> int:
    def no_number(name: str, value: str = "") -> str:
        raise ValueError("non-numeric argument")
    if {"|", "&"} & set(words):
        raise ValueError("syntax error")
    return evaluate(" ".join("==" if word == "=" else word for word in words), no_number, no_number)


# The shell has its own, so that a loop of them starts no processes.

def _both(function: Callable[[Process, list[str], str], int], whole: bool, *names: str) -> None:
    """An applet and a builtin. whole: it is told its own name as the first word."""
    async def program(process: Process) -> int:
        return function(process, [process.name, *process.args][not whole:], process.name)

    program.__module__ = __name__
    applet(*names)(program)
    builtin(*names)(lambda shell, name, words: function(shell.process, [name, *words][not whole:], shell.zero))


_both(echo, False, "echo")
_both(printf, False, "printf")
_both(test, True, "test", "[")
BUILTINS["[["] = BUILTINS["["]
