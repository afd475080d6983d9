"""Whatever is sent to whichever resource, it is done or refused in Kubernetes' words: never a failure of the server's own."""
from __future__ import annotations

import random

import pytest

from kubelearn.api import data
from kubelearn.api.resources import Resource

STRANGE = [None, True, 0, -1, 10**20, 1.5, "", "a b", "\0", "é", "2026-01-01T00:00:00Z", "-5",
           [], {}, [None], [{}], {"a": None}, {"x": {"y": [1]}}]
TEXTS = ["x", "web", "a.b", "", "10.0.0.1", "100m", "10%", "1Gi"]
PATCHES = ["json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"]
STREAMS = ("exec", "attach", "portforward", "log", "proxy")


class Sender:
    """Makes requests that are nearly right: bodies drawn from the schema, here and there with something strange in them."""

    def __init__(self, seed: int, resources: list[Resource]):
        self.random, self.resources = random.Random(seed), resources

    def value(self, schema: dict, depth: int = 0) -> object:
        pick = self.random.choice
        if self.random.random() < 0.12 or depth > 6:
            return pick(STRANGE)
        if "$ref" in schema:
            return self.value(data.schema()[schema["$ref"]], depth + 1)
        match schema.get("type"):
            case "object" if "properties" in schema:
                required = schema.get("required", ())
                return {key: self.value(part, depth + 1) for key, part in schema["properties"].items()
                        if self.random.random() < (0.9 if key in required else 0.25)}
            case "array":
                return [self.value(schema["items"], depth + 1) for _ in range(pick([0, 1, 2]))]
            case "string":
                return pick(schema.get("enum") or TEXTS)
            case "integer" | "number":
                return pick([0, 1, 2, 80, 65536])
            case "boolean":
                return pick([True, False])
        return pick(["5", 80, {"a": "b"}])

    def body(self, resource: Resource) -> object:
        body = self.value(resource.schema.source)
        if not isinstance(body, dict) or self.random.random() < 0.05:
            return body
        metadata = {"name": self.random.choice("abx"), "labels": {"a": "b"}}
        return {**body, "apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}

    def patch(self, resource: Resource, form: str) -> object:
        if not form.startswith("json"):
            return self.body(resource)
        pick = self.random.choice
        return [{"op": pick(["add", "replace", "remove", "test", "move", "x"]),
                 "path": pick(["/spec", "/metadata/name", "/spec/x/0", ""]), "value": pick(STRANGE)}]

    def request(self) -> tuple[str, str, object, dict[str, str]]:
        """Method, path, body, headers."""
        resource, pick = self.random.choice(self.resources), self.random.choice
        place = f"/{'apis' if resource.group else 'api'}/{resource.api_version}"
        place += f"/namespaces/default/{resource.plural}" if resource.namespaced else f"/{resource.plural}"
        parts = [name for name in resource.subresources if name not in STREAMS]
        one = f"{place}/{pick('abx')}" + (f"/{pick(parts)}" if parts and self.random.random() < 0.2 else "")
        match method := pick(["POST", "POST", "POST", "PUT", "PATCH", "PATCH", "GET", "DELETE"]):
            case "POST":
                return method, pick([place, place, one]), self.body(resource), {}
            case "PATCH":
                form = pick(PATCHES)
                query = "?fieldManager=f&force=true" if form.startswith("apply") else ""
                return method, one + query, self.patch(resource, form), {"Content_Type": f"application/{form}"}
            case "DELETE":
                options = [None, [], {"gracePeriodSeconds": "x"}, {"propagationPolicy": "Foreground"}, {"preconditions": {"uid": "x"}}]
                return method, one, pick(options), {}
        return method, one, self.body(resource) if method == "PUT" else None, {}


UPSTREAMS = (b"failed to create typed patch object", b"does not contain declared merge key")  # a real server answers 500 to these


@pytest.mark.parametrize("seed", range(4))
def test_no_request_makes_the_server_fail(client, seed):
    sender = Sender(seed, [resource for resource in client.registry.resources if resource.schema])
    codes: dict[int, int] = {}
    for _ in range(700):
        method, path, body, headers = sender.request()
        answer = client.ask(method, path, body, **headers)
        assert answer.code < 500 or any(text in answer.body for text in UPSTREAMS), (method, path, body, answer.body)
        codes[answer.code] = codes.get(answer.code, 0) + 1
    assert codes[201] > 10
    assert client.ask("GET", "/readyz").body == b"ok"
