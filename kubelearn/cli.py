"""The command `kubelearn`: lab opens the course, serve runs a cluster in the foreground, doctor says what this machine can do.

Part of Kubernetes: none. Leaves out: everything that kubectl does.
"""
from __future__ import annotations

import signal
import subprocess
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Kubernetes, small enough to read, for learning.")
console = Console(highlight=False, soft_wrap=True)


@app.command()
def lab(
    reset: Annotated[bool, typer.Option("--reset", help="Begin again: your copy of the lessons is kept beside as a backup.")] = False,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="JupyterLab's port; the first free from 8888 unless named.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address instead of opening a browser.")] = False,
) -> None:
    """Open the course in JupyterLab, on a copy of the lessons that is yours."""
    from kubelearn import lab as launcher
    folder, kept, backup = launcher.prepare(reset)
    if backup:
        console.print(f"Begun again. What you had is in {backup}")
    for name in kept:
        console.print(f"{name}: the course has a new edition; yours is kept because you changed it (`kubelearn lab --reset` begins again)")
    console.print(f"Your lessons are in {folder}. Stop with Ctrl-C.")
    raise typer.Exit(_until_it_ends(subprocess.Popen(launcher.command(folder, port, not no_browser), env=launcher.environment())))


def _until_it_ends(process: subprocess.Popen) -> int:
    """Ctrl-C reaches JupyterLab by itself, a plain kill through us; either way we leave when it has."""
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


@app.command()
def serve(
    kubeconfig: Annotated[Path, typer.Option(help="Where to write the kubeconfig (mode 0600).")],
    nodes: Annotated[int, typer.Option(min=0, help="How many nodes: node-1, node-2...")] = 3,
    speed: Annotated[float, typer.Option(min=0.001, help="Virtual seconds a second.")] = 1.0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The API server's port; any free one unless named.")] = 0,
    profile: Annotated[str, typer.Option(help="plain, kind, minikube or cloud: what a cluster has beside Kubernetes itself.")] = "plain",
    zones: Annotated[bool, typer.Option(help="Put the nodes into zones a, b, c in turn.")] = True,
    node_ports: Annotated[bool, typer.Option(help="Open node ports on this machine's loopback as well.")] = True,
    seed: Annotated[int, typer.Option(help="Generated names and choices follow from it.")] = 0,
) -> None:
    """Serve a live cluster until interrupted, for kubectl in a terminal or any other client."""
    from kubelearn import kubectl
    from kubelearn.cluster import Cluster
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    machines = nodes if zones else [{"zone": ""} for _ in range(nodes)]
    try:
        with Cluster(nodes=machines, seed=seed, profile=profile, port=port, node_ports=node_ports) as cluster:
            kubectl.write_private(kubeconfig.absolute(), Path(cluster.kubeconfig).read_text())
            cluster.live(speed)
            print(f"Serving {nodes} nodes at speed {speed:g}: kubectl --kubeconfig {kubeconfig} get nodes", flush=True)
            ended.wait()
    except (ValueError, OSError) as error:  # no such profile, a port that is taken, a path where nothing can be written
        raise SystemExit(f"kubelearn serve: {error}") from None


@app.command()
def doctor() -> None:
    """Say what this machine can do, and what to do about what it cannot."""
    from kubelearn import doctor as examination
    findings = examination.examine()
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else "[red]missing[/]" if finding.needed else "[yellow]no[/]"
        table.add_row(mark, finding.what, escape(finding.found if finding.ok else f"{finding.found}: {finding.advice}"))
    console.print(table)
    raise typer.Exit(int(any(finding.needed and not finding.ok for finding in findings)))


def main() -> None:
    app()
