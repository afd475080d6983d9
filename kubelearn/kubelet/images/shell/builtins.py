"""What the shell does itself: changing its own directory, variables, options, traps and jobs.

Model: busybox ash. Leaves out: aliases, umask's effect, ulimit, command history.
"""
from __future__ import annotations

import os

from kubelearn.kubelet.images.shell.expansion import ShellFault, calculate
from kubelearn.kubelet.images.shell.interpreter import BUILTINS, Break, Continue, Return, Shell
from kubelearn.kubelet.images.shell.parser import RESERVED, parse
from kubelearn.kubelet.images.shell.redirection import read_line
from kubelearn.kubelet.process import SIGNALS, Exit
from kubelearn.volumes import Directory

NUMBERS = {str(number): name for name, number in SIGNALS.items()}


def builtin(*names: str):
    def register(function):
        for name in names:
            BUILTINS[name] = function
        return function
    return register


def number(shell: Shell, words: list[str], default: int) -> int:
    if len(words) < 2:
        return default
    if not words[1].lstrip("-").isdigit():
        raise ShellFault(f"{words[0]}: line 0: Illegal number: {words[1]}")
    return int(words[1])


@builtin(":", "true")
async def true(shell: Shell, words: list[str]) -> int:
    return 0


@builtin("false")
async def false(shell: Shell, words: list[str]) -> int:
    return 1


@builtin("exit")
async def exit(shell: Shell, words: list[str]) -> int:
    raise Exit(number(shell, words, shell.status) & 255)


@builtin("return")
async def return_(shell: Shell, words: list[str]) -> int:
    raise Return(number(shell, words, shell.status) & 255)


@builtin("break")
async def break_(shell: Shell, words: list[str]) -> int:
    if shell.loops:
        raise Break(number(shell, words, 1))
    return 0


@builtin("continue")
async def continue_(shell: Shell, words: list[str]) -> int:
    if shell.loops:
        raise Continue(number(shell, words, 1))
    return 0


@builtin("cd")
async def cd(shell: Shell, words: list[str]) -> int:
    target = words[1] if len(words) > 1 else shell.get("HOME", "/")
    if target == "-":
        target = shell.get("OLDPWD")
        shell.process.print(target)
    path = os.path.normpath(shell.process.path(target))
    node = shell.process.files.find(path)
    if not isinstance(node, Directory):
        shell.process.error(
            f"{shell.zero}: cd: line 0: can't cd to {target}: {'No such file or directory' if node is None else 'Not a directory'}"
        )
        return 2
    shell.put("OLDPWD", shell.process.cwd)
    shell.process.cwd = path
    shell.put("PWD", path)
    return 0


@builtin("pwd")
async def pwd(shell: Shell, words: list[str]) -> int:
    shell.process.print(shell.process.cwd)
    return 0


@builtin("export", "readonly")
async def export(shell: Shell, words: list[str]) -> int:
    marked = shell.exported if words[0] == "export" else shell.read_only
    if words[1:] in ([], ["-p"]):
        for name in sorted(marked):
            shell.process.print(f"{words[0]} {name}={quoted(shell.get(name))}")
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if equals:
            shell.put(name, value)
        marked.add(name)
    return 0


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"


@builtin("local")
async def local(shell: Shell, words: list[str]) -> int:
    if not shell.locals:
        raise ShellFault("local: line 0: not in a function")
    for word in words[1:]:
        name, equals, value = word.partition("=")
        shell.locals[-1].setdefault(name, shell.variables.get(name))
        if equals:
            shell.put(name, value)
    return 0


@builtin("unset")
async def unset(shell: Shell, words: list[str]) -> int:
    for name in words[1:]:
        if name in shell.read_only:
            raise ShellFault(f"unset: line 0: {name}: is read only")
        shell.variables.pop(name, None)
        shell.functions.pop(name, None)
        shell.exported.discard(name)
    return 0


@builtin("set")
async def set_(shell: Shell, words: list[str]) -> int:
    rest = words[1:]
    if not rest:
        for name in sorted(shell.variables):
            shell.process.print(f"{name}={quoted(shell.variables[name])}")
    while rest and rest[0][:1] in "+-" and len(rest[0]) > 1:
        word = rest.pop(0)
        if word == "--":
            shell.arguments = rest
            return 0
        letters = (
            {"errexit": "e", "nounset": "u", "xtrace": "x", "noglob": "f"}.get(rest.pop(0), "") if word[1] == "o" and rest else word[1:]
        )
        for letter in letters:
            shell.options.pop(letter, None) if word[0] == "+" else shell.options.__setitem__(letter, True)
    if rest:
        shell.arguments = rest
    return 0


@builtin("shift")
async def shift(shell: Shell, words: list[str]) -> int:
    count = number(shell, words, 1)
    if count > len(shell.arguments):
        return 1
    shell.arguments = shell.arguments[count:]
    return 0


@builtin("eval")
async def eval_(shell: Shell, words: list[str]) -> int:
    return await shell.run_script(parse(" ".join(words[1:])))


@builtin(".", "source")
async def source(shell: Shell, words: list[str]) -> int:
    path = words[1] if len(words) > 1 else ""
    try:
        text = shell.process.files.read(shell.process.path(path)).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise ShellFault(f".: line 0: can't open '{path}': {error.strerror}") from None
    try:
        return await shell.run_script(parse(text))
    except Return as jump:
        return jump.code


@builtin("let")
async def let(shell: Shell, words: list[str]) -> int:
    return int(not [calculate(shell, word) for word in words[1:]][-1])


@builtin("read")
async def read(shell: Shell, words: list[str]) -> int:
    raw, names, prompt = False, [], ""
    rest = words[1:]
    while rest:
        word = rest.pop(0)
        if word == "-p" and rest:
            prompt = rest.pop(0)
        elif word[:1] == "-":
            raw = raw or "r" in word
        else:
            names.append(word)
    if prompt and shell.process.stdin.is_terminal:
        shell.process.stderr.write(prompt.encode())
    line = await read_line(shell.process.stdin)
    text = line.decode("utf-8", "surrogateescape").rstrip("\n")
    ended = line.endswith(b"\n")
    while not raw and text.endswith("\\") and ended:
        more = await read_line(shell.process.stdin)
        text, ended = text[:-1] + more.decode("utf-8", "surrogateescape").rstrip("\n"), more.endswith(b"\n")
    _assign_fields(shell, names or ["REPLY"], text)
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
        if cut < len(text) + cut and text[:1] in ifs and text[:1] not in white:
            text = text[1:].lstrip(white)
    shell.put(names[-1], text)


@builtin("type")
async def type_(shell: Shell, words: list[str]) -> int:
    status = 0
    for word in words[1:]:
        kind = "a shell keyword" if word in RESERVED else "a shell function" if word in shell.functions else \
            "a shell builtin" if word in BUILTINS else _path_of(shell, word)
        if kind is None:
            shell.process.print(f"{word}: not found")
            status = 127
        else:
            shell.process.print(f"{word} is {kind}")
    return status


def _path_of(shell: Shell, word: str) -> str | None:
    try:
        return shell.process.executable(word)[0]
    except OSError:
        return None


@builtin("command")
async def command(shell: Shell, words: list[str]) -> int:
    if words[1:2] in (["-v"], ["-V"]):
        word = words[2] if len(words) > 2 else ""
        found = word if word in BUILTINS or word in shell.functions or word in RESERVED else _path_of(shell, word)
        if found is None:
            return 127
        shell.process.print(found)
        return 0
    if words[1:2] and words[1] in BUILTINS:
        return await BUILTINS[words[1]](shell, words[1:])
    return await shell.external(words[1:], {}) if words[1:] else 0


@builtin("times", "umask", "ulimit", "hash", "alias", "unalias", "fg", "bg")
async def accepted(shell: Shell, words: list[str]) -> int:
    """Known and without effect here."""
    if words[0] == "umask" and len(words) == 1:
        shell.process.print("0022")
    return 0


@builtin("getopts")
async def getopts(shell: Shell, words: list[str]) -> int:
    options, name, args = words[1], words[2], words[3:] or shell.arguments
    index = int(shell.get("OPTIND") or "1")
    if index > len(args) or args[index - 1][:1] != "-" or args[index - 1] == "-":
        shell.put(name, "?")
        return 1
    letter = args[index - 1][1:2]
    takes = f"{letter}:" in options
    value = args[index - 1][2:] or (args[index] if takes and index < len(args) else "")
    shell.put("OPTIND", str(index + 1 + (takes and not args[index - 1][2:])))
    shell.put(name, letter if letter in options else "?")
    if takes:
        shell.put("OPTARG", value)
    else:
        shell.variables.pop("OPTARG", None)
    return 0
