"""The API server as pods reach it: at the address behind the Service `kubernetes`, inside the simulated network.

Part of Kubernetes: the same API on the pod network, for service accounts. Laws 2 and 8: one more listener at an address, the
same refusals. Leaves out: TLS (https is spoken in the clear inside the simulated network), watches, Tables, protobuf.
"""
from __future__ import annotations

import json
import logging
from http import HTTPStatus
from urllib.parse import parse_qsl

from kubelearn import errors
from kubelearn.apiserver import codec, rbac, requestinfo, security
from kubelearn.apiserver.request import Request
from kubelearn.errors import ApiError
from kubelearn.network import Network
from kubelearn.streams import Stream

API_SERVER = ("10.99.0.1", 6443)  # where the API server is on the cluster's own network
log = logging.getLogger("kubelearn.http")


class Inside:
    """Listens as long as it is started."""

    def __init__(self, registry, network: Network, address: str, port: int):
        self.registry, self.network, self.at = registry, network, (address, port)
        self.listener = None
        self.start()

    def start(self) -> None:
        if self.listener is None:
            self.listener = self.network.listen(*self.at, lambda stream: self.network.clock.spawn(self._serve(stream)))

    def stop(self) -> None:
        if self.listener is not None:
            self.listener.close()
            self.listener = None

    async def _serve(self, stream: Stream) -> None:
        first, *lines = (await stream.read_until(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await stream.read_exactly(int(headers.get("content-length", "0") or 0))
        try:
            method, target, _ = first.split()
            code, answer = (201 if method == "POST" else 200), self.answer(method, target, headers, body)
        except ApiError as error:
            code, answer = error.code, error.status()
        except ValueError:
            code, answer = 400, errors.bad_request("the request could not be read").status()
        except Exception as error:
            log.exception("%s", first)
            code, answer = 500, errors.internal(str(error)).status()
        text = answer if isinstance(answer, str) else json.dumps(answer, indent=2)
        kind = "text/plain" if isinstance(answer, str) else "application/json"
        head = f"HTTP/1.1 {code} {HTTPStatus(code).phrase}\r\nContent-Type: {kind}\r\n"
        stream.write(f"{head}Content-Length: {len(text.encode())}\r\nConnection: close\r\n\r\n{text}".encode())
        stream.close_write()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> dict | str:
        """The object, list or Status that answers a request; ApiError as over HTTPS."""
        path, _, query = target.partition("?")
        parts = requestinfo.split(path)
        user = security.authenticate(self.registry, "", headers)
        if parts[0] in ("healthz", "livez", "readyz"):
            return "ok"
        if not requestinfo.is_resource(parts):
            rbac.authorize(self.registry, user.name, user.groups, requestinfo.path_action(method, parts))
            raise errors.no_such_path()
        info = requestinfo.parse(self.registry.resources, method, parts, False)
        rbac.authorize(self.registry, user.name, user.groups, info.action())
        agent = headers.get("user-agent", "").partition("/")[0].lower() or "a client in a pod"
        return self._do(info, dict(parse_qsl(query)), Request(agent, user=user.name, groups=user.groups), headers, body)

    def _do(self, info: requestinfo.RequestInfo, query: dict[str, str], request: Request, headers: dict[str, str], body: bytes) -> dict:
        registry, resource, place = self.registry, info.resource, (info.namespace, info.name)
        if info.verb == "get":
            return registry.get(resource, *place)
        if info.verb == "list":
            found = registry.list(resource, info.namespace or None, query.get("labelSelector", ""), query.get("fieldSelector", ""))
            items = [{name: value for name, value in obj.items() if name not in ("kind", "apiVersion")} for obj in found.items]
            metadata = {"resourceVersion": str(found.revision)}
            return {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata, "items": items}
        if info.verb == "delete":
            return registry.delete(resource, *place, request, json.loads(body or b"{}"))
        if info.verb == "patch":
            return registry.patch(resource, *place, *codec.decode_patch(body, headers.get("content-type", "")), request, info.subresource)
        if info.verb == "create":
            return registry.create(resource, info.namespace, json.loads(body), request, info.subresource, info.name)
        if info.verb == "update":
            return registry.update(resource, *place, json.loads(body), request, info.subresource)
        raise errors.method_not_allowed("the server does not allow this method on the requested resource")
