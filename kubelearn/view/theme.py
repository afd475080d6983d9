"""The palette, light and dark, and how a drawn picture changes from one to the other.

Part of Kubernetes: none. Rule: text at least 4.5:1 on its ground, lines and rings at least 3:1, in both themes.
Every role has one light colour of its own, so a picture is drawn light and stands alone (a code host, a PDF, an untrusted
notebook); where a page runs scripts each colour becomes a variable, which a style sheet from the same table sets in the dark theme.
"""
from __future__ import annotations

FONT = "DejaVu Sans, Verdana, sans-serif"

LIGHT = {
    "ink": "#1f2933", "muted": "#52606d", "line": "#748190", "paper": "#ffffff", "card": "#fffffe", "ground": "#f5f7fa",
    "rule": "#7c8a98",
    "bar": "#67788f", "trough": "#dfe5ec", "band": "#e6ebf2", "ring": "#d07105", "link": "#2460a0",
    "good": "#1a7f4b", "wait": "#8a5a00", "bad": "#b42318",
    "hue0": "#2563a8", "hue1": "#7c3aed", "hue2": "#0f766e", "hue3": "#be185d", "hue4": "#5b6200", "hue5": "#9a3412",
    "hue6": "#0e6f8f", "hue7": "#6b4fa0",
}
DARK = {
    "ink": "#e6edf3", "muted": "#a9b4c0", "line": "#8b98a5", "paper": "#111418", "card": "#232a32", "ground": "#1a1f26",
    "rule": "#7d8a97",
    "bar": "#8ca0b8", "trough": "#38424d", "band": "#2f3944", "ring": "#f5a524", "link": "#79b9ff",
    "good": "#56d364", "wait": "#e3b341", "bad": "#ff8a80",
    "hue0": "#79b8ff", "hue1": "#c8a2ff", "hue2": "#5eead4", "hue3": "#f9a8d4", "hue4": "#d3d86b", "hue5": "#fdba8c",
    "hue6": "#7dd3fc", "hue7": "#cdbdf2",
}
HUES = tuple(role for role in LIGHT if role.startswith("hue"))

DARK_PAGES = ('[data-jp-theme-light="false"] .kubelearn', ".vscode-dark .kubelearn", ".kubelearn.dark")

# Advance widths of DejaVu Sans in hundredths of an em; what is not listed counts as 64, marks and capitals as 77.
_WIDTHS = {**dict.fromkeys("ijlI'|", 28), **dict.fromkeys(".,: ·;!/\\()[]", 36), **dict.fromkeys("ftr-", 39),
           **dict.fromkeys("ckszvxy", 57), **dict.fromkeys("mwMW…%@", 95), **dict.fromkeys("ABCDEGHNOQRUV●◐○✖▽■↻→", 77)}


def css() -> str:
    """The style sheet of dark pages: what each light colour is there. A live picture asks for var(--k1f2933, #1f2933)."""
    return f"{','.join(DARK_PAGES)}{{{';'.join(f'--k{light[1:]}:{DARK[role]}' for role, light in LIGHT.items())}}}"


def recolour(svg: str, theme: str | None) -> str:
    """A picture drawn light, in the given theme's colours."""
    if theme == "dark":
        for role, light in LIGHT.items():
            svg = svg.replace(f'"{light}"', f'"{DARK[role]}"')
    return svg


def hue(index: int) -> str:
    """The role of the index-th owner; hues come round again, names do not."""
    return HUES[index % len(HUES)]


def measure(text: str, size: float = 13, bold: bool = False) -> float:
    """About how wide a text is, in pixels."""
    return sum(_WIDTHS.get(c, 64) for c in text) * size / 100 * (1.1 if bold else 1)


def fit(text: str, width: float, size: float = 13, bold: bool = False, keep: str = "start") -> str:
    """The text, cut with … to a width; keep="end" keeps its end, which tells pods of one owner apart."""
    if measure(text, size, bold) <= width:
        return text
    while text and measure("…" + text, size, bold) > width:
        text = text[1:] if keep == "end" else text[:-1]
    return "…" + text if keep == "end" else text.rstrip() + "…"


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two #rrggbb colours."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
