"""The control plane as static pods: what is not running does nothing, a leader that falls silent is replaced, writes need a majority."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.controlplane import COMPONENTS
from kubelearn.errors import ApiError
from kubelearn.filesystem import Filesystem

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "main", "image": "nginx:1.25"}]}}
WEB = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
       "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
           "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "nginx:1.25"}]}}}}
SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}


@pytest.fixture
def cluster():
    return Cluster(serve=False, control_plane=1)


@pytest.fixture
def three():
    return Cluster(nodes=1, serve=False, control_plane=3)


def leader(cluster, component: str = "kube-scheduler") -> str:
    return cluster.get("Lease", component, "kube-system")["spec"]["holderIdentity"].partition("_")[0]


def kill(cluster, component: str, machine: str) -> None:
    runtime = cluster.nodes[machine].runtime
    next(c for c in runtime.containers.values() if c.name == component and c.state == "running").kill()


def test_each_component_is_a_mirror_of_a_manifest_on_the_machine(cluster):
    names = {pod["metadata"]["name"]: pod for pod in cluster.get("Pod", namespace="kube-system")}
    assert set(names) == {f"{component}-control-plane" for component in COMPONENTS}
    for pod in names.values():
        assert pod["status"]["phase"] == "Running" and pod["metadata"]["annotations"]["kubernetes.io/config.source"] == "file"
    disk = Filesystem(cluster.nodes["control-plane"].kubelet.volumes.host.disk)
    assert disk.listdir("/etc/kubernetes/manifests") == sorted(f"{component}.yaml" for component in COMPONENTS)


def test_nobody_elses_pods_come_to_the_control_plane(cluster):
    cluster.apply(WEB)
    cluster.run(5)
    assert "control-plane" not in {pod["spec"].get("nodeName") for pod in cluster.get("Pod")}


def test_without_the_scheduler_pods_are_made_and_wait(cluster):
    cluster.stop("kube-scheduler")
    cluster.run(5)
    cluster.apply(WEB)
    cluster.run(60)
    assert [pod["spec"].get("nodeName") for pod in cluster.get("Pod")] == [None, None]
    cluster.start("kube-scheduler")
    cluster.run(30)
    assert all(pod["status"]["phase"] == "Running" for pod in cluster.get("Pod"))


def test_without_the_controller_manager_a_deployment_makes_nothing_but_a_pod_is_scheduled(cluster):
    cluster.stop("kube-controller-manager")
    cluster.run(5)
    cluster.apply(WEB)
    cluster.apply(POD)
    cluster.run(30)
    assert [(pod["metadata"]["name"], pod["status"]["phase"]) for pod in cluster.get("Pod")] == [("a", "Running")]


@pytest.mark.parametrize("component, name", [
    ("kube-controller-manager", "controller-manager"), ("kube-scheduler", "scheduler"), ("etcd", "etcd-0")])
def test_the_status_of_components_says_at_once_which_has_ended(cluster, component, name):
    cluster.stop(component)
    cluster.run(5)
    found = {each["metadata"]["name"]: each["conditions"][0]["status"] for each in cluster.registry.views["componentstatuses"]()}
    assert [who for who, status in found.items() if status == "False"] == [name]


@pytest.mark.parametrize("component, code", [("etcd", 500), ("kube-apiserver", 503)])
def test_without_a_store_or_a_server_nothing_is_written_and_what_runs_runs_on(cluster, component, code):
    cluster.apply(POD)
    cluster.run(5)
    cluster.stop(component)
    cluster.run(5)
    with pytest.raises(ApiError) as refused:
        cluster.apply(SETTINGS)
    assert refused.value.code == code
    assert any(c.name == "main" and c.state == "running" for node in cluster.nodes.values() for c in node.runtime.containers.values())
    cluster.start(component)
    cluster.run(20)
    assert cluster.apply(SETTINGS)


def test_a_killed_scheduler_comes_back_and_leads_when_its_old_lease_has_run_out(cluster):
    kill(cluster, "kube-scheduler", "control-plane")
    cluster.apply(POD)
    cluster.run(5)
    assert "nodeName" not in cluster.get("Pod", "a")["spec"]
    cluster.run(20)
    assert cluster.get("Pod", "a")["status"]["phase"] == "Running"
    mirror = cluster.get("Pod", "kube-scheduler-control-plane", "kube-system")
    assert mirror["status"]["containerStatuses"][0]["restartCount"] == 1


def test_a_pod_that_moves_the_manifest_away_stops_the_component(cluster):
    host = {"name": "kubernetes", "hostPath": {"path": "/etc/kubernetes"}}
    container = {"name": "main", "image": "busybox:1.36", "volumeMounts": [{"name": "kubernetes", "mountPath": "/k"}],
                 "command": ["mv", "/k/manifests/kube-scheduler.yaml", "/k/"]}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mover"}, "spec": {
        "nodeName": "control-plane", "restartPolicy": "Never", "volumes": [host], "containers": [container]}})
    cluster.run(15)
    assert "kube-scheduler-control-plane" not in {pod["metadata"]["name"] for pod in cluster.get("Pod", namespace="kube-system")}
    cluster.apply(POD)
    cluster.run(20)
    assert "nodeName" not in cluster.get("Pod", "a")["spec"]


def test_of_three_one_leads_and_the_next_takes_over(three):
    first = leader(three)
    three.stop(first)
    three.apply(POD)
    three.run(10)
    assert "nodeName" not in three.get("Pod", "a")["spec"]
    three.run(15)
    assert leader(three) != first and three.get("Lease", "kube-scheduler", "kube-system")["spec"]["leaseTransitions"] == 1
    assert three.get("Pod", "a")["spec"]["nodeName"] == "node-1"


def test_two_of_three_members_are_enough_one_is_not(three):
    three.stop("control-plane-2")
    assert three.apply(SETTINGS)
    three.stop("control-plane-3")
    with pytest.raises(ApiError, match="etcdserver: request timed out") as refused:
        three.apply(POD)
    assert refused.value.code == 500 and three.get("ConfigMap", "settings")["data"] == {"a": "1"}
    three.run(60)
    three.start("control-plane-2")
    assert three.apply(POD)
    three.run(60)
    assert three.get("Pod", "a")["status"]["phase"] == "Running"


def test_a_replay_gives_the_same_history(three):
    three.apply(WEB)
    three.run(10)
    three.stop(leader(three))
    three.run(40)
    twin = three.fork()
    told = lambda cluster: [(r.revision, r.time, r.actor, r.verb, r.name, r.object) for r in cluster.revisions(0)]  # noqa: E731
    assert told(twin) == told(three)


def test_a_control_plane_of_two_is_refused():
    with pytest.raises(ValueError, match="1 or 3"):
        Cluster(serve=False, control_plane=2)
