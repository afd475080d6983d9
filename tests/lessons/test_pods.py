"""The judges of 02_pods: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest
import yaml

from kubelearn import Cluster
from kubelearn.lessons import check, pods

READER = {"name": "reader", "image": "busybox:1.36", "command": ["sh", "-c", "sleep 2; wget -qO- http://localhost/; sleep 3600"]}
WEB = {"name": "web", "image": "nginx:1.25"}


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        yield made


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def pair(*containers: dict) -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pair"}, "spec": {"containers": list(containers)}}


def again(cluster, **container: object) -> None:
    pod = yaml.safe_load(pods.REPORTER)
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


def test_an_image_that_cannot_be_pulled(cluster):
    again(cluster, image="busybox:1.36-typo")
    assert not check(pods.reporter_runs, cluster)


@pytest.mark.parametrize(("policy", "code", "seen", "restarted"), [
    ("Always", 0, "Completed", True), ("OnFailure", 0, "Completed", False), ("OnFailure", 1, "Error", True), ("Never", 1, "Error", False)])
def test_a_restart_policy_decides_what_follows_an_end(policy, code, seen, restarted):
    alt = pods.two_minutes(policy, code).alt
    assert seen in alt and ("restarted" in alt) is restarted


def test_most_pods_of_the_course_have_one_container():
    counts = pods.containers_of_lessons()
    assert counts.total() > 30 and counts[2] and counts[1] > 0.8 * counts.total()


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
