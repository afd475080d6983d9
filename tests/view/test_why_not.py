"""why_not() names, in the system's own words, what a practised person would have found with describe and the events."""
from __future__ import annotations

import pytest

from kubelearn.cluster import Cluster
from kubelearn.view import why_not

POD = """
apiVersion: v1
kind: Pod
metadata: {{name: it, labels: {{app: it}}{metadata}}}
spec:
  {spec}
  containers:
  - {{name: main, image: "busybox:1.36", command: [sh, -c, "{command}"]{more}}}
"""


def pod(command: str = "sleep 1000", more: str = "", spec: str = "terminationGracePeriodSeconds: 30", metadata: str = "") -> str:
    return POD.format(command=command, more=f", {more}" if more else "", spec=spec, metadata=metadata)


def service(selector: str = "it", target: int = 80) -> str:
    return (f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: it}}\n"
            f"spec: {{selector: {{app: {selector}}}, ports: [{{port: 80, targetPort: {target}}}]}}\n")


def claim(storage_class: str) -> str:
    return ("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: it}\n"
            f"spec: {{accessModes: [ReadWriteOnce], {storage_class}resources: {{requests: {{storage: 1Gi}}}}}}\n")


JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: it}
spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, containers: [{name: main, image: "busybox:1.36", command: ["false"]}]}}}
"""
READINESS = "readinessProbe: {httpGet: {path: /ok, port: 8080}}"
STARTUP = "startupProbe: {exec: {command: [test, -f, /up]}, failureThreshold: 99}"

STORIES = [  # what is applied, which object is asked about, what the answer says
    (pod(more=READINESS), "pod/it", "container main runs, its readinessProbe (httpGet /ok 8080) has not succeeded"),
    (pod(more=STARTUP), "pod/it", "container main runs, its startupProbe (exec test -f /up) has not succeeded"),
    (pod("exit 3"), "pod/it", "ended with exit code 3 (Error)"),
    (pod(more="resources: {requests: {cpu: 100}}"), "pod/it", "the scheduler found no node: 0/1 nodes are available: 1 Insufficient cpu."),
    (pod(spec="schedulingGates: [{name: later.example/ok}]"), "pod/it", "scheduling gates hold it: later.example/ok"),
    (pod(more="envFrom: [{configMapRef: {name: none}}]"), "pod/it", 'configmap "none" not found'),
    (pod() + service("nobody"), "svc/it", "its selector app=nobody matches no pod; pods here have: app=it"),
    (pod(more="ports: [{containerPort: 80, name: web}]") + service(target=8080), "svc/it",
     "leads to targetPort 8080; the pods declare 80 (web)"),
    (pod(more=READINESS) + service(), "svc/it", "its selector matches 1 pods, none is Ready"),
    (JOB, "job/it", "BackoffLimitExceeded: Job has reached the specified backoff limit"),
    (claim("storageClassName: gold, "), "pvc/it", "there is no StorageClass gold"),
    (claim(""), "pvc/it", "StorageClass standard waits for the first pod that uses the claim (WaitForFirstConsumer)"),
]


@pytest.mark.parametrize("yaml,what,said", STORIES, ids=[said[:40] for _, _, said in STORIES])
def test_it_names_what_is_wrong(yaml, what, said):
    cluster = Cluster(nodes=1, serve=False)
    cluster.apply(yaml)
    cluster.run(30)
    assert any(said in step.what for step in why_not(cluster, what)), [step.what for step in why_not(cluster, what)]


def test_a_claim_without_any_class_says_so():
    """The profile plain has no default StorageClass."""
    cluster = Cluster(nodes=1, serve=False, profile="plain")
    cluster.apply(claim(""))
    cluster.run(5)
    assert any("it names no StorageClass, the cluster has no default one" in step.what for step in why_not(cluster, "pvc/it"))


def test_what_is_well_has_nothing_in_its_way():
    cluster = Cluster(nodes=1, serve=False)
    cluster.apply(pod())
    cluster.run(30)
    assert len(why_not(cluster, "pod/it")) == 0
    assert "as it should be" in why_not(cluster, "pod/it").question


def test_a_pod_that_ends_says_how_long_it_has_and_what_holds_it():
    cluster = Cluster(nodes=1, serve=False)
    cluster.apply(pod(metadata=", finalizers: [hold.example/it]"))
    cluster.run(10)
    cluster.delete("Pod", "it")
    said, = why_not(cluster, "pod/it")
    assert said.what == "it is being deleted and has 30 s to end; finalizers hold it: hold.example/it"


def test_only_what_fails_is_marked_as_a_failure():
    """A claim that waits for its first pod has nothing red; what cannot be scheduled has."""
    def red(yaml: str, what: str) -> list[str]:
        cluster = Cluster(nodes=1, serve=False)
        cluster.apply(yaml)
        cluster.run(5)
        rows = why_not(cluster, what).html().split("<tr")[1:]
        return [row for row in rows if "error-color" in row]
    assert red(claim(""), "pvc/it") == []
    row, = red(pod(more="resources: {requests: {cpu: 100}}"), "pod/it")
    assert "Insufficient cpu" in row
