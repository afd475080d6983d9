"""The ReplicationController's controller: a ReplicaSet of old, whose selector is a plain map of labels.

Law: as a ReplicaSet's. Upstream: pkg/controller/replication, which wraps the ReplicaSet controller in the same way.
Leaves out: nothing.
"""
from __future__ import annotations

from kubelearn.api.meta import key_of, labels_of, namespace_of
from kubelearn.api.selectors import match_labels
from kubelearn.controllers.replicaset import ReplicaSetController


def as_replica_set(controller: dict) -> dict:
    """Seen with the selector that a ReplicaSet would have."""
    return {**controller, "spec": {**controller["spec"], "selector": {"matchLabels": controller["spec"].get("selector") or {}}}}


class ReplicationManager(ReplicaSetController):
    name, kind = "replication-controller", "ReplicationController"

    def sync(self, controller: dict) -> None:
        super().sync(as_replica_set(controller))

    def update_status(self, obj: dict, status: dict, because: str = "") -> dict:
        """Written into the object as it is, not as it was seen."""
        return super().update_status(self.informer(self.kind).items[key_of(obj)], status, because)

    def _orphan_changed(self, obj: dict) -> None:
        for owner in self.informer(self.kind).list(namespace_of(obj)):
            if match_labels(owner["spec"].get("selector"))(labels_of(obj)):
                self.queue.add(key_of(owner))
