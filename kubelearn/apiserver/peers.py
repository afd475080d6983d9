"""Whether the program at the other end of a loopback connection has something to do, as Linux shows it under /proc.

Part of Kubernetes: none; the pump asks, before it lets time jump on. A program all of whose threads sleep has done what there was
to do with what it was told. One that waits for its turn on a busy machine has not, however long ago it was told.
Leaves out: other systems, and programs that are not ours to look at (another user's, another container's): of those nothing is known.
"""
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

SLEEPS = ("S", "I", "T", "t")  # asleep, idle, stopped by a signal or a debugger; others run, wait for a disk, or are ending
ESTABLISHED = "01"


def process_at(port: int) -> int | None:
    """Who has the local end of a connection at a port of 127.0.0.1; the newest programs are looked at first."""
    link = _socket_at(port)
    if link is not None:
        for pid in sorted(map(int, filter(str.isdigit, os.listdir("/proc"))), reverse=True):
            if link in _links(f"/proc/{pid}/fd"):
                return pid
    return None


def _socket_at(port: int) -> str | None:
    try:
        with open("/proc/net/tcp") as table:
            next(table)
            for line in table:
                _, local, _, state, *_, inode = line.split()[:10]
                if state == ESTABLISHED and local == f"0100007F:{port:04X}":
                    return f"socket:[{inode}]"
    except (OSError, StopIteration, ValueError):
        pass
    return None


def _links(folder: str) -> Iterator[str]:
    with suppress(OSError):  # gone, or not ours to look at
        for name in os.listdir(folder):
            with suppress(OSError):
                yield os.readlink(f"{folder}/{name}")


def at_work(pid: int) -> bool:
    """Does one of its threads run, or want to? So does a program that has just ended: its connections will be seen to close."""
    try:
        return any(_state(f"/proc/{pid}/task/{thread}/stat") not in SLEEPS for thread in os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return True


def _state(path: str) -> str:
    with open(path) as stat:
        return stat.read().rpartition(")")[2].split(None, 1)[0]


def crowd() -> float:
    """How many programs want to run for each core, in the last minute; 1 on a machine with a core to spare."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
