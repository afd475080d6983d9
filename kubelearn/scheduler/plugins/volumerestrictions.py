"""VolumeRestrictions: a claim with ReadWriteOncePod serves one pod. Part of Kubernetes: kube-scheduler plugins/volumerestrictions.

Leaves out: the disks of clouds that Kubernetes no longer has drivers of its own for.
"""
from __future__ import annotations

from kubelearn.api.storage import claims_of
from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.framework import SKIP, Plugin, Verdict
from kubelearn.scheduler.pods import PodInfo


class VolumeRestrictions(Plugin):
    events = frozenset(("Node", "PodDelete", "Storage"))

    def __init__(self, client):
        self.claims = client.informer("PersistentVolumeClaim")

    def pre_filter(self, pod: PodInfo, snapshot: Snapshot) -> object:
        """SKIP unless another pod uses a claim that this pod wants for itself alone."""
        alone = {name for name, _ in claims_of(pod.pod) if self._is_alone(pod.namespace, name)}
        if not alone:
            return SKIP
        used = any(name in alone for node in snapshot.nodes.values() for other in node.pods.values()
                   if other.namespace == pod.namespace and other.key != pod.key for name, _ in claims_of(other.pod))
        return None if used else SKIP

    def _is_alone(self, namespace: str, name: str) -> bool:
        claim = self.claims.get(namespace, name)
        return claim is not None and "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ())

    def filter(self, state: object, pod: PodInfo, node: NodeInfo) -> Verdict:
        return "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
