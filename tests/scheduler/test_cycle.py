"""The scheduling cycle as a pure function of nodes, pods and plugins."""
from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.scheduler.cache import Snapshot
from kubelearn.scheduler.cycle import Cycle, Decision, Unfit
from kubelearn.scheduler.filters import PluginError
from kubelearn.scheduler.framework import Plugin
from kubelearn.scheduler.messages import fit_error
from kubelearn.scheduler.plugins import (
    defaultpreemption,
    imagelocality,
    interpodaffinity,
    nodeaffinity,
    nodename,
    nodeports,
    noderesourcesfit,
    nodeunschedulable,
    podtopologyspread,
    tainttoleration,
)
from kubelearn.scheduler.plugins import noderesourcesbalancedallocation as balanced
from kubelearn.scheduler.pods import PodInfo


def plugins() -> list[Plugin]:
    return [nodename.NodeName(), nodeunschedulable.NodeUnschedulable(), tainttoleration.TaintToleration(), nodeaffinity.NodeAffinity(),
            nodeports.NodePorts(), noderesourcesfit.NodeResourcesFit(), podtopologyspread.PodTopologySpread(),
            interpodaffinity.InterPodAffinity(), defaultpreemption.DefaultPreemption(),
            balanced.NodeResourcesBalancedAllocation(), imagelocality.ImageLocality()]


def node(name: str, cpu: str = "4", pods: str = "110", taints: list | None = None, images: list | None = None, **labels: str) -> dict:
    zone = "abc"[(int(name[-1]) - 1) % 3]
    return {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone, **labels}},
            "spec": {"taints": taints} if taints else {},
            "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": pods}, "images": images or []}}


def pod(name: str, cpu: str | None = None, labels: dict | None = None, **spec: object) -> PodInfo:
    resources = {"resources": {"requests": {"cpu": cpu}}} if cpu else {}
    return PodInfo({"metadata": {"name": name, "namespace": "default", "uid": name, "labels": labels or {"app": "web"}},
                    "spec": {"containers": [{"name": "c", "image": "nginx", **resources}], **spec}, "status": {}})


def cycle(*nodes: dict, more: list[Plugin] | None = None) -> Cycle:
    snapshot = Snapshot()
    for obj in nodes or [node(f"node-{number}") for number in (1, 2, 3)]:
        snapshot.set_node(obj)
    return Cycle(snapshot, plugins() + (more or []), random.Random(0))


def place(cyc: Cycle, info: PodInfo) -> str:
    found = cyc.decide(info)
    assert isinstance(found, Decision), found
    cyc.snapshot.add_pod(info, found.node)
    return found.node


def why_not(cyc: Cycle, info: PodInfo) -> str:
    found = cyc.decide(info)
    assert isinstance(found, Unfit), found
    return fit_error(len(cyc.snapshot.nodes), found.rejections.values())


def term(key: str, app: str) -> dict:
    return {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key}


def test_pods_alike_spread_over_the_nodes():
    """Without any wish, nodes end with as many pods each."""
    cyc = cycle()
    places = [place(cyc, pod(f"web-{number}", "100m")) for number in range(9)]
    assert {places.count(name) for name in places} == {3}


def test_the_reason_names_every_score_of_a_few_nodes():
    cyc = cycle()
    cyc.snapshot.add_pod(pod("old", "2"), "node-1")
    chosen, because = cyc.decide(pod("new", "1"))
    other = {"node-2": "node-3", "node-3": "node-2"}[chosen]
    assert because == f"3 nodes fit, {chosen} scored 154, {other} 154, node-1 128"


def test_every_reason_is_counted():
    """The scheduler says how many nodes failed for which reason; on each node, the first plugin that rejects speaks."""
    cyc = cycle(node("node-1", taints=[{"key": "team", "value": "blue", "effect": "NoSchedule"}]), node("node-2", cpu="1"), node("node-3"))
    assert why_not(cyc, pod("big", "64")) == "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu."
    blue = [{"key": "team", "operator": "Equal", "value": "blue", "effect": "NoSchedule"}]
    assert why_not(cyc, pod("blue", "64", tolerations=blue)) == "0/3 nodes are available: 3 Insufficient cpu."
    assert why_not(cyc, pod("ssd", nodeSelector={"disk": "ssd"})) == (
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector.")


def test_a_daemon_pod_looks_at_its_own_node_only():
    wanted = {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-2"]}]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": wanted}}
    cyc = cycle(node("node-1"), node("node-2", cpu="1"), node("node-3"))
    assert place(cyc, pod("agent", affinity=affinity)) == "node-2"
    assert why_not(cyc, pod("fat", "3", affinity=affinity)) == (
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].")


def test_a_host_port_is_had_once_a_node():
    cyc = cycle(node("node-1"))
    ports = [{"name": "c", "image": "nginx", "ports": [{"containerPort": 80, "hostPort": 80}]}]
    place(cyc, pod("first", containers=ports))
    assert "node(s) didn't have free ports for the requested pod ports" in why_not(cyc, pod("second", containers=ports))


def test_required_anti_affinity_works_both_ways():
    """A pod stays off pods that it does not want near, and off pods that do not want it near."""
    cyc = cycle()
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term("kubernetes.io/hostname", "web")]}}
    assert len({place(cyc, pod(f"apart-{number}", affinity=apart)) for number in range(3)}) == 3
    assert why_not(cyc, pod("fourth", affinity=apart)).endswith("3 node(s) didn't match pod anti-affinity rules.")
    assert why_not(cyc, pod("plain")).endswith("3 node(s) didn't satisfy existing pods anti-affinity rules.")


def test_affinity_follows_and_the_first_of_its_kind_may_start():
    cyc = cycle()
    near = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term("topology.kubernetes.io/zone", "web")]}}
    zones = {place(cyc, pod(f"web-{number}", affinity=near)) for number in range(4)}
    assert len(zones) == 1
    other = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term("topology.kubernetes.io/zone", "db")]}}
    assert why_not(cyc, pod("lonely", affinity=other)).endswith("3 node(s) didn't match pod affinity rules.")


def test_a_preference_decides_among_equals():
    cyc = cycle()
    place(cyc, pod("db", labels={"app": "db"}))
    home = cyc.snapshot.where["default/db"].name
    wish = {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 100, "podAffinityTerm": term("kubernetes.io/hostname", "db")}]}}
    assert place(cyc, pod("near", affinity=wish)) == home


def test_hard_spreading_keeps_the_skew():
    cyc = cycle()
    even = [{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
             "labelSelector": {"matchLabels": {"app": "even"}}}]
    places = [place(cyc, pod(f"even-{n}", labels={"app": "even"}, topologySpreadConstraints=even)) for n in range(6)]
    assert {places.count(name) for name in ("node-1", "node-2", "node-3")} == {2}
    cyc.snapshot.set_node(node("node-1", pods="2"))
    cyc.snapshot.set_node(node("node-2", pods="2"))
    place(cyc, pod("even-6", labels={"app": "even"}, topologySpreadConstraints=even))
    assert why_not(cyc, pod("even-7", labels={"app": "even"}, topologySpreadConstraints=even)) == (
        "0/3 nodes are available: 1 node(s) didn't match pod topology spread constraints, 2 Too many pods.")


def test_soft_spreading_evens_out():
    cyc = cycle()
    soft = [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
             "labelSelector": {"matchLabels": {"app": "soft"}}}]
    places = [place(cyc, pod(f"soft-{n}", labels={"app": "soft"}, topologySpreadConstraints=soft)) for n in range(6)]
    assert {places.count(name) for name in ("node-1", "node-2", "node-3")} == {2}


def test_an_image_that_is_there_attracts():
    images = [{"names": ["nginx:latest"], "sizeBytes": 900 * 2**20}]
    cyc = cycle(node("node-1"), node("node-2", images=images), node("node-3"))
    assert place(cyc, pod("web")) == "node-2"


def test_a_plugin_of_ones_own_needs_a_few_lines():
    class SSDOnly(Plugin):
        def filter(self, state, pod, node):
            return None if node.labels.get("disk") == "ssd" else "node(s) had no ssd"

    class Last(Plugin):
        def score(self, state, pod, node):
            return 100 if node.name == "node-3" else 0

    cyc = cycle(node("node-1"), node("node-2", disk="ssd"), node("node-3"), more=[SSDOnly()])
    assert place(cyc, pod("web")) == "node-2"
    cyc = cycle()
    cyc.plugins.append(Last())
    assert [place(cyc, pod(f"web-{number}")) for number in range(3)] == ["node-3"] * 3


def test_a_plugin_that_raises_is_named():
    class Broken(Plugin):
        def filter(self, state, pod, node):
            return 1 / 0

    with pytest.raises(PluginError, match='running "Broken" filter plugin: division by zero'):
        cycle(more=[Broken()]).decide(pod("web"))


def test_a_filter_that_says_true_is_told_what_it_may_say():
    class Yes(Plugin):
        def filter(self, state, pod, node):
            return True

    with pytest.raises(PluginError, match='"Yes" filter plugin: True is neither a reason'):
        cycle(more=[Yes()]).decide(pod("web"))


def test_a_copied_node_is_independent():
    """A dry run of preemption leaves the snapshot as it was."""
    cyc = cycle(node("node-1"))
    cyc.snapshot.add_pod(pod("low", "3"), "node-1")
    before = dict(cyc.snapshot.nodes["node-1"].requested)
    high = pod("high", "3", priority=10)
    found = cyc.decide(high)

    class Holder:
        snapshot, plugins, random = cyc.snapshot, cyc.plugins, cyc.random
    preemption = defaultpreemption.DefaultPreemption().post_filter(high, found.rejections, Holder)
    assert preemption.node == "node-1" and [victim.name for victim in preemption.victims] == ["low"]
    assert cyc.snapshot.nodes["node-1"].requested == before and list(cyc.snapshot.nodes["node-1"].pods) == ["default/low"]


def test_preemption_takes_as_few_and_as_unimportant_as_it_can():
    cyc = cycle(node("node-1"), node("node-2"))
    for name, cpu, priority, where in (("a", "2", 5, "node-1"), ("b", "2", 1, "node-1"), ("c", "4", 7, "node-2")):
        cyc.snapshot.add_pod(pod(name, cpu, priority=priority), where)
    high = pod("high", "2", priority=10)

    class Holder:
        snapshot, plugins, random = cyc.snapshot, cyc.plugins, cyc.random
    found = defaultpreemption.DefaultPreemption().post_filter(high, cyc.decide(high).rejections, Holder)
    assert (found.node, [victim.name for victim in found.victims]) == ("node-1", ["b"])
    assert found.message == "found a potential placement for pod on node node-1, preempting 1 victims"


def test_a_node_that_left_takes_no_pods_though_those_on_it_still_change():
    cyc = cycle(*[node(f"node-{number}") for number in (1, 2, 3, 4)])
    cyc.snapshot.add_pod(pod("old", "1"), "node-2")
    cyc.snapshot.remove_node("node-2")
    cyc.decide(pod("new", "1"))
    cyc.snapshot.remove_pod("default/old")
    for number in range(3):
        found = cyc.decide(pod(f"new-{number}", "1"))
        assert found.node in cyc.snapshot.nodes
        cyc.snapshot.add_pod(pod(f"new-{number}", "1"), found.node)


@given(st.lists(st.tuples(st.sampled_from(["add", "remove", "cordon", "label", "leave"]), st.integers(1, 4),
                          st.sampled_from(["100m", "1", "2"])), max_size=30))
def test_what_is_remembered_is_what_a_fresh_look_finds(steps):
    """Answers shared by pods alike are those that a new ranking over the same nodes gives, whatever happened in between."""
    names = [f"node-{number}" for number in (1, 2, 3, 4)]
    cyc = cycle(*[node(name) for name in names])
    for count, (what, number, cpu) in enumerate(steps):
        name = f"node-{number}"
        if what == "add":
            found = cyc.decide(pod(f"pod-{count}", cpu))
            if isinstance(found, Decision):
                cyc.snapshot.add_pod(pod(f"pod-{count}", cpu), found.node)
        elif what == "remove" and cyc.snapshot.where:  # also from a node that has left
            cyc.snapshot.remove_pod(list(cyc.snapshot.where)[number % len(cyc.snapshot.where)])
        elif what == "cordon" and name in cyc.snapshot.nodes:
            obj = node(name)
            obj["spec"]["unschedulable"] = not cyc.snapshot.nodes[name].unschedulable
            cyc.snapshot.set_node(obj)
        elif what == "leave":
            cyc.snapshot.remove_node(name)
        elif what == "label":  # it may have to come back first
            cyc.snapshot.set_node(node(name, disk=cpu))
    fresh = Cycle(cyc.snapshot, cyc.plugins, random.Random(1))
    cyc.random = random.Random(1)
    probe = pod("probe", "1")
    old, new = cyc.decide(probe), fresh.decide(probe)
    assert type(old) is type(new)
    if isinstance(new, Unfit):
        assert old == new
    else:
        assert _parts(old.because) == _parts(new.because)


def _parts(because: str) -> list[str]:
    """The reason, whoever of the best was drawn."""
    return sorted(because.replace("scored ", "").split(", "))
