"""Busybox's commands on the network: wget, nslookup, nc, ping, httpd, telnet, netstat, ip. Texts are busybox's."""
from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from kubelearn.clock import Cancelled
from kubelearn.kubelet.files import Socket
from kubelearn.kubelet.images.applets import applet, integer, options, out, seconds, usage_error
from kubelearn.kubelet.images.http import BadRequest, Reply, request
from kubelearn.kubelet.process import Exit, Process
from kubelearn.kubelet.resolver import BadName, Resolver, query, resolve
from kubelearn.streams import Stream


async def dial(process: Process, host: str, port: int, limit: float | None = None) -> Stream:
    """Connects; what fails is said as busybox says it, and ends the program."""
    try:
        address = (await resolve(process, host))[0]
    except BadName:
        raise Exit(process.fail(f"bad address '{host}'")) from None
    try:
        return await within(process, limit, process.connect(address, port))
    except TimeUp:
        raise Exit(process.fail("download timed out")) from None
    except OSError as error:
        text = error.strerror or str(error)
        raise Exit(process.fail(f"can't connect to remote host ({address}): {text}")) from None


class TimeUp(Exception):
    pass


async def within(process: Process, limit: float | None, coroutine):
    """TimeUp when it takes longer than `limit` seconds."""
    if not limit:
        return await coroutine
    task = process.clock.spawn(coroutine)
    timer = process.clock.call_later(limit, lambda: None if task.done() else task.cancel())
    process.on_exit.append(task.cancel)
    try:
        return await task
    except Cancelled:
        if timer.pending:
            raise
        raise TimeUp from None
    finally:
        timer.cancel()


@applet("wget")
async def wget(process: Process) -> int:
    given, urls = options(
        process,
        "cqO:T:SP:U:Y:o:t:",
        (
            "spider",
            "header=",
            "post-data=",
            "post-file=",
            "no-check-certificate",
            "timeout=",
            "tries=",
            "quiet",
            "output-document=",
            "server-response",
            "user-agent=",
            "no-verbose",
        ),
        "[-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR]\n\t[--post-data STR | --post-file FILE] [-Y on/off]\n"
        "\t[--no-check-certificate] [-P DIR] [-U AGENT] [-T SEC] URL...",
        least=1,
    )
    for url in urls:
        code = await _Wget(process, given, url).run()
        if code:
            return code
    return 0


class _Wget:
    def __init__(self, process: Process, given: dict[str, str], url: str):
        self.process, self.given = process, given
        self.url = url if "://" in url else f"http://{url}"
        self.quiet = "q" in given or "quiet" in given
        limit = given.get("T", given.get("timeout"))
        self.limit = seconds(process, limit) if limit else 900.0

    async def run(self) -> int:
        try:
            reply = await within(self.process, self.limit, self.fetch())
        except TimeUp:
            return self.process.fail("download timed out")
        if not 200 <= reply.status < 300:
            return self.process.fail(f"server returned error: HTTP/1.1 {reply.status} {reply.phrase}".rstrip())
        if "spider" in self.given:
            self.say("remote file exists")
            return 0
        return self.save(reply)

    async def fetch(self) -> Reply:
        process = self.process
        headers = {"User-Agent": self.given.get("U", "Wget")}
        words = process.args
        for at, word in enumerate(words):
            if word == "--header" or word.startswith("--header="):
                name, _, value = (word[9:] or words[at + 1]).partition(":")
                headers[name.strip()] = value.strip()
        body = self.given.get("post-data", "").encode()
        for _ in range(5):
            parts = urlsplit(self.url)
            if parts.scheme not in ("http", "https"):
                raise Exit(process.fail(f"not an http or ftp url: {self.url}"))
            if parts.scheme == "https":  # spoken in the clear here
                process.error("wget: note: TLS certificate validation not implemented")
            port = parts.port or {"https": 443}.get(parts.scheme, 80)
            stream = await self.connect(parts.hostname or "", port)
            try:
                reply = await request(
                    stream, "POST" if body else "GET", parts.netloc, parts.path + (f"?{parts.query}" if parts.query else ""), headers, body
                )
            except (EOFError, BadRequest, BrokenPipeError):
                raise Exit(process.fail("error getting response")) from None
            stream.close()
            if "S" in self.given:
                process.error("\n".join("  " + line for line in reply.head.decode("latin-1").strip().splitlines()))
            if reply.status not in (301, 302, 303, 307, 308) or "location" not in reply.headers:
                return reply
            self.url = urljoin(self.url, reply.headers["location"])
        raise Exit(process.fail("too many redirections"))

    async def connect(self, host: str, port: int) -> Stream:
        if not self.quiet:
            try:
                self.process.error(f"Connecting to {host}:{port} ({(await resolve(self.process, host))[0]}:{port})")
            except BadName:
                raise Exit(self.process.fail(f"bad address '{host}'")) from None
        return await dial(self.process, host, port)

    def say(self, text: str) -> None:
        if not self.quiet:
            self.process.error(text)

    def save(self, reply: Reply) -> int:
        process = self.process
        name = self.given.get("O", self.given.get("output-document")) or urlsplit(self.url).path.rpartition("/")[2] or "index.html"
        if name == "-":
            self.say("writing to stdout")
            process.stdout.write(reply.body)
            if not self.quiet:
                process.error(
                    f"-                    100% |********************************|{len(reply.body):6}  0:00:00 ETA\nwritten to stdout"
                )
            return 0
        path = f"{self.given['P']}/{name}" if "P" in self.given and "O" not in self.given else name
        try:
            if "O" not in self.given and process.files.find(process.path(path)) is not None:
                return process.fail(f"can't open '{path}': File exists")
            process.files.write(process.path(path), reply.body)
        except OSError as error:
            return process.fail(f"can't open '{path}': {error.strerror}")
        self.say(f"saving to '{path}'\n{name:<20} 100% |********************************|{len(reply.body):6}  0:00:00 ETA\n'{path}' saved")
        return 0


@applet("nslookup")
async def nslookup(process: Process) -> int:
    given = [word for word in process.args if word.startswith("-")]
    words = [word for word in process.args if not word.startswith("-")]
    if not words:
        raise usage_error(process, "[-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]")
    types = [word.partition("=")[2].upper() for word in given if "=" in word] or ["A", "AAAA"]
    resolver = Resolver.of(process)
    try:
        server = (await resolve(process, words[1]))[0] if len(words) > 1 else (resolver.servers or ["127.0.0.1"])[0]
    except BadName:
        return process.fail(f"bad address '{words[1]}'")
    out(process, f"Server:\t\t{server}\nAddress:\t{server}:53\n\n")
    failed = 0
    for name, record in _questions(words[0], types, resolver.search):
        try:
            answer = await query(process, server, name, record)
        except OSError:
            process.error(";; connection timed out; no servers could be reached\n")
            return 1
        if answer.code != "NOERROR":
            out(process, f"** server can't find {name}: {answer.code}\n\n")
            failed += 1
            continue
        for owner, kind, value in answer.records:
            out(process, RECORDS.get(kind, "{0}\t{1} = {2}\n").format(owner, kind.lower(), value))
        out(process, "\n")
    return int(failed > 0)


def _questions(name: str, types: list[str], search: list[str]) -> list[tuple[str, str]]:
    """An address is asked for its name; a name without a dot in each domain of the search list."""
    if _is_address(name):
        return [(".".join(reversed(name.split("."))) + ".in-addr.arpa", "PTR")]
    names = [name.rstrip(".")] if "." in name or not search else [f"{name}.{domain}" for domain in search]
    return [(full, record) for record in types for full in names]


RECORDS = {"A": "Name:\t{0}\nAddress: {2}\n", "AAAA": "Name:\t{0}\nAddress: {2}\n", "CNAME": "{0}\tcanonical name = {2}\n",
           "SRV": "{0}\tservice = {2}\n", "PTR": "{0}\tname = {2}\n", "TXT": '{0}\ttext = "{2}"\n'}


def _is_address(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)


@applet("nc", "telnet")
async def nc(process: Process) -> int:
    given, words = options(process, "lp:w:ve:zkuni:s:", usage="[-l] [-p PORT] [-w SEC] [-z] [HOST] [PORT]")
    if "l" in given:
        listener = process.listen(integer(process, given.get("p") or (words[-1] if words else "0")))
        stream = await listener.accept()
        while "k" in given:
            await _relay(process, stream)
            stream = await listener.accept()
        if "e" in given:
            return await process.run(given["e"].split(), fds={0: Socket(stream), 1: Socket(stream), 2: process.stderr})
        return await _relay(process, stream)
    if not words:
        raise usage_error(process, "[IPADDR PORT]")
    host, port = words[0], integer(process, words[1] if len(words) > 1 else "23")
    try:
        address = (await resolve(process, host))[0]
        limit = seconds(process, given["w"]) if "w" in given else None
        stream = await within(process, limit, process.connect(address, port, "UDP" if "u" in given else "TCP"))
    except BadName:
        return process.fail(f"bad address '{host}'")
    except TimeUp:
        return process.fail("timed out") if "v" not in given else process.fail(f"{host} ({address}:{port}): Connection timed out")
    except OSError as error:
        text = error.strerror or str(error)
        return process.fail(f"{host} ({address}:{port}): {text}" if "z" in given else f"can't connect to remote host ({address}): {text}")
    if "v" in given:
        process.error(f"{host} ({address}:{port}) open")
    if "z" in given:
        stream.close()
        return 0
    return await _relay(process, stream)


async def _relay(process: Process, stream: Stream) -> int:
    """Standard input there, the answer to standard output, until the other side closes."""
    async def send() -> None:
        while data := await process.stdin.read():
            stream.write(data)
        stream.close_write()
    sender = process.clock.spawn(send())
    process.on_exit.append(sender.cancel)
    while data := await stream.read():
        process.stdout.write(data)
    stream.close()
    return 0


@applet("ping")
async def ping(process: Process) -> int:
    given, words = options(process, "c:w:W:i:qs:4", usage="[OPTIONS] HOST", least=1)
    try:
        address = (await resolve(process, words[0]))[0]
    except BadName:
        return process.fail(f"bad address '{words[0]}'")
    network, sent, got = process.container.runtime.network, 0, 0
    out(process, f"PING {words[0]} ({address}): 56 data bytes\n")
    left, deadline = int(given.get("c", "-1")), process.clock.now + float(given.get("w", "inf"))
    while left and process.clock.now < deadline:
        if sent:
            await process.sleep(float(given.get("i", "1")))
        node = network.owner.get(address)
        if node not in network.down and (node is not None or address.startswith("127.")):
            out(process, f"64 bytes from {address}: seq={sent} ttl=64 time=0.100 ms\n")
            got += 1
        sent, left = sent + 1, left - 1
    if got < sent:
        await process.sleep(float(given.get("W", "10")))
    out(
        process,
        f"\n--- {words[0]} ping statistics ---\n{sent} packets transmitted, {got} packets "
        f"received, {100 - got * 100 // max(sent, 1)}% packet loss\n",
    )
    if got:
        out(process, "round-trip min/avg/max = 0.100/0.100/0.100 ms\n")
    return int(got == 0)


@applet("netstat", "ss")
async def netstat(process: Process) -> int:
    out(
        process,
        "Active Internet connections (only servers)\nProto Recv-Q Send-Q Local Address           Foreign Address         State       \n",
    )
    for address, port, protocol in sorted(process.container.runtime.network.listeners):
        if address == process.address:
            out(
                process,
                f"{protocol.lower():<5} {0:6} {0:6} {f'0.0.0.0:{port}':<23} {'0.0.0.0:*':<23} "
                f"{'LISTEN' if protocol == 'TCP' else '':<11}\n",
            )
    return 0


@applet("ip")
async def ip(process: Process) -> int:
    word = process.args[0] if process.args else ""
    if word.startswith("r"):
        gateway = process.address.rpartition(".")[0] + ".1"
        out(process, f"default via {gateway} dev eth0 \n{gateway} dev eth0 scope link  src {process.address} \n")
        return 0
    out(
        process,
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
        "    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n"
        "2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue \n"
        f"    inet {process.address}/24 brd {process.address.rpartition('.')[0]}.255 scope global eth0\n"
        f"       valid_lft forever preferred_lft forever\n",
    )
    return 0


# --- httpd --------------------------------------------------------------------------------------------------------


