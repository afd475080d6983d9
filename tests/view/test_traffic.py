"""The traffic picture over a change: it counts what the change itself saw, and names who asks and who is not asked."""
import pytest

from kubelearn.cluster import Cluster
from kubelearn.lessons import deployments, traffic
from kubelearn.view import draw
from kubelearn.view.drawing import changes

from .conftest import ready, web

BUSY = {"exec": {"command": ["sh", "-c", "! test -e /tmp/busy"]}, "periodSeconds": 1}


@pytest.fixture(scope="module")
def asked():
    """30 requests; then one of three pods is asked for nothing more, and 20 requests follow."""
    with Cluster(nodes=3, serve=False) as cluster:
        cluster.apply(web())
        cluster.apply(deployments.service("web"))
        cluster.run(until=lambda: ready(cluster), limit=60)
        traffic.ask(cluster, "http://web/", 30, every=0.1)
        cluster.run(10)
        cluster.before = cluster.revision
        cluster.apply(web(replicas=2))
        cluster.run(40)
        traffic.ask(cluster, "http://web/", 20, every=0.1)
        yield cluster


def test_a_player_counts_the_connections_of_its_change(asked):
    last = changes(asked, since=asked.before, what="traffic", service="web")[-1]
    assert "node-1 to web: 20" in last.graph.alt and last.what == "20 connections so far"
    assert "node-1 to web: 50" in draw(asked, "traffic", service="web").alt


def test_a_pod_that_is_not_ready_is_named_as_getting_none():
    probed = deployments.deployment("web", "nginx:1.25", 3, readinessProbe=BUSY)
    with Cluster(nodes=3, serve=False) as cluster:
        cluster.apply(probed)
        cluster.apply(deployments.service("web"))
        cluster.run(until=lambda: deployments.is_complete(cluster, "web"), limit=60)
        pod, before = cluster.get("Pod")[0], cluster.revision
        containers = cluster.nodes[pod["spec"]["nodeName"]].runtime.containers.values()
        busy = next(c for c in containers if c.sandbox.pod["metadata"]["uid"] == pod["metadata"]["uid"])
        busy.files.write("/tmp/busy", b"")
        cluster.run(10)
        traffic.ask(cluster, "http://web/", 20)
        last = changes(cluster, since=before, what="traffic", service="web")[-1]
    assert last.what == f"20 connections so far; {pod['metadata']['name']} got none: not in the endpoints"


def test_pods_that_a_service_selects_no_longer_are_not_said_to_be_gone():
    with Cluster(nodes=3, serve=False) as cluster:
        for track in ("blue", "green"):
            deployments.version(cluster, track, 1)
        cluster.apply(deployments.service("shop") | {"spec": {"selector": {"track": "blue"}, "ports": [{"port": 80, "targetPort": 5678}]}})
        cluster.run(5)
        before = cluster.revision
        cluster.patch("Service", "shop", {"spec": {"selector": {"track": "green"}}})
        frames = changes(cluster, since=before, what="traffic", service="shop")
    left = [card.name for frame in frames for card in frame.graph.cards if card.free]
    assert any(name.startswith("shop-blue-") and name.endswith(" is not selected") for name in left)


def test_a_client_of_another_namespace_is_told_apart(asked):
    """Two pods of one name are two clients."""
    asked.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    for namespace in ("default", "shop"):
        asked.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "client", "namespace": namespace},
                     "spec": {"containers": [{"name": "main", "image": "nginx:1.25"}]}})
    asked.run(20)
    for namespace in ("default", "shop"):
        address = asked.get("Pod", "client", namespace=namespace)["status"]["podIP"]
        task = asked.clock.spawn(traffic.request(asked, "http://web/", 2.0, source=address))
        asked.run(until=task.done, limit=10)
    assert "client to web: 1; client (shop) to web: 1" in draw(asked, "traffic", service="web").alt
