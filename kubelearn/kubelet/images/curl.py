"""curl: HTTP requests with the options that tutorials use. Texts and exit codes are curl's.

Leaves out: other options, of which it says that they are unknown; uploads, cookies, other protocols."""
from __future__ import annotations

import re
from getopt import GetoptError

from kubelearn.kubelet.images.applets import Options, parse
from kubelearn.kubelet.images.http import Failed, Reply, fetch
from kubelearn.kubelet.process import Process
from kubelearn.tasks import TimeUp

FLAGS = "o:X:H:d:w:m:A:u:b:e:siILfvkSOV4#gN"
LONG = {"output": "o", "request": "X", "header": "H", "data": "d", "data-raw": "d", "data-binary": "d", "write-out": "w", "max-time": "m",
        "user-agent": "A", "user": "u", "cookie": "b", "silent": "s", "include": "i", "head": "I", "location": "L", "fail": "f",
        "fail-with-body": "f", "verbose": "v", "insecure": "k", "show-error": "S", "version": "V", "connect-timeout=": "", "retry=": "",
        "retry-delay=": "", "retry-connrefused": "", "retry-all-errors": "", "cacert=": "", "resolve=": "", "compressed": "", "http1.1": ""}
FAILURES = {  # exit code and text
    "url": (3, "URL using bad/illegal format or missing URL"), "scheme": (1, 'Protocol "{scheme}" not supported'),
    "name": (6, "Could not resolve host: {host}"),
    "connect": (7, "Failed to connect to {host} port {port} after 0 ms: Could not connect to server"),
    "timeout": (28, "Failed to connect to {host} port {port} after {took} ms: Could not connect to server"),
    "empty": (52, "Empty reply from server"), "protocol": (1, "Received HTTP/0.9 when not allowed"),
    "reset": (56, "Recv failure: Connection reset by peer"), "redirects": (47, "Maximum (50) redirects followed"),
    "certificate": (60, "SSL certificate problem: unable to get local issuer certificate"),
    "slow": (28, "Operation timed out after {took} milliseconds with 0 bytes received"),
    "status": (22, "The requested URL returned error: {status}"),
}
HINT = "\ncurl: try 'curl --help' for more information"


async def curl(process: Process) -> int:
    try:
        given, urls = parse(process.args, FLAGS, LONG)
        if "V" in given:
            process.print("curl 8.16.0 (simulated)")
            return 0
        if not urls:
            return process.fail(HINT[7:], 2)
        code = 0
        for url in urls:
            for attempt in range(int(given.get("retry", 0)) + 1):
                if attempt:
                    await process.sleep(float(given.get("retry-delay", 1)))
                code = await _once(process, given, url if "://" in url else f"http://{url}")
                if code not in (7, 28, 52):
                    break
        return code
    except GetoptError as error:
        dash = "-" if len(error.opt) == 1 else "--"
        return process.fail(f"option {dash}{error.opt}: " + ("requires parameter" if "requires" in error.msg else "is unknown") + HINT, 2)
    except ValueError:
        return process.fail("expected a proper numerical parameter" + HINT, 2)


async def _once(process: Process, given: Options, url: str) -> int:
    started, limit = process.clock.now, float(given.get("m", 0))
    try:
        try:
            reply = await process.clock.within(limit, _fetch(process, given, url))
        except TimeUp:
            raise Failed("slow", limit=limit) from None
        if "f" in given and reply.status >= 400:
            raise Failed("status", status=reply.status)
    except Failed as error:
        code, text = FAILURES[error.kind]
        if "s" not in given or "S" in given:
            process.fail(f"({code}) " + text.format(took=int((error.about.get("limit") or 127) * 1000), **error.about))
        _write_out(process, given, "000", 0, process.clock.now - started)
        return code
    try:
        name = given.get("o") or (url.rpartition("/")[2] if "O" in given else "-")
        target = process.stdout if name == "-" else process.open(name, ">")
        target.write((reply.head if given.any("iI") else b"") + reply.body)
    except OSError as error:
        return process.fail(f"(23) Failure writing output to destination: {error.strerror}", 23)
    _write_out(process, given, str(reply.status), len(reply.body), process.clock.now - started)
    return 0


def _write_out(process: Process, given: Options, status: str, size: int, took: float) -> None:
    values = {"http_code": status, "response_code": status, "size_download": str(size), "time_total": f"{took:.6f}"}
    text = re.sub(r"%\{(\w+)\}", lambda match: values.get(match[1], ""), given.get("w", ""))
    process.stdout.write(text.replace("\\n", "\n").replace("\\t", "\t").encode())


async def _fetch(process: Process, given: Options, url: str) -> Reply:
    headers = {"User-Agent": given.get("A", "curl/8.16.0"), "Accept": "*/*"}
    headers |= {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in given.all("H"))}
    body = "&".join(given.all("d")).encode()
    if body:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    method = given.get("X") or ("HEAD" if "I" in given else "POST" if "d" in given else "GET")

    def told(what: str, **about: object) -> None:
        if "v" in given and what == "connected":
            process.error("*   Trying {address}:{port}...\n* Connected to {host} ({address}) port {port}".format(**about))
            process.error(f"> {method} {about['target']} HTTP/1.1\n> Host: {about['host']}\n>")
        elif "v" in given and what == "reply":
            process.error("".join(f"< {line}\n" for line in about["reply"].head.decode("latin-1").splitlines()).rstrip("\n"))
        if what == "connected" and about["scheme"] == "https" and not {"k", "cacert"} & set(given):  # nothing vouches for the server
            raise Failed("certificate")
    return await fetch(process, url, method, headers, body, 50 if "L" in given else 0, float(given.get("connect-timeout", 0)), told)


async def entrypoint(process: Process) -> int:
    """/entrypoint.sh: its arguments are curl's unless they name a command."""
    words = process.args or ["curl"]
    try:
        if words[0].startswith("-") or "://" in words[0]:
            raise FileNotFoundError
        node = process.executable(words[0])[1]
    except OSError:
        words, node = ["curl", *words], process.executable("curl")[1]
    process.argv = words
    return await process.load(node)
