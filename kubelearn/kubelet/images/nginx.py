"""nginx: serves files and proxies as its configuration says, with its access log, error pages and signals.

Understands: server with listen, server_name, root, index, location (prefix, =, ~), return, proxy_pass, upstream, add_header,
try_files, error_page by default. Leaves out: everything else, which is ignored; a broken file stops it as the real one.
"""
from __future__ import annotations

import re

from kubelearn.kubelet.images import ImageInfo, catalogue
from kubelearn.kubelet.images.busybox import alpine_tree, debian_tree
from kubelearn.kubelet.images.curl import curl
from kubelearn.kubelet.images.nginx_server import nginx
from kubelearn.kubelet.process import Executable, Process
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
