"""gitRepo volumes: a real `git clone`, copied into a simulated file tree.

Part of Kubernetes: pkg/volume/git_repo. It runs the machine's git, so it reaches what the learner's machine reaches: a
local repository, and with a network any other. This is the one place where a pod's files come from outside.
Leaves out: submodules.
"""
from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from kubelearn.volumes import Directory, File, Symlink


class CloneError(Exception):
    """What git said."""


def clone(repository: str, revision: str, directory: str, now: float) -> tuple[str, Directory]:
    """(name of the directory in the volume, or "."; its tree). CloneError."""
    if repository.startswith("-") or revision.startswith("-"):
        raise CloneError(f"{repository} {revision} may not begin with a dash".replace("  ", " "))
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "clone"
        _git("clone", "--quiet", "--", repository, str(target))
        if revision:
            _git("-C", str(target), "checkout", "--quiet", revision)
        return directory or Path(repository).name.removesuffix(".git"), _copy(target, now)


def _git(*arguments: str) -> None:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CloneError(f"failed to exec 'git {arguments[0]}': {error}") from error
    if done.returncode:
        raise CloneError(f"failed to exec 'git {arguments[0]}': {done.stderr.strip()}: exit status {done.returncode}")


def _copy(path: Path, now: float) -> Directory:
    directory = Directory(mtime=now)
    for entry in sorted(path.iterdir()):
        if entry.is_symlink():
            directory.put(entry.name, Symlink(str(entry.readlink()), now))
        elif entry.is_dir():
            directory.put(entry.name, _copy(entry, now))
        else:
            directory.put(entry.name, File(entry.read_bytes(), entry.stat().st_mode & 0o777, mtime=now))
    return directory
