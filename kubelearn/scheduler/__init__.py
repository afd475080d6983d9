"""The scheduler. Part of Kubernetes: kube-scheduler."""
from kubelearn.scheduler.framework import SKIP, OnlyNodes, Plugin, Rejected, Rejection
from kubelearn.scheduler.scheduler import Scheduler

__all__ = ["SKIP", "OnlyNodes", "Plugin", "Rejected", "Rejection", "Scheduler"]
