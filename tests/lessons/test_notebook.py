"""Notebooks as files: solved by their own folded solutions, and stored the same at every run."""
from __future__ import annotations

import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kubelearn.lessons import notebook as tool

SOLUTION = "<details><summary>Solution</summary>\n\n```python\n%s\n```\n\n</details>"


def code(source: str, *tags: str, outputs=()):
    return new_code_cell(source, metadata={"tags": list(tags)} if tags else {}, outputs=list(outputs))


def folded(source: str, tag: str = "solution"):
    return new_markdown_cell(SOLUTION % source, metadata={"tags": [tag]})


def test_a_solution_takes_the_place_of_the_stub_before_it():
    given = new_notebook(cells=[code("...", "exercise"), folded("a = 1"), code("...", "exercise"), folded("b = 2\n!kubectl get pods")])
    assert [cell.source for cell in tool.solved(given).cells if cell.cell_type == "code"] == ["a = 1", "b = 2\n!kubectl get pods"]
    assert given.cells[0].source == "..."


def test_named_solutions_may_stand_apart():
    stubs = [code("...", "exercise:one"), code("...", "exercise:two")]
    given = new_notebook(cells=[*stubs, folded("2", "solution:two"), folded("1", "solution:one")])
    assert [cell.source for cell in tool.solved(given).cells[:2]] == ["1", "2"]


def test_a_fence_may_hold_a_fence():
    cell = new_markdown_cell("````python\nprint('''\n```\n''')\n````", metadata={"tags": ["solution"]})
    assert tool.solved(new_notebook(cells=[code("", "exercise"), cell])).cells[0].source == "print('''\n```\n''')"


@pytest.mark.parametrize("cells", [
    [code("...", "exercise")],
    [folded("1"), code("...", "exercise")],
    [code("...", "exercise"), new_markdown_cell("no fence", metadata={"tags": ["solution"]})],
])
def test_an_exercise_without_a_solution_is_an_error(cells):
    with pytest.raises(tool.NotSolvable):
        tool.solved(new_notebook(cells=cells))


def test_what_a_run_leaves_is_taken_away():
    """Timing, widget models and the machine's version of Python do not reach the stored file."""
    picture = new_output("display_data", data={tool.WIDGET: {"model_id": "f00"}, "image/png": "aGk="})
    bare = new_output("display_data", data={tool.WIDGET: {"model_id": "f00"}, "text/plain": "Button"})
    pieces = [new_output("stream", text="a\n"), new_output("stream", text="b\n"), new_output("stream", name="stderr", text="c\n")]
    kernel = {"name": "python3", "display_name": "mine", "language": "python"}
    mine = {"widgets": {}, "language_info": {"name": "python", "version": "3.11.7"}, "kernelspec": kernel}
    given = new_notebook(cells=[code("x", outputs=[picture, bare, *pieces])], metadata=mine)
    given.cells[0].metadata.execution = {"iopub.execute_input": "2026-01-01T00:00:00Z"}
    done = tool.stable(given)
    assert done.metadata == tool.KERNEL and done.cells[0].metadata == {}
    assert [sorted(output.get("data", [output.get("text")])) for output in done.cells[0].outputs] == [
        ["image/png"], [tool.WIDGET, "text/plain"], ["a\nb\n"], ["c\n"]]


def test_what_a_machine_says_of_itself_is_recorded_once():
    """A changed cell, or one without an output, is recorded anew; every other cell says what it said now."""
    said = lambda text: [new_output("execute_result", data={"text/plain": text}, execution_count=1)]
    before = new_notebook(cells=[code("speed()", tool.OWN, outputs=said("2 ms")), code("old()", tool.OWN, outputs=said("3 ms")),
                                 code("bare()", tool.OWN), code("get()", outputs=said("a"))])
    sources = ("speed()", "new()", "bare()", "get()")
    done = new_notebook(cells=[code(source, *[tool.OWN] * (source != "get()"), outputs=said("now")) for source in sources])
    done.cells[0].execution_count = 7
    found = tool.kept(done, before)
    assert [cell.outputs[0].data["text/plain"] for cell in found.cells] == ["2 ms", "now", "now", "now"]
    assert found.cells[0].outputs[0].execution_count == 7


def test_cells_get_an_id_once():
    """A notebook of an editor that gives none has some afterwards, and then keeps them."""
    text = '{"cells": [{"cell_type": "markdown", "metadata": {}, "source": ["a"]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}'
    once = tool.stable(tool.nbformat.reads(text, as_version=4))
    assert once.cells[0].id and once.nbformat_minor == 5
    assert tool.stable(once) == once


@pytest.mark.notebook
def test_executing_and_storing_twice_gives_the_same_bytes_and_leaves_the_folder_alone(tmp_path):
    path = tmp_path / "00_start.ipynb"
    cells = [code("%%writefile web.yaml\nkind: Pod"), code("!cat web.yaml", "check"), code("print('✔ done'); {'b': 1}", "check")]
    tool.nbformat.write(new_notebook(cells=cells), path)
    tool.store(path)
    first = path.read_text()
    tool.store(path)
    assert path.read_text() == first and "kind: Pod" in first
    assert [p.name for p in tmp_path.iterdir()] == ["00_start.ipynb"]
    assert tool.unpassed(tool.nbformat.read(path, as_version=4)) == [1]


@pytest.mark.notebook
def test_a_cell_that_fails_is_told_and_nothing_is_stored(tmp_path):
    path = tmp_path / "00_start.ipynb"
    tool.nbformat.write(new_notebook(cells=[code("1 / 0")]), path)
    before = path.read_text()
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        tool.store(path)
    assert path.read_text() == before
