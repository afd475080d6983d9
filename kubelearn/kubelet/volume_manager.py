"""Mounts the volumes of each pod before its containers start, and brings changed ConfigMaps and Secrets into their files.

Part of Kubernetes: pkg/kubelet/volumemanager and pkg/volume/util/nestedpendingoperations (the back-off of a failed mount).
A running pod's files change only when its pod is synced, a minute or so after the object did; an environment never does.
Leaves out: attaching (the attach-detach controller's part is done when a disk is mounted).
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from kubelearn.filesystem import Mount
from kubelearn.kubelet.environment import expand_all
from kubelearn.kubelet.mounts import (
    ATOMIC,
    READ_ONLY,
    AtomicDirectory,
    MountError,
    VolumeHost,
    files_of,
    gather,
    plugin_of,
    set_up,
    write_files,
)
from kubelearn.volumes import Node

LOOK = 0.3  # seconds between two looks whether all is mounted: podAttachAndMountRetryInterval
TIMEOUT = 123.0  # seconds until a pod's sync gives up waiting: podAttachAndMountTimeout
INJECTED = "kube-api-access-"  # volumes that admission adds: what is in them does not change while a pod lives
FIRST_RETRY, LAST_RETRY = 0.5, 122.0  # seconds: initialDurationBeforeRetry, maxDurationBeforeRetry


def wanted(pod: dict) -> list[dict]:
    """The pod's volumes that some container of it uses: only these are mounted."""
    spec = pod["spec"]
    containers = [c for key in ("initContainers", "containers", "ephemeralContainers") for c in spec.get(key) or ()]
    used = {mount["name"] for c in containers for key in ("volumeMounts", "volumeDevices") for mount in c.get(key) or ()}
    return [volume for volume in spec.get("volumes") or () if volume["name"] in used]


class PodVolumes:
    """What is mounted for one pod: volume -> tree, and for files written from objects, which objects."""

    __slots__ = ("mounted", "sources")

    def __init__(self) -> None:
        self.mounted: dict[str, Node] = {}
        self.sources: dict[str, tuple] = {}


class VolumeManager:
    """Volumes stay while a kubelet is away: they are on the disk. follow() is called when files come from an object."""

    def __init__(self, host: VolumeHost, follow: Callable[[], None] = lambda: None):
        self.host, self.clock, self.follow = host, host.clock, follow
        self.pods: dict[str, PodVolumes] = {}

    async def wait_for_mount(self, pod: dict, tell: Callable[[str, str, str], None]) -> None:
        """Returns when all volumes of the pod are mounted; MountError after two minutes. Each failed try is an event."""
        volumes, here = wanted(pod), self.pods.setdefault(pod["metadata"]["uid"], PodVolumes())
        if all(volume["name"] in here.mounted for volume in volumes):
            self.refresh(pod, tell)
            return
        began, retry, wait = self.clock.now, 0.0, FIRST_RETRY
        while True:
            await self.clock.sleep(max(LOOK, -(-(retry - self.clock.now) // LOOK) * LOOK))
            missing = self._mount(pod, here, volumes, tell)
            if not missing:
                return
            retry, wait = self.clock.now + wait, min(2 * wait, LAST_RETRY)
            if retry > began + TIMEOUT:
                await self.clock.sleep(began + TIMEOUT - self.clock.now)
                raise MountError(f"unmounted volumes=[{' '.join(missing)}], unattached volumes=[], failed to process volumes=[]: "
                                 "context deadline exceeded")

    def _mount(self, pod: dict, here: PodVolumes, volumes: list[dict], tell: Callable) -> list[str]:
        missing = []
        for volume in volumes:
            name = volume["name"]
            if name in here.mounted:
                continue
            try:
                if plugin_of(volume) in ATOMIC:
                    here.sources[name] = gather(self.host, pod, volume)
                    here.mounted[name] = write_files(self.host, pod, volume, here.sources[name])
                    if not name.startswith(INJECTED):
                        self.follow()
                else:
                    here.mounted[name] = set_up(self.host, pod, volume)
            except MountError as error:
                missing.append(name)
                tell("Warning", "FailedMount", f'MountVolume.SetUp failed for volume "{name}" : {error}')
        return missing

    def refresh(self, pod: dict, tell: Callable[[str, str, str], None]) -> None:
        """Writes the files whose objects have changed anew."""
        here = self.pods.get(pod["metadata"]["uid"])
        for volume in pod["spec"].get("volumes") or () if here else ():
            name = volume["name"]
            if name not in here.sources:
                continue
            try:
                sources = gather(self.host, pod, volume)
            except MountError as error:  # its source is gone: what is in the files stays
                tell("Warning", "FailedMount", f'MountVolume.SetUp failed for volume "{name}" : {error}')
                continue
            if sources != here.sources[name]:
                here.sources[name] = sources
                directory: AtomicDirectory = here.mounted[name]
                directory.swap(partial(files_of, self.host, pod, volume, sources), self.clock.now)

    def uses(self, uid: str, obj: dict) -> bool:
        """Do files of this pod come from an object of this name?"""
        return any(source is not None and "metadata" in source and source["metadata"]["uid"] == obj["metadata"]["uid"]
                   for sources in self.pods[uid].sources.values() for source in sources) if uid in self.pods else False

    def mounts(self, pod: dict, container: dict, variables: Mapping[str, str]) -> Iterator[Mount]:
        """The container's volumeMounts, as the runtime takes them. ConfigError where subPathExpr names an unknown variable."""
        here = self.pods[pod["metadata"]["uid"]]
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
        for mount in container.get("volumeMounts") or ():
            kind = plugin_of(volumes[mount["name"]])
            read_only = bool(mount.get("readOnly") or kind in READ_ONLY or (volumes[mount["name"]].get(kind) or {}).get("readOnly"))
            sub_path = expand_all(mount["subPathExpr"], variables) if mount.get("subPathExpr") else mount.get("subPath", "")
            yield Mount(mount["mountPath"], here.mounted[mount["name"]], read_only, sub_path)

    def unmount(self, uid: str) -> None:
        self.pods.pop(uid, None)
