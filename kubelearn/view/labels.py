"""Graphviz HTML-table labels of cards and boxes, every cell of a fixed size, so that no text can move another.

Part of Kubernetes: none. Rule: a ring, a longer word or an empty slot changes no coordinate of anything else.
Leaves out: the measuring of text (theme.fit cuts it to its cell beforehand).
"""
from __future__ import annotations

from html import escape

from kubelearn.view.graph import Bar, Box, Card, Group
from kubelearn.view.states import State
from kubelearn.view.theme import LIGHT, fit, measure


def text(content: str, size: float = 12, role: str = "ink", bold: bool = False) -> str:
    inner = f"<B>{escape(content)}</B>" if bold else escape(content)
    return f'<FONT POINT-SIZE="{size:g}" COLOR="{LIGHT[role]}">{inner}</FONT>' if content else ""


def cell(content: str, width: float, height: float, align: str = "LEFT", **more: str) -> str:
    """A fixed cell; more are Graphviz' own attributes."""
    extra = "".join(f' {name.upper()}="{escape(value)}"' for name, value in more.items())
    return f'<TD FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}" ALIGN="{align}"{extra}>{content}</TD>'


def centred(content: str, width: float, height: float, size: float, role: str, bold: bool = False, keep: str = "start") -> str:
    """A text in the middle of its cell, by our own measure: Graphviz has no metrics for this font."""
    shown = fit(content, width, size, bold, keep)
    pad = max((width - measure(shown, size, bold)) / 2, 0)
    return cell(table(row(cell("", pad, height), cell(text(shown, size, role, bold), width - pad, height))), width, height)


def row(*cells: str) -> str:
    return f"<TR>{''.join(cells)}</TR>"


def table(rows: str, **more: str) -> str:
    extra = "".join(f' {name.upper()}="{escape(value)}"' for name, value in more.items())
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"{extra}>{rows}</TABLE>'


def frame(inner: str, width: float, height: float, ring: bool = False, role: str = "line", ground: str = "card", title: str = "",
          dotted: bool = False) -> str:
    """A rounded border around one cell. With and without the ring it takes the same room: a thinner border leaves more space."""
    border, spacing, colour = (3, 0, "ring") if ring else (1, 2, role)
    style = "rounded,dotted" if dotted else "rounded"
    hover = f' TITLE="{escape(title)}"' if title else ""
    fill = "" if dotted else f' BGCOLOR="{LIGHT[ground]}"'
    return (f'<TABLE BORDER="{border}" CELLBORDER="0" CELLSPACING="{spacing}" CELLPADDING="0" STYLE="{style}" COLOR="{LIGHT[colour]}"'
            f'{fill} FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}"{hover}>'
            f'{row(cell(inner, width - 6, height - 6, "CENTER"))}</TABLE>')


def card(item: Card) -> str:
    """A card of the lane, or of a picture of cards and arrows."""
    width, height = item.size
    if item.free:
        return frame(vacant(item, width - 10), width, height, item.ring, "rule", dotted=True)
    inner, line = width - 10, str(item.state) if item.state else item.line
    role = item.state.role if item.state else "ink"
    if item.state and item.line:
        line = f"{line} · {item.line}"
    keep = "end" if item.kind == "Pod" else "start"  # where a Pod's name tells it from its like
    if height < 44:
        rows = compact(item, line, role, inner, height - 8)
    else:
        size = 14 if measure(item.name, 14, True) <= inner - 6 else 12
        rows = (row(centred(item.kind, inner, 14, 10, "muted")) + row(centred(item.name, inner, 22, size, item.hue, True, keep))
                + row(centred(line, inner, 18, 12, role)))
    return frame(table(rows), width, height, item.ring, item.hue, title=item.title)


def compact(item: Card, line: str, role: str, width: float, height: float) -> str:
    """A card of one line: the name, then how it is."""
    name = fit(item.name, width * 0.64, 12, True, keep="end" if item.kind == "Pod" else "start")
    used = measure(name, 12, True) + 8
    rest = width - used - 6
    said = cell(text(fit(line, rest - 4, 11), 11, role), rest, height)
    return row(cell("", 6, height), cell(text(name, 12, item.hue, True), used, height), said)


def vacant(item: Card, width: float) -> str:
    """What a free slot says: nothing, or who has just left it, and how."""
    return table(row(centred(item.name, width, 18, 12, "muted", keep="end"))) if item.name else ""


def slot(item: Card, width: float, height: float) -> str:
    """A pod's card in a node's box: the owner's stripe, name and image tag, state and a note. One table, for there are many:
    with the ring the border takes two pixels more, and the cells at the edge two less."""
    if item.free:
        return frame(vacant(item, width - 10), width, height, item.ring, "rule", dotted=True)
    border, line = 3 if item.ring else 1, int(height) // 2 - 6
    edge, colour = 6 - border, "ring" if item.ring else "line"
    right = int(max(measure(item.tag, 11), measure(item.note, 11))) + 5 if item.tag or item.note else 0
    room = int(width) - 23 - right
    state = item.state or State("", item.line, "ink")
    name, said = slot_name(item, room - 4), fit(str(state).strip(), room, 12)
    gap = cell("", int(width) - 2 * border, edge, colspan="6" if right else "5")
    hue = LIGHT["muted" if item.hue == "ink" else item.hue]
    stripe = cell("", edge, 1, rowspan="2") + cell("", 5, 2 * line, rowspan="2", bgcolor=hue)
    end = cell("", edge, 1, rowspan="2")
    top = cell(text(name, 12, "ink", True), room, line) + _beside(item.tag, item.hue, right, line)
    rows = (row(gap) + row(stripe, cell("", 6, 1, rowspan="2"), top, end)
            + row(cell(text(said, 12, state.role), room, line), _beside(item.note, "muted", right, line)) + row(gap))
    return (f'<TABLE BORDER="{border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" STYLE="rounded" COLOR="{LIGHT[colour]}" '
            f'BGCOLOR="{LIGHT["card"]}" FIXEDSIZE="TRUE" WIDTH="{int(width)}" HEIGHT="{height:.0f}" TITLE="{escape(item.title)}">'
            f'{rows}</TABLE>')


def slot_name(item: Card, room: float) -> str:
    """Whole, else short, else as much of its telling end as there is room for."""
    fitting = next((name for name in (item.name, item.short) if name and measure(name, 12, True) <= room), None)
    keep = "start" if item.short.endswith("…") else "end"
    return fitting or fit((item.short or item.name).rstrip("-…"), room, 12, True, keep)


def _beside(words: str, role: str, width: float, height: float) -> str:
    return cell(text(words, 11, role), width, height) if width else ""


def table_row(rows: str) -> str:
    """A row of its own grid, so that its cells need not line up with those of the next."""
    return row(f"<TD>{table(rows)}</TD>")


def mark(item: Card | None, size: float) -> str:
    """A pod as a mark: whose by its colour, how by its sign."""
    if item is None:
        return cell("", size, size)
    if item.free:
        return cell(text("·", 12, "rule"), size, size, "CENTER")
    border = {"border": "2", "color": LIGHT["ring"]} if item.ring else {}
    return cell(text(item.state.mark, 13, item.hue), size, size, "CENTER", title=item.title or item.name, href="#", **border)


def box(item: Box, slot_height: float, mark_size: float) -> str:
    """A node: its name and state, slots, counts, bars."""
    width, height = item.size
    inner = width - 14
    if not item.name:
        return frame("", width, height, item.ring, "rule", dotted=True)
    wide = measure(item.name, 13, True) + 14 + measure(f"{item.state or ''} {item.note}".strip(), 12) <= inner
    size = 13 if width > 110 and (wide or not item.state) else 11
    name = fit(item.name, inner - 4, size, True, keep="end")
    used = min(measure(name, size, True) + 10, inner - 4)
    rest = inner - used - 4
    state, role = fit(f"{item.state or ''} {item.note}".strip(), rest, 12), item.state.role if item.state else "muted"
    rows = [table_row(row(cell("", 4, 24), cell(text(name, size, "ink", True), used, 24), cell(text(state, 12, role), rest, 24)))]
    rows += [table_row(_slots(line, inner, slot_height, mark_size)) for line in item.rows]
    said = [cell(text(fit(line, inner - 4, 12), 12, role), inner - 4, 18) for line, role in item.lines]
    rows += [table_row(row(cell("", 4, 18), line)) for line in said]
    rows += [row(cell(bar(each, inner), inner, each.height + 9)) for each in item.bars]
    rows += [row(cell("", inner, max(height - 12 - _used(item, slot_height, mark_size), 1)))]
    return frame(table("".join(rows)), width, height, item.ring, "line", "ground", item.title)


def _used(item: Box, slot_height: float, mark_size: float) -> float:
    slots = len(item.rows) * (mark_size if _marks(item) else slot_height + 4)
    return 24 + slots + 18 * len(item.lines) + sum(each.height + 9 for each in item.bars)


def _marks(item: Box) -> bool:
    return bool(item.rows) and len(item.rows[0]) > 4


def _slots(line: tuple[Card | None, ...], inner: float, height: float, mark_size: float) -> str:
    if len(line) > 4:
        return row(*(mark(each, mark_size) for each in line))
    width = inner / len(line)
    return row(*(cell(slot(each, width - 2, height) if each else "", width, height + 4, "CENTER") for each in line))


def bar(item: Bar, width: float) -> str:
    """A capacity bar: the blocks promised, the room left, the figures."""
    label, figures = 36, 80
    length = width - label - figures
    cells, used, exact = [], 0, 0.0
    for amount, role, hover, words in merged(item.parts):
        exact = min(exact + (amount / item.total * length if item.total else 0), length)
        if round(exact) > used:
            cells.append(block(round(exact) - used, item.height, role, hover, words))
            used = round(exact)
    if length - used >= 1:
        cells.append(cell("", length - used, item.height, bgcolor=LIGHT["trough"]))
    room, wide = item.height + 7, measure(item.text, 11) + 4
    return table(row(cell("", 4, room), cell(text(item.label, 11, "muted"), label - 4, room), cell(table(row(*cells)), length, room),
                     cell("", figures - wide, room), cell(text(item.text, 11, "muted"), wide, room)))


def block(width: float, height: float, role: str, hover: str, words: str) -> str:
    """One block of a bar, with its words where they fit and a seam to the next."""
    more = {"title": hover, "href": "#"} if hover else {}
    if not words or width < 14:
        return cell("", width, height, bgcolor=LIGHT[role], **more)
    shown = fit(words, width - 10, 11, keep="end")
    inside = text(shown if len(shown) > 3 else "", 11, "paper")
    return cell("", 4, height, bgcolor=LIGHT[role]) + cell(inside, width - 5, height, bgcolor=LIGHT[role], **more) + cell("", 1, height)


def merged(parts: tuple) -> list[tuple[float, str, str, str]]:
    """Neighbours that look alike as one block."""
    found: list[tuple[float, str, str, str]] = []
    for amount, role, hover, words in parts:
        if found and not words and found[-1][1] == role and len(parts) > 12:
            found[-1] = (found[-1][0] + amount, role, "", "")
        else:
            found.append((amount, role, hover, words))
    return found


def group(item: Group) -> str:
    """The title of a frame around cards."""
    more, role = f"{item.state or ''} {item.note}".strip(), item.state.role if item.state else "muted"
    name = measure(item.name, 13, True) + 8
    shown = "" if item.absent else text(item.name, 13, "ink", True)
    return table(row(cell(shown, name, 22), cell(text(fit(more, item.room - 4, 12), 12, role), item.room, 22)))
