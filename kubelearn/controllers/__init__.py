"""The controllers of kube-controller-manager. Each is a module of its own, named after what it looks after."""
from __future__ import annotations

from functools import partial

from kubelearn.controllers.admissionpolicies import AdmissionPolicyController
from kubelearn.controllers.certificates import CertificateSigningController
from kubelearn.controllers.clusterroleaggregation import ClusterRoleAggregationController
from kubelearn.controllers.cronjob import CronJobController
from kubelearn.controllers.customresources import CustomResourceController
from kubelearn.controllers.daemonset import DaemonSetController
from kubelearn.controllers.deployment import DeploymentController
from kubelearn.controllers.disruption import DisruptionController
from kubelearn.controllers.endpoints import EndpointsController
from kubelearn.controllers.endpointslice import EndpointSliceController
from kubelearn.controllers.endpointslicemirroring import EndpointSliceMirroringController
from kubelearn.controllers.ephemeralvolume import EphemeralVolumeController
from kubelearn.controllers.garbagecollector import GarbageCollector
from kubelearn.controllers.horizontalpodautoscaler import HorizontalPodAutoscalerController
from kubelearn.controllers.job import JobController
from kubelearn.controllers.namespace import NamespaceController
from kubelearn.controllers.nodelifecycle import NodeLifecycleController
from kubelearn.controllers.persistentvolume import PersistentVolumeController
from kubelearn.controllers.podgc import PodGCController
from kubelearn.controllers.provisioner import Provisioner
from kubelearn.controllers.replicaset import ReplicaSetController
from kubelearn.controllers.replicationcontroller import ReplicationManager
from kubelearn.controllers.resourcequota import ResourceQuotaController
from kubelearn.controllers.serviceaccount import RootCACertPublisher, ServiceAccountController, TokensController
from kubelearn.controllers.servicelb import ServiceLBController
from kubelearn.controllers.statefulset import StatefulSetController
from kubelearn.controllers.tainteviction import TaintEvictionController
from kubelearn.controllers.ttlafterfinished import TTLAfterFinishedController
from kubelearn.controllers.volumeprotection import ClaimProtectionController, VolumeProtectionController

ALL = (NamespaceController, ServiceAccountController, RootCACertPublisher, TokensController, GarbageCollector, DeploymentController,
       ReplicaSetController, EndpointSliceController, EndpointsController, JobController, CronJobController, TTLAfterFinishedController,
       DaemonSetController, StatefulSetController, NodeLifecycleController, TaintEvictionController, PodGCController, DisruptionController,
       ResourceQuotaController, PersistentVolumeController, ClaimProtectionController, VolumeProtectionController,
       HorizontalPodAutoscalerController, ClusterRoleAggregationController, CustomResourceController,
       ReplicationManager, EndpointSliceMirroringController, EphemeralVolumeController, CertificateSigningController,
       AdmissionPolicyController)


def of(profile) -> tuple:
    """What makes the controllers of a cluster of this profile; those of its cloud or its distribution come last."""
    volumes = (partial(Provisioner, driver=profile.provisioner),) if profile.provisioner else ()
    balancers = (partial(ServiceLBController, cidr=profile.load_balancer),) if profile.load_balancer else ()
    return ALL + volumes + balancers
