"""HTTP/1.1 over the network's streams: what the simulated servers and clients share.

Leaves out: keeping connections open (each answer says Connection: close), chunked requests, TLS.
"""
from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urljoin, urlsplit

from kubelearn.kubelet.process import Process
from kubelearn.kubelet.resolver import BadName, resolve
from kubelearn.streams import Stream
from kubelearn.volumes import Directory

TYPES = {"html": "text/html", "htm": "text/html", "txt": "text/plain", "css": "text/css", "js": "application/javascript",
         "json": "application/json", "xml": "text/xml", "png": "image/png", "jpg": "image/jpeg", "svg": "image/svg+xml",
         "ico": "image/x-icon"}


def phrase(status: int) -> str:
    """404 -> Not Found"""
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


class Request(NamedTuple):
    method: str
    target: str  # as it came, with its query
    version: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    peer: str  # "address:port"

    @property
    def client(self) -> str:
        return self.peer.rpartition(":")[0]

    @property
    def line(self) -> str:
        return f"{self.method} {self.target} {self.version}"

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
    headers = {**({"Server": server} if server else {}), "Date": f"{process.clock.date():%a, %d %b %Y %H:%M:%S} GMT",
               "Content-Type": response.type, "Content-Length": str(len(body)), "Connection": "close", **(response.headers or {})}
    lines = [f"{response.version} {response.status} {phrase(response.status) or 'Unknown'}",
             *(f"{name}: {value}" for name, value in headers.items())]
    stream.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + (b"" if head_only else body))
    return 0 if head_only else len(body)


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


def static_file(process: Process, home: str, path: str) -> Response | None:
    """The file, a directory's index.html, a redirection to a directory's own name; None where nothing is."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        return None
    full = f"{home.rstrip('/')}/{'/'.join(parts)}"
    node = process.files.find(full)
    if isinstance(node, Directory):
        if not path.endswith("/"):
            return Response(302, headers={"Location": f"{path}/"})
        full = f"{full.rstrip('/')}/index.html"
        node = process.files.find(full)
    if node is None or isinstance(node, Directory):
        return None
    if not process.files.allowed(node, 4):
        return Response(403, "403 Forbidden\n")
    return Response(200, node.read(), content_type(full))


def access_log(process: Process, asked: Request, response: Response, size: int) -> str:
    """The line that Apache and nginx write of each request."""
    return f'{asked.client} - - [{process.clock.date():%d/%b/%Y:%H:%M:%S} +0000] "{asked.line}" {response.status} {size}'


# --- clients ------------------------------------------------------------------------------------------------------

class Reply(NamedTuple):
    status: int
    phrase: str
    headers: dict[str, str]
    body: bytes
    head: bytes


class Failed(Exception):
    """kind: url, scheme, name, timeout, connect, empty, protocol, reset, redirects; about: what is known of it."""

    def __init__(self, kind: str, **about: object):
        super().__init__(about.get("text", kind))
        self.kind, self.about = kind, about


async def fetch(process: Process, url: str, method: str = "GET", headers: dict[str, str] | None = None, body: bytes = b"", follow: int = 0,
                limit: float | None = None, told: Callable[..., object] = lambda what, **about: None) -> Reply:
    """Asks, and goes where it is sent, so many times. limit: seconds to connect. told: hears of address, connected, reply. Failed."""
    for _ in range(follow + 1):
        try:
            parts = urlsplit(url)
            port = parts.port or {"https": 443}.get(parts.scheme, 80)
        except ValueError:
            raise Failed("url") from None
        if parts.scheme not in ("http", "https"):
            raise Failed("scheme", scheme=parts.scheme, url=url)
        reply = await _exchange(process, parts, port, method, headers or {}, body, limit, told)
        if not follow or reply.status not in (301, 302, 303, 307, 308) or "location" not in reply.headers:
            return reply
        url = urljoin(url, reply.headers["location"])
    raise Failed("redirects")


async def _exchange(process: Process, parts: SplitResult, port: int, method: str, headers: dict[str, str], body: bytes,
                    limit: float | None, told: Callable[..., object]) -> Reply:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    about: dict[str, object] = {"host": parts.hostname or "", "port": port, "scheme": parts.scheme, "limit": limit, "target": target,
                                "netloc": parts.netloc}
    try:
        about["address"] = address = (await resolve(process, parts.hostname or ""))[0]
        told("address", **about)
        stream = await process.clock.within(limit, process.connect(address, port))
    except BadName:
        raise Failed("name", **about) from None
    except OSError as error:
        kind = "timeout" if isinstance(error, TimeoutError) else "connect"
        raise Failed(kind, text=error.strerror or str(error), **about) from None
    try:
        told("connected", **about)
        reply = await request(stream, method, parts.netloc, target, headers, body)
    except (EOFError, BadRequest, BrokenPipeError) as error:
        raise Failed({EOFError: "empty", BadRequest: "protocol"}.get(type(error), "reset"), **about) from None
    finally:
        stream.close()
    told("reply", reply=reply)
    return reply


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
    _, status, *words = first.split(" ", 2)
    return Reply(int(status), words[0] if words else "", found, await _body(stream, found, method), head)


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
