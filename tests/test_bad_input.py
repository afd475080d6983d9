"""What a learner may get wrong in a cell: a clear error, and the cluster goes on as if nothing had been asked."""
from __future__ import annotations

import math
import sys

import pytest

from kubelearn import Cluster, image
from kubelearn.client import Client
from kubelearn.controllers.controller import Controller


@pytest.fixture
def cluster():
    with Cluster(nodes=1, serve=False) as made:
        yield made


def pod(name: str) -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": name}]}}


def logs(cluster: Cluster) -> str:
    """Of everything that ran on the one node."""
    containers = cluster.nodes["node-1"].runtime.containers.values()
    return "".join(entry[2].decode() for container in containers for entry in container.log)


@pytest.mark.parametrize("ask", [
    lambda cluster: cluster.run(-1), lambda cluster: cluster.run("5"), lambda cluster: cluster.run(math.inf),
    lambda cluster: cluster.run(math.nan), lambda cluster: cluster.run(until="later"), lambda cluster: cluster.live(-1),
    lambda cluster: cluster.live("fast")])
def test_time_that_is_none_is_refused(cluster, ask):
    with pytest.raises(ValueError, match="must be a finite number of at least 0"):
        ask(cluster)
    assert cluster.run(5) and cluster.now == 5


@pytest.mark.parametrize("nodes", [-1, 1.5, "three", [{"nme": "a"}], ["a"]])
def test_nodes_that_are_none_are_refused_with_what_there_is_to_say_of_one(nodes):
    with pytest.raises(ValueError, match="nodes is a number, or a list of dicts of name, cpu, memory"):
        Cluster(nodes=nodes, serve=False)


def test_two_nodes_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two nodes have the same name"):
        Cluster(nodes=[{"name": "a"}, {"name": "a"}], serve=False)


def test_what_is_no_manifest_is_refused(cluster):
    with pytest.raises(TypeError, match="YAML text, an object as a dict, or a path is wanted, not int"):
        cluster.apply(5)


async def raises(process):
    raise ValueError("my bug")


async def exits(process):
    sys.exit(3)


async def says_why(process):
    sys.exit("no disk")


async def returns_text(process):
    return "three"


@pytest.mark.parametrize(("program", "code", "said"), [
    (raises, 1, "ValueError: my bug"), (exits, 3, ""), (says_why, 1, "no disk"), (returns_text, 1, "three")])
def test_a_program_of_the_learners_that_fails_is_a_container_that_fails(cluster, program, code, said):
    image(f"bad-{program.__name__.replace('_', '-')}")(program)
    name = f"bad-{program.__name__.replace('_', '-')}"
    cluster.apply(pod(name))
    cluster.run(10)
    ended = cluster.get("Pod", name)["status"]["containerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == code
    assert said in logs(cluster)


def test_a_signal_handler_that_fails_ends_its_program(cluster):
    @image("bad-handler")
    async def program(process):
        process.on_signal("TERM", lambda: 1 / 0)
        await process.sleep(1000)
    cluster.apply(pod("bad-handler"))
    cluster.run(5)
    cluster.delete("Pod", "bad-handler")
    assert cluster.run(until=lambda: not cluster.get("Pod"), limit=5)


@pytest.mark.parametrize("failure", [ValueError("my bug"), SystemExit(3)])
def test_a_controller_that_fails_harms_nobody_else(cluster, failure):
    class Clumsy(Controller):
        name, kind = "clumsy-controller", "Pod"

        def sync(self, obj):
            raise failure
    Clumsy(Client(cluster.registry, "test"))
    cluster.apply(pod("nginx"))
    assert cluster.run(until=lambda: cluster.get("Pod", "nginx")["status"]["phase"] == "Running", limit=10)
