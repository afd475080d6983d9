"""Node ports on the host's own loopback, so that `curl localhost:30080` in a cell reaches a simulated pod.

Part of Kubernetes: none; it stands in for the cable between the learner's machine and a node (kind's port mappings, minikube's tunnel).
A port is opened inside the write that allocates it, so that whoever asked for it can be told when another program has it, and
which port to use instead. Leaves out: UDP.
"""
from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import closing, suppress

from kubelearn.apiserver.sessions import Session, Waiter
from kubelearn.apiserver.tunnel import Tunnel
from kubelearn.apiserver.waiting import Pump

log = logging.getLogger("kubelearn")
HOST, SOURCE = "127.0.0.1", "192.168.65.1"  # where it listens; who the cluster sees asking


class HostPorts:
    """Follows the Services. `moved` says which node ports are found elsewhere on this host, because they were taken."""

    def __init__(self, registry, network, pump: Pump):
        self.registry, self.network, self.clock, self.pump = registry, network, registry.clock, pump
        self.moved: dict[int, int] = {}
        self.complaints: list[str] = []  # what the next answer shall tell the client
        self._sockets: dict[int, socket.socket] = {}
        self._owners: dict[tuple[str, str], set[int]] = {}
        self._servers: dict[int, asyncio.Server] = {}
        self._loop, self._stop = asyncio.get_running_loop(), lambda: None

    def start(self) -> None:
        services = self.registry.resources.find("services")
        with self.clock.lock:
            self._stop = self.registry.watch(services, self._changed)
            for service in self.registry.objects(services):
                self._changed("ADDED", service, 0)

    def stop(self) -> None:
        self._stop()
        for port in list(self._sockets):
            self._close(port)

    def _changed(self, kind: str, service: dict, revision: int) -> None:
        """Called inside a write, in the writer's thread."""
        metadata = service["metadata"]
        key = (metadata["namespace"], metadata["name"])
        ports = service["spec"].get("ports") or () if kind != "DELETED" else ()
        wanted = {port["nodePort"] for port in ports if port.get("nodePort") and port.get("protocol", "TCP") == "TCP"}
        for port in sorted(self._owners.get(key, set()) - wanted):
            self._close(port)
        for port in sorted(wanted - self._owners.get(key, set())):
            self._open(port, "/".join(key))
        self._owners[key] = wanted

    def _open(self, port: int, service: str) -> None:
        try:
            listener = socket.create_server((HOST, port))
        except OSError:
            listener = socket.create_server((HOST, 0))
            self.moved[port] = listener.getsockname()[1]
            text = (f"port {port} of this machine is taken by another program: from here, service {service} is at "
                    f"localhost:{self.moved[port]} instead (inside the cluster it is {port} all the same)")
            self.complaints.append(text)
            log.warning(text)
        self._sockets[port] = listener
        self._loop.call_soon_threadsafe(lambda: asyncio.ensure_future(self._listen(port, listener)))

    async def _listen(self, port: int, listener: socket.socket) -> None:
        if self._sockets.get(port) is listener:
            self._servers[port] = await asyncio.start_server(lambda reader, writer: self._serve(port, reader, writer), sock=listener)

    def _close(self, port: int) -> None:
        listener, server = self._sockets.pop(port), self._servers.pop(port, None)
        self.moved.pop(port, None)
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe((server or listener).close)

    # --- one connection -------------------------------------------------------------------------------------------

    async def _serve(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiter = Waiter(Session(self.clock, True), conversation=True)
        waiter.asked()
        with self.pump.waiting(waiter), closing(Tunnel(self.network, waiter)) as tunnel, closing(writer):
            try:
                await tunnel.open(self._node(), port, source=SOURCE)
                waiter.answered()
                await tunnel.carry(lambda: reader.read(65_536), writer.write, writer.drain)
            except OSError:
                writer.transport.abort()  # a reset: nobody is there

    def _node(self) -> str:
        """The address of a node that is up."""
        with self.clock.lock:
            return next((address for name, address in self.network.nodes.items() if name not in self.network.down), "127.0.0.1")
