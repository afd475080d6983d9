"""Laws of quantities."""
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.api import quantity
from kubelearn.errors import ApiError

SUFFIXES = ["", "m", "k", "M", "G", "Ki", "Mi", "Gi", "u", "n", "e3", "e-2"]
texts = st.builds(lambda n, s: f"{n}{s}", st.integers(-10**6, 10**6), st.sampled_from(SUFFIXES))


@given(texts)
def test_canonical_keeps_the_value_and_is_idempotent(text):
    """The stored text means what the written one meant, and is stored again as itself."""
    canonical = quantity.canonical(text)
    assert quantity.parse(canonical) == quantity.parse(text)
    assert quantity.canonical(canonical) == canonical


@given(texts, texts)
def test_a_sum_is_exact(a, b):
    assert quantity.parse(quantity.add(a, b)) == quantity.parse(a) + quantity.parse(b)


@pytest.mark.parametrize("text, stored", [("1000m", "1"), ("0.5", "500m"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("5000", "5k"),
                                          ("0.5Ki", "512"), ("1e3", "1e3"), ("0", "0"), (".5Gi", "512Mi"), ("1000Ki", "1000Ki")])
def test_the_form_in_which_a_quantity_is_stored(text, stored):
    assert quantity.canonical(text) == stored


def test_what_needs_rounding_is_rounded_up():
    assert quantity.value("1500m") == 2
    assert quantity.milli("100u") == 1
    assert quantity.parse("0.1n") == Fraction(1, 10**9)


@pytest.mark.parametrize("text", ["two", "", "1.2.3", "1Kib", "--1", "1 Gi"])
def test_what_is_no_quantity_is_refused_with_upstreams_sentence(text):
    with pytest.raises(ApiError, match="quantities must match the regular expression"):
        quantity.parse(text)
