"""The OpenAPI documents say what the server decodes with, and what kubectl looks for in them."""
from __future__ import annotations

from kubelearn.api import data
from kubelearn.api.resources import Resource, Resources
from kubelearn.apiserver import openapi

RESOURCES = Resources()


def plain(schema: object) -> object:
    """A schema as data/schema.json has it: no descriptions, references by name alone."""
    if isinstance(schema, list):
        return [plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: plain(part) for key, part in schema.items() if not (key == "description" and isinstance(part, str))}
    if isinstance(out.get("allOf"), list) and len(out["allOf"]) == 1:
        out |= out.pop("allOf")[0]
    if isinstance(out.get("$ref"), str):
        out["$ref"] = out["$ref"].removeprefix(openapi.REFERENCE)
    return out


def test_asked_for_its_schemas_the_server_gives_the_table_back():
    served = {}
    for path in openapi.index(RESOURCES)["paths"]:
        served |= openapi.document(RESOURCES, path)["components"]["schemas"]
    kinds = {name for name, schema in data.schema().items() if "x-kubernetes-group-version-kind" in schema}
    assert {name for resource in RESOURCES if resource.schema for name in [resource.schema.name]} <= set(served) <= set(data.schema())
    assert len(kinds & set(served)) > 100
    for name, schema in served.items():
        assert plain(schema) == data.schema()[name]


def test_every_reference_is_in_its_own_document():
    for path in openapi.index(RESOURCES)["paths"]:
        document = openapi.document(RESOURCES, path)
        schemas = document["components"]["schemas"]
        missing = {name for schema in schemas.values() for name in openapi._references(plain(schema))} - set(schemas)
        assert not missing


def test_kubectl_finds_a_kind_by_its_path_and_that_fields_can_be_validated_here():
    paths = openapi.document(RESOURCES, "apis/apps/v1")["paths"]
    kind = {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert paths["/apis/apps/v1/namespaces/{namespace}/deployments"]["get"]["x-kubernetes-group-version-kind"] == kind
    patch = paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert {"dryRun", "fieldValidation"} <= {parameter["name"] for parameter in patch["parameters"]}


def test_a_custom_resource_has_a_document_whose_address_changes_with_it():
    def crontab(field: str) -> Resource:
        schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {field: {"type": "string"}}}}}
        definition = {"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]}}
        return Resource("stable.example.com", "v1", "crontabs", "crontab", "CronTab", True, verbs=("get", "list"), definition=definition)
    resources, addresses = Resources(), []
    for field in ("schedule", "when"):
        resources.add(crontab(field))
        addresses.append(openapi.index(resources)["paths"]["apis/stable.example.com/v1"]["serverRelativeURL"])
        schema = openapi.document(resources, "apis/stable.example.com/v1")["components"]["schemas"]["com.example.stable.v1.CronTab"]
        assert field in schema["properties"]["spec"]["properties"]
        assert {"apiVersion", "kind", "metadata"} <= set(schema["properties"])
    assert addresses[0] != addresses[1]


def test_what_is_not_served_has_no_document():
    assert openapi.document(RESOURCES, "apis/nothing/v1") is None
    assert openapi.document(RESOURCES, "api/apps/v1") is None
