"""The command: what a person types, and what it says."""
from __future__ import annotations

from typer.testing import CliRunner

from kubelearn import doctor
from kubelearn.cli import app


def test_doctor_finds_what_the_course_needs_here():
    """Where the tests run, so does the course."""
    said = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": "300"})
    assert said.exit_code == 0, said.output
    assert [word for word in ("Python", "kubectl", "JupyterLab", "Chromium", "namespaces", "cgroups") if word not in said.output] == []


def test_doctor_fails_and_advises_where_something_needed_is_missing(monkeypatch):
    missing = doctor._distributions("pictures", "graphviz", "no-such-thing")
    monkeypatch.setattr(doctor, "LOOKS", (lambda: missing, lambda: doctor.Finding("Chromium", False, "none", False, "a [test] needs it")))
    said = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": "300"})
    assert said.exit_code == 1
    assert "missing  pictures" in said.output and "pip install no-such-thing" in said.output and "a [test] needs it" in said.output


def test_serve_asks_for_a_kubeconfig_rather_than_touching_the_users():
    said = CliRunner().invoke(app, ["serve"], env={"COLUMNS": "300"})
    assert said.exit_code == 2 and "--kubeconfig" in said.output
