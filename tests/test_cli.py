"""The command: what a person types, and what it says."""
from __future__ import annotations

import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from kubelearn import doctor
from kubelearn.cli import app
from kubelearn.kubectl import find


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


def test_serve_says_in_one_line_what_cannot_be(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for words, said in {
            ("--profile", "none"): "there is no profile 'none': choose one of plain, kind, minikube, cloud",
            ("--kubeconfig", str(tmp_path)): "Is a directory",
            ("--port", str(taken.getsockname()[1])): "Address already in use",
        }.items():
            command = [str(Path(sys.executable).with_name("kubelearn")), "serve", "--kubeconfig", str(tmp_path / "kubeconfig"), *words]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            assert done.returncode == 1 and said in done.stderr and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_serve_writes_a_private_kubeconfig_says_one_line_and_ends_when_interrupted(tmp_path):
    """The served cluster answers kubectl with no more than the file."""
    kubeconfig = tmp_path / "kubeconfig.yaml"
    words = [str(Path(sys.executable).with_name("kubelearn")), "serve", "--nodes", "2", "--speed", "5", "--kubeconfig", str(kubeconfig)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as served:
        try:
            line = served.stdout.readline()
            assert stat.S_IMODE(kubeconfig.stat().st_mode) == 0o600
            got = subprocess.run([find(), "--kubeconfig", kubeconfig, "get", "nodes", "-o", "name"], capture_output=True, text=True)
        finally:
            served.send_signal(signal.SIGINT)
        rest, complaints = served.communicate(timeout=30)
    assert line == f"Serving 2 nodes at speed 5: kubectl --kubeconfig {kubeconfig} get nodes\n"
    assert got.stdout.split() == ["node/node-1", "node/node-2"]
    assert (served.returncode, rest, complaints) == (0, "", "")
