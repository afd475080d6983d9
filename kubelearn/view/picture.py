"""A picture as a notebook keeps it: one static image that any reader shows, which becomes live where a page may run scripts.

Part of Kubernetes: none. Rules: the static copy carries its own paper and its alt text; the live one follows JupyterLab's theme and
shows hover texts. The image is in the output once: where the page is trusted it puts its own source in its place.
Leaves out: PNG; every reader of notebooks shows SVG.
"""
from __future__ import annotations

import base64
from html import escape
from pathlib import Path

from kubelearn.view import theme

STYLE = f"<style>{theme.css()}</style>"
LIVE = ("const t=document.createElement('template');t.innerHTML=new TextDecoder().decode(Uint8Array.from("
        "atob(this.src.split(',')[1]),c=>c.charCodeAt(0))).replace(/\"#([0-9a-f]{6})\"/g,'\"var(--k$1,#$1)\"');this.replaceWith(t.content)")


class Picture:
    """svg, alt and caption. theme: None follows the page, 'light' or 'dark' stays as it is."""

    def __init__(self, svg: str, alt: str, caption: str = "", theme: str | None = None):
        self.drawn, self.alt, self.caption, self.theme = svg, alt, caption, theme

    @property
    def svg(self) -> str:
        """A file of its own: light unless asked for dark, with the style sheet that follows the page."""
        svg = theme.recolour(self.drawn, self.theme)
        return svg if self.theme else svg.replace("</svg>", STYLE + "</svg>")

    def save(self, path: str | Path) -> Path:
        """Writes the SVG file."""
        Path(path).write_text(self.svg, encoding="utf-8")
        return Path(path)

    def html(self) -> str:
        return f'<figure style="margin:0">{image(self.svg, self.alt, live=not self.theme)}{figcaption(self.caption)}</figure>'

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/plain": "\n".join(filter(None, (self.alt, self.caption))), "text/html": self.html()}

    def __repr__(self) -> str:
        return self.alt


def image(svg: str, alt: str, live: bool = True) -> str:
    """The base64 <img>; what JupyterLab does not trust loses the script and stays an image."""
    data = base64.b64encode(svg.encode()).decode()
    script = f' onload="{escape(LIVE)}"' if live else ""
    return f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}" style="max-width:100%"{script}>'


def figcaption(caption: str) -> str:
    """'+4 s  deployment-controller scaled...': the time stands out."""
    if not caption:
        return ""
    time, gap, words = caption.partition("  ")
    shown = f"<b>{escape(time)}</b>&emsp;{escape(words)}" if gap else escape(caption)
    return f'<figcaption style="font-family:{theme.FONT};font-size:14px;padding:6px">{shown}</figcaption>'
