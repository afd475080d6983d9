"""begin(): one cluster at a time, or a real one by its context in the learner's own kubeconfig."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from kubelearn import Cluster, kubectl
from kubelearn.lessons import begin, end


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A cluster that stands for a real one: context `mine` of the learner's own kubeconfig, and not the current one."""
    monkeypatch.setenv("KUBELEARN_HOME", str(tmp_path / "home"))
    for name in ("KUBECACHEDIR", "PATH"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # begin() changes them; afterwards they are as before
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.setenv(kubectl.OWN, "")
    with Cluster(nodes=1) as cluster:
        config = yaml.safe_load(Path(cluster.kubeconfig).read_text())
        config["contexts"][0]["name"], config["current-context"] = "mine", ""
        (tmp_path / "config").write_text(yaml.safe_dump(config))
        yield cluster


def kubectl_alone() -> str:
    """What `!kubectl` in a cell says of the cluster that it talks to."""
    return subprocess.run([kubectl.find(), "get", "nodes", "-o", "name"], capture_output=True, text=True).stdout


def test_a_context_is_one_of_the_learners_own_also_after_an_earlier_begin(own):
    simulated = begin(nodes=2)
    assert kubectl_alone() == "node/node-1\nnode/node-2\n"
    with begin(context="mine") as real:
        assert [node["metadata"]["name"] for node in real.get("Node")] == ["node-1"]
        assert kubectl_alone() == "node/node-1\n"
        assert simulated.server is None  # a second begin() ended it
    again = begin(nodes=3)
    assert kubectl_alone().count("\n") == 3
    end(again)


@pytest.mark.parametrize("wrong", [{"context": "nobodys"}, {"nodes": -1}, {"profile": "none"}])
def test_what_was_asked_wrongly_leaves_what_there_was(own, wrong):
    simulated = begin(nodes=2)
    with pytest.raises(Exception, match="nobodys|nodes is a number|choose one of"):
        begin(**wrong)
    assert kubectl_alone() == "node/node-1\nnode/node-2\n"
    end(simulated)
