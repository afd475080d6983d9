"""The frames of a change: what a learner steps through."""
import re
from itertools import pairwise

import pytest

from kubelearn.apiserver.request import Request
from kubelearn.cluster import Cluster
from kubelearn.view import dot as dots
from kubelearn.view.deeds import with_reasons
from kubelearn.view.drawing import PICTURES, changes
from kubelearn.view.frames import MOST

from .conftest import web


@pytest.fixture(scope="module")
def applied(cluster):
    return changes(cluster, since=cluster.beginning, until=cluster.marks["ready"])


@pytest.fixture(scope="module")
def everything(cluster):
    return changes(cluster, since=cluster.beginning)


def pods(frame) -> dict:
    return {id: card for id, card in frame.graph.find().items() if id.startswith("Pod/")}


def test_pods_appear_before_they_are_placed_and_are_placed_before_they_run(applied):
    """The order in which Kubernetes works is the order of the frames."""
    first = {}
    for number, frame in enumerate(applied):
        waiting = {c.id for box in frame.graph.boxes if box.id == "waiting" for row in box.rows for c in row if not c.free}
        for id, card in pods(frame).items():
            first.setdefault((id, "there"), number)
            if id not in waiting:
                first.setdefault((id, "placed"), number)
            if card.state.word == "Ready":
                first.setdefault((id, "ready"), number)
    names = {id for id, _ in first}
    assert len(names) == 3
    assert all(first[id, "there"] < first[id, "placed"] < first[id, "ready"] for id in names)


def test_each_frame_has_one_caption_with_time_actor_what_and_reason(applied):
    """The first change is the person's, the pods are the ReplicaSet controller's, with its reason."""
    assert re.match(r"\+0 s  you: created Deployment web", applied[1].caption)
    made = next(frame for frame in applied if "created 3 Pods" in frame.what)
    assert made.actor == "replicaset-controller" and ": 3 wanted, 0 found" in made.caption
    assert [frame.time for frame in applied] == sorted(frame.time for frame in applied)


def test_what_changed_has_the_ring_in_that_frame_only(everything):
    """Every frame but the first rings something, and nothing that looks as before and was not written."""
    assert not [part for part in everything[0].graph.find().values() if part.ring]
    for old, new in pairwise(everything):
        slots = [c for box in new.graph.boxes for row in box.rows for c in row if c and c.ring]
        assert slots or any(part.ring for part in new.graph.find().values()), new.caption


def test_nothing_jumps(everything):
    """In all frames of one player an object is where it was; a pod moves once, to its node."""
    places: dict = {}
    for frame in everything:
        for box in frame.graph.boxes:
            places.setdefault(box.id, set()).add((box.at, box.size))
            for r, row in enumerate(box.rows):
                for c, card in enumerate(row):
                    if card is not None and not card.free:
                        places.setdefault((card.id, box.id), set()).add((r, c))
        for card in frame.graph.cards:
            places.setdefault(card.id, set()).add(card.at)
    assert {key for key, found in places.items() if len(found) > 1} == set()


def test_all_frames_are_of_one_size(everything):
    sizes = {re.search(r'width="(\d+)" height="(\d+)"', svg).groups() for svg in dots.svgs([frame.graph for frame in everything])}
    assert len(sizes) == 1


def test_a_pod_that_goes_leaves_its_slot_dotted_and_says_so(cluster):
    """The frame of its end rings the empty slot, which names who left."""
    frames = changes(cluster, since=cluster.marks["ready"], until=cluster.marks["healed"])
    gone = [c for frame in frames for box in frame.graph.boxes for row in box.rows for c in row if c and c.free and c.ring]
    before = cluster.at(revision=cluster.marks["ready"]).list("Pod", "default")
    assert [card.name for card in gone] == [f"{before[0]['metadata']['name']} is gone"]


def test_without_a_beginning_it_shows_what_followed_the_last_command(cluster):
    """The last command was the update: the first frame still has the old image only, the last only the new."""
    frames = changes(cluster)
    assert {card.tag for card in pods(frames[0]).values()} == {"1.25"}
    assert {card.tag for card in pods(frames[-1]).values()} == {"1.26"}


def test_of_two_commands_in_one_instant_the_last_is_the_change_and_is_told_though_it_is_in_no_picture():
    """A ConfigMap has no card."""
    with Cluster(nodes=1, serve=False) as cluster:
        kind = cluster.registry.resources.must_find("ConfigMap")
        for name in ("one", "two"):
            asked = Request("kubectl", external=True, command="kubectl create", session=name)
            cluster.registry.create(kind, "default", {"metadata": {"name": name}}, asked)
        assert [frame.caption.partition("  ")[2] for frame in changes(cluster)] == [
            "before the change", "kubectl create: created ConfigMap two"]


@pytest.mark.parametrize("what", PICTURES)
def test_every_picture_can_be_played(cluster, what):
    """Whatever the picture, its frames hold the same cards at the same places and are few enough to step through."""
    frames = changes(cluster, since=cluster.beginning, what=what)
    assert 1 <= len(frames) <= MOST
    svgs = dots.svgs([frame.graph for frame in frames])
    assert len(svgs) == len(frames)
    spots: dict = {}
    for frame, svg in zip(frames, svgs):
        for x, y, name in re.findall(r'<text x="([\d.-]+)" y="([\d.-]+)"[^>]*font-weight="bold"[^>]*>([^<]+)<', svg):
            if frame.graph.find() and name.startswith(("node-", "pod web")):
                spots.setdefault(name, set()).add((x, y))
    assert all(len(found) == 1 for found in spots.values())


def test_each_of_two_deeds_has_its_reason():
    """One frame, two deeds, two reasons; a reason that both share, or that only says the deed again, is said once or not at all."""
    pairs = [("scaled new up to 1", "it may have one more"), ("scaled old down to 2", "one is ready")]
    assert with_reasons(pairs, 1000) == "scaled new up to 1: it may have one more; scaled old down to 2: one is ready"
    assert with_reasons([("created a", "why"), ("created b", "why")], 1000) == "created a; created b: why"
    assert with_reasons([("it is ErrImagePull", "web waits: ErrImagePull"), ("b is gone", "")], 1000) == "it is ErrImagePull; b is gone"
    assert with_reasons([("scaled web up to 4", "spec.replicas is now 4")], 1000) == "scaled web up to 4: spec.replicas is now 4"
    assert with_reasons([("a", "long " * 99), ("b", "short")], 1000).endswith("…; b: short")


def test_in_a_rollout_both_of_its_steps_say_why(cluster):
    """The Deployment's controller makes the new ReplicaSet larger and the old one smaller, for different reasons."""
    both = [frame for frame in changes(cluster) if frame.what.count("scaled") == 2]
    assert both and all(frame.caption.count(": ") == 3 for frame in both), [frame.caption for frame in both]


@pytest.mark.parametrize("policy", ["Background", "Foreground", "Orphan"])
def test_the_end_of_a_deployment_is_played_though_what_it_owns_outlives_it(policy):
    """The garbage collector finds the ReplicaSet when its owner is gone: there is a frame of one without the other."""
    cluster = Cluster(nodes=1, serve=False)
    cluster.apply(web())
    cluster.run(10)
    cluster.delete("Deployment", "web", propagationPolicy=policy)
    cluster.run(60)
    frames = changes(cluster)
    assert any("Deployment web is gone" in frame.what for frame in frames)
    assert len(dots.svgs([frame.graph for frame in frames])) == len(frames)
