"""HTTP handed on to a pod or a Service: .../services/web:80/proxy/path

Part of Kubernetes: pkg/registry/core/{pod,service}/rest (ProxyREST), apimachinery pkg/util/proxy. One request, one connection.
Leaves out: upgrades, links rewritten in HTML, proxying to nodes.
"""
from __future__ import annotations

from contextlib import closing

import h11
from starlette.responses import Response

from kubelearn import errors
from kubelearn.api import meta
from kubelearn.apiserver.calls import Call
from kubelearn.apiserver.sessions import Waiter
from kubelearn.apiserver.tunnel import Tunnel
from kubelearn.apiserver.waiting import Pump
from kubelearn.errors import ApiError

OWN_HEADERS = ("host", "authorization", "connection", "content-length", "transfer-encoding", "upgrade", "te", "keep-alive")


class HttpProxy:
    """Finds the address that a name stands for, asks there, answers what it said."""

    def __init__(self, registry, network, pump: Pump):
        self.registry, self.network, self.clock, self.pump = registry, network, registry.clock, pump
        self._random = self.clock.random("proxy")

    async def answer(self, call: Call) -> Response:
        with self.clock.lock:
            address, port = self._target(call)
        waiter = Waiter(call.session)
        try:
            with self.pump.waiting(waiter), closing(Tunnel(self.network, waiter)) as tunnel:
                await tunnel.open(address, port)
                return await self._exchange(call, tunnel, f"{address}:{port}")
        except OSError as error:
            why = f"dial tcp {address}:{port}: connect: {str(error).lower()}"
        except h11.RemoteProtocolError as error:
            why = f"malformed HTTP response: {error}"
        raise ApiError(503, "ServiceUnavailable", f"error trying to reach service: {why}")

    # --- where to -----------------------------------------------------------------------------------------------------

    def _target(self, call: Call) -> tuple[str, int]:
        """The name may be web, web:80, web:http or http:web:80."""
        parts = call.info.name.split(":")
        name, port = parts[1:3] if len(parts) == 3 else [*parts, ""][:2]
        if call.info.resource.plural == "services" and self.registry.find(call.info.resource, call.info.namespace, name) is None:
            raise _no_endpoints(name)
        obj = self.registry.get(call.info.resource, call.info.namespace, name)
        match call.info.resource.plural:
            case "pods":
                return self._pod(obj, port)
            case "services":
                return self._service(obj, port)
        raise errors.no_such_path()

    def _pod(self, pod: dict, port: str) -> tuple[str, int]:
        address = (pod.get("status") or {}).get("podIP")
        if not address:
            raise errors.bad_request("address not allowed")
        declared = [p for container in pod["spec"]["containers"] for p in container.get("ports") or ()]
        named = next((p["containerPort"] for p in declared if port in ("", p.get("name"))), None)
        return address, int(port) if port.isdigit() else named or 80

    def _service(self, service: dict, port: str) -> tuple[str, int]:
        """One of its ready endpoints."""
        name = meta.name_of(service)
        ports = [p for p in service["spec"].get("ports") or () if port in (str(p["port"]), p.get("name", ""))] if port else [{}]
        slices = self.registry.list(self.registry.resources.find("endpointslices"), meta.namespace_of(service),
                                    f"kubernetes.io/service-name={name}").items
        found = [(address, p["port"]) for part in slices for p in part.get("ports") or () for endpoint in part.get("endpoints") or ()
                 for address in endpoint["addresses"][:1]
                 if ports and p.get("name", "") == ports[0].get("name", "") and (endpoint.get("conditions") or {}).get("ready", True)]
        if not ports:
            raise ApiError(503, "ServiceUnavailable", f'no service port "{port}" found for service "{name}"')
        if not found:
            raise _no_endpoints(name)
        return self._random.choice(found)

    # --- one exchange -------------------------------------------------------------------------------------------------

    async def _exchange(self, call: Call, tunnel: Tunnel, host: str) -> Response:
        connection = h11.Connection(h11.CLIENT)
        path = "/" + "/".join(call.info.rest) + (f"?{call.query}" if str(call.query) else "")
        headers = [(name, value) for name, value in call.headers.items() if name.lower() not in OWN_HEADERS]
        headers += [("Host", host), ("Connection", "close"), ("Content-Length", str(len(call.body)))]
        sent = connection.send(h11.Request(method=call.method, target=path, headers=headers))
        sent += connection.send(h11.Data(data=call.body)) if call.body else b""
        tunnel.write(sent + connection.send(h11.EndOfMessage()))
        head, body = None, bytearray()
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                connection.receive_data(await tunnel.read())
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
        response = Response(bytes(body), head.status_code)
        kept = [(name, value) for name, value in head.headers if name.decode() not in OWN_HEADERS]
        response.raw_headers = [*kept, (b"content-length", str(len(body)).encode())]
        return response


def _no_endpoints(name: str) -> ApiError:
    return ApiError(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')
