"""What Docker Hub and registry.k8s.io hold here: each repository with its tags, sizes and configuration.

Part of Kubernetes: the public images that manifests name. A repository that is not here does not exist.
Leaves out: tags that only name other platforms.
"""
from __future__ import annotations

import re

from kubelearn.kubelet.images import ImageInfo, catalogue, tree
from kubelearn.kubelet.images.busybox import alpine_tree, busybox_tree, debian_tree
from kubelearn.kubelet.process import Executable, Process


async def pause(process: Process) -> int:
    """Waits until it is told to end."""
    process.on_signal("TERM", lambda: process.die(0))
    process.on_signal("INT", lambda: process.die(0))
    await process.forever()


@catalogue.family("registry.k8s.io/pause", "k8s.gcr.io/pause", "gcr.io/google_containers/pause")
def _pause(name: str, tag: str) -> ImageInfo | None:
    if not re.fullmatch(r"[123]\.\d+|latest|go", tag):
        return None
    return ImageInfo(name, lambda: tree({"pause": Executable(pause, memory=300_000)}), ["/pause"], user="65535:65535", size=320_000)


@catalogue.family("busybox")
def _busybox(name: str, tag: str) -> ImageInfo | None:
    match = re.fullmatch(r"(?:1(?:\.(\d+)(?:\.\d+)?)?|latest|stable|unstable)(?:-(?:glibc|musl|uclibc))?|(?:glibc|musl|uclibc)", tag)
    if match is None or match[1] and not 21 <= int(match[1]) <= 37:
        return None
    return ImageInfo(name, busybox_tree, cmd=["sh"], size=2_200_000)


@catalogue.family("alpine")
def _alpine(name: str, tag: str) -> ImageInfo | None:
    match = re.fullmatch(r"3(?:\.(\d+)(?:\.\d+)?)?|latest|edge", tag)
    if match is None or match[1] and not 1 <= int(match[1]) <= 22:
        return None
    version = f"3.{match[1] or 22}.2"
    return ImageInfo(name, lambda: alpine_tree(version), cmd=["/bin/sh"], size=3_800_000)


def _debian(*repositories: str, tags: str, size: int, cmd: str = "bash") -> None:
    @catalogue.family(*repositories)
    def make(name: str, tag: str) -> ImageInfo | None:
        return ImageInfo(name, debian_tree, cmd=[cmd], size=size) if re.fullmatch(tags, tag) else None


_debian("debian", tags=r"latest|stable|testing|sid|(?:1[0-3](?:\.\d+)?|bookworm|bullseye|buster|trixie)(?:-slim)?", size=48_000_000)
_debian(
    "ubuntu",
    tags=r"latest|rolling|devel|(?:14|16|18|20|22|24)\.04|2[0-5]\.10|25\.04|focal|jammy|noble|bionic",
    size=29_700_000,
    cmd="/bin/bash",
)
