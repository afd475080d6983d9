"""agnhost, Kubernetes' own test image: netexec, serve-hostname, pause, liveness, connect, logs-generator and others.

A Go program that handles no signal ends with code 2 at SIGTERM, also as process 1: so does this.
Leaves out: the subcommands that talk to an API server, UDP and SCTP, /upload and /shell's JSON of errors.
"""
from __future__ import annotations

import json
import re
from datetime import datetime, timezone

from kubelearn.clock import EPOCH
from kubelearn.kubelet.files import WriteEnd
from kubelearn.kubelet.images import ImageInfo, catalogue
from kubelearn.kubelet.images.applets import seconds
from kubelearn.kubelet.images.applets.httpd import static_file
from kubelearn.kubelet.images.applets.net import TimeUp, within
from kubelearn.kubelet.images.busybox import alpine_tree
from kubelearn.kubelet.images.curl import curl
from kubelearn.kubelet.images.http import Request, Response, request, serve
from kubelearn.kubelet.process import Executable, Exit, Process
from kubelearn.kubelet.resolver import BadName
from kubelearn.streams import Pipe


def flags(process: Process, **defaults: object) -> dict[str, str]:
    """Go's flags: --http-port=80, --http-port 80, -text=x; names with _ for -."""
    given, words = {name: str(value) for name, value in defaults.items()}, list(process.args)
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            continue
        name, equals, value = word.lstrip("-").partition("=")
        name = name.replace("-", "_")
        if name not in given:
            process.error(f"Error: unknown flag: --{name.replace('_', '-')}")
            raise Exit(1)
        if not equals:
            boolean = given[name] in ("True", "False") and (not words or words[0] not in ("true", "false"))
            value = "true" if boolean else words.pop(0) if words else ""
        given[name] = value
    return given


def klog(process: Process, text: str) -> None:
    when = datetime.fromtimestamp(EPOCH + process.clock.now, timezone.utc)
    process.error(f"I{when:%m%d %H:%M:%S.%f} {process.pid:7} log.go:244] {text}")


def go_program(process: Process) -> None:
    """What Go does with the signals that a program does not handle."""
    for signal in ("TERM", "INT", "HUP"):
        process.on_signal(signal, lambda: process.die(2))


class Netexec:
    def __init__(self, process: Process, delay: float):
        self.process, self.healthy, self.delay = process, True, delay
        self.routes = {
            "/": self.now,
            "/hostname": self.hostname,
            "/hostName": self.hostname,
            "/clientip": self.clientip,
            "/echo": self.echo,
            "/healthz": self.healthz,
            "/exit": self.exit,
            "/shutdown": self.shutdown,
            "/header": self.header,
            "/redirect": self.redirect,
            "/dial": self.dial,
            "/shell": self.shell,
        }

    async def answer(self, asked: Request) -> Response:
        klog(self.process, f"{asked.method} {asked.target}")
        route = self.routes.get(asked.path) or self.now
        return await route(asked)

    async def now(self, asked: Request) -> Response:
        when = datetime.fromtimestamp(EPOCH + self.process.clock.now, timezone.utc)
        return Response(body=f"NOW: {when:%Y-%m-%d %H:%M:%S.%f} +0000 UTC m=+{self.process.clock.now - self.process.started_at:.9f}")

    async def hostname(self, asked: Request) -> Response:
        return Response(body=self.process.hostname)

    async def clientip(self, asked: Request) -> Response:
        return Response(body=asked.peer)

    async def echo(self, asked: Request) -> Response:
        code = asked.query.get("code", "200")
        return Response(int(code) if code.isdigit() else 400, asked.query.get("msg", ""))

    async def healthz(self, asked: Request) -> Response:
        return Response(200 if self.healthy else 412)

    async def header(self, asked: Request) -> Response:
        return Response(body=asked.headers.get(asked.query.get("key", "").lower(), ""))

    async def redirect(self, asked: Request) -> Response:
        return Response(int(asked.query.get("code", "302")), headers={"Location": asked.query.get("location", "/")})

    async def exit(self, asked: Request) -> Response:
        code = asked.query.get("code", "0")
        await self.process.sleep(seconds(self.process, asked.query.get("wait", "0").rstrip("s") or "0"))
        self.process.clock.call_soon(self.process.die, int(code))
        return Response()

    async def shutdown(self, asked: Request) -> Response:
        self.healthy = False
        self.process.clock.call_later(self.delay, self.process.die, 0)
        return Response()

    async def shell(self, asked: Request) -> Response:
        process, output = self.process, Pipe(self.process.clock)
        end = WriteEnd(output)
        child = process.spawn(["/bin/sh", "-c", asked.query.get("shellCommand", asked.query.get("cmd", ""))], fds={1: end, 2: end})
        end.release()
        text = bytearray()
        while data := await output.read():
            text += data
        status = await child.exit
        answer = {"output": text.decode(errors="replace"), **({"error": f"exit status {status}"} if status else {})}
        return Response(body=json.dumps(answer, separators=(",", ":")))

    async def dial(self, asked: Request) -> Response:
        """Asks another netexec, tries= times, and tells what the answers were."""
        query = asked.query
        answers, errors = [], []
        for _ in range(int(query.get("tries", "1"))):
            try:
                stream = await self.process.connect(query.get("host", ""), int(query.get("port", "80")))
                reply = await request(stream, "GET", query.get("host", ""), "/" + query.get("request", "").lstrip("/"))
                answers.append(reply.body.decode(errors="replace"))
            except (OSError, BadName, EOFError) as error:
                errors.append(str(error))
        return Response(
            body=json.dumps(
                {**({"responses": answers} if answers else {}), **({"errors": errors} if errors else {})}, separators=(",", ":")
            )
        )


async def netexec(process: Process) -> int:
    given = flags(
        process, http_port=8080, udp_port=8081, sctp_port=-1, http_override="", tls_cert_file="", tls_private_key_file="", delay_shutdown=0
    )
    port, delay = int(given["http_port"]), float(given["delay_shutdown"])
    server = Netexec(process, 0.1)

    def terminate() -> None:
        klog(process, f"Sleeping {int(delay)} seconds before terminating...")
        process.clock.call_later(delay, process.die, 0)
    if delay:
        process.on_signal("TERM", terminate)
    klog(process, f"Started HTTP server on port {port}")
    if int(given["udp_port"]) >= 0:
        klog(process, f"Started UDP server on port  {given['udp_port']}")
    await _serve(process, port, server.answer)


async def _serve(process: Process, port: int, answer) -> None:
    try:
        serve(process, port, answer)
    except OSError:
        klog(process, f"listen tcp :{port}: bind: address already in use")
        raise Exit(1) from None
    await process.forever()


async def serve_hostname(process: Process) -> int:
    given = flags(process, http=True, port=9376, tcp=False, udp=False, close=False)

    async def answer(asked: Request) -> Response:
        klog(process, f"HTTP request from {asked.peer}")
        return Response(body=process.hostname)
    klog(process, "Serving on port " + given["port"] + ".")
    await _serve(process, int(given["port"]), answer)


async def liveness(process: Process) -> int:
    """Healthy for ten seconds, then not: what the documentation's liveness example runs."""
    async def answer(asked: Request) -> Response:
        age = process.clock.now - process.started_at
        return Response(body="ok") if age <= 10 else Response(500, f"error: {age}")
    await _serve(process, 8080, answer)


async def pause(process: Process) -> int:
    for signal in ("TERM", "INT"):
        process.on_signal(signal, lambda: process.die(0))
    process.print("Paused")
    await process.forever()


async def connect(process: Process) -> int:
    """connect HOST:PORT [--timeout=1s] [--protocol=tcp]: says nothing when it can."""
    given = flags(process, timeout="0s", protocol="tcp", sctpMode="")
    host, _, port = next((word for word in process.args if not word.startswith("-")), ":80").rpartition(":")
    limit = seconds(process, given["timeout"])
    try:
        await within(process, limit or None, process.connect(host, int(port)))
    except BadName:
        process.error("DNS")
        return 1
    except (TimeUp, TimeoutError):
        process.error("TIMEOUT")
        return 1
    except ConnectionRefusedError:
        process.error("REFUSED")
        return 1
    except OSError:
        process.error("OTHER")
        return 1
    return 0


async def logs_generator(process: Process) -> int:
    given = flags(process, log_lines_total=0, run_duration="0s")
    total, duration = int(given["log_lines_total"]), seconds(process, given["run_duration"])
    for number in range(total):
        klog(process, f"{number} POST /api/v1/namespaces/ns/pods/{number:03x} {200 + number * 37 % 400}")
        await process.sleep(duration / max(total, 1))
    return 0


async def entrypoint_tester(process: Process) -> int:
    process.print(f"[{' '.join(process.argv)}]")
    return 0


async def test_webserver(process: Process) -> int:
    async def answer(asked: Request) -> Response:
        return static_file(process, "/", asked.path) or Response(404, "404 page not found\n")
    await _serve(process, int(flags(process, port=80)["port"]), answer)


COMMANDS = {
    "netexec": netexec,
    "serve-hostname": serve_hostname,
    "pause": pause,
    "liveness": liveness,
    "connect": connect,
    "logs-generator": logs_generator,
    "entrypoint-tester": entrypoint_tester,
    "test-webserver": test_webserver,
}


async def agnhost(process: Process) -> int:
    go_program(process)
    name = process.args[0] if process.args else "pause"
    command = COMMANDS.get(name)
    if command is None:
        if name in ("--version", "version"):
            process.print("2.47")
            return 0
        process.error(f'Error: unknown command "{name}" for "app"\nRun \'app --help\' for usage.')
        return 1
    return await command(process)


AGNHOST = ("registry.k8s.io/e2e-test-images/agnhost", "k8s.gcr.io/e2e-test-images/agnhost", "gcr.io/kubernetes-e2e-test-images/agnhost")


@catalogue.family(*AGNHOST)
def _agnhost(name: str, tag: str) -> ImageInfo | None:
    match = re.fullmatch(r"2\.(\d+)(?:\.\d+)?", tag)
    if match is None or int(match[1]) > 61:
        return None
    return ImageInfo(
        name,
        lambda: alpine_tree(**{"agnhost": Executable(agnhost, 50_000_000, 8 << 20), "usr/bin/curl": Executable(curl, 300_000)}),
        ["/agnhost"],
        ["pause"],
        size=52_000_000,
    )


@catalogue.family("registry.k8s.io/liveness", "k8s.gcr.io/liveness", "gcr.io/google_containers/liveness")
def _liveness(name: str, tag: str) -> ImageInfo | None:
    return (
        ImageInfo(name, lambda: alpine_tree(**{"server": Executable(liveness, 4_000_000)}), ["/server"], size=4_000_000)
        if tag == "latest"
        else None
    )
