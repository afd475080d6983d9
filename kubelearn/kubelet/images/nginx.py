"""nginx: serves files and proxies as its configuration says, with its access log, error pages and signals.

Understands: server with listen, server_name, root, index, location (prefix, =, ~), return, proxy_pass, upstream, add_header,
try_files, error_page by default. Leaves out: everything else, which is ignored; a broken file stops it as the real one.
"""
from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import lru_cache
from urllib.parse import urlsplit

from kubelearn.clock import EPOCH
from kubelearn.kubelet.images import ImageInfo, catalogue
from kubelearn.kubelet.images.applets.httpd import static_file
from kubelearn.kubelet.images.busybox import alpine_tree, debian_tree
from kubelearn.kubelet.images.http import PHRASES, BadRequest, Request, Response, request, serve
from kubelearn.kubelet.images.nginx_config import Block, Config, ConfigError, image_config
from kubelearn.kubelet.process import Executable, Exit, Process
from kubelearn.kubelet.resolver import BadName
from kubelearn.volumes import Directory, Symlink

WELCOME = """<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>

<p>For online documentation and support please refer to
<a href="http://nginx.org/">nginx.org</a>.<br/>
Commercial support is available at
<a href="http://nginx.com/">nginx.com</a>.</p>

<p><em>Thank you for using nginx.</em></p>
</body>
</html>
"""
FAILED = """<!DOCTYPE html>
<html>
<head>
<title>Error</title>
</head>
<body>
<h1>An error occurred.</h1>
<p>Sorry, the page you are looking for is currently unavailable.<br/>
Please try again later.</p>
</body>
</html>
"""
MAIN = """
user  nginx;
worker_processes  auto;
error_log  /var/log/nginx/error.log notice;
pid        /run/nginx.pid;
events { worker_connections  1024; }
http {
    include       /etc/nginx/mime.types;
    default_type  application/octet-stream;
    access_log  /var/log/nginx/access.log  main;
    sendfile        on;
    keepalive_timeout  65;
    include /etc/nginx/conf.d/*.conf;
}
"""
DEFAULT = """server {
    listen       80;
    listen  [::]:80;
    server_name  localhost;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }

    error_page   500 502 503 504  /50x.html;
    location = /50x.html {
        root   /usr/share/nginx/html;
    }
}
"""
ENTRYPOINT = ["/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration",
              "/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/",
              "/docker-entrypoint.sh: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh",
              "/docker-entrypoint.sh: Configuration complete; ready for start up"]


class Nginx:
    def __init__(self, process: Process, version: str):
        self.process, self.version, self.turn = process, version, 0
        self.config = image_config(process.container.image) if process.container.untouched("/etc/nginx") else Config(process.files)

    def start(self) -> None:
        for port in self.config.ports():
            try:
                serve(self.process, port, lambda asked, port=port: self.answer(port, asked), server=f"nginx/{self.version}", log=self.log)
            except OSError:
                raise ConfigError(f"bind() to 0.0.0.0:{port} failed (98: Address already in use)") from None

    def log(self, asked: Request, response: Response, size: int) -> None:
        when = datetime.fromtimestamp(EPOCH + self.process.clock.now, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
        agent, referer, forwarded = (asked.headers.get(name, "-") for name in ("user-agent", "referer", "x-forwarded-for"))
        self.process.print(
            f'{asked.peer.rpartition(":")[0]} - - [{when}] "{asked.method} {asked.target} {asked.version}" {response.status} {size} '
            f'"{referer}" "{agent}" "{forwarded}"'
        )

    async def answer(self, port: int, asked: Request) -> Response:
        server = self.config.server(port, asked.headers.get("host", "").partition(":")[0])
        location = self.location(server, asked.path)
        response = await self.within(location, server, asked)
        headers = {header.words[1]: self.fill(header.words[2], asked) for block in (server, location) for header in block.all("add_header")}
        if response.status >= 400 and not response.body:
            response = response._replace(body=self.page(response.status), type="text/html")
        return response._replace(headers={**headers, **(response.headers or {})})

    @staticmethod
    def location(server: Block, path: str) -> Block:
        best, length = Block(["location", "/"]), -1
        for location in server.all("location"):
            words = location.words[1:]
            if words[0] == "=" and words[1] == path:
                return location
            if words[0] in ("~", "~*") and re.search(words[1], path, re.IGNORECASE if words[0] == "~*" else 0):
                return location
            prefix = words[-1]
            if words[0] not in ("=", "~", "~*") and path.startswith(prefix) and len(prefix) > length:
                best, length = location, len(prefix)
        return best

    async def within(self, location: Block, server: Block, asked: Request) -> Response:
        for block in (location, server):
            for returned in block.all("return"):
                code, text = int(returned.words[1]), self.fill(returned.words[2], asked) if len(returned.words) > 2 else ""
                if 300 <= code < 400:
                    return Response(code, "", "text/html", {"Location": text})
                kind = location.value("default_type", "application/octet-stream")
                return Response(code, text, kind)
        if location.all("proxy_pass"):
            return await self.proxy(location, asked)
        if location.value("stub_status", "none") != "none" or any(block.words[0] == "stub_status" for block in location.children):
            return Response(200, "Active connections: 1 \n", "text/plain")
        if asked.method not in ("GET", "HEAD"):
            return Response(405)
        return self.file(location, server, asked)

    def file(self, location: Block, server: Block, asked: Request) -> Response:
        root = location.value("root", server.value("root", "/usr/share/nginx/html"))
        path = asked.path
        if location.all("alias"):
            root, path = location.value("alias"), path[len(location.words[-1]):]
        for block in location.all("try_files"):
            for word in block.words[1:]:
                candidate = word.replace("$uri", path)
                if word.startswith("="):
                    return Response(int(word[1:]))
                found = static_file(self.process, root, candidate)
                if found is not None and found.status == 200:
                    return found
        found = static_file(self.process, root, path)
        if found is None:
            listed = isinstance(self.process.files.find(f"{root}{path}"), Directory)
            self.complain(
                asked,
                f'directory index of "{root}{path}" is forbidden'
                if listed
                else f'open() "{root}{path}" failed (2: No such file or directory)',
            )
            return Response(403 if listed else 404)
        return found._replace(status=301) if found.status == 302 else found._replace(body=b"") if found.status == 403 else found

    async def proxy(self, location: Block, asked: Request) -> Response:
        parts = urlsplit(self.fill(location.value("proxy_pass"), asked))
        servers = self.config.upstreams.get(parts.netloc, [parts.netloc])
        target = asked.target if not parts.path else parts.path + asked.target[len(location.words[-1]):]
        headers = {"Host": parts.netloc, "X-Forwarded-For": asked.peer.rpartition(":")[0]}
        headers |= {header.words[1]: self.fill(header.words[2], asked) for header in location.all("proxy_set_header")}
        for _ in servers:
            self.turn += 1
            host, _, port = servers[self.turn % len(servers)].partition(":")
            try:
                stream = await self.process.connect(host, int(port or 80))
                reply = await request(stream, asked.method, headers["Host"], target, headers, asked.body)
                stream.close()
                return Response(reply.status, reply.body, reply.headers.get("content-type", "text/plain"))
            except (OSError, BadName, EOFError, BadRequest) as error:
                self.complain(asked, f"connect() failed ({error}) while connecting to upstream")
        return Response(502)

    def fill(self, text: str, asked: Request) -> str:
        """$variables of nginx."""
        values = {
            "host": asked.headers.get("host", "").partition(":")[0],
            "hostname": self.process.hostname,
            "uri": asked.path,
            "request_uri": asked.target,
            "remote_addr": asked.peer.rpartition(":")[0],
            "server_addr": self.process.address,
            "request_method": asked.method,
            "scheme": "http",
            "http_host": asked.headers.get("host", ""),
            "args": asked.target.partition("?")[2],
            "proxy_add_x_forwarded_for": asked.peer.rpartition(":")[0],
            "nginx_version": self.version,
            "server_port": "80",
            "time_local": "",
        }
        text = re.sub(
            r"\$\{?(\w+)\}?",
            lambda match: values.get(match[1], asked.headers.get(match[1].removeprefix("http_").replace("_", "-"), "")),
            text,
        )
        return text.replace("\\n", "\n")

    def page(self, status: int) -> str:
        phrase = f"{status} {PHRASES.get(status, '')}"
        return (f"<html>\r\n<head><title>{phrase}</title></head>\r\n<body>\r\n<center><h1>{phrase}</h1></center>\r\n"
                f"<hr><center>nginx/{self.version}</center>\r\n</body>\r\n</html>\r\n")

    def complain(self, asked: Request, text: str) -> None:
        self.process.error(f'{stamp(self.process)} [error] 29#29: *1 {text}, client: {asked.peer.rpartition(":")[0]}, server: localhost, '
                           f'request: "{asked.method} {asked.target} {asked.version}", host: "{asked.headers.get("host", "")}"')


def stamp(process: Process) -> str:
    return _stamp(int(process.clock.now))


@lru_cache(maxsize=100)
def _stamp(second: int) -> str:
    return datetime.fromtimestamp(EPOCH + second, timezone.utc).strftime("%Y/%m/%d %H:%M:%S")


async def nginx(process: Process) -> int:
    """nginx [-g DIRECTIVES] [-t] [-v] [-s SIGNAL]"""
    version = process.env.get("NGINX_VERSION", "1.29.0")
    words = process.args
    if "-v" in words or "-V" in words:
        process.error(f"nginx version: nginx/{version}")
        return 0
    if "-s" in words:
        return _signal(process, words[words.index("-s") + 1:])
    try:
        server = Nginx(process, version)
        if "-t" in words:
            process.error(
                "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n"
                "nginx: configuration file /etc/nginx/nginx.conf test is successful"
            )
            return 0
        process.argv = ["nginx: master process " + " ".join(process.argv)]
        server.start()
    except ConfigError as error:
        process.error(f"{stamp(process)} [emerg] 1#1: {error}\nnginx: [emerg] {error}")
        return 1
    if not process.container.tty:
        notices = (f"nginx/{version}", 'using the "epoll" event method', "start worker processes")
        process.error("\n".join(f"{stamp(process)} [notice] 1#1: {text}" for text in notices))
    process.on_signal("TERM", lambda: process.die(0))
    process.on_signal("QUIT", lambda: process.die(0))
    process.on_signal("HUP", lambda: _reload(server))
    await process.forever()


def _reload(server: Nginx) -> None:
    """A broken configuration leaves the old one in force."""
    try:
        server.config = Config(server.process.files)
        server.process.error(f"{stamp(server.process)} [notice] 1#1: signal 1 (SIGHUP) received, reconfiguring")
    except ConfigError as error:
        server.process.error(f"{stamp(server.process)} [emerg] 1#1: {error}")


def _signal(process: Process, words: list[str]) -> int:
    master = next((other for _, other in sorted(process.space.processes.items()) if other.argv[0].startswith("nginx: master")), None)
    signal = {"reload": "HUP", "stop": "TERM", "quit": "QUIT", "reopen": "USR1"}.get(words[0] if words else "")
    if signal is None:
        raise Exit(process.fail(f'invalid option: "-s {" ".join(words)}"'))
    if master is None:
        process.error('nginx: [error] invalid PID number "" in "/run/nginx.pid"')
        return 1
    process.error(f"{stamp(process)} [notice] {process.pid}#{process.pid}: signal process started")
    master.signal(signal)
    return 0


async def entrypoint(process: Process) -> int:
    """/docker-entrypoint.sh: says what it does, then becomes its arguments."""
    words = process.args
    if words[:1] in (["nginx"], ["nginx-debug"]) and "-v" not in words:
        process.stdout.write(ENTRYPOINT_BYTES)
    process.argv = words or ["nginx"]
    try:
        return await process.load(process.executable(process.argv[0])[1])
    except OSError:
        process.error(f"/docker-entrypoint.sh: 47: exec: {process.argv[0]}: not found")
        return 127


ENTRYPOINT_BYTES = "".join(f"{line}\n" for line in ENTRYPOINT).encode()


def nginx_tree(alpine: bool) -> Directory:
    make = alpine_tree if alpine else lambda **more: debian_tree(**more)
    users = {"nginx": (101, "/nonexistent", "/bin/false")}
    return make(
        users=users,
        **{
            "docker-entrypoint.sh": Executable(entrypoint, 1_600),
            "usr/sbin/nginx": Executable(nginx, 1_400_000, 3 << 20),
            "docker-entrypoint.d": Directory(),
            "etc/nginx/nginx.conf": MAIN,
            "etc/nginx/conf.d/default.conf": DEFAULT,
            "etc/nginx/mime.types": "types { text/html html; }\n",
            "usr/share/nginx/html/index.html": WELCOME,
            "usr/share/nginx/html/50x.html": FAILED,
            "var/cache/nginx": Directory(uid=101, gid=101),
            "var/log/nginx/access.log": Symlink("/dev/stdout"),
            "var/log/nginx/error.log": Symlink("/dev/stderr"),
            "usr/bin/curl": _curl(),
        },
    )


def _curl() -> Executable:
    from kubelearn.kubelet.images.curl import curl
    return Executable(curl, 300_000)


PATCH = {
    14: "1.14.2",
    15: "1.15.12",
    16: "1.16.1",
    17: "1.17.10",
    18: "1.18.0",
    19: "1.19.10",
    20: "1.20.2",
    21: "1.21.6",
    22: "1.22.1",
    23: "1.23.4",
    24: "1.24.0",
    25: "1.25.5",
    26: "1.26.3",
    27: "1.27.5",
    28: "1.28.0",
    29: "1.29.3",
}
VARIANTS = r"(?:-(?P<variant>alpine(?:3\.\d+)?(?:-slim|-perl|-otel)?|bookworm|bullseye|trixie|perl|otel))?"


@catalogue.family("nginx")
def _nginx(name: str, tag: str) -> ImageInfo | None:
    match = re.fullmatch(
        rf"(?P<version>1(?:\.(?P<minor>\d+)(?:\.(?P<patch>\d+))?)?|latest|stable|mainline){VARIANTS}|(?P<only>alpine)(?:-slim)?", tag
    )
    if match is None:
        return None
    minor = int(match["minor"] or (28 if match["version"] == "stable" else 29))
    last = PATCH.get(minor)
    if last is None and not 7 <= minor <= 13 or match["patch"] and int(match["patch"]) > int((last or f"1.{minor}.12").split(".")[2]):
        return None
    version = f"1.{minor}.{match['patch']}" if match["patch"] else last or f"1.{minor}.0"
    alpine = bool(match["only"] or (match["variant"] or "").startswith("alpine"))
    return ImageInfo(
        name,
        lambda: nginx_tree(alpine),
        ["/docker-entrypoint.sh"],
        ["nginx", "-g", "daemon off;"],
        {"NGINX_VERSION": version},
        size=21_000_000 if alpine else 72_000_000 if minor > 21 else 56_000_000,
        ports=[80],
        stop_signal="QUIT",
    )


@catalogue.family("nginxinc/nginx-unprivileged")
def _unprivileged(name: str, tag: str) -> ImageInfo | None:
    image = _nginx(name, tag)
    if image is None:
        return None

    def files() -> Directory:
        root = nginx_tree("alpine" in tag)
        root.lookup("etc").lookup("nginx").lookup("conf.d").lookup("default.conf").data[:] = DEFAULT.replace("80;", "8080;").encode()
        return root
    return ImageInfo(name, files, image.entrypoint, image.cmd, image.env, user="101", size=image.size, ports=[8080], stop_signal="QUIT")
