"""Laws of server-side apply."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.api import fieldset, patch, schema, typed
from kubelearn.api.apply import after_write, apply, managed_fields
from kubelearn.errors import ApiError

MAP, DEPLOYMENT = schema.of_kind("v1", "ConfigMap"), schema.of_kind("apps/v1", "Deployment")
data = st.dictionaries(st.sampled_from("wxyz"), st.sampled_from("12"))


def config(**values):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": values}


class Store:
    """One object and its managers."""

    def __init__(self, schema, manager, first):
        self.schema, self.live = schema, first
        self.managers = after_write(schema, None, first, [], manager, "Apply", first)

    def apply(self, manager, wanted, force=False):
        new, _ = apply(self.schema, self.live, wanted, manager, self.managers, force)
        self.managers = after_write(self.schema, self.live, new, self.managers, manager, "Apply", wanted)
        self.live = new
        return new

    def fields(self, manager):
        return next((m.fields for m in self.managers if m.name == manager), {})


@given(data, data, data)
def test_who_applies_gets_what_he_wants_and_no_longer_what_he_dropped(first, second, third):
    store = Store(MAP, "alice", config(**first))
    store.apply("bob", config(**second), force=True)
    assert store.apply("bob", config(**third), force=True).get("data", {}).items() >= third.items()
    alices = {key[2:] for key in store.fields("alice").get("f:data", {})}
    assert set(store.live.get("data", {})) == set(third) | alices


@given(data, data)
def test_sets_of_fields_are_sets(a, b):
    a, b = fieldset.field_set(MAP, config(**a)), fieldset.field_set(MAP, config(**b))
    assert fieldset.union(fieldset.difference(a, b), fieldset.intersection(a, b)) == a
    assert fieldset.intersection(a, b) == fieldset.intersection(b, a)


def test_anothers_value_is_a_conflict_unless_forced():
    store = Store(MAP, "alice", config(x="1", y="2"))
    with pytest.raises(ApiError) as caught:
        store.apply("bob", config(x="5"))
    assert (caught.value.code, caught.value.message) == (409, 'Apply failed with 1 conflict: conflict with "alice": .data.x')
    assert caught.value.details["causes"][0] == {"reason": "FieldManagerConflict", "message": 'conflict with "alice"', "field": ".data.x"}
    store.apply("bob", config(x="1"))
    store.apply("bob", config(x="5"), force=True)
    assert store.fields("alice") == {"f:data": {"f:y": {}}} and store.fields("bob") == {"f:data": {"f:x": {}}}


def test_who_updates_a_field_is_named_with_his_version():
    container = {"name": "c", "image": "nginx", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80}]}
    wanted = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
              "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                       "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}}}
    store = Store(DEPLOYMENT, "alice", wanted)
    store.live = DEPLOYMENT.default(store.live)
    change = {"spec": {"template": {"spec": {"containers": [{"name": "c", "env": [{"name": "A", "value": "2"}]}]}}}}
    new = patch.strategic_merge_patch(DEPLOYMENT, store.live, change)
    store.managers, store.live = after_write(DEPLOYMENT, store.live, new, store.managers, "kubectl-set", time="t"), new
    with pytest.raises(ApiError) as caught:
        store.apply("alice", wanted)
    assert caught.value.message == ('Apply failed with 1 conflict: conflict with "kubectl-set" using apps/v1: '
                                    '.spec.template.spec.containers[name="c"].env[name="A"].value')
    assert managed_fields(store.managers)[-1]["fieldsV1"] == {"f:spec": {"f:template": {"f:spec": {"f:containers": {
        'k:{"name":"c"}': {"f:env": {'k:{"name":"A"}': {"f:value": {}}}}}}}}}


def test_a_list_item_that_is_dropped_goes_with_its_defaults():
    def wanted(*names):
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
                "spec": {"containers": [{"name": name, "image": "i", "ports": [{"containerPort": 80}]} for name in names]}}
    store = Store(schema.of_kind("v1", "Pod"), "alice", wanted("a", "b"))
    store.live = store.schema.default(store.live)
    new = store.apply("alice", wanted("b", "c"))
    assert [c["name"] for c in new["spec"]["containers"]] == ["b", "c"]
    assert new["spec"]["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]


def deployment(**spec):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "q"}, "spec": spec}


@pytest.mark.parametrize("config, text", [
    (deployment(replicas="x", colour=1),
     "errors:\n  .spec.replicas: expected numeric (int or float), got string\n  .spec.colour: field not declared in schema"),
    (deployment(paused=1), ".spec.paused: expected boolean, got &{1}"),
    (deployment(template={"spec": {"containers": {"a": 1}}}), ".spec.template.spec.containers: expected list, got &{map[a:1]}"),
    (deployment(template={"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}, {"containerPort": 80}]}]}}),
     '.spec.template.spec.containers[name="c"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]'),
])
def test_what_does_not_fit_its_schema_cannot_be_applied(config, text):
    with pytest.raises(ApiError) as caught:
        typed.check(DEPLOYMENT, config, "alice")
    assert caught.value.code == 500
    assert caught.value.message == f"failed to create typed patch object (/q; apps/v1, Kind=Deployment): {text}"


def test_an_applier_has_a_name():
    with pytest.raises(ApiError, match="fieldManager: Required value: is required for apply patch"):
        typed.check(MAP, config(), "")
