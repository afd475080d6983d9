"""Static pods: what lies in YAML in the node's /etc/kubernetes/manifests runs, API server or not; a mirror in the API shows it.

Part of Kubernetes: pkg/kubelet/config/file.go and pkg/kubelet/pod/mirror_client.go. The control plane's own components run
like this, so that they can start before there is an API to ask.
Leaves out: manifests from a URL, a file that is changed in place long after it was opened.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import yaml

from kubelearn.api.meta import key_of, name_of
from kubelearn.errors import ApiError
from kubelearn.filesystem import Filesystem
from kubelearn.kubelet.image_manager import StartFailure
from kubelearn.kubelet.kuberuntime_container import grace_of
from kubelearn.kubelet.pod_workers import TERMINATED, PodWorker
from kubelearn.volumes import Directory, File, Node

HASH, MIRROR, SEEN, SOURCE = (f"kubernetes.io/config.{word}" for word in ("hash", "mirror", "seen", "source"))

MANIFESTS, LOOK = "/etc/kubernetes/manifests", 1.0  # staticPodPath; seconds until a change that is noticed has been read


def is_mirror(pod: dict) -> bool:
    return MIRROR in (pod["metadata"].get("annotations") or {})


class Watched(Directory):
    """A directory that tells of every name that comes, goes or is opened for writing, as inotify does."""

    __slots__ = ("changed",)

    def __init__(self, changed: Callable[[], object]):
        super().__init__()
        self.changed = changed

    def put(self, name: str, node: Node) -> Node:
        self.changed()
        return super().put(name, node)

    def own(self, name: str) -> Node | None:
        self.changed()
        return super().own(name)

    def remove(self, name: str) -> None:
        self.changed()
        super().remove(name)


class StaticPods:
    """disk: the node's own."""

    def __init__(self, kubelet, disk: Directory):
        self.kubelet = kubelet
        self.files: dict[str, tuple[bytes, dict]] = {}  # what was read: file name -> its text, the pod
        self.directory = Watched(self._noticed)
        Filesystem(disk).makedirs(MANIFESTS.rpartition("/")[0]).put("manifests", self.directory)
        self._look = None

    def write(self, file: str, manifest: dict) -> None:
        """Puts a manifest into the directory, or another into its place."""
        self.directory.put(file, File(yaml.safe_dump(manifest, sort_keys=False), 0o600, mtime=self.kubelet.clock.now))
        self.read()

    def remove(self, file: str) -> None:
        self.directory.remove(file)
        self.read()

    def _noticed(self) -> None:
        if self._look is None or not self._look.pending:
            self._look = self.kubelet.clock.call_later(LOOK, self.read)

    def read(self) -> None:
        """What lies there now runs, what does not ends. A file that is no manifest changes nothing."""
        if not self.kubelet.running:
            return
        nodes = {name: self.directory.lookup(name) for name in self.directory.names() if not name.startswith(".")}
        texts = {name: node.read() for name, node in nodes.items() if isinstance(node, File)}
        for file in [file for file in self.files if file not in texts]:
            self._end(file)
        for file, text in texts.items():
            manifest = _parsed(text) if self.files.get(file, (None,))[0] != text else None
            if manifest is not None:
                self._end(file)
                self.files[file] = text, self._pod(manifest)
                self.kubelet.config.add(self.files[file][1], static=True)

    def _end(self, file: str) -> None:
        _, pod = self.files.pop(file, (None, None))
        worker = self.kubelet.workers.all.get(pod["metadata"]["uid"]) if pod and self.kubelet.running else None
        if worker is not None:
            worker.grace = grace_of(worker.pod)
            self.kubelet.workers.terminate(worker)

    def start(self) -> None:
        """A kubelet that begins knows of no file yet."""
        self.files = {}
        self.read()

    def _pod(self, manifest: dict) -> dict:
        """The pod that the kubelet runs: named after its node, with a uid that is a hash of its content."""
        kubelet, metadata = self.kubelet, manifest["metadata"]
        text = json.dumps([manifest, kubelet.name], sort_keys=True)
        uid = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        seen = {HASH: uid, SEEN: kubelet.clock.micro_timestamp(), SOURCE: "file"}
        spec = {**manifest["spec"], "nodeName": kubelet.name, "enableServiceLinks": manifest["spec"].get("enableServiceLinks", True),
                "tolerations": [*(manifest["spec"].get("tolerations") or ()), {"operator": "Exists", "effect": "NoExecute"}]}
        pod = {"apiVersion": "v1", "kind": "Pod", "spec": spec, "status": {"phase": "Pending"},
               "metadata": {**metadata, "name": f"{metadata['name']}-{kubelet.name}", "namespace": metadata.get("namespace", "default"),
                            "annotations": {**(metadata.get("annotations") or {}), **seen}, "uid": uid}}
        return kubelet.client.resource("Pod").schema.default(pod)

    # --- mirrors --------------------------------------------------------------------------------------------------

    def check(self, worker: PodWorker) -> None:
        """Before a sync: one pod of a name at a time, and a mirror in the API that is of this very pod."""
        for other in self.kubelet.workers.all.values():
            if other is not worker and other.static and other.stage != TERMINATED and key_of(other.pod) == key_of(worker.pod):
                raise StartFailure("StaticPodNameTaken", f"static pod {name_of(other.pod)} waits for the end of the one before it")
        mirror = self._mirror(worker)
        if mirror is None or mirror["metadata"]["annotations"].get(MIRROR) != worker.uid or "deletionTimestamp" in mirror["metadata"]:
            self.delete_mirror(mirror)
            self._create(worker)

    def _mirror(self, worker: PodWorker) -> dict | None:
        metadata = worker.pod["metadata"]
        return self.kubelet.source("Pod", metadata["namespace"], metadata["name"])

    def _create(self, worker: PodWorker) -> None:
        kubelet, pod = self.kubelet, worker.pod
        node = kubelet.source("Node", "", kubelet.name)
        owner = (
            {"apiVersion": "v1", "kind": "Node", "name": kubelet.name, "uid": node["metadata"]["uid"], "controller": True} if node else {}
        )
        metadata = {key: value for key, value in pod["metadata"].items() if key != "uid"}
        metadata |= {"annotations": {**metadata["annotations"], MIRROR: worker.uid}, "ownerReferences": [owner] if owner else []}
        try:
            stored = kubelet.client.create({**pod, "metadata": metadata, "status": {}}, "the manifest lies on the node")
        except ApiError:
            return  # the pod runs all the same
        worker.status = stored["status"]

    def delete_mirror(self, mirror: dict | None) -> None:
        if mirror is not None:
            metadata = mirror["metadata"]
            try:
                self.kubelet.client.delete(
                    "Pod", metadata["name"], metadata["namespace"], "the mirror of a static pod that is not there", 0
                )
            except ApiError:
                return  # already gone

    def delete_mirror_of(self, worker: PodWorker) -> None:
        mirror = self._mirror(worker)
        if mirror is not None and mirror["metadata"]["annotations"].get(MIRROR) == worker.uid:
            self.delete_mirror(mirror)

    def mirror_changed(self, mirror: dict, gone: bool) -> None:
        """A mirror that somebody deleted comes back; one of a pod that is no more goes."""
        worker = self.kubelet.workers.all.get(mirror["metadata"]["annotations"][MIRROR])
        if worker is not None and (gone or "deletionTimestamp" in mirror["metadata"]):
            self.kubelet.workers.wake(worker)
        elif worker is None and not gone:
            self.delete_mirror(mirror)


def _parsed(text: bytes) -> dict | None:
    """The pod that a file describes, if it does."""
    try:
        manifest = yaml.safe_load(text)
        return manifest if manifest["kind"] == "Pod" and manifest["metadata"]["name"] and manifest["spec"]["containers"] else None
    except (yaml.YAMLError, KeyError, TypeError):
        return None
