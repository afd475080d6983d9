"""What a learner sees: each notebook opens in JupyterLab, all of it runs, and nothing complains."""
from __future__ import annotations

from pathlib import Path

import pytest

NOTEBOOKS = sorted(path.name for path in (Path(__file__).parent.parent.parent / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_run_all(notebook, name):
    opened = notebook(name)
    opened.run_all()
    assert opened.errors() == [] and opened.unrun() == 0
    opened.screenshots()
