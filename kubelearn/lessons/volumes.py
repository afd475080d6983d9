"""Judges and helpers of 07_volumes: what survives what, and a program `git` for init containers."""
from __future__ import annotations

import subprocess
from pathlib import Path

from kubelearn.cluster import Cluster
from kubelearn.errors import ApiError
from kubelearn.kubelet.git_repo import CloneError, clone
from kubelearn.kubelet.images import image
from kubelearn.lessons import inside
from kubelearn.lessons.check import Wrong
from kubelearn.view import draw
from kubelearn.view.picture import Picture


@image("alpine/git:2.49.1", size=30_000_000)
async def git(process) -> int:
    """`git clone URL DIRECTORY`, with the machine's own git: what an init container uses in place of a gitRepo volume."""
    if len(process.args) != 3 or process.args[0] != "clone":
        process.stderr.write(b"usage: git clone URL DIRECTORY\n")
        return 1
    try:
        _, tree = clone(process.args[1], "", "", process.clock.now)
    except CloneError as error:
        process.stderr.write(f"fatal: {error}\n".encode())
        return 128
    target = process.files.find(process.args[2])
    for name, node in tree.children.items():
        target.put(name, node)
    return 0


def make_repository(folder: str = "site") -> str:
    """A small git repository on this machine; its path."""
    path = Path(folder).absolute()
    path.mkdir(exist_ok=True)
    (path / "index.html").write_text("served from git\n")
    words = ["git", "-C", str(path), "-c", "user.name=course", "-c", "user.email=course@example.com", "-c", "init.defaultBranch=main"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--allow-empty", "-m", "a page"]):
        subprocess.run([*words, *command], check=True, capture_output=True)
    return str(path)


# --- what survives what -------------------------------------------------------------------------------------------

SOURCES = {"none": None, "emptyDir": {"emptyDir": {}}, "hostPath": {"hostPath": {"path": "/srv/d", "type": "DirectoryOrCreate"}},
           "claim": {"persistentVolumeClaim": {"claimName": "data"}}}
CLAIM = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
         "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}


def survives(volume: str, then: str, disks: str) -> Picture:
    """A Pod writes a file, something happens, and its successor looks for it: tried in a cluster of two nodes of its own."""
    profile = "cloud" if disks == "of a cloud" else "kind"
    with Cluster(nodes=[{"zone": "a"}, {"zone": "a"}], serve=False, profile=profile) as cluster:
        cluster.apply(CLAIM)
        _start(cluster, volume, "node-1")
        inside.running(cluster, cluster.get("Pod", "keeper")).files.write("/d/file", b"precious")
        EVENTS[then](cluster, volume)
        picture = draw(cluster, "volumes", pod="keeper")
        picture.caption = _found(cluster)
        return picture


def _start(cluster, volume: str, node: str) -> None:
    """keeper, with a volume at /d where there is one; and a minute."""
    source = SOURCES[volume]
    directory = "mkdir -p /d; sleep 36000"
    container = {"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", directory],
                 "volumeMounts": [{"name": "d", "mountPath": "/d"}] if source else []}
    spec = {"terminationGracePeriodSeconds": 1, "nodeSelector": {"kubernetes.io/hostname": node}, "containers": [container],
            "volumes": [{"name": "d", **source}] if source else []}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "keeper"}, "spec": spec})
    cluster.run(60)


def _restarted(cluster, volume: str) -> None:
    container = inside.running(cluster, cluster.get("Pod", "keeper"))
    with cluster.lock:
        container.kill()
    cluster.run(60)


def _replaced(cluster, volume: str, node: str = "node-1") -> None:
    cluster.delete("Pod", "keeper")
    cluster.run(40)
    _start(cluster, volume, node)


def _moved(cluster, volume: str) -> None:
    _replaced(cluster, volume, "node-2")


EVENTS = {"its container restarts": _restarted, "a new Pod on the same node": _replaced, "a new Pod on another node": _moved}


def _found(cluster) -> str:
    """What the newest keeper finds, in one line."""
    pod = cluster.get("Pod", "keeper")
    if pod["status"]["phase"] != "Running":
        said = next((c.get("message", "") for c in pod["status"].get("conditions", ()) if c["status"] == "False"), "")
        return f"✖ keeper is {pod['status']['phase']}: {said.partition(' preemption')[0]}"
    if inside.read(cluster, pod, "/d/file") is None:
        return f"✖ on {pod['spec']['nodeName']}: /d/file is gone"
    return f"✔ on {pod['spec']['nodeName']}: /d/file is there"


# --- the exercises ------------------------------------------------------------------------------------------------

def files_survive_the_pod(cluster) -> str:
    """The Deployment notes keeps /data/log over the deletion of its Pod, wherever the next one runs."""
    cluster.run(30)
    first = _pod(cluster, "notes")
    before = _read(cluster, first, "/data/log")
    cluster.delete("Pod", first["metadata"]["name"], gracePeriodSeconds=1)
    cluster.run(60)
    second = _pod(cluster, "notes")
    if second["metadata"]["uid"] == first["metadata"]["uid"]:
        raise Wrong("the Pod did not end", "kubectl get pods")
    after = _read(cluster, second, "/data/log")
    if before not in after:
        raise Wrong("the Pod was replaced, and the old lines of /data/log are gone",
                    "an emptyDir goes with its Pod, a hostPath stays on one node; a PersistentVolumeClaim follows the Pod")
    if not any("persistentVolumeClaim" in volume for volume in second["spec"].get("volumes", ())):
        raise Wrong("the lines are still there, by luck: both Pods ran on one node", "use a PersistentVolumeClaim; the next node may be another")
    return "the Pod was replaced, and /data/log kept its old lines"


ARCHIVE = """apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: tapes}
spec:
  storageClassName: fast
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 2Gi}}
---
apiVersion: v1
kind: Pod
metadata: {name: archive}
spec:
  volumes: [{name: t, persistentVolumeClaim: {claimName: tapes}}]
  containers:
  - {name: main, image: "busybox:1.36", command: [sleep, "36000"], volumeMounts: [{name: t, mountPath: /t}]}
"""


def claim_is_bound(cluster) -> str:
    """The Pod archive runs, on a claim of its own."""
    cluster.run(60)
    pod = cluster.get("Pod", "archive")
    name = next((v["persistentVolumeClaim"]["claimName"] for v in pod["spec"].get("volumes", ()) if "persistentVolumeClaim" in v), None)
    if name is None:
        raise Wrong("archive uses no claim at all", "repair the claim; the Pod is right as it is")
    try:
        claim = cluster.get("PersistentVolumeClaim", name)
    except ApiError:
        raise Wrong(f"there is no claim {name}", f"kubectl describe pod {pod['metadata']['name']}") from None
    if claim["status"]["phase"] != "Bound":
        raise Wrong(f"claim {name} is {claim['status']['phase']}", f"kubectl describe pvc {name}: which class does it name, which classes are there?")
    if pod["status"]["phase"] != "Running":
        raise Wrong(f"archive is {pod['status']['phase']}", "kubectl describe pod archive")
    return f"claim {name} is bound to {claim['spec']['volumeName']}, and archive runs"


def _pod(cluster, app: str) -> dict:
    found = [pod for pod in cluster.get("Pod") if pod["metadata"].get("labels", {}).get("app") == app
             and pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]]
    if not found:
        raise Wrong(f"no Pod of {app} runs", f"kubectl describe pods -l app={app}; and of its claim, kubectl describe pvc")
    return found[0]


def _read(cluster, pod: dict, path: str) -> str:
    found = inside.read(cluster, pod, path)
    if found is None:
        raise Wrong(f"there is no file {path} in {pod['metadata']['name']}", "mount the volume at /data")
    return found
