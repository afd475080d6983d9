"""POSIX regular expressions, basic and extended, and the shell's patterns, as Python's."""
from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

CLASSES = {"alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s", "blank": r" \t",
           "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9a-fA-F", "cntrl": r"\x00-\x1f", "print": r"\x20-\x7e", "graph": r"\x21-\x7e"}
BRACKET = re.compile(r"\[([!^]?)(\](?:\[:\w+:\]|[^\]])*|(?:\[:\w+:\]|[^\]])+)\]")


def _bracket(match: re.Match, negation: str) -> str:
    """[...] with classes in it, which one of `negation` turns round."""
    negated = match[1] != "" and match[1] in negation
    inner = re.sub(r"([\\\]]|\[(?!:))", r"\\\1", re.sub(r"\[:(\w+):\]", "\0\\1\0", match[2] if negated else match[1] + match[2]))
    inner = re.sub("\0(\\w+)\0", lambda known: CLASSES.get(known[1], ""), inner)
    return f"[{'^' if negated else ''}{inner}]"


@lru_cache(maxsize=500)
def compile_expression(text: str, extended: bool = False, ignore_case: bool = False) -> re.Pattern:
    """ValueError for what is none."""
    try:
        return re.compile("".join(_translated(text, extended)), re.IGNORECASE if ignore_case else 0)
    except re.error as error:
        raise ValueError(f"bad regex '{text}': {error.msg}") from None


def _translated(text: str, extended: bool) -> Iterator[str]:
    at = 0
    while at < len(text):
        character, at = text[at], at + 1
        if character == "[" and (match := BRACKET.match(text, at - 1)):
            at = match.end()
            yield _bracket(match, "^")
        elif character == "\\" and at < len(text):
            escaped, at = text[at], at + 1
            plain = escaped if escaped in "(){}|+?" and not extended else "\\" + escaped
            yield {"<": r"\b(?=\w)", ">": r"\b(?<=\w)"}.get(escaped, plain)
        elif character == "[" or character in "(){}|+?" and not extended or character == "*" and at == 1:
            yield "\\" + character
        else:
            yield character


@lru_cache(maxsize=2_000)
def glob(text: str) -> re.Pattern:
    """A shell pattern, quoted characters in it escaped by backslashes, as an expression for the whole of a text."""
    def one(match: re.Match) -> str:
        part = match[0]
        if part[0] == "[" and len(part) > 1:
            return _bracket(BRACKET.match(part), "!^")
        return {"*": ".*", "?": "."}.get(part) or re.escape(part[-1])
    try:
        return re.compile(re.sub(rf"\\.|{BRACKET.pattern}|.", one, text, flags=re.DOTALL), re.DOTALL)
    except re.error:  # [z-a]: stands for itself
        return re.compile(re.escape(text))
