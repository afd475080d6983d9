"""Requests for judges: what a user of the application would see.

Part of Kubernetes: none. In the simulator a request leaves from a node's address, through its kube-proxy, to whatever answers; names are
asked of the cluster's DNS. Leaves out: TLS, keep-alive, redirects.
"""
from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from kubelearn.tasks import Future


class Answer(NamedTuple):
    """One request: when it was sent, what came back, from which address; error where nothing did."""

    time: float
    status: int
    body: str
    server: str
    error: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 400


def ask(cluster, url: str, times: int = 1, every: float = 0.0, timeout: float = 2.0) -> list[Answer]:
    """Sends requests one after another, `every` virtual seconds apart, and lets time run until all are answered or have failed."""
    with cluster.lock:
        task = cluster.clock.spawn(_series(cluster, url, times, every, timeout))
    cluster.run(until=task.done, limit=times * (every + timeout) + 10)
    return task.result()


def start(cluster, url: str, every: float = 0.2, timeout: float = 1.0, seconds: float = 600.0) -> list[Answer]:
    """Sends a request every `every` seconds from now on, while time runs; the list fills as they end."""
    answers: list[Answer] = []
    with cluster.lock:
        for number in range(int(seconds / every)):
            cluster.clock.call_later(number * every, lambda: cluster.clock.spawn(_into(answers, cluster, url, timeout)))
    return answers


async def _into(answers: list[Answer], cluster, url: str, timeout: float) -> None:
    answers.append(await request(cluster, url, timeout))


async def _series(cluster, url: str, times: int, every: float, timeout: float) -> list[Answer]:
    answers = []
    for _ in range(times):
        answers.append(await request(cluster, url, timeout))
        if every:
            await cluster.clock.sleep(every)
    return answers


async def request(cluster, url: str, timeout: float, source: str | None = None) -> Answer:
    """One GET over the cluster's network, from an address (a node's unless said otherwise); never raises."""
    began, target = cluster.clock.now, urlsplit(url)
    work = cluster.clock.spawn(_get(cluster, target.hostname, target.port or 80, target.path or "/", source))
    alarm = cluster.clock.call_later(timeout, work.cancel)
    finished: Future = cluster.clock.future()
    work.add_done_callback(lambda _: finished.set_result(None))
    await finished
    alarm.cancel()
    try:
        status, body, server = work.result()
        return Answer(began, status, body, server)
    except OSError as error:
        return Answer(began, 0, "", "", str(error) or type(error).__name__)
    except BaseException:  # cancelled by the alarm
        return Answer(began, 0, "", "", f"no answer within {timeout:g} s")


async def _get(cluster, host: str, port: int, path: str, source: str | None) -> tuple[int, str, str]:
    source = source or _standing(cluster.network)
    address = await _resolve(cluster, source, host)
    stream = await cluster.network.connect(source, address, port)
    stream.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await stream.read_all()).partition(b"\r\n\r\n")
    stream.close()
    if not head:
        raise ConnectionResetError("Connection reset by peer")
    server = next((place for what, place in reversed(stream.hops) if what == "target"), "")
    return int(head.split(None, 2)[1]), body.decode(errors="replace"), server.rpartition(":")[0]


def _standing(network) -> str:
    """The address of the first machine that is not down: who asks is not lost with a node."""
    return next(address for name, address in network.nodes.items() if name not in network.down)


async def _resolve(cluster, source: str, host: str) -> str:
    if host.replace(".", "").isdigit():
        return host
    name = host if "." in host else f"{host}.default"
    name = name if name.endswith(".cluster.local") else f"{name.removesuffix('.svc')}.svc.cluster.local"
    stream = await cluster.network.connect(source, "10.96.0.10", 53, "UDP")
    stream.write(f"A {name}\n".encode())
    stream.close_write()
    _, *records = (await stream.read_all()).decode().splitlines()
    addresses = [line.split(" ", 2)[2] for line in records if line.split(" ", 2)[1] == "A"]
    if not addresses:
        raise OSError(f"bad address '{host}'")
    return addresses[0]
