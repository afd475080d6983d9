"""The player: all frames of a change in the browser, stepped through without a kernel.

Part of Kubernetes: none. Rules: one picture, under it the caption, a slider with a tick for each frame, step buttons, arrow keys;
it opens on the last frame and plays from the first. Its ids come from its content, so that stored outputs are the same at every run.
Leaves out: nothing moves between two frames; what two frames share is at the same place.
"""
from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import anywidget
import traitlets
from ipywidgets import Layout

from kubelearn.view import theme
from kubelearn.view.picture import STYLE, figcaption, image

HERE = Path(__file__).parent
_made: Counter[str] = Counter()


def script(name: str) -> str:
    return "".join((HERE / file).read_text(encoding="utf-8") for file in ("pages.js", name))


class Pages(anywidget.AnyWidget):
    """A widget that has all its pages in the browser. Its repr() is what it says as text, static() what it shows where nothing runs."""

    _css = (HERE / "player.css").read_text(encoding="utf-8") + theme.css()
    lines = traitlets.List().tag(sync=True)  # every line of every page, once
    captions = traitlets.List().tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)

    def static(self) -> str:
        raise TypeError(f"{type(self).__name__} has no static()")

    def _repr_mimebundle_(self, **kwargs: object):
        """The widget, and beside it what stays the same at every run: words as text, a page as an image."""
        view = {"version_major": 2, "version_minor": 1, "model_id": self.model_id}
        return {"text/plain": repr(self), "text/html": self.static(), "application/vnd.jupyter.widget-view+json": view}


class Player(Pages):
    """pictures: SVGs drawn light, one a frame. captions: '+4 s  actor: what' each, in the browser as (time, words)."""

    _esm = script("player.js")
    frames = traitlets.List().tag(sync=True)  # each picture: start and length of its runs of lines

    def __init__(self, pictures: list[str], captions: list[str], alts: list[str]):
        lines, frames = packed(pictures)
        name = content_id("player", "\n".join([*pictures, *captions]))
        self.pictures, self.texts, self.alts = pictures, captions, alts
        super().__init__(model_id=name, layout=Layout(model_id=f"{name}-layout"), lines=lines, frames=frames,
                         captions=[list(_split(caption)) for caption in captions], index=len(pictures) - 1)

    def __len__(self) -> int:
        return len(self.pictures)

    def __repr__(self) -> str:
        return "\n".join(f"{number + 1:2}. {caption}" for number, caption in enumerate(self.texts))

    def static(self) -> str:
        """The last frame as an image, for who may not or cannot run a widget."""
        svg = self.pictures[-1].replace("</svg>", STYLE + "</svg>")
        return f'<figure style="margin:0">{image(svg, self.alts[-1])}{figcaption(self.texts[-1])}</figure>'


def _split(caption: str) -> tuple[str, str]:
    time, gap, words = caption.partition("  ")
    return (time, words) if gap else ("", caption)


def packed(pictures: list[str]) -> tuple[list[str], list[list[int]]]:
    """Lines that the pictures share are kept once; a picture is a list of runs (start, length) of that table."""
    number: dict[str, int] = {}
    frames = []
    for picture in pictures:
        runs: list[int] = []
        for line in picture.split("\n"):
            at = number.setdefault(line, len(number))
            if runs and runs[-2] + runs[-1] == at:
                runs[-1] += 1
            else:
                runs += [at, 1]
        frames.append(runs)
    return list(number), frames


def content_id(kind: str, content: str) -> str:
    """An id from content; the same content a second time in one kernel gets the next."""
    digest = hashlib.sha256(f"{kind}\n{content}".encode()).hexdigest()[:24]
    _made[digest] += 1
    return f"{digest}{_made[digest]:08x}"
