"""Asking the filter plugins: which nodes can take a pod, and why the others cannot.

Part of Kubernetes: kube-scheduler framework/runtime/framework.go (RunPreFilterPlugins, RunFilterPlugins).
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.framework import SKIP, OnlyNodes, Plugin, Rejected, Rejection, offers
from kubelearn.scheduler.pods import PodInfo


class PluginError(Exception):
    """A plugin raised something: upstream's words for which one, doing what."""


def is_wide(plugin: Plugin) -> bool:
    """Whether a plugin's filter looks at more than the one node, or it limits the nodes that are looked at."""
    return offers(plugin, "pre_filter") or offers(plugin, "filter") and "filter" not in plugin.shared


def wide_filters(plugins: Iterable[Plugin], pod: PodInfo, snapshot: Snapshot) -> tuple[dict[Plugin, object], dict[str, frozenset[str]]]:
    """(filters that look at more than one node -> their state, plugin's name -> the only nodes that it wants looked at).

    Raises Rejected where a plugin refuses all nodes at once.
    """
    states: dict[Plugin, object] = {}
    only: dict[str, frozenset[str]] = {}
    for plugin in plugins:
        try:
            state = plugin.pre_filter(pod, snapshot)
        except Rejected as rejected:
            rejected.plugin = plugin.name
            raise
        if isinstance(state, OnlyNodes):
            only[plugin.name], state = state
        if state is not SKIP and "filter" not in plugin.shared:
            states[plugin] = state
    return states, only


def first_rejection(plugins: Iterable[Plugin], pod: PodInfo, node: NodeInfo,
                    states: dict[Plugin, object] | None = None) -> Rejection | None:
    """What the first plugin says that does not want the pod on this node."""
    for plugin in plugins:
        try:
            verdict = plugin.filter(states[plugin] if states else None, pod, node)
        except Exception as error:
            raise PluginError(f'running "{plugin.name}" filter plugin: {error}') from error
        if verdict is not None:
            if isinstance(verdict, str):
                verdict = Rejection((verdict,))
            if not isinstance(verdict, Rejection):
                raise PluginError(f'running "{plugin.name}" filter plugin: {verdict!r} is neither a reason (a text) nor None')
            return verdict._replace(plugin=plugin.name)
    return None


def run_filters(pod: PodInfo, node: NodeInfo, snapshot: Snapshot, plugins: list[Plugin]) -> Rejection | None:
    """Every filter on one node, as if the node were like this."""
    what_if = snapshot.replacing(node)
    try:
        states, only = wide_filters([plugin for plugin in plugins if is_wide(plugin)], pod, what_if)
    except Rejected as rejected:
        return Rejection((str(rejected),), resolvable=False)
    if any(node.name not in names for names in only.values()):
        return not_looked_at(only)
    shared = [plugin for plugin in plugins if "filter" in plugin.shared]
    return first_rejection(shared, pod, node) or first_rejection(states, pod, node, states)


def not_looked_at(only: dict[str, frozenset[str]]) -> Rejection:
    return Rejection((f"node(s) didn't satisfy plugin(s) [{' '.join(sorted(only))}]",), resolvable=False, plugin=next(iter(only)))
