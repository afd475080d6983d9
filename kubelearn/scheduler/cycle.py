"""The scheduling cycle: one pod, all nodes, one decision. It changes nothing.

Part of Kubernetes: kube-scheduler schedule_one.go (schedulePod). Pods alike share a Ranking; only where a plugin that looks at
more than one node has a say (pod affinity, hard spreading, volumes, a learner's own) is every node gone through for a pod.
Leaves out: extenders, batches of pods, pod groups.
"""
from __future__ import annotations

from random import Random
from typing import NamedTuple

from kubelearn.api.meta import owner_of
from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.filters import first_rejection, is_wide, not_looked_at, run_filters, wide_filters
from kubelearn.scheduler.framework import Plugin, Rejected, Rejection, offers
from kubelearn.scheduler.pods import PodInfo
from kubelearn.scheduler.ranking import Entry, Ranking, scorers

RANKINGS = 256  # kinds of pods whose answers are remembered


class Decision(NamedTuple):
    node: str
    because: str


class Unfit(NamedTuple):
    """No node takes the pod: node -> why; or (at_once) why no node was even looked at, and whose word that is."""

    rejections: dict[str, Rejection]
    at_once: str = ""
    plugin: str = ""


class Cycle:
    """Decides over a snapshot with a list of plugins, to which more may be added at any time."""

    def __init__(self, snapshot: Snapshot, plugins: list[Plugin], random: Random):
        self.snapshot, self.plugins, self.random = snapshot, plugins, random
        self.surroundings = 0  # counted up when something changes that scores depend on and that is no node
        self._rankings: dict[tuple, Ranking] = {}
        self._made_with: list[Plugin] | None = None
        self.binders: list[Plugin] = []
        self._gatekeepers: list[Plugin] = []

    def decide(self, pod: PodInfo) -> Decision | Unfit:
        """PluginError where a plugin raised."""
        self._look_at_plugins()
        try:
            states, only = wide_filters(self._wide_filters, pod, self.snapshot)
        except Rejected as rejected:
            return Unfit({}, str(rejected), rejected.plugin)
        nominated = self._on_nominated_node(pod)
        if nominated:
            return nominated
        wide = scorers(self._wide_scores, pod, self.snapshot)
        ranking = Ranking(pod, self.snapshot, self.plugins, frozenset.intersection(*only.values())) if only else self._ranking(pod)
        if not (states or wide or self.snapshot.nominated):  # all that matters is in the ranking
            return Decision(*ranking.best(self.random)) if ranking.fitting else Unfit(self._rejections(ranking, {}, only))
        fitting, rejections = self._go_through(ranking, pod, states)
        if fitting:
            return Decision(*ranking.best_of(fitting, wide, self.random))
        return Unfit(self._rejections(ranking, rejections, only))

    def _look_at_plugins(self) -> None:
        """Sorts the plugins by what they look at, when there are others than before."""
        if self._made_with != self.plugins:
            self._rankings, self._made_with = {}, list(self.plugins)
            self._wide_filters = [plugin for plugin in self.plugins if is_wide(plugin)]
            self._wide_scores = [plugin for plugin in self.plugins if offers(plugin, "score") and "score" not in plugin.shared]
            self.binders = [plugin for plugin in self.plugins if offers(plugin, "pre_bind")]
            self._gatekeepers = [plugin for plugin in self.plugins if offers(plugin, "pre_enqueue")]

    def gatekeepers(self) -> list[Plugin]:
        """Those who may keep a pod out of the queue."""
        self._look_at_plugins()
        return self._gatekeepers

    def _ranking(self, pod: PodInfo) -> Ranking:
        """The ranking of pods like this one, up to date."""
        owner = owner_of(pod.pod)
        key = (pod.demands.signature, pod.namespace, pod.label_key, owner and owner["uid"], self.surroundings)
        ranking = self._rankings.pop(key, None)
        if ranking is None or ranking.epoch != self.snapshot.epoch:
            ranking = Ranking(pod, self.snapshot, self.plugins)
        else:
            ranking.refresh()
        self._rankings[key] = ranking  # the newest last
        if len(self._rankings) > RANKINGS:
            del self._rankings[next(iter(self._rankings))]
        return ranking

    # --- going through every node ---------------------------------------------------------------------------------

    def _go_through(self, ranking: Ranking, pod: PodInfo, states: dict[Plugin, object]) -> tuple[list[Entry], dict[str, Rejection]]:
        fitting, rejections = [], {}
        for name, entry in ranking.entries.items():
            rejection = entry.rejection or first_rejection(states, pod, entry.node, states) or self._claimed_by_others(pod, entry.node)
            if rejection is None:
                fitting.append(entry)
            else:
                rejections[name] = rejection
        return fitting, rejections

    def _claimed_by_others(self, pod: PodInfo, node: NodeInfo) -> Rejection | None:
        """Whether the pod would take the place that is being made there for pods of no lower priority."""
        others = [other for key, other in self.snapshot.nominated.get(node.name, {}).items()
                  if key != pod.key and other.priority >= pod.priority]
        if not others:
            return None
        trial = node.copy()
        for other in others:
            trial.add(other)
        return run_filters(pod, trial, self.snapshot, self.plugins)

    def _on_nominated_node(self, pod: PodInfo) -> Decision | None:
        """A pod for which room was made is tried there first."""
        name = (pod.pod.get("status") or {}).get("nominatedNodeName")
        node = self.snapshot.nodes.get(name) if name else None
        if node is None or run_filters(pod, node, self.snapshot, self.plugins) or self._claimed_by_others(pod, node):
            return None
        return Decision(name, f"{name} was nominated, and now fits")

    def _rejections(self, ranking: Ranking, rejections: dict[str, Rejection], only: dict) -> dict[str, Rejection]:
        """Every node's reason, in the order of the nodes; nodes that were not looked at have one too."""
        found = {}
        for name in self.snapshot.nodes:
            entry = ranking.entries.get(name)
            found[name] = not_looked_at(only) if entry is None else rejections.get(name) or entry.rejection
        return found
