"""What a shell script consists of, once parsed: plain tuples that the interpreter walks. One script is parsed once for all pods."""
from __future__ import annotations

import re
from typing import NamedTuple


class Text(NamedTuple):
    """Characters; quoted ones are neither split nor matched against file names."""

    text: str
    quoted: bool


class Parameter(NamedTuple):
    """$name, ${name op word}. op: "" or one of - = ? + (with : before), #, ##, %, %%, /, //, "length"."""

    name: str
    op: str
    word: Word | None
    other: Word | None
    quoted: bool


class Substitution(NamedTuple):
    """$(script)"""

    script: Script
    quoted: bool


class Arithmetic(NamedTuple):
    """$((expression)), in which parameters are still to be expanded."""

    word: Word
    quoted: bool


class Word(NamedTuple):
    parts: tuple
    plain: str | None  # its value when nothing needs expanding


def make_word(parts: list) -> Word:
    """Neighbours joined; plain when its value is already known."""
    joined: list = []
    for part in parts:
        if isinstance(part, Text) and joined and isinstance(joined[-1], Text) and joined[-1].quoted == part.quoted:
            joined[-1] = Text(joined[-1].text + part.text, part.quoted)
        else:
            joined.append(part)
    fixed = all(isinstance(part, Text) and (part.quoted or not re.search(r"[*?\[~{]", part.text)) for part in joined)
    return Word(tuple(joined), "".join(part.text for part in joined) if fixed and joined else None)


class Direction(NamedTuple):
    """What a redirection begins with, as a token: 2>"""

    fd: int
    op: str


class Redirect(NamedTuple):
    """op: < > >> <> >& <& << (the target is then the text)"""

    fd: int
    op: str
    target: Word


class Simple(NamedTuple):
    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    line: int = 0  # where it stands in its text, from 0


class Pipeline(NamedTuple):
    commands: tuple
    negated: bool


class AndOr(NamedTuple):
    first: object
    rest: tuple[tuple[str, object], ...]


class Sequence(NamedTuple):
    items: tuple[tuple[object, bool], ...]  # command, in the background


class Subshell(NamedTuple):
    body: Sequence


class If(NamedTuple):
    branches: tuple[tuple[Sequence, Sequence], ...]
    otherwise: Sequence | None


class While(NamedTuple):
    condition: Sequence
    body: Sequence
    until: bool


class For(NamedTuple):
    name: str
    words: tuple[Word, ...] | None  # None: "$@"
    body: Sequence


class Case(NamedTuple):
    word: Word
    items: tuple[tuple[tuple[Word, ...], Sequence], ...]


class Function(NamedTuple):
    name: str
    body: object


class Redirected(NamedTuple):
    command: object
    redirects: tuple[Redirect, ...]


class Script(NamedTuple):
    """Line by line, because a shell runs the lines before one that is wrong."""

    lines: tuple[Sequence, ...]
    error: str | None
    line: int = 0  # of the error, from 0
    incomplete: bool = False  # more text could still make it right, or be part of it


class ShellSyntaxError(Exception):
    """incomplete: more input could still make it right."""

    def __init__(self, text: str, incomplete: bool = False):
        super().__init__(text)
        self.text, self.incomplete = text, incomplete
