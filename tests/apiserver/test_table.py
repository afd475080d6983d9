"""Tables say what kubectl get prints of a real server."""
import time

import pytest

from kubelearn.api import data
from kubelearn.api.resources import Resource, Resources
from kubelearn.apiserver import jsonpath, podcells, table
from kubelearn.apiserver.cells import human_duration
from kubelearn.apiserver.timestamps import Hole

RESOURCES = Resources()
PRINTERS = {key: dict(lines) for key, lines in data.sections("printers").items()}
NOW = "2026-01-01T00:00:00Z"


def row(word: str, obj: dict, now: float = 0.0) -> list:
    obj = {**obj, "metadata": {"name": "x", "creationTimestamp": NOW, **obj.get("metadata", {})}}
    return table.cells(RESOURCES.find(word), obj, now)


def pod(*containers: dict, phase: str = "Running", init: tuple = (), spec: dict | None = None, **metadata) -> dict:
    """A pod whose containers are given by their statuses."""
    named = [{"name": str(i), "ready": False, "restartCount": 0, **c} for i, c in enumerate(containers)]
    inits = [{"name": f"i{i}", "ready": False, "restartCount": 0, **c} for i, c in enumerate(init)]
    return {"metadata": metadata, "spec": {"containers": [{"name": c["name"]} for c in named],
                                           "initContainers": [{"name": c["name"]} for c in inits], **(spec or {})},
            "status": {"phase": phase, "containerStatuses": named, "initContainerStatuses": inits,
                       "conditions": [{"type": "Ready", "status": "True" if all(c["ready"] for c in named) else "False"}]}}


RUNNING = {"ready": True, "state": {"running": {}}}
DONE = {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
FAILED = {"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
WAITING = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}


@pytest.mark.parametrize(("subject", "ready", "status"), [
    (pod(RUNNING), "1/1", "Running"),
    (pod(RUNNING, WAITING), "1/2", "CrashLoopBackOff"),
    (pod(DONE, phase="Succeeded"), "0/1", "Completed"),
    (pod(RUNNING, DONE), "1/2", "NotReady"),
    (pod(DONE, FAILED, phase="Failed"), "0/2", "Error"),
    (pod({"state": {"terminated": {"exitCode": 137, "signal": 9}}}), "0/1", "Signal:9"),
    (pod({"state": {"waiting": {"reason": "PodInitializing"}}}, phase="Pending", init=({"state": {"running": {}}},)), "0/1", "Init:0/1"),
    (pod({}, phase="Pending", init=(DONE, FAILED)), "0/1", "Init:Error"),
    (pod({}, phase="Pending", init=(WAITING,)), "0/1", "Init:CrashLoopBackOff"),
    (pod(RUNNING, deletionTimestamp=NOW), "1/1", "Terminating"),
    (pod(DONE, phase="Succeeded", deletionTimestamp=NOW), "0/1", "Completed"),
    (pod(phase="Pending"), "0/0", "Pending"),
])
def test_what_a_pod_s_containers_make_of_its_status(subject, ready, status):
    assert (podcells.ready(subject), podcells.status(subject)) == (ready, status)


def test_restarts_say_when_the_last_one_was():
    again = {**RUNNING, "restartCount": 3, "lastState": {"terminated": {"finishedAt": NOW}}}
    assert row("pods", pod(again), now=125.0)[3:5] == ["3 (2m5s ago)", "2m5s"]


@pytest.mark.parametrize(("seconds", "text"), [
    (-5, "<invalid>"), (0.9, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (600, "10m"), (10_799, "179m"), (10_800, "3h"),
    (11_100, "3h5m"), (28_800, "8h"), (172_799, "47h"), (172_800, "2d"), (180_000, "2d2h"), (8 * 86_400, "8d"), (800 * 86_400, "2y70d"),
])
def test_ages_have_kubectl_s_precision(seconds, text):
    assert human_duration(seconds) == text


def test_simple_columns_are_data():
    service = {"spec": {"type": "NodePort", "clusterIPs": ["10.0.0.1"], "selector": {"a": "b"},
                        "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]}}
    assert row("svc", service) == ["x", "NodePort", "10.0.0.1", "<none>", "80:30080/TCP,53/UDP", "0s", "a=b"]
    assert row("deploy", {"spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "c", "image": "nginx"}]}},
                                   "selector": {"matchLabels": {"a": "b"}}}, "status": {"readyReplicas": 2}}) == [
        "x", "2/3", "0", "0", "0s", "c", "nginx", "a=b"]
    assert row("cm", {"data": {"a": "1"}, "binaryData": {"b": "Mg=="}}) == ["x", 2, "0s"]


def test_a_creation_time_is_left_for_the_edge_to_move():
    assert isinstance(row("limits", {})[1], Hole)


@pytest.mark.parametrize("key", list(PRINTERS))
def test_every_printer_fills_columns_that_exist_and_every_column_is_filled(key):
    columns = {column[0] for column in data.columns().get(key) or table.OTHERS["Scale"]}
    assert set(PRINTERS[key]) <= columns | {"Selector"}
    assert columns - {"Name", "Age", "Created At"} <= set(PRINTERS[key])


def test_a_half_empty_object_still_has_a_row():
    for resource in RESOURCES:
        assert table.cells(resource, {"metadata": {}}, 0.0) is not None


def test_a_custom_resource_brings_its_own_columns():
    columns = [{"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec"},
               {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
               {"name": "Since", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
               {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status', "priority": 1}]
    definition = {"spec": {"versions": [{"name": "v1", "additionalPrinterColumns": columns}]}}
    crontab = Resource("stable.example.com", "v1", "crontabs", "crontab", "CronTab", True, definition=definition)
    obj = {"metadata": {"name": "x", "creationTimestamp": NOW}, "spec": {"cronSpec": "* * * * *", "replicas": 2},
           "status": {"conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}]}}
    assert table.cells(crontab, obj, 60.0) == ["x", "* * * * *", 2, "60s", "True"]
    assert table.cells(crontab, {"metadata": {"name": "y"}, "spec": {"replicas": "two"}}, 0.0) == ["y", None, None, None, None]
    assert [c["name"] for c in table.definitions(crontab)] == ["Name", "Spec", "Replicas", "Since", "Ready"]


@pytest.mark.parametrize(("path", "found"), [
    (".a.b", [1]), (".list[0].n", ["x"]), (".list[*].n", ["x", "y"]), (".list[-1].n", ["y"]), (".a['c.d']", [2]), (r".a.c\.d", [2]),
    ('.list[?(@.n=="y")].v', [5]), (".list[?(@.v>4)].n", ["y"]), (".nothing.here", []), ("{.a.b}", [1]),
])
def test_json_paths(path, found):
    value = {"a": {"b": 1, "c.d": 2}, "list": [{"n": "x", "v": 3}, {"n": "y", "v": 5}]}
    assert jsonpath.compile(path)(value) == found


def test_a_thousand_rows_take_a_fraction_of_what_a_client_would_notice():
    subjects = [{**pod(RUNNING), "metadata": {"name": f"p{i}", "creationTimestamp": NOW}} for i in range(1000)]
    begin = time.perf_counter()
    for subject in subjects:
        table.cells(RESOURCES.find("pods"), subject, 60.0)
    assert time.perf_counter() - begin < 0.5
