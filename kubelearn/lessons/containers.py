"""Judges and helpers of 01_containers: isolation seen from inside and outside, and a container made by hand from the kernel's own parts."""
from __future__ import annotations

import shutil
import subprocess
import time

from kubelearn import kubectl
from kubelearn.lessons.check import Wrong

RECORDED = """recorded on a Debian 12 machine (this one does not permit it):
    PID COMMAND
      1 sh
      2 ps
host name inside: box   files in /: bin proc"""
SCRIPT = """set -e; root=$1; box=$2; mkdir -p $root/bin $root/proc; cp $box $root/bin/busybox
for applet in sh ps hostname ls echo mount tr; do ln -sf busybox $root/bin/$applet; done
for library in $(ldd $box 2>/dev/null | grep -o '/[^ )]*'); do mkdir -p $root$(dirname $library); cp -L $library $root$library; done"""
INSIDE = "hostname box; mount -t proc proc /proc; ps -o pid,comm; echo host name inside: $(hostname)   files in /: $(ls / | tr '\\n' ' ')"


def by_hand(folder: str = "byhand") -> str:
    """A container from namespaces (unshare) and a root directory (chroot), without any tool of containers; recorded where forbidden."""
    busybox, unshare = shutil.which("busybox"), shutil.which("unshare")
    if not busybox or not unshare:
        return RECORDED
    made = subprocess.run(["sh", "-c", SCRIPT, "sh", folder, busybox], capture_output=True)
    words = [unshare, "--user", "--map-root-user", "--pid", "--fork", "--uts", "--mount", "chroot", folder, "/bin/sh", "-c", INSIDE]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20)
    return done.stdout.rstrip() if made.returncode == done.returncode == 0 else RECORDED


def start_times(repeat: int = 20) -> str:
    """Milliseconds to start /bin/true as a plain process and inside fresh namespaces: measured here, now."""
    plain = _milliseconds(["true"], repeat)
    unshare = shutil.which("unshare")
    words = [unshare or "", "--user", "--map-root-user", "--pid", "--fork", "--uts", "--mount", "true"]
    if not unshare or subprocess.run(words, capture_output=True).returncode:
        return f"plain process: {plain:.1f} ms   in namespaces: not permitted on this machine (recorded: 3 ms)   a virtual machine boots a kernel: seconds"
    return f"plain process: {plain:.1f} ms   in namespaces: {_milliseconds(words, repeat):.1f} ms   a virtual machine boots a kernel: seconds"


def _milliseconds(words: list[str], repeat: int) -> float:
    def once() -> float:
        began = time.perf_counter()
        subprocess.run(words, capture_output=True)
        return (time.perf_counter() - began) * 1000
    return sorted(once() for _ in range(repeat))[repeat // 2]


def inside(pod: str, *words: str) -> tuple[int, str]:
    """Exit code and output of a command in a pod, by kubectl exec."""
    done = kubectl.run("exec", pod, "--", *words)
    return done.returncode, (done.stdout + done.stderr).strip()


def isolated_pair(cluster) -> str:
    """Two pods, left and right, on one node: each sees its own file /mine and not the other's, and its own process 1."""
    cluster.run(10)
    pods = {name: cluster.get("Pod", name) for name in ("left", "right")}
    for name, pod in pods.items():
        if pod["status"]["phase"] != "Running":
            raise Wrong(f"{name} is {pod['status']['phase']}, not Running", f"kubectl describe pod {name}")
    nodes = {pod["spec"]["nodeName"] for pod in pods.values()}
    if len(nodes) > 1:
        raise Wrong(f"left and right run on two machines, {' and '.join(sorted(nodes))}", "spec.nodeName puts a pod on a node of your choice")
    texts = {name: inside(name, "cat", "/mine") for name in pods}
    missing = [name for name, (code, _) in texts.items() if code]
    if missing:
        raise Wrong(f"{missing[0]} has no file /mine", "kubectl exec NAME -- sh -c 'echo something > /mine'")
    if texts["left"] == texts["right"]:
        raise Wrong(f"both files say {texts['left'][1]!r}, so nothing shows that they are two", "write something else into each")
    return f"one machine, one path, two files: left says {texts['left'][1]!r}, right says {texts['right'][1]!r}"


def survives_its_limit(cluster) -> str:
    """The pod hungry holds 40 MiB and is not killed."""
    cluster.run(20)
    pod = cluster.get("Pod", "hungry")
    status = pod["status"]["containerStatuses"][0]
    ended = status["state"].get("terminated") or status.get("lastState", {}).get("terminated")
    limit = pod["spec"]["containers"][0].get("resources", {}).get("limits", {}).get("memory")
    if ended and ended["reason"] == "OOMKilled":
        raise Wrong(f"with a limit of {limit} it was killed (OOMKilled, exit code {ended['exitCode']})", "it needs a little over 40Mi")
    if not limit:
        raise Wrong("it runs, and nothing keeps it from taking the whole machine", "keep a memory limit, a larger one")
    if "running" not in status["state"]:
        raise Wrong(f"it does not run: {status['state']}", "kubectl describe pod hungry")
    return f"it runs under a limit of {limit}"
