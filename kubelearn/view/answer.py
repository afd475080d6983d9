"""An answer in steps: a question, and one line a link with time, actor, what, and the module that did it.

Part of Kubernetes: none. As text it prints in a terminal; as HTML its links open the code in JupyterLab, and any reader shows it.
Leaves out: scripts and style sheets: it is the same where a notebook is not trusted.
"""
from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from kubelearn.view.theme import FONT

SOURCE = "source"  # the folder beside the notebooks that holds a copy of the package's code

COLOURS = {"●": "var(--jp-brand-color1,#2563a8)", "✖": "var(--jp-error-color1,#b42318)"}  # of marks: a link of the chain, a failure


class Step(NamedTuple):
    """when and who may be empty; module is a path in the package."""

    what: str
    when: str = ""
    who: str = ""
    module: str = ""
    mark: str = "●"


class Answer:
    """question, steps in the order in which they happened."""

    def __init__(self, question: str, steps: Sequence[Step]):
        self.question, self.steps = question, tuple(steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self):
        return iter(self.steps)

    def __repr__(self) -> str:
        when, who = (max((len(getattr(step, part)) for step in self.steps), default=0) for part in ("when", "who"))
        lines = [f"{step.when:>{when}}  {step.mark} {step.who:<{who}}  {step.what}" if when or who else f"  {step.mark} {step.what}"
                 for step in self.steps]
        return "\n".join([self.question, *(line.rstrip() for line in lines)])

    def html(self) -> str:
        rows = "".join(self._row(step) for step in self.steps)
        return (f'<div style="font-family:{FONT};font-size:13px;max-width:900px"><b style="font-size:15px">{escape(self.question)}</b>'
                f'<table style="border-collapse:collapse;margin:6px 0;font-size:13px">{rows}</table></div>')

    def _row(self, step: Step) -> str:
        cell = "text-align:left;vertical-align:top;padding:4px 10px 4px 0;white-space:"
        link = f'<a href="{SOURCE}/{step.module}" style="font-size:12px">{escape(step.module)}</a>' if step.module else ""
        mark = f'<span style="color:{COLOURS.get(step.mark, "inherit")}">{escape(step.mark)}</span>'
        cells = [(f"{cell}nowrap;text-align:right", escape(step.when)), (f"{cell}nowrap", mark),
                 (f"{cell}nowrap", f"<b>{escape(step.who)}</b>"), (f"{cell}normal", escape(step.what)), (f"{cell}nowrap", link)]
        wanted = [pair for pair, kept in zip(cells, self._columns()) if kept]
        return f'<tr style="background:none">{"".join(f"<td style={chr(34)}{style}{chr(34)}>{text}</td>" for style, text in wanted)}</tr>'

    def _columns(self) -> tuple[bool, ...]:
        return (any(s.when for s in self.steps), True, any(s.who for s in self.steps), True, any(s.module for s in self.steps))

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.html()}
