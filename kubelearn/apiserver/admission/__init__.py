"""Admission: what the API server changes in a write, and what it refuses, after authorisation and before storing.

Part of Kubernetes: the plugins that a default kube-apiserver v1.37 enables, each under upstream's name in its comment.
Law 9: which plugin looks at which kind is a table. Law 3: a plugin that changes an object returns a new one.
Leaves out: webhooks and MutatingAdmissionPolicy (their objects are stored and do nothing),
CertificateApproval, CertificateSigning and ClusterTrustBundleAttest, NodeRestriction (a kubelet is trusted).
"""
from __future__ import annotations

from collections.abc import Callable

from kubelearn.apiserver import escalation
from kubelearn.apiserver.admission import lifecycle, limitranger, objects, podsecurity, podspec, policies, quota
from kubelearn.apiserver.request import Attributes

Mutating = Callable[[Attributes, object], dict]
Validating = Callable[[Attributes, object], None]

ROLES = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
ON_CREATE: dict[str, tuple[Mutating, ...]] = {  # kind -> what changes a new object, in upstream's order
    "Pod": (podspec.admit,),                                   # LimitRanger, ServiceAccount, Priority and more: see there
    "Node": (objects.taint_new_node,),                         # TaintNodesByCondition
    "PersistentVolumeClaim": (objects.default_class,           # DefaultStorageClass
                              objects.protect_in_use),         # StorageObjectInUseProtection
    "PersistentVolume": (objects.protect_in_use,),
    "CertificateSigningRequest": (objects.requestor,),         # no plugin upstream, but the strategy of this kind
    "Ingress": (objects.default_class,),                       # DefaultIngressClass
}
ON_UPDATE: dict[str, tuple[Mutating, ...]] = {
    "Pod": (podspec.tolerate,),                                # DefaultTolerationSeconds
}
CHECK_CREATE: dict[str, tuple[Validating, ...]] = {
    "Pod": (limitranger.validate, podsecurity.validate),
    "PersistentVolumeClaim": (limitranger.validate,),
    "PriorityClass": (objects.one_default_priority,),          # Priority
    "Namespace": (podsecurity.check_labels,),                  # PodSecurity
    **dict.fromkeys(ROLES, (escalation.check,)),               # no plugin upstream, but the storage of these kinds
}
CHECK_UPDATE: dict[str, tuple[Validating, ...]] = {
    "PersistentVolumeClaim": (objects.resize_allowed,),        # PersistentVolumeClaimResize
    "PriorityClass": (objects.one_default_priority,),
    "Namespace": (podsecurity.check_namespace,),
    **dict.fromkeys(ROLES, (escalation.check,)),
}


def mutate(attributes: Attributes, store) -> dict:
    """The object as the mutating plugins leave it: attributes.new itself where none has a say.

    Raises ApiError: 404 for a namespace that is not there, 403 where a plugin refuses.
    """
    if attributes.operation == "CREATE" and not attributes.subresource:
        lifecycle.check(attributes, store)                     # NamespaceLifecycle comes first of all
        for plugin in ON_CREATE.get(attributes.resource.kind, ()):
            attributes.new = plugin(attributes, store)
    if attributes.operation == "UPDATE" and not attributes.subresource:
        for plugin in ON_UPDATE.get(attributes.resource.kind, ()):
            attributes.new = plugin(attributes, store)
    return attributes.new


def validate(attributes: Attributes, store) -> None:
    """Raises ApiError (403) where a plugin refuses. DELETE is asked too, with old only."""
    if attributes.operation == "DELETE":
        lifecycle.check_delete(attributes)
    if attributes.subresource == "resize":
        objects.resize_fits(attributes, store)                 # PodResizeValidator
    if attributes.subresource or attributes.operation == "DELETE":
        return policies.validate(attributes, store)
    table = CHECK_CREATE if attributes.operation == "CREATE" else CHECK_UPDATE
    for plugin in table.get(attributes.resource.kind, ()):
        plugin(attributes, store)
    podsecurity.warn(attributes, store)                        # PodSecurity of what makes pods
    policies.validate(attributes, store)                       # ValidatingAdmissionPolicy
    return quota.validate(attributes, store)                   # ResourceQuota comes last: nothing may be refused after it
