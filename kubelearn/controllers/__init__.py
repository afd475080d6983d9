"""The controllers of kube-controller-manager. Each is a module of its own, named after what it looks after."""
from __future__ import annotations

from kubelearn.controllers.deployment import DeploymentController
from kubelearn.controllers.endpoints import EndpointsController
from kubelearn.controllers.endpointslice import EndpointSliceController
from kubelearn.controllers.garbagecollector import GarbageCollector
from kubelearn.controllers.namespace import NamespaceController
from kubelearn.controllers.replicaset import ReplicaSetController
from kubelearn.controllers.serviceaccount import RootCACertPublisher, ServiceAccountController

ALL = (NamespaceController, ServiceAccountController, RootCACertPublisher, GarbageCollector, DeploymentController, ReplicaSetController,
       EndpointSliceController, EndpointsController)


def of(profile) -> tuple:
    """The controllers that a cluster of this profile runs."""
    return ALL
