"""Only the HTTP edge moves times, in both directions, and only what the schema calls a time."""
import json

from hypothesis import given
from hypothesis import strategies as st

from kubelearn.api.resources import Resources
from kubelearn.apiserver import timestamps
from kubelearn.apiserver.timestamps import Templates, inbound, inbound_json_patch, of_resource, template

TEXT = "2026-01-01T00:00:05Z"
RESOURCES = Resources()
PODS, EVENTS = of_resource(RESOURCES.find("pods")), of_resource(RESOURCES.find("events"))
POD = {"apiVersion": "v1", "kind": "Pod",
       "metadata": {"name": "web", "creationTimestamp": TEXT, "annotations": {"at": TEXT}, "labels": {"NaN": '":NaN,'}},
       "spec": {"containers": [{"name": "c", "args": [TEXT, "NaN", ":NaN"]}]},
       "status": {"startTime": TEXT, "conditions": [{"type": "Ready", "lastProbeTime": None, "lastTransitionTime": TEXT}],
                  "containerStatuses": [{"name": "c", "state": {"running": {"startedAt": TEXT}}}]}}


def test_every_time_of_the_schema_moves_and_no_text_of_the_user_s():
    shown = json.loads(template(POD, PODS).render(60.25))
    assert shown["metadata"]["creationTimestamp"] == shown["status"]["startTime"] == "2026-01-01T00:01:05.250000Z"
    assert shown["status"]["conditions"][0] == {"type": "Ready", "lastProbeTime": None, "lastTransitionTime": "2026-01-01T00:01:05.250000Z"}
    assert shown["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] == "2026-01-01T00:01:05.250000Z"
    assert shown["metadata"]["annotations"] == {"at": TEXT}
    assert shown["spec"] == POD["spec"]
    assert shown["metadata"]["labels"] == POD["metadata"]["labels"]


def test_without_a_shift_the_json_is_the_object_s_own():
    assert json.loads(template(POD, PODS).render(0)) == POD


@given(st.integers(-10**12, 10**12), st.integers(0, 10**9))
def test_what_comes_back_is_what_was_stored(milliseconds, second):
    """Exactly as shown, or with its fraction cut off by the client: the stored second comes back."""
    shift = milliseconds / 1000
    stored = timestamps._moved(TEXT, float(second))
    shown = timestamps._moved(stored, shift)
    cut = shown.partition(".")[0].removesuffix("Z") + "Z"
    for text in (shown, cut):
        assert inbound({"metadata": {"creationTimestamp": text}}, PODS, shift)["metadata"]["creationTimestamp"] == stored


def test_micro_times_keep_their_six_digits():
    event = {"eventTime": "2026-01-01T00:00:05.123456Z", "metadata": {}}
    shown = json.loads(template(event, EVENTS).render(1.5))
    assert shown["eventTime"] == "2026-01-01T00:00:06.623456Z"
    assert inbound(shown, EVENTS, 1.5) == event


def test_what_is_no_time_stays_for_validation_to_refuse():
    body = {"metadata": {"creationTimestamp": "yesterday", "deletionTimestamp": 7}}
    assert inbound(body, PODS, 10.0) == body


def test_the_values_of_a_json_patch_move_by_their_paths():
    patch = [{"op": "replace", "path": "/status/conditions/0/lastTransitionTime", "value": "2026-01-01T00:01:00Z"},
             {"op": "add", "path": "/metadata/annotations/at", "value": TEXT}, {"op": "remove", "path": "/status"}]
    assert inbound_json_patch(patch, PODS, 55.0) == [{**patch[0], "value": TEXT}, *patch[1:]]


def test_json_is_made_once_for_each_stored_object():
    made = []
    templates = Templates(kept=8)
    for _ in range(3):
        templates.of(POD, PODS, "counted", lambda obj: made.append(1) or obj)
    assert made == [1]
    for number in range(20):
        templates.of({**POD, "spec": {"nodeName": str(number)}}, PODS)
    assert len(templates._known) <= 8


def test_a_time_that_is_only_read_has_no_fraction():
    assert json.loads(template([timestamps.Hole(TEXT, whole=True)], None).render(60.25)) == ["2026-01-01T00:01:05Z"]
