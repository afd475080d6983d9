"""What the shell does itself: changing its own directory, variables and options, reading, leaving. What runs: jobs.py.

Model: busybox ash. Leaves out: aliases, umask's effect, ulimit, command history: they are accepted and do nothing.
"""
from __future__ import annotations

import getopt
import os
import re
from collections.abc import Callable
from inspect import iscoroutinefunction

from kubelearn.kubelet.images.shell.commands import BUILTINS, Return
from kubelearn.kubelet.images.shell.expansion import ShellFault, calculate
from kubelearn.kubelet.images.shell.interpreter import Break, Continue, Shell
from kubelearn.kubelet.images.shell.redirection import read_line
from kubelearn.kubelet.signals import SIGNALS, Exit
from kubelearn.volumes import Directory

NUMBERS = {str(number): name for name, number in SIGNALS.items()}
LONG_OPTIONS = {"errexit": "e", "nounset": "u", "xtrace": "x", "noglob": "f", "pipefail": "P"}


def builtin(*names: str) -> Callable:
    """A function of (shell, the words after its name); its exit code is 0 when it gives none. It may be a coroutine."""
    def register(function: Callable) -> Callable:
        waits = iscoroutinefunction(function)

        async def run(shell: Shell, words: list[str]) -> int:
            done = function(shell, words[0], words[1:])
            return (await done if waits else done) or 0
        BUILTINS.update(dict.fromkeys(names, run))
        return function
    return register


@builtin(":", "true", "times", "ulimit", "hash", "alias", "unalias", "fg", "bg")
def true(shell: Shell, name: str, words: list[str]) -> None:
    """The latter ones are known and without effect here."""


@builtin("false")
def false(shell: Shell, name: str, words: list[str]) -> int:
    return 1


@builtin("umask")
def umask(shell: Shell, name: str, words: list[str]) -> None:
    if not words:
        shell.process.print("0022")


# --- leaving ------------------------------------------------------------------------------------------------------

def number(name: str, words: list[str], default: int) -> int:
    if not words:
        return default
    if not words[0].lstrip("-").isdigit():
        raise ShellFault(f"Illegal number: {words[0]}", name)
    return int(words[0])


@builtin("exit", "return")
def leave(shell: Shell, name: str, words: list[str]) -> None:
    raise {"exit": Exit, "return": Return}[name](number(name, words, shell.status) & 255)


@builtin("break", "continue")
def jump(shell: Shell, name: str, words: list[str]) -> None:
    if shell.loops:
        raise {"break": Break, "continue": Continue}[name](number(name, words, 1))


# --- directories --------------------------------------------------------------------------------------------------

@builtin("cd")
def cd(shell: Shell, name: str, words: list[str]) -> int:
    target = words[0] if words else shell.get("HOME", "/")
    if target == "-":
        target = shell.get("OLDPWD")
        shell.process.print(target)
    path = os.path.normpath(shell.process.path(target))
    node = shell.process.files.find(path)
    if not isinstance(node, Directory):
        why = "No such file or directory" if node is None else "Not a directory"
        shell.complain(f"can't cd to {target}: {why}", "cd")
        return 2
    shell.put("OLDPWD", shell.process.cwd)
    shell.process.cwd = path
    shell.put("PWD", path)
    return 0


@builtin("pwd")
def pwd(shell: Shell, name: str, words: list[str]) -> None:
    shell.process.print(shell.process.cwd)


# --- variables ----------------------------------------------------------------------------------------------------

def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"


@builtin("export", "readonly")
def export(shell: Shell, name: str, words: list[str]) -> None:
    marked = shell.exported if name == "export" else shell.read_only
    if words in ([], ["-p"]):
        for one in sorted(marked):
            shell.process.print(f"{name} {one}={quoted(shell.get(one))}")
    for word in words:
        one, equals, value = word.partition("=")
        if equals:
            shell.put(one, value)
        marked.add(one)


@builtin("local")
def local(shell: Shell, name: str, words: list[str]) -> None:
    if not shell.locals:
        raise ShellFault("not in a function", "local")
    for word in words:
        one, equals, value = word.partition("=")
        shell.locals[-1].setdefault(one, shell.variables.get(one))
        if equals:
            shell.put(one, value)


@builtin("unset")
def unset(shell: Shell, name: str, words: list[str]) -> None:
    for word in words:
        if word in shell.read_only:
            raise ShellFault(f"{word}: is read only", "unset")
        shell.variables.pop(word, None)
        shell.functions.pop(word, None)
        shell.exported.discard(word)


@builtin("set")
def set_(shell: Shell, name: str, words: list[str]) -> None:
    if not words:
        for one in sorted(shell.variables):
            shell.process.print(f"{one}={quoted(shell.variables[one])}")
    while words and words[0][:1] in ("+", "-") and len(words[0]) > 1:
        word, *words = words
        if word == "--":
            shell.arguments = words
            return
        letters = word[1:]
        if letters == "o" and words:
            letters, *words = LONG_OPTIONS.get(words[0], ""), *words[1:]
        for letter in letters:
            shell.options.pop(letter, None) if word[0] == "+" else shell.options.update({letter: True})
    if words:
        shell.arguments = words


@builtin("shift")
def shift(shell: Shell, name: str, words: list[str]) -> int:
    count = number(name, words, 1)
    if count > len(shell.arguments):
        return 1
    shell.arguments = shell.arguments[count:]
    return 0


@builtin("let")
def let(shell: Shell, name: str, words: list[str]) -> int:
    return int(not [calculate(shell, word) for word in words][-1])


@builtin("getopts")
def left_out(shell: Shell, name: str, words: list[str]) -> None:
    raise ShellFault("not simulated", name)


@builtin("read")
async def read(shell: Shell, name: str, words: list[str]) -> int:
    try:
        pairs, names = getopt.getopt(words, "rsp:n:t:u:")
    except getopt.GetoptError as error:
        shell.complain(f"illegal option -{error.opt}", "read")
        return 2
    given = dict(pairs)
    if "-p" in given and shell.process.stdin.is_terminal:
        shell.process.stderr.write(given["-p"].encode())
    text, ended = "", True
    while ended:
        line = (await read_line(shell.process.stdin, int(given.get("-n", "0")))).decode("utf-8", "surrogateescape")
        text, ended = text + line.rstrip("\n"), line.endswith("\n") or "-n" in given and line != ""
        if "-r" in given or not re.search(r"(?<!\\)(\\\\)*\\$", text):
            break
        text = text[:-1]
    _assign_fields(shell, names or ["REPLY"], text if "-r" in given else re.sub(r"\\(.)", r"\1", text))
    return 0 if ended else 1


def _assign_fields(shell: Shell, names: list[str], text: str) -> None:
    """The last name takes all that is left."""
    ifs = shell.get("IFS", " \t\n")
    white = "".join(character for character in ifs if character in " \t\n")
    text = text.strip(white)
    for name in names[:-1]:
        cut = next((at for at, character in enumerate(text) if character in ifs), len(text))
        shell.put(name, text[:cut])
        text = text[cut:].lstrip(white)
        if text[:1] in ifs and text[:1] not in white:
            text = text[1:].lstrip(white)
    shell.put(names[-1], text)
