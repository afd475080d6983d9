"""The judges of 12_controller: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.controllers.controller import Controller
from kubelearn.lessons import check, controllers
from kubelearn.scheduler import Plugin


def pod_for(website: dict) -> dict:
    container = {"name": "web", "image": "hashicorp/http-echo:1.0.0", "args": [f"-text={website['spec']['text']}", "-listen=:5678"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": f"{website['metadata']['name']}-"}, "spec": {"containers": [container]}}


class First(Controller):
    name, kind, owns = "website-controller", "Website", ("Pod",)

    def sync(self, website):
        pods = self.owned(website, "Pod")
        for _ in range(website["spec"]["pods"] - len(pods)):
            self.create(pod_for(website), website, "missing")


class Follows(First):
    def sync(self, website):
        for pod in self.owned(website, "Pod"):
            if pod["spec"]["containers"][0]["args"] != pod_for(website)["spec"]["containers"][0]["args"]:
                self.delete(pod, "its text is old")
        super().sync(website)


class Shrinks(Follows):
    def sync(self, website):
        alive = [pod for pod in self.owned(website, "Pod") if "deletionTimestamp" not in pod["metadata"]]
        for pod in alive[website["spec"]["pods"]:]:
            self.delete(pod, "one too many")
        super().sync(website)


class OneOnly(Follows):
    def sync(self, website):
        super().sync({**website, "spec": {**website["spec"], "pods": 1}})


class Orphans(First):
    def sync(self, website):
        if not self.client.list("Pod", "default"):
            for _ in range(website["spec"]["pods"]):
                self.client.create({**pod_for(website), "metadata": {"generateName": "probe-site-", "namespace": "default"}})


class Raises(First):
    def sync(self, website):
        raise ValueError("a bug")


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        made.apply(controllers.WEBSITE)
        made.run(5)
        yield made


def test_a_controller_that_follows(cluster):
    controllers.run_controller(cluster, Shrinks)
    assert check(controllers.sites_are_served, cluster)


@pytest.mark.parametrize("make, seen", [(First, "'second'"), (Follows, "there are 2 Pods"), (OneOnly, "owns 1 Pods"), (Orphans, "no running Pod that it owns"), (Raises, "no running Pod")])
def test_controllers_that_do_not(cluster, make, seen):
    controllers.run_controller(cluster, make)
    verdict = check(controllers.sites_are_served, cluster)
    assert not verdict and seen in verdict.text


def test_a_controller_that_raises_leaves_the_cluster_unharmed(cluster):
    controllers.run_controller(cluster, Raises)
    cluster.apply(controllers.site("a", "text"))
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}})
    cluster.run(20)
    assert cluster.get("Pod", "p")["status"]["phase"] == "Running"
    assert cluster.parts["website-controller"].queue.failures("default/a") > 3


class Night(Plugin):
    def filter(self, state, pod, node):
        if pod.labels.get("shift") == "night" and node.name != "node-3":
            return "node(s) did not work at night"


class Everyone(Plugin):
    def filter(self, state, pod, node):
        return None if node.name == "node-3" else "node(s) did not work"


class Nobody(Plugin):
    def filter(self, state, pod, node):
        return "node(s) did not work"


class Prefers(Plugin):
    def score(self, state, pod, node):
        return 100 if pod.labels.get("shift") == "night" and node.name == "node-3" else 0


class WantsTheLabel(Plugin):
    def filter(self, state, pod, node):
        return "node(s) did not work at night" if pod.labels["shift"] == "night" and node.name != "node-3" else None


class SaysTrue(Plugin):
    def filter(self, state, pod, node):
        return pod.labels.get("shift") != "night" or node.name == "node-3"


@pytest.mark.parametrize("plugin, seen", [
    (Night, "✔"), (Everyone, "day Pods are all on node-3"), (Nobody, "is on no node: 0/3 nodes are available: 3 node(s) did not work"), (None, "elsewhere"),
    (Prefers, "was closed for a while, and a night Pod went to"), (WantsTheLabel, "hen is on no node"),
    (SaysTrue, 'running "SaysTrue" filter plugin: False is neither a reason')])
def test_night_shifts(cluster, plugin, seen):
    if plugin:
        controllers.run_plugin(cluster, plugin())
    assert seen in check(controllers.night_shift, cluster).text


def test_a_better_plugin_replaces_the_one_of_its_name(cluster):
    """As when the learner runs the cell again."""
    controllers.run_plugin(cluster, type("NightShift", (Nobody,), {})())
    assert not check(controllers.night_shift, cluster)
    controllers.run_plugin(cluster, type("NightShift", (Night,), {})())
    assert check(controllers.night_shift, cluster)


@pytest.mark.parametrize("quiet", [True, False])
def test_an_error_is_not_told_at_every_try(cluster, caplog, quiet):
    controllers.run_controller(cluster, Raises, quiet)
    cluster.apply(controllers.site("a", "text"))
    controllers.run_plugin(cluster, SaysTrue())
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}})
    cluster.run(50)
    assert caplog.text.count("ValueError: a bug") == (not quiet) and caplog.text.count("True is neither a reason") == 1
    cluster.run(60)
    assert caplog.text.count("True is neither a reason") == 2


def test_the_weight_of_a_plugin_decides():
    """Without weight a plugin has no say; with much, all Pods go where it wants them."""
    class Third(Plugin):
        def score(self, state, pod, node):
            return 100 if node.name == "node-3" else 0
    assert controllers.placed_with(Third, 0).caption == "node-1: 2, node-2: 2, node-3: 2"
    assert controllers.placed_with(Third, 50).caption == "node-1: 0, node-2: 0, node-3: 6"
