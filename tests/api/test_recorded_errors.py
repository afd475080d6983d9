"""Law 8: errors are Kubernetes' own. recorded_errors.json holds objects, most of them wrong, and what a real v1.37.2 server said of each
(`[object, HTTP code, message]`, created with dryRun=All and fieldValidation=Strict)."""
import json
from pathlib import Path

import pytest

from kubelearn.apiserver.request import Request
from kubelearn.cluster import Cluster
from kubelearn.errors import ApiError

RECORDED = json.loads(Path(__file__).with_name("recorded_errors.json").read_text())
NAMESPACE = "api-probe"


@pytest.fixture(scope="module")
def registry():
    cluster = Cluster(nodes=1, serve=False)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    cluster.registry.create(cluster.registry.resources.find("namespaces"), "", namespace, Request("test"))
    cluster.run(1)
    return cluster.registry


def answer(registry, obj):
    resource = registry.resources.by_kind(obj["apiVersion"], obj["kind"])
    try:
        registry.create(resource, NAMESPACE if resource.namespaced else "", obj, Request("test", dry_run=True, field_validation="Strict"))
    except ApiError as error:
        return error.code, error.message
    return 201, ""


def test_every_recorded_object_gets_the_recorded_answer(registry):
    differing = [(obj, (code, message), found) for obj, code, message in RECORDED if (found := answer(registry, obj)) != (code, message)]
    assert differing == []
