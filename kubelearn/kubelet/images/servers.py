"""Small servers that tutorials run: http-echo, hello-world, hello-app, whoami, httpd, and databases that only listen.

Each is a table row or a few lines. Leaves out: what the real ones do beyond their first page.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone

from kubelearn.clock import EPOCH
from kubelearn.kubelet.images import ImageInfo, catalogue, tree
from kubelearn.kubelet.images.agnhost import flags, go_program
from kubelearn.kubelet.images.applets.httpd import static_file
from kubelearn.kubelet.images.busybox import alpine_tree, debian_tree
from kubelearn.kubelet.images.http import Request, Response, serve
from kubelearn.kubelet.process import Executable, Exit, Process, Program


def listen(process: Process, port: int, answer, **options: object) -> None:
    try:
        serve(process, port, answer, **options)
    except OSError:
        process.error(f"listen tcp :{port}: bind: address already in use")
        raise Exit(1) from None


# --- hashicorp/http-echo ------------------------------------------------------------------------------------------

async def http_echo(process: Process) -> int:
    go_program(process)
    given = flags(process, text="", listen=":5678", status_code=200, version=False)
    text = given["text"] or process.env.get("ECHO_TEXT", "")
    if not text:
        process.error("Missing -text option!")
        return 127
    bind, _, port = given["listen"].rpartition(":")

    def log(asked: Request, response: Response, size: int) -> None:
        when = datetime.fromtimestamp(EPOCH + process.clock.now, timezone.utc)
        process.print(
            f'{when:%Y/%m/%d %H:%M:%S} {asked.headers.get("host", "")} {asked.peer} "{asked.method} {asked.target} {asked.version}" '
            f'{response.status} {size} "{asked.headers.get("user-agent", "")}" 10µs'
        )

    async def answer(asked: Request) -> Response:
        if asked.path == "/health":
            return Response(body='{"status":"ok"}\n', type="application/json")
        return Response(int(given["status_code"]), text + "\n", headers={"X-App-Name": "http-echo", "X-App-Version": "1.0.0"})
    listen(process, int(port), answer, bind=bind, log=log)
    when = datetime.fromtimestamp(EPOCH + process.clock.now, timezone.utc)
    process.print(f"{when:%Y/%m/%d %H:%M:%S} [INFO] server is listening on {given['listen']}")
    process.on_signal("TERM", lambda: process.die(0))
    await process.forever()


# --- pages --------------------------------------------------------------------------------------------------------

def page_server(port: int, page: Callable[[Process, Request], str | Response], greeting: str = "") -> Program:
    """A server whose every page comes from one function."""
    async def program(process: Process) -> int:
        go_program(process)
        number = int(process.env.get("PORT", "") or port)

        async def answer(asked: Request) -> Response:
            made = page(process, asked)
            return made if isinstance(made, Response) else Response(body=made)
        listen(process, number, answer)
        if greeting:
            process.print(greeting.format(port=number))
        await process.forever()
    return program


def _whoami(process: Process, asked: Request) -> str:
    headers = "".join(f"{name.title()}: {value}\n" for name, value in asked.headers.items() if name != "host")
    return (
        f"Hostname: {process.hostname}\nIP: 127.0.0.1\nIP: {process.address}\nRemoteAddr: {asked.peer}\n"
        f"{asked.method} {asked.target} HTTP/1.1\n"
        f"Host: {asked.headers.get('host', '')}\n{headers}\n"
    )


def _echoserver(process: Process, asked: Request) -> str:
    headers = "".join(f"\t{name}={value}\n" for name, value in sorted(asked.headers.items()))
    return (
        f"\n\nHostname: {process.hostname}\n\nServer values:\n\tserver_version=nginx\n\n"
        f"Request Information:\n\tclient_address={asked.peer.rpartition(':')[0]}\n"
        f"\tmethod={asked.method}\n\treal path={asked.target}\n\tquery=\n\trequest_version=1.1\n\trequest_scheme=http\n"
        f"\trequest_uri=http://{asked.headers.get('host', '')}{asked.target}\n\nRequest Headers:\n"
        f"{headers}\nRequest Body:\n\t-no body in request-\n\n"
    )


def _hello_app(process: Process, asked: Request) -> str:
    process.error(f"{datetime.fromtimestamp(EPOCH + process.clock.now, timezone.utc):%Y/%m/%d %H:%M:%S} Serving request: {asked.path}")
    return f"Hello, world!\nVersion: {process.env.get('VERSION', '1')}.0.0\nHostname: {process.hostname}\n"


def _bootcamp(process: Process, asked: Request) -> str:
    return f"Hello Kubernetes bootcamp! | Running on: {process.hostname} | v={process.env.get('VERSION', '1')}\n"


def _demo_hello(process: Process, asked: Request) -> str:
    when = datetime.fromtimestamp(EPOCH + process.clock.now, timezone.utc)
    return (
        f"Server address: {process.address}:80\nServer name: {process.hostname}\n"
        f"Date: {when:%d/%b/%Y:%H:%M:%S} +0000\nURI: {asked.target}\n"
        f"Request ID: {process.clock.random(f'{process.container.id}/{when}').randbytes(16).hex()}\n"
    )


PAGES: dict[tuple[str, ...], tuple[str, int, int, Callable, str]] = {  # repositories: tags, port, size, page, greeting
    ("traefik/whoami", "containous/whoami"): (r"latest|v1\.\d+(\.\d+)?", 80, 2_900_000, _whoami, "Starting up on port {port}"),
    (
        "registry.k8s.io/echoserver",
        "k8s.gcr.io/echoserver",
        "gcr.io/google_containers/echoserver",
        "kicbase/echo-server",
        "ealen/echo-server",
    ): (r"1\.\d+|latest", 8080, 43_000_000, _echoserver, "Generating self-signed cert"),
    ("gcr.io/google-samples/hello-app", "us-docker.pkg.dev/google-samples/containers/gke/hello-app"): (
        r"[12]\.0",
        8080,
        4_800_000,
        _hello_app,
        "Server listening on port {port}",
    ),
    ("gcr.io/google-samples/kubernetes-bootcamp", "jocatalin/kubernetes-bootcamp", "gcr.io/k8s-minikube/kubernetes-bootcamp"): (
        r"v[12]",
        8080,
        83_000_000,
        _bootcamp,
        "Kubernetes Bootcamp App Started",
    ),
    ("nginxdemos/hello",): (r"latest|plain-text|\d\.\d(-plain-text)?", 80, 9_400_000, _demo_hello, ""),
    ("paulbouwer/hello-kubernetes",): (
        r"1(\.\d+)?|latest",
        8080,
        64_000_000,
        lambda process, asked: f"{process.env.get('MESSAGE', 'Hello world!')}\npod: {process.hostname}\n",
        "Listening on port {port}",
    ),
    ("registry.k8s.io/hpa-example", "k8s.gcr.io/hpa-example"): (r"latest", 80, 200_000_000, lambda process, asked: _burn(process), ""),
}


def _burn(process: Process) -> str:
    """index.php of the autoscaling tutorial: a million square roots."""
    process.container.cpu_seconds += 0.1
    return "OK!"


def _page_family(repositories: tuple[str, ...], tags: str, port: int, size: int, page: Callable, greeting: str) -> None:
    @catalogue.family(*repositories)
    def make(name: str, tag: str) -> ImageInfo | None:
        if not re.fullmatch(tags, tag):
            return None
        version = re.search(r"\d", tag)
        return ImageInfo(
            name,
            lambda: alpine_tree(**{"server": Executable(page_server(port, page, greeting), 8_000_000, 6 << 20)}),
            ["/server"],
            env={"VERSION": version[0] if version else "1"},
            size=size,
            ports=[port],
        )


for _repositories, _row in PAGES.items():
    _page_family(_repositories, *_row)


@catalogue.family("hashicorp/http-echo")
def _http_echo(name: str, tag: str) -> ImageInfo | None:
    if not re.fullmatch(r"latest|(0\.2\.[0-4]|1\.0(\.0)?|alpine)", tag):
        return None
    return ImageInfo(
        name,
        lambda: tree({"http-echo": Executable(http_echo, 4_000_000, 4 << 20), "etc/passwd": "root:x:0:0::/:\nnonroot:x:65532:65532::/:\n"}),
        ["/http-echo"],
        size=3_200_000,
        user="nonroot" if tag.startswith("1") or tag == "latest" else "",
        ports=[5678],
    )


# --- hello-world --------------------------------------------------------------------------------------------------

HELLO = """
Hello from Docker!
This message shows that your installation appears to be working correctly.

To generate this message, Docker took the following steps:
 1. The Docker client contacted the Docker daemon.
 2. The Docker daemon pulled the "hello-world" image from the Docker Hub.
    (amd64)
 3. The Docker daemon created a new container from that image which runs the
    executable that produces the output you are currently reading.
 4. The Docker daemon streamed that output to the Docker client, which sent it
    to your terminal.

To try something more ambitious, you can run an Ubuntu container with:
 $ docker run -it ubuntu bash

Share images, automate workflows, and more with a free Docker ID:
 https://hub.docker.com/

For more examples and ideas, visit:
 https://docs.docker.com/get-started/
"""


async def hello(process: Process) -> int:
    process.print(HELLO)
    return 0


@catalogue.family("hello-world")
def _hello_world(name: str, tag: str) -> ImageInfo | None:
    return (
        ImageInfo(name, lambda: tree({"hello": Executable(hello, 13_000)}), cmd=["/hello"], size=2_400)
        if re.fullmatch(r"latest|linux", tag)
        else None
    )


# --- Apache httpd, PHP --------------------------------------------------------------------------------------------

def apache(root: str, page: str) -> Program:
    async def program(process: Process) -> int:
        async def answer(asked: Request) -> Response:
            missing = (
                '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n'
                '<title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n'
                "<p>The requested URL was not found on this server.</p>\n</body></html>\n"
            )
            return static_file(process, root, asked.path) or Response(404, missing, "text/html; charset=iso-8859-1")

        def log(asked: Request, response: Response, size: int) -> None:
            when = datetime.fromtimestamp(EPOCH + process.clock.now, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
            process.print(
                f'{asked.peer.rpartition(":")[0]} - - [{when}] "{asked.method} {asked.target} {asked.version}" {response.status} {size}'
            )
        listen(process, 80, answer, server="Apache/2.4.65 (Unix)", log=log)
        process.error(f"AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using {process.address}. "
                      "Set the 'ServerName' directive globally to suppress this message")
        for signal in ("TERM", "WINCH"):
            process.on_signal(signal, lambda: process.die(0))
        await process.forever()
    return program


APACHE = "<html><body><h1>It works!</h1></body></html>\n"


@catalogue.family("httpd")
def _httpd(name: str, tag: str) -> ImageInfo | None:
    if not re.fullmatch(r"(latest|2|2\.4(\.\d+)?)(-(alpine|bookworm|trixie)(3\.\d+)?)?|alpine", tag):
        return None
    make = alpine_tree if "alpine" in tag else debian_tree
    files = {
        "usr/local/bin/httpd-foreground": Executable(apache("/usr/local/apache2/htdocs", APACHE), 100, 6 << 20),
        "usr/local/apache2/htdocs/index.html": APACHE,
    }
    return ImageInfo(name, lambda: make(**files), cmd=["httpd-foreground"], size=22_000_000 if "alpine" in tag else 58_000_000, ports=[80],
                     workdir="/usr/local/apache2", stop_signal="WINCH")


@catalogue.family("php")
def _php(name: str, tag: str) -> ImageInfo | None:
    if not re.fullmatch(r"(latest|[5-8](\.\d+){0,2})(-apache)?(-(bookworm|bullseye|trixie))?", tag):
        return None
    files = {"usr/local/bin/apache2-foreground": Executable(apache("/var/www/html", ""), 100, 12 << 20), "var/www/html/.keep": ""}
    return ImageInfo(
        name,
        lambda: debian_tree(**files),
        cmd=["apache2-foreground"] if "apache" in tag else ["sh"],
        size=170_000_000,
        ports=[80],
        stop_signal="WINCH",
    )
