"""predict: a question with choices, answered before running. It opens where the reader clicks, also where no kernel runs.

Part of Kubernetes: none. Plain HTML details, so that it reads on a code host, by keyboard, and in an untrusted notebook.
"""
from __future__ import annotations

from html import escape

STYLE = ("<style>.kl-predict{{border-left:4px solid #d97706;padding:4px 12px;margin:4px 0;max-width:860px}}"
         ".kl-predict summary{{cursor:pointer;padding:2px 0}}.kl-predict details[open]>summary{{font-weight:600}}"
         ".kl-predict div{{margin:2px 0 6px 18px}}"
         "body .jp-PlaceholderText{{white-space:normal}}</style>")  # the lab folds the source: a long question made the page wider


class Question:
    """What predict() returns: shows itself."""

    def __init__(self, question: str, choices: dict[str, str], right: str):
        self.question, self.choices, self.right = question, choices, right

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"text/plain": repr(self), "text/html": self.html()}

    def html(self) -> str:
        rows = "".join(f"<details><summary>{escape(choice)}</summary><div>{self._verdict(choice)} {escape(why)}</div></details>"
                       for choice, why in self.choices.items())
        return f"{STYLE.format()}<div class='kl-predict'><b>Predict.</b> {escape(self.question)}{rows}</div>"

    def _verdict(self, choice: str) -> str:
        return "<b>✔ Yes.</b>" if choice == self.right else "<b>✖ No.</b>"

    def __repr__(self) -> str:
        return f"Predict. {self.question}\n" + "\n".join(f"  ( ) {choice}" for choice in self.choices)


def predict(question: str, right: str, because: str, **wrong: str) -> Question:
    """predict("...?", right="3", because="...", **{"1": "why not", "5": "why not"}). Choices stand in alphabetical order."""
    choices = {right: because, **wrong}
    return Question(question, {choice: choices[choice] for choice in sorted(choices)}, right)
