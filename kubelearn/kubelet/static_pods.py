"""Static pods: what lies in the node's manifest directory runs, API server or not; a mirror in the API shows it.

Part of Kubernetes: pkg/kubelet/config/file.go and pkg/kubelet/pod/mirror_client.go. The control plane's own components run
like this, so that they can start before there is an API to ask.
Leaves out: manifests from a URL, the directory's own re-read (a write here is seen at once).
"""
from __future__ import annotations

import hashlib
import json

from kubelearn.errors import ApiError
from kubelearn.kubelet.image_manager import StartFailure
from kubelearn.kubelet.kuberuntime_container import grace_of
from kubelearn.kubelet.pod_workers import TERMINATED, PodWorker

HASH, MIRROR, SEEN, SOURCE = (f"kubernetes.io/config.{word}" for word in ("hash", "mirror", "seen", "source"))


def is_mirror(pod: dict) -> bool:
    return MIRROR in (pod["metadata"].get("annotations") or {})


class StaticPods:
    def __init__(self, kubelet):
        self.kubelet = kubelet
        self.files: dict[str, dict] = {}  # the manifest directory: file name -> pod

    def write(self, file: str, manifest: dict) -> None:
        """Puts a manifest into the directory, or another into its place."""
        self.remove(file)
        self.files[file] = self._pod(manifest)
        if self.kubelet.running:
            self.kubelet.config.add(self.files[file], static=True)

    def remove(self, file: str) -> None:
        pod = self.files.pop(file, None)
        worker = self.kubelet.workers.all.get(pod["metadata"]["uid"]) if pod and self.kubelet.running else None
        if worker is not None:
            worker.grace = grace_of(worker.pod)
            self.kubelet.workers.terminate(worker)

    def start(self) -> None:
        for pod in self.files.values():
            self.kubelet.config.add(pod, static=True)

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
        metadata = worker.pod["metadata"]
        for other in self.kubelet.workers.all.values():
            if (
                other is not worker
                and other.static
                and other.stage != TERMINATED
                and other.pod["metadata"]["name"] == metadata["name"]
                and (other.pod["metadata"]["namespace"] == metadata["namespace"])
            ):
                raise StartFailure("StaticPodNameTaken", f"static pod {metadata['name']} waits for the end of the one before it")
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
