"""check: judges an exercise by how the cluster behaves, and says what it saw.

Part of Kubernetes: none. A judge is a function that returns what it saw, in one sentence, or raises Wrong with what it saw
instead and a hint. It looks at the cluster and never at the text of the answer.
"""
from __future__ import annotations

import textwrap
from collections.abc import Callable

from kubelearn.errors import ApiError

MISSING = "the check looks for this object: is it there, and is that its name?"
REFUSED = "so answers the API server; is what you wrote a whole manifest?"
WIDTH = 104  # characters


class Wrong(Exception):
    """Not yet: what was seen, in the words of a user of the application, and a hint for the next try."""

    def __init__(self, saw: str, hint: str):
        super().__init__(saw)
        self.saw, self.hint = saw, hint


class Verdict:
    """What check() returns: prints as one line or two; truthy when the exercise is solved."""

    def __init__(self, passed: bool, saw: str, hint: str = ""):
        self.passed, self.text = passed, "\n".join(_fit(f"{'✔' if passed else '✖'} {saw}") + _fit(hint and f"  Hint: {hint}"))

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return self.text


def _fit(text: str) -> list[str]:
    """In lines as wide as a notebook's cell, which breaks longer ones in the middle of a word."""
    return [part for line in text.splitlines()
            for part in textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False) or [line]]


def check(judge: Callable[..., str], *arguments: object) -> Verdict:
    """check(checks.no_failed_request, cluster)"""
    try:
        return Verdict(True, judge(*arguments))
    except Wrong as wrong:
        return Verdict(False, wrong.saw, wrong.hint)
    except ApiError as error:  # the judge looked for something that is not there, or gave the API server what it does not take
        return Verdict(False, str(error), MISSING if error.reason == "NotFound" else REFUSED)
