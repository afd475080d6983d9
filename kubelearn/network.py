"""The cluster's network: addresses, and byte streams between them on the virtual clock.

Part of Kubernetes: the pod network (a CNI plugin) and the kernel under it. Law 2: components that meet at an address, as
in a real cluster, meet here. kube-proxy fills `rules`; a connection that matches one is sent elsewhere, once on each node.
Leaves out: packets, latency, IPv6; a datagram exchange is a short stream of protocol "UDP".
"""
from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from kubelearn.clock import Clock
from kubelearn.streams import Stream, stream_pair
from kubelearn.tasks import Future

ROUTE_TIMEOUT = 3.0  # seconds until the kernel gives up finding a neighbour: No route to host
CONNECT_TIMEOUT = 127.0  # seconds until it gives up sending SYNs: Connection timed out

Target = tuple[str, int]
Rule = Callable[[str, str], "Target | None"]  # (source address, node) -> where to; None: refused; raises TimeoutError: dropped


class Connection(NamedTuple):
    """One attempt to connect, for the traffic picture."""

    time: float
    source: str
    destination: str
    hops: tuple[tuple[str, str], ...]
    outcome: str  # connected, refused, timeout


class Listener:
    """Takes connections: each goes to the handler, or without one waits for accept()."""

    def __init__(self, network: Network, keys: list[tuple], handler: Callable[[Stream], object] | None):
        self.network, self.keys, self.handler, self.waiting, self._future = network, keys, handler, deque(), None

    def deliver(self, stream: Stream) -> None:
        if self.handler is not None:
            self.handler(stream)
            return
        self.waiting.append(stream)
        if self._future is not None:
            future, self._future = self._future, None
            future.set_result(None)

    async def accept(self) -> Stream:
        while not self.waiting:
            self._future = Future(self.network.clock)
            await self._future
        return self.waiting.popleft()

    def close(self) -> None:
        for key in self.keys:
            self.network.listeners.pop(key, None)
        for stream in self.waiting:
            stream.close()
        self.keys = []


class Network:
    """All addresses of a cluster: nodes, pods and whatever listens beside them."""

    def __init__(self, clock: Clock):
        self.clock = clock
        self.listeners: dict[tuple[str, int, str], Listener] = {}
        self.rules: dict[str, Mapping[tuple[str, int, str], Rule]] = {}  # node -> its kube-proxy's table
        self.nodes: dict[str, str] = {}  # node -> its address
        self.owner: dict[str, str] = {}  # address of a node or pod -> node
        self.down: set[str] = set()  # nodes that no packet reaches or leaves
        self.admit: Callable[[str, str, int, str], bool] | None = None  # what network policies allow
        self.host_ports: dict[tuple[str, int, str], Target] = {}  # of nodes, that are handed on to pods
        self.log: deque[Connection] = deque(maxlen=10_000)
        self._free: dict[str, deque[str]] = {}
        self._ranges: dict[str, Iterator] = {}
        self._cidrs: dict[str, ipaddress.IPv4Network] = {}
        self._ports = 0

    # --- addresses ------------------------------------------------------------------------------------------------

    def add_node(self, node: str, address: str, pod_cidr: str) -> None:
        self.nodes[node], self.owner[address] = address, node
        self._free[node], self._cidrs[node] = deque(), ipaddress.ip_network(pod_cidr)
        self._ranges[node] = iter(self._cidrs[node].hosts())
        next(self._ranges[node], None)  # the first is the bridge's own

    def remove_node(self, node: str) -> None:
        self.owner.pop(self.nodes.pop(node, ""), None)
        self._free.pop(node, None)
        self._ranges.pop(node, None)
        self._cidrs.pop(node, None)

    def allocate(self, node: str) -> str:
        """A pod address of the node's range: the next fresh one, else the one that was given back longest ago."""
        fresh = next(self._ranges[node], None)
        if fresh is None and not self._free[node]:
            raise OSError("no IP addresses available in range set")
        address = str(fresh) if fresh is not None else self._free[node].popleft()
        self.owner[address] = node
        return address

    def release(self, address: str) -> None:
        node = self.owner.pop(address, None)
        if node in self._free:
            self._free[node].append(address)

    # --- listening ------------------------------------------------------------------------------------------------

    def listen(self, address: str, port: int, handler: Callable[[Stream], object] | None = None, protocol: str = "TCP",
               bind: str = "0.0.0.0") -> Listener:
        """Listens in the network namespace of `address`; bind 127.0.0.1 takes connections from inside it only."""
        scopes = ("lo",) if bind.startswith("127.") else ("lo", "eth") if bind in ("0.0.0.0", "::", "") else ("eth",)
        keys = [(address if scope == "eth" else f"lo/{address}", port, protocol) for scope in scopes]
        if port and any(key in self.listeners for key in keys):
            raise OSError("Address already in use")
        listener = Listener(self, keys, handler)
        self.listeners.update((key, listener) for key in keys)
        return listener

    # --- connecting -----------------------------------------------------------------------------------------------

    async def connect(self, source: str, address: str, port: int, protocol: str = "TCP", patience: float = CONNECT_TIMEOUT) -> Stream:
        """A stream to whoever listens there; ConnectionRefusedError, TimeoutError after `patience`, or OSError "No route to host"."""
        hops = [("source", source)]
        try:
            host, number = self._route(source, address, port, protocol, hops)
            listener = self._find(source, host, number, protocol)
        except ConnectionRefusedError:
            self._note(source, address, port, hops, "refused")
            raise
        except TimeoutError:
            self._note(source, address, port, hops, "timeout")
            await self.clock.sleep(patience)
            raise
        except OSError:
            self._note(source, address, port, hops, "timeout")
            await self.clock.sleep(min(ROUTE_TIMEOUT, patience))
            raise
        self._note(source, address, port, hops, "connected")
        seen = "127.0.0.1" if host.startswith("127.") else source
        ours, theirs = stream_pair(self.clock, f"{seen}:{self._client_port()}", f"{address}:{port}", tuple(hops))
        listener.deliver(theirs)
        return ours

    def _client_port(self) -> int:
        self._ports = (self._ports + 1) % 28_232
        return 32_768 + self._ports

    def _route(self, source: str, address: str, port: int, protocol: str, hops: list) -> Target:
        """Where kube-proxy sends it: on the node it leaves, and on the node it comes to from outside."""
        for node in dict.fromkeys((self.owner.get(source), self.owner.get(address))):
            rules = self.rules.get(node)
            if rules is None:
                continue
            rule = rules.get((address, port, protocol))
            if rule is None and address == self.nodes[node]:
                rule = rules.get(("node", port, protocol))
            if rule is not None:
                hops.append(("service", f"{address}:{port}"))
                target = rule(source, node)
                if target is None:
                    raise ConnectionRefusedError("Connection refused")
                address, port = target
                break
        address, port = self.host_ports.get((address, port, protocol), (address, port))
        hops.append(("target", f"{address}:{port}"))
        return address, port

    def _find(self, source: str, address: str, port: int, protocol: str) -> Listener:
        here, there = self.owner.get(source), self.owner.get(address)
        local = address.startswith("127.") or address == source
        if not local and (here in self.down or there in self.down):
            raise TimeoutError("Connection timed out")
        listener = self.listeners.get((f"lo/{source}" if local else address, port, protocol)) or (
            self.listeners.get((address, port, protocol)) if local else None)
        if listener is not None:
            if not local and self.admit is not None and not self.admit(source, address, port, protocol):
                raise TimeoutError("Connection timed out")
            return listener
        if local or there is not None:
            raise ConnectionRefusedError("Connection refused")
        if any(number in cidr for cidr in self._cidrs.values() for number in _numbers(address)):
            raise OSError("No route to host")
        raise TimeoutError("Connection timed out")

    def _note(self, source: str, address: str, port: int, hops: list, outcome: str) -> None:
        self.log.append(Connection(self.clock.now, source, f"{address}:{port}", tuple(hops), outcome))


def _numbers(address: str) -> list[ipaddress.IPv4Address]:
    """The address as a number; none for what is no IPv4 address."""
    try:
        return [ipaddress.IPv4Address(address)]
    except ValueError:
        return []
