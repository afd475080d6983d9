"""What a picture holds before it is drawn: cards, boxes of slots, arrows. Plain data; two equal graphs give the same picture.

Part of Kubernetes: none. Rule: nothing jumps. align() gives all graphs of one player the same cards at the same places; where a
graph lacks one, its slot stays, dotted.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from kubelearn.view.states import State
from kubelearn.view.theme import measure

WIDTH = 880  # of every picture, in pixels: a notebook's cell
CARD = (196, 68)


@dataclass(frozen=True, slots=True)
class Card:
    """One object. id is the same in every picture ("Pod/default/web-k2x"); at is the middle, None where Graphviz may choose.
    short is the name where it does not fit whole: without what another card says already."""

    id: str
    kind: str
    name: str
    line: str = ""
    state: State | None = None
    hue: str = "ink"
    tag: str = ""
    note: str = ""
    title: str = ""
    ring: bool = False
    free: bool = False  # a slot that nobody has
    size: tuple[float, float] = CARD
    at: tuple[float, float] | None = None
    group: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A capacity; parts are (length, role, hover text, words inside) of the blocks that make it up, in their order."""

    label: str
    text: str
    total: float
    parts: tuple[tuple[float, str, str, str], ...]
    height: int = 11


@dataclass(frozen=True, slots=True)
class Box:
    """A node, or another place with slots. rows of cards (None: nothing there at all), then lines of text, then bars."""

    id: str
    name: str
    state: State | None
    rows: tuple[tuple[Card | None, ...], ...]
    at: tuple[float, float]
    size: tuple[float, float]
    bars: tuple[Bar, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()  # (text, role)
    title: str = ""
    ring: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow that carries something. weight is its thickness; label what it carries."""

    tail: str
    head: str
    label: str = ""
    weight: float = 1
    role: str = "line"
    dashed: bool = False
    arrow: bool = True
    hidden: bool = False
    ranked: bool = True  # False: it does not decide who stands left of whom
    room: str = ""  # the largest label that it has in any frame


@dataclass(frozen=True, slots=True)
class Group:
    """A frame around cards (a pod around its containers), named at its top."""

    id: str
    name: str
    state: State | None = None
    note: str = ""
    title: str = ""
    parent: str = ""  # the group in which it lies
    absent: bool = False  # it is not there in this frame
    room: float = 300  # for what is said after the name, whatever it is


@dataclass(frozen=True, slots=True)
class Graph:
    """A picture to be. alt says what a sighted reader would take from it."""

    cards: tuple[Card, ...] = ()
    boxes: tuple[Box, ...] = ()
    edges: tuple[Edge, ...] = ()
    groups: tuple[Group, ...] = ()
    alt: str = ""
    height: float = 0  # of a picture whose places are given; 0: Graphviz lays it out
    empty: str = ""  # what to say where there is nothing to draw
    width: float = WIDTH
    flat: bool = field(default=False)  # ranks go down, not to the right

    def find(self) -> dict[str, Card | Box]:
        """All that may carry a ring, by id."""
        inner = (card for box in self.boxes for row in box.rows for card in row if card is not None and not card.free)
        return {part.id: part for part in (*self.cards, *self.boxes, *inner)}


def align(graphs: list[Graph]) -> list[Graph]:
    """The same graphs, each with the cards, groups and arrows of all: what one lacks is a dotted slot, or hidden."""
    cards = _union(card for graph in graphs for card in graph.cards)
    groups = _union(group for graph in graphs for group in graph.groups)
    edges: dict = {}
    for edge in (edge for graph in graphs for edge in graph.edges):
        known = edges.get(key := (edge.tail, edge.head, edge.dashed))
        edges[key] = edge if known is None or _room(edge.label) > _room(known.label) else known
    flat = any(graph.flat for graph in graphs)
    return [replace(_filled(graph, cards, groups, edges), flat=flat) for graph in graphs]


def _room(label: str) -> tuple[int, float]:
    """What a label needs: lines, and the pixels of the longest."""
    lines = label.split("\n")
    return len(lines), max(map(measure, lines))


def _union(parts: Iterable) -> dict:
    found: dict = {}
    for part in parts:
        found.setdefault(part.id, part)
    return found


def _filled(graph: Graph, cards: dict, groups: dict, edges: dict) -> Graph:
    own = {card.id: card for card in graph.cards}
    present = {group.id: group for group in graph.groups}
    lines = {(edge.tail, edge.head, edge.dashed): edge for edge in graph.edges}
    return replace(
        graph,
        cards=tuple(own.get(id) or replace(card, free=True, ring=False, name="", line="", title="") for id, card in cards.items()),
        groups=tuple(present.get(id) or replace(group, state=None, note="", title="", absent=True) for id, group in groups.items()),
        edges=tuple(replace(lines[key], room=edge.label) if key in lines else replace(edge, hidden=True, label="", room=edge.label)
                    for key, edge in edges.items()))


def ringed(graph: Graph, changed: frozenset[str], emptied: dict[str, str] | None = None) -> Graph:
    """The graph with the amber ring on what changed; a slot just emptied says whose it was."""
    names = dict.fromkeys(changed, "") | (emptied or {})
    if not names:
        return graph
    rows = [tuple(tuple(_ringed(card, names) for card in row) for row in box.rows) for box in graph.boxes]
    return replace(graph, cards=tuple(_ringed(card, names) for card in graph.cards),
                   boxes=tuple(replace(box, ring=box.id in names, rows=inside) for box, inside in zip(graph.boxes, rows)))


def _ringed(card: Card | None, names: dict[str, str]) -> Card | None:
    if card is None or card.id not in names:
        return card
    return replace(card, ring=True, name=names[card.id] or card.name)


def identity(obj: dict) -> str:
    """An object's id in every picture."""
    return f"{obj['kind']}/{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
