"""SchedulingGates: a pod with gates is not looked at. Part of Kubernetes: kube-scheduler plugins/schedulinggates."""
from __future__ import annotations

from kubelearn.scheduler.framework import Plugin


class SchedulingGates(Plugin):
    events = frozenset()  # only the pod's own update takes a gate away

    def pre_enqueue(self, pod: dict) -> str | None:
        gates = [gate["name"] for gate in pod["spec"].get("schedulingGates") or ()]
        return f"waiting for scheduling gates: [{' '.join(gates)}]" if gates else None
