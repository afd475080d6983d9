"""PrioritySort: which pod is looked at first. Part of Kubernetes: kube-scheduler plugins/queuesort."""
from __future__ import annotations

from kubelearn.scheduler.framework import Plugin


class PrioritySort(Plugin):
    """The highest priority first; among equals, who has waited longest."""

    @staticmethod
    def sort_key(pod: dict, waiting_since: float) -> tuple:
        return -(pod["spec"].get("priority") or 0), waiting_since
