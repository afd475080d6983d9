"""The judges of 01_containers: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn.lessons import begin, check, containers, end


@pytest.fixture
def cluster(monkeypatch):
    made = begin(nodes=2)
    yield made
    end(made)


def pod(name: str, node: str, command: str = "sleep 3600", limit: str | None = None, policy: str = "Always") -> dict:
    limits = {"resources": {"limits": {"memory": limit}}} if limit else {}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"nodeName": node, "restartPolicy": policy, "containers": [
        {"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", command], **limits}]}}


HUNGRY = "x=a; while [ ${#x} -lt 20000000 ]; do x=$x$x; done; sleep 3600"


def test_two_worlds(cluster):
    for name in ("left", "right"):
        cluster.apply(pod(name, "node-1", f"echo I am {name} > /mine; sleep 3600"))
    assert check(containers.isolated_pair, cluster)


def test_two_machines_prove_nothing(cluster):
    for name, node in (("left", "node-1"), ("right", "node-2")):
        cluster.apply(pod(name, node, f"echo I am {name} > /mine; sleep 3600"))
    verdict = check(containers.isolated_pair, cluster)
    assert not verdict and "two machines" in verdict.text and "nodeName" in verdict.text


def test_the_same_text_proves_nothing(cluster):
    for name in ("left", "right"):
        cluster.apply(pod(name, "node-1", "echo same > /mine; sleep 3600"))
    assert "both files say 'same'" in check(containers.isolated_pair, cluster).text


def test_no_file(cluster):
    for name in ("left", "right"):
        cluster.apply(pod(name, "node-1"))
    assert "left has no file /mine" in check(containers.isolated_pair, cluster).text


@pytest.mark.parametrize("limit, passed, seen", [("64Mi", True, "under a limit of 64Mi"), ("16Mi", False, "OOMKilled"), (None, False, "whole machine"),
                                                ("4Gi", False, "limit of 4Gi"), ("20Gi", False, "phase is Failed")])
def test_a_hungry_program(cluster, limit, passed, seen):
    cluster.apply(pod("hungry", "node-1", HUNGRY, limit, "Never"))
    verdict = check(containers.survives_its_limit, cluster)
    assert bool(verdict) is passed and seen in verdict.text


def test_a_cpu_limit_stretches_the_same_work(cluster):
    """A tenth of a CPU: ten times as long; the fork leaves the cluster as it was."""
    before = cluster.revision
    assert "0.30 s: 0.03 s at work" in containers.with_cpu(cluster, "100m") and "0.03 s: 0.03 s at work" in containers.with_cpu(cluster, "1")
    assert cluster.revision == before
