"""agnhost, Kubernetes' own test image: netexec, serve-hostname, pause, liveness, connect, logs-generator and others.

A Go program that handles no signal ends with code 2 at SIGTERM, also as process 1: so does this.
Leaves out: the subcommands that talk to an API server, UDP and SCTP, /upload and /shell's JSON of errors.
"""
from __future__ import annotations

import json

from kubelearn.kubelet.files import WriteEnd
from kubelearn.kubelet.images.applets import seconds
from kubelearn.kubelet.images.go import flags, go_program, klog, listen, on_signals
from kubelearn.kubelet.images.http import Failed, Request, Response, fetch, static_file
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.resolver import BadName
from kubelearn.streams import Pipe


def _json(value: dict) -> Response:
    return Response(body=json.dumps({name: one for name, one in value.items() if one}, separators=(",", ":")))


class Netexec:
    def __init__(self, process: Process):
        self.process, self.healthy = process, True

    async def answer(self, asked: Request) -> Response:
        klog(self.process, f"{asked.method} {asked.target}")
        made = ROUTES.get(asked.path, ROUTES["/"])(self, asked, asked.query)
        return made if isinstance(made, Response) else Response(body=made) if isinstance(made, str) else await made

    def now(self, asked: Request, query: dict[str, str]) -> str:
        clock = self.process.clock
        return f"NOW: {clock.date():%Y-%m-%d %H:%M:%S.%f} +0000 UTC m=+{clock.now - self.process.started_at:.9f}"

    def echo(self, asked: Request, query: dict[str, str]) -> Response:
        code = query.get("code", "200")
        return Response(int(code) if code.isdigit() else 400, query.get("msg", ""))

    async def exit(self, asked: Request, query: dict[str, str]) -> Response:
        await self.process.sleep(seconds(self.process, query.get("wait", "0").rstrip("s") or "0"))
        self.process.clock.call_soon(self.process.die, int(query.get("code", "0")))
        return Response()

    def shutdown(self, asked: Request, query: dict[str, str]) -> Response:
        self.healthy = False
        self.process.clock.call_later(0.1, self.process.die, 0)
        return Response()

    async def shell(self, asked: Request, query: dict[str, str]) -> Response:
        process, output = self.process, Pipe(self.process.clock)
        end = WriteEnd(output)
        child = process.spawn(["/bin/sh", "-c", query.get("shellCommand", query.get("cmd", ""))], fds={1: end, 2: end})
        end.release()
        text = bytearray()
        while data := await output.read():
            text += data
        status = await child.exit
        return _json({"output": text.decode(errors="replace"), "error": f"exit status {status}" if status else ""})

    async def dial(self, asked: Request, query: dict[str, str]) -> Response:
        """Asks another netexec, tries= times, and tells what the answers were."""
        url = f"http://{query.get('host', '')}:{query.get('port', '80')}/{query.get('request', '').lstrip('/')}"
        answers, errors = [], []
        for _ in range(int(query.get("tries", "1"))):
            try:
                answers.append((await fetch(self.process, url)).body.decode(errors="replace"))
            except Failed as error:
                errors.append(str(error))
        return _json({"responses": answers, "errors": errors})


ROUTES = {
    "/": Netexec.now, "/echo": Netexec.echo, "/exit": Netexec.exit, "/shutdown": Netexec.shutdown, "/shell": Netexec.shell,
    "/dial": Netexec.dial,
    "/hostname": lambda server, asked, query: server.process.hostname,
    "/hostName": lambda server, asked, query: server.process.hostname,
    "/clientip": lambda server, asked, query: asked.peer,
    "/healthz": lambda server, asked, query: Response(200 if server.healthy else 412),
    "/header": lambda server, asked, query: asked.headers.get(query.get("key", "").lower(), ""),
    "/redirect": lambda server, asked, query: Response(int(query.get("code", "302")), headers={"Location": query.get("location", "/")}),
}


async def netexec(process: Process) -> None:
    given = flags(process, http_port=8080, udp_port=8081, sctp_port=-1, http_override="", tls_cert_file="", tls_private_key_file="",
                  delay_shutdown=0)
    delay = float(given["delay_shutdown"])

    def terminate() -> None:
        klog(process, f"Sleeping {int(delay)} seconds before terminating...")
        process.clock.call_later(delay, process.die, 0)
    if delay:
        process.on_signal("TERM", terminate)
    klog(process, f"Started HTTP server on port {given['http_port']}")
    if int(given["udp_port"]) >= 0:
        klog(process, f"Started UDP server on port  {given['udp_port']}")
    listen(process, int(given["http_port"]), Netexec(process).answer)
    await process.forever()


async def serve_hostname(process: Process) -> None:
    given = flags(process, http=True, port=9376, tcp=False, udp=False, close=False)

    async def answer(asked: Request) -> Response:
        klog(process, f"HTTP request from {asked.peer}")
        return Response(body=process.hostname)
    klog(process, "Serving on port " + given["port"] + ".")
    listen(process, int(given["port"]), answer)
    await process.forever()


async def liveness(process: Process) -> None:
    """Healthy for ten seconds, then not: what the documentation's liveness example runs."""
    async def answer(asked: Request) -> Response:
        age = process.clock.now - process.started_at
        return Response(body="ok") if age <= 10 else Response(500, f"error: {age}")
    listen(process, 8080, answer)
    await process.forever()


async def pause(process: Process) -> None:
    on_signals(process, "TERM", "INT")
    process.print("Paused")
    await process.forever()


async def connect(process: Process) -> int:
    """connect HOST:PORT [--timeout=1s] [--protocol=tcp]: says nothing when it can."""
    given = flags(process, timeout="0s", protocol="tcp", sctpMode="")
    host, _, port = next((word for word in process.args if not word.startswith("-")), ":80").rpartition(":")
    try:
        await process.clock.within(seconds(process, given["timeout"]), process.connect(host, int(port)))
    except (BadName, OSError) as error:
        process.error("DNS" if isinstance(error, BadName) else "TIMEOUT" if isinstance(error, TimeoutError) else
                      "REFUSED" if isinstance(error, ConnectionRefusedError) else "OTHER")
        return 1
    return 0


async def logs_generator(process: Process) -> None:
    given = flags(process, log_lines_total=0, run_duration="0s")
    total, duration = int(given["log_lines_total"]), seconds(process, given["run_duration"])
    for number in range(total):
        klog(process, f"{number} POST /api/v1/namespaces/ns/pods/{number:03x} {200 + number * 37 % 400}")
        await process.sleep(duration / max(total, 1))


async def entrypoint_tester(process: Process) -> None:
    process.print(f"[{' '.join(process.argv)}]")


async def test_webserver(process: Process) -> None:
    async def answer(asked: Request) -> Response:
        return static_file(process, "/", asked.path) or Response(404, "404 page not found\n")
    listen(process, int(flags(process, port=80)["port"]), answer)
    await process.forever()


async def version(process: Process) -> None:
    process.print("2.47")

COMMANDS = {
    "netexec": netexec, "serve-hostname": serve_hostname, "pause": pause, "liveness": liveness, "connect": connect,
    "logs-generator": logs_generator, "entrypoint-tester": entrypoint_tester, "test-webserver": test_webserver, "version": version,
    "--version": version,
}


async def agnhost(process: Process) -> int | None:
    go_program(process)
    name = process.args[0] if process.args else "pause"
    if name not in COMMANDS:
        process.error(f'Error: unknown command "{name}" for "app"\nRun \'app --help\' for usage.')
        return 1
    return await COMMANDS[name](process)
