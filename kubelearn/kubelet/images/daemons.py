"""Databases and others that only listen here, and tools: mysql, postgres, stress and their like.

Each is a row of a table. Leaves out: what the real ones do beyond starting, listening and ending."""
from __future__ import annotations

import re

from kubelearn.kubelet.images import ImageInfo, catalogue
from kubelearn.kubelet.images.applets import starter
from kubelearn.kubelet.images.busybox import alpine_tree, debian_tree
from kubelearn.kubelet.images.curl import curl
from kubelearn.kubelet.process import Executable, Process, Program


def daemon(port: int, ready: str, needs: str = "", refusal: str = "", memory: int = 30 << 20) -> Program:
    """Listens at a port. needs: environment variables of which one must be there, separated by spaces."""
    async def program(process: Process) -> int:
        if needs and not any(process.env.get(name) for name in needs.split()):
            process.error(refusal)
            return 1
        process.use_memory(memory)
        try:
            process.listen(port, handler=lambda stream: stream.read_all())
        except OSError:
            return process.fail(f"port {port} is already in use")
        await process.sleep(1.5)  # such programs are not ready at once
        process.error(ready.format(port=port))
        process.on_signal("TERM", lambda: process.die(0))
        process.on_signal("INT", lambda: process.die(0))
        await process.forever()
    return program


MYSQL = (
    "[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n"
    "    You need to specify one of the following as an environment "
    "variable:\n    - MYSQL_ROOT_PASSWORD\n    - MYSQL_ALLOW_EMPTY_PASSWORD\n    - MYSQL_RANDOM_ROOT_PASSWORD"
)


POSTGRES = (
    "Error: Database is uninitialized and superuser password is not specified.\n"
    "       You must specify POSTGRES_PASSWORD to a non-empty value for the\n"
    '       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".'
)


PASSWORDS = (
    "MYSQL_ROOT_PASSWORD MYSQL_ALLOW_EMPTY_PASSWORD MYSQL_RANDOM_ROOT_PASSWORD MARIADB_ROOT_PASSWORD MARIADB_ALLOW_EMPTY_ROOT_PASSWORD"
)


DAEMONS: dict[tuple[str, ...], tuple[str, int, str, Program]] = {  # repositories: tags, size, program's name, program
    ("mysql", "mariadb"): (
        r"latest|lts|[589](\.\d+){0,2}|1[0-2](\.\d+){0,2}",
        240_000_000,
        "mysqld",
        daemon(
            3306, "[System] [Server] /usr/sbin/mysqld: ready for connections. Version: '8.4.6'  port: {port}", PASSWORDS, MYSQL, 380 << 20
        ),
    ),
    ("postgres",): (
        r"latest|(9|1\d)(\.\d+){0,2}(-alpine|-bookworm)?",
        160_000_000,
        "postgres",
        daemon(5432, "LOG:  database system is ready to accept connections", "POSTGRES_PASSWORD POSTGRES_HOST_AUTH_METHOD", POSTGRES),
    ),
    ("mongo",): (
        r"latest|[3-8](\.\d+){0,2}",
        270_000_000,
        "mongod",
        daemon(27017, '{{"msg":"Waiting for connections","attr":{{"port":{port}}}}}'),
    ),
    ("memcached",): (r"latest|1(\.\d+){0,2}(-alpine)?", 32_000_000, "memcached", daemon(11211, "")),
    ("rabbitmq",): (
        r"latest|[34](\.\d+){0,2}(-management|-alpine)*",
        110_000_000,
        "rabbitmq-server",
        daemon(5672, "Server startup complete; 4 plugins started."),
    ),
    ("quay.io/fluentd_elasticsearch/fluentd", "fluent/fluentd", "fluent/fluent-bit"): (
        r"latest|v?\d(\.\d+){0,2}(-\d+)?(-debian)?(-1)?",
        90_000_000,
        "fluentd",
        daemon(24224, "[info]: #0 fluentd worker is now running worker=0"),
    ),
    ("jenkins/jenkins",): (r"latest|lts|\d+(\.\d+)*(-\w+)?", 280_000_000, "jenkins", daemon(8080, "Jenkins is fully up and running")),
}


def _daemon_family(repositories: tuple[str, ...], tags: str, size: int, command: str, program: Program) -> None:
    @catalogue.family(*repositories)
    def make(name: str, tag: str) -> ImageInfo | None:
        if not re.fullmatch(tags, tag):
            return None
        return ImageInfo(
            name, lambda: debian_tree(**{f"usr/local/bin/{command}": Executable(program, 50_000_000, 20 << 20)}), [], [command], size=size
        )


for _repositories, _daemon in DAEMONS.items():
    _daemon_family(_repositories, *_daemon)


@catalogue.family(
    "praqma/network-multitool",
    "wbitt/network-multitool",
    "nicolaka/netshoot",
    "gcr.io/kubernetes-e2e-test-images/dnsutils",
    "registry.k8s.io/e2e-test-images/jessie-dnsutils",
    "registry.k8s.io/e2e-test-images/dnsutils",
    "tutum/dnsutils",
    "infoblox/dnstools",
)
def _tools(name: str, tag: str) -> ImageInfo | None:
    if not re.fullmatch(r"latest|v?\d+(\.\d+)*|minimal|extra", tag):
        return None
    command = ["sh", "-c", "exec sleep infinity"]
    return ImageInfo(
        name,
        lambda: alpine_tree(**{"usr/bin/curl": Executable(curl, 300_000), "bin/bash": Executable(starter("sh"), 1_200_000, 3 << 20)}),
        [],
        command,
        size=40_000_000,
    )


async def stress(process: Process) -> int:
    """stress --vm 1 --vm-bytes 250M --vm-hang 1, -c 1: takes memory and CPU time as told."""
    words = process.args
    given = {word.lstrip("-"): value for word, value in zip(words, [*words[1:], ""])}
    size = re.fullmatch(r"(\d+)([KMGB]?)i?", given.get("vm-bytes", given.get("mem-total", "256M")))
    process.print(
        f"stress: info: [{process.pid}] dispatching hogs: {given.get('cpu', given.get('c', '0'))} "
        f"cpu, 0 io, {given.get('vm', '0')} vm, 0 hdd"
    )
    if ("vm" in given or "mem-total" in given or "m" in given) and size:
        process.use_memory(int(size[1]) << {"K": 10, "M": 20, "G": 30}.get(size[2], 0))
    workers = int(given.get("cpu", given.get("c", given.get("cpus", "0"))) or 0)
    limit = float(re.sub(r"\D", "", given.get("timeout", given.get("t", ""))) or "inf")
    while process.clock.now - process.started_at < limit:
        pause = min(10.0, limit - (process.clock.now - process.started_at))
        await process.sleep(pause)
        limit_of = process.container.cpu_limit or workers
        process.container.cpu_seconds += min(workers, limit_of) * pause
        process.container.throttled_seconds += max(0.0, workers - limit_of) * pause
    return 0


@catalogue.family("polinux/stress", "progrium/stress", "vish/stress", "alexeiled/stress-ng")
def _stress(name: str, tag: str) -> ImageInfo | None:
    if not re.fullmatch(r"latest|\d+(\.\d+)*", tag):
        return None
    entry = [] if name.startswith("docker.io/polinux") else ["/usr/bin/stress"]
    return ImageInfo(
        name,
        lambda: alpine_tree(**{"usr/bin/stress": Executable(stress, 50_000), "stress": Executable(stress, 50_000)}),
        entry,
        ["stress"] if not entry else [],
        size=4_000_000,
    )
