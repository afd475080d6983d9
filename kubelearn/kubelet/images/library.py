"""What Docker Hub and registry.k8s.io hold here: each repository with its tags, sizes and configuration.

Part of Kubernetes: the public images that manifests name. A repository that is not here does not exist.
Leaves out: tags that only name other platforms.
"""
from __future__ import annotations

from kubelearn.kubelet.images import ImageInfo, catalogue, tree
from kubelearn.kubelet.process import Executable, Process


async def pause(process: Process) -> int:
    """Waits until it is told to end."""
    process.on_signal("TERM", lambda: process.die(0))
    process.on_signal("INT", lambda: process.die(0))
    await process.forever()


@catalogue.family("registry.k8s.io/pause", "k8s.gcr.io/pause", "gcr.io/google_containers/pause")
def _pause(name: str, tag: str) -> ImageInfo:
    return ImageInfo(name, lambda: tree({"pause": Executable(pause, memory=300_000)}), ["/pause"], user="65535:65535", size=320_000)
