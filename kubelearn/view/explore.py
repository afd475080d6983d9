"""explore(): one question, asked for several values beforehand; the reader moves a slider and sees what comes of each.

Part of Kubernetes: none. Rules: as in the player, everything is in the browser and no kernel is asked; ids come from content; where
no widget runs, the value it opens on is a picture and the others are words. Leaves out: more than one value at a time.
"""
from __future__ import annotations

from collections.abc import Mapping
from html import escape
from textwrap import indent

import anywidget
import traitlets
from ipywidgets import Layout

from kubelearn.view import theme
from kubelearn.view.picture import Picture, figcaption
from kubelearn.view.player import HERE, content_id, packed


class Explore(anywidget.AnyWidget):
    """results: what was found for each value: a Picture, or anything that has html(), or text."""

    _esm = (HERE / "explore.js").read_text(encoding="utf-8")
    _css = (HERE / "player.css").read_text(encoding="utf-8") + theme.css()
    label = traitlets.Unicode().tag(sync=True)
    values = traitlets.List().tag(sync=True)
    captions = traitlets.List().tag(sync=True)
    lines = traitlets.List().tag(sync=True)  # every line of every page, once
    pages = traitlets.List().tag(sync=True)  # each page: start and length of its runs of lines
    index = traitlets.Int(0).tag(sync=True)

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

    def _repr_mimebundle_(self, **kwargs: object):
        view = {"version_major": 2, "version_minor": 1, "model_id": self.model_id}
        return {"text/plain": repr(self), "text/html": self.static(), "application/vnd.jupyter.widget-view+json": view}


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
