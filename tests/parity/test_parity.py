"""What kubectl says here is what it said on a real cluster, in at least as many steps as ever before.

`kubelearn serve` runs in a process of its own; the recordings' own tool plays them. It mostly waits, so it goes on beside the other tests.
"""
from __future__ import annotations

import filecmp
import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kubelearn.kubectl import find

HERE = Path(__file__).parent
SHARED = HERE.parent.parent.parent / "shared" / "parity"
FLOORS = tomllib.loads((HERE / "floors.toml").read_text())
OWN = HERE / "own"
FAST, JOBS = 10, 4
COPIED = ("scenarios", "golden", "parity.py", "manifests.py", "manifests.yaml")

pytestmark = [pytest.mark.parity, pytest.mark.timeout(1800)]


@contextmanager
def serve(folder: Path, speed: float, nodes: int = 3) -> Iterator[Path]:
    """A served cluster; its kubeconfig. One node is what the kubelet-* scenarios were recorded with: a machine without a zone."""
    kubeconfig = folder / f"kubeconfig-{nodes}-{speed}"
    words = [Path(sys.executable).with_name("kubelearn"), "serve", "--nodes", str(nodes), "--speed", str(speed), "--kubeconfig", kubeconfig]
    words += ["--no-node-ports", *([] if nodes > 1 else ["--no-zones"])]  # notebooks that run meanwhile need theirs
    log = folder / f"serve-{nodes}-{speed}.log"
    with log.open("w") as errors, subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        try:
            assert process.stdout.readline().startswith("Serving "), log.read_text()
            yield kubeconfig
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0, log.read_text()


def play(kubeconfig: Path, folder: Path, speed: float, select: list[str | Path]) -> list[dict]:
    """Every step of the selected scenarios (words of parity.py: --only, --skip), with its differences."""
    result = folder / f"steps-{len(select)}-{speed}.json"
    words = [sys.executable, HERE / "parity.py", "compare", "--kubeconfig", kubeconfig, "--kubectl", find(), "--json", result]
    words += ["--speed", str(speed), "--jobs", str(JOBS), *select]
    environment = dict(os.environ) | {"KUBECACHEDIR": str(folder / "cache")}
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    (folder / f"differences-{result.stem}.txt").write_text(done.stdout)
    assert result.exists(), done.stdout + done.stderr
    return json.loads(result.read_text())


def outcome(folder: Path, kubelet: bool, own: bool = False) -> list[dict]:
    """All steps of one half: played fast, and where that is not enough what differed again at the speed of the recordings."""
    nodes, words = 1 if kubelet else 3, ["--dir", OWN] if own else []
    with serve(folder, FAST, nodes) as kubeconfig:
        found = play(kubeconfig, folder, FAST, [*words, "--only" if kubelet else "--skip", "kubelet-"])
    again = sorted({step["scenario"] for step in found if step["differs"]})
    if passed(found, kubelet) >= least(found, kubelet, own):
        return found
    with serve(folder, 1, nodes) as kubeconfig:
        slow = play(kubeconfig, folder, 1, [*words, *(word for name in again for word in ("--only", name))])
    return [step for step in found if step["scenario"] not in again] + [step for step in slow if step["scenario"] in again]


def least(found: list[dict], kubelet: bool, own: bool) -> float:
    """How many steps must match."""
    return FLOORS["own"] * len(found) if own else FLOORS["kubelet_steps" if kubelet else "steps"]


def passed(found: list[dict], kubelet: bool) -> int:
    return sum(not step["differs"] for step in found if step["scenario"].startswith("kubelet-") == kubelet)


def told(found: list[dict], kubelet: bool) -> str:
    return "\n".join(f"{s['scenario']}: {s['step']} {s['differs'][:3]}" for s in found
                     if s["differs"] and s["scenario"].startswith("kubelet-") == kubelet)


def manifests(folder: Path) -> subprocess.CompletedProcess | None:
    """Exit codes, errors, warnings and defaults of other people's files; the last line begins with how many match."""
    if not (SHARED / "manifests").is_dir():
        return None
    with serve(folder, 1) as kubeconfig:
        words = [sys.executable, HERE / "manifests.py", "compare", "--kubeconfig", kubeconfig, "--kubectl", find(), "--jobs", str(JOBS)]
        return subprocess.run([*words, "--files", SHARED / "manifests"], capture_output=True, text=True)


@pytest.mark.beside(work=outcome, kubelet=False)
def test_control_plane(found):
    """Steps of the scenarios that need no kubelet."""
    assert passed(found, False) >= FLOORS["steps"], told(found, False)


@pytest.mark.beside(work=outcome, kubelet=True)
def test_kubelet(found):
    """Steps of the scenarios that were recorded with a real kubelet and real containers."""
    assert passed(found, True) >= FLOORS["kubelet_steps"], told(found, True)


@pytest.mark.skipif(not (SHARED / "manifests").is_dir(), reason="the manifests from the wild are not beside the checkout")
@pytest.mark.beside(work=manifests)
def test_manifests_from_the_wild(found):
    assert int(found.stdout.splitlines()[-1].split()[0]) >= FLOORS["manifests"], found.stdout + found.stderr


@pytest.mark.parametrize("kubelet", [pytest.param(half, marks=pytest.mark.beside(work=outcome, kubelet=half, own=True))
                                     for half in (False, True)])
def test_own_recordings(found, kubelet):
    """What was recorded here in addition, of which a few steps race with kubectl itself."""
    assert passed(found, kubelet) >= least(found, kubelet, True), told(found, kubelet)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recordings are not beside the checkout")
@pytest.mark.parametrize("name", COPIED)
def test_the_copy_is_as_recorded(name):
    ours, theirs = HERE / name, SHARED / name
    if theirs.is_file():
        assert ours.read_bytes() == theirs.read_bytes()
        return
    names = sorted(path.name for path in theirs.glob("*.yaml"))
    assert sorted(path.name for path in ours.glob("*.yaml")) == names
    assert filecmp.cmpfiles(ours, theirs, names, shallow=False)[1:] == ([], [])
