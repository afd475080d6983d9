"""agnhost, Kubernetes' own test image: netexec, serve-hostname, pause, liveness, connect.

A Go program that handles no signal ends with code 2 at SIGTERM, also as process 1: so does this.
Leaves out: all other subcommands ("unknown command"), UDP and SCTP, and the paths of LEFT_OUT, which say so.
"""
from __future__ import annotations

from kubelearn.kubelet.images.applets import seconds
from kubelearn.kubelet.images.go import flags, go_program, klog, listen, on_signals
from kubelearn.kubelet.images.http import Request, Response
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.resolver import BadName


class Netexec:
    def __init__(self, process: Process):
        self.process = process

    async def answer(self, asked: Request) -> Response:
        klog(self.process, f"{asked.method} {asked.target}")
        if asked.path in LEFT_OUT:
            return Response(501, f"{asked.path} of agnhost netexec is not simulated\n")
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


ROUTES = {
    "/": Netexec.now, "/echo": Netexec.echo, "/exit": Netexec.exit,
    "/hostname": lambda server, asked, query: server.process.hostname,
    "/hostName": lambda server, asked, query: server.process.hostname,
    "/clientip": lambda server, asked, query: asked.peer,
    "/healthz": lambda server, asked, query: Response(),
}
LEFT_OUT = ("/dial", "/header", "/redirect", "/shell", "/shutdown", "/upload")


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


COMMANDS = {"netexec": netexec, "serve-hostname": serve_hostname, "pause": pause, "liveness": liveness, "connect": connect}


async def agnhost(process: Process) -> int | None:
    go_program(process)
    name = process.args[0] if process.args else "pause"
    if name not in COMMANDS:
        process.error(f'Error: unknown command "{name}" for "app"\nRun \'app --help\' for usage.')
        return 1
    return await COMMANDS[name](process)
