"""Laws of the small helpers."""
from kubelearn.api import meta

POD = {"metadata": {"name": "a", "namespace": "n"}, "spec": {"x": 1}, "status": {"phase": "Pending"}}


def test_replace_shares_what_is_off_the_path_and_changes_nothing():
    new = meta.replace(POD, ("status", "phase"), "Running")
    assert POD["status"]["phase"] == "Pending" and new["status"]["phase"] == "Running"
    assert new["spec"] is POD["spec"] and new["metadata"] is POD["metadata"]
    assert meta.replace(new, ("status", "phase"), None)["status"] == {}
    assert meta.replace(POD, ("a", "b"), 1)["a"] == {"b": 1}


def test_a_condition_keeps_its_time_until_its_status_changes():
    first = meta.set_condition([], {"type": "Ready", "status": "False"}, "t1")
    again = meta.set_condition(first, {"type": "Ready", "status": "False", "reason": "R"}, "t2")
    changed = meta.set_condition(again, {"type": "Ready", "status": "True"}, "t3")
    assert [c[0]["lastTransitionTime"] for c in (first, again, changed)] == ["t1", "t1", "t3"]
    assert meta.set_condition(changed, {"type": "Ready", "status": "True"}, "t4") is changed
    assert meta.condition_is({"status": {"conditions": changed}}, "Ready")


def test_owner():
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "r", "uid": "u"}}
    pod = meta.replace(POD, ("metadata", "ownerReferences"), [meta.owner_reference(owner, controller=False), meta.owner_reference(owner)])
    assert meta.owner_of(pod)["controller"] and meta.owner_of(POD) is None and meta.key_of(POD) == "n/a"
