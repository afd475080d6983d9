"""The judges of 05_services: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import copy

import pytest

from kubelearn import Cluster
from kubelearn.lessons import begin, ingress, traffic
from kubelearn.lessons import services as judges
from kubelearn.lessons.begin import end
from kubelearn.lessons.check import check


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        yield made


SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "guestbook"}, "spec": {
    "type": "NodePort", "selector": {"app": "guestbook"}, "ports": [{"port": 80, "targetPort": 8080, "nodePort": 30090}]}}


def served(cluster, port: dict | None = None, **spec):
    judges.guestbook(cluster)
    made = copy.deepcopy(SERVICE)
    made["spec"].update(spec)
    if port:
        made["spec"]["ports"] = [port]
    cluster.apply(made)
    return check(judges.reached_from_outside, cluster)


def test_a_node_port_opens_it(cluster):
    assert served(cluster)


@pytest.mark.parametrize("port, spec, seen, hint", [
    ({"port": 80, "nodePort": 30090}, {}, "nobody answers http://guestbook/", "that is `targetPort`"),
    ({"port": 8080, "nodePort": 30090}, {}, "nobody answers http://guestbook/", "that is `port`"),
    ({"port": 80, "targetPort": 8080}, {"type": "ClusterIP"}, "no node answers at port 30090", "NodePort"),
    (None, {"selector": {"app": "guest"}}, "nobody answers", "does the selector fit"),
    (None, {"externalTrafficPolicy": "Local"}, "does not answer at port 30090", "only where a Pod runs"),
])
def test_a_service_with_one_mistake(cluster, port, spec, seen, hint):
    verdict = served(cluster, port, **spec)
    assert not verdict and seen in verdict.text and hint in verdict.text


def test_another_application_behind_the_name(cluster):
    cluster.apply(judges.application("web"))
    verdict = served(cluster, selector={"app": "web"})
    assert not verdict and "http://guestbook/ is answered by web-" in verdict.text and "nothing more" in verdict.text


def test_without_a_service(cluster):
    judges.guestbook(cluster)
    assert "not found" in check(judges.reached_from_outside, cluster).text


def repair(cluster, *names: str) -> None:
    """Makes these anew, without their mistakes."""
    for name in names:
        for kind in ("Deployment", "Service"):
            cluster.delete(kind, name)
    cluster.run(10)
    for name in names:
        cluster.apply(judges.application(name))
        cluster.apply(judges.service(name, 8080))
    cluster.run(20)


def test_five_are_broken_and_can_be_repaired(cluster):
    judges.five_broken(cluster)
    assert not [name for name in judges.CAUSES if traffic.ask(cluster, f"http://{name}/")[0].status]
    repair(cluster, *judges.CAUSES)
    assert check(judges.five_reached, cluster, dict(judges.CAUSES))


@pytest.mark.parametrize("left", judges.CAUSES)
def test_each_of_the_five_counts(cluster, left):
    judges.five_broken(cluster)
    repair(cluster, *(name for name in judges.CAUSES if name != left))
    verdict = check(judges.five_reached, cluster, dict(judges.CAUSES))
    assert not verdict and f"http://{left}/ cannot be reached" in verdict.text and judges.HINTS[left] in verdict.text


def test_a_name_that_leads_to_another_application(cluster):
    judges.five_broken(cluster)
    repair(cluster, *judges.CAUSES)
    cluster.patch("Service", "red", {"spec": {"selector": {"app": "green"}}})
    verdict = check(judges.five_reached, cluster, dict(judges.CAUSES))
    assert not verdict and "http://red/ is answered by green-" in verdict.text


def test_a_wrong_diagnosis(cluster):
    judges.five_broken(cluster)
    verdict = check(judges.five_reached, cluster, {**judges.CAUSES, "gold": "targetPort"})
    assert not verdict and "cause for gold" in verdict.text and "127.0.0.1" in verdict.text


def rule(path: str, service: str, kind: str = "Prefix") -> dict:
    return {"path": path, "pathType": kind, "backend": {"service": {"name": service, "port": {"number": 80}}}}


def test_an_ingress_leads_by_host_and_longest_path():
    found = [{"metadata": {"namespace": "default"}, "spec": {"rules": [
        {"host": "shop.example", "http": {"paths": [rule("/", "web"), rule("/api", "api"), rule("/api/v1", "old", "Exact")]}}]}}]
    asked = {"/": "web", "/apis": "web", "/api": "api", "/api/v2": "api", "/api/v1": "old", "/api/v1/x": "api"}
    assert {path: ingress.backend(found, "shop.example", path)[0] for path in asked} == {
        path: f"{name}.default" for path, name in asked.items()}
    assert ingress.backend(found, "other.example", "/") is None


def test_an_ingress_does_nothing_without_its_controller(cluster):
    cluster.apply(judges.application("web"))
    cluster.apply(judges.service("web", 8080))
    cluster.apply({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "site"},
                   "spec": {"rules": [{"http": {"paths": [rule("/", "web")]}}]}})
    cluster.run(30)
    assert not cluster.get("Ingress", "site")["status"].get("loadBalancer")
    judges.ingress_controller(cluster)
    assert cluster.get("Ingress", "site")["status"]["loadBalancer"]["ingress"] == [{"ip": "10.99.0.2"}]
    assert traffic.ask(cluster, "http://tiny-ingress/")[0].body.startswith("web-")


def test_a_cloud_gives_an_address(cluster):
    cluster.apply({**judges.service("public"), "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})
    assert judges.cloud_address(cluster, "public").startswith("203.0.113.")


def test_names_and_addresses_answer_where_they_should():
    """What the lesson's buttons ask: names by namespace, a node's port in the cluster, and nothing of it at another port."""
    cluster = begin()
    try:
        judges.guestbook(cluster)
        cluster.apply(SERVICE)
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        for namespace in ("default", "shop"):
            cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "client", "namespace": namespace}, "spec": {
                "containers": [{"name": "main", "image": "curlimages/curl:8.16.0", "command": ["sleep", "36000"]}]}})
        cluster.run(20)
        urls = judges.addresses(cluster, "guestbook")
        assert all("✔ guestbook-" in judges.asked("a Pod", urls[name]) for name in list(urls)[:-1])
        assert "✖ curl: (6)" in judges.asked("a Pod of namespace shop", urls["http://guestbook"])
        assert "✔ guestbook-" in judges.asked("a Pod of namespace shop", urls["http://guestbook.default"])
        assert judges.asked("a Pod", urls["localhost's port"]).startswith("$ kubectl exec client -- curl -sSf -m 2 http://localhost:30090\n✖")
    finally:
        end(cluster)
