"""explore(): one question, asked for several values beforehand; the reader moves a slider and sees what comes of each.

Part of Kubernetes: none. Rules: as in the player, everything is in the browser and no kernel is asked; ids come from content; where
no widget runs, the value it opens on is a picture and the others are words. Leaves out: more than one value at a time.
"""
from __future__ import annotations

from collections.abc import Mapping
from html import escape
from textwrap import indent

import traitlets
from ipywidgets import Layout

from kubelearn.view.picture import Picture, figcaption
from kubelearn.view.player import Pages, content_id, packed, script


class Explore(Pages):
    """results: what was found for each value: a Picture, or anything that has html(), or text."""

    _esm = script("explore.js")
    label = traitlets.Unicode().tag(sync=True)
    values = traitlets.List().tag(sync=True)
    pages = traitlets.List().tag(sync=True)  # each page: start and length of its runs of lines

    def __init__(self, label: str, results: Mapping[object, object], index: int):
        values, self.results = [str(value) for value in results], list(results.values())
        pages = [page(result) for result in self.results]
        lines, runs = packed(pages)
        name = content_id("explore", "\n".join([label, *values, *pages]))
        super().__init__(model_id=name, layout=Layout(model_id=f"{name}-layout"), label=label, values=values, lines=lines, pages=runs,
                         captions=[getattr(result, "caption", "") for result in self.results], index=index)

    def __repr__(self) -> str:
        return "\n".join([f"{self.label}:", *(f"  {value}:{words(result)}" for value, result in zip(self.values, self.results))])

    def static(self) -> str:
        """The value it opens on, for who may not or cannot run a widget."""
        shown = self.results[self.index]
        body = shown.html() if hasattr(shown, "html") else page(shown)
        return f"<div>{figcaption(f'{self.label}: {self.values[self.index]}')}{body}</div>"


def explore(label: str, results: Mapping[object, object], start: object = None) -> Explore:
    """A slider over the values of `results`, under it what each gives; it opens on `start`, else on the first."""
    if not results:
        raise ValueError("explore() needs at least one value")
    return Explore(label, results, 0 if start is None else list(results).index(start))


def page(result: object) -> str:
    if isinstance(result, Picture):
        return result.drawn
    return result.html() if hasattr(result, "html") else f"<pre>{escape(str(result))}</pre>"


def words(result: object) -> str:
    """A picture's caption or alt text, else what it prints; several lines stand below their value."""
    text = getattr(result, "caption", "") or str(result)
    return f"\n{indent(text, '    ')}" if "\n" in text else f" {text}"
