"""VolumeBinding: a pod goes where its volumes are, or where they can be made.

Part of Kubernetes: kube-scheduler plugins/volumebinding (volume_binding.go, binder.go). A claim whose class waits for its first
consumer is bound here: to a volume that is there (its claimRef is written, the volume controller does the rest) or by naming
the node for which one is to be made (annotation selected-node). The pod is bound to its node once all its claims are bound.
Leaves out: the capacity that CSI drivers report, limits on how many volumes a node takes.
"""
from __future__ import annotations

from typing import NamedTuple

from kubelearn.api import nodeselector
from kubelearn.api.meta import annotations_of, is_deleting, key_of, owner_of, reference_to, replace
from kubelearn.api.storage import BOUND_BY_CONTROLLER, NO_PROVISIONER, SELECTED_NODE, capacity, claims_of, class_of, requested, suits
from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.framework import SKIP, Plugin, Rejected, Rejection, Verdict
from kubelearn.scheduler.pods import PodInfo


class Claims(NamedTuple):
    bound: list[tuple[dict, dict | None]]  # (claim, its volume if that is there)
    waiting: list[tuple[dict, dict]]       # (claim, its class), for their first consumer


class Choice(NamedTuple):
    """What one node would have for the waiting claims: volumes that are there, and claims for which one is to be made."""

    volumes: list[tuple[dict, dict]]  # (claim, volume)
    to_make: list[dict]


class VolumeBinding(Plugin):
    events = frozenset(("Node", "Storage", "PodDelete"))

    def __init__(self, client):
        self.claims, self.volumes = client.informer("PersistentVolumeClaim"), client.informer("PersistentVolume")
        self.classes = client.informer("StorageClass")
        self.promised: dict[str, str] = {}  # volume -> key of the claim for which it was chosen
        self.begun: dict[str, Claims] = {}  # pod's key -> claims that are being bound for it

    # --- which nodes ----------------------------------------------------------------------------------------------

    def pre_filter(self, pod: PodInfo, snapshot: Snapshot) -> Claims | object:
        names = claims_of(pod.pod)
        if not names:
            return SKIP
        state = Claims([], [])
        for name, ephemeral in names:
            claim = self._claim(pod, name, ephemeral)
            volume_name, storage_class = claim["spec"].get("volumeName"), self._class_of(claim)
            if volume_name and (claim.get("status") or {}).get("phase") == "Bound":
                state.bound.append((claim, self.volumes.get("", volume_name)))
            elif storage_class and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer" and not volume_name:
                state.waiting.append((claim, storage_class))
            else:
                raise Rejected("pod has unbound immediate PersistentVolumeClaims")
        return state

    def _claim(self, pod: PodInfo, name: str, ephemeral: bool) -> dict:
        claim = self.claims.get(pod.namespace, name)
        if claim is None and ephemeral:
            raise Rejected(f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"')
        if claim is None:
            raise Rejected(f'persistentvolumeclaim "{name}" not found')
        if (claim.get("status") or {}).get("phase") == "Lost":
            raise Rejected(f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{claim["spec"].get("volumeName", "")}"')
        if is_deleting(claim):
            raise Rejected(f'persistentvolumeclaim "{name}" is being deleted')
        owner = owner_of(claim)
        if ephemeral and (owner is None or owner["uid"] != pod.pod["metadata"].get("uid")):
            raise Rejected(f"PVC {pod.namespace}/{name} was not created for pod {pod.key} (pod is not owner)")
        return claim

    def _class_of(self, claim: dict) -> dict | None:
        return self.classes.get("", class_of(claim)) if class_of(claim) else None

    def filter(self, state: Claims, pod: PodInfo, node: NodeInfo) -> Verdict:
        reasons = []
        if any(volume is not None and not reachable(volume, node) for _, volume in state.bound):
            reasons.append("node(s) didn't match PersistentVolume's node affinity")
        if state.waiting and self._choose(state, node) is None:
            reasons.append("node(s) didn't find available persistent volumes to bind")
        if any(volume is None for _, volume in state.bound):
            reasons.append("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")
        return Rejection(tuple(reasons), resolvable=False) if reasons else None

    def _choose(self, state: Claims, node: NodeInfo) -> Choice | None:
        """Volumes for the waiting claims, the smallest demand first; None where the node has none and none can be made."""
        choice, taken = Choice([], []), set()
        for claim, storage_class in sorted(state.waiting, key=lambda pair: requested(pair[0])):
            selected = annotations_of(claim).get(SELECTED_NODE)
            if selected and selected != node.name:
                return None
            volume = None if selected else self._find_volume(claim, node, taken)
            if volume is not None:
                choice.volumes.append((claim, volume))
                taken.add(volume["metadata"]["name"])
            elif storage_class["provisioner"] != NO_PROVISIONER and _can_make(storage_class, node):
                choice.to_make.append(claim)
            else:
                return None
        return choice

    def _find_volume(self, claim: dict, node: NodeInfo, taken: set[str]) -> dict | None:
        """The smallest volume that is free, suits the claim and can be reached from the node."""
        found = [volume for volume in self.volumes.list() if volume["metadata"]["name"] not in taken
                 and self.promised.get(volume["metadata"]["name"], key_of(claim)) == key_of(claim)
                 and suits(volume, claim) and reachable(volume, node)]
        return min(found, key=lambda v: (capacity(v), v["metadata"]["name"]), default=None)

    # --- binding --------------------------------------------------------------------------------------------------

    def pre_bind(self, pod: PodInfo, node: NodeInfo, scheduler) -> bool:
        """Writes what was chosen; True once every claim of the pod is bound. Raises Rejected where a choice was undone."""
        begun = self.begun.get(pod.key)
        if begun is None:
            state = self.pre_filter(pod, scheduler.snapshot)
            if state is SKIP or not state.waiting:
                return True
            begun = self.begun[pod.key] = state
            self._write(self._choose(state, node), pod, node, scheduler.client)
            return False  # what was written will be heard of
        current = [self.claims.get(pod.namespace, claim["metadata"]["name"]) for claim, _ in begun.waiting]
        if all(claim and (claim.get("status") or {}).get("phase") == "Bound" for claim in current):
            self.unreserve(pod.key)
            return True
        if any(claim is None or self._undone(claim) for claim in current):
            self.unreserve(pod.key)
            raise Rejected("binding volumes: provisioning failed for a claim")
        return False

    def _undone(self, claim: dict) -> bool:
        """Whoever makes volumes takes the annotation away where it cannot make one for that node."""
        pending = claim["spec"].get("volumeName") or SELECTED_NODE in annotations_of(claim)
        return not pending and key_of(claim) not in self.promised.values()

    def _write(self, choice: Choice, pod: PodInfo, node: NodeInfo, client) -> None:
        for claim, volume in choice.volumes:
            self.promised[volume["metadata"]["name"]] = key_of(claim)
            bound = replace(volume, ("metadata", "annotations"), {**annotations_of(volume), BOUND_BY_CONTROLLER: "yes"})
            because = f"{pod.name} goes to {node.name}, where it can be used"
            client.update(replace(bound, ("spec", "claimRef"), reference_to(claim)), because)
        for claim in choice.to_make:
            if annotations_of(claim).get(SELECTED_NODE) != node.name:
                new = replace(claim, ("metadata", "annotations"), {**annotations_of(claim), SELECTED_NODE: node.name})
                client.update(new, because=f"{pod.name}, its first consumer, goes to {node.name}")

    def unreserve(self, pod_key: str) -> None:
        begun = self.begun.pop(pod_key, None)
        for claim, _ in begun.waiting if begun else ():
            self.promised = {name: key for name, key in self.promised.items() if key != key_of(claim)}


def reachable(volume: dict, node: NodeInfo) -> bool:
    matches = nodeselector.node_selector((volume["spec"].get("nodeAffinity") or {}).get("required"))
    return matches is None or matches(node.name, node.labels)


def _can_make(storage_class: dict, node: NodeInfo) -> bool:
    terms = storage_class.get("allowedTopologies")
    return not terms or any(all(node.labels.get(wanted["key"]) in wanted["values"] for wanted in term.get("matchLabelExpressions") or ())
                            for term in terms)
