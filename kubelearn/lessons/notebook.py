"""Notebooks as files: executed with outputs that are the same at every run, and solved by their own folded solutions.

Part of Kubernetes: none. How a notebook says things, by cell tags:
  exercise   a code cell that the learner fills in
  solution   the next markdown cell so tagged: <details> with a fenced block, which is what takes the stub's place
  check      a code cell that judges: as shipped it says what is missing, solved it prints a line with the mark PASSED
  claim:ID   a code cell that shows a statement of claims.yaml
  nbval-ignore-output   a cell whose output is the machine's own (measured there, or its kernel's word): stored once, then kept
Where solutions do not stand after their stubs in turn, `exercise:NAME` finds `solution:NAME`.
`python -m kubelearn.lessons.notebook FILE...` executes each in a folder of its own and stores its outputs.
Leaves out: editing; JupyterLab does that.
"""
from __future__ import annotations

import copy
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FENCE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
WIDGET = "application/vnd.jupyter.widget-view+json"
DRAWN = ("text/html", "image/svg+xml", "image/png")  # what shows a widget's picture where no kernel runs
PASSED, OWN = "✔", "nbval-ignore-output"
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}
CELL_SECONDS = 120  # real ones, after which a cell hangs


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def tagged(notebook: NotebookNode, tag: str) -> Iterator[tuple[int, NotebookNode, str]]:
    """(index, cell, name) of the cells with tag `tag` or `tag:name`."""
    for index, cell in enumerate(notebook.cells):
        for word in tags(cell):
            kind, _, name = word.partition(":")
            if kind == tag:
                yield index, cell, name


# --- solutions ----------------------------------------------------------------------------------------------------

class NotSolvable(ValueError):
    """An exercise without a solution, or a solution without a fenced block."""


def solution_of(notebook: NotebookNode, index: int, name: str) -> str:
    """The source that the folded solution of the exercise at `index` puts in its place."""
    for place, cell, other in tagged(notebook, "solution"):
        if place > index and other == name:
            found = FENCE.search(cell.source)
            if found is None:
                raise NotSolvable(f"cell {place}: the solution has no fenced block")
            return found[2].rstrip("\n")
    raise NotSolvable(f"cell {index}: exercise {name or '(no name)'} has no solution after it")


def solved(notebook: NotebookNode) -> NotebookNode:
    """A copy in which every exercise is replaced by its solution."""
    answer = copy.deepcopy(notebook)
    for index, cell, name in tagged(notebook, "exercise"):
        answer.cells[index].source = solution_of(notebook, index, name)
    return answer


def unpassed(notebook: NotebookNode) -> list[int]:
    """The check cells of an executed notebook whose output lacks the mark PASSED."""
    return [index for index, cell, _ in tagged(notebook, "check") if PASSED not in shown(cell)]


def shown(cell: NotebookNode) -> str:
    """All text that a cell's outputs show."""
    outputs = cell.get("outputs", [])
    data = [str(text) for output in outputs for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join([output.get("text", "") for output in outputs] + data)


# --- executing ----------------------------------------------------------------------------------------------------

def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Runs a copy top to bottom in `folder`; raises nbclient's CellExecutionError at the first cell that fails."""
    done = copy.deepcopy(notebook)
    for cell in done.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    NotebookClient(done, timeout=CELL_SECONDS, kernel_name="python3", store_widget_state=False, record_timing=False,
                   resources={"metadata": {"path": str(folder)}}).execute()
    return done


def stable(notebook: NotebookNode) -> NotebookNode:
    """A copy without all that differs from run to run though nothing changed: timings, widget models, versions."""
    answer = nbformat.v4.upgrade(copy.deepcopy(notebook), 4, notebook.nbformat_minor)  # so that every cell has an id, from then on the same
    answer.metadata = nbformat.from_dict({key: value for key, value in answer.metadata.items() if key not in ("widgets", *KERNEL)} | KERNEL)
    for cell in answer.cells:
        cell.metadata.pop("execution", None)
        cell.metadata.pop("collapsed", None)
        if cell.cell_type == "code":
            cell.outputs = _joined([_stable_output(output) for output in cell.outputs])
    return answer


def _stable_output(output: NotebookNode) -> NotebookNode:
    """Without the model of a widget that no kernel will know, where the output brings a picture of its own."""
    data = output.get("data", {})
    if WIDGET in data and any(kind in data for kind in DRAWN):
        del data[WIDGET]
    return output


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Pieces of one stream in a row as one: where a pipe was cut is chance."""
    answer: list[NotebookNode] = []
    for output in outputs:
        if answer and output.output_type == answer[-1].output_type == "stream" and output.name == answer[-1].name:
            answer[-1].text += output.text
        else:
            answer.append(output)
    return answer


def store(path: Path) -> float:
    """Executes one notebook in a folder of its own and stores its outputs; real seconds that it took."""
    notebook = nbformat.read(path, as_version=4)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="kubelearn-") as folder:
        done = kept(stable(execute(notebook, Path(folder))), notebook)
    nbformat.validate(done)
    nbformat.write(done, path)
    return time.perf_counter() - begin


def kept(done: NotebookNode, before: NotebookNode) -> NotebookNode:
    """done, where what a machine says of itself stays as it was stored. To record it anew, clear the cell's output."""
    recorded = {cell.source: cell.outputs for _, cell, _ in tagged(before, OWN) if cell.outputs}
    for _, cell, _ in tagged(done, OWN):
        cell.outputs = copy.deepcopy(recorded.get(cell.source, cell.outputs))
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = cell.execution_count
    return done


def main(names: list[str]) -> int:
    if not names:
        print("no notebooks named")
    with tempfile.TemporaryDirectory(prefix="kubelearn-home-") as home:
        os.environ["KUBELEARN_HOME"] = home  # a learner's own clusters have no part in the stored outputs
        for name in names:
            print(f"{name}: {store(Path(name)):.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
