"""Laws of selectors."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.api.resources import Resources
from kubelearn.api.selectors import field_selector, format_selector, label_selector, match_labels, parse_selector
from kubelearn.errors import ApiError

labels = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", "y", ""]))


@given(labels, labels)
def test_match_labels_asks_for_a_subset(wanted, have):
    assert label_selector({"matchLabels": wanted})(have) == (wanted.items() <= have.items())


@given(labels, st.sampled_from(["a=x", "a!=x", "a in (x,y)", "a notin (x)", "a", "!a", "a=x,b", ""]))
def test_a_selector_and_its_text_select_the_same(have, text):
    selector = parse_selector(text)
    assert parse_selector(str(selector))(have) == selector(have)


def test_nothing_and_everything():
    """A missing LabelSelector selects nothing, an empty one everything; an empty map (a Service without selector) nothing."""
    assert not label_selector(None)({"a": "x"})
    assert label_selector({})(None) and label_selector("")({"a": "x"})
    assert not match_labels({})({}) and match_labels({"a": "x"})({"a": "x", "b": "y"})


def test_expressions():
    selector = {"matchLabels": {"a": "x"}, "matchExpressions": [{"key": "b", "operator": "In", "values": ["y", "z"]}]}
    assert label_selector(selector)({"a": "x", "b": "z"}) and not label_selector(selector)({"a": "x"})
    assert format_selector(selector) == "a=x,b in (y,z)"


@pytest.mark.parametrize("text, error", [
    ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
    ("a=b=c", "found '=', expected: ',' or 'end of string'"),
    ("a,", "found '', expected: identifier after ','"),
    ("=", "found '=', expected: !, identifier, or 'end of string'"),
])
def test_errors_are_upstreams(text, error):
    with pytest.raises(ApiError) as caught:
        parse_selector(text)
    assert (caught.value.code, caught.value.message) == (400, error)


def test_field_selectors():
    pods, maps = Resources().find("pods"), Resources().find("configmaps")
    pod = {"metadata": {"name": "a", "namespace": "n"}, "spec": {}, "status": {"phase": "Running"}}
    assert field_selector("status.phase=Running,spec.nodeName=", pods)(pod)
    assert not field_selector("metadata.name!=a", pods)(pod)
    for text, resource, error in (("spec.color=red", pods, "field label not supported: spec.color"),
                                  ("x", maps, "invalid selector: 'x'; can't understand 'x'"),
                                  ("data.x=1", maps, '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"')):
        with pytest.raises(ApiError, match=error):
            field_selector(text, resource)
