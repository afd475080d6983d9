"""The palette can be read, in both themes, and its dark half follows from one table."""
import pytest

from kubelearn.view import theme

THEMES = {"light": theme.LIGHT, "dark": theme.DARK}
GROUNDS = ("paper", "card", "ground")
TEXTS = ("ink", "muted", "good", "wait", "bad", "link", *theme.HUES)
LINES = ("line", "rule", "ring", *theme.HUES)


@pytest.mark.parametrize("name", THEMES)
def test_text_is_at_least_4_5_to_1_on_every_ground(name):
    """No text of a picture is fainter than 4.5:1, on whatever it stands."""
    palette = THEMES[name]
    assert [(text, ground) for text in TEXTS for ground in GROUNDS if theme.contrast(palette[text], palette[ground]) < 4.5] == []


@pytest.mark.parametrize("name", THEMES)
def test_lines_and_rings_are_at_least_3_to_1(name):
    """Rings and borders stand out 3:1 from what is around them, the words in a bar's blocks 4.5:1 from the block."""
    palette = THEMES[name]
    assert all(theme.contrast(palette[line], palette[ground]) >= 3 for line in LINES for ground in GROUNDS)
    assert theme.contrast(palette["bar"], palette["trough"]) >= 3
    assert all(theme.contrast(palette[block], palette["paper"]) >= 4.5 for block in (*theme.HUES, "bar", "bad"))


def test_every_role_has_a_light_colour_of_its_own():
    """Else the style sheet could not tell which dark colour to put in its place."""
    assert len(set(theme.LIGHT.values())) == len(theme.LIGHT) == len(theme.DARK)
    assert all(f"--k{theme.LIGHT[role][1:]}:{theme.DARK[role]}" in theme.css() for role in theme.LIGHT)


def test_a_picture_in_the_dark_has_no_light_colour_left():
    svg = "".join(f'<g fill="{colour}" stroke="{colour}"/>' for colour in theme.LIGHT.values())
    dark = theme.recolour(svg, "dark")
    assert not any(f'"{colour}"' in dark for colour in theme.LIGHT.values())
    assert theme.recolour(svg, None) == theme.recolour(svg, "light") == svg


def test_what_is_too_long_is_cut_to_its_width_and_pods_keep_their_end():
    """What tells pods of one owner apart is at the end of the name."""
    name = "web-7d4b9c6f5d-k2xwz"
    assert theme.fit(name, 1000) == name
    for width in (30, 60, 90, 120):
        assert theme.measure(theme.fit(name, width), 13) <= width
    assert theme.fit(name, 70, keep="end").startswith("…") and theme.fit(name, 70, keep="end").endswith("xwz")
