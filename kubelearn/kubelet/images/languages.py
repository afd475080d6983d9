"""python, perl and node as far as manifests use them: a clear set, nothing of it runs on the host.

python: -m http.server, -c with print() of literals and time.sleep(); perl: the print and the pi of the Job tutorial.
Anything else says that it is not simulated. Leaves out: the languages themselves.
"""
from __future__ import annotations

import ast
import re
from decimal import Decimal, localcontext

from kubelearn.kubelet.images import DATA
from kubelearn.kubelet.images.http import Request, Response, serve, static_file
from kubelearn.kubelet.process import Process
from kubelearn.volumes import Directory

ONLY = "{0} is simulated: it knows {1}. For your own program write an image: @image(\"name:tag\") async def program(process)"


LISTING = """<!DOCTYPE HTML>
<html lang="en">
<head>
<title>Directory listing for {path}</title>
</head>
<body>
<h1>Directory listing for {path}</h1>
<hr>
<ul>
{rows}</ul>
<hr>
</body>
</html>
"""
MISSING = "<html><body><h1>Error response</h1><p>Error code: 404</p></body></html>\n"


# --- Python -------------------------------------------------------------------------------------------------------

async def python(process: Process) -> int:
    words = process.args
    if words[:1] in (["--version"], ["-V"]):
        process.print(f"Python {process.env.get('PYTHON_VERSION', '3.13.7')}")
        return 0
    words = [word for word in words if word not in ("-u", "-B")]
    if words[:2] == ["-m", "http.server"]:
        return await _http_server(process, words[2:])
    if words[:1] == ["-c"] and len(words) > 1:
        return await _python_lines(process, words[1])
    if not words:
        return 0
    if words[0] not in ("-c", "-m") and process.files.find(process.path(words[0])) is None:
        process.error(f"python3: can't open file '{process.path(words[0])}': [Errno 2] No such file or directory")
        return 2
    process.error(ONLY.format("python", "-m http.server, and -c with print(...) and time.sleep(...)"))
    return 1


async def _http_server(process: Process, words: list[str]) -> int:
    port = next((int(word) for word in words if word.isdigit()), 8000)
    home = next((value for flag, value in zip(words, words[1:]) if flag in ("-d", "--directory")), process.cwd)

    def log(asked: Request, response: Response, size: int) -> None:
        process.error(f'{asked.client} - - [] "{asked.line}" {response.status} -')

    async def answer(asked: Request) -> Response:
        node = process.files.find(f"{home}/{asked.path}")
        if isinstance(node, Directory) and asked.path.endswith("/") and node.lookup("index.html") is None:
            rows = "".join(f'<li><a href="{name}">{name}</a></li>\n' for name in node.names())
            return Response(200, LISTING.format(path=asked.path, rows=rows), "text/html; charset=utf-8")
        return static_file(process, home, asked.path) or Response(404, MISSING, "text/html")
    try:
        serve(process, port, answer, server="SimpleHTTP/0.6 Python/3.13.7", log=log)
    except OSError:
        process.error("OSError: [Errno 98] Address already in use")
        return 1
    process.print(f"Serving HTTP on 0.0.0.0 port {port} (http://0.0.0.0:{port}/) ...")
    await process.forever()


async def _python_lines(process: Process, text: str) -> int:
    """print of literals and time.sleep, read as a tree and never run."""
    try:
        for statement in ast.parse(text).body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                continue
            call = statement.value if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) else None
            name = ast.unparse(call.func) if call else ""
            values = [ast.literal_eval(argument) for argument in call.args] if call else []
            if name == "print":
                process.print(*values)
            elif name in ("time.sleep", "sleep"):
                await process.sleep(float(values[0]))
            elif name in ("exit", "sys.exit", "quit"):
                return int(values[0]) if values else 0
            else:
                raise ValueError
    except SyntaxError as error:
        process.error(f'  File "<string>", line {error.lineno}\n    {(error.text or "").strip()}\nSyntaxError: {error.msg}')
        return 1
    except (ValueError, TypeError, IndexError):
        process.error(ONLY.format("python", "-m http.server, and -c with print(...) of literals and time.sleep(...)"))
        return 1
    return 0


# --- Perl ---------------------------------------------------------------------------------------------------------

def pi(digits: int) -> str:
    """The last digit is rounded."""
    with localcontext() as context:
        context.prec = digits
        return str(+Decimal((DATA / "pi.txt").read_text().strip()))


async def perl(process: Process) -> int:
    words = process.args
    script = next((words[at + 1] for at, word in enumerate(words[:-1]) if re.fullmatch(r"-\w*e", word)), "")
    newline = "\n" if any(re.fullmatch(r"-\w*l\w*e", word) for word in words) else ""
    if match := re.fullmatch(r"\s*print\s+bpi\((\d+)\)\s*;?\s*", script):
        await process.sleep(min(int(match[1]), 5000) / 400)
        process.stdout.write((pi(min(int(match[1]), 5000)) + newline).encode())
        return 0
    if match := re.fullmatch(r"""\s*print\s+["'](.*)["']\s*;?\s*""", script):
        process.stdout.write((match[1].replace("\\n", "\n") + newline).encode())
        return 0
    process.error(ONLY.format("perl", 'print "text" and print bpi(N)'))
    return 1


# --- Node.js ------------------------------------------------------------------------------------------------------

async def node(process: Process) -> int:
    if process.args[:1] in (["--version"], ["-v"]):
        process.print("v22.20.0")
        return 0
    process.error(ONLY.format("node", "--version"))
    return 1
