"""HTTP/1.1 over the network's streams: what the simulated servers and clients share.

Leaves out: keeping connections open (each answer says Connection: close), chunked requests, TLS.
"""
from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from kubelearn.clock import EPOCH
from kubelearn.kubelet.process import Process
from kubelearn.streams import Stream

PHRASES = {
    200: "OK",
    201: "Created",
    204: "No Content",
    206: "Partial Content",
    301: "Moved Permanently",
    302: "Found",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    412: "Precondition Failed",
    413: "Payload Too Large",
    418: "I'm a teapot",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
TYPES = {
    "html": "text/html",
    "htm": "text/html",
    "txt": "text/plain",
    "css": "text/css",
    "js": "application/javascript",
    "json": "application/json",
    "xml": "text/xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "svg": "image/svg+xml",
    "ico": "image/x-icon",
}


class Request(NamedTuple):
    method: str
    target: str  # as it came, with its query
    version: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    peer: str  # "address:port"

    @property
    def path(self) -> str:
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


class Response(NamedTuple):
    status: int = 200
    body: bytes | str = b""
    type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] | None = None
    version: str = "HTTP/1.1"


class BadRequest(Exception):
    """What came is no HTTP."""


def content_type(path: str) -> str:
    return TYPES.get(path.rpartition(".")[2].lower(), "application/octet-stream")


def parse_head(head: bytes) -> tuple[str, dict[str, str]]:
    """The first line, and the headers."""
    first, *rest = head.decode("latin-1").split("\r\n" if b"\r\n" in head else "\n")
    headers = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return first, headers


async def read_request(stream: Stream) -> Request | None:
    """None when the other side closed without a word."""
    head = await stream.read_until(b"\r\n\r\n", 65_536)
    if not head.strip():
        return None
    first, headers = parse_head(head)
    words = first.split()
    if len(words) != 3 or not words[2].startswith("HTTP/"):
        raise BadRequest(first)
    length = headers.get("content-length", "0")
    if not length.isdigit():
        raise BadRequest(first)
    return Request(words[0], words[1], words[2], headers, await stream.read_exactly(int(length)), stream.peer)


def write_response(process: Process, stream: Stream, response: Response, head_only: bool = False, server: str = "") -> int:
    """The number of body bytes."""
    body = response.body.encode() if isinstance(response.body, str) else response.body
    stamp = _date(process)
    lines = [f"{response.version} {response.status} {PHRASES.get(response.status, 'Unknown')}"]
    headers = {**({"Server": server} if server else {}), "Date": stamp, "Content-Type": response.type, "Content-Length": str(len(body)),
               "Connection": "close", **(response.headers or {})}
    lines += [f"{name}: {value}" for name, value in headers.items()]
    stream.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + (b"" if head_only else body))
    return 0 if head_only else len(body)


def _date(process: Process) -> str:
    return datetime.fromtimestamp(EPOCH + process.clock.now, timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")


def serve(process: Process, port: int, answer: Callable[[Request], Awaitable[Response]], bind: str = "0.0.0.0", server: str = "",
          log: Callable[[Request, Response, int], object] | None = None) -> None:
    """Answers requests at this port as long as the process lives. OSError "Address already in use"."""
    async def handle(stream: Stream) -> None:
        try:
            request = await read_request(stream)
        except BadRequest:
            write_response(process, stream, Response(400, "400 Bad Request\n"), server=server)
            return
        if request is None:
            return
        response = await answer(request)
        size = write_response(process, stream, response, request.method == "HEAD", server)
        if log is not None:
            log(request, response, size)
        await stream.drain()
        process.container.requests += 1
    process.listen(port, bind, handle)


class Reply(NamedTuple):
    status: int
    phrase: str
    headers: dict[str, str]
    body: bytes
    head: bytes


async def request(stream: Stream, method: str, host: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Reply:
    """Sends one request and reads the answer. BadRequest when it is no HTTP; EOFError when there is none."""
    lines = [f"{method} {target or '/'} HTTP/1.1", *(f"{name}: {value}" for name, value in {"Host": host, **(headers or {})}.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    stream.write("\r\n".join([*lines, "Connection: close", "", ""]).encode("utf-8", "replace") + body)
    head = await stream.read_until(b"\r\n\r\n")
    if not head:
        raise EOFError
    first, found = parse_head(head)
    if not first.startswith("HTTP/"):
        raise BadRequest(first)
    _, status, *phrase = first.split(" ", 2)
    data = await _body(stream, found, method)
    return Reply(int(status), phrase[0] if phrase else "", found, data, head)


async def _body(stream: Stream, headers: dict[str, str], method: str) -> bytes:
    if method == "HEAD":
        return b""
    if headers.get("transfer-encoding") == "chunked":
        data = bytearray()
        while size := int((await stream.read_line()).strip() or b"0", 16):
            data += await stream.read_exactly(size)
            await stream.read_line()
        return bytes(data)
    return await (stream.read_exactly(int(headers["content-length"])) if "content-length" in headers else stream.read_all())
