"""Bodies are read as a real server reads them, and broken ones get its words."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.apiserver import codec
from kubelearn.errors import ApiError

VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
                      lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8)


@given(VALUES)
def test_json_round_trip(value):
    """What was sent is what comes out again."""
    assert codec.decode_json(codec.encode(value)) == value


@pytest.mark.parametrize(("body", "message"), [
    (b"", "unexpected end of JSON input"),
    (b'{"a": ', "unexpected end of JSON input"),
    (b"hello", "invalid character 'h' looking for beginning of value"),
    (b'{"a" 1}', "invalid character '1' after object key"),
    (b'{"a": 1 "b"}', "invalid character '\"' after object key:value pair"),
    (b'{"a": NaN}', "invalid character 'N' looking for beginning of value"),
    (b"[" * 100_000, "exceeded max depth"),
])
def test_broken_json_is_a_400_in_go_s_words(body, message):
    with pytest.raises(ApiError) as caught:
        codec.decode_json(body)
    assert caught.value.code == 400
    assert message in caught.value.message


def test_a_key_that_comes_twice_counts_as_it_came_last_and_a_strict_reader_hears_of_it():
    told = []
    body = b'{"a": {"x": 1, "x": {"y": [{"k": 1, "k": 2}]}}, "b": 1, "b": 2}'
    assert codec.decode_json(body, told) == {"a": {"x": {"y": [{"k": 2}]}}, "b": 2}
    assert told == ['duplicate field "a.x"', 'duplicate field "a.x.y[0].k"', 'duplicate field "b"']


def test_half_a_surrogate_pair_becomes_the_replacement_character():
    assert codec.decode_json(rb'{"a": "\ud800x", "b": "\ud83d\ude00"}') == {"a": "\ufffdx", "b": "\U0001f600"}


def test_yaml_is_read_as_kubernetes_reads_it():
    """Dates and times of day are text, yes is true, 0777 is octal, keys are text."""
    text = "a: 2026-01-01\nb: 12:30\nc: yes\nd: 0777\n8080: x\ntrue: y\ne: 1e3\nf: .5\ng: 1_000\nh: ~\ni: 0x1F\nj: 1.20.3\nk: '5'\nl: 0\n"
    assert codec.decode_yaml(text) == {"a": "2026-01-01", "b": "12:30", "c": True, "d": 511, "8080": "x", "true": "y", "e": 1000.0,
                                       "f": 0.5, "g": 1000, "h": None, "i": 31, "j": "1.20.3", "k": "5", "l": 0}


def test_an_alias_bomb_is_refused_and_honest_aliases_are_not():
    bomb, merges = "a: &a [x, x, x, x, x, x, x, x, x]\n", "a: &a {x: y}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        nine = ", ".join([f"*{before}"] * 9)
        bomb += f"{name}: &{name} [{nine}]\n"
        merges += f"{name}: &{name} {{<<: [{nine}]}}\n"
    with pytest.raises(ApiError, match="excessive aliasing"):
        codec.decode_yaml(bomb)
    assert codec.decode_yaml(merges)["i"] == {"x": "y"}
    with pytest.raises(ApiError, match="excessive aliasing"):
        codec.decode_yaml("a: &a [*a]")
    assert codec.decode_yaml("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}") == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}


def test_broken_yaml_names_its_line():
    with pytest.raises(ApiError, match=r"error converting YAML to JSON: yaml: line \d+: .+"):
        codec.decode_yaml("a: b\n  c: d\n- e")


@given(st.text(max_size=60))
def test_no_yaml_text_does_more_than_a_400(text):
    try:
        codec.load_yaml_documents(text)
    except ApiError as error:
        assert error.code == 400


def test_media_types():
    assert codec.decode(b"{}", "application/json; charset=utf-8") == {}
    assert codec.decode(b"a: 1", "application/yaml") == {"a": 1}
    assert codec.decode_patch(b"[]", "application/json-patch+json") == ([], "json")
    for read in (codec.decode, codec.decode_patch):
        with pytest.raises(ApiError, match="unknown format|Unsupported Media Type") as caught:
            read(b"{}", "text/plain")
        assert caught.value.code == 415
