"""What happens to a request: who asks, what about, the handler for it; errors become a Status in one place.

Part of Kubernetes: kube-apiserver's handler chain. Laws 1 and 8: a real server's paths and answers.
Leaves out: webhooks, aggregated API servers, audit.
"""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from kubelearn import errors
from kubelearn.apiserver import codec, discovery, openapi, rbac, requestinfo, security
from kubelearn.apiserver.calls import Call, answer, warn
from kubelearn.apiserver.handlers import Handlers
from kubelearn.apiserver.hostports import HostPorts
from kubelearn.apiserver.remote import REMOTE, Remote
from kubelearn.apiserver.sessions import Sessions
from kubelearn.apiserver.waiting import Pump
from kubelearn.errors import ApiError

log = logging.getLogger("kubelearn.http")
BUSY = 60.0  # real seconds to wait for the core
PATIENCE = 30.0  # real seconds for a handshake, and for the rest of a body that has begun


class App:
    """An ASGI application over a registry. Made in the event loop that serves it."""

    def __init__(self, registry, network, token: str, port: int):
        self.registry, self.clock, self.token, self.port = registry, registry.clock, token, port
        self.pump, self.sessions = Pump(self.clock), Sessions(self.clock)
        self.handlers = Handlers(registry, self.pump)
        self.remote = Remote(registry, network, self.pump)
        self.host_ports = HostPorts(registry, network, self.pump)

    async def __call__(self, scope: dict, receive, send) -> None:
        if scope["type"] == "websocket":
            await self._websocket(WebSocket(scope, receive, send))
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except ApiError as error:
            response = _status(error, request)
        except Exception as error:
            log.exception("%s %s", request.method, request.url.path)
            response = _status(errors.internal(str(error)), request)
        await response(scope, receive, send)

    async def _websocket(self, socket: WebSocket) -> None:
        try:
            call = self._call(socket, "GET")
            if call is None or call.info.subresource not in REMOTE:
                raise errors.no_such_path()
            await self.remote.websocket(call, socket)
        except ApiError as error:
            await socket.send_denial_response(_status(error, socket))
        except WebSocketDisconnect:
            return
        except Exception as error:
            log.exception("%s", socket.url.path)
            with suppress(RuntimeError):  # it had already begun
                await socket.send_denial_response(_status(errors.internal(str(error)), socket))

    def _call(self, request, method: str) -> Call | None:
        """What a request is about; None where its path is below no resource."""
        user = security.authenticate(self.registry, self.token, request.headers)
        with self._unless_busy():
            user = security.impersonated(self.registry, user, request.headers)
        client = request.scope.get("client") or ("", 0)
        parts = requestinfo.split(request.scope.get("raw_path", request.url.path.encode()).partition(b"?")[0].decode("latin-1"))
        session = self.sessions.of(request.headers.get("kubectl-session", ""), f"{client[0]}:{client[1]}")
        if not requestinfo.is_resource(parts) or self._is_foreign(parts):
            self._authorize_path(user, requestinfo.path_action(method, parts))
            return None
        watch = request.query_params.get("watch", "false").lower() in ("", "1", "t", "true")
        info = requestinfo.parse(self.registry.resources, method, parts, watch)
        return Call(info, user, session, request.headers, request.query_params)

    @contextmanager
    def _unless_busy(self) -> Iterator[None]:
        """The lock; but someone who holds it and waits for this very answer shall not wait forever."""
        if not self.clock.lock.acquire(timeout=BUSY):
            raise ApiError(504, "Timeout", f"Timeout: the cluster has been busy for {BUSY:.0f} s "
                                           "(who holds its lock cannot ask it through kubectl or HTTP)")
        try:
            yield
        finally:
            self.clock.lock.release()

    def _is_foreign(self, parts: list[str]) -> bool:
        """Below a group that is not served: no API at all."""
        return parts[0] == "apis" and len(parts) > 1 and all(resource.group != parts[1] for resource in self.registry.resources)

    def _authorize_path(self, user: security.User, action: rbac.Action) -> None:
        """Paths that are no resource; a few are for everyone."""
        if not action.path.startswith(security.PUBLIC):
            with self.clock.lock:
                rbac.authorize(self.registry, user.name, user.groups, action)

    async def _answer(self, request: Request) -> Response:
        call = self._call(request, request.method)
        if call is None:
            return self._other(request)
        call.method = request.method
        if request.method in ("POST", "PUT", "PATCH", "DELETE"):
            call.body = await _body(request)
        if call.info.subresource in REMOTE:
            return await self.remote.http(call)
        try:
            response = await self.handlers.handle(call)
        except ApiError as error:
            response = _status(error, request)
            for text in call.warnings:
                warn(response, text)
        while self.host_ports.complaints:
            warn(response, self.host_ports.complaints.pop())
        return response

    # --- what is no resource --------------------------------------------------------------------------------------

    def _other(self, request: Request) -> Response:
        if self._is_foreign(request.scope["path"].strip("/").split("/")):
            return PlainTextResponse("404 page not found\n", 404)
        if request.method not in ("GET", "HEAD"):
            raise errors.method_not_allowed("the server does not allow this method on the requested resource")
        path = request.scope["path"].strip("/")
        health = discovery.health(path, "verbose" in request.query_params)
        if health is not None:
            return PlainTextResponse(health)
        if path == "openapi/v2":
            return openapi.old_answer(request.headers.get("accept", ""))
        if path == "openapi/v3" or path.startswith("openapi/v3/"):
            return openapi.answer(self.registry.resources, path, request.headers.get("if-none-match", ""))
        document, media_type = self._document(path, request.headers.get("accept", ""))
        if document is None:
            return PlainTextResponse("404 page not found\n", 404)
        query = QueryParams(pretty="true") if path == "version" else request.query_params
        response = answer(codec.encode(document), request.headers, query)
        response.headers["content-type"] = media_type if media_type != codec.JSON else response.headers["content-type"]
        return response

    def _document(self, path: str, accept: str) -> tuple[dict | None, str]:
        resources, parts = self.registry.resources, path.split("/")
        if path in ("api", "apis") and "apidiscovery.k8s.io;v=v2;" in accept.replace(" ", "") + ";":
            return discovery.aggregated(resources, path == "api"), discovery.AGGREGATED
        match parts:
            case [""]:
                found = discovery.root(resources)
            case ["version"]:
                found = discovery.VERSION
            case ["api"]:
                found = discovery.core_versions(f"127.0.0.1:{self.port}")
            case ["api", version]:
                found = discovery.resource_list(resources, "", version)
            case ["apis"]:
                found = discovery.group_list(resources)
            case ["apis", group]:
                found = discovery.group(resources, group)
            case ["apis", group, version] if group in resources.groups():
                found = discovery.resource_list(resources, group, version)
            case _:
                found = None
        return found, codec.JSON


async def _body(request: Request) -> bytes:
    """At most 3 MiB, within a time. What is more is read and dropped for a while, so that the client comes to hear of it."""
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= codec.LIMIT:
                    body += chunk
                elif size > 16 * codec.LIMIT:
                    break
    except TimeoutError:
        raise ApiError(400, "BadRequest", "unexpected EOF") from None
    if size > codec.LIMIT:
        raise ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {codec.LIMIT}")
    return bytes(body)


def _status(error: ApiError, request) -> Response:
    response = answer(codec.encode(error.status()), request.headers, request.query_params, error.code)
    if error.code in (400, 413):
        response.headers["connection"] = "close"  # something of its body may be left
    if "retryAfterSeconds" in error.details:
        response.headers["retry-after"] = str(error.details["retryAfterSeconds"])
    return response
