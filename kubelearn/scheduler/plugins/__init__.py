"""The plugins of a default kube-scheduler, under upstream's names, one a file.

Part of Kubernetes: pkg/scheduler/framework/plugins. Left out: NodeVolumeLimits (what CSI drivers report), DynamicResources,
NodeDeclaredFeatures, GangScheduling, DefaultBinder (the scheduler binds).
"""
from __future__ import annotations

from kubelearn.scheduler.framework import Plugin
from kubelearn.scheduler.plugins.defaultpreemption import DefaultPreemption
from kubelearn.scheduler.plugins.imagelocality import ImageLocality
from kubelearn.scheduler.plugins.interpodaffinity import InterPodAffinity
from kubelearn.scheduler.plugins.nodeaffinity import NodeAffinity
from kubelearn.scheduler.plugins.nodename import NodeName
from kubelearn.scheduler.plugins.nodeports import NodePorts
from kubelearn.scheduler.plugins.noderesourcesbalancedallocation import NodeResourcesBalancedAllocation
from kubelearn.scheduler.plugins.noderesourcesfit import NodeResourcesFit
from kubelearn.scheduler.plugins.nodeunschedulable import NodeUnschedulable
from kubelearn.scheduler.plugins.podtopologyspread import PodTopologySpread
from kubelearn.scheduler.plugins.prioritysort import PrioritySort
from kubelearn.scheduler.plugins.schedulinggates import SchedulingGates
from kubelearn.scheduler.plugins.tainttoleration import TaintToleration
from kubelearn.scheduler.plugins.volumebinding import VolumeBinding
from kubelearn.scheduler.plugins.volumerestrictions import VolumeRestrictions
from kubelearn.scheduler.plugins.volumezone import VolumeZone


def default_plugins(client) -> list[Plugin]:
    """In upstream's order: the first filter that rejects a node is the one whose reason is told."""
    return [SchedulingGates(), PrioritySort(), NodeName(), NodeUnschedulable(), TaintToleration(), NodeAffinity(), NodePorts(),
            NodeResourcesFit(), VolumeRestrictions(client), VolumeBinding(client), VolumeZone(client), PodTopologySpread(client),
            InterPodAffinity(client), DefaultPreemption(client), NodeResourcesBalancedAllocation(), ImageLocality()]
