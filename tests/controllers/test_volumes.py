"""Claims and volumes."""
from __future__ import annotations

from functools import partial

import pytest

from kubelearn.controllers.ephemeralvolume import EphemeralVolumeController
from kubelearn.controllers.persistentvolume import PersistentVolumeController
from kubelearn.controllers.provisioner import Provisioner
from kubelearn.controllers.volumeprotection import ClaimProtectionController, VolumeProtectionController

MODES = "[ReadWriteOnce]"


@pytest.fixture
def volumes(world):
    world.nodes(2).start(PersistentVolumeController, ClaimProtectionController, VolumeProtectionController)
    world.controllers["Provisioner"] = partial(Provisioner, driver="rancher.io/local-path")(world.client)
    return world


def volume(name: str, size: str, modes: str = MODES, policy: str = "Retain", more: str = "") -> str:
    return f"""
        apiVersion: v1
        kind: PersistentVolume
        metadata: {{name: {name}}}
        spec: {{capacity: {{storage: {size}}}, accessModes: {modes}, storageClassName: slow, persistentVolumeReclaimPolicy: {policy},
                hostPath: {{path: /tmp/{name}}}{more}}}"""


def claim(name: str, size: str, modes: str = MODES, storage_class: str = "slow", more: str = "") -> str:
    return f"""
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {{name: {name}}}
        spec: {{storageClassName: {storage_class}, accessModes: {modes}, resources: {{requests: {{storage: {size}}}}}{more}}}"""


def storage_class(mode: str) -> str:
    return f"""
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: {{name: standard}}
        provisioner: rancher.io/local-path
        volumeBindingMode: {mode}"""


def phase(world, kind: str, name: str) -> str:
    return world.get(kind, name)["status"]["phase"]


def test_a_folder_of_a_node_is_refused_to_who_wants_it_on_several(volumes):
    """What a learner tries who moves a Pod between nodes."""
    volumes.apply(storage_class("Immediate") + "\n---\n" + claim("c", "1Gi", "[ReadWriteMany]", "standard"))
    volumes.clock.run(60)
    assert phase(volumes, "PersistentVolumeClaim", "c") == "Pending"
    assert "only supports ReadWriteOnce" in volumes.events("PersistentVolumeClaim")[-1]


def test_a_claim_gets_the_smallest_volume_that_fits_and_both_name_each_other(volumes):
    volumes.apply(volume("large", "10Gi") + "\n---\n" + volume("small", "1Gi") + "\n---\n" + claim("c", "500Mi"))
    bound = volumes.get("PersistentVolumeClaim", "c")
    assert bound["spec"]["volumeName"] == "small"
    assert {key: bound["status"][key] for key in ("phase", "accessModes", "capacity")} == {
        "phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}
    small = volumes.get("PersistentVolume", "small")
    assert (small["spec"]["claimRef"]["name"], small["spec"]["claimRef"]["uid"]) == ("c", bound["metadata"]["uid"])
    assert [phase(volumes, "PersistentVolume", name) for name in ("small", "large")] == ["Bound", "Available"]


def test_a_claim_without_a_volume_waits_and_says_why_until_one_comes(volumes):
    volumes.apply(claim("many", "1Gi", "[ReadWriteMany]"))
    assert phase(volumes, "PersistentVolumeClaim", "many") == "Pending"
    assert volumes.events("PersistentVolumeClaim") == ['Warning ProvisioningFailed: storageclass.storage.k8s.io "slow" not found']
    volumes.apply(volume("one", "5Gi"))
    assert phase(volumes, "PersistentVolumeClaim", "many") == "Pending"
    volumes.apply(volume("shared", "5Gi", "[ReadWriteOnce, ReadWriteMany]"))
    assert volumes.get("PersistentVolumeClaim", "many")["spec"]["volumeName"] == "shared"


def test_a_volume_can_be_kept_for_a_claim_and_a_claim_can_name_a_volume(volumes):
    volumes.apply(volume("kept", "1Gi", more=", claimRef: {namespace: default, name: mine}"))
    volumes.apply(claim("other", "1Gi"))
    assert phase(volumes, "PersistentVolumeClaim", "other") == "Pending"
    volumes.apply(claim("mine", "1Gi") + "\n---\n" + volume("a", "1Gi") + "\n---\n" + volume("b", "1Gi"))
    assert volumes.get("PersistentVolumeClaim", "mine")["spec"]["volumeName"] == "kept"
    volumes.apply(volume("named", "2Gi") + "\n---\n" + claim("asking", "1Gi", more=", volumeName: named"))
    assert phase(volumes, "PersistentVolumeClaim", "asking") == "Bound"


@pytest.mark.parametrize("policy, after", [("Retain", "Released"), ("Recycle", "Available"), ("Delete", None)])
def test_what_becomes_of_a_volume_whose_claim_is_gone(volumes, policy, after):
    volumes.apply(volume("v", "1Gi", policy=policy) + "\n---\n" + claim("c", "1Gi"))
    volumes.delete("PersistentVolumeClaim", "c")
    left = volumes.get("PersistentVolume", "v")
    assert (left and left["status"]["phase"]) == after
    volumes.apply(claim("next", "1Gi"))
    assert phase(volumes, "PersistentVolumeClaim", "next") == ("Bound" if after == "Available" else "Pending")


def test_storage_in_use_stays(volumes):
    """A claim stays until its last pod is gone, a volume until its claim is."""
    volumes.apply(volume("v", "1Gi") + "\n---\n" + claim("c", "1Gi"))
    volumes.apply("""
        apiVersion: v1
        kind: Pod
        metadata: {name: user}
        spec: {containers: [{name: c, image: i}], volumes: [{name: d, persistentVolumeClaim: {claimName: c}}]}""")
    volumes.delete("PersistentVolume", "v")
    volumes.delete("PersistentVolumeClaim", "c")
    assert volumes.names("PersistentVolumeClaim") == ["c"] and volumes.names("PersistentVolume") == ["v"]
    volumes.delete("Pod", "user", grace=0)
    assert volumes.names("PersistentVolumeClaim") == [] and volumes.names("PersistentVolume") == []


def test_a_volume_is_made_to_order_and_goes_with_its_claim(volumes):
    volumes.apply(storage_class("Immediate") + "\n---\n" + claim("c", "3Gi", storage_class="standard"))
    assert phase(volumes, "PersistentVolumeClaim", "c") == "Pending"
    volumes.run(3)
    bound = volumes.get("PersistentVolumeClaim", "c")
    made = volumes.get("PersistentVolume", bound["spec"]["volumeName"])
    assert made["metadata"]["name"] == f"pvc-{bound['metadata']['uid']}" and made["spec"]["capacity"] == {"storage": "3Gi"}
    reasons = [event.split(":")[0] for event in volumes.events("PersistentVolumeClaim")]
    assert sorted(reasons) == ["Normal ExternalProvisioning", "Normal Provisioning", "Normal ProvisioningSucceeded"]
    volumes.delete("PersistentVolumeClaim", "c")
    assert volumes.list("PersistentVolume") == []


def test_a_class_may_wait_for_the_first_pod_and_its_node(volumes):
    volumes.apply(storage_class("WaitForFirstConsumer") + "\n---\n" + claim("c", "1Gi", storage_class="standard"))
    volumes.run(10)
    assert volumes.list("PersistentVolume") == []
    [said] = volumes.events("PersistentVolumeClaim")
    assert said == "Normal WaitForFirstConsumer: waiting for first consumer to be created before binding"
    chosen = {"volume.kubernetes.io/selected-node": "node-2"}  # the scheduler says so
    volumes.patch("PersistentVolumeClaim", "c", {"metadata": {"annotations": chosen}})
    volumes.run(3)
    [made] = volumes.list("PersistentVolume")
    term = made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]
    assert term["values"] == ["node-2"] and phase(volumes, "PersistentVolumeClaim", "c") == "Bound"


def test_a_claim_whose_volume_is_taken_away_is_lost(volumes):
    volumes.apply(volume("v", "1Gi") + "\n---\n" + claim("c", "1Gi"))
    volumes.patch("PersistentVolume", "v", {"metadata": {"finalizers": None}})
    volumes.controllers["VolumeProtectionController"].stop()
    volumes.patch("PersistentVolume", "v", {"metadata": {"finalizers": None}})
    volumes.delete("PersistentVolume", "v")
    assert phase(volumes, "PersistentVolumeClaim", "c") == "Lost"


def test_an_ephemeral_volume_is_a_claim_of_its_pod(volumes):
    volumes.start(EphemeralVolumeController)
    volumes.apply("""
        apiVersion: v1
        kind: Pod
        metadata: {name: user}
        spec:
          containers: [{name: c, image: i}]
          volumes:
            - name: scratch
              ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}""")
    [made] = volumes.list("PersistentVolumeClaim")
    assert made["metadata"]["name"] == "user-scratch" and made["metadata"]["ownerReferences"][0]["name"] == "user"


def test_a_claim_without_a_class_gets_the_default_one_once_there_is_one(volumes):
    volumes.apply(claim("c", "1Gi").replace("storageClassName: slow, ", "") + "\n---\n" + claim("none", "1Gi", storage_class='""'))
    assert "storageClassName" not in volumes.get("PersistentVolumeClaim", "c")["spec"]
    marked = "annotations: {storageclass.kubernetes.io/is-default-class: 'true'}, name: standard"
    volumes.apply(storage_class("WaitForFirstConsumer").replace("name: standard", marked))
    assert volumes.get("PersistentVolumeClaim", "c")["spec"]["storageClassName"] == "standard"
    assert volumes.get("PersistentVolumeClaim", "none")["spec"]["storageClassName"] == ""


def test_a_bound_claim_says_whether_a_pod_uses_it(volumes):
    def unused() -> str:
        return next(c["status"] for c in volumes.get("PersistentVolumeClaim", "c")["status"]["conditions"] if c["type"] == "Unused")
    volumes.apply(volume("v", "1Gi") + "\n---\n" + claim("c", "1Gi"))
    assert unused() == "True"
    volumes.apply("""
        apiVersion: v1
        kind: Pod
        metadata: {name: user}
        spec: {containers: [{name: c, image: nginx}], volumes: [{name: d, persistentVolumeClaim: {claimName: c}}]}""")
    assert unused() == "False"
    volumes.delete("Pod", "user", grace=0)
    assert unused() == "True"
