"""A container made by hand: where the machine permits it, its limits bind; where not, a recording says that it is one."""
from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest

from kubelearn.lessons import byhand

INSIDE, HUNGRY, BUSY = byhand.RECORDED
LESSON = Path(__file__).parent.parent.parent / "notebooks" / "01_containers.ipynb"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("byhand"))


@pytest.fixture
def permitted(folder):
    """Skips what a machine without root, namespaces or control groups cannot show."""
    found = byhand.run("true", memory="64Mi", cpu=1, folder=folder)
    if found.code:
        pytest.skip(found.text)


def running(words: bytes) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it may end while we look
            if words in path.read_bytes():
                return True
    return False


def groups() -> list[str]:
    return [str(path) for path in byhand.CGROUPS.glob("**/kubelearn-*") if path.name.endswith(str(os.getpid()))]


def test_it_has_processes_a_name_and_files_of_its_own(permitted, folder):
    text = byhand.run(INSIDE, folder=folder).text
    assert "1 sh" in text and "box" in text and re.search(r"process \d+ of this machine", text)
    assert "usr" not in text and os.uname().nodename not in text.splitlines()


def test_over_its_memory_limit_the_kernel_kills_it_and_with_enough_it_lives(permitted, folder):
    killed, alive = (byhand.run(HUNGRY, memory=size, folder=folder) for size in ("16Mi", "256Mi"))
    assert killed.code == 137 and "killed by the kernel" in killed.text and "alive" not in killed.text
    assert alive.code == 0 and "alive" in alive.text


def test_over_its_cpu_limit_it_waits(permitted, folder):
    found = byhand.run(BUSY, cpu=0.1, folder=folder)
    assert found.code == 0 and re.search(r"held back \d+ times", found.text)


def test_nothing_of_a_group_is_left(permitted, folder):
    byhand.run(HUNGRY, memory="16Mi", cpu=0.5, folder=folder)
    assert groups() == []


def test_what_a_script_answers_is_passed_on(permitted, folder):
    found = byhand.run("echo said; echo complained >&2; exit 3", folder=folder)
    assert found.text.startswith("said\ncomplained\n") and found.code == 3 and "exit code 3" in found.text


def test_a_script_that_hangs_is_ended_and_leaves_nothing(permitted, folder, monkeypatch):
    monkeypatch.setattr(byhand, "SECONDS", 0.3)
    assert "more than 0.3 seconds" in byhand.run("sleep 987654", memory="64Mi", folder=folder).text
    assert groups() == [] and not running(b"987654")


def test_where_it_is_forbidden_the_recording_is_shown_and_marked(monkeypatch, tmp_path):
    monkeypatch.setattr(byhand.shutil, "which", lambda program: None)
    found = byhand.run(INSIDE, folder=str(tmp_path / "box"))
    assert found.text.startswith("(recorded elsewhere; here: there is no busybox)\nPID") and found.code
    assert byhand.run("uname", folder=str(tmp_path / "box")).text == "(this machine does not permit it: there is no busybox)"


def test_where_no_group_may_be_made_the_recording_is_shown(monkeypatch, tmp_path):
    monkeypatch.setattr(byhand, "CGROUPS", tmp_path)
    assert "(recorded elsewhere; here: no control group may be made)" in byhand.run(HUNGRY, memory="16Mi").text


@pytest.mark.parametrize(("memory", "cpu", "files"), [
    ("16Mi", None, {"memory.max": "16777216", "memory.swap.max": "0"}), (None, 0.25, {"cpu.max": "25000 100000"})])
def test_version_2_is_one_directory(monkeypatch, tmp_path, memory, cpu, files):
    (tmp_path / "cgroup.controllers").touch()
    monkeypatch.setattr(byhand, "CGROUPS", tmp_path)
    assert list(byhand._wanted(memory, cpu)) == [files]


def test_every_script_of_the_lesson_has_a_recording():
    cells = nbformat.read(LESSON, as_version=4).cells
    scripts = [found[1] for cell in cells if (found := re.search(r'^byhand\.run\("(.*?)"[,)]', cell.source))]
    assert scripts == list(byhand.RECORDED)


def test_the_costs_are_measured():
    plain, apart = byhand.costs(3).text.splitlines()[1:3]
    assert re.search(r"plain process +[\d.]+ ms", plain) and ("ms" in apart)
