"""nginx's server: what it answers to each request, its access and error logs, its signals.

Leaves out: what nginx_config.py leaves out, caches, TLS."""
from __future__ import annotations

import re
from urllib.parse import urlsplit

from kubelearn.kubelet.images.go import on_signals
from kubelearn.kubelet.images.http import Failed, Request, Response, access_log, fetch, phrase, serve, static_file
from kubelearn.kubelet.images.nginx_config import Block, Config, ConfigError, image_config
from kubelearn.kubelet.images.shell.jobs import kill_processes
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.signals import Exit
from kubelearn.volumes import Directory


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
        agent, referer, forwarded = (asked.headers.get(name, "-") for name in ("user-agent", "referer", "x-forwarded-for"))
        self.process.print(f'{access_log(self.process, asked, response, size)} "{referer}" "{agent}" "{forwarded}"')

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
                    where = text if "://" in text else f"http://{asked.headers.get('host', '')}{text}"
                    return Response(code, self.page(code), "text/html", {"Location": where})
                kind = location.value("default_type", "application/octet-stream")
                return Response(code, text, kind)
        if location.all("proxy_pass"):
            return await self.proxy(location, asked)
        if location.all("stub_status"):
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
            self.complain(asked, f'directory index of "{root}{path}" is forbidden' if listed else
                          f'open() "{root}{path}" failed (2: No such file or directory)')
            return Response(403 if listed else 404)
        return found._replace(status=301) if found.status == 302 else found._replace(body=b"") if found.status == 403 else found

    async def proxy(self, location: Block, asked: Request) -> Response:
        parts = urlsplit(self.fill(location.value("proxy_pass"), asked))
        servers = self.config.upstreams.get(parts.netloc, [parts.netloc])
        target = asked.target if not parts.path else parts.path + asked.target[len(location.words[-1]):]
        headers = {"Host": parts.netloc, "X-Forwarded-For": asked.client}
        headers |= {header.words[1]: self.fill(header.words[2], asked) for header in location.all("proxy_set_header")}
        for _ in servers:
            self.turn += 1
            try:
                reply = await fetch(self.process, f"http://{servers[self.turn % len(servers)]}{target}", asked.method, headers, asked.body)
                return Response(reply.status, reply.body, reply.headers.get("content-type", "text/plain"))
            except Failed as error:
                self.complain(asked, f"connect() failed ({error}) while connecting to upstream")
        return Response(502)

    def fill(self, text: str, asked: Request) -> str:
        """$variables of nginx; others are the request's headers."""
        host = asked.headers.get("host", "")
        values = {"host": host.partition(":")[0], "hostname": self.process.hostname, "uri": asked.path, "request_uri": asked.target,
                  "remote_addr": asked.client, "server_addr": self.process.address, "request_method": asked.method, "scheme": "http",
                  "http_host": host, "args": asked.target.partition("?")[2], "proxy_add_x_forwarded_for": asked.client,
                  "nginx_version": self.version, "server_port": "80"}

        def value(match: re.Match) -> str:
            return values.get(match[1], asked.headers.get(match[1].removeprefix("http_").replace("_", "-"), ""))
        return re.sub(r"\$\{?(\w+)\}?", value, text).replace("\\n", "\n")

    def page(self, status: int) -> str:
        title = f"{status} {phrase(status)}"
        return (f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
                f"<hr><center>nginx/{self.version}</center>\r\n</body>\r\n</html>\r\n")

    def complain(self, asked: Request, text: str) -> None:
        self.process.error(f'{stamp(self.process)} [error] 29#29: *1 {text}, client: {asked.client}, server: localhost, '
                           f'request: "{asked.line}", host: "{asked.headers.get("host", "")}"')


def stamp(process: Process) -> str:
    return f"{process.clock.date():%Y/%m/%d %H:%M:%S}"


async def nginx(process: Process) -> int:
    """nginx [-g DIRECTIVES] [-t] [-v] [-s SIGNAL]"""
    version = process.env.get("NGINX_VERSION", "1.29.0")
    words = process.args
    if "-v" in words or "-V" in words:
        process.error(f"nginx version: nginx/{version}")
        return 0
    if "-s" in words:
        return await _signal(process, words[words.index("-s") + 1:])
    try:
        server = Nginx(process, version)
        if "-t" in words:
            process.error("nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n"
                          "nginx: configuration file /etc/nginx/nginx.conf test is successful")
            return 0
        process.argv = ["nginx: master process " + " ".join(process.argv)]
        server.start()
    except ConfigError as error:
        process.error(f"{stamp(process)} [emerg] 1#1: {error}\nnginx: [emerg] {error}")
        return 1
    if not process.container.tty:
        notices = (f"nginx/{version}", 'using the "epoll" event method', "start worker processes")
        process.error("\n".join(f"{stamp(process)} [notice] 1#1: {text}" for text in notices))
    worker = process.fork(Process.forever, ["nginx: worker process"])  # only to be seen
    process.on_exit.append(lambda: worker.die(0))
    on_signals(process, "TERM", "QUIT")
    process.on_signal("HUP", lambda: _reload(server))
    await process.forever()


def _reload(server: Nginx) -> None:
    """A broken configuration leaves the old one in force."""
    try:
        server.config = Config(server.process.files)
        server.process.error(f"{stamp(server.process)} [notice] 1#1: signal 1 (SIGHUP) received, reconfiguring")
    except ConfigError as error:
        server.process.error(f"{stamp(server.process)} [emerg] 1#1: {error}")


async def _signal(process: Process, words: list[str]) -> int:
    master = next((other for _, other in sorted(process.space.processes.items()) if other.argv[0].startswith("nginx: master")), None)
    signal = {"reload": "HUP", "stop": "TERM", "quit": "QUIT", "reopen": "USR1"}.get(words[0] if words else "")
    if signal is None:
        raise Exit(process.fail(f'invalid option: "-s {" ".join(words)}"'))
    if master is None:
        process.error('nginx: [error] invalid PID number "" in "/run/nginx.pid"')
        return 1
    process.error(f"{stamp(process)} [notice] {process.pid}#{process.pid}: signal process started")
    return await kill_processes(process, [f"-{signal}", str(process.space.number_of(master))], "nginx")
