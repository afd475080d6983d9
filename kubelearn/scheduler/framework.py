"""The plugin frame: what a scheduler plugin may do, and what it answers with.

Part of Kubernetes: kube-scheduler framework/interface.go. A plugin decides from what it is given and changes nothing: the
scheduler does the writing, but for what a plugin's pre_bind must write before a pod is bound.
A plugin of one's own is a class with the methods that one wants:

    class SSDOnly(Plugin):
        def filter(self, state, pod, node):
            if node.labels.get("disk") != "ssd":
                return "node(s) had no ssd"

    cluster.parts["kube-scheduler"].plugins.append(SSDOnly())

Leaves out: permit, post-bind, extenders, profiles.
"""
from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kubelearn.scheduler.cache import NodeInfo, PodInfo, Snapshot

MAX_SCORE = 100  # of one plugin, before its weight
EVERYTHING = frozenset(("Node", "PodAdd", "PodDelete", "Storage"))


class Rejection(NamedTuple):
    """Why a node does not take a pod. resolvable: it might if other pods went, so that preemption is worth a thought."""

    reasons: tuple[str, ...]
    resolvable: bool = True
    plugin: str = ""


class Rejected(Exception):
    """Raised by pre_filter: no node at all can take this pod, and why."""

    plugin = ""


class OnlyNodes(NamedTuple):
    """Returned by pre_filter: no other node than these needs a look. state is handed on to filter."""

    names: frozenset[str]
    state: object = None


SKIP = object()  # returned by pre_filter and pre_score: this plugin has no say on this pod
Verdict = Rejection | str | None


class Plugin:
    """What every plugin is made from: a method that a plugin does not have is not asked.

    shared names the answers ("filter", "score") that depend on nothing but the pod's spec and this one node. Pods alike then
    share them, and they are asked for again only after the node has changed.
    """

    weight = 1
    shared: frozenset[str] = frozenset()
    events = EVERYTHING  # what may make a pod that this plugin rejected worth another try

    @property
    def name(self) -> str:
        return type(self).__name__

    def pre_enqueue(self, pod: dict) -> str | None:
        """A reason why this pod should not be looked at yet."""

    def pre_filter(self, pod: PodInfo, snapshot: Snapshot) -> object:
        """State for filter; SKIP where the plugin has no say; OnlyNodes; raises Rejected. A shared filter gets no state."""

    def filter(self, state: object, pod: PodInfo, node: NodeInfo) -> Verdict:
        """None where the node takes the pod; else why not. A text means: might, if other pods went."""

    def pre_score(self, pod: PodInfo, snapshot: Snapshot) -> object:
        """State for score and normalize; SKIP where the plugin has no say."""

    def score(self, state: object, pod: PodInfo, node: NodeInfo) -> Hashable:
        """0 to 100; a plugin with a normalize may answer with anything that it can turn into that."""
        return 0

    def post_filter(self, pod: PodInfo, rejections: dict[str, Rejection], scheduler: object) -> object:
        """What else could be done for a pod that fits nowhere: see DefaultPreemption."""

    def pre_bind(self, pod: PodInfo, node: NodeInfo, scheduler: object) -> bool:
        """What must be there before the pod is bound; False: not yet, ask again when storage has changed."""
        return True

    def unreserve(self, pod_key: str) -> None:
        """The pod will not be bound after all: forget what pre_bind began."""


class Count(NamedTuple):
    """How many nodes gave the same score: those that take the pod, and all."""

    fitting: int
    all: int


def offers(plugin: Plugin, method: str) -> bool:
    """Whether a plugin has a method of its own."""
    return getattr(type(plugin), method, None) is not getattr(Plugin, method, None)


def default_normalize(scores: dict[int, Count], reverse: bool = False) -> dict[int, int]:
    """Stretches scores so that the highest of the fitting nodes becomes 100 (reverse: 0). plugins/helper/normalize_score.go."""
    highest = max((score for score, count in scores.items() if count.fitting), default=0)
    if not highest:
        return {score: MAX_SCORE if reverse else score for score in scores}
    return {score: MAX_SCORE - score * MAX_SCORE // highest if reverse else score * MAX_SCORE // highest for score in scores}
