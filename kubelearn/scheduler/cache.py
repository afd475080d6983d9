"""What the scheduler knows of the nodes and of the pods on them, kept up to date from the watch.

Part of Kubernetes: kube-scheduler backend/cache and framework/types.go (NodeInfo). It is never rebuilt for a pod: an event
changes one NodeInfo, which then has a new generation, so that whoever remembers answers knows which are stale.
Pods alike on a node are counted together (label_counts), so that affinity and spreading cost by kinds of pods, not by pods.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from kubelearn.api import quantity
from kubelearn.scheduler.pods import PodInfo, whole

CHANGES = 2048  # of nodes remembered; who is further behind looks at every node


class NodeInfo:
    """A node and what its pods take of it. Amounts are whole: millicores of cpu, bytes of memory, pieces of the rest."""

    __slots__ = ("name", "node", "labels", "taints", "unschedulable", "allocatable", "images", "pods", "requested", "cpu", "memory",
                 "ports", "label_counts", "priorities", "affine", "generation")

    def __init__(self, name: str):
        self.name, self.node, self.generation = name, None, 0
        self.labels, self.taints, self.unschedulable, self.allocatable, self.images = {}, (), False, {}, {}
        self.pods: dict[str, PodInfo] = {}
        self.requested: dict[str, int] = {}
        self.cpu = self.memory = 0  # as scored: a container that asks for nothing counts too
        self.ports: dict[tuple[str, str, int], int] = {}
        self.label_counts: dict[tuple[str, tuple], list] = {}  # (namespace, labels) -> [pods, of them ending, the labels as a dict]
        self.priorities: dict[int, int] = {}
        self.affine: dict[tuple[str, str], list] = {}  # (namespace, signature) of pods with any (anti-)affinity -> [how many, one of them]

    def set_node(self, node: dict) -> bool:
        """Takes over a Node object; whether anything changed that a plugin looks at."""
        spec, status = node.get("spec") or {}, node.get("status") or {}
        before = (self.labels, self.taints, self.unschedulable, self.allocatable, self.images) if self.node else None
        self.node = node
        self.labels, self.taints = node["metadata"].get("labels") or {}, spec.get("taints") or ()
        self.unschedulable = bool(spec.get("unschedulable"))
        self.allocatable = {name: whole(name, quantity.parse(amount)) for name, amount in (status.get("allocatable") or {}).items()}
        self.images = {name: image.get("sizeBytes", 0) for image in status.get("images") or () for name in image.get("names") or ()}
        return before != (self.labels, self.taints, self.unschedulable, self.allocatable, self.images)

    @property
    def avoided(self) -> bool:
        return any(taint["effect"] == "PreferNoSchedule" for taint in self.taints)

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.key] = pod
        self._account(pod, 1)

    def remove(self, key: str) -> PodInfo:
        pod = self.pods.pop(key)
        self._account(pod, -1)
        return pod

    def _account(self, pod: PodInfo, sign: int) -> None:
        demands, requested = pod.demands, self.requested
        for name, amount in demands.requests.items():
            requested[name] = requested.get(name, 0) + sign * amount
        self.cpu += sign * demands.cpu
        self.memory += sign * demands.memory
        for port in demands.ports:
            _tally(self.ports, port, sign)
        _tally(self.priorities, demands.priority, sign)
        if demands.any_affinity:
            alike = self.affine.setdefault((pod.namespace, demands.signature), [0, pod])
            alike[0] += sign
            if not alike[0]:
                del self.affine[pod.namespace, demands.signature]
        self._count(pod, sign)

    def _count(self, pod: PodInfo, sign: int) -> None:
        kind = (pod.namespace, pod.label_key)
        counted = self.label_counts.setdefault(kind, [0, 0, pod.labels])
        counted[0] += sign
        counted[1] += sign * pod.ending
        if not counted[0]:
            del self.label_counts[kind]

    def relabel(self, pod: PodInfo) -> None:
        """A pod that is here already has other labels, or begins to end; what it demands is the same."""
        self._count(self.pods[pod.key], -1)
        self._count(pod, 1)
        self.pods[pod.key] = pod

    def count(self, namespace: str, selector: Callable[[dict], bool]) -> int:
        """How many of its pods in a namespace a selector matches; those that are ending do not count."""
        return sum(number - ending for (where, _), (number, ending, labels) in self.label_counts.items()
                   if number > ending and where == namespace and selector(labels))

    def has_below(self, priority: int) -> bool:
        """Whether a pod of lower priority is on the node."""
        return any(other < priority for other in self.priorities)

    def copy(self) -> NodeInfo:
        new = NodeInfo(self.name)
        for slot in ("node", "labels", "taints", "unschedulable", "allocatable", "images", "cpu", "memory", "generation"):
            setattr(new, slot, getattr(self, slot))
        for slot in ("pods", "requested", "ports", "priorities"):
            setattr(new, slot, dict(getattr(self, slot)))
        for slot in ("label_counts", "affine"):
            setattr(new, slot, {key: list(value) for key, value in getattr(self, slot).items()})
        return new

    def __repr__(self) -> str:
        return f"<{self.name}: {len(self.pods)} pods>"


def _tally(counts: dict, key: object, sign: int) -> None:
    """Counts one up or down; what there is none of has no entry."""
    number = counts.get(key, 0) + sign
    if number:
        counts[key] = number
    else:
        counts.pop(key, None)


class Snapshot:
    """All nodes. generation counts changes of any node, epoch those that concern all: nodes that come and go, what images are
    where, whether any node is to be avoided."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}
        self.generation = self.epoch = 0
        self.image_nodes: dict[str, int] = {}   # image -> how many nodes have it
        self.where: dict[str, NodeInfo] = {}    # pod's key -> the node it is on
        self.nominated: dict[str, dict[str, PodInfo]] = {}  # node -> pods for which room is being made there
        self.avoided = 0                        # how many nodes have a PreferNoSchedule taint
        self.affine = self.repelling = 0        # how many pods have any affinity, and required anti-affinity
        self._awaited: dict[str, NodeInfo] = {}  # nodes that pods name and that are not there
        self._changes: deque[NodeInfo] = deque(maxlen=CHANGES)

    def set_node(self, node: dict) -> bool:
        """A node came or changed; whether that may matter to a pod."""
        name = node["metadata"]["name"]
        info = self.nodes.get(name)
        images = info.images if info else None
        if info is None:
            info = self.nodes[name] = self._awaited.pop(name, None) or NodeInfo(name)
        avoided = info.avoided
        changed = info.set_node(node)
        if avoided != info.avoided:
            self.avoided += info.avoided - avoided
            self.epoch += 1
        if images != info.images:
            self._count_images(images or {}, -1)
            self._count_images(info.images, 1)
            self.epoch += 1
        if changed:
            self.changed(info)
        return changed

    def remove_node(self, name: str) -> None:
        """Its pods stay known, for a node of this name may come back."""
        info = self.nodes.pop(name, None)
        if info is not None:
            self._count_images(info.images, -1)
            self.avoided -= info.avoided
            info.node, info.images, info.taints = None, {}, ()
            if info.pods:
                self._awaited[name] = info
            self.epoch += 1
            self.changed(info)

    def _count_images(self, images: Iterable[str], sign: int) -> None:
        for image in images:
            _tally(self.image_nodes, image, sign)

    def add_pod(self, pod: PodInfo, name: str) -> None:
        """A pod is on a node, or (assumed) soon will be."""
        if pod.key in self.where:
            self.remove_pod(pod.key)
        info = self.nodes.get(name) or self._awaited.setdefault(name, NodeInfo(name))
        info.add(pod)
        self.where[pod.key] = info
        self._count_pod(pod, 1)
        self.changed(info)

    def relabel_pod(self, pod: PodInfo) -> None:
        info = self.where[pod.key]
        info.relabel(pod)
        self.changed(info)

    def remove_pod(self, key: str) -> None:
        info = self.where.pop(key, None)
        if info is not None:
            self._count_pod(info.remove(key), -1)
            self.changed(info)

    def _count_pod(self, pod: PodInfo, sign: int) -> None:
        self.affine += sign * pod.demands.any_affinity
        self.repelling += sign * bool(pod.demands.anti_affinity)

    def nominate(self, pod: PodInfo, name: str) -> None:
        self.nominated.setdefault(name, {})[pod.key] = pod

    def forget_nomination(self, key: str) -> None:
        for name, pods in list(self.nominated.items()):
            if pods.pop(key, None) and not pods:
                del self.nominated[name]

    def changed(self, info: NodeInfo) -> None:
        self.generation += 1
        info.generation = self.generation
        self._changes.append(info)

    def changed_since(self, generation: int) -> Iterable[NodeInfo]:
        """The nodes that changed after a generation; some more than once, or all where that is no more work."""
        behind = self.generation - generation
        if behind >= min(len(self.nodes), CHANGES):
            return list(self.nodes.values())
        recent = (self._changes[-index] for index in range(behind, 0, -1))
        return [info for info in recent if info.node is not None]  # pods of a node that is gone change, too

    def replacing(self, info: NodeInfo) -> Snapshot:
        """What if one node were like this: the same snapshot but for it."""
        new = object.__new__(Snapshot)
        new.__dict__ = {**self.__dict__, "nodes": {**self.nodes, info.name: info}}
        old = self.nodes[info.name]
        for pod, sign in (*((pod, 1) for pod in info.pods.values()), *((pod, -1) for pod in old.pods.values())):
            new._count_pod(pod, sign)
        return new
