"""curl: HTTP requests with the options that tutorials use. Texts and exit codes are curl's."""
from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from kubelearn.kubelet.images import ImageInfo, catalogue
from kubelearn.kubelet.images.applets.net import TimeUp, within
from kubelearn.kubelet.images.busybox import alpine_tree
from kubelearn.kubelet.images.http import BadRequest, Reply, request
from kubelearn.kubelet.process import Executable, Exit, Process
from kubelearn.kubelet.resolver import BadName, resolve
from kubelearn.streams import Stream

VALUED = {
    "-o",
    "--output",
    "-X",
    "--request",
    "-H",
    "--header",
    "-d",
    "--data",
    "--data-raw",
    "--data-binary",
    "-w",
    "--write-out",
    "-m",
    "--max-time",
    "--connect-timeout",
    "--retry",
    "--retry-delay",
    "-A",
    "--user-agent",
    "-u",
    "--user",
    "--cacert",
    "--resolve",
    "-b",
    "--cookie",
    "-e",
}
SHORT = {
    "--output": "-o",
    "--request": "-X",
    "--header": "-H",
    "--data": "-d",
    "--data-raw": "-d",
    "--data-binary": "-d",
    "--write-out": "-w",
    "--max-time": "-m",
    "--user-agent": "-A",
    "--silent": "-s",
    "--show-error": "-S",
    "--include": "-i",
    "--head": "-I",
    "--location": "-L",
    "--fail": "-f",
    "--verbose": "-v",
    "--insecure": "-k",
    "--user": "-u",
}


class CurlError(Exception):
    def __init__(self, code: int, text: str):
        super().__init__(text)
        self.code, self.text = code, text


def parse(process: Process) -> tuple[dict[str, list[str]], list[str]]:
    given: dict[str, list[str]] = {}
    urls, words = [], list(process.args)
    while words:
        word = words.pop(0)
        if not word.startswith("-") or word == "-":
            urls.append(word)
            continue
        if word.startswith("--"):
            parts = [SHORT.get(word, word)]
        else:
            parts = []
            for at, letter in enumerate(word[1:], 1):
                parts.append(f"-{letter}")
                if f"-{letter}" in VALUED and word[at + 1:]:
                    words.insert(0, word[at + 1:])
                    break
                if f"-{letter}" in VALUED:
                    break
        for part in parts:
            if part in VALUED and not words:
                process.error(f"curl: option {word}: requires parameter\ncurl: try 'curl --help' for more information")
                raise Exit(2)
            given.setdefault(part, []).append(words.pop(0) if part in VALUED else "")
    return given, urls


async def curl(process: Process) -> int:
    try:
        return await _curl(process)
    except ValueError:
        process.error("curl: expected a proper numerical parameter\ncurl: try 'curl --help' for more information")
        return 2


async def _curl(process: Process) -> int:
    given, urls = parse(process)
    if not urls:
        if "--version" in given or "-V" in given:
            process.print("curl 8.16.0 (simulated)")
            return 0
        process.error("curl: try 'curl --help' for more information")
        return 2
    code = 0
    for url in urls:
        for attempt in range(int(given.get("--retry", ["0"])[-1]) + 1):
            if attempt:
                await process.sleep(float(given.get("--retry-delay", ["1"])[-1]))
            code = await _fetch(process, given, url if "://" in url else f"http://{url}")
            if code not in (7, 28, 52):
                break
    return code


async def _fetch(process: Process, given: dict, url: str) -> int:
    started = process.clock.now
    limit = float(given["-m"][-1]) if "-m" in given else None
    try:
        try:
            reply = await within(process, limit, _follow(process, given, url))
        except TimeUp:
            raise CurlError(28, f"Operation timed out after {int(limit * 1000)} milliseconds with 0 bytes received") from None
        if "-f" in given and reply.status >= 400:
            raise CurlError(22, f"The requested URL returned error: {reply.status}")
    except CurlError as error:
        if "-s" not in given or "-S" in given:
            process.error(f"curl: ({error.code}) {error.text}")
        _write_out(process, given, "000", 0, process.clock.now - started)
        return error.code
    head = reply.head.decode("latin-1")
    data = (head.encode("latin-1") if "-i" in given or "-I" in given else b"") + reply.body
    target = given.get("-o", ["-"])[-1]
    try:
        process.stdout.write(data) if target == "-" else process.open(target, ">").write(data)
    except OSError as error:
        process.error(f"curl: (23) Failure writing output to destination: {error.strerror}")
        return 23
    _write_out(process, given, str(reply.status), len(reply.body), process.clock.now - started)
    return 0


def _write_out(process: Process, given: dict, status: str, size: int, took: float) -> None:
    if "-w" in given:
        values = {"http_code": status, "response_code": status, "size_download": str(size), "time_total": f"{took:.6f}"}
        text = re.sub(r"%\{(\w+)\}", lambda match: values.get(match[1], ""), given["-w"][-1])
        process.stdout.write(text.replace("\\n", "\n").replace("\\t", "\t").encode())


async def _follow(process: Process, given: dict, url: str) -> Reply:
    for _ in range(50):
        reply = await _once(process, given, url)
        if "-L" not in given or reply.status not in (301, 302, 303, 307, 308) or "location" not in reply.headers:
            return reply
        url = urljoin(url, reply.headers["location"])
    raise CurlError(47, "Maximum (50) redirects followed")


async def _once(process: Process, given: dict, url: str) -> Reply:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443}.get(parts.scheme, 80)
    except ValueError:
        raise CurlError(3, "URL using bad/illegal format or missing URL") from None
    if parts.scheme not in ("http", "https"):
        raise CurlError(1, f'Protocol "{parts.scheme}" not supported')
    stream = await _connected(process, given, parts.hostname or "", port)
    if parts.scheme == "https" and "-k" not in given and "--cacert" not in given:  # spoken in the clear, but nothing vouches for the server
        stream.close()
        raise CurlError(60, "SSL certificate problem: unable to get local issuer certificate")
    headers = {"User-Agent": given.get("-A", ["curl/8.16.0"])[-1], "Accept": "*/*"}
    for line in given.get("-H", ()):
        name, _, value = line.partition(":")
        headers[name.strip()] = value.strip()
    body = "&".join(given.get("-d", ())).encode()
    if body:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    method = given.get("-X", ["HEAD" if "-I" in given else "POST" if "-d" in given else "GET"])[-1]
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = headers.pop("Host", parts.netloc)
    if "-v" in given:
        process.error(f"> {method} {target} HTTP/1.1\n> Host: {host}\n>")
    reply = await _replied(stream, method, host, target, headers, body)
    if "-v" in given:
        process.error("".join(f"< {line}\n" for line in reply.head.decode("latin-1").splitlines()).rstrip("\n"))
    return reply


async def _connected(process: Process, given: dict, host: str, port: int) -> Stream:
    limit = float(given["--connect-timeout"][-1]) if "--connect-timeout" in given else None
    failed = f"Failed to connect to {host} port {port} after"
    try:
        address = (await resolve(process, host))[0]
        stream = await within(process, limit, process.connect(address, port))
    except BadName:
        raise CurlError(6, f"Could not resolve host: {host}") from None
    except (TimeUp, TimeoutError):
        raise CurlError(28, f"{failed} {int((limit or 127) * 1000)} ms: Could not connect to server") from None
    except OSError:
        raise CurlError(7, f"{failed} 0 ms: Could not connect to server") from None
    if "-v" in given:
        process.error(f"*   Trying {address}:{port}...\n* Connected to {host} ({address}) port {port}")
    return stream


async def _replied(stream: Stream, method: str, host: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
    try:
        return await request(stream, method, host, target, headers, body)
    except EOFError:
        raise CurlError(52, "Empty reply from server") from None
    except BadRequest:
        raise CurlError(1, "Received HTTP/0.9 when not allowed") from None
    except BrokenPipeError:
        raise CurlError(56, "Recv failure: Connection reset by peer") from None
    finally:
        stream.close()


@catalogue.family("curlimages/curl", "quay.io/curl/curl", "appropriate/curl", "radial/busyboxplus")
def _image(name: str, tag: str) -> ImageInfo | None:
    if not re.fullmatch(r"latest|curl|[78]\.\d+(\.\d+)?", tag):
        return None
    users = {"curl_user": (100, "/home/curl_user", "/bin/sh")}
    entry = ["/entrypoint.sh"] if "curl" in name.rpartition("/")[2] else ["sh"]
    files = {"usr/bin/curl": Executable(curl, 300_000), "entrypoint.sh": Executable(entrypoint, 200)}
    return ImageInfo(
        name,
        lambda: alpine_tree(users=users, **files),
        entry,
        ["curl"] if entry != ["sh"] else [],
        user="curl_user" if entry != ["sh"] else "",
        size=9_500_000,
    )


async def entrypoint(process: Process) -> int:
    """/entrypoint.sh: its arguments are curl's unless they name a command."""
    words = process.args or ["curl"]
    if words[0].startswith("-") or "://" in words[0]:
        words = ["curl", *words]
    try:
        node = process.executable(words[0])[1]
    except OSError:
        words = ["curl", *words]
        node = process.executable("curl")[1]
    process.argv = words
    return await process.load(node)
