"""agnhost, Kubernetes' own test image: netexec, serve-hostname, pause, liveness, grpc-health-checking.

A Go program that handles no signal ends with code 2 at SIGTERM, also as process 1: so does this.
Leaves out: all other subcommands ("unknown command"), SCTP, and the paths of LEFT_OUT, which say so.
"""
from __future__ import annotations

import json

from kubelearn.kubelet.files import WriteEnd
from kubelearn.kubelet.images.applets import seconds
from kubelearn.kubelet.images.go import flags, go_program, klog, listen, on_signals
from kubelearn.kubelet.images.http import Request, Response, phrase
from kubelearn.kubelet.process import Process
from kubelearn.streams import Pipe, Stream


class Netexec:
    def __init__(self, process: Process):
        self.process = process

    async def answer(self, asked: Request) -> Response:
        klog(self.process, f"{asked.method} {asked.target}")
        if asked.path in LEFT_OUT:
            return Response(501, f"{asked.path} of agnhost netexec is not simulated\n")
        made = ROUTES.get(asked.path, ROUTES["/"])(self, asked, asked.query)
        made = made if isinstance(made, Response | str) else await made
        return Response(body=made) if isinstance(made, str) else made

    def now(self, asked: Request, query: dict[str, str]) -> str:
        clock = self.process.clock
        return f"NOW: {clock.date():%Y-%m-%d %H:%M:%S.%f} +0000 UTC m=+{clock.now - self.process.started_at:.9f}"

    def echo(self, asked: Request, query: dict[str, str]) -> Response:
        code = query.get("code", "200")
        return Response(int(code) if code.isdigit() else 400, query.get("msg", ""))

    def header(self, asked: Request, query: dict[str, str]) -> str:
        if "key" in query:
            return asked.headers.get(query["key"].lower(), "")
        return _json({name.title(): [value] for name, value in sorted(asked.headers.items()) if name != "host"})

    def redirect(self, asked: Request, query: dict[str, str]) -> Response:
        code, where = int(query.get("code", "302")), query.get("location", "/")
        return Response(code, f'<a href="{where}">{phrase(code)}</a>.\n\n', "text/html; charset=utf-8", {"Location": where})

    async def shell(self, asked: Request, query: dict[str, str]) -> str:
        """What a command says, and how it ended."""
        pipe = Pipe(self.process.clock)
        end = WriteEnd(pipe)
        child = self.process.spawn(["/bin/sh", "-c", query.get("cmd") or query.get("shellCommand", "")], fds={1: end, 2: end})
        end.release()
        output, code = (await pipe.read_all()).decode(errors="replace"), await child.exit
        return _json({**({"error": f"exit status {code}"} if code else {}), **({"output": output} if output else {})}) + "\n"

    async def datagram(self, stream: Stream) -> None:
        word, _, rest = (await stream.read()).decode(errors="replace").strip().partition(" ")
        answers = {"hostname": self.process.hostname, "echo": rest, "clientip": stream.peer}
        stream.write(answers.get(word.lower(), "").encode())

    async def exit(self, asked: Request, query: dict[str, str]) -> Response:
        await self.process.sleep(seconds(self.process, query.get("wait", "0").rstrip("s") or "0"))
        self.process.clock.call_soon(self.process.die, int(query.get("code", "0")))
        return Response()


ROUTES = {
    "/": Netexec.now, "/echo": Netexec.echo, "/exit": Netexec.exit,
    "/hostname": lambda server, asked, query: server.process.hostname,
    "/hostName": lambda server, asked, query: server.process.hostname,
    "/clientip": lambda server, asked, query: asked.peer,
    "/header": Netexec.header, "/redirect": Netexec.redirect, "/shell": Netexec.shell,
    "/healthz": lambda server, asked, query: Response(),
}
LEFT_OUT = ("/dial", "/shutdown", "/upload")


def _json(value: dict) -> str:
    return json.dumps(value, separators=(",", ":"))


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
        process.listen(int(given["udp_port"]), handler=Netexec(process).datagram, protocol="UDP")
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


async def grpc_health(process: Process) -> None:
    """A health service that serves until it is told not to."""
    given = flags(process, port=5000, http_port=8080, delay_unhealthy_sec=-1)
    klog(process, f"Http server starting to listen on :{given['http_port']}")
    klog(process, f"gRPC server starting to listen on :{given['port']}")
    service = process.listen(int(given["port"]), handler=lambda stream: stream.read_all())

    async def answer(asked: Request) -> Response:
        if asked.path != "/make-not-serving":
            return Response(404, "404 page not found\n")
        klog(process, "Mark as unhealthy")
        service.close()
        return Response(body=f"{(process.clock.now - process.started_at) * 1000:.6f}ms")
    listen(process, int(given["http_port"]), answer)
    await process.forever()


COMMANDS = {"grpc-health-checking": grpc_health, "liveness": liveness, "netexec": netexec, "pause": pause,
            "serve-hostname": serve_hostname}


async def agnhost(process: Process) -> int | None:
    go_program(process)
    name = process.args[0] if process.args else "pause"
    if name in ("--help", "-h", "help"):
        process.print("\nUsage:\n  app [command]\n\nAvailable Commands:\n" + "".join(f"  {command}\n" for command in sorted(COMMANDS)))
        return 0
    if name not in COMMANDS:
        process.error(f'Error: unknown command "{name}" for "app"\nRun \'app --help\' for usage.')
        return 1
    return await COMMANDS[name](process)
