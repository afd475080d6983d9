"""A served registry with nothing behind it, and a client that speaks plain HTTPS."""
from __future__ import annotations

import http.client
import json
import ssl
from typing import NamedTuple

import pytest

from kubelearn.api.resources import Resources
from kubelearn.apiserver.http import Server
from kubelearn.apiserver.registry import Registry
from kubelearn.apiserver.request import Request
from kubelearn.clock import RealTimeClock
from kubelearn.network import Network


class Answer(NamedTuple):
    code: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)


class Client:
    """One connection. ask() sends a request with the administrator's token unless other headers say otherwise."""

    def __init__(self, server: Server):
        self.server, self.registry, self.clock = server, server.registry, server.clock
        self.token = json.loads(server.kubeconfig.read_text())["users"][0]["user"]["token"]
        context = ssl.create_default_context(cadata=server.credentials.certificate.decode())
        self.connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=10, context=context)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.token}", **({"Content-Type": "application/json"} if data else {})} | named
        self.connection.request(method, path, data, {name: value for name, value in given.items() if value})
        return self.connection.getresponse()

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        response = self.send(method, path, body, **headers)
        return Answer(response.status, response.headers, response.read())


@pytest.fixture
def server():
    clock = RealTimeClock(0)
    registry = Registry(clock, Resources())
    for name in ("default", "other"):
        registry.create(registry.resources.find("namespaces"), "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
                        Request("test"))
    served = Server(registry, Network(clock))
    served.start()
    yield served
    served.stop()


@pytest.fixture
def client(server):
    return Client(server)
