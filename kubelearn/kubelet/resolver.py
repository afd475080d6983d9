"""Name resolution inside a container: /etc/hosts, then the servers of /etc/resolv.conf with their search list.

Part of Kubernetes: the C library's resolver. A question is one line "TYPE NAME" in a datagram stream to port 53; the answer
is a line with the code (NOERROR, NXDOMAIN, SERVFAIL), then one "NAME TYPE VALUE" a line.
Leaves out: the packets of the DNS protocol, caching, IPv6.
"""
from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kubelearn.kubelet.process import Process

QUERY_TIMEOUT, ATTEMPTS = 5.0, 2


class BadName(LookupError):
    """No such name; temporary: no server answered."""

    def __init__(self, name: str, temporary: bool = False):
        super().__init__(name)
        self.temporary = temporary


class Answer(NamedTuple):
    code: str
    records: list[tuple[str, str, str]]  # name, type, value
    server: str


class Resolver(NamedTuple):
    servers: list[str]
    search: list[str]
    ndots: int

    @classmethod
    def of(cls, process: Process) -> Resolver:
        servers, search, ndots = [], [], 1
        for line in _lines(process, "/etc/resolv.conf"):
            word, *rest = line.split()
            servers += rest if word == "nameserver" else []
            search = rest if word == "search" else search
            ndots = next((int(option[6:]) for option in rest if option.startswith("ndots:")), ndots) if word == "options" else ndots
        return cls(servers, search, ndots)

    def candidates(self, name: str) -> list[str]:
        """The full names to ask for, in order."""
        if name.endswith("."):
            return [name[:-1]]
        searched = [f"{name}.{domain}" for domain in self.search]
        return [name, *searched] if name.count(".") >= self.ndots else [*searched, name]


def _lines(process: Process, path: str) -> list[str]:
    try:
        text = process.files.read(path).decode(errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def hosts(process: Process) -> list[tuple[str, list[str]]]:
    """/etc/hosts as (address, names)."""
    return [(words[0], words[1:]) for words in map(str.split, _lines(process, "/etc/hosts"))]


async def query(process: Process, server: str, name: str, record: str = "A") -> Answer:
    """Asks one server for one name; OSError when it cannot be asked."""
    network = process.container.runtime.network
    stream = await network.connect(process.address, server, 53, "UDP", QUERY_TIMEOUT * ATTEMPTS)
    stream.write(f"{record} {name}\n".encode())
    stream.close_write()
    code, *lines = (await stream.read_all()).decode().splitlines() or ["SERVFAIL"]
    stream.close()
    return Answer(code, [tuple(line.split(" ", 2)) for line in lines], server)


async def resolve(process: Process, name: str) -> list[str]:
    """The IPv4 addresses of a name, at least one; BadName."""
    try:
        return [str(ipaddress.ip_address(name))]
    except ValueError:
        pass
    known = [address for address, names in hosts(process) if name in names and ":" not in address]
    if known or name == "localhost":
        return known or ["127.0.0.1"]
    resolver = Resolver.of(process)
    for candidate in resolver.candidates(name):
        answer = await _ask(process, resolver.servers, candidate)
        if answer is None:  # nobody to ask: the other candidates would fare no better
            raise BadName(name, temporary=True)
        if addresses := [value for _, kind, value in answer.records if kind == "A"]:
            return addresses
    raise BadName(name)


async def _ask(process: Process, servers: list[str], name: str) -> Answer | None:
    for server in servers:
        try:
            return await query(process, server, name)
        except OSError:
            continue
    return None
