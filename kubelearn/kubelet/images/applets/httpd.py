"""Busybox's httpd, and the files that it and other simulated servers serve.

Leaves out: CGI, its configuration file."""
from __future__ import annotations

from kubelearn.kubelet.images.applets import applet, integer, options
from kubelearn.kubelet.images.http import Request, Response, content_type, serve
from kubelearn.kubelet.process import Process
from kubelearn.volumes import Directory


@applet("httpd")
async def httpd(process: Process) -> int:
    given, _ = options(process, "fvip:h:u:r:c:d:e:m:", usage="[-ifv[v]] [-c CONFFILE] [-p [IP:]PORT] [-u USER[:GRP]] [-r REALM] [-h HOME]")
    port, home = integer(process, given.get("p", "80").rpartition(":")[2]), process.path(given.get("h", "."))
    if "f" in given:
        return await _httpd(process, port, home)
    # without -f it goes to the background: a child serves on, the command itself is done
    problem = process.clock.future()
    child = process.fork(lambda daemon: _httpd(daemon, port, home, problem), list(process.argv), fds={})
    child.parent = None
    await process.sleep(0)
    if problem.done():
        return process.fail(problem.result())
    return 0


async def _httpd(process: Process, port: int, home: str, problem=None) -> int:
    async def answer(asked: Request) -> Response:
        return static_file(process, home, asked.path) or Response(
            404,
            "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>404 Not Found</H1>\n"
            "The requested URL was not found\n</BODY></HTML>\n",
            "text/html",
        )
    try:
        serve(process, port, answer)
    except OSError:
        if problem is not None:
            problem.set_result("bind: Address already in use")
            return 1
        return process.fail("bind: Address already in use")
    await process.forever()


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
