"""POSIX regular expressions, basic and extended, as Python's."""
from __future__ import annotations

import re
from functools import lru_cache

CLASSES = {"alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s", "blank": r" \t",
           "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9a-fA-F", "cntrl": r"\x00-\x1f", "print": r"\x20-\x7e", "graph": r"\x21-\x7e"}


@lru_cache(maxsize=500)
def compile_expression(text: str, extended: bool = False, ignore_case: bool = False) -> re.Pattern:
    """ValueError for what is none."""
    try:
        return re.compile("".join(_translated(text, extended)), re.IGNORECASE if ignore_case else 0)
    except re.error as error:
        raise ValueError(f"bad regex '{text}': {error.msg}") from None


def _translated(text: str, extended: bool):
    at = 0
    while at < len(text):
        character, at = text[at], at + 1
        if character == "[":
            end = text.find("]", at + (2 if text[at:at + 1] == "^" else 1))
            while end > 0 and "[:" in text[at:end] and text[at:end].rfind("[:") > text[at:end].rfind(":]"):
                end = text.find("]", end + 1)
            while end > 0 and text[end - 1] == ":" and text[end + 1:end + 2] == "]":
                end += 1
            if end < 0:
                yield r"\["
                continue
            inner = text[at:end]
            at = end + 1
            negated = inner.startswith("^")
            inner = re.sub(r"\[:(\w+):\]", lambda match: CLASSES.get(match[1], ""), inner[negated:].replace("\\", "\\\\"))
            inner = re.sub(r"^\]", r"\\]", inner).replace("[", r"\[") if "\\[" not in inner else inner
            yield f"[{'^' if negated else ''}{inner}]"
        elif character == "\\" and at < len(text):
            escaped, at = text[at], at + 1
            yield {"<": r"\b(?=\w)", ">": r"\b(?<=\w)"}.get(escaped) or (
                escaped if escaped in "(){}|+?" and not extended else "\\" + escaped
            )
        elif character in "(){}|+?" and not extended:
            yield "\\" + character
        elif character == "*" and at == 1:
            yield r"\*"
        else:
            yield character
