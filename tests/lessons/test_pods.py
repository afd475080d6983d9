"""The judges of 02_pods: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import copy

import pytest

from kubelearn import Cluster
from kubelearn.lessons import check, pods

READER = {"name": "reader", "image": "busybox:1.36", "command": ["sh", "-c", "sleep 2; wget -qO- http://localhost/; sleep 3600"]}
WEB = {"name": "web", "image": "nginx:1.25"}


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        yield made


def pair(*containers: dict) -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pair"}, "spec": {"containers": list(containers)}}


def again(cluster, **container: object) -> None:
    pod = copy.deepcopy(pods.CRASH)
    pod["spec"]["containers"][0].update(container)
    pods.start_crashing(cluster)
    cluster.delete("Pod", "reporter")
    cluster.run(40)
    cluster.apply(pod)


def test_the_missing_variable(cluster):
    again(cluster, env=[{"name": "GREETING", "value": "hello"}])
    assert check(pods.reporter_runs, cluster)


def test_the_wrong_variable(cluster):
    again(cluster, env=[{"name": "GREETINGS", "value": "hello"}])
    verdict = check(pods.reporter_runs, cluster)
    assert not verdict and "restarted" in verdict.text and "kubectl logs reporter" in verdict.text


def test_another_program(cluster):
    again(cluster, command=["sleep", "3600"])
    verdict = check(pods.reporter_runs, cluster)
    assert not verdict and "another program" in verdict.text


def test_two_that_talk(cluster):
    cluster.apply(pair(WEB, READER))
    assert check(pods.two_talk, cluster)


@pytest.mark.parametrize("containers, seen", [
    ([WEB], "has one container"),
    ([WEB, {**WEB, "name": "second"}], "container second does not run"),
    ([WEB, {**READER, "command": ["sleep", "3600"]}], "no container has logged")])
def test_pairs_that_do_not_talk(cluster, containers, seen):
    cluster.apply(pair(*containers))
    verdict = check(pods.two_talk, cluster)
    assert not verdict and seen in verdict.text


def test_pauses_double_from_ten_seconds(cluster):
    pods.start_crashing(cluster)
    cluster.run(200)
    waits = pods.back_off(cluster, "reporter")
    assert waits[0] < 2 and all(10 * 2 ** n <= wait <= 16 * 2 ** n for n, wait in enumerate(waits[1:4]))
