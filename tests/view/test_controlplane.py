"""The control plane picture, drawn and played: who wrote, who was told and answered, who leads, who is stopped."""
import re

import pytest

from kubelearn.cluster import Cluster
from kubelearn.errors import ApiError
from kubelearn.view import draw, play
from kubelearn.view.drawing import WHAT

LANES = "control plane"


@pytest.fixture(scope="module")
def three():
    """Three control-plane machines, of which two are lost one after the other and one comes back."""
    cluster = Cluster(nodes=1, control_plane=3, serve=False)
    cluster.mark = cluster.revision
    cluster.stop("control-plane-1")
    cluster.run(30)
    cluster.stop("control-plane-2")
    cluster.run(20)
    cluster.start("control-plane-2")
    cluster.run(30)
    return cluster


@pytest.mark.parametrize("what", WHAT)
def test_whatever_is_drawn_is_also_played(cluster, what):
    """Each picture over the whole history and over nothing at all: well-formed, with a caption and an alt text for each frame."""
    assert draw(cluster, what).alt
    for since in (cluster.beginning, cluster.revision):
        player = play(cluster, since=since, what=what)
        assert len(player) == len(player.texts) == len(player.alts) and all(player.alts)
        assert len({re.search(r'width="\d+" height="\d+"', svg)[0] for svg in player.pictures}) == 1


def test_there_is_no_other_picture(cluster):
    """Both say the same."""
    for show in (draw, play):
        with pytest.raises(ValueError, match="there is no picture 'moon'; there are cluster, .*, control plane"):
            show(cluster, what="moon")


def test_a_frame_adds_a_row_and_moves_none(cluster):
    """Who wrote is ringed in that frame only; who was told stands in the caption before it answers."""
    player = play(cluster, since=cluster.beginning, until=cluster.marks["ready"], what=LANES)
    dots = [set(re.findall(r'<circle (cx="[\d.]+" cy="[\d.]+") r="[45]"', svg)) for svg in player.pictures]
    assert all(old <= new and old != new for old, new in zip(dots, dots[1:]))
    assert [svg.count('stroke-width="3"') for svg in player.pictures] == [0] + [1] * (len(player) - 1)
    made, placed = (next(n for n, text in enumerate(player.texts) if what in text) for what in ("created 3 Pods", "placed"))
    assert made < placed and player.texts[made].endswith("told of it: default-scheduler and deployment-controller")


def test_a_change_in_which_nothing_was_written_says_so(cluster):
    player = play(cluster, since=cluster.revision, what=LANES)
    assert player.texts == ["+0 s  nothing was written in this change, so nobody was told of anything"]
    assert "nothing was written" in player.pictures[0]


def test_who_leads_and_whether_etcd_has_a_quorum(three):
    """With one machine lost another leads when the Lease has run out; with two nothing is stored, and still there is a frame."""
    said = dict(zip((text.partition("  ")[2] for text in play(three, since=three.mark, what=LANES).texts),
                    play(three, since=three.mark, what=LANES).alts))
    first, second, back = (said[f"you: {what}"] for what in ("stopped control-plane-1", "stopped control-plane-2",
                                                             "started control-plane-2 again"))
    assert "etcd: 2 of 3 up, quorum of 2: stores." in first and "kube-scheduler: 2 of 3 up, waits for the Lease to end." in first
    led = next(alt for text, alt in said.items() if "leads as kube-scheduler" in text)
    assert "kube-scheduler: 2 of 3 up, control-plane-2 leads." in led
    assert "etcd: 1 of 3 up, no quorum: stores nothing." in second
    assert "etcd: 2 of 3 up, quorum of 2: stores." in back


def test_a_write_that_etcd_refuses_is_a_row():
    """Of a person; it is in no history."""
    with Cluster(nodes=1, control_plane=3, serve=False) as cluster:
        start = cluster.revision
        cluster.stop("control-plane-1")
        cluster.stop("control-plane-2")
        with pytest.raises(ApiError, match="request timed out"):
            cluster.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: it}}")
        said = [text.partition("  ")[2] for text in play(cluster, since=start, what=LANES).texts]
    assert said[1:4] == ["you: stopped control-plane-1", "you: stopped control-plane-2",
                         "you: could not write ConfigMap it: etcdserver: request timed out"]


def test_a_component_that_is_stopped_is_a_row_also_where_it_runs_out_of_sight():
    """The default cluster has no machine for its control plane, and no Lease."""
    cluster = Cluster(nodes=1, serve=False)
    cluster.stop("kube-scheduler")
    cluster.apply("{apiVersion: v1, kind: Pod, metadata: {name: it}, spec: {containers: [{name: main, image: nginx}]}}")
    cluster.start("kube-scheduler")
    cluster.run(5)
    player = play(cluster, since=cluster.beginning, what=LANES)
    assert [text.partition("  ")[2].partition(";")[0] for text in player.texts][:4] == [
        "before the change", "you: stopped kube-scheduler", "you: created Pod it", "you: started kube-scheduler again"]
    assert "kube-scheduler: stopped" in player.alts[2] and "kube-scheduler: acts" in player.alts[3]
