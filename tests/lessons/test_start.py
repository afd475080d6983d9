"""The judges of 00_start: the solution passes, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.lessons import start
from kubelearn.lessons.check import Wrong, check

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.25"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
"""


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        made.apply(WEB % 3)
        made.run(10)
        yield made


def test_five_pods(cluster):
    cluster.apply(WEB % 5)
    assert check(start.five_pods_answer, cluster)


def test_too_few_pods(cluster):
    cluster.apply(WEB % 4)
    with pytest.raises(Wrong, match="4 Pods of web are ready, not 5"):
        start.five_pods_answer(cluster)


def test_five_pods_without_their_service(cluster):
    cluster.patch("Deployment", "web", {"spec": {"replicas": 5}})
    cluster.delete("Service", "web")
    verdict = check(start.five_pods_answer, cluster)
    assert not verdict and "is the Service still there" in verdict.text


def test_five_pods_by_hand_instead_of_by_the_deployment(cluster):
    for name in ("web-4", "web-5"):
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
                       "spec": {"containers": [{"name": "nginx", "image": "nginx:1.25"}]}})
    verdict = check(start.five_pods_answer, cluster)
    assert not verdict and "kubectl scale" in verdict.text


def test_the_repaired_greeter(cluster):
    start.break_it(cluster)
    cluster.apply(_with_image("hashicorp/http-echo:1.0.0"))
    assert check(start.greeter_answers, cluster)


@pytest.mark.parametrize("image, seen", [("hashicorp/http-echo:1.3", "kubectl describe pod"), ("nginx:1.25", "another program")])
def test_a_greeter_with_another_wrong_image(cluster, image, seen):
    start.break_it(cluster)
    cluster.apply(_with_image(image))
    verdict = check(start.greeter_answers, cluster)
    assert not verdict and "nobody answers" in verdict.text and seen in verdict.text


def test_a_greeter_that_says_something_else(cluster):
    start.break_it(cluster)
    obj = _with_image("hashicorp/http-echo:1.0.0")
    obj["spec"]["template"]["spec"]["containers"][0]["args"] = ["-text=bye", "-listen=:5678"]
    cluster.apply(obj)
    assert "says 'bye'" in check(start.greeter_answers, cluster).text


def _with_image(image: str) -> dict:
    container = {**start.BROKEN["spec"]["template"]["spec"]["containers"][0], "image": image}
    template = {**start.BROKEN["spec"]["template"], "spec": {"containers": [container]}}
    return {**start.BROKEN, "spec": {**start.BROKEN["spec"], "template": template}}
