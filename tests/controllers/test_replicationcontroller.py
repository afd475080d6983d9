"""ReplicationControllers."""
from __future__ import annotations

from kubelearn.controllers.replicationcontroller import ReplicationManager


def test_as_many_pods_as_are_wanted_and_orphans_are_adopted(world):
    world.nodes().start(ReplicationManager)
    world.apply("{apiVersion: v1, kind: Pod, metadata: {name: mine, labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}")
    world.apply("""
        apiVersion: v1
        kind: ReplicationController
        metadata: {name: web}
        spec: {replicas: 3, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}}""")
    assert len(world.list("Pod")) == 3 and world.get("Pod", "mine")["metadata"]["ownerReferences"][0]["kind"] == "ReplicationController"
    assert world.get("ReplicationController", "web")["status"]["readyReplicas"] == 3
    world.patch("ReplicationController", "web", {"spec": {"replicas": 1}})
    assert len(world.list("Pod")) == 1
