"""Small programs that tutorials run: http-echo, hello-world, pages of one text, Apache, databases that only listen, stress.

Which image runs which, with which texts, is in data/catalogue.toml. Leaves out: what the real ones do beyond their first page,
starting, listening and ending.
"""
from __future__ import annotations

import re

from kubelearn.kubelet.images.applets import Options, applet, integer
from kubelearn.kubelet.images.go import flags, go_program, listen, on_signals
from kubelearn.kubelet.images.http import Request, Response, access_log, serve, static_file
from kubelearn.kubelet.process import Process, Program


async def pause(process: Process) -> None:
    """Waits until it is told to end."""
    on_signals(process, "TERM", "INT")
    await process.forever()


def hello(text: str) -> Program:
    async def program(process: Process) -> None:
        process.print(text)
    return program


async def http_echo(process: Process) -> int:
    go_program(process)
    given = flags(process, text="", listen=":5678", status_code=200, version=False)
    text = given["text"] or process.env.get("ECHO_TEXT", "")
    if not text:
        process.error("Missing -text option!")
        return 127
    bind, _, port = given["listen"].rpartition(":")

    def log(asked: Request, response: Response, size: int) -> None:
        process.print(f'{process.clock.date():%Y/%m/%d %H:%M:%S} {asked.headers.get("host", "")} {asked.peer} "{asked.line}" '
                      f'{response.status} {size} "{asked.headers.get("user-agent", "")}" 10µs')

    async def answer(asked: Request) -> Response:
        if asked.path == "/health":
            return Response(body='{"status":"ok"}\n', type="application/json")
        return Response(int(given["status_code"]), text + "\n", headers={"X-App-Name": "http-echo", "X-App-Version": "1.0.0"})
    listen(process, int(port), answer, bind=bind, log=log)
    process.print(f"{process.clock.date():%Y/%m/%d %H:%M:%S} [INFO] server is listening on {given['listen']}")
    on_signals(process, "TERM")
    await process.forever()


def pages(port: int, page: str, greeting: str = "", log: str = "", header: str = "{0}: {1}\n", cpu: float = 0.0) -> Program:
    """A server whose every page is one text, filled with what is known of the request. cpu: seconds that each takes."""
    async def program(process: Process) -> None:
        go_program(process)
        number = int(process.env.get("PORT", "") or port)
        version = re.search(r":\D*(\d)", process.container.image.name)

        async def answer(asked: Request) -> Response:
            process.container.cpu_seconds += cpu
            when = process.clock.date()
            headers = {name.title() if header[0] == "{" else name: value for name, value in sorted(asked.headers.items())
                       if name != "host"}
            values = {
                "hostname": process.hostname, "address": process.address, "peer": asked.peer, "client": asked.client,
                "method": asked.method, "target": asked.target, "path": asked.path, "host": asked.headers.get("host", ""),
                "headers": "".join(header.format(*pair) for pair in headers.items()), "time": f"{when:%Y/%m/%d %H:%M:%S}",
                "date": f"{when:%d/%b/%Y:%H:%M:%S} +0000", "version": version[1] if version else "1",
                "message": process.env.get("MESSAGE", "Hello world!"),
                "id": process.clock.random(f"{process.container.id}/{when}").randbytes(16).hex(),
            }
            if log:
                process.error(log.format(**values))
            return Response(body=page.format(**values))
        listen(process, number, answer)
        if greeting:
            process.print(greeting.format(port=number))
        await process.forever()
    return program


MISSING = (
    '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n'
    "<p>The requested URL was not found on this server.</p>\n</body></html>\n"
)


def apache(root: str) -> Program:
    async def program(process: Process) -> None:
        async def answer(asked: Request) -> Response:
            return static_file(process, root, asked.path) or Response(404, MISSING, "text/html; charset=iso-8859-1")
        listen(process, 80, answer, server="Apache/2.4.65 (Unix)", log=lambda *met: process.print(access_log(process, *met)))
        process.error(f"AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using {process.address}. "
                      "Set the 'ServerName' directive globally to suppress this message")
        on_signals(process, "TERM", "WINCH")
        await process.forever()
    return program


def daemon(port: int, ready: str = "", needs: tuple[str, ...] = (), refusal: str = "", memory: int = 30) -> Program:
    """Listens at a port. needs: environment variables of which one must be there. memory in MiB."""
    async def program(process: Process) -> int:
        if needs and not any(process.env.get(name) for name in needs):
            process.error(refusal)
            return 1
        process.use_memory(memory << 20)
        try:
            process.listen(port, handler=lambda stream: stream.read_all())
        except OSError:
            return process.fail(f"port {port} is already in use")
        await process.sleep(1.5)  # such programs are not ready at once
        process.error(ready.format(port=port))
        on_signals(process, "TERM", "INT")
        await process.forever()
    return program


async def stress(process: Process) -> int:
    """stress --vm 1 --vm-bytes 250M --vm-hang 1, -c 1: takes memory and CPU time as told."""
    words = process.args
    given = {word.lstrip("-"): value for word, value in zip(words, [*words[1:], ""])}
    cpus = given.get("cpu", given.get("c", given.get("cpus", "0"))) or "0"
    process.print(f"stress: info: [{process.pid}] dispatching hogs: {cpus} cpu, 0 io, {given.get('vm', '0')} vm, 0 hdd")
    size = re.fullmatch(r"(\d+)([KMGB]?)i?", given.get("vm-bytes", given.get("mem-total", "256M")))
    if size and {"vm", "mem-total", "m"} & set(given):
        process.use_memory(int(size[1]) << {"K": 10, "M": 20, "G": 30}.get(size[2], 0))
    workers, limit = int(cpus), float(re.sub(r"\D", "", given.get("timeout", given.get("t", ""))) or "inf")
    while process.clock.now - process.started_at < limit:
        pause = min(10.0, limit - (process.clock.now - process.started_at))
        await process.sleep(pause)
        most = process.container.cpu_limit or workers
        process.container.cpu_seconds += min(workers, most) * pause
        process.container.throttled_seconds += max(0.0, workers - most) * pause
    return 0


# --- busybox httpd ------------------------------------------------------------------------------------------------

NOWHERE = "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>404 Not Found</H1>\nThe requested URL was not found\n</BODY></HTML>\n"


@applet("httpd", flags="fvp:h:u:", usage="[-fv] [-p [IP:]PORT] [-u USER[:GRP]] [-h HOME]")
async def httpd(process: Process, given: Options, words: list[str]) -> int:
    port, home = integer(process, given.get("p", "80").rpartition(":")[2]), process.path(given.get("h", "."))
    if "f" in given:
        return await _httpd(process, port, home)
    # without -f it goes to the background: a child serves on, the command itself is done
    problem = process.clock.future()
    child = process.fork(lambda daemon: _httpd(daemon, port, home, problem), list(process.argv), fds={})
    child.parent = None
    await process.sleep(0)
    return process.fail(problem.result()) if problem.done() else 0


async def _httpd(process: Process, port: int, home: str, problem=None) -> int:
    async def answer(asked: Request) -> Response:
        return static_file(process, home, asked.path) or Response(404, NOWHERE, "text/html")
    try:
        serve(process, port, answer)
    except OSError:
        if problem is not None:
            problem.set_result("bind: Address already in use")
        return process.fail("bind: Address already in use")
    await process.forever()
