"""Busybox's commands on the network: wget, nslookup, nc, ping, telnet, ip, netstat. Texts are busybox's.

Leaves out: options that scripts hardly use; raw packets (ping knows whether the node of an address is up); changing anything."""
from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from kubelearn.kubelet.files import Socket
from kubelearn.kubelet.images.applets import Options, applet, integer, out, seconds, usage_error
from kubelearn.kubelet.images.http import Failed, Reply, fetch
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.resolver import BadName, Resolver, query, resolve
from kubelearn.kubelet.signals import Exit
from kubelearn.streams import Stream
from kubelearn.tasks import TimeUp

WGET = {"timeout": "T", "tries": "t", "quiet": "q", "output-document": "O", "server-response": "S", "user-agent": "U",
        "directory-prefix": "P", "spider": "", "header=": "", "post-data=": "", "no-check-certificate": "", "no-verbose": ""}
WRONG = {"name": "bad address '{netloc}'", "redirects": "too many redirections",
         "connect": "can't connect to remote host ({address}): {text}",
         "timeout": "can't connect to remote host ({address}): {text}", "scheme": "not an http or ftp url: {url}", "url": "bad port"}
BAR = "100% |********************************|{:6}  0:00:00 ETA"


@applet("wget", flags="cqO:T:SP:U:t:", long=WGET, least=1, usage="[-cqS] [--spider] [-O FILE] [--header STR]\n"
        "\t[--post-data STR] [--no-check-certificate] [-P DIR] [-U AGENT] [-T SEC] URL...")
async def wget(process: Process, given: Options, urls: list[str]) -> int:
    headers = {"User-Agent": given.get("U", "Wget")}
    headers |= {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in given.all("header"))}
    body = given.get("post-data", "").encode()

    def told(what: str, **about: object) -> None:
        if what == "address" and "q" not in given:
            process.error("Connecting to {host}:{port} ({address}:{port})".format(**about))
        elif what == "connected" and about["scheme"] == "https":  # spoken in the clear here
            process.fail("note: TLS certificate validation not implemented")
        elif what == "reply" and "S" in given:
            head = about["reply"].head.decode("latin-1").strip().splitlines()
            ends = about["reply"].status < 300
            process.error("\n".join("  " + line for line in (head if about["reply"].status < 400 else head[:1])) + "\n  " * ends)
    for url in urls:
        url = url if "://" in url else f"http://{url}"
        try:
            reply = await process.clock.within(seconds(process, given.get("T", "900")), fetch(
                process, url, "POST" if body else "GET", headers, body, follow=5, told=told))
        except TimeUp:
            return process.fail("download timed out")
        except Failed as error:
            return process.fail(WRONG.get(error.kind, "error getting response").format(**error.about))
        if not 200 <= reply.status < 300:
            return process.fail(f"server returned error: HTTP/1.1 {reply.status} {reply.phrase}".rstrip())
        if code := _save(process, given, url, reply):
            return code
    return 0


def _save(process: Process, given: Options, url: str, reply: Reply) -> int:
    name, text = given.get("O") or urlsplit(url).path.rpartition("/")[2] or "index.html", ""
    if "spider" in given:
        text = "remote file exists"
    elif name == "-":
        process.stdout.write(reply.body)
        text = f"writing to stdout\n-                    {BAR.format(len(reply.body))}\nwritten to stdout"
    else:
        path = f"{given['P']}/{name}" if "P" in given and "O" not in given else name
        try:
            if "O" not in given and process.files.find(process.path(path)) is not None:
                return process.fail(f"can't open '{path}': File exists")
            process.files.write(process.path(path), reply.body)
        except OSError as error:
            return process.fail(f"can't open '{path}': {error.strerror}")
        text = f"saving to '{path}'\n{name:<20} {BAR.format(len(reply.body))}\n'{path}' saved"
    if "q" not in given:
        process.error(text)
    return 0


# --- names --------------------------------------------------------------------------------------------------------

RECORDS = {"A": "Name:\t{0}\nAddress: {2}\n", "AAAA": "Name:\t{0}\nAddress: {2}\n", "CNAME": "{0}\tcanonical name = {2}\n",
           "SRV": "{0}\tservice = {2}\n", "PTR": "{0}\tname = {2}\n", "TXT": '{0}\ttext = "{2}"\n'}


@applet("nslookup")
async def nslookup(process: Process) -> int:
    words = [word for word in process.args if not word.startswith("-")]
    if not words:
        raise usage_error(process, "[-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]")
    types = [word.partition("=")[2].upper() for word in process.args if word.startswith("-") and "=" in word] or ["A", "AAAA"]
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
        rows = [RECORDS.get(kind, "{0}\t{1} = {2}\n").format(owner, kind.lower(), value) for owner, kind, value in answer.records]
        out(process, "".join(rows) + "\n")
    return int(failed > 0)


def _questions(name: str, types: list[str], search: list[str]) -> list[tuple[str, str]]:
    """An address is asked for its name; a name without a dot in each domain of the search list."""
    try:
        return [(ipaddress.IPv4Address(name).reverse_pointer, "PTR")]
    except ValueError:
        names = [name] if "." in name or not search else [f"{name}.{domain}" for domain in search]
        return [(full, record) for record in types for full in names]


# --- connections --------------------------------------------------------------------------------------------------

@applet("nc", "telnet", flags="lp:w:ve:zkun", usage="[-lkuvz] [-p PORT] [-w SEC] [-e PROG] [HOST] [PORT]")
async def nc(process: Process, given: Options, words: list[str]) -> int:
    if "l" in given:
        try:
            listener = process.listen(integer(process, given.get("p") or (words[-1] if words else "0")))
        except OSError as error:
            return process.fail(f"bind: {error.strerror or error}")
        stream = await listener.accept()
        while "k" in given:
            await _relay(process, stream)
            stream = await listener.accept()
        if "e" in given:
            return await process.run(given["e"].split(), fds={0: Socket(stream), 1: Socket(stream), 2: process.stderr})
        return await _relay(process, stream)
    if not words:
        raise usage_error(process, "[IPADDR PORT]")
    stream = await _dial(process, given, words[0], integer(process, words[1] if len(words) > 1 else "23"))
    if "z" not in given:
        return await _relay(process, stream)
    stream.close()
    return 0


async def _dial(process: Process, given: Options, host: str, port: int) -> Stream:
    limit = seconds(process, given["w"]) if "w" in given else None
    try:
        address = (await resolve(process, host))[0]
        stream = await process.clock.within(limit, process.connect(address, port, "UDP" if "u" in given else "TCP"))
    except BadName:
        raise Exit(process.fail(f"bad address '{host}'")) from None
    except TimeUp:
        raise Exit(process.fail(f"{host} ({address}:{port}): Connection timed out" if "v" in given else "timed out")) from None
    except OSError as error:
        text = error.strerror or str(error)
        text = f"{host} ({address}:{port}): {text}" if "z" in given else f"can't connect to remote host ({address}): {text}"
        raise Exit(process.fail(text)) from None
    if "v" in given:
        process.error(f"{host} ({address}:{port}) open")
    return stream


async def _relay(process: Process, stream: Stream) -> int:
    """Standard input there, the answer to standard output, until the other side closes."""
    async def send() -> None:
        while data := await process.stdin.read():
            stream.write(data)
        stream.close_write()
    process.on_exit.append(process.clock.spawn(send()).cancel)
    while data := await stream.read():
        process.stdout.write(data)
    stream.close()
    return 0


@applet("ping", flags="c:w:W:i:qs:4", usage="[-q] [-c COUNT] [-w SEC] [-W SEC] [-i SEC] HOST", least=1)
async def ping(process: Process, given: Options, words: list[str]) -> int:
    try:
        address = (await resolve(process, words[0]))[0]
    except BadName:
        return process.fail(f"bad address '{words[0]}'")
    network, sent, got = process.container.runtime.network, 0, 0
    out(process, f"PING {words[0]} ({address}): 56 data bytes\n")
    if process.user[0] or "NET_RAW" not in process.container.capabilities:
        return process.fail("permission denied (are you root?)")
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
    out(process, f"\n--- {words[0]} ping statistics ---\n{sent} packets transmitted, {got} packets received, "
        f"{100 - got * 100 // max(sent, 1)}% packet loss\n" + ("round-trip min/avg/max = 0.100/0.100/0.100 ms\n" if got else ""))
    return int(got == 0)


# --- what there is ------------------------------------------------------------------------------------------------

NETSTAT = "Active Internet connections (only servers)\n" \
    "Proto Recv-Q Send-Q Local Address           Foreign Address         State       \n"


@applet("netstat")
async def netstat(process: Process) -> None:
    rows = [f"{protocol.lower():<5} {0:6} {0:6} {f'0.0.0.0:{port}':<23} {'0.0.0.0:*':<23} {'LISTEN' if protocol == 'TCP' else '':<11}\n"
            for address, port, protocol in sorted(process.container.runtime.network.listeners) if address == process.address]
    out(process, NETSTAT + "".join(rows))


VALID = "       valid_lft forever preferred_lft forever"
INTERFACES = {  # what ip says of each: the interface, its link, its address
    "lo": ("1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000", "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00",
           "    inet 127.0.0.1/8 scope host lo", VALID),
    "eth0": ("2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue ", "    link/ether {mac} brd ff:ff:ff:ff:ff:ff",
             "    inet {address}/24 brd {net}.255 scope global eth0", VALID),
}
ROUTES = "default via {net}.1 dev eth0 \n{net}.0/24 dev eth0 scope link  src {address} \n"


def _addressed(process: Process, text: str) -> str:
    mac = ":".join(["0a", "58", *(f"{int(part):02x}" for part in process.address.split("."))])  # as CNI makes it of the address
    return text.format(address=process.address, net=process.address.rpartition(".")[0], mac=mac)


@applet("ip", flags="o46", usage="[OPTIONS] address|route|link [show [DEV]]")
async def ip(process: Process, given: Options, words: list[str]) -> int:
    if words[1:2] == ["set"]:
        return 0 if "NET_ADMIN" in process.container.capabilities else process.fail("ioctl 0x8914 failed: Operation not permitted")
    what, name = (words or [""])[0][:1], words[-1] if words[1:] and words[-1] not in ("show", "list", "ls") else ""
    if name and name not in INTERFACES:
        return process.fail(f"can't find device '{name}'")
    if what not in tuple("arl"):
        raise usage_error(process, "[OPTIONS] address|route|link [show [DEV]]")
    rows = []
    for number, (known, lines) in enumerate(INTERFACES.items(), 1):
        if known == (name or known) and what != "r":
            lines = lines[:2] if what == "l" else (f"{number}: {known}{lines[2]}", VALID) if "o" in given else lines
            rows.append(("\\" if "o" in given else "\n").join(lines) + "\n")
    out(process, _addressed(process, "".join(rows) or ROUTES))
    return 0
