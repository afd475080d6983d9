"""From words to fields: parameters, command substitution, arithmetic, field splitting, file names.

The order is POSIX's: what an unquoted expansion gives is split at IFS, then matched against file names.
Leaves out: brace expansion (ash has none), ~user.
"""
from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubelearn.kubelet.images.regex import glob
from kubelearn.kubelet.images.shell.arithmetic import ArithmeticFault, evaluate
from kubelearn.kubelet.images.shell.syntax import Arithmetic, Parameter, Substitution, Text, Word
from kubelearn.volumes import Directory

if TYPE_CHECKING:
    from kubelearn.kubelet.images.shell.interpreter import Shell


class ShellFault(Exception):
    """An error that ends a shell that is not interactive. builtin: the one that met it."""

    code = 2

    def __init__(self, text: str, builtin: str = ""):
        super().__init__(text)
        self.text, self.builtin = text, builtin


class Fields:
    """Fields being built: a list of (text, quoted) pieces for each."""

    def __init__(self, ifs: str):
        self.ifs, self.done, self.open = ifs, [], None

    def add(self, text: str, quoted: bool) -> None:
        self.open = self.open or []
        self.open.append((text, quoted))

    def end(self) -> None:
        if self.open is not None:
            self.done.append(self.open)
            self.open = None

    def split(self, text: str) -> None:
        """Text of an unquoted expansion."""
        if not text:
            return
        if not self.ifs:
            self.add(text, False)
            return
        white = "".join(character for character in self.ifs if character in " \t\n")
        if text[0] in white:
            self.end()
        marks = re.escape(self.ifs)
        hard = re.escape("".join(character for character in self.ifs if character not in white))
        pattern = (
            f"[{re.escape(white)}]*[{hard}][{re.escape(white)}]*|[{re.escape(white)}]+"
            if hard and white
            else f"[{marks}]" + ("" if hard else "+")
        )
        pieces = re.split(pattern, text.strip(white) if white else text)
        for number, piece in enumerate(pieces):
            if number:
                self.open = self.open if self.open is not None else ([] if hard else None)
                self.end()
            if piece:
                self.add(piece, False)
        if text[-1] in white:
            self.end()


def escaped(pieces: list[tuple[str, bool]]) -> str:
    return "".join(re.sub(r"([*?\[\]\\!])", r"\\\1", text) if quoted else text for text, quoted in pieces)


async def expand(shell: Shell, words: tuple[Word, ...]) -> list[str]:
    """The fields that words come to."""
    fields: list[str] = []
    for word in words:
        if word.plain is not None:
            fields.append(word.plain)
            continue
        for pieces in await _pieces(shell, word, True):
            fields += _file_names(shell, pieces)
    return fields


async def expand_one(shell: Shell, word: Word) -> str:
    """A word that stays one: an assignment's value, a redirection's target, a case's subject."""
    if word.plain is not None:
        return word.plain
    return " ".join("".join(text for text, _ in pieces) for pieces in await _pieces(shell, word, False))


async def expand_pattern(shell: Shell, word: Word) -> str:
    return "".join(escaped(pieces) for pieces in await _pieces(shell, word, False))


async def _pieces(shell: Shell, word: Word, split: bool) -> list[list[tuple[str, bool]]]:
    fields = Fields(shell.get("IFS", " \t\n") if split else "")
    for number, part in enumerate(word.parts):
        if isinstance(part, Text):
            text = part.text
            if number == 0 and not part.quoted and text[:1] == "~" and text[1:2] in ("", "/"):
                text = shell.get("HOME") + text[1:]
            fields.add(text, part.quoted)
        elif isinstance(part, Parameter):
            await _parameter(shell, part, fields, split)
        else:
            value = await _value(shell, part)
            fields.add(value, True) if part.quoted else fields.split(value) if split else fields.add(value, False)
    fields.end()
    return fields.done


async def _value(shell: Shell, part: Substitution | Arithmetic) -> str:
    if isinstance(part, Substitution):
        return await shell.substitute(part.script)
    return str(calculate(shell, await expand_one(shell, part.word)))


def calculate(shell: Shell, text: str) -> int:
    try:
        return evaluate(text, shell.get, shell.put)
    except ArithmeticFault as error:
        raise ShellFault(str(error)) from None


# --- parameters ---------------------------------------------------------------------------------------------------

async def _parameter(shell: Shell, part: Parameter, fields: Fields, split: bool) -> None:
    if part.name in ("@", "*") and not part.op:
        _positional(shell, part, fields, split)
        return
    value = shell.look(part.name)
    op = part.op
    if op and op[-1] in "-=?+" and op != "length":
        missing = value is None or (op[0] == ":" and value == "")
        if op[-1] == "+":
            missing, value = not missing, ""
        if missing:
            value = await _missing(shell, part)
            if value is None:
                for number, pieces in enumerate(await _pieces(shell, part.word, split and not part.quoted)):
                    if number:
                        fields.end()
                    for text, quoted in pieces:
                        fields.add(text, quoted or part.quoted) if quoted or part.quoted or not split else fields.split(text)
                return
    elif value is None and shell.options.get("u") and part.name not in ("@", "*"):
        raise ShellFault(f"{part.name}: parameter not set")
    value = await _transformed(shell, part, value or "")
    if part.quoted or not split:
        fields.add(value, part.quoted)
    else:
        fields.split(value)


async def _missing(shell: Shell, part: Parameter) -> str | None:
    """None: the word's own fields stand in its place."""
    if part.op[-1] == "?":
        text = await expand_one(shell, part.word) if part.word.parts else ""
        raise ShellFault(f"{part.name}: {text or 'parameter not set' + (' or null' if part.op[0] == ':' else '')}")
    if part.op[-1] == "=":
        value = await expand_one(shell, part.word)
        shell.put(part.name, value)
        return value
    return None


async def _transformed(shell: Shell, part: Parameter, value: str) -> str:
    if part.op == "length":
        return str(len(value))
    if not part.op or part.op[-1] in "-=?+":
        return value
    if part.op == ":":
        start = calculate(shell, await expand_one(shell, part.word))
        end = calculate(shell, await expand_one(shell, part.other)) if part.other else len(value)
        start = max(0, start + len(value)) if start < 0 else start
        return value[start:start + end if end >= 0 else end]
    pattern = glob(await expand_pattern(shell, part.word))
    if part.op in ("/", "//"):
        other = await expand_one(shell, part.other) if part.other else ""
        return pattern.sub(lambda match: other, value, count=0 if part.op == "//" else 1) if pattern.pattern else value
    return trim(value, pattern, part.op)


def trim(value: str, pattern: re.Pattern, op: str) -> str:
    """# and ##: without the shortest, longest prefix that matches; % and %%: suffix."""
    ends = range(len(value) + 1)
    if op[0] == "#":
        cuts = ends if op == "#" else reversed(ends)
        return next((value[cut:] for cut in cuts if pattern.fullmatch(value, 0, cut)), value)
    cuts = reversed(ends) if op == "%" else ends
    return next((value[:cut] for cut in cuts if pattern.fullmatch(value, cut)), value)


def _positional(shell: Shell, part: Parameter, fields: Fields, split: bool) -> None:
    if part.name == "*" and part.quoted or not split:
        fields.add(shell.get("IFS", " \t\n")[:1].join(shell.arguments) if split else " ".join(shell.arguments), part.quoted)
        return
    for number, argument in enumerate(shell.arguments):
        if number:
            fields.end()
        fields.add(argument, True) if part.quoted else fields.split(argument)


# --- file names ---------------------------------------------------------------------------------------------------

def _file_names(shell: Shell, pieces: list[tuple[str, bool]]) -> list[str]:
    text = "".join(piece for piece, _ in pieces)
    if shell.options.get("f") or not any(not quoted and re.search(r"[*?\[]", piece) for piece, quoted in pieces):
        return [text]
    return glob_files(shell, escaped(pieces)) or [text]


def glob_files(shell: Shell, path: str) -> list[str]:
    """Existing paths that match, sorted; none, where the pattern stays as it is."""
    found = ["/" if path.startswith("/") else ""]
    files, process = shell.process.files, shell.process
    for part in [part for part in path.split("/") if part]:
        bare = re.sub(r"\\(.)", r"\1", part)
        matched = []
        for base in found:
            if not re.search(r"(?<!\\)[*?\[]", part):
                matched += [f"{base}{bare}"] if files.find(process.path(f"{base}{bare}")) is not None else []
                continue
            try:
                names = files.listdir(process.path(base or ".")) + ([".", ".."] if part[0] == "." else [])
            except OSError:
                continue
            matched += [base + name for name in names if glob(part).fullmatch(name) and (name[0] != "." or part[0] == ".")]
        found = [f"{name}/" for name in matched]
    if path.endswith("/"):
        return sorted(name for name in found if isinstance(files.find(process.path(name)), Directory))
    return sorted(name[:-1] for name in found)
