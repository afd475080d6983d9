"""What kubectl says here is what it said on a real cluster, in at least as many steps as ever before.

`kubelearn serve` runs in a process of its own; the recordings' own tool plays them.
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
FAST, JOBS = 10, 4
COPIED = ("scenarios", "golden", "parity.py", "manifests.py", "manifests.yaml")

pytestmark = pytest.mark.parity


@contextmanager
def serve(folder: Path, speed: float) -> Iterator[Path]:
    """A served cluster; its kubeconfig."""
    kubeconfig = folder / f"kubeconfig-{speed}"
    words = [Path(sys.executable).with_name("kubelearn"), "serve", "--nodes", "3", "--speed", str(speed), "--kubeconfig", kubeconfig]
    log = folder / f"serve-{speed}.log"
    with log.open("w") as errors, subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        try:
            assert process.stdout.readline().startswith("Serving 3 nodes"), log.read_text()
            yield kubeconfig
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0, log.read_text()


def play(kubeconfig: Path, folder: Path, speed: float, only: list[str]) -> list[dict]:
    """Every step of the scenarios named, with its differences."""
    result = folder / f"steps-{speed}.json"
    words = [sys.executable, HERE / "parity.py", "compare", "--kubeconfig", kubeconfig, "--kubectl", find(), "--json", result]
    words += ["--speed", str(speed), "--jobs", str(JOBS), *(word for name in only for word in ("--only", name))]
    environment = dict(os.environ) | {"KUBECACHEDIR": str(folder / "cache")}
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    (folder / f"differences-{speed}.txt").write_text(done.stdout)
    assert result.exists(), done.stdout + done.stderr
    return json.loads(result.read_text())


@pytest.fixture(scope="module")
def steps(tmp_path_factory) -> list[dict]:
    """All steps: played fast, and what differed played again at the speed of the recordings."""
    folder = tmp_path_factory.mktemp("parity")
    with serve(folder, FAST) as kubeconfig:
        found = play(kubeconfig, folder, FAST, [])
    again = sorted({step["scenario"] for step in found if step["differs"]})
    if not again or enough(found):
        return found
    with serve(folder, 1) as kubeconfig:
        slow = play(kubeconfig, folder, 1, again)
    return [step for step in found if step["scenario"] not in again] + slow


def enough(found: list[dict]) -> bool:
    return passed(found, False) >= FLOORS["steps"] and passed(found, True) >= FLOORS["kubelet_steps"]


def passed(found: list[dict], kubelet: bool) -> int:
    return sum(not step["differs"] for step in found if step["scenario"].startswith("kubelet-") == kubelet)


def told(found: list[dict], kubelet: bool) -> str:
    return "\n".join(f"{s['scenario']}: {s['step']} {s['differs'][:3]}" for s in found
                     if s["differs"] and s["scenario"].startswith("kubelet-") == kubelet)


def test_control_plane(steps):
    """Steps of the scenarios that need no kubelet."""
    assert passed(steps, False) >= FLOORS["steps"], told(steps, False)


def test_kubelet(steps):
    """Steps of the scenarios that were recorded with a real kubelet and real containers."""
    assert passed(steps, True) >= FLOORS["kubelet_steps"], told(steps, True)


@pytest.mark.skipif(not (SHARED / "manifests").is_dir(), reason="the manifests from the wild are not beside the checkout")
def test_manifests_from_the_wild(tmp_path):
    """Exit codes, errors, warnings and defaults of other people's files."""
    with serve(tmp_path, 1) as kubeconfig:
        words = [sys.executable, HERE / "manifests.py", "compare", "--kubeconfig", kubeconfig, "--kubectl", find(), "--jobs", str(JOBS)]
        done = subprocess.run([*words, "--files", SHARED / "manifests"], capture_output=True, text=True)
    assert int(done.stdout.splitlines()[-1].split()[0]) >= FLOORS["manifests"], done.stdout + done.stderr


@pytest.mark.skipif(not any((HERE / "own" / "scenarios").glob("*.yaml")), reason="nothing of our own is recorded")
def test_own_recordings(tmp_path):
    """What was recorded here in addition matches whole."""
    with serve(tmp_path, 1) as kubeconfig:
        words = [sys.executable, HERE / "parity.py", "compare", "--kubeconfig", kubeconfig, "--kubectl", find(), "--dir", HERE / "own"]
        done = subprocess.run([*words, "--jobs", str(JOBS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


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
