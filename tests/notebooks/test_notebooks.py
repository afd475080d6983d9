"""Every notebook does what its stored outputs say, and its own solutions solve it.

Each is run twice, in a folder and a kernel of its own: as shipped, compared by nbval; and with the folded solutions in place of the
stubs, when every check must pass. Two at a time, but of those that publish node ports on the host only one: in clusters of one seed
these are the same ports.
"""
from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore

import nbformat
import pytest

from kubelearn.lessons import notebook as tool

ROOT = Path(__file__).parent.parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]
AT_ONCE = 2
PUBLISH = ("NodePort", "LoadBalancer")  # types of Services that have a node port
NBVAL = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", f"--nbval-cell-timeout={tool.CELL_SECONDS}"]


def as_shipped(path: Path, folder: Path) -> subprocess.CompletedProcess:
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    return subprocess.run([*NBVAL, str(copy)], cwd=folder, capture_output=True, text=True, env=own_home(folder))


def with_solutions(path: Path, folder: Path) -> subprocess.CompletedProcess:
    nbformat.write(tool.solved(nbformat.read(path, as_version=4)), folder / path.name)
    words = [sys.executable, "-m", "kubelearn.lessons.notebook", str(folder / path.name)]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, env=dict(os.environ))


def own_home(folder: Path) -> dict[str, str]:
    """Notebooks that run at once see only their own cluster in the kubeconfig, as stored."""
    return dict(os.environ) | {"KUBELEARN_HOME": str(folder / "home")}


def publishes(name: str) -> bool:
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    return any(word in cell.source for cell in notebook.cells for word in PUBLISH)


@pytest.fixture(scope="module")
def runs(request, tmp_path_factory):
    """The runs that the selected tests ask for, begun in their order: (work, name) -> Future of the process."""
    asked = [item.callspec.params for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    pairs, slots = [(params["work"], params["name"]) for params in asked if "work" in params], Semaphore(AT_ONCE)

    def run(work, name: str, folder: Path) -> subprocess.CompletedProcess:
        with slots:
            return work(ROOT / "notebooks" / f"{name}.ipynb", folder)
    with ThreadPoolExecutor(1) as alone, ThreadPoolExecutor(AT_ONCE) as beside:
        found = {(work, name): (alone if publishes(name) else beside).submit(run, work, name, tmp_path_factory.mktemp(name))
                 for work, name in pairs}
        yield found
        for future in found.values():
            future.cancel()


@pytest.mark.notebook
@pytest.mark.timeout(1800)  # the first waits for its turn behind all
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("work", [as_shipped, with_solutions], ids=lambda work: work.__name__)
def test_runs(work, name, runs):
    """Every cell runs and gives the stored output; with the solutions every cell runs and every check passes."""
    done = runs[work, name].result()
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-12_000:]
    if work is with_solutions:
        solved = nbformat.read(Path(done.args[-1]), as_version=4)
        assert {index: tool.shown(solved.cells[index]) for index in tool.unpassed(solved)} == {}


@pytest.mark.parametrize("name", NAMES)
def test_stored_by_make_notebooks(name):
    """The file is as `make notebooks` writes it: every code cell executed, nothing in it that changes by itself."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    assert tool.stable(notebook) == notebook
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source]
    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_form(name):
    """One idea a cell: code of at most ten lines of Python; the exercises are solved in the notebook itself; each is checked."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code" and not cell.source.startswith("%%writefile")]
    assert [source for source in code if source.count("\n") >= 10] == []
    exercises, checks = list(tool.tagged(notebook, "exercise")), list(tool.tagged(notebook, "check"))
    assert len(checks) >= len(exercises)
    assert all(cell.cell_type == "markdown" for _, cell, _ in tool.tagged(notebook, "solution"))
    tool.solved(notebook)
