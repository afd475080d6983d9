"""The table: every figure several times, median and spread. `make bench BENCH="--runs 3 --only draw"` for a part."""
from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent


class Measure(NamedTuple):
    """A row's name, the work and its arguments, and the aim for its first figure (None: none); few: at most so many runs."""

    name: str
    work: str
    arguments: tuple = ()
    aim: str = ""
    few: int = 99


SIZES = ((10, 10, ""), (100, 10, ""), (1000, 12, "< 1.5 s"), (10_000, 200, "< 18 s"))
MEASURES = [
    Measure("import to first pod Ready", "first_ready", (), "< 0.5 s"),
    Measure("the same, served, with kubectl", "first_ready_kubectl", (), "< 1.5 s"),
    *(Measure(f"{pods:,} pods on {nodes} nodes, in process", "in_process", (pods, nodes), aim, 3 if pods > 1000 else 99)
      for pods, nodes, aim in SIZES),
    *(Measure(f"{pods:,} pods on {nodes} nodes, kubectl over HTTPS", "https", (pods, nodes), "", 2 if pods > 1000 else 99)
      for pods, nodes, _ in SIZES),
    Measure("kubectl at 3 pods", "calls", (3, 3), "one call < 0.15 s"),
    Measure("kubectl at 1,000 pods", "calls", (1000, 12), "get pods < 0.4 s", 3),
    Measure("memory of a kernel, served, 1,000 pods", "memory", (1000, 12), "< 150 MB", 3),
    Measure("pictures at 30 pods", "pictures", (30, 3), "draw < 0.05 s"),
    Measure("a step of the player at 30 pods", "player_step", (30, 3), "< 0.005 s", 3),
    *(Measure(f"notebook {path.stem}", "notebook", (path,), "< 10 s" if path.stem == "00_start" else "", 3)
      for path in sorted((ROOT / "notebooks").glob("*.ipynb"))),
]


def once(measure: Measure, home: str) -> dict[str, float] | str:
    """The figures of one run, or the last line of what went wrong."""
    words = [sys.executable, "-m", "bench.work", measure.work, *map(str, measure.arguments)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, env=dict(os.environ) | {"KUBELEARN_HOME": home})
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["failed"])[-1]
    return json.loads(done.stdout.splitlines()[-1])


def row(measure: Measure, runs: int) -> list[tuple[str, str, str, str, str]]:
    """One line of the table for each figure: name, median, least to most, runs, aim."""
    with tempfile.TemporaryDirectory(prefix="kubelearn-bench-") as home:
        results = [once(measure, home) for _ in range(min(runs, measure.few))]
    failed = next((result for result in results if isinstance(result, str)), None)
    if failed:
        return [(measure.name, "failed", failed[:60], "", measure.aim)]
    lines = []
    for number, figure in enumerate(results[0]):
        values = [result[figure] for result in results]
        spread, aim = f"{_short(min(values))} to {_short(max(values))}", "" if number else measure.aim
        lines.append((f"{measure.name}: {figure}", _short(statistics.median(values)), spread, str(len(values)), aim))
    return lines


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main(
    runs: Annotated[int, typer.Option(min=1, help="How often each is measured; the slowest ones less.")] = 5,
    only: Annotated[list[str] | None, typer.Option(help="Rows whose name or work contains this.")] = None,
) -> None:
    """Measures what kubelearn costs on this machine and prints a table."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    table = Table("figure", "median", "least to most", "runs", "aim", box=None, pad_edge=False)
    for measure in MEASURES:
        if not only or any(word in f"{measure.name} {measure.work}" for word in only):
            with console.status(measure.name):
                for line in row(measure, runs):
                    table.add_row(*line)
    console.print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
