"""StatefulSets: names, order and disks."""
from __future__ import annotations

import pytest

from kubelearn.controllers.garbagecollector import GarbageCollector
from kubelearn.controllers.statefulset import StatefulSetController
from kubelearn.controllers.volumeprotection import ClaimProtectionController


def db(replicas: int = 3, spec: str = "") -> str:
    return f"""
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {{name: db}}
        spec:
          serviceName: db
          replicas: {replicas}
          {spec}
          selector: {{matchLabels: {{app: db}}}}
          template:
            metadata: {{labels: {{app: db}}}}
            spec: {{containers: [{{name: db, image: "redis:6"}}]}}"""


DISK = "volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]"
NEW_IMAGE = {"spec": {"template": {"spec": {"containers": [{"name": "db", "image": "redis:7"}]}}}}


@pytest.fixture
def sets(world):
    return world.nodes(seconds=2).start(GarbageCollector, StatefulSetController, ClaimProtectionController)


def images(world) -> list[str]:
    return [pod["spec"]["containers"][0]["image"][-1] for pod in world.list("Pod")]


def test_pods_come_in_order_each_when_the_one_before_is_ready(sets):
    sets.apply(db())
    seen = [sets.names("Pod")]
    for _ in range(3):
        sets.run(2)
        seen.append(sets.names("Pod"))
    assert seen == [["db-0"], ["db-0", "db-1"], ["db-0", "db-1", "db-2"], ["db-0", "db-1", "db-2"]]
    pod = sets.get("Pod", "db-1")
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-1", "db")
    assert pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "1"
    status = sets.get("StatefulSet", "db")["status"]
    assert all(status[key] == 3 for key in ("replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"))
    assert status["currentRevision"] == status["updateRevision"] == sets.names("ControllerRevision")[0]
    assert sets.events("StatefulSet")[0] == "Normal SuccessfulCreate: Create Pod db-0 in StatefulSet db successful"


def test_in_parallel_they_come_at_once(sets):
    sets.apply(db(spec="podManagementPolicy: Parallel"))
    assert sets.names("Pod") == ["db-0", "db-1", "db-2"]


def test_scaling_down_goes_from_the_highest(sets):
    sets.apply(db())
    sets.run(10)
    gone = []
    sets.client.informer("Pod").on(lambda old, new: gone.append(old["metadata"]["name"]) if new is None else None)
    sets.patch("StatefulSet", "db", {"spec": {"replicas": 1}})
    sets.run(5)
    assert gone == ["db-2", "db-1"] and sets.names("Pod") == ["db-0"]


def test_a_lost_pod_comes_back_under_its_name(sets):
    sets.apply(db())
    sets.run(10)
    before = sets.get("Pod", "db-1")["metadata"]["uid"]
    sets.delete("Pod", "db-1")
    assert sets.get("Pod", "db-1")["metadata"]["uid"] != before
    sets.run(5)
    sets.finish("db-0", 1)
    assert sets.get("Pod", "db-0")["status"]["phase"] == "Pending"


def test_an_update_goes_from_the_highest_down_one_at_a_time(sets):
    sets.apply(db())
    sets.run(10)
    sets.patch("StatefulSet", "db", NEW_IMAGE)
    seen = [images(sets)]
    for _ in range(3):
        sets.run(2)
        seen.append(images(sets))
    assert seen == [["6", "6", "7"], ["6", "7", "7"], ["7", "7", "7"], ["7", "7", "7"]]
    status = sets.get("StatefulSet", "db")["status"]
    assert status["currentRevision"] == status["updateRevision"] and status["currentReplicas"] == 3


def test_an_update_stops_at_the_partition_and_a_pod_below_it_comes_back_as_it_was(sets):
    sets.apply(db(spec="updateStrategy: {rollingUpdate: {partition: 2}}"))
    sets.run(10)
    sets.patch("StatefulSet", "db", NEW_IMAGE)
    sets.run(10)
    assert images(sets) == ["6", "6", "7"]
    sets.delete("Pod", "db-0")
    assert images(sets) == ["6", "6", "7"]


def test_on_delete_updates_only_what_someone_deletes(sets):
    sets.apply(db(spec="updateStrategy: {type: OnDelete}"))
    sets.run(10)
    sets.patch("StatefulSet", "db", NEW_IMAGE)
    sets.run(10)
    assert images(sets) == ["6", "6", "6"]
    sets.delete("Pod", "db-1")
    assert images(sets) == ["6", "7", "6"]


def test_each_pod_has_a_disk_that_outlives_it(sets):
    sets.apply(db(2, DISK))
    sets.run(10)
    assert sets.names("PersistentVolumeClaim") == ["data-db-0", "data-db-1"]
    assert sets.get("Pod", "db-1")["spec"]["volumes"][0] == {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-1"}}
    sets.patch("StatefulSet", "db", {"spec": {"replicas": 1}})
    sets.run(10)
    sets.delete("StatefulSet", "db", "Background")
    sets.run(10)
    assert sets.names("Pod") == [] and sets.names("PersistentVolumeClaim") == ["data-db-0", "data-db-1"]


def test_a_retention_policy_can_take_the_disks_too(sets):
    sets.apply(db(2, DISK + "\n          persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Delete}"))
    sets.run(10)
    sets.patch("StatefulSet", "db", {"spec": {"replicas": 1}})
    sets.run(10)
    assert sets.names("PersistentVolumeClaim") == ["data-db-0"]
    sets.delete("StatefulSet", "db", "Background")
    sets.run(10)
    assert sets.names("PersistentVolumeClaim") == []
