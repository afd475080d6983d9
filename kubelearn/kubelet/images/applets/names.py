"""Users and groups by name, from the container's own /etc/passwd and /etc/group."""
from __future__ import annotations

from kubelearn.kubelet.process import Exit, Process


def _rows(process: Process, path: str) -> list[list[str]]:
    try:
        return [line.split(":") for line in process.files.as_user(0, (0,)).read(path).decode().splitlines() if ":" in line]
    except OSError:
        return []


def _name(process: Process, path: str, number: int) -> str:
    return next((row[0] for row in _rows(process, path) if row[2] == str(number)), str(number))


def _id(process: Process, path: str, name: str, what: str) -> int:
    if name.isdigit():
        return int(name)
    found = next((int(row[2]) for row in _rows(process, path) if row[0] == name), None)
    if found is None:
        process.error(f"{process.name}: unknown {what} {name}")
        raise Exit(1)
    return found


def user_name(process: Process, uid: int) -> str:
    return _name(process, "/etc/passwd", uid)


def group_name(process: Process, gid: int) -> str:
    return _name(process, "/etc/group", gid)


def user_id(process: Process, name: str) -> int:
    return _id(process, "/etc/passwd", name, "user")


def group_id(process: Process, name: str) -> int:
    return _id(process, "/etc/group", name, "group")
