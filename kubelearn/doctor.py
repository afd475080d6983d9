"""What this machine can do: each thing that a lesson, a picture or a test needs, looked for by trying it.

Part of Kubernetes: none. Leaves out: repairing anything; each finding says what would.
"""
from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from typing import NamedTuple

from kubelearn import kubectl

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


class Finding(NamedTuple):
    """One thing: whether it is there, what was found, and for whom it is needed ('needed': the course does not run without it)."""

    what: str
    ok: bool
    found: str
    needed: bool = False
    advice: str = ""


def examine() -> list[Finding]:
    return [look() for look in LOOKS]


def python() -> Finding:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("Python", sys.version_info >= (3, 11), found, True, "3.11 or newer is needed")


def kubectl_binary() -> Finding:
    try:
        binary = kubectl.find()
    except kubectl.KubectlError as error:
        return Finding("kubectl", False, "none", True, str(error))
    major, minor = kubectl.version(binary)
    return Finding("kubectl", major > 0, f"{major}.{minor} ({binary})", True, "it does not answer")


def jupyterlab() -> Finding:
    return _distributions("JupyterLab", "jupyterlab")


def pictures() -> Finding:
    return _distributions("pictures", "graphviz", "graphviz-pure", "ipywidgets", "anywidget")


def _distributions(what: str, *names: str) -> Finding:
    """Whether all of these are installed."""
    missing, found = [], []
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    return Finding(what, not missing, ", ".join(found) or "none", True, f"pip install {' '.join(missing)}")


def browser() -> str | None:
    """The system's Chromium or Chrome, for the browser tests."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def chromium() -> Finding:
    path = browser()
    return Finding("Chromium", path is not None, path or "none", False, "only the tests of notebooks in a browser need it")


RECORDED = "the lesson then shows a recording; the simulated containers need none of it"


def namespaces() -> Finding:
    """A process with its own host name, process numbers and mounts, as lesson 01 builds one by hand."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return Finding("namespaces", False, "there is no unshare here", False, RECORDED)
    words = [unshare, "--user", "--map-root-user", "--uts", "--pid", "--fork", "--mount", "--mount-proc", "hostname", "box"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20)
    refused = (done.stderr.strip().splitlines() or ["refused"])[-1]
    return Finding("namespaces", done.returncode == 0, "permitted" if done.returncode == 0 else refused, False, RECORDED)


def cgroups() -> Finding:
    """A limit of one's own: whether this user may make a cgroup, of version 2 or 1."""
    for place, version in (("/sys/fs/cgroup/cgroup.controllers", 2), ("/sys/fs/cgroup/memory/tasks", 1)):
        if os.path.exists(place):
            may = os.access(os.path.dirname(place), os.W_OK)
            return Finding("cgroups", may, f"version {version}, {'permitted' if may else 'not permitted'}", False, RECORDED)
    return Finding("cgroups", False, "none", False, RECORDED)


def private_folder() -> Finding:
    try:
        return Finding("folder", True, str(kubectl.home()))
    except OSError as error:
        return Finding("folder", False, str(error), True, "KUBELEARN_HOME can name another")


LOOKS: tuple[Callable[[], Finding], ...] = (python, kubectl_binary, jupyterlab, pictures, private_folder, chromium, namespaces, cgroups)
