"""Laws of patches."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.api import patch, schema
from kubelearn.api.meta import share
from kubelearn.errors import ApiError

values = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "b"]),
                      lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=9)
objects = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)
DEPLOYMENT = schema.of_kind("apps/v1", "Deployment")


def without_nulls(value):
    return {k: without_nulls(v) for k, v in value.items() if v is not None} if isinstance(value, dict) else value


def merge_diff(old, new):
    """The merge patch from old to new."""
    patch = {key: None for key in old if key not in new}
    for key, value in new.items():
        both = isinstance(value, dict) and isinstance(old.get(key), dict)
        patch[key] = merge_diff(old[key], value) if both else value
    return patch


@given(objects, objects)
def test_the_merge_patch_of_a_difference_gives_the_new_object(old, new):
    old, new = without_nulls(old), without_nulls(new)
    assert patch.merge_patch(old, merge_diff(old, new)) == new


@given(objects)
def test_a_patch_that_changes_nothing_returns_the_old_object_itself(old):
    old = without_nulls(old)
    assert patch.merge_patch(old, old) is old
    assert patch.json_patch(old, [{"op": "test", "path": "", "value": old}]) is old


@given(values, values)
def test_sharing_changes_no_value(new, old):
    assert share(new, old) == new


def deployment(*containers):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
            "spec": {"template": {"spec": {"containers": list(containers)}}}}


def patched(old, *containers, **spec):
    return patch.strategic_merge_patch(DEPLOYMENT, old, {"spec": {"template": {"spec": {"containers": list(containers), **spec}}}})


def containers(obj):
    return obj["spec"]["template"]["spec"]["containers"]


def test_a_strategic_patch_merges_lists_by_their_key_and_shares_the_rest():
    old = deployment({"name": "web", "image": "nginx", "env": [{"name": "A", "value": "1"}]}, {"name": "side", "image": "busybox"})
    new = patched(old, {"name": "web", "env": [{"name": "B", "value": "2"}]})
    assert containers(new)[0]["env"] == [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]
    assert containers(new)[0]["image"] == "nginx" and containers(new)[1] is containers(old)[1] and new["metadata"] is old["metadata"]
    assert patched(old, {"name": "web", "image": "nginx"}) is old


def test_directives():
    old = deployment({"name": "a", "image": "x"}, {"name": "b", "image": "y"})
    assert [c["name"] for c in containers(patched(old, {"name": "a", "$patch": "delete"}))] == ["b"]
    assert containers(patched(old, {"$patch": "replace"}, {"name": "c", "image": "z"})) == [{"name": "c", "image": "z"}]
    order = [{"name": "b"}, {"name": "a"}]
    assert [c["name"] for c in containers(patched(old, **{"$setElementOrder/containers": order}))] == ["b", "a"]
    strategy = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    recreate = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert patch.strategic_merge_patch(DEPLOYMENT, strategy, recreate) == {"spec": {"strategy": {"type": "Recreate"}}}
    named = {"metadata": {"finalizers": ["a", "b"]}}
    pruned = patch.strategic_merge_patch(DEPLOYMENT, named, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}})
    assert pruned == {"metadata": {"finalizers": ["b"]}}


def test_atomic_lists_are_replaced_and_null_removes():
    old = deployment({"name": "a", "args": ["x", "y"], "image": "i"})
    new = containers(patched(old, {"name": "a", "args": ["z"], "image": None}))
    assert new == [{"name": "a", "args": ["z"]}]


OBJECT = "Go value of type map[string]interface {}"


@pytest.mark.parametrize("call, code, message", [
    (lambda: patch.strategic_merge_patch(DEPLOYMENT, {}, "x"), 400, f"json: cannot unmarshal string into {OBJECT}"),
    (lambda: patch.merge_patch({}, []), 400, f"error decoding patch: json: cannot unmarshal array into {OBJECT}"),
    (lambda: patch.json_patch({}, {}), 400,
     "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
    (lambda: patch.json_patch({}, [{"op": "remove", "path": "/a/b"}]), 422, patch.REFUSED),
    (lambda: patch.json_patch({"a": 1}, [{"op": "test", "path": "/a", "value": 2}]), 422, patch.REFUSED),
    (lambda: patch.json_patch({"a": 1}, [{"op": "sing"}]), 422, patch.REFUSED),
    (lambda: patched(deployment({"name": "a"}), {"image": "x"}), 500, "map: map[image:x] does not contain declared merge key: name"),
])
def test_errors_are_upstreams(call, code, message):
    with pytest.raises(ApiError) as caught:
        call()
    assert (caught.value.code, caught.value.message) == (code, message)
