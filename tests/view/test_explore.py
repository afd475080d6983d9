"""A slider over answers that are all there beforehand: nothing is asked of a kernel, nothing is lost, nothing changes by itself."""
import json

import pytest

from kubelearn.lessons.table import Table
from kubelearn.view import draw
from kubelearn.view.explore import explore


def unpacked(lines: list[str], runs: list[int]) -> str:
    return "\n".join(line for at in range(0, len(runs), 2) for line in lines[runs[at]:runs[at] + runs[at + 1]])


def test_every_answer_is_in_the_browser_a_shared_line_once(cluster):
    moments = {time: draw(cluster.at(time)) for time in (0.5, 5.0, 60.0)}
    slider = explore("seconds", moments)
    assert slider.values == ["0.5", "5.0", "60.0"]
    assert [unpacked(slider.lines, runs) for runs in slider.pages] == [picture.drawn for picture in moments.values()]
    assert len(json.dumps(slider.lines)) < sum(len(picture.drawn) for picture in moments.values()) / 2


def test_pictures_tables_and_words(cluster):
    """Where no widget runs, one answer is shown and the others are read."""
    slider = explore("what", {"picture": draw(cluster), "table": Table(["a"], {"row": ["1"]}), "words": "<b> is text"}, start="table")
    assert slider.index == 1
    bundle = slider._repr_mimebundle_()
    assert "<table>" in bundle["text/html"] and "what: table" in bundle["text/html"]
    assert bundle["text/plain"].splitlines()[2:] == ["  table:", "         a", "    row  1", "  words: <b> is text"]
    assert "&lt;b&gt; is text" in slider.lines[-1]


def test_equal_content_has_the_next_id_of_one_row():
    first, second = explore("n", {1: "a"}), explore("n", {1: "a"})
    assert first.model_id[:24] == second.model_id[:24] and first.model_id != second.model_id


def test_no_value_is_an_error():
    with pytest.raises(ValueError, match="at least one"):
        explore("nothing", {})
