"""The learner's copy: what the learner wrote is never lost, and what was not touched follows the course."""
from __future__ import annotations

import json
import os
import subprocess
import sys

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_code_cell, new_notebook, new_output

from kubelearn import kubectl, lab


def lesson(path, source: str, output: str = "") -> None:
    cell = new_code_cell(source, outputs=[new_output("stream", text=output)] if output else [])
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[cell]), path)


def source_of(path) -> str:
    return nbformat.read(path, as_version=4).cells[0].source


@pytest.fixture
def course(tmp_path):
    lesson(tmp_path / "course" / "00_start.ipynb", "first edition")
    lesson(tmp_path / "course" / "04_deployments.ipynb", "first edition")
    (tmp_path / "course" / "images").mkdir()
    (tmp_path / "course" / "images" / "web.yaml").write_text("kind: Pod")
    return tmp_path / "course"


def test_the_copy_is_whole(course, tmp_path):
    assert lab.copy_lessons(course, tmp_path / "copy") == []
    assert (tmp_path / "copy" / "images" / "web.yaml").read_text() == "kind: Pod"


def test_the_answer_of_a_prediction_is_folded_away_and_that_is_no_change(course, tmp_path):
    lesson(course / "00_start.ipynb", 'predict("How many?", right="5")')
    lab.copy_lessons(course, tmp_path / "copy")
    names = ("00_start.ipynb", "04_deployments.ipynb")
    hidden = [nbformat.read(tmp_path / "copy" / name, as_version=4).cells[0].metadata.get("jupyter", {}) for name in names]
    assert hidden == [{"source_hidden": True}, {}]
    lesson(course / "00_start.ipynb", "second edition")
    assert lab.copy_lessons(course, tmp_path / "copy") == []
    assert source_of(tmp_path / "copy" / "00_start.ipynb") == "second edition"


def test_what_the_learner_wrote_is_kept(course, tmp_path):
    copy = tmp_path / "copy"
    lab.copy_lessons(course, copy)
    lesson(copy / "00_start.ipynb", "mine")
    lesson(copy / "notes.ipynb", "mine")
    assert lab.copy_lessons(course, copy) == []
    names = ("00_start.ipynb", "notes.ipynb", "04_deployments.ipynb")
    assert [source_of(copy / name) for name in names] == ["mine", "mine", "first edition"]


def test_running_a_lesson_is_no_change_and_a_new_edition_arrives(course, tmp_path):
    copy = tmp_path / "copy"
    lab.copy_lessons(course, copy)
    lesson(copy / "00_start.ipynb", "first edition", output="run here")
    lab.copy_lessons(course, copy)
    assert "run here" in (copy / "00_start.ipynb").read_text()
    lesson(course / "00_start.ipynb", "second edition")
    assert lab.copy_lessons(course, copy) == []
    assert source_of(copy / "00_start.ipynb") == "second edition"


def test_a_lesson_that_both_changed_stays_the_learners_and_is_named_each_time(course, tmp_path):
    copy = tmp_path / "copy"
    lab.copy_lessons(course, copy)
    lesson(copy / "00_start.ipynb", "mine")
    lesson(course / "00_start.ipynb", "second edition")
    assert [lab.copy_lessons(course, copy), lab.copy_lessons(course, copy)] == [["00_start.ipynb"]] * 2
    assert source_of(copy / "00_start.ipynb") == "mine"


def test_a_lesson_the_learner_removed_or_broke(course, tmp_path):
    """Removed: it comes back as the course has it. Broken: it is the learner's, and the lab still starts."""
    copy = tmp_path / "copy"
    lab.copy_lessons(course, copy)
    (copy / "00_start.ipynb").unlink()
    (copy / "04_deployments.ipynb").write_text("{")
    lab.copy_lessons(course, copy)
    lab.trust(copy)
    assert source_of(copy / "00_start.ipynb") == "first edition"
    assert (copy / "04_deployments.ipynb").read_text() == "{"


def test_reset_begins_again_and_keeps_a_backup(course, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBELEARN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(lab, "course", lambda: course)
    folder, _, none = lab.prepare()
    lesson(folder / "00_start.ipynb", "mine")
    again, _, backup = lab.prepare(reset=True)
    assert (none, source_of(again / "00_start.ipynb"), source_of(backup / "00_start.ipynb")) == (None, "first edition", "mine")
    assert lab.prepare(reset=True)[2] != backup


def test_the_copy_is_trusted_and_the_course_is_not_touched(course, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBELEARN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(lab, "course", lambda: course)
    before = {path: path.stat().st_mtime_ns for path in course.rglob("*")}
    folder, _, _ = lab.prepare()
    assert NotebookNotary().check_signature(nbformat.read(folder / "00_start.ipynb", as_version=4))
    assert {path: path.stat().st_mtime_ns for path in course.rglob("*")} == before


def test_the_labs_terminal_has_kubectl_and_kubelearn():
    code = "import shutil, json, os; print(json.dumps([shutil.which('kubectl'), shutil.which('kubelearn'), os.environ['KUBECONFIG']]))"
    said = subprocess.run([sys.executable, "-c", code], env=lab.environment(), capture_output=True, text=True, check=True).stdout
    found, own, config = json.loads(said)
    assert os.path.samefile(found, kubectl.find()) and own and config == str(kubectl.shared_config())


def test_the_lab_keeps_what_widgets_show_in_the_file_and_the_learners_own_config_stays(monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/mine")
    ours, mine = lab.environment()["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    code = "from jupyterlab_server.settings_utils import _get_overrides; print(_get_overrides('')[0])"
    said = subprocess.run([sys.executable, "-c", code], env=lab.environment(), capture_output=True, text=True, check=True).stdout
    assert mine == "/mine" and ours.startswith(str(kubectl.home())) and "'saveState': True" in said


def test_the_lab_opens_on_the_first_lesson(course):
    words = lab.command(course, port=9000, browser=False)
    assert "--LabApp.default_url=/lab/tree/00_start.ipynb" in words and "--no-browser" in words and "--ServerApp.port=9000" in words


def test_a_lab_that_somebody_else_starts_gets_the_same(tmp_path):
    """Binder's start script: its shell has the terminal's PATH and KUBECONFIG."""
    script = f'eval "$({sys.executable} -m kubelearn.lab --environment)"; command -v kubectl; echo "$KUBECONFIG"'
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split("\n")
    assert os.path.samefile(said[0], kubectl.find()) and said[1] == str(kubectl.shared_config())
