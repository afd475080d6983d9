"""File trees: copy on write, mounts, users, and the kernel's errors."""
import pytest

from kubelearn.filesystem import Filesystem
from kubelearn.volumes import Directory, File, Symlink, tree


@pytest.fixture
def image():
    return tree({"etc/passwd": "root:x:0:0\n", "bin/sh": File("", 0o755), "tmp": Directory(0o1777), "var/run": Symlink("/run"),
                 "run": Directory()})


def container(image, *mounts, **options):
    return Filesystem(Directory.over(image), mounts, **options)


def test_containers_of_one_image_do_not_see_each_others_changes(image):
    one, two = container(image), container(image)
    one.write("/etc/passwd", b"changed", append=True)
    one.remove("/bin/sh")
    one.mkdir("/bin/new")
    assert two.read("/etc/passwd") == b"root:x:0:0\n" and two.find("/bin/sh") and not two.find("/bin/new")
    assert one.read("/etc/passwd") == b"root:x:0:0\nchanged" and not one.find("/bin/sh")
    assert one.listdir("/bin") == ["new"] and one.root.node.usage() > 0 and two.root.node.usage() == 0


def test_a_volume_is_the_same_for_all_who_mount_it(image):
    volume = Directory()
    one, two = container(image, ("/data", volume)), container(image, ("/var/run/secrets/x", volume, True))
    one.write("/data/a", "1")
    assert two.read("/run/secrets/x/a") == b"1"
    with pytest.raises(OSError, match="Read-only file system"):
        two.write("/var/run/secrets/x/b", "2")
    one.remove("/data/a")
    with pytest.raises(OSError, match="busy"):
        one.remove("/data")


def test_a_sub_path_mount_keeps_the_file_that_was_there_at_the_start(image):
    volume = tree({"..one/text": "one", "..data": Symlink("..one"), "text": Symlink("..data/text")})
    files = container(image, ("/v", volume), ("/sub.txt", volume, False, "text"))
    volume.put("..two", tree({"text": "two"}))
    volume.put("..data", Symlink("..two"))
    assert (files.read("/v/text"), files.read("/sub.txt")) == (b"two", b"one")


def test_a_read_only_root_still_has_writable_volumes(image):
    files = container(image, ("/data", Directory()), read_only=True)
    with pytest.raises(OSError, match="Read-only"):
        files.write("/x", "")
    files.write("/data/x", "")


def test_users_are_kept_to_their_permissions(image):
    volume = Directory(0o2775, gid=2000)
    files = container(image, ("/data", volume)).as_user(1000, (3000, 2000))
    with pytest.raises(PermissionError):
        files.write("/etc/passwd", "")
    with pytest.raises(PermissionError):
        files.mkdir("/new")
    files.write("/data/mine", "x")
    assert (files.node("/data/mine").uid, files.node("/data/mine").gid) == (1000, 2000)


@pytest.mark.parametrize("path, text", [("/none/x", "No such file"), ("/etc/passwd/x", "Not a directory"), ("/loop", "Too many levels")])
def test_errors_are_the_kernels(image, path, text):
    files = container(image)
    files.add("/loop", Symlink("/loop"))
    with pytest.raises(OSError, match=text):
        files.read(path)


def test_zeros_cost_nothing_and_a_limited_volume_is_full_at_its_limit(image):
    files = container(image, ("/m", Directory(limit=1 << 20, medium="Memory")))
    files.write("/m/zeros", bytes(1 << 20))
    assert files.node("/m/zeros").size == 1 << 20 and not files.node("/m/zeros").data
    with pytest.raises(OSError, match="No space left on device"):
        files.write("/m/zeros", "x", append=True)


def test_rename_replaces_a_file_and_refuses_a_full_directory(image):
    files = container(image)
    files.write("/tmp/a", "a")
    files.write("/tmp/b", "b")
    files.rename("/tmp/a", "/tmp/b")
    assert files.listdir("/tmp") == ["b"] and files.read("/tmp/b") == b"a"
    with pytest.raises(OSError, match="not empty"):
        files.rename("/tmp", "/etc")
