"""The API server's HTTP edge: TLS on loopback, in one thread with one event loop.

Part of Kubernetes: kube-apiserver's secure serving. Law 1: real clients. uvicorn does HTTP; the connections are taken here, to
tell plain HTTP from TLS by its first byte. Leaves out: HTTP/2, client certificates.
"""
from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress

import uvicorn

from kubelearn.apiserver import security
from kubelearn.apiserver.app import PATIENCE, App

PLAIN_HTTP = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


class Server:
    """Serves a registry, and its node ports. start() returns when it can be reached; stop() ends it and every connection."""

    def __init__(self, registry, network, port: int = 0, node_ports: bool = True):
        self.registry, self.network, self.clock, self.node_ports = registry, network, registry.clock, node_ports
        self.credentials = security.Credentials()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self.credentials.write_kubeconfig(self.port)
        self.kubeconfig = self.credentials.kubeconfig
        self._thread = threading.Thread(target=self._run, name="kubelearn-apiserver", daemon=True)
        self._ready, self._ended, self._error = threading.Event(), None, None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise RuntimeError("the API server did not start") from self._error

    def stop(self) -> None:
        if self._loop is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # it ended by itself just now
                self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(5)
        self._listener.close()
        self.credentials.close()

    # --- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        app = self.app = App(self.registry, self.network, self.credentials.token, self.port)
        config = uvicorn.Config(app, interface="asgi3", lifespan="off", ws="wsproto", log_config=None, access_log=False,
                                log_level="critical", proxy_headers=False, server_header=False, timeout_keep_alive=300, ws_max_size=1 << 24)
        config.load()
        self._uvicorn = uvicorn.Server(config)
        tasks = [asyncio.create_task(work) for work in (self._accept(), app.pump.run())]
        if self.node_ports:
            app.host_ports.start()
        self._ready.set()
        await self._ended.wait()
        app.host_ports.stop()
        for task in [*tasks, *self._uvicorn.server_state.tasks]:
            task.cancel()
        for connection in list(self._uvicorn.server_state.connections):
            connection.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self) -> None:
        while True:
            connection, address = await self._loop.sock_accept(self._listener)
            self.app.sessions.connected(f"{address[0]}:{address[1]}")
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
