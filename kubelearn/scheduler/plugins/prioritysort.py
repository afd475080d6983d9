"""PrioritySort: which pod is looked at first. Part of Kubernetes: kube-scheduler plugins/queuesort."""
from __future__ import annotations

from kubelearn.scheduler.framework import Plugin


class PrioritySort(Plugin):
    """The highest priority first; among equals, who has waited longest."""

    def sort_key(self, priority: int, waiting_since: float) -> tuple:
        return -priority, waiting_since
