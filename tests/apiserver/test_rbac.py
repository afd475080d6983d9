"""Who may do what: nothing is allowed until a binding allows it."""
from __future__ import annotations

import pytest

from kubelearn.api.resources import Resources
from kubelearn.apiserver import rbac
from kubelearn.apiserver.rbac import Action
from kubelearn.apiserver.registry import Registry
from kubelearn.apiserver.request import Request
from kubelearn.clock import Clock
from kubelearn.errors import ApiError

BOT = "system:serviceaccount:default:bot"
GROUP = "rbac.authorization.k8s.io"


@pytest.fixture
def registry():
    registry = Registry(Clock(), Resources())
    make(registry, "Namespace", "default")
    make(registry, "Role", "reader", rules=[{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}])
    make(registry, "ClusterRole", "one", rules=[
        {"apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["web"], "verbs": ["*"]},
        {"nonResourceURLs": ["/healthz", "/metrics/*"], "verbs": ["get"]}])
    return registry


def make(registry, kind: str, name: str, namespace: str = "default", **fields) -> dict:
    resource = registry.resources.must_find(kind)
    obj = {"apiVersion": resource.api_version, "kind": kind, "metadata": {"name": name}, **fields}
    return registry.create(resource, namespace if resource.namespaced else "", obj, Request("kubectl"))


def bind(registry, kind: str, role: str, subject: dict, name: str = "b") -> None:
    role_kind = "Role" if role == "reader" else "ClusterRole"
    subject = {"apiGroup": GROUP, **subject} if subject["kind"] != "ServiceAccount" else subject
    make(registry, kind, name, subjects=[subject], roleRef={"apiGroup": GROUP, "kind": role_kind, "name": role})


def allowed(registry, user: str, action: Action) -> bool:
    return rbac.decide(registry, user, rbac.groups_of(user), action)[0]


def test_refusals_are_worded_as_upstream(registry):
    cases = {
        Action("list", "", "pods", namespace="default"):
            'pods is forbidden: User "eve" cannot list resource "pods" in API group "" in the namespace "default"',
        Action("delete", "apps", "deployments", namespace="default", name="web"):
            'deployments.apps "web" is forbidden: User "eve" cannot delete resource "deployments" in API group "apps" '
            'in the namespace "default"',
        Action("list", "", "nodes"): 'nodes is forbidden: User "eve" cannot list resource "nodes" in API group "" at the cluster scope',
        Action("get", path="/metrics"): 'forbidden: User "eve" cannot get path "/metrics"',
    }
    for action, text in cases.items():
        with pytest.raises(ApiError) as caught:
            rbac.authorize(registry, "eve", ("system:authenticated",), action)
        assert (caught.value.code, caught.value.message) == (403, text)


def test_a_role_binding_holds_in_its_namespace(registry):
    bind(registry, "RoleBinding", "reader", {"kind": "ServiceAccount", "name": "bot", "namespace": "default"})
    assert allowed(registry, BOT, Action("list", "", "pods", namespace="default"))
    assert allowed(registry, BOT, Action("get", "", "pods", "log", "default", "a"))
    assert not allowed(registry, BOT, Action("get", "", "pods", "exec", "default", "a"))
    assert not allowed(registry, BOT, Action("list", "", "pods", namespace="other"))
    assert not allowed(registry, BOT, Action("list", "", "pods"))
    assert rbac.decide(registry, BOT, rbac.groups_of(BOT), Action("list", "", "pods", namespace="default"))[1] == (
        'RBAC: allowed by RoleBinding "b/default" of Role "reader" to ServiceAccount "bot/default"')


def test_names_and_addresses(registry):
    bind(registry, "ClusterRoleBinding", "one", {"kind": "Group", "name": "system:serviceaccounts:default"})
    assert allowed(registry, BOT, Action("patch", "apps", "deployments", namespace="x", name="web"))
    assert not allowed(registry, BOT, Action("patch", "apps", "deployments", namespace="x", name="other"))
    assert allowed(registry, BOT, Action("get", path="/metrics/cadvisor")) and not allowed(registry, BOT, Action("get", path="/version"))


def test_a_role_that_is_not_there_is_named(registry):
    bind(registry, "RoleBinding", "gone", {"kind": "User", "name": "eve"})
    with pytest.raises(ApiError, match=r'namespace "default": rbac: RBAC: clusterrole\.rbac\.authorization\.k8s\.io "gone" not found'):
        rbac.authorize(registry, "eve", (), Action("list", "", "pods", namespace="default"))


def test_an_aggregated_role_is_the_sum_of_its_parts(registry):
    make(registry, "ClusterRole", "all", aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"to": "all"}}]}, rules=[])
    part = registry.resources.must_find("ClusterRole")
    registry.create(part, "", {"apiVersion": part.api_version, "kind": "ClusterRole", "metadata": {"name": "part", "labels": {"to": "all"}},
                               "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["list"]}]}, Request("kubectl"))
    bind(registry, "ClusterRoleBinding", "all", {"kind": "User", "name": "eve"})
    assert allowed(registry, "eve", Action("list", "", "nodes")) and not allowed(registry, "eve", Action("get", "", "nodes"))


def test_reviews_are_answered_and_not_stored(registry):
    bind(registry, "RoleBinding", "reader", {"kind": "User", "name": "eve"})

    def review(kind: str, asker: str = "eve", **spec) -> dict:
        resource = registry.resources.must_find(kind)
        request = Request("kubectl", user=asker, groups=("system:authenticated",))
        return registry.create(resource, "", {"apiVersion": resource.api_version, "kind": kind, "spec": spec}, request)["status"]
    wanted = {"verb": "list", "resource": "pods", "namespace": "default"}
    assert review("SelfSubjectAccessReview", resourceAttributes=wanted)["allowed"]
    assert review("SelfSubjectAccessReview", "mallory", resourceAttributes=wanted) == {"allowed": False}
    assert review("SubjectAccessReview", "admin", user="eve", resourceAttributes=wanted)["allowed"]
    rules = review("SelfSubjectRulesReview", namespace="default")
    assert rules["resourceRules"] == [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log"]}]
    assert not rules["incomplete"]
    assert review("SelfSubjectReview")["userInfo"]["username"] == "eve"
