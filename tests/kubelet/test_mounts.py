"""Laws of volumes: what is in them, when it changes, who shares it."""

import subprocess

import pytest

from kubelearn.clock import Clock
from kubelearn.filesystem import Filesystem, Mount
from kubelearn.kubelet.environment import ConfigError
from kubelearn.kubelet.mounts import MountError, VolumeHost, set_up
from kubelearn.kubelet.volume_manager import VolumeManager
from kubelearn.volumes import Directory

CONFIG = {"kind": "ConfigMap", "metadata": {"name": "files", "uid": "c1"}, "data": {"a.txt": "alpha", "b.txt": "beta"}}
SECRET = {"kind": "Secret", "metadata": {"name": "key", "uid": "s1"}, "data": {"id": "cHJpdmF0ZQ=="}}


class Node:
    """A node with a volume manager whose objects a test may change."""

    def __init__(self, *volumes: dict, **spec: object):
        self.clock, self.objects, self.told = Clock(), {"files": CONFIG, "key": SECRET}, []
        self.host = VolumeHost(self.clock, lambda kind, ns, name: self.objects.get(name), lambda pod, spec: "token", {}, {"cpu": "4"})
        self.volumes = VolumeManager(self.host)
        mounts = [{"name": volume["name"]} for volume in volumes]
        self.pod = {
            "metadata": {"name": "p", "namespace": "d", "uid": "u", "labels": {"app": "x"}},
            "spec": {"volumes": list(volumes), "containers": [{"name": "c", "volumeMounts": mounts}], **spec},
        }

    def mount(self, seconds: float = 1.0):
        task = self.clock.spawn(self.volumes.wait_for_mount(self.pod, lambda *event: self.told.append((self.clock.now, *event))))
        self.clock.run(self.clock.now + seconds)
        return task

    def files(self, **mount: object) -> Filesystem:
        container = {
            "volumeMounts": [{"name": volume["name"], "mountPath": f"/{volume['name']}", **mount} for volume in self.pod["spec"]["volumes"]]
        }
        return Filesystem(Directory(), list(self.volumes.mounts(self.pod, container, {})))


def test_keys_are_files_behind_a_symlink():
    node = Node(
        {"name": "c", "configMap": {"name": "files"}},
        {"name": "s", "secret": {"secretName": "key", "defaultMode": 0o400}},
        {"name": "i", "configMap": {"name": "files", "items": [{"key": "a.txt", "path": "deep/er.txt"}]}},
    )
    node.mount()
    files = node.files()
    assert files.read("/c/a.txt") == b"alpha" and files.read("/s/id") == b"private" and files.read("/i/deep/er.txt") == b"alpha"
    assert [name for name in files.listdir("/c") if not name.startswith("..")] == ["a.txt", "b.txt"]
    assert files.node("/c/a.txt", follow=False).target == "..data/a.txt" and files.node("/c/..data", follow=False).target.startswith("..20")
    assert (files.node("/s").medium, files.node("/c").medium) == ("Memory", "")  # a secret is never on the node's disk
    assert files.node("/s/id").mode == 0o400 and files.node("/c/a.txt").mode == 0o644
    with pytest.raises(OSError, match="Read-only file system"):
        files.write("/c/new", b"")


def test_an_update_reaches_the_files_at_a_sync_and_never_a_sub_path():
    node = Node({"name": "c", "configMap": {"name": "files"}})
    node.mount()
    files, part = node.files(), node.files(subPath="a.txt")
    node.objects["files"] = {**CONFIG, "data": {"a.txt": "two", "more": "x"}}
    assert files.read("/c/a.txt") == b"alpha" and part.read("/c") == b"alpha"
    node.volumes.refresh(node.pod, lambda *event: None)
    assert files.read("/c/a.txt") == b"two" and files.find("/c/b.txt") is None and part.read("/c") == b"alpha"


def test_a_missing_source_is_tried_again_with_doubling_waits_until_it_is_there():
    node = Node({"name": "c", "configMap": {"name": "absent"}})
    node.mount(5)
    assert {event[1:] for event in node.told} == {
        ("Warning", "FailedMount", 'MountVolume.SetUp failed for volume "c" : configmap "absent" not found')
    }
    assert [round(event[0], 1) for event in node.told] == [0.3, 0.9, 2.1, 4.2]
    node.objects["absent"] = CONFIG
    node.clock.run(20)
    assert node.files().read("/c/a.txt") == b"alpha"


def test_a_sync_gives_up_after_two_minutes():
    node = Node({"name": "c", "secret": {"secretName": "absent"}})
    task = node.mount(124)
    with pytest.raises(MountError, match=r"unmounted volumes=\[c\].*deadline exceeded"):
        task.result()


def test_projected_volumes_join_their_sources():
    node = Node(
        {
            "name": "p",
            "projected": {
                "sources": [
                    {"serviceAccountToken": {"path": "token"}},
                    {"configMap": {"name": "files", "items": [{"key": "a.txt", "path": "ca.crt"}]}},
                    {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                ]
            },
        }
    )
    node.mount()
    files = node.files()
    assert (files.read("/p/token"), files.read("/p/ca.crt"), files.read("/p/labels")) == (b"token", b"alpha", b'app="x"')


def test_the_disk_of_a_node_is_shared_and_its_types_are_checked():
    node = Node()
    made = set_up(node.host, node.pod, {"name": "h", "hostPath": {"path": "/tmp/x", "type": "DirectoryOrCreate"}})
    assert set_up(node.host, node.pod, {"name": "h", "hostPath": {"path": "/tmp/x", "type": "Directory"}}) is made
    with pytest.raises(MountError, match="hostPath type check failed: /tmp/x is not a file, it's a Directory"):
        set_up(node.host, node.pod, {"name": "h", "hostPath": {"path": "/tmp/x", "type": "File"}})
    with pytest.raises(MountError, match='/no is not a directory, unable to determine its type: path "/no" does not exist'):
        set_up(node.host, node.pod, {"name": "h", "hostPath": {"path": "/no", "type": "Directory"}})


def test_a_group_for_files_and_a_limit_in_memory():
    node = Node({"name": "d", "emptyDir": {"medium": "Memory", "sizeLimit": "1Ki"}}, securityContext={"fsGroup": 2000})
    node.mount()
    files = node.files()
    assert (files.node("/d").gid, files.node("/d").mode) == (2000, 0o3777)
    with pytest.raises(OSError, match="No space left"):
        files.write("/d/big", b"x" * 2000)


def test_a_git_repository_is_really_cloned(tmp_path):
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@y", *arguments], check=True, capture_output=True
        )

    git("init", "-q")
    (tmp_path / "page.html").write_text("hello")
    git("add", ".")
    git("commit", "-qm", "first")
    node = Node({"name": "g", "gitRepo": {"repository": str(tmp_path), "directory": "site"}})
    node.mount()
    assert node.files().read("/g/site/page.html") == b"hello"
    with pytest.raises(MountError, match="failed to exec 'git clone'"):
        set_up(node.host, node.pod, {"name": "g", "gitRepo": {"repository": str(tmp_path / "none")}})


def test_a_network_disk_is_the_same_on_every_node():
    first, second = Node(), Node()
    second.host.disks = first.host.disks
    for node in (first, second):
        node.objects |= {
            "data": {"spec": {"volumeName": "pv1"}, "status": {"phase": "Bound"}, "metadata": {"uid": "x"}},
            "pv1": {"metadata": {"name": "pv1"}, "spec": {"csi": {"volumeHandle": "h1"}, "capacity": {"storage": "1Gi"}}},
        }
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    assert set_up(first.host, first.pod, volume) is set_up(second.host, second.pod, volume)


def test_a_volume_that_no_container_uses_is_not_mounted():
    node = Node({"name": "h", "hostPath": {"path": "/missing", "type": "Directory"}}, containers=[{"name": "c"}])
    assert node.mount().done() and not node.told


def test_a_sub_path_of_a_variable():
    node = Node({"name": "d", "emptyDir": {}})
    node.mount()
    container = {"volumeMounts": [{"name": "d", "mountPath": "/d", "subPathExpr": "logs/$(POD)"}]}
    assert [mount.sub_path for mount in node.volumes.mounts(node.pod, container, {"POD": "p"})] == ["logs/p"]
    with pytest.raises(ConfigError, match="missing value for POD"):
        list(node.volumes.mounts(node.pod, container, {}))


def test_a_mount_is_what_the_runtime_takes():
    node = Node({"name": "d", "emptyDir": {}})
    node.mount()
    (mount,) = node.volumes.mounts(node.pod, {"volumeMounts": [{"name": "d", "mountPath": "/d", "readOnly": True}]}, {})
    assert mount == Mount("/d", node.volumes.pods["u"].mounted["d"], True, "")
