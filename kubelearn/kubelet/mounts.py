"""Volume plugins: what each kind of volume is on the node, and how its files get there.

Part of Kubernetes: pkg/volume (emptydir, hostpath, configmap, secret, downwardapi, projected, csi, local, git_repo).
A plugin is a function (node, pod, volume) -> what to mount; MountError in its own words.
Leaves out: block devices, ephemeral claims' controllers, SELinux labels.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kubelearn.api import quantity
from kubelearn.api.meta import annotations_of
from kubelearn.filesystem import Filesystem
from kubelearn.kubelet.atomic_writer import AtomicDirectory
from kubelearn.kubelet.environment import NODE_HOSTS, ConfigError, bytes_of, field_value, resource_value
from kubelearn.kubelet.git_repo import CloneError, clone
from kubelearn.kubelet.images import ImageError, catalogue
from kubelearn.volumes import Directory, File, Node

ATOMIC = ("configMap", "secret", "downwardAPI", "projected")  # files written from objects, all at once, read-only
READ_ONLY = (*ATOMIC, "image")
HOST_TYPES = {"Directory": ("directory", "d"), "File": ("file", "-"), "Socket": ("socket file", "s"),
              "CharDevice": ("character device", "c"), "BlockDevice": ("block device", "b")}
NODE_FILES = {"hosts": NODE_HOSTS, "passwd": "root:x:0:0:root:/root:/bin/bash\n"}  # of /etc


class MountError(Exception):
    """Why a volume cannot be mounted, as the event says it."""


class VolumeHost:
    """What plugins may use of their node: its disk, the API, disks of the cluster's network, the clock.

    source(kind, namespace, name) -> object or None; token(pod, spec) -> text; disks: volume handle -> tree, shared by all nodes.
    """

    def __init__(self, clock, source: Callable, token: Callable[[dict, dict], str], disks: dict[str, Directory], allocatable: dict):
        self.clock, self.source, self.token, self.disks, self.allocatable = clock, source, token, disks, allocatable
        self.disk = Directory()
        for name in ("etc", "var", "opt", "home"):
            self.disk.put(name, Directory())
        self.disk.put("tmp", Directory(0o1777))
        for name, text in NODE_FILES.items():
            self.disk.lookup("etc").put(name, File(text))


def plugin_of(volume: dict) -> str:
    return next((key for key in volume if key != "name"), "emptyDir")


def set_up(host: VolumeHost, pod: dict, volume: dict) -> Node:
    """The file tree of a volume that is not written from objects. MountError."""
    kind = plugin_of(volume)
    plugin = PLUGINS.get(kind)
    if plugin is None:
        raise MountError(f"no volume plugin matched name: kubernetes.io/{kind}")
    return plugin(host, pod, volume[kind] or {})


# --- files written from objects -----------------------------------------------------------------------------------

def projections(volume: dict) -> list[tuple[str, dict]]:
    """A configMap, secret, downwardAPI or projected volume as a list of (kind of source, source)."""
    kind = plugin_of(volume)
    if kind != "projected":
        return [(kind, volume[kind])]
    return [next(iter(source.items())) for source in volume["projected"].get("sources") or ()]


def gather(host: VolumeHost, pod: dict, volume: dict) -> tuple:
    """The stored objects that the volume's files come from. Different ones mean: the files must be written anew."""
    found: list[object] = []
    for kind, source in projections(volume):
        if kind in ("configMap", "secret"):
            name = source.get("name") or source.get("secretName")
            obj = host.source("ConfigMap" if kind == "configMap" else "Secret", pod["metadata"]["namespace"], name)
            if obj is None and not source.get("optional"):
                raise MountError(f'{kind.lower()} "{name}" not found')
            _check_keys(kind, source, obj)
            found.append(obj)
        elif kind == "downwardAPI":
            found += [pod["metadata"].get("labels"), pod["metadata"].get("annotations")]
    return tuple(found)


def _check_keys(kind: str, source: dict, obj: dict | None) -> None:
    present = {**(obj.get("data") or {}), **(obj.get("binaryData") or {})} if obj else {}
    for item in source.get("items") or ():
        if item["key"] not in present and not source.get("optional"):
            raise MountError(f"{'configmap references non-existent config' if kind == 'configMap' else 'references non-existent secret'} "
                             f"key: {item['key']}")


def write_files(host: VolumeHost, pod: dict, volume: dict, sources: tuple) -> AtomicDirectory:
    group = (pod["spec"].get("securityContext") or {}).get("fsGroup", 0)
    medium = "" if plugin_of(volume) == "configMap" else "Memory"  # secrets never touch the node's disk
    return AtomicDirectory(partial(files_of, host, pod, volume, sources), host.clock.now, group, medium)


def files_of(host: VolumeHost, pod: dict, volume: dict, sources: tuple) -> dict[str, File]:
    objects = list(sources)
    default = volume[plugin_of(volume)].get("defaultMode", 0o644)
    group = (pod["spec"].get("securityContext") or {}).get("fsGroup", 0)
    found: dict[str, File] = {}
    for kind, source in projections(volume):
        mode = source.get("defaultMode", default)
        if kind in ("configMap", "secret"):
            entries = _from_object(objects.pop(0), source, mode)
        elif kind == "downwardAPI":
            entries, objects = _from_pod(host, pod, source, mode), objects[2:]
        elif kind == "serviceAccountToken":
            entries = {source["path"]: (host.token(pod, source).encode(), mode)}
        else:
            entries = {}
        for path, (data, bits) in entries.items():
            found[path] = File(data, bits | 0o440 if group else bits, gid=group, mtime=host.clock.now)
    return found


def _from_object(obj: dict | None, source: dict, mode: int) -> dict[str, tuple[bytes, int]]:
    data = bytes_of(obj) if obj else {}
    if source.get("items"):
        return {item["path"]: (data[item["key"]], item.get("mode", mode)) for item in source["items"] if item["key"] in data}
    return {key: (value, mode) for key, value in sorted(data.items())}


def _from_pod(host: VolumeHost, pod: dict, source: dict, mode: int) -> dict[str, tuple[bytes, int]]:
    """Fields of the pod as the kubelet holds it: with annotations of its own, whence it has the pod and since when."""
    meta, found = pod["metadata"], {}
    held = {"kubernetes.io/config.seen": meta.get("creationTimestamp", ""), "kubernetes.io/config.source": "api", **annotations_of(pod)}
    pod = {**pod, "metadata": {**meta, "annotations": held}}
    for item in source.get("items") or ():
        try:
            text = field_value(pod, item["fieldRef"]["fieldPath"]) if "fieldRef" in item else (
                resource_value(pod, {}, item["resourceFieldRef"], host.allocatable))
        except ConfigError as error:
            raise MountError(str(error)) from error
        found[item["path"]] = (text.encode(), item.get("mode", mode))
    return found


# --- trees on the node and beyond ---------------------------------------------------------------------------------

def empty_dir(host: VolumeHost, pod: dict, source: dict) -> Directory:
    memory = source.get("medium") == "Memory"
    limit = quantity.value(source["sizeLimit"]) if memory and source.get("sizeLimit") else None
    return owned(Directory(0o1777 if memory else 0o777, mtime=host.clock.now, limit=limit, medium=source.get("medium", "")), pod)


def owned(root: Directory, pod: dict) -> Directory:
    """fsGroup: the volume belongs to this group, and what is made in it too."""
    group = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    if group is not None:
        root.gid, root.mode = group, root.mode | 0o2070
    return root


def host_path(host: VolumeHost, pod: dict, source: dict) -> Node:
    """A path of the node's own disk; its type is checked first."""
    path, wanted = source["path"], source.get("type") or ""
    files = Filesystem(host.disk, now=lambda: host.clock.now)
    node = files.find(path)
    if node is None and wanted in ("", "DirectoryOrCreate"):
        node = files.makedirs(path)
    elif node is None and wanted == "FileOrCreate":
        node = files.open(path, write=True, create=True)
    noun, kind = HOST_TYPES.get(wanted.removesuffix("OrCreate"), ("", ""))
    if node is None:
        raise MountError(f'hostPath type check failed, {path} is not a {noun}, unable to determine its type: path "{path}" does not exist')
    if kind and node.kind != kind:
        actual = next((name for name, (_, letter) in HOST_TYPES.items() if letter == node.kind), "Unknown")
        raise MountError(f"hostPath type check failed: {path} is not a {noun}, it's a {actual}")
    return node


def persistent_volume_claim(host: VolumeHost, pod: dict, source: dict) -> Node:
    """The claim's volume: a path of this node, or a disk of the network that any node may mount."""
    namespace = pod["metadata"]["namespace"]
    claim = host.source("PersistentVolumeClaim", namespace, source["claimName"])
    if claim is None:
        raise MountError(f'error processing PVC {namespace}/{source["claimName"]}: failed to fetch PVC from API server: '
                         f'persistentvolumeclaims "{source["claimName"]}" not found')
    volume = host.source("PersistentVolume", "", claim["spec"].get("volumeName") or "")
    if volume is None or (claim.get("status") or {}).get("phase") != "Bound":
        raise MountError(f"error processing PVC {namespace}/{source['claimName']}: PVC is not bound")
    spec = volume["spec"]
    if "hostPath" in spec:
        return host_path(host, pod, {"type": "DirectoryOrCreate", **spec["hostPath"]})
    if "local" in spec:
        return host_path(host, pod, {"path": spec["local"]["path"], "type": "DirectoryOrCreate"})  # its author has put the disk there
    handle = (spec.get("csi") or {}).get("volumeHandle") or volume["metadata"]["name"]
    size = quantity.value(spec["capacity"]["storage"])
    return owned(host.disks.setdefault(handle, Directory(0o777, mtime=host.clock.now, limit=size)), pod)


def git_repo(host: VolumeHost, pod: dict, source: dict) -> Directory:
    """A clone of a repository, made anew for each pod."""
    try:
        inside, tree = clone(source["repository"], source.get("revision", ""), source.get("directory", ""), host.clock.now)
    except CloneError as error:
        raise MountError(str(error)) from error
    root = empty_dir(host, pod, {})
    if inside == ".":
        root.children = tree.children
    else:
        root.put(inside, tree)
    return root


def image(host: VolumeHost, pod: dict, source: dict) -> Directory:
    """The files of an image; whether it can be had is asked for when a container that mounts it starts."""
    try:
        return Directory.over(catalogue.find(source["reference"]).tree)
    except ImageError:
        return Directory()


PLUGINS = {"image": image,
           "emptyDir": empty_dir, "hostPath": host_path, "persistentVolumeClaim": persistent_volume_claim, "gitRepo": git_repo}
