"""SVG by hand, for charts: the few shapes they need, in the colours and the font of all pictures.

Part of Kubernetes: none. Rule: one visual language; a chart's colours are the palette's roles, so the dark theme works as everywhere.
Leaves out: Graphviz; a chart has no layout to find.
"""
from __future__ import annotations

from collections.abc import Sequence
from html import escape

from kubelearn.view.theme import FONT, LIGHT, fit, measure

Point = tuple[float, float]


def root(body: str, width: float, height: float, alt: str, view: str = "") -> str:
    """A picture's root: font and class for all, its alt text for who cannot see it; never wider than its page."""
    view = view or f"0 0 {width:.0f} {height:.0f}"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="kubelearn" role="img" '
            f'aria-label="{escape(alt)}" width="{width:.0f}" height="{height:.0f}" viewBox="{view}" font-family="{FONT}" '
            f'style="max-width:100%;height:auto">{body}</svg>')


def page(body: Sequence[str], width: float, height: float, alt: str) -> str:
    """A whole picture, on its own paper."""
    return root("\n".join(["", rect(0, 0, width, height, "paper"), *body, ""]), width, height, alt)


def text(x: float, y: float, content: str, size: float = 12, role: str = "ink", anchor: str = "start", bold: bool = False,
         width: float = 0, title: str = "") -> str:
    """A text with its baseline at y, cut to a width where one is given."""
    shown = fit(content, width, size, bold) if width else content
    hover = f"<title>{escape(title or content)}</title>" if title or shown != content else ""
    weight = ' font-weight="bold"' if bold else ""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{weight}{place} fill="{LIGHT[role]}">{escape(shown)}{hover}</text>'


def rect(x: float, y: float, width: float, height: float, role: str, title: str = "", radius: float = 0, edge: str = "") -> str:
    hover = f"<title>{escape(title)}</title>" if title else ""
    round_ = f' rx="{radius:g}"' if radius else ""
    stroke = f' stroke="{LIGHT[edge]}"' if edge else ""
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"{round_} fill="{LIGHT[role]}"{stroke}>'
            f'{hover}</rect>')


def line(start: Point, end: Point, role: str = "rule", width: float = 1, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" stroke="{LIGHT[role]}" '
            f'stroke-width="{width:g}"{dashes}/>')


def circle(at: Point, radius: float, role: str, edge: str = "", title: str = "") -> str:
    stroke = f' stroke="{LIGHT[edge]}" stroke-width="{3 if edge == "ring" else 2}"' if edge else ""
    hover = f"<title>{escape(title)}</title>" if title else ""
    return f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:g}" fill="{LIGHT[role]}"{stroke}>{hover}</circle>'


def path(points: Sequence[Point], role: str, width: float = 2, dash: str = "", title: str = "") -> str:
    """An open line through points."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    hover = f"<title>{escape(title)}</title>" if title else ""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (f'<polyline points="{places}" fill="none" stroke="{LIGHT[role]}" stroke-width="{width:g}" stroke-linejoin="round"{dashes}>'
            f'{hover}</polyline>')


def area(points: Sequence[Point], role: str, title: str = "") -> str:
    hover = f"<title>{escape(title)}</title>" if title else ""
    return f'<polygon points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="{LIGHT[role]}">{hover}</polygon>'


class Axis:
    """Virtual seconds from start to end, laid between two x; its ticks are round numbers."""

    STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 7 * 86400, 30 * 86400)

    def __init__(self, start: float, end: float, left: float, right: float):
        self.start, self.end, self.left, self.right = start, max(end, start + 0.001), left, right

    def x(self, time: float) -> float:
        share = (min(max(time, self.start), self.end) - self.start) / (self.end - self.start)
        return self.left + share * (self.right - self.left)

    def draw(self, top: float, bottom: float) -> list[str]:
        """Tick lines from top to bottom, and under them the times since the start."""
        span = self.end - self.start
        step = next((s for s in self.STEPS if span / s <= 9), self.STEPS[-1])
        size, unit = next(((size, unit) for size, unit in UNITS if step * 2 >= size), (1, "s"))
        shapes = []
        for number in range(int(span / step + 1e-9) + 1):
            x, words = self.x(self.start + number * step), f"{number * step / size:.3g} {unit}"
            middle = min(x, self.right + 10 - measure(words, 11) / 2)  # the last one stays in the picture
            shapes += [line((x, top), (x, bottom), "trough"), text(middle, bottom + 15, words, 11, "muted", "middle")]
        return shapes


UNITS = ((86400, "d"), (3600, "h"), (60, "m"))


def span_text(seconds: float) -> str:
    """0 s, 1.5 s, 5 m, 2 h, 3 d"""
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= 2 * size), (1, "s"))
    return f"{seconds / size:.3g} {unit}"
