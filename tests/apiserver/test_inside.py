"""The API server from inside a pod: a service account may do what its roles allow, and no more."""
import json

import pytest

from kubelearn.cluster import Cluster

TOKEN = '-H "Authorization: Bearer $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)"'
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "box"}, "spec": {"containers": [
    {"name": "main", "image": "curlimages/curl", "command": ["sleep", "3600"]}]}}
ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]}
BINDING = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "reader"},
           "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}],
           "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}}


@pytest.fixture(scope="module")
def sh():
    cluster = Cluster(nodes=1, serve=False)
    cluster.apply(POD)
    cluster.run(30)
    runtime = cluster.nodes["node-1"].runtime
    box = next(iter(runtime.containers.values()))

    def run(script):
        process = runtime.exec(box, ["sh", "-c", script])
        assert cluster.run(until=process.exit.done, limit=60)
        return bytes(process.output.buffer).decode() + bytes(process.errors.buffer).decode()
    run.cluster = cluster
    return run


def test_a_service_account_without_a_role_is_forbidden_and_with_one_allowed(sh):
    refused = json.loads(sh(f"curl -sk {TOKEN} https://kubernetes.default.svc/api/v1/namespaces/default/pods"))
    assert (refused["code"], refused["reason"]) == (403, "Forbidden")
    assert 'User "system:serviceaccount:default:default" cannot list resource "pods"' in refused["message"]
    for obj in (ROLE, BINDING):
        sh.cluster.apply(obj)
    found = json.loads(sh(f"curl -sk {TOKEN} https://kubernetes.default.svc/api/v1/namespaces/default/pods"))
    assert found["kind"] == "PodList" and [pod["metadata"]["name"] for pod in found["items"]] == ["box"]
    assert json.loads(sh(f"curl -sk {TOKEN} https://kubernetes/api/v1/namespaces/default/secrets"))["code"] == 403


def test_a_bad_token_and_no_token(sh):
    assert json.loads(sh("curl -sk -H 'Authorization: Bearer nonsense' https://kubernetes/api/v1/namespaces"))["code"] == 401
    assert "system:anonymous" in json.loads(sh("curl -sk https://kubernetes/api/v1/namespaces"))["message"]
    assert sh("curl -sk https://kubernetes/healthz") == "ok"


def test_without_the_cluster_s_certificate_curl_does_not_trust_it(sh):
    assert sh("curl -sS https://kubernetes/healthz") == "curl: (60) SSL certificate problem: unable to get local issuer certificate\n"
    assert sh("curl -sS --cacert /var/run/secrets/kubernetes.io/serviceaccount/ca.crt https://kubernetes/healthz") == "ok"
