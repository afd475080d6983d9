"""A container made by hand, for real, on the machine where the notebook runs: namespaces, a root directory, a control group.

Part of Kubernetes: what containerd and runc do for every container. Rule: what this machine permits is done and shown; what it
forbids is shown as recorded elsewhere, and says so. Law 4 is for clusters: this measures the learner's own machine.
Leaves out: images, a network namespace, capabilities, seccomp.
"""
from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kubelearn.api import quantity

CGROUPS = Path("/sys/fs/cgroup")
APART = ["--user", "--map-root-user", "--pid", "--fork", "--uts", "--mount"]
ROOT = """set -e; root=$1; box=$2; mkdir -p $root/bin $root/proc; cp $box $root/bin/busybox
for applet in $($box --list); do ln -sf busybox $root/bin/$applet; done
for library in $(ldd $box 2>/dev/null | grep -o '/[^ )]*'); do mkdir -p $root$(dirname $library); cp -L $library $root$library; done"""
ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@"'  # this shell joins each group, then becomes the command
PRELUDE = "read go; hostname box; mount -t proc proc /proc; "  # the host looks first; what runc does before it starts the program
PERIOD = 100_000  # microseconds of a CPU quota's period
SECONDS = 60  # real ones, after which a script has hung

# what the machine of a Debian 12, root, with cgroups of version 1, answered
RECORDED = {
    "ps -o pid,comm; hostname; ls /":
        "PID   COMMAND\n    1 sh\n    4 ps\nbox\nbin\nlib\nlib64\nproc\n(process 1 in there is process 24116 of this machine)",
    "x=a; while [ ${#x} -lt 20000000 ]; do x=$x$x; done; echo alive":
        "(process 1 in there is process 24131 of this machine; over its memory limit: killed by the kernel; exit code 137)",
    "time sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'":
        "real\t0m 1.11s\nuser\t0m 0.11s\nsys\t0m 0.00s\n(process 1 in there is process 24160 of this machine; held back 11 times, 1.0 s in all)",
}


class Forbidden(Exception):
    """This machine does not permit it, with the reason."""


class Output:
    """What was answered: prints as it is."""

    def __init__(self, text: str, code: int = 0):
        self.text, self.code = text, code

    def __repr__(self) -> str:
        return self.text


def run(script: str, memory: str | None = None, cpu: float | None = None, folder: str = "byhand") -> Output:
    """Runs a shell's script in a container made by hand. memory ("16Mi") and cpu (CPUs, 0.25) are limits of its control group."""
    try:
        with control_group(memory, cpu) as groups:
            return _run(script, groups, Path(folder))
    except Forbidden as why:
        found = RECORDED.get(script)
        return Output(f"(recorded elsewhere; here: {why})\n{found}" if found else f"(this machine does not permit it: {why})", 1)


def _run(script: str, groups: list[Path], folder: Path) -> Output:
    root_directory(folder)
    joins = [str(group / "cgroup.procs") for group in groups]
    words = ["sh", "-c", ENTER, "sh", *joins, "--", _found("unshare"), *APART, "chroot", str(folder), "/bin/sh", "-c", PRELUDE + script]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    number = _child_of(process)
    try:
        out, err = process.communicate("\n", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise Forbidden(f"it ran for more than {SECONDS} seconds") from None
    finally:
        if process.poll() is None and number:  # also where the learner interrupts: with its process 1 all in there ends
            os.kill(number, signal.SIGKILL)
            process.wait()
    if number is None:
        raise Forbidden((err.strip().splitlines() or ["it did not start"])[-1])
    killed, code = any(_count(group, "oom_kill") for group in groups), process.returncode
    code, err = (128 + signal.SIGKILL, "") if killed else (code, err)  # unshare may lose the code of a child that was killed
    notes = [f"process 1 in there is process {number} of this machine", "over its memory limit: killed by the kernel" * killed,
             f"exit code {code}" * bool(code), *(_held_back(group) for group in groups)]
    return Output("\n".join(filter(None, [(out + err).rstrip(), f"({'; '.join(filter(None, notes))})"])), code)


def _count(group: Path, name: str) -> int:
    """A counter of the group, whichever version keeps it in whichever file; 0 where nobody does."""
    for file in ("memory.events", "memory.oom_control", "cpu.stat"):
        with suppress(OSError):
            if found := re.search(rf"^{name} (\d+)$", (group / file).read_text(), re.MULTILINE):
                return int(found[1])
    return 0


def _held_back(group: Path) -> str:
    seconds = _count(group, "throttled_usec") / 1e6 + _count(group, "throttled_time") / 1e9
    return f"held back {_count(group, 'nr_throttled')} times, {seconds:.1f} s in all" if seconds else ""


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise Forbidden(f"there is no {program}")
    return path


def root_directory(folder: Path) -> None:
    """A folder that will be / in there: busybox, the libraries it needs, an empty /proc."""
    if not (folder / "bin" / "sh").exists():
        made = subprocess.run(["sh", "-c", ROOT, "sh", str(folder), _found("busybox")], capture_output=True, text=True)
        if made.returncode:
            raise Forbidden((made.stderr.strip().splitlines() or ["no root directory could be made"])[-1])


def _child_of(process: subprocess.Popen) -> int | None:
    """The number on this machine of the one child, which waits for our word; None when there was never one."""
    while process.poll() is None:
        for status in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError, IndexError):
                if int(status.read_text().rpartition(")")[2].split()[1]) == process.pid:
                    return int(status.parent.name)
        time.sleep(0.002)
    return None


# --- control groups ---------------------------------------------------------------------------------------------------

@contextmanager
def control_group(memory: str | None, cpu: float | None) -> Iterator[list[Path]]:
    """Directories of a new control group with these limits: one in version 2, one for each controller in version 1. Gone afterwards."""
    made: list[Path] = []
    try:
        for controllers in _wanted(memory, cpu):
            made.append(_make(controllers))
            for name, value in controllers.items():
                _write(made[-1] / name, value)
        yield made
    finally:
        for group in made:
            _remove(group)


def _wanted(memory: str | None, cpu: float | None) -> list[dict[str, str]]:
    """For each directory to be made: its files and what to write, in that order."""
    size = str(quantity.value(memory)) if memory else None
    quota = str(int(cpu * PERIOD)) if cpu else None
    if (CGROUPS / "cgroup.controllers").exists():
        files = {"memory.max": size, "memory.swap.max": size and "0", "cpu.max": quota and f"{quota} {PERIOD}"}
        found = [{name: value for name, value in files.items() if value}]
    else:
        found = [{"memory.limit_in_bytes": size, "memory.memsw.limit_in_bytes": size} if size else {},
                 {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": quota} if quota else {}]
    return [files for files in found if files]


def _make(files: dict[str, str]) -> Path:
    """A new directory, as near to the hierarchy's root as one may write, that has the first of these files."""
    first = next(iter(files))
    for parent in _parents(first.partition(".")[0]):
        group = parent / f"kubelearn-{os.getpid()}"
        with suppress(OSError):
            group.mkdir()
            if os.access(group / first, os.W_OK):
                return group
            group.rmdir()
    raise Forbidden("no control group may be made")


def _parents(controller: str) -> Iterator[Path]:
    """The hierarchy's root, then the groups down to this process's own."""
    place = Path("/proc/self/cgroup")  # which only Linux has
    said = place.read_text() if place.exists() else ""
    own = re.search(rf"^\d+:(?:[^:\n]*,)?{controller}(?:,[^:\n]*)?:(.*)$|^0::(.*)$", said, re.MULTILINE)
    root = CGROUPS / controller if (CGROUPS / controller).is_dir() else CGROUPS
    parts = Path((own and (own[1] or own[2])) or "/").parts[1:]
    return (root.joinpath(*parts[:count]) for count in range(len(parts) + 1))


def _write(file: Path, value: str) -> None:
    """A kernel without swap accounting lacks the files of swap; all others must take what is written."""
    if "sw" in file.name and not file.exists():
        return
    try:
        file.write_text(value)
    except OSError as error:
        raise Forbidden(f"{file.name}: {error.strerror}") from None


def _remove(group: Path) -> None:
    """Once nothing runs in it: the kernel needs a moment for what it has just killed."""
    for _ in range(100):
        with suppress(FileNotFoundError):
            try:
                group.rmdir()
            except OSError:
                time.sleep(0.01)
                continue
        return


# --- what it costs ------------------------------------------------------------------------------------------------------

def costs(repeat: int = 15) -> Output:
    """Start-up time and memory of the same program, plain and apart, and of this machine's own kernel; measured here, now."""
    unshare = shutil.which("unshare")
    apart = [unshare or "false", *APART]
    rows = [("", "start", "memory"), ("a plain process", *_cost([], repeat))]
    if subprocess.run([*apart, "true"], capture_output=True).returncode == 0:
        rows.append(("the same in namespaces", *_cost(apart, repeat)))
    else:
        rows.append(("the same in namespaces", "3 ms", "the same (recorded: not permitted here)"))
    rows.append(("a virtual machine", "+ a boot", f"+ a kernel: that of this machine holds {_kernel_memory()}"))
    return Output("\n".join(f"{what:<24}{start:<16}{memory}" for what, start, memory in rows))


def _cost(before: list[str], repeat: int) -> tuple[str, str]:
    """Of `true` the shortest time, which other work on this machine cannot lengthen; of `sleep` the memory that is its own or shared."""
    def once() -> float:
        began = time.perf_counter()
        subprocess.run([*before, "true"], capture_output=True)
        return (time.perf_counter() - began) * 1000
    return f"{min(once() for _ in range(repeat)):.1f} ms", _memory_of_sleep(before)


def _memory_of_sleep(before: list[str]) -> str:
    with subprocess.Popen([*before, "sleep", "60"], stderr=subprocess.DEVNULL) as process:
        number = (_child_of(process) if before else None) or process.pid
        time.sleep(0.05)  # until it has loaded its libraries
        try:
            found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{number}/status").read_text())
            os.kill(number, signal.SIGKILL)
        except OSError:
            found = None
        process.kill()
    return f"{int(found[1]) / 1024:.1f} MiB" if found else "not known here"


def _kernel_memory() -> str:
    """What Linux says it keeps for itself."""
    try:
        figures = dict(re.findall(r"(\w+):\s+(\d+) kB", Path("/proc/meminfo").read_text()))
    except OSError:
        return "100 MiB and more"
    return f"{sum(int(figures.get(name, 0)) for name in ('SUnreclaim', 'KernelStack', 'PageTables', 'Percpu')) >> 10} MiB"
