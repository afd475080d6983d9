"""The judges of 07_volumes: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.lessons import check, volumes


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        yield made


def claim(name: str, storage_class: str = "standard") -> dict:
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": {
        "storageClassName": storage_class, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}


def notes(volume: dict) -> dict:
    container = {"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", "echo started by $HOSTNAME >> /data/log; sleep 36000"],
                 "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    spec = {"terminationGracePeriodSeconds": 1, "volumes": [{"name": "data", **volume}], "containers": [container]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "notes"}, "spec": {
        "selector": {"matchLabels": {"app": "notes"}}, "template": {"metadata": {"labels": {"app": "notes"}}, "spec": spec}}}


def archive(claim_name: str | None) -> dict:
    volume = {"persistentVolumeClaim": {"claimName": claim_name}} if claim_name else {"emptyDir": {}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "archive"}, "spec": {"volumes": [{"name": "t", **volume}], "containers": [
        {"name": "main", "image": "busybox:1.36", "command": ["sleep", "36000"], "volumeMounts": [{"name": "t", "mountPath": "/t"}]}]}}


def test_a_claim_keeps_notes(cluster):
    cluster.apply(claim("notes"))
    cluster.apply(notes({"persistentVolumeClaim": {"claimName": "notes"}}))
    assert check(volumes.files_survive_the_pod, cluster)


def test_an_empty_dir_does_not(cluster):
    cluster.apply(notes({"emptyDir": {}}))
    verdict = check(volumes.files_survive_the_pod, cluster)
    assert not verdict and "old lines of /data/log are gone" in verdict.text and "PersistentVolumeClaim" in verdict.text, verdict


def test_a_host_path_keeps_them_by_luck_at_best(cluster):
    cluster.apply(notes({"hostPath": {"path": "/srv/notes", "type": "DirectoryOrCreate"}}))
    verdict = check(volumes.files_survive_the_pod, cluster)
    assert not verdict and ("by luck" in verdict.text or "hostPath stays on one node" in verdict.text)


def test_a_bound_claim(cluster):
    cluster.apply(claim("tapes"))
    cluster.apply(archive("tapes"))
    assert check(volumes.claim_is_bound, cluster)


@pytest.mark.parametrize("storage_class, claim_name, seen", [
    ("fast", "tapes", "claim tapes is Pending"), ("standard", None, "uses no claim"), ("standard", "other", "no claim other")])
def test_claims_that_do_not_help(cluster, storage_class, claim_name, seen):
    cluster.apply(claim("tapes", storage_class))
    cluster.apply(archive(claim_name))
    verdict = check(volumes.claim_is_bound, cluster)
    assert not verdict and seen in verdict.text


def test_the_broken_archive_is_broken(cluster):
    cluster.apply(volumes.ARCHIVE)
    assert "claim tapes is Pending" in check(volumes.claim_is_bound, cluster).text


def test_git_clones_a_local_repository(cluster, tmp_path):
    repository = volumes.make_repository(str(tmp_path / "site"))
    clone = {"name": "clone", "image": "alpine/git:2.49.1", "args": ["clone", repository, "/site"], "volumeMounts": [{"name": "t", "mountPath": "/site"}]}
    pod = archive(None)
    pod["spec"]["initContainers"] = [clone]
    pod["spec"]["containers"][0]["command"] = ["sh", "-c", "cat /t/index.html; sleep 36000"]
    cluster.apply(pod)
    cluster.run(10)
    logs = [line for node in cluster.nodes.values() for c in node.runtime.containers.values() for _, _, line in c.log]
    assert b"served from git\n" in logs


RESTART, REPLACED, MOVED = volumes.EVENTS
SURVIVES = {("none", RESTART): "gone", ("emptyDir", RESTART): "there", ("emptyDir", REPLACED): "gone", ("hostPath", REPLACED): "there",
            ("hostPath", MOVED): "gone", ("claim", REPLACED): "there"}


@pytest.mark.parametrize("disks", ["of the node", "of a cloud"])
@pytest.mark.parametrize(("volume", "then"), SURVIVES)
def test_what_a_file_survives(volume, then, disks):
    """What the lesson's buttons show, wherever disks come from."""
    assert f"/d/file is {SURVIVES[volume, then]}" in volumes.survives(volume, then, disks).caption


def test_a_cloud_s_disk_follows_its_pod_and_a_node_s_does_not():
    assert "on node-2: /d/file is there" in volumes.survives("claim", MOVED, "of a cloud").caption
    assert "keeper is Pending" in volumes.survives("claim", MOVED, "of the node").caption


@pytest.mark.parametrize(("disks", "where"), [("of the node", "1Gi on node-1"), ("of a cloud", "1Gi in zone a")])
def test_the_picture_says_where_a_disk_is_and_what_is_on_it(disks, where):
    drawn = volumes.survives("claim", REPLACED, disks).svg
    assert where in drawn and "Bound · 1 file · 8 B" in drawn
