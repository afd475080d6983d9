"""Law 1: the official Python client works against the served API, unmodified."""
from __future__ import annotations

import pytest
from kubernetes import client, config, dynamic, watch
from kubernetes.client import ApiException
from kubernetes.stream import portforward, stream

from kubelearn.cluster import Cluster


@pytest.fixture(scope="module")
def cluster():
    with Cluster(nodes=1) as made:
        yield made


@pytest.fixture(scope="module")
def api(cluster):
    return config.new_client_from_config(cluster.kubeconfig)


def pod(name: str, *command: str) -> client.V1Pod:
    container = client.V1Container(name="main", image="busybox", command=list(command))
    return client.V1Pod(metadata=client.V1ObjectMeta(name=name, labels={"app": name}), spec=client.V1PodSpec(containers=[container]))


def test_typed_objects_are_created_read_changed_and_deleted(api):
    core = client.CoreV1Api(api)
    made = core.create_namespaced_config_map("default", client.V1ConfigMap(metadata=client.V1ObjectMeta(name="a"), data={"x": "1"}))
    made.data["x"] = "2"
    replaced = core.replace_namespaced_config_map("a", "default", made)
    assert (replaced.data, replaced.metadata.creation_timestamp) == ({"x": "2"}, made.metadata.creation_timestamp)
    assert core.patch_namespaced_config_map("a", "default", {"data": {"y": "3"}}).data == {"x": "2", "y": "3"}
    with pytest.raises(ApiException) as stale:
        core.replace_namespaced_config_map("a", "default", made)
    assert stale.value.reason == "Conflict"
    assert core.delete_namespaced_config_map("a", "default")["status"] == "Success"


def test_pages_and_watches(api):
    core = client.CoreV1Api(api)
    for name in ("p-1", "p-2", "p-3"):
        core.create_namespaced_config_map("default", client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"page": "yes"})))
    page = core.list_namespaced_config_map("default", label_selector="page=yes", limit=2)
    rest = core.list_namespaced_config_map("default", label_selector="page=yes", limit=2, _continue=page.metadata._continue)
    assert [item.metadata.name for item in page.items + rest.items] == ["p-1", "p-2", "p-3"]
    seen = []
    for event in watch.Watch().stream(core.list_namespaced_config_map, "default", label_selector="page=yes", timeout_seconds=1):
        seen.append((event["type"], event["object"].metadata.name))
    assert seen == [("ADDED", "p-1"), ("ADDED", "p-2"), ("ADDED", "p-3")]


def test_the_dynamic_client_finds_its_way_by_discovery(api):
    maps = dynamic.DynamicClient(api).resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": "b"}}
    assert maps.server_side_apply(namespace="default", name="applied", body=body, field_manager="me").data.a == "b"


def test_into_a_container_by_stream_and_by_port(api, cluster):
    core = client.CoreV1Api(api)
    core.create_namespaced_pod("default", pod("web", "sh", "-c", "echo hello > /index.html; httpd -f -p 8080 -h /"))
    assert cluster.run(until=lambda: cluster.get("pod", "web")["status"]["phase"] == "Running", limit=60)
    assert stream(core.connect_get_namespaced_pod_exec, "web", "default", command=["echo", "hi"], stdout=True, stderr=True) == "hi\n"
    forward = portforward(core.connect_get_namespaced_pod_portforward, "web", "default", ports="8080")
    connection = forward.socket(8080)
    connection.settimeout(10)
    connection.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
    answer = b""
    while chunk := connection.recv(4096):
        answer += chunk
    connection.close()
    assert answer.startswith(b"HTTP/1.") and answer.endswith(b"\r\n\r\nhello\n")
