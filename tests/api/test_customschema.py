"""Laws of custom resources' schemas. The texts are a real server's own."""
import pytest

from kubelearn.api import customschema
from kubelearn.api.fieldset import field_set
from kubelearn.api.findings import Findings
from kubelearn.errors import ApiError

STRUCTURE = {"type": "object", "required": ["spec"], "properties": {"spec": {"type": "object", "required": ["cron"], "properties": {
    "cron": {"type": "string", "pattern": "^[0-9 *]+$", "maxLength": 8},
    "replicas": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
    "policy": {"type": "string", "enum": ["A", "B"]},
    "port": {"x-kubernetes-int-or-string": True},
    "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set", "maxItems": 2},
    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}},
    "nested": {"type": "object", "default": {}, "properties": {"a": {"type": "string", "default": "x"}}},
    "either": {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "string"}},
               "oneOf": [{"required": ["x"]}, {"required": ["y"]}]},
    "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": {
        "type": "object", "properties": {"name": {"type": "string"}, "v": {"type": "integer"}}}}}}}}
DEFINITION = {"spec": {"names": {"kind": "Widget"}}}
WIDGET = customschema.compile(DEFINITION, {"name": "v1", "schema": {"openAPIV3Schema": STRUCTURE}})


def widget(**spec):
    return {"apiVersion": "e.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"cron": "1", **spec}}


def complaints(obj):
    found = Findings()
    WIDGET.check(obj, None, found)
    return [str(error) for error in found]


@pytest.mark.parametrize("spec, found", [
    ({}, []), ({"free": {"any": [1]}, "map": {"a": 1}, "port": "http"}, []),
    ({"cron": "abc"}, ['spec.cron: Invalid value: "abc": spec.cron in body should match \'^[0-9 *]+$\'']),
    ({"cron": "1" * 9}, ["spec.cron: Too long: may not be more than 8 bytes"]),
    ({"cron": 5}, ['spec.cron: Invalid value: "integer": spec.cron in body must be of type string: "integer"']),
    ({"replicas": 0}, ["spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1"]),
    ({"policy": "C"}, ['spec.policy: Unsupported value: "C": supported values: "A", "B"']),
    ({"port": True}, ['spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"']),
    ({"tags": ["a", "a"]}, ['spec.tags[1]: Duplicate value: "a"']),
    ({"tags": list("abc")}, ["spec.tags: Too many: 3: must have at most 2 items"]),
    ({"items": [{"name": "a"}, {"name": "a"}]}, ['spec.items[1]: Duplicate value: {"name":"a"}']),
    ({"either": {"x": "1", "y": "2"}},
     ['<nil>: Invalid value: "": "spec.either" must validate one and only one schema (oneOf). Found 2 valid alternatives']),
])
def test_what_is_wrong_is_said_in_upstreams_words(spec, found):
    assert complaints(widget(**spec)) == found


def test_what_is_required_and_missing():
    assert complaints({**widget(), "spec": {}}) == ["spec.cron: Required value"]
    assert complaints({"metadata": {}}) == ["spec: Required value"]


def test_unknown_fields_are_pruned_and_named_but_where_they_are_kept():
    decoded, complaints = WIDGET.decode({**widget(colour="red", free={"x": 1}, nested={"z": 1}), "extra": 1})
    assert complaints == ['unknown field "spec.colour"', 'unknown field "spec.nested.z"', 'unknown field "extra"']
    assert decoded == widget(free={"x": 1}, nested={})
    assert WIDGET.decode(decoded)[0] is decoded


def test_defaults_are_filled_once_and_share_the_rest():
    new = WIDGET.default(widget(free={"x": 1}))
    assert new["spec"]["replicas"] == 1 and new["spec"]["nested"] == {"a": "x"}
    assert WIDGET.default(new) is new and WIDGET.default({**new, "status": {}}, new)["spec"] is new["spec"]


def test_metadata_is_that_of_every_kind():
    with pytest.raises(ApiError, match='Widget in version "v1" cannot be handled as a Widget: json: cannot unmarshal number into'):
        WIDGET.decode({**widget(), "metadata": {"labels": {"a": 1}}})
    assert WIDGET.decode({**widget(), "metadata": {"name": "w", "foo": 1}})[1] == ['unknown field "metadata.foo"']


def test_lists_are_owned_item_by_item_as_their_type_says():
    fields = field_set(WIDGET, widget(items=[{"name": "a", "v": 1}], tags=["t"]))["f:spec"]
    assert fields["f:items"] == {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:v": {}}} and fields["f:tags"] == {'v:"t"': {}}
