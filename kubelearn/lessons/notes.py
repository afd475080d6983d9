"""A note in a volume: who finds it after the Pod has moved?

Part of Kubernetes: none; a measure and a helper of 11_minikube. Leaves out: nodes that die; here they are emptied.
"""
from __future__ import annotations

from kubelearn.api.meta import name_of
from kubelearn.lessons import inside
from kubelearn.lessons.check import Wrong
from kubelearn.lessons.deployments import deployment
from kubelearn.lessons.laptop import pods_of

MEMO = [{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "memo"},
         "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
        deployment("memo", "busybox:1.36", 1, command=["sh", "-c", "test -f /data/note || hostname > /data/note; sleep 36000"],
                   volumeMounts=[{"name": "data", "mountPath": "/data"}])]


def note_after_a_move(cluster, volume: dict) -> str:
    """A Pod writes a note into a volume; its node is emptied (where there is another one): what does its successor find?"""
    claim, writer = MEMO
    template = {**writer["spec"]["template"], "spec": {**writer["spec"]["template"]["spec"], "volumes": [{"name": "data", **volume}]}}
    for obj in (claim, {**writer, "spec": {**writer["spec"], "template": template}}):
        cluster.apply(obj)
    cluster.run(30)
    pod = pods_of(cluster, "memo")[0]
    node, note = pod["spec"]["nodeName"], note_of(cluster, pod)
    _close(cluster, node, len(cluster.get("Node", namespace=None)) > 1)
    cluster.delete("Pod", name_of(pod), gracePeriodSeconds=1)
    cluster.run(40)
    after = pods_of(cluster, "memo")[0]
    waits = after["status"]["phase"] == "Pending"
    found = f"◐ Pending until {node} is back" if waits else "✔ the note" if note_of(cluster, after) == note else "✖ an empty folder"
    _close(cluster, node, False)
    for obj in (writer, claim):
        cluster.delete(obj["kind"], "memo")
    cluster.run(60)
    return found


def _close(cluster, node: str, closed: bool) -> None:
    cluster.patch("Node", node, {"spec": {"unschedulable": closed or None}}, type="merge")


def note_of(cluster, pod: dict) -> str:
    """What /data/note holds, as the Pod's container sees it."""
    found = inside.read(cluster, pod, "/data/note")
    if found is None:
        raise Wrong("the Pod has no file /data/note", "keep the command, and mount the volume at /data")
    return found
