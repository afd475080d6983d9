"""/proc, /dev and /sys/fs/cgroup as a container sees them: computed when they are read.

Part of Kubernetes: the kernel's own file systems, and the devices that runc makes in every container.
Leaves out: most of /proc, and of another container's root what is mounted there; all of /sys but the control group.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kubelearn.filesystem import Filesystem
from kubelearn.kubelet.files import Descriptor
from kubelearn.volumes import Device, Directory, Jump, Node, Report, Symlink, tree

if TYPE_CHECKING:
    from kubelearn.kubelet.container import Container
    from kubelearn.kubelet.process import Process
    from kubelearn.kubelet.signals import ProcessSpace

MEMORY, CPUS = 8 << 30, 4  # of a node
CAPABILITIES = (  # in the order of their bits
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST "
    "NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE "
    "SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND "
    "AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
).split()
USUAL = ("CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE "
         "SETFCAP").split()  # what containerd leaves to root in a container


def _full(data: bytes) -> None:
    raise OSError(28, "No space left on device")


DEVICES = Directory()
for _name, _device in {
    "null": Device(),
    "zero": Device(bytes),
    "full": Device(bytes, _full),
    "stdin": Descriptor(0),
    "stdout": Descriptor(1),
    "stderr": Descriptor(2),
    "tty": Descriptor(0),
    "shm": Directory(0o1777),
    "mqueue": Directory(0o1777),
    "pts": Directory(),
    "ptmx": Symlink("pts/ptmx"),
    "fd": Symlink("/proc/self/fd"),
}.items():
    DEVICES.put(_name, _device)


def device_files(container: Container) -> Directory:
    devices = Directory.over(DEVICES)
    devices.children["random"] = devices.children["urandom"] = Device(lambda n: container.random.randbytes(n))
    return devices


class Computed(Directory):
    """A directory whose names and files are functions."""

    __slots__ = ("list", "make")

    def __init__(self, names: Callable[[], list[str]], make: Callable[[str], Node | None]):
        super().__init__(0o555)
        self.list, self.make = names, make

    def names(self) -> list[str]:
        return self.list()

    def lookup(self, name: str) -> Node | None:
        return self.make(name)


def process_files(container: Container) -> Directory:
    """/proc of the container's process space."""
    processes = container.space.processes

    def make(name: str) -> Node | None:
        if name in SYSTEM:
            return Report(lambda: SYSTEM[name](container))
        if name in ("net", "sys"):
            return tree({"dev": NET_DEV}) if name == "net" else settings(container)
        if name.isdigit() and int(name) in processes:
            return _process_directory(processes[int(name)])
        return Symlink("1") if name == "self" else None

    return Computed(lambda: [*map(str, sorted(processes)), *sorted([*SYSTEM, "net", "self", "sys"])], make)


NET_DEV = "".join((
    "Inter-|   Receive                                                |  Transmit\n",
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n",
    *("{:>6}: {:7} {:7} {:4} {:4} {:4} {:5} {:10} {:9} {:8} {:7} {:4} {:4} {:4} {:5} {:7} {:10}\n".format(name, *[0] * 16)
      for name in ("lo", "eth0"))))
SETTINGS = {"kernel.ostype": "Linux", "kernel.osrelease": "6.8.0-kubelearn", "kernel.pid_max": "32768", "kernel.shm_rmid_forced": "0",
            "net.core.somaxconn": "4096", "net.ipv4.ip_forward": "0", "net.ipv4.ip_local_port_range": "32768\t60999",
            "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "1\t0", "net.ipv4.tcp_syncookies": "1"}


def settings(container: Container) -> Directory:
    """/proc/sys: what a pod may set by securityContext.sysctls, and a little more."""
    pod = container.sandbox.pod["spec"].get("securityContext") or {}
    set_ = {one["name"]: one["value"].replace(" ", "\t") for one in pod.get("sysctls") or ()}
    rows = {**SETTINGS, "kernel.hostname": container.sandbox.hostname, **set_}
    return tree({name.replace(".", "/"): f"{value}\n" for name, value in rows.items()})


def _process_directory(process: Process) -> Directory:
    def make(name: str) -> Node | None:
        if name == "fd":
            return Computed(lambda: list(map(str, sorted(process.fds))), lambda number: Descriptor(int(number), process.pid))
        if name in ("cwd", "exe"):
            return Symlink({"cwd": process.cwd, "exe": process.argv[0]}[name])
        if name == "root":
            return Jump("/", process.container.files.root.node)
        return Report(lambda: PROCESS[name](process)) if name in PROCESS else None

    return Computed(lambda: sorted([*PROCESS, "cwd", "exe", "fd", "root"]), make)


def control_files(container: Container) -> Directory:
    """/sys, of which only the container's own control group is there: its limits and what it uses."""
    group = Computed(lambda: sorted(CONTROL), lambda name: Report(lambda: CONTROL[name](container)) if name in CONTROL else None)
    return tree({"fs/cgroup": group})


def _cpu_stat(container: Container) -> str:
    used, throttled = int(container.cpu_seconds * 1e6), int(container.throttled_seconds * 1e6)
    periods = (used + throttled) // 100_000
    return (
        f"usage_usec {used}\nuser_usec {used}\nsystem_usec 0\nnr_periods {periods}\n"
        f"nr_throttled {periods if throttled else 0}\nthrottled_usec {throttled}\n"
    )


CONTROL: dict[str, Callable[[Container], str]] = {
    "cgroup.procs": lambda container: "".join(f"{process.pid}\n" for process in container.processes),
    "cpu.max": lambda container: f"{int(container.cpu_limit * 100_000) if container.cpu_limit else 'max'} 100000\n",
    "cpu.stat": _cpu_stat,
    "memory.current": lambda container: f"{container.memory}\n",
    "memory.max": lambda container: f"{container.memory_limit if container.memory_limit is not None else 'max'}\n",
    "pids.current": lambda container: f"{len(container.processes)}\n",
}


def parent_of(process: Process, space: ProcessSpace | None = None) -> int:
    """Its parent's number, as seen in a process space (its own); 1 (or 0 from outside) once that one is gone."""
    parent, space = process.parent, space or process.space
    if parent is None or parent.space is not process.space:
        return 0
    return number if (number := space.number_of(parent)) in space.processes else 1


def capabilities(security: dict) -> frozenset[str]:
    """What root in a container may do, by its securityContext."""
    asked = security.get("capabilities") or {}
    add, drop = ({name.removeprefix("CAP_") for name in asked.get(key) or ()} for key in ("add", "drop"))
    if security.get("privileged") or "ALL" in add:
        return frozenset(CAPABILITIES) - drop
    return (frozenset() if "ALL" in drop else frozenset(USUAL) - drop) | add


def _seccomp(container: Container) -> str:
    """Which profile filters its system calls."""
    spec = container.sandbox.pod["spec"]
    own = next((one for one in spec.get("containers") or () if one["name"] == container.name), {})
    for security in (own.get("securityContext") or {}, spec.get("securityContext") or {}):
        if "seccompProfile" in security:
            return security["seccompProfile"]["type"]
    return ""


def _status(process: Process) -> str:
    uid, gid, groups = process.user
    container = process.container
    bound = sum(1 << bit for bit, name in enumerate(CAPABILITIES) if name in container.capabilities)
    sets = {"CapInh": 0, "CapPrm": bound if uid == 0 else 0, "CapEff": bound if uid == 0 else 0, "CapBnd": bound, "CapAmb": 0}
    rows = {
        "Name": process.name[:15],
        "Umask": "0022",
        "State": "S (sleeping)",
        "Tgid": process.pid,
        "Pid": process.pid,
        "PPid": parent_of(process),
        "Uid": "\t".join([str(uid)] * 4),
        "Gid": "\t".join([str(gid)] * 4),
        "Groups": " ".join(map(str, groups)),
        "VmRSS": f"{process.memory >> 10:8} kB",
        "Threads": 1,
        **{name: f"{mask:016x}" for name, mask in sets.items()},
        "NoNewPrivs": int(container.no_new_privileges),
        "Seccomp": 2 * (_seccomp(container) not in ("", "Unconfined")),
    }
    return "".join(f"{name}:\t{value}\n" for name, value in rows.items())


def _stat(process: Process) -> str:
    ticks = int(process.started_at * 100)
    return f"{process.pid} ({process.name[:15]}) S {parent_of(process)} 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 {ticks} 0 0\n"


PROCESS: dict[str, Callable[[Process], str]] = {
    "comm": lambda process: process.name[:15] + "\n",
    "cmdline": lambda process: "".join(f"{word}\0" for word in process.argv),
    "environ": lambda process: "".join(f"{name}={value}\0" for name, value in process.env.items()),
    "cgroup": lambda process: "0::/\n",
    "status": _status,
    "stat": _stat,
    "mounts": lambda process: mount_table(process.files),
}


def mount_table(files: Filesystem) -> str:
    """/proc/mounts: the root first, then each mount with what it is made of."""
    rows = [f"overlay / overlay {'ro' if files.root.read_only else 'rw'},relatime 0 0"]
    for path, mount in files.mounts.items():
        mode = "ro" if mount.read_only else "rw"
        if path in ("/proc", "/dev", "/sys"):
            kind = {"/proc": "proc", "/dev": "tmpfs", "/sys": "sysfs"}[path]
            rows.append(f"{kind} {path} {kind} {mode},nosuid,nodev,noexec,relatime 0 0")
        elif isinstance(mount.node, Directory) and mount.node.medium == "Memory":
            size = f",size={mount.node.limit >> 10}k" if mount.node.limit is not None else ""
            rows.append(f"tmpfs {path} tmpfs {mode},relatime{size} 0 0")
        else:
            rows.append(f"/dev/vda1 {path} ext4 {mode},relatime 0 0")
    return "\n".join(rows) + "\n"


def memory_info(container: Container) -> dict[str, int]:
    """Of the node, in bytes: what free and /proc/meminfo show in a container too."""
    used = sum(process.memory for process in container.runtime.host.processes.values()) + (600 << 20)
    return {"MemTotal": MEMORY, "MemFree": MEMORY - used, "MemAvailable": MEMORY - used, "Buffers": 0, "Cached": 0,
            "SwapTotal": 0, "SwapFree": 0}


SYSTEM: dict[str, Callable[[Container], str]] = {
    "cpuinfo": lambda container: "".join(f"processor\t: {n}\nmodel name\t: simulated\n\n" for n in range(CPUS)),
    "filesystems": lambda container: "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\toverlay\n\text4\n",
    "loadavg": lambda container: "0.00 0.00 0.00 1/100 1\n",
    "meminfo": lambda container: "".join(f"{name + ':':<15} {size >> 10:>8} kB\n" for name, size in memory_info(container).items()),
    "mounts": lambda container: mount_table(container.files),
    "stat": lambda container: "".join(f"cpu{n} 0 0 0 {int(container.clock.now * 100)} 0 0 0 0 0 0\n" for n in (" ", *range(CPUS))),
    "uptime": lambda container: f"{container.clock.now:.2f} {container.clock.now * CPUS:.2f}\n",
    "version": lambda container: "Linux version 6.8.0 (kubelearn) #1 SMP\n",
}
