"""Users and groups by name, from the container's own /etc/passwd and /etc/group."""
from __future__ import annotations

from kubelearn.kubelet.process import Process
from kubelearn.kubelet.signals import Exit


def _names(process: Process, path: str) -> dict[str, str]:
    """Number by name."""
    try:
        text = process.files.as_user(0, (0,)).read(path).decode()
    except OSError:
        return {}
    return {line.split(":")[0]: line.split(":")[2] for line in text.splitlines() if line.count(":") >= 2}


def _name(process: Process, path: str, number: int) -> str:
    return next((name for name, known in _names(process, path).items() if known == str(number)), str(number))


def user_name(process: Process, uid: int) -> str:
    return _name(process, "/etc/passwd", uid)


def group_name(process: Process, gid: int) -> str:
    return _name(process, "/etc/group", gid)


def _id(process: Process, path: str, name: str, what: str) -> int:
    number = name if name.isdigit() else _names(process, path).get(name)
    if number is None:
        raise Exit(process.fail(f"unknown {what} {name}"))
    return int(number)


def user_id(process: Process, name: str) -> int:
    return _id(process, "/etc/passwd", name, "user")


def group_id(process: Process, name: str) -> int:
    return _id(process, "/etc/group", name, "group")
