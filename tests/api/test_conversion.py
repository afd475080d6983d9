"""Laws of API versions: what is written in one is read in another, and comes back."""
from kubelearn.api.conversion import from_stored, to_stored
from kubelearn.api.resources import Resources

RESOURCES = Resources()
V1, V2 = (RESOURCES.by_path("autoscaling", version, "horizontalpodautoscalers") for version in ("v1", "v2"))
EVENT, NEW_EVENT = RESOURCES.by_kind("v1", "Event"), RESOURCES.by_kind("events.k8s.io/v1", "Event")


def test_the_first_version_is_stored():
    assert RESOURCES.stored(V1) is RESOURCES.stored(V2) is V2 and RESOURCES.stored(NEW_EVENT) is EVENT


def test_an_autoscaler_of_v1_is_one_of_v2_and_comes_back():
    old = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
           "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 60}, "status": {"desiredReplicas": 1}}
    new = to_stored(V1, V2, old)
    target = {"type": "Utilization", "averageUtilization": 60}
    assert new["apiVersion"] == "autoscaling/v2"
    assert new["spec"]["metrics"] == [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    assert from_stored(V1, new) == old and from_stored(V2, new) is new


def test_what_the_older_version_has_no_field_for_is_not_lost():
    spec = {"maxReplicas": 3, "behavior": {"scaleUp": {"selectPolicy": "Max"}}, "metrics": [
        {"type": "Pods", "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "1"}}}]}
    obj = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": spec, "status": {}}
    assert to_stored(V1, V2, from_stored(V1, obj)) == obj


def test_events_are_renamed():
    new = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"}, "note": "n", "regarding": {"name": "p"},
           "reportingController": "c", "reason": "R"}
    stored = to_stored(NEW_EVENT, EVENT, new)
    assert (stored["message"], stored["involvedObject"], stored["reportingComponent"]) == ("n", {"name": "p"}, "c")
    assert EVENT.schema.decode(stored)[1] == [] and from_stored(NEW_EVENT, stored) == new
