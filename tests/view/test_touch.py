"""Choices to click: what is shown is what the function says of what is chosen."""
from kubelearn.errors import bad_request
from kubelearn.view import touch


def product(left, right):
    if right == 0:
        raise bad_request("nothing comes of nothing")
    return f"{left} times {right} is <{left * right}>"


def test_the_first_choices_answer_is_shown_and_each_click_asks_again():
    made = touch(product, left=[2, 3], right=[5, 7])
    assert "2 times 5 is &lt;10&gt;" in made.shown.value
    made.knobs["right"].value = 7
    assert "2 times 7 is &lt;14&gt;" in made.shown.value and made.chosen == {"left": 2, "right": 7}


def test_what_is_refused_is_said_and_the_next_click_goes_on():
    made = touch(product, left=[2], right=[5, 0])
    made.knobs["right"].value = 0
    assert "refused: nothing comes of nothing" in made.shown.value
    made.knobs["right"].value = 5
    assert "is &lt;10&gt;" in made.shown.value


def test_a_page_that_runs_nothing_shows_choices_and_answer():
    bundle = touch(product, left=[2, 3], right=[5])._repr_mimebundle_()
    assert bundle["text/plain"] == "left: [2]  3\nright: [5]\n2 times 5 is <10>"
    assert "[2]  3" in bundle["text/html"] and "&lt;10&gt;" in bundle["text/html"]


def test_what_shows_itself_keeps_its_own_html():
    class Shown:
        def html(self):
            return "<b>itself</b>"
    assert touch(lambda which: Shown(), which=[1]).shown.value.endswith("<b>itself</b>")
