"""Every statement of the course's source article is shown by a cell that runs something."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from kubelearn.lessons.claims import claims, page, shown_in
from kubelearn.lessons.notebook import shown

FOLDER = Path(__file__).parent.parent / "notebooks"
WRITTEN = {path.name[:2] for path in FOLDER.glob("*.ipynb")}
ASSERTS = re.compile(r"^\s*assert\b|\bcheck\(", re.MULTILINE)


def test_the_list_is_whole():
    assert len(claims()) == len({claim.id for claim in claims()}) == 44


@pytest.mark.parametrize("claim", [claim for claim in claims() if claim.notebook in WRITTEN], ids=lambda claim: claim.id)
def test_claim(claim):
    """Its own notebook has a code cell tagged with it, and such a cell shows or asserts something."""
    cells = [cell for name, cell in shown_in(FOLDER).get(claim.id, []) if name[:2] == claim.notebook]
    assert cells, f"no cell of notebook {claim.notebook} has the tag claim:{claim.id}"
    assert all(cell.cell_type == "code" for cell in cells)
    assert [cell.source for cell in cells if not (shown(cell).strip() or cell.outputs or ASSERTS.search(cell.source))] == []


def test_no_cell_claims_what_nobody_said():
    assert set(shown_in(FOLDER)) <= {claim.id for claim in claims()}


@pytest.mark.skipif(not WRITTEN, reason="no notebook is written")
def test_the_docs_list_where_each_is_shown():
    """`make notebooks` writes the page."""
    assert (FOLDER / "CLAIMS.md").read_text() == page(FOLDER)
