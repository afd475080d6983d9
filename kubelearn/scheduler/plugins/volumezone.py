"""VolumeZone: a volume of one zone is used from that zone only. Part of Kubernetes: kube-scheduler plugins/volumezone."""
from __future__ import annotations

from kubelearn.api.meta import labels_of
from kubelearn.api.storage import claims_of
from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.framework import SKIP, Plugin, Rejection, Verdict
from kubelearn.scheduler.pods import PodInfo

KEYS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region")


class VolumeZone(Plugin):
    events = frozenset(("Node", "Storage"))

    def __init__(self, client):
        self.claims, self.volumes = client.informer("PersistentVolumeClaim"), client.informer("PersistentVolume")

    def pre_filter(self, pod: PodInfo, snapshot: Snapshot) -> list[tuple[str, set[str]]] | object:
        """(label, values of which a node must have one) of the volumes that are bound already."""
        claims = [self.claims.get(pod.namespace, name) for name, _ in claims_of(pod.pod)]
        volumes = [self.volumes.get("", claim["spec"]["volumeName"]) for claim in claims if claim and claim["spec"].get("volumeName")]
        wanted = [(key, set(labels_of(volume)[key].split("__")))
                  for volume in volumes if volume for key in KEYS if key in labels_of(volume)]
        return wanted or SKIP

    def filter(self, state: list[tuple[str, set[str]]], pod: PodInfo, node: NodeInfo) -> Verdict:
        if any(key in node.labels for key in KEYS) and any(node.labels.get(key) not in values for key, values in state):
            return Rejection(("node(s) had no available volume zone",), resolvable=False)
        return None
