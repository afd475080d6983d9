"""The nine laws, each as something that can fail."""
from __future__ import annotations

import ast
import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import kubelearn
from kubelearn import ApiError, Cluster

SOURCE = Path(kubelearn.__file__).parent
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.25", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


def story(cluster: Cluster) -> None:
    """A bit of everything: a rollout, a bad image, a lost node, a deletion."""
    cluster.apply(WEB)
    cluster.run(5)
    cluster.apply(WEB.replace("replicas: 3", "replicas: 5").replace("1.25", "1.26"))
    cluster.run(3)
    cluster.delete("Pod", cluster.get("Pod")[0]["metadata"]["name"])
    cluster.run(30)
    cluster.stop("node-2")
    cluster.apply(WEB.replace("1.25", "nope"))
    cluster.run(400)
    cluster.start("node-2")
    cluster.join(cpu="8")
    cluster.apply(WEB.replace("replicas: 3", "replicas: 9"))
    cluster.run(5)
    cluster.delete("Deployment", "web")
    cluster.run(60)


def history(cluster: Cluster) -> list:
    return [(r.revision, round(r.time, 6), r.verb, r.resource.name, r.namespace, r.name, r.actor, r.cause, r.because, r.object)
            for r in cluster.revisions(0)]


def digest(cluster: Cluster) -> str:
    return hashlib.sha256(json.dumps(history(cluster)).encode()).hexdigest()


def ready(cluster: Cluster) -> int:
    return cluster.get("Deployment", "web")["status"].get("readyReplicas", 0)


def test_law_2_a_stopped_component_takes_away_exactly_its_behaviour():
    with Cluster(serve=False) as cluster:
        cluster.stop("kube-scheduler")
        cluster.apply(WEB)
        cluster.run(60)
        pods = cluster.get("Pod")
        assert len(pods) == 3 and not any(pod["spec"].get("nodeName") for pod in pods)
        cluster.start("kube-scheduler")
        cluster.run(until=lambda: ready(cluster) == 3, limit=60)
        cluster.stop("replicaset-controller")
        cluster.delete("Pod", pods[0]["metadata"]["name"])
        cluster.run(60)
        assert len(cluster.get("Pod")) == 2
        cluster.start("replicaset-controller")
        assert cluster.run(until=lambda: len(cluster.get("Pod")) == 3, limit=60)


def test_law_3_stored_objects_are_never_modified(monkeypatch):
    with Cluster(serve=False) as cluster:
        etcd, written = cluster.registry.etcd, {}
        append = etcd._append

        def noting(*arguments):
            append(*arguments)
            written[etcd.revision] = json.dumps(etcd.log[-1].object)
        monkeypatch.setattr(etcd, "_append", noting)
        story(cluster)
        assert len(written) > 100
        for revision in cluster.revisions():
            assert json.dumps(revision.object) == written[revision.revision], revision


def test_law_3_what_the_learner_gets_is_a_copy():
    with Cluster(serve=False) as cluster:
        cluster.apply(WEB)
        cluster.get("Deployment", "web")["spec"]["replicas"] = 99
        cluster.at().get("Deployment", "web")["spec"]["replicas"] = 99
        assert cluster.get("Deployment", "web")["spec"]["replicas"] == 3


def test_law_3_what_the_learner_gave_is_theirs_to_change():
    with Cluster(serve=False) as cluster:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
        cluster.apply(pod)
        pod["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}]
        assert "env" not in cluster.get("Pod", "a")["spec"]["containers"][0]
        pod["metadata"]["name"] = "b"
        cluster.apply(pod)
        assert cluster.get("Pod", "b")["spec"]["containers"][0]["env"] == [{"name": "A", "value": "1"}]


def test_law_4_only_the_clock_and_the_edge_look_at_the_wall_clock():
    edge = {"clock.py", "apiserver/http.py", "apiserver/timestamps.py", "apiserver/waiting.py", "apiserver/sessions.py",
            "apiserver/seen.py", "apiserver/certificates.py", "kubectl.py", "lab.py", "doctor.py", "cli.py", "connected.py",
            # these measure the learner's own machine
            "lessons/notebook.py", "lessons/byhand.py", "lessons/containers.py", "lessons/comparison.py"}
    for path in SOURCE.rglob("*.py"):
        if str(path.relative_to(SOURCE)) in edge or "view" in path.parts:
            continue
        tree = ast.parse(path.read_text())
        imported = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert "time" not in imported, f"{path} imports time"
        calls = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & {"utcnow", "today", "monotonic", "perf_counter"}
        assert not calls, f"{path} asks {calls}"


def test_law_5_the_same_inputs_give_the_same_history_in_another_process():
    program = "import tests_laws as t; c = t.Cluster(serve=False, seed=7); t.story(c); print(t.digest(c))"
    path = Path(__file__)
    run = ("import importlib.util, sys; spec = importlib.util.spec_from_file_location('tests_laws', sys.argv[1]); "
           "m = importlib.util.module_from_spec(spec); sys.modules['tests_laws'] = m; spec.loader.exec_module(m); " + program)
    digests = [
        subprocess.run(
            [sys.executable, "-c", run, str(path)], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert digests[0] == digests[1] and len(digests[0].strip()) == 64


def test_law_5_a_replay_of_the_journal_gives_the_same_history():
    with Cluster(serve=False, seed=3) as cluster:
        story(cluster)
        with cluster.fork() as twin:
            assert history(twin) == history(cluster)


def test_law_5_another_seed_gives_other_names():
    names = []
    for seed in (1, 2):
        with Cluster(serve=False, seed=seed) as cluster:
            cluster.apply(WEB)
            names.append([pod["metadata"]["name"] for pod in cluster.get("Pod")])
    assert names[0] != names[1]


def test_law_6_every_revision_leads_back_to_an_input():
    with Cluster(serve=False) as cluster:
        story(cluster)
        by_number = {r.revision: r for r in cluster.revisions(0)}
        unexplained = []
        for revision in cluster.revisions():
            assert revision.actor
            if revision.actor == "you":
                continue
            if not revision.because and revision.kind != "Event":
                unexplained.append(f"{revision} {revision.object.get('kind')}")
            step, steps = revision, 0
            while step.cause is not None and steps < 10_000:
                assert step.cause < step.revision
                step, steps = by_number[step.cause], steps + 1
            assert steps < 10_000
        assert not unexplained, unexplained[:20]


@pytest.mark.parametrize("seed", range(3))
def test_law_7_lost_events_and_forgotten_memory_still_converge(seed):
    """Every informer loses a third of its events; then each component is restarted; then the world is as wanted."""
    with Cluster(serve=False, seed=seed) as cluster:
        draw = random.Random(seed)
        informers = [i for part in cluster.parts.values() for i in _informers(part)]
        for informer in dict.fromkeys(informers):
            informer.lose = lambda revision: draw.random() < 0.3
        cluster.apply(WEB)
        cluster.run(20)
        cluster.apply(WEB.replace("replicas: 3", "replicas: 4").replace("1.25", "1.26"))
        cluster.run(60)
        for informer in dict.fromkeys(informers):
            informer.lose = None
            informer.resync()
        for name in cluster.parts:
            cluster.stop(name)
            cluster.start(name)
        assert cluster.run(until=lambda: _settled(cluster, 4, "nginx:1.26"), limit=900)


def _informers(part) -> list:
    client = getattr(part, "client", None)
    return list(client.informers.values()) if client is not None else []


def _settled(cluster: Cluster, replicas: int, image: str) -> bool:
    pods = [pod for pod in cluster.get("Pod") if "deletionTimestamp" not in pod["metadata"]]
    return len(pods) == replicas == ready(cluster) and all(pod["spec"]["containers"][0]["image"] == image for pod in pods)


def test_law_8_a_refused_write_changes_nothing():
    with Cluster(serve=False) as cluster:
        before = cluster.revision
        # An apply that does not fit its schema is a 500 in Kubernetes too.
        for bad, code in (({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "Web_1"}, "spec": {"containers": []}}, 422),
                          ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": "x"}}, 500),
                          ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"colour": "red"}}, 500),
                          ({"apiVersion": "v2", "kind": "Pod", "metadata": {"name": "a"}}, 404),
                          ({"kind": "Pod"}, 400)):
            with pytest.raises(ApiError) as refused:
                cluster.apply(bad)
            assert refused.value.code == code, refused.value
            assert refused.value.status()["status"] == "Failure"
        assert cluster.revision == before
        cluster.apply(WEB)
        assert cluster.run(until=lambda: ready(cluster) == 3, limit=60)


def test_law_9_every_kind_that_can_be_created_is_stored_read_and_deleted_alike():
    with Cluster(serve=False) as cluster:
        for resource in cluster.registry.resources:
            if not {"create", "get", "list", "delete"} <= set(resource.verbs):
                continue
            assert isinstance(cluster.get(resource.name, namespace=None), list), resource
            with pytest.raises(ApiError) as missing:
                cluster.get(resource.name, "nothing")
            assert missing.value.reason == "NotFound" and str(missing.value) == f'{resource.name} "nothing" not found'
