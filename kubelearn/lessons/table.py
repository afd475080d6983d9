"""A table of words: rows by name, columns by name.

Part of Kubernetes: none. As text it prints in a terminal; as HTML any reader shows it.
Leaves out: sorting, scripts.
"""
from __future__ import annotations

from collections.abc import Mapping
from html import escape

COLOURS = {"✔": "var(--jp-success-color1,#2e7d32)", "✖": "var(--jp-error-color1,#b3261e)"}


class Table:
    """Rows by name, columns by name; prints as text, shows as HTML; the ✔ or ✖ with which a cell begins has its colour."""

    def __init__(self, columns: list[str], rows: Mapping[str, list[str]]):
        self.columns, self.rows = columns, dict(rows)

    def __repr__(self) -> str:
        lines = [["", *self.columns], *([name, *cells] for name, cells in self.rows.items())]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)

    def html(self) -> str:
        head = "".join(f'<th style="text-align:left">{escape(column)}</th>' for column in ("", *self.columns))
        rows = "".join(f"<tr><th style='text-align:left'>{escape(name)}</th>{''.join(map(_cell, cells))}</tr>" for name, cells in self.rows.items())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.html()}


def _cell(text: str) -> str:
    colour, words = COLOURS.get(text[:1]), escape(text)
    shown = f'<span style="color:{colour}">{words[:1]}</span>{words[1:]}' if colour else words
    return f'<td style="text-align:left">{shown}</td>'
