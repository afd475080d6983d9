"""The controllers of kube-controller-manager. Each is a module of its own, named after what it looks after."""
from __future__ import annotations

from kubelearn.controllers.cronjob import CronJobController
from kubelearn.controllers.daemonset import DaemonSetController
from kubelearn.controllers.deployment import DeploymentController
from kubelearn.controllers.disruption import DisruptionController
from kubelearn.controllers.endpoints import EndpointsController
from kubelearn.controllers.endpointslice import EndpointSliceController
from kubelearn.controllers.garbagecollector import GarbageCollector
from kubelearn.controllers.job import JobController
from kubelearn.controllers.namespace import NamespaceController
from kubelearn.controllers.nodelifecycle import NodeLifecycleController
from kubelearn.controllers.podgc import PodGCController
from kubelearn.controllers.replicaset import ReplicaSetController
from kubelearn.controllers.resourcequota import ResourceQuotaController
from kubelearn.controllers.serviceaccount import RootCACertPublisher, ServiceAccountController
from kubelearn.controllers.statefulset import StatefulSetController
from kubelearn.controllers.tainteviction import TaintEvictionController
from kubelearn.controllers.ttlafterfinished import TTLAfterFinishedController

ALL = (NamespaceController, ServiceAccountController, RootCACertPublisher, GarbageCollector, DeploymentController, ReplicaSetController,
       EndpointSliceController, EndpointsController, JobController, CronJobController, TTLAfterFinishedController, DaemonSetController,
       StatefulSetController, NodeLifecycleController, TaintEvictionController, PodGCController, DisruptionController,
       ResourceQuotaController)


def of(profile) -> tuple:
    """The controllers that a cluster of this profile runs."""
    return ALL
