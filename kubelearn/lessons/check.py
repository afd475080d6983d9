"""check: judges an exercise by how the cluster behaves, and says what it saw.

Part of Kubernetes: none. A judge is a function that returns what it saw, in one sentence, or raises Wrong with what it saw
instead and a hint. It looks at the cluster and never at the text of the answer.
"""
from __future__ import annotations

from collections.abc import Callable

from kubelearn.errors import ApiError

MISSING = "the check looks for this object; is it there, under this name, in this namespace?"
REFUSED = "so answers the API server; is what you wrote a whole manifest?"


class Wrong(Exception):
    """Not yet: what was seen, in the words of a user of the application, and a hint for the next try."""

    def __init__(self, saw: str, hint: str):
        super().__init__(saw)
        self.saw, self.hint = saw, hint


class Verdict:
    """What check() returns: prints as one line or two; truthy when the exercise is solved."""

    def __init__(self, passed: bool, text: str):
        self.passed, self.text = passed, text

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return self.text


def check(judge: Callable[..., str], *arguments: object) -> Verdict:
    """check(checks.no_failed_request, cluster)"""
    try:
        return Verdict(True, f"✔ {judge(*arguments)}")
    except Wrong as wrong:
        return Verdict(False, f"✖ {wrong.saw}\n  Hint: {wrong.hint}")
    except ApiError as error:  # the judge looked for something that is not there, or gave the API server what it does not take
        return Verdict(False, f"✖ {error}\n  Hint: {MISSING if error.reason == 'NotFound' else REFUSED}")
