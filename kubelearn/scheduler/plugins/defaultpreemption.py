"""DefaultPreemption: a pod that fits nowhere may take the place of pods of lower priority.

Part of Kubernetes: kube-scheduler plugins/defaultpreemption and framework/preemption. It only decides: which node, which victims.
Leaves out: pod groups, asynchronous preemption (the scheduler deletes the victims in the same cycle).
"""
from __future__ import annotations

from math import inf
from typing import NamedTuple

from kubelearn.api.meta import condition
from kubelearn.api.selectors import label_selector
from kubelearn.clock import parse_time
from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.filters import run_filters
from kubelearn.scheduler.framework import Plugin, Rejection
from kubelearn.scheduler.messages import fit_error
from kubelearn.scheduler.pods import PodInfo

LEAST_CANDIDATES, SHARE = 100, 10  # of the nodes that might help, at least so many are tried, or this percentage


class Preemption(NamedTuple):
    """What preemption came to: a node and its victims, or neither; and what is said of it. keep: leave the nomination as it is."""

    node: str = ""
    victims: tuple[PodInfo, ...] = ()
    message: str = ""
    keep: bool = False


class Candidate(NamedTuple):
    node: str
    victims: list[PodInfo]  # the most important first
    violations: int         # of disruption budgets

    def cost(self) -> tuple:
        """The candidate with the least of this is chosen; last, who started later. preemption.go pickOneNodeForPreemption."""
        first = self.victims[0].priority
        earliest = min(_started(pod) for pod in self.victims if pod.priority == first)
        return (self.violations, first, sum(pod.priority + 2**31 for pod in self.victims), len(self.victims), -earliest)


class DefaultPreemption(Plugin):
    events = frozenset()

    def __init__(self, client=None):
        self.budgets = client.informer("PodDisruptionBudget") if client else None

    def post_filter(self, pod: PodInfo, rejections: dict[str, Rejection], scheduler) -> Preemption:
        """rejections: node -> why it does not take the pod; only where that might change with other pods is anything tried."""
        snapshot, plugins = scheduler.snapshot, scheduler.plugins
        refused = _not_eligible(pod, rejections, snapshot)
        if refused:
            return Preemption(message=refused, keep=True)
        hopeful = [name for name, rejection in rejections.items() if rejection.resolvable]
        start = scheduler.random.randrange(len(hopeful)) if len(hopeful) > 1 else 0
        wanted = max(LEAST_CANDIDATES, len(hopeful) * SHARE // 100)
        reasons = {name: Rejection(("Preemption is not helpful for scheduling",)) for name in snapshot.nodes}
        candidates: list[Candidate] = []
        for name in (*hopeful[start:], *hopeful[:start]):
            found = self._dry_run(pod, snapshot.nodes[name], snapshot, plugins)
            if isinstance(found, Rejection):
                reasons[name] = found
            else:
                candidates.append(found)
            if len(candidates) >= wanted:
                break
        if not candidates:
            return Preemption(message=fit_error(len(snapshot.nodes), reasons.values()))
        best = min(candidates, key=Candidate.cost)
        text = f"found a potential placement for pod on node {best.node}, preempting {len(best.victims)} victims"
        return Preemption(best.node, tuple(best.victims), text)

    def _dry_run(self, pod: PodInfo, node: NodeInfo, snapshot: Snapshot, plugins: list[Plugin]) -> Candidate | Rejection:
        """Would the pod fit without the pods of lower priority, and which of those could then stay after all?"""
        if not node.has_below(pod.priority):
            return Rejection(("No preemption victims found for incoming pod",))
        trial = node.copy()
        lower = sorted((other for other in node.pods.values() if other.priority < pod.priority), key=_importance)
        for other in lower:
            trial.remove(other.key)
        rejection = run_filters(pod, trial, snapshot, plugins)
        if rejection:
            return rejection
        violating, others = self._split_by_budget(lower)
        victims, violations = [], 0
        for other in (*violating, *others):
            trial.add(other)
            if run_filters(pod, trial, snapshot, plugins):
                trial.remove(other.key)
                victims.append(other)
                violations += other in violating
        return Candidate(node.name, sorted(victims, key=_importance), violations)

    def _split_by_budget(self, victims: list[PodInfo]) -> tuple[list[PodInfo], list[PodInfo]]:
        """Those whose disruption budget allows no more, and the rest."""
        budgets = self.budgets.list() if self.budgets else []
        left = {b["metadata"]["uid"]: (b.get("status") or {}).get("disruptionsAllowed", 0) for b in budgets}
        violating, others = [], []
        for pod in victims:
            covering = [b for b in budgets if b["metadata"]["namespace"] == pod.namespace and pod.labels
                        and label_selector(b["spec"].get("selector"))(pod.labels)
                        and pod.name not in ((b.get("status") or {}).get("disruptedPods") or {})]
            for budget in covering:
                left[budget["metadata"]["uid"]] -= 1
            (violating if any(left[b["metadata"]["uid"]] < 0 for b in covering) else others).append(pod)
        return violating, others


def _not_eligible(pod: PodInfo, rejections: dict[str, Rejection], snapshot: Snapshot) -> str:
    if pod.spec.get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    nominated = (pod.pod.get("status") or {}).get("nominatedNodeName")
    node = snapshot.nodes.get(nominated) if nominated else None
    if node is None or nominated in rejections and not rejections[nominated].resolvable:
        return ""
    ending = any(other.ending and other.priority < pod.priority and _preempted(other) for other in node.pods.values())
    return "not eligible due to a terminating pod on the nominated node." if ending else ""


def _preempted(pod: PodInfo) -> bool:
    found = condition(pod.pod, "DisruptionTarget")
    return bool(found) and found["status"] == "True" and found.get("reason") == "PreemptionByScheduler"


def _importance(pod: PodInfo) -> tuple:
    """The higher priority, then who has run longer, comes first."""
    return -pod.priority, _started(pod)


def _started(pod: PodInfo) -> float:
    since = (pod.pod.get("status") or {}).get("startTime")
    return parse_time(since) if since else inf
