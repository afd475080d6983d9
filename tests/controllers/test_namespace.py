"""Namespaces: what each is given, and how one ends."""
from __future__ import annotations

import pytest

from kubelearn.controllers.namespace import NamespaceController
from kubelearn.controllers.serviceaccount import AUTHORITY, RootCACertPublisher, ServiceAccountController

NAMESPACE = "{apiVersion: v1, kind: Namespace, metadata: {name: extra}}"
CONFIG = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: extra}}"


@pytest.fixture
def namespaces(world):
    return world.start(NamespaceController, ServiceAccountController, RootCACertPublisher)


def test_every_namespace_has_an_account_and_the_clusters_authority(namespaces):
    namespaces.apply(NAMESPACE)
    assert namespaces.names("ServiceAccount", "extra") == ["default"] and namespaces.names("ConfigMap", "extra") == ["kube-root-ca.crt"]
    namespaces.delete("ServiceAccount", "default", namespace="extra")
    namespaces.patch("ConfigMap", "kube-root-ca.crt", {"data": {"ca.crt": "mine"}}, namespace="extra")
    assert namespaces.names("ServiceAccount", "extra") == ["default"]
    assert namespaces.get("ConfigMap", "kube-root-ca.crt", "extra")["data"] == {"ca.crt": AUTHORITY}


def test_a_namespace_ends_with_all_that_is_in_it(namespaces):
    """Content goes 5 s after the request, then the namespace; nothing is recreated meanwhile."""
    namespaces.apply(NAMESPACE + "\n---\n" + CONFIG)
    namespaces.delete("Namespace", "extra")
    assert namespaces.get("Namespace", "extra")["status"]["phase"] == "Terminating"
    namespaces.run(4.9)
    assert "a" in namespaces.names("ConfigMap", "extra")
    namespaces.run(0.2)
    assert namespaces.get("Namespace", "extra") is None and namespaces.names("ConfigMap", "extra") == []


def test_pods_go_first(namespaces):
    """While a pod is on its way out, everything that it may still need stays."""
    namespaces.apply(NAMESPACE + "\n---\n" + CONFIG)
    namespaces.apply("""
        apiVersion: v1
        kind: Pod
        metadata: {name: p, namespace: extra}
        spec: {nodeName: n, containers: [{name: c, image: i}]}""")
    namespaces.delete("Namespace", "extra")
    namespaces.run(6)
    assert "a" in namespaces.names("ConfigMap", "extra") and namespaces.get("Namespace", "extra")
    namespaces.delete("Pod", "p", namespace="extra", grace=0)
    namespaces.run(20)
    assert namespaces.get("Namespace", "extra") is None


def test_a_finalizer_holds_the_namespace_and_its_conditions_say_so(namespaces):
    namespaces.apply(NAMESPACE + "\n---\n" + CONFIG)
    namespaces.patch("ConfigMap", "a", {"metadata": {"finalizers": ["example.com/hold"]}}, namespace="extra")
    namespaces.delete("Namespace", "extra")
    namespaces.run(6)
    said = {c["type"]: (c["status"], c["message"]) for c in namespaces.get("Namespace", "extra")["status"]["conditions"]}
    assert said["NamespaceContentRemaining"] == ("True", "Some resources are remaining: configmaps. has 1 resource instances")
    assert said["NamespaceFinalizersRemaining"] == (
        "True", "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances")
    assert said["NamespaceDeletionContentFailure"][0] == "False"
    namespaces.patch("ConfigMap", "a", {"metadata": {"finalizers": None}}, namespace="extra")
    namespaces.run(30)
    assert namespaces.get("Namespace", "extra") is None
