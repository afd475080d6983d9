"""Busybox's httpd.

Leaves out: CGI, its configuration file."""
from __future__ import annotations

from kubelearn.kubelet.images.applets import Options, applet, integer
from kubelearn.kubelet.images.http import Request, Response, serve, static_file
from kubelearn.kubelet.process import Process

MISSING = "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>404 Not Found</H1>\nThe requested URL was not found\n</BODY></HTML>\n"


@applet("httpd", flags="fvp:h:u:", usage="[-fv] [-p [IP:]PORT] [-u USER[:GRP]] [-h HOME]")
async def httpd(process: Process, given: Options, words: list[str]) -> int:
    port, home = integer(process, given.get("p", "80").rpartition(":")[2]), process.path(given.get("h", "."))
    if "f" in given:
        return await _httpd(process, port, home)
    # without -f it goes to the background: a child serves on, the command itself is done
    problem = process.clock.future()
    child = process.fork(lambda daemon: _httpd(daemon, port, home, problem), list(process.argv), fds={})
    child.parent = None
    await process.sleep(0)
    return process.fail(problem.result()) if problem.done() else 0


async def _httpd(process: Process, port: int, home: str, problem=None) -> int:
    async def answer(asked: Request) -> Response:
        return static_file(process, home, asked.path) or Response(404, MISSING, "text/html")
    try:
        serve(process, port, answer)
    except OSError:
        if problem is not None:
            problem.set_result("bind: Address already in use")
        return process.fail("bind: Address already in use")
    await process.forever()
