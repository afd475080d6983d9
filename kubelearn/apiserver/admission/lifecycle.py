"""NamespaceLifecycle: nothing is made in a namespace that is not there or that is ending; three namespaces may not go.

Part of Kubernetes: apiserver pkg/admission/plugin/namespace/lifecycle. Law 8: its wording.
Leaves out: the wait for a namespace that was made a moment ago (there is one store, so nothing lags).
"""
from __future__ import annotations

from kubelearn import errors
from kubelearn.apiserver.request import Attributes

IMMORTAL = frozenset(("default", "kube-system", "kube-public"))


def check(attributes: Attributes, store) -> None:
    """404 where the namespace of a new object is not there, 403 where it is ending."""
    if not attributes.resource.namespaced:
        return
    namespace = store.find(store.resources.find("Namespace"), "", attributes.namespace)
    if namespace is None:
        raise errors.not_found("namespaces", attributes.namespace)
    if "deletionTimestamp" in namespace["metadata"]:
        text = f"unable to create new content in namespace {attributes.namespace} because it is being terminated"
        error = errors.forbidden(attributes.resource.name, attributes.name, text)
        error.details["causes"] = [{"reason": "NamespaceTerminating", "field": "metadata.namespace",
                                    "message": f"namespace {attributes.namespace} is being terminated"}]
        raise error


def check_delete(attributes: Attributes) -> None:
    if attributes.resource.kind == "Namespace" and attributes.name in IMMORTAL:
        raise errors.forbidden("namespaces", attributes.name, "this namespace may not be deleted")
