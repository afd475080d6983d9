"""EndpointSlices and Endpoints: what stands behind a Service."""
from __future__ import annotations

import pytest

from kubelearn.controllers import endpointslice
from kubelearn.controllers.endpoints import EndpointsController
from kubelearn.controllers.endpointslice import EndpointSliceController, reconcile, spread
from kubelearn.controllers.endpointslicemirroring import EndpointSliceMirroringController
from kubelearn.controllers.garbagecollector import GarbageCollector
from kubelearn.controllers.services import find_port

SERVICE = """
    apiVersion: v1
    kind: Service
    metadata: {name: web, labels: {app: web}}
    spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}"""


def pod(name: str, port: int = 80, app: str = "web") -> str:
    return f"""
        apiVersion: v1
        kind: Pod
        metadata: {{name: {name}, labels: {{app: {app}}}}}
        spec: {{containers: [{{name: c, image: nginx, ports: [{{name: http, containerPort: {port}}}]}}]}}"""


@pytest.fixture
def services(world):
    return world.nodes().start(EndpointSliceController, EndpointsController)


def endpoints(world) -> list[dict]:
    return [endpoint for s in world.list("EndpointSlice") for endpoint in s["endpoints"]]


def test_ready_pods_are_endpoints_and_a_service_without_pods_has_one_empty_slice(services):
    """A Service has its selected pods' addresses, with node, zone and port; with none it still has a slice."""
    services.apply(SERVICE)
    assert [s["endpoints"] for s in services.list("EndpointSlice")] == [[]]
    services.apply(pod("one"))
    [found] = endpoints(services)
    assert found["conditions"] == {"ready": True, "serving": True, "terminating": False}
    assert found["targetRef"]["name"] == "one" and found["nodeName"] == "node-2" and found["zone"]
    [made] = services.list("EndpointSlice")
    assert [(p["name"], p["port"]) for p in made["ports"]] == [("", 80)]
    assert made["metadata"]["labels"] == {"app": "web", "kubernetes.io/service-name": "web",
                                          "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
    assert services.get("Endpoints", "web")["subsets"][0]["addresses"][0]["targetRef"]["name"] == "one"


def test_a_pod_that_is_not_ready_gets_no_traffic(services):
    """Not ready: not serving in the slice, and in notReadyAddresses of the Endpoints."""
    services.apply(SERVICE)
    services.apply(pod("one"))
    services.set_pod(services.get("Pod", "one"), "Running", ready=False)
    services.clock.settle()
    assert endpoints(services)[0]["conditions"]["ready"] is False
    assert list(services.get("Endpoints", "web")["subsets"][0]) == ["notReadyAddresses", "ports"]


def test_pods_with_other_numbers_for_one_port_name_are_in_other_slices(services):
    """All endpoints of a slice share its ports."""
    services.apply(SERVICE)
    services.apply(pod("one", 8080))
    services.apply(pod("two", 9090))
    assert sorted(s["ports"][0]["port"] for s in services.list("EndpointSlice")) == [8080, 9090]
    services.delete("Pod", "one")
    assert [s["ports"][0]["port"] for s in services.list("EndpointSlice")] == [9090]


def test_a_changed_selector_or_label_moves_pods(services):
    """Endpoints follow the selector and the labels, whichever changes."""
    services.apply(SERVICE)
    services.apply(pod("one"))
    services.apply(pod("two", app="other"))
    services.patch("Service", "web", {"spec": {"selector": {"app": "other"}}})
    assert [e["targetRef"]["name"] for e in endpoints(services)] == ["two"]
    services.patch("Pod", "one", {"metadata": {"labels": {"app": "other"}}})
    assert len(endpoints(services)) == 2
    services.patch("Pod", "two", {"metadata": {"labels": {"app": "no"}}})
    assert [e["targetRef"]["name"] for e in endpoints(services)] == ["one"]


def test_a_deleted_slice_comes_back(services):
    """From any state: what someone deleted is made again."""
    services.apply(SERVICE)
    services.apply(pod("one"))
    services.delete("EndpointSlice", services.names("EndpointSlice")[0])
    assert len(endpoints(services)) == 1


def test_slices_of_an_earlier_service_do_not_stay(services):
    """Orphaned, they would still lead traffic to where it should not go."""
    services.start(GarbageCollector).apply(SERVICE)
    services.delete("Service", "web", "Orphan")
    assert len(services.list("EndpointSlice")) == 1
    services.apply(SERVICE)
    [left] = services.list("EndpointSlice")
    assert left["metadata"]["ownerReferences"][0]["uid"] == services.get("Service", "web")["metadata"]["uid"]


def test_endpoints_go_with_their_service(services):
    services.apply(SERVICE)
    services.delete("Service", "web")
    assert services.list("Endpoints") == []


def test_endpoints_written_by_hand_are_mirrored(services):
    """A Service without a selector gets the addresses that someone wrote; when its selector comes, they go."""
    services.start(EndpointSliceMirroringController)
    services.apply("{apiVersion: v1, kind: Service, metadata: {name: db}, spec: {ports: [{port: 5432}]}}")
    services.apply("""
        apiVersion: v1
        kind: Endpoints
        metadata: {name: db}
        subsets: [{addresses: [{ip: 192.0.2.7}], ports: [{port: 5432}]}]""")
    [made] = services.list("EndpointSlice")
    assert made["endpoints"] == [{"addresses": ["192.0.2.7"], "conditions": {"ready": True}}] and made["ports"][0]["port"] == 5432
    services.patch("Endpoints", "db", {"subsets": [{"addresses": [{"ip": "192.0.2.8"}], "ports": [{"port": 5432}]}]})
    assert endpoints(services)[0]["addresses"] == ["192.0.2.8"]
    services.delete("Endpoints", "db")
    services.apply(SERVICE)
    assert len(services.list("EndpointSlice")) == 2  # the mirrored one is the garbage collector's now


def test_a_named_port_is_looked_up_in_containers_and_sidecars():
    port = {"name": "http", "containerPort": 8080}
    by_name = {"port": 80, "targetPort": "http", "protocol": "TCP"}
    assert find_port({"spec": {"containers": [{"ports": [port]}]}}, by_name) == 8080
    sidecar = {"restartPolicy": "Always", "ports": [port]}
    assert find_port({"spec": {"containers": [{}], "initContainers": [sidecar]}}, by_name) == 8080
    assert find_port({"spec": {"containers": [{}], "initContainers": [{"ports": [port]}]}}, by_name) is None


def entry(uid: int) -> dict:
    return {"addresses": [str(uid)], "targetRef": {"uid": str(uid)}}


def test_an_endpoint_stays_in_its_slice_and_new_ones_fill_the_room(monkeypatch):
    """Few slices change at a time: what is in one stays there."""
    monkeypatch.setattr(endpointslice, "MAX_ENDPOINTS", 3)
    slices = [{"endpoints": [entry(1), entry(2), entry(3)]}, {"endpoints": [entry(4)]}]
    lists = spread(slices, [entry(n) for n in (5, 4, 3, 1, 6, 7, 8)])
    assert [[e["addresses"][0] for e in part] for part in lists] == [["3", "1", "5"], ["4", "6", "7"], ["8"]] or \
        [sorted(e["addresses"][0] for e in part) for part in lists] == [["1", "3", "5"], ["4", "6", "7"], ["8"]]


def test_a_slice_that_would_go_serves_a_new_group():
    """Ports that changed update the slice instead of replacing it."""
    old = {"metadata": {"name": "s"}, "ports": [{"port": 80}], "endpoints": [entry(1)]}
    [(current, group)] = reconcile([old], [([{"port": 81}], [entry(1)])])
    assert current is old and group == ([{"port": 81}], [entry(1)])
