"""The measures and judges of 11_minikube: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.lessons import check, comparison, laptop
from kubelearn.lessons.table import Table

SHOP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: web, image: "nginx:1.25"}]}}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {type: LoadBalancer, selector: {app: shop}, ports: [{port: 80}]}
"""
NOTES = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: notes}
spec:
  selector: {matchLabels: {app: notes}}
  template:
    metadata: {labels: {app: notes}}
    spec:
      terminationGracePeriodSeconds: 1
      volumes: [{name: data, persistentVolumeClaim: {claimName: notes}}]
      containers: [{name: main, image: "busybox:1.36", volumeMounts: [{name: data, mountPath: /data}],
        command: [sh, -c, "test -f /data/note || hostname > /data/note; sleep 36000"]}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: notes}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
CLAIMED = "persistentVolumeClaim: {claimName: notes}"
HOST_PATH = "hostPath: {path: /srv/notes, type: DirectoryOrCreate}"


def shop(profile: str) -> Cluster:
    cluster = Cluster(profile=profile, serve=False)
    cluster.apply(SHOP)
    cluster.apply(SERVICE)
    cluster.run(30)
    return cluster


@pytest.mark.parametrize("profile, docker_machine, answering", [
    ("minikube", False, ["node's address : node port", "kubectl port-forward"]),
    ("minikube", True, ["kubectl port-forward"]),
    ("kind", True, ["kubectl port-forward"]),
    ("cloud", False, ["load balancer's address", "kubectl port-forward"])])
def test_the_laptop_reaches(profile, docker_machine, answering):
    """Docker's own machine, and a cloud's firewall, keep a laptop from the nodes; port-forward goes everywhere."""
    with shop(profile) as cluster:
        found = laptop.from_laptop(cluster, docker_machine=docker_machine)
        assert [way for way, said in found.items() if said == "✔ answers"] == answering
        assert found["localhost : node port"] == "✖ connection refused"


def test_inside_all_answer_but_an_address_that_is_not_there():
    for profile, missing in (("kind", {"load balancer's address"}), ("cloud", set())):
        with shop(profile) as cluster:
            assert {way for way, said in laptop.from_pod(cluster).items() if said != "✔ answers"} == missing


def test_a_tunnel_gives_addresses_in_dockers_network():
    with shop("kind") as cluster:
        assert comparison.external_address(cluster) == "<pending>"
        comparison.start_tunnel(cluster)
        cluster.run(20)
        assert comparison.external_address(cluster).startswith("172.18.0.")
        assert laptop.from_laptop(cluster)["load balancer's address"] == "✔ answers"
        assert laptop.from_laptop(cluster, docker_machine=True)["load balancer's address"] == laptop.BLOCKED


def test_one_node_has_no_one_to_take_over():
    with shop("minikube") as one, shop("kind") as three:
        assert comparison.lose_a_node(one) == "✖ after 15 minutes 0 of 3 ready"
        assert comparison.lose_a_node(three).startswith("✔ whole again after 3")


def test_diff_says_what_differs():
    assert comparison.diff({"a": "1", "b": "2"}, {"a": "1", "b": "3"}).rows == {"a": ["1", "1", "✔ same"], "b": ["2", "3", "≠ differs"]}


def test_a_table_as_text_and_as_html():
    table = Table(["x"], {"<a>": ["✔ yes"]})
    assert repr(table) == "     x\n<a>  ✔ yes" and "&lt;a&gt;" in table.html() and "color:" in table.html()


# --- exercises ----------------------------------------------------------------------------------------------------

@pytest.fixture
def file(tmp_path):
    def write(text: str, name: str = "given.yaml") -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)
    return write


def test_a_claim_keeps_the_note(file):
    assert check(comparison.note_everywhere, file(NOTES))


@pytest.mark.parametrize("change, seen", [
    ((CLAIMED, HOST_PATH), "the note is lost"),
    ((CLAIMED, "emptyDir: {}"), "minikube: the note is lost"),
    (("spec: {accessModes", "spec: {storageClassName: standard, accessModes"), "cloud: no Pod of notes runs at the beginning"),
    (("claimName: notes", "claimName: other"), "minikube: no Pod of notes runs at the beginning\n  Hint: there is no claim other"),
    (("kind: Deployment", "kind: [Deployment"), "what you wrote a whole manifest"),
    (("      volumes:", "      nodeSelector: {kubernetes.io/hostname: node-1}\n      volumes:"), "cannot move"),
    ((f"{CLAIMED}}}]", f"{HOST_PATH}}}]\n      nodeName: node-1"), "cloud: the Pod came back to node-1"),
    (("---\n", ""), "a line --- divides two objects"),
    (("mountPath: /data", "mountPath: /notes"), "no file /data/note")])
def test_notes_that_do_not_travel(file, change, seen):
    verdict = check(comparison.note_everywhere, file(NOTES.replace(*change)))
    assert not verdict and seen in verdict.text


def test_a_load_balancer_is_reached_everywhere(file):
    verdict = check(comparison.reached_everywhere, file(SERVICE), file(SHOP, "shop.yaml"))
    assert verdict and "cloud: by load balancer's address" in " ".join(verdict.text.split())


@pytest.mark.parametrize("change, seen, hint", [
    (("LoadBalancer", "NodePort"), "cloud: ", "firewall"),
    (("LoadBalancer", "ClusterIP"), "minikube: ", "for the inside"),
    (("type: LoadBalancer", "allocateLoadBalancerNodePorts: false, type: LoadBalancer"), "minikube: ", "waits for a balancer"),
    (("{app: shop}", "{app: shp}"), "minikube: ", "selector"),
    (("{port: 80}", "{port: 80, targetPort: 8080}"), "connection refused", "listens at 80")])
def test_ways_that_end(file, change, seen, hint):
    verdict = check(comparison.reached_everywhere, file(SERVICE.replace(*change)), file(SHOP, "shop.yaml"))
    assert not verdict and seen in verdict.text and hint in verdict.text


@pytest.mark.parametrize("profile, host, claim", [("minikube", "✔ the note", "✔ the note"), ("kind", "✖ an empty folder", "◐ Pending until"),
                                                  ("cloud", "✖ an empty folder", "◐ Pending until")])
def test_a_note_after_its_node_was_emptied(profile, host, claim):
    """A node's folder stays behind without a word; a claim is never lost, its Pod rather waits. The cluster is as before."""
    with Cluster(profile=profile, serve=False) as one:
        assert comparison.note_after_a_move(one, {"hostPath": {"path": "/srv/memo", "type": "DirectoryOrCreate"}}) == host
        assert comparison.note_after_a_move(one, {"persistentVolumeClaim": {"claimName": "memo"}}).startswith(claim)
        assert one.get("Deployment") == [] and not any(node["spec"].get("unschedulable") for node in one.get("Node", namespace=None))
