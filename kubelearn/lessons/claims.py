"""What the course must show, statement by statement, and where it is shown.

Part of Kubernetes: none. A code cell that shows a statement by running something carries the tag `claim:ID`.
`python -m kubelearn.lessons.claims notebooks` writes the list into notebooks/CLAIMS.md.
Leaves out: whether a reader believes it.
"""
from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import nbformat
import yaml

from kubelearn.lessons.notebook import tagged


class Claim(NamedTuple):
    """One statement: its chapter, id, the number of the notebook that must show it, and the sentence."""

    chapter: str
    id: str
    notebook: str
    says: str


def claims() -> list[Claim]:
    chapters = yaml.safe_load(Path(__file__).with_name("claims.yaml").read_text())
    return [Claim(chapter, claim["id"], claim["in"], claim["says"]) for chapter, listed in chapters.items() for claim in listed]


def shown_in(folder: Path) -> dict[str, list[tuple[str, nbformat.NotebookNode]]]:
    """id -> the (notebook, cell) pairs that carry its tag."""
    found: dict[str, list] = {}
    for path in sorted(folder.glob("*.ipynb")):
        for _, cell, claim in tagged(nbformat.read(path, as_version=4), "claim"):
            found.setdefault(claim, []).append((path.name, cell))
    return found


def page(folder: Path) -> str:
    """The list as Markdown: each statement with the notebooks that show it."""
    shown = shown_in(folder)
    lines = ["# What the course shows, and where", "", "Made by `make notebooks`, from the cells' tags.", ""]
    for chapter in dict.fromkeys(claim.chapter for claim in claims()):
        lines += [f"## {chapter.capitalize()}", "", "| statement | name | shown in |", "|---|---|---|"]
        for claim in (claim for claim in claims() if claim.chapter == chapter):
            names = dict.fromkeys(name for name, _ in shown.get(claim.id, []))
            lines.append(f"| {claim.says} | `{claim.id}` | {', '.join(f'[{name[:2]}]({name})' for name in names) or 'not yet'} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    (place / "CLAIMS.md").write_text(page(place))
