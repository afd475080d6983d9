"""Busybox's commands on words and values: echo, printf, expr; the shell has the first two built in too.

Leaves out: options that scripts hardly use; expr's | and &, and its forms on text within longer expressions ("syntax error")."""
from __future__ import annotations

import re

from kubelearn.kubelet.images.applets import applet, out
from kubelearn.kubelet.images.applets.conditions import COMPARE, SIGNS, both
from kubelearn.kubelet.images.regex import compile_expression
from kubelearn.kubelet.images.shell.arithmetic import ArithmeticFault, evaluate
from kubelearn.kubelet.process import Process

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


both(echo, False, "echo")
both(printf, False, "printf")
