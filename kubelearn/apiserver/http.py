"""The API server's HTTP edge: TLS on loopback, one thread, one event loop; paths to handlers, errors to Status.

Part of Kubernetes: kube-apiserver's secure serving and its handler chain. Laws 1 and 8: real clients, a real server's answers.
uvicorn and starlette do HTTP; the connections are taken here, to tell plain HTTP from TLS by its first byte.
Leaves out: HTTP/2, client certificates, webhooks, aggregated API servers.
"""
from __future__ import annotations

import asyncio
import logging
import socket
import threading
from contextlib import suppress

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from kubelearn import errors
from kubelearn.apiserver import codec, discovery, openapi, rbac, requestinfo, security
from kubelearn.apiserver.calls import Call, answer, warn
from kubelearn.apiserver.handlers import Handlers
from kubelearn.apiserver.hostports import HostPorts
from kubelearn.apiserver.remote import REMOTE, Remote
from kubelearn.apiserver.waiting import Pump, Sessions
from kubelearn.errors import ApiError

log = logging.getLogger("kubelearn.http")
PLAIN_HTTP = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
PATIENCE = 30.0  # real seconds for a handshake, and for the rest of a body that has begun


class Server:
    """Serves a registry. start() returns when it can be reached; stop() ends it and every connection."""

    def __init__(self, registry, network, port: int = 0):
        self.registry, self.network, self.clock = registry, network, registry.clock
        self.credentials = security.Credentials()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self.credentials.write_kubeconfig(self.port)
        self.kubeconfig = self.credentials.kubeconfig
        self._thread = threading.Thread(target=self._run, name="kubelearn-apiserver", daemon=True)
        self._ready, self._ended = threading.Event(), None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        self._thread.start()
        self._ready.wait(10)

    def stop(self) -> None:
        if self._loop is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # it ended by itself just now
                self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(5)
        self._listener.close()
        self.credentials.close()

    # --- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        self.pump, self.sessions = Pump(self.clock), Sessions(self.clock)
        self.handlers = Handlers(self.registry, self.pump)
        self.remote = Remote(self.registry, self.network, self.pump)
        self.host_ports = HostPorts(self.registry, self.network, self.pump)
        config = uvicorn.Config(self.app, interface="asgi3", lifespan="off", ws="wsproto", log_config=None, access_log=False,
                                proxy_headers=False, server_header=False, timeout_keep_alive=300, ws_max_size=1 << 24)
        config.load()
        self._uvicorn = uvicorn.Server(config)
        tasks = [asyncio.create_task(work) for work in (self._accept(), self.pump.run(), self.host_ports.run())]
        self._ready.set()
        await self._ended.wait()
        for task in [*tasks, *self._uvicorn.server_state.tasks]:
            task.cancel()
        for connection in list(self._uvicorn.server_state.connections):
            connection.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self) -> None:
        while True:
            connection, address = await self._loop.sock_accept(self._listener)
            self.sessions.connected(f"{address[0]}:{address[1]}")
            task = asyncio.create_task(self._welcome(connection))
            self._uvicorn.server_state.tasks.add(task)
            task.add_done_callback(self._uvicorn.server_state.tasks.discard)

    async def _welcome(self, connection: socket.socket) -> None:
        """Looks at the first byte: TLS begins with 0x16, anything else is told off as by a real server."""
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            first = await asyncio.wait_for(self._peek(connection), PATIENCE)
            if first == b"\x16":
                await self._loop.connect_accepted_socket(self._protocol, connection, ssl=self.credentials.context,
                                                         ssl_handshake_timeout=PATIENCE)
                return
            if first:
                await self._loop.sock_sendall(connection, PLAIN_HTTP)
                connection.shutdown(socket.SHUT_WR)
                await asyncio.wait_for(self._loop.sock_recv(connection, 65_536), 1)  # closing on unread bytes would reset our words away
        except (OSError, TimeoutError):
            pass
        connection.close()

    async def _peek(self, connection: socket.socket) -> bytes:
        while True:
            try:
                return connection.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                readable = self._loop.create_future()
                self._loop.add_reader(connection, lambda future=readable: future.done() or future.set_result(None))
                try:
                    await readable
                finally:
                    self._loop.remove_reader(connection)

    def _protocol(self) -> asyncio.Protocol:
        server = self._uvicorn
        return server.config.http_protocol_class(config=server.config, server_state=server.server_state, app_state={}, _loop=self._loop)

    # --- one request ----------------------------------------------------------------------------------------------

    async def app(self, scope: dict, receive, send) -> None:
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
        user = security.authenticate(self.registry, self.credentials.token, request.headers)
        with self.clock.lock:
            user = security.impersonated(self.registry, user, request.headers)
        client = request.scope.get("client") or ("", 0)
        parts = requestinfo.split(request.scope.get("raw_path", request.url.path.encode()).partition(b"?")[0].decode("latin-1"))
        session = self.sessions.of(request.headers.get("kubectl-session", ""), f"{client[0]}:{client[1]}")
        if len(parts) < {"api": 3, "apis": 4}.get(parts[0], 99):
            rbac_path = f"/{'/'.join(parts)}"
            if not rbac_path.startswith(security.PUBLIC):
                with self.clock.lock:
                    rbac.authorize(self.registry, user.name, user.groups, rbac.Action(requestinfo.VERBS.get(method, "get"), path=rbac_path))
            return None
        watch = request.query_params.get("watch", "false").lower() in ("", "1", "t", "true")
        info = requestinfo.parse(self.registry.resources, method, parts, watch)
        return Call(info, user, session, request.headers, request.query_params)

    async def _answer(self, request: Request) -> Response:
        call = self._call(request, request.method)
        if call is None:
            return self._other(request)
        if call.info.subresource in REMOTE:
            return await self.remote.http(call)
        if request.method in ("POST", "PUT", "PATCH", "DELETE"):
            call.body = await _body(request)
        response = await self.handlers.handle(call)
        while self.host_ports.complaints:
            warn(response, self.host_ports.complaints.pop())
        return response

    # --- what is no resource --------------------------------------------------------------------------------------

    def _other(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise errors.method_not_allowed("the server does not allow this method on the requested resource")
        path = request.scope["path"].strip("/")
        health = discovery.health(path, "verbose" in request.query_params)
        if health is not None:
            return PlainTextResponse(health)
        if path == "openapi/v3" or path.startswith("openapi/v3/"):
            return openapi.answer(self.registry.resources, path, request.headers.get("if-none-match", ""))
        document, media_type = self._document(path, request.headers.get("accept", ""))
        if document is None:
            return PlainTextResponse("404 page not found\n", 404)
        response = answer(codec.encode(document), request.headers, request.query_params)
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
    """At most 3 MiB, within a time."""
    too_large = ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {codec.LIMIT}")
    if int(request.headers.get("content-length") or 0) > codec.LIMIT:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > codec.LIMIT:
                    raise too_large
    except TimeoutError:
        raise ApiError(400, "BadRequest", "unexpected EOF") from None
    return bytes(body)


def _status(error: ApiError, request) -> Response:
    response = answer(codec.encode(error.status()), request.headers, request.query_params, error.code)
    if error.code in (400, 413):
        response.headers["connection"] = "close"  # what is left of its body is not read
    if "retryAfterSeconds" in error.details:
        response.headers["retry-after"] = str(error.details["retryAfterSeconds"])
    return response
