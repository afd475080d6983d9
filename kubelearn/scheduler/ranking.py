"""The answers of the plugins, node by node, kept for pods alike and brought up to date with what changed.

Part of Kubernetes: kube-scheduler schedule_one.go (findNodesThatPassFilters, prioritizeNodes) and its opportunistic batching.
What depends on the pod's spec and one node alone (Plugin.shared) is worked out once for each node and pod signature, and again
only for a node that has changed. Nodes with the same score share a bucket, so that the best is found without looking at all.
Leaves out: looking at only a part of the nodes of a large cluster.
"""
from __future__ import annotations

from collections.abc import Iterable
from random import Random

from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.filters import PluginError, first_rejection
from kubelearn.scheduler.framework import SKIP, Count, Plugin, offers
from kubelearn.scheduler.pods import PodInfo

SAID = 5  # nodes of which the reason names every score


class Entry:
    """What the shared plugins say of one node. keys are the scores that are made comparable over all nodes later."""

    __slots__ = ("node", "generation", "rejection", "score", "keys", "place")

    def __init__(self, node: NodeInfo):
        self.node, self.generation, self.rejection, self.score, self.keys, self.place = node, -1, None, 0, (), -1


class Bucketed:
    """The nodes with the same keys: how many, and those that fit by their score."""

    __slots__ = ("all", "fitting", "buckets", "best")

    def __init__(self) -> None:
        self.all = self.fitting = 0
        self.buckets: dict[int, list[Entry]] = {}
        self.best = -1

    def add(self, entry: Entry) -> None:
        self.all += 1
        if entry.rejection is None:
            bucket = self.buckets.setdefault(entry.score, [])
            entry.place = len(bucket)
            bucket.append(entry)
            self.fitting += 1
            self.best = max(self.best, entry.score)

    def remove(self, entry: Entry) -> None:
        self.all -= 1
        if entry.rejection is None:
            bucket = self.buckets[entry.score]
            last = bucket.pop()
            if last is not entry:
                bucket[entry.place], last.place = last, entry.place
            if not bucket:
                del self.buckets[entry.score]
                self.best = max(self.buckets, default=-1)
            self.fitting -= 1


class Scorer:
    """One score plugin with its state for these pods; a relative one has a normalize."""

    __slots__ = ("plugin", "state", "weight", "relative")

    def __init__(self, plugin: Plugin, state: object):
        self.plugin, self.state, self.weight, self.relative = plugin, state, plugin.weight, offers(plugin, "normalize")

    def score(self, pod: PodInfo, node: NodeInfo) -> object:
        try:
            return self.plugin.score(self.state, pod, node)
        except Exception as error:
            raise PluginError(f'running "{self.plugin.name}" score plugin: {error}') from error


def scorers(plugins: Iterable[Plugin], pod: PodInfo, snapshot: Snapshot) -> list[Scorer]:
    """Those of these score plugins that have a say on this pod."""
    found = []
    for plugin in plugins:
        state = plugin.pre_score(pod, snapshot)
        if state is not SKIP:
            found.append(Scorer(plugin, state))
    return found


class Ranking:
    """All nodes as pods of one signature see them."""

    def __init__(self, pod: PodInfo, snapshot: Snapshot, plugins: list[Plugin], only: frozenset[str] | None = None):
        self.pod, self.snapshot, self.epoch, self.only = pod, snapshot, snapshot.epoch, only
        self.filters = [plugin for plugin in plugins if offers(plugin, "filter") and "filter" in plugin.shared]
        found = scorers([plugin for plugin in plugins if offers(plugin, "score") and "score" in plugin.shared], pod, snapshot)
        self.plain, self.relative = [s for s in found if not s.relative], [s for s in found if s.relative]
        self.entries: dict[str, Entry] = {}
        self.groups: dict[tuple, Bucketed] = {}
        self.fitting, self.generation = 0, snapshot.generation
        for node in snapshot.nodes.values():
            if only is None or node.name in only:
                self._update(node)

    def refresh(self) -> None:
        """Asks again about the nodes that have changed."""
        if self.generation != self.snapshot.generation:
            for node in self.snapshot.changed_since(self.generation):
                self._update(node)
            self.generation = self.snapshot.generation

    def _update(self, node: NodeInfo) -> None:
        entry = self.entries.get(node.name)
        if entry is None:
            entry = self.entries[node.name] = Entry(node)
        elif entry.generation == node.generation:
            return
        else:
            self._take_out(entry)
        entry.generation, entry.rejection = node.generation, first_rejection(self.filters, self.pod, node)
        if entry.rejection is None:
            entry.score = sum(s.weight * s.score(self.pod, node) for s in self.plain)
        entry.keys = tuple([s.score(self.pod, node) for s in self.relative])
        group = self.groups.get(entry.keys)
        if group is None:
            group = self.groups[entry.keys] = Bucketed()
        group.add(entry)
        self.fitting += entry.rejection is None

    def _take_out(self, entry: Entry) -> None:
        group = self.groups[entry.keys]
        group.remove(entry)
        self.fitting -= entry.rejection is None
        if not group.all:
            del self.groups[entry.keys]

    # --- choosing ---------------------------------------------------------------------------------------------------

    def best(self, random: Random) -> tuple[str, str]:
        """(the node, why) where at least one fits and no other plugin has a say. Among the best, one by chance."""
        if self.fitting == 1:
            return next(entry.node.name for entry in self.entries.values() if entry.rejection is None), self._only_one()
        worth = self._worth()
        if self.fitting <= SAID:
            totals = {entry.node.name: entry.score + worth[keys] for keys, group in self.groups.items()
                      for bucket in group.buckets.values() for entry in bucket}
            return chosen(totals, random)
        top = max(group.best + worth[keys] for keys, group in self.groups.items() if group.fitting)
        buckets = [group.buckets[group.best] for keys, group in self.groups.items() if group.fitting and group.best + worth[keys] == top]
        number = sum(len(bucket) for bucket in buckets)
        index = random.randrange(number) if number > 1 else 0
        for bucket in buckets:
            if index < len(bucket):
                break
            index -= len(bucket)
        return bucket[index].node.name, said(bucket[index].node.name, top, number, self.fitting)

    def _only_one(self) -> str:
        return f"1 of {len(self.snapshot.nodes)} nodes fits"

    def _worth(self) -> dict[tuple, int]:
        """Group's keys -> what the relative scores come to."""
        worth = dict.fromkeys(self.groups, 0)
        for index, scorer in enumerate(self.relative):
            if len(self.relative) == 1:
                counts = {keys[0]: Count(group.fitting, group.all) for keys, group in self.groups.items()}
            else:
                counts = self._counts(index)
            table = scorer.plugin.normalize(scorer.state, counts)
            for keys in worth:
                worth[keys] += scorer.weight * table[keys[index]]
        return worth

    def _counts(self, index: int) -> dict[object, Count]:
        counts: dict[object, list[int]] = {}
        for keys, group in self.groups.items():
            both = counts.setdefault(keys[index], [0, 0])
            both[0] += group.fitting
            both[1] += group.all
        return {key: Count(*both) for key, both in counts.items()}

    def best_of(self, fitting: list[Entry], wide: list[Scorer], random: Random) -> tuple[str, str]:
        """The same among these entries, where these plugins that look at more than one node have a say too."""
        if len(fitting) == 1:
            return fitting[0].node.name, self._only_one()
        totals = {entry.node.name: entry.score for entry in fitting}
        for index, scorer in enumerate(self.relative):
            all_nodes = {key: count.all for key, count in self._counts(index).items()}
            self._add_relative(totals, scorer, {entry.node.name: entry.keys[index] for entry in fitting}, all_nodes)
        for scorer in wide:
            scores = {entry.node.name: scorer.score(self.pod, entry.node) for entry in fitting}
            if scorer.relative:
                self._add_relative(totals, scorer, scores, {})
            else:
                totals = {name: total + scorer.weight * scores[name] for name, total in totals.items()}
        return chosen(totals, random)

    def _add_relative(self, totals: dict[str, int], scorer: Scorer, keys: dict[str, object], all_nodes: dict[object, int]) -> None:
        fitting: dict[object, int] = {}
        for key in keys.values():
            fitting[key] = fitting.get(key, 0) + 1
        counts = {key: Count(fitting.get(key, 0), number) for key, number in (all_nodes or fitting).items()}
        table = scorer.plugin.normalize(scorer.state, counts)
        for name, key in keys.items():
            totals[name] += scorer.weight * table[key]


def chosen(totals: dict[str, int], random: Random) -> tuple[str, str]:
    """One of the best by chance, and all the scores in words."""
    top = max(totals.values())
    names = [name for name, total in totals.items() if total == top]
    name = names[random.randrange(len(names))] if len(names) > 1 else names[0]
    if len(totals) > SAID:
        return name, said(name, top, len(names), len(totals))
    others = sorted((other for other in totals if other != name), key=lambda other: (-totals[other], other))
    listed = "".join(f", {other} {totals[other]}" for other in others)
    return name, f"{len(totals)} nodes fit, {name} scored {top}{listed}"


def said(name: str, top: int, best: int, fitting: int) -> str:
    others = f", as did {best - 1} other{'s' if best > 2 else ''}" if best > 1 else ""
    return f"{fitting} nodes fit, {name} scored {top}{others}"
