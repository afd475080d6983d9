"""Charts and timelines: nothing is sampled, every step is a revision."""
from xml.etree import ElementTree

import pytest

from kubelearn.view import chart, draw, lanes, timeline
from kubelearn.view.chart import limits
from kubelearn.view.past import Past, counts, lives, pods_of_deployment

from .conftest import story


def test_a_rollout_stays_in_its_band(cluster):
    """What the chart shows of the update: never fewer available than maxUnavailable allows."""
    past = Past(cluster, cluster.marks["healed"])
    wanted, _ = pods_of_deployment(past, "web", "default")
    _, fewest, most = limits(past, "web", "default")[-1]
    assert (fewest, most) == (3, 4)
    ready = [sum(count.values()) for _, count in counts(past, wanted)]
    assert min(ready) >= fewest and max(sum(count.values()) for _, count in counts(past, wanted, ready=False)) <= most
    assert "never fewer than 3" in chart(cluster, "web", since=cluster.marks["healed"]).alt


def test_forks_stand_side_by_side_in_one_chart(cluster):
    picture = chart({"as it was": cluster, "again": story()}, "web")
    assert "as it was" in picture.svg and "again" in picture.svg and "never fewer than 3 ready" in picture.alt


def test_a_chart_of_what_is_not_there_is_refused(cluster):
    with pytest.raises(ValueError, match="no ReplicaSet of a Deployment 'nobody'"):
        chart(cluster, "nobody")


def test_a_pod_s_life_has_no_gap_and_no_overlap(cluster):
    """From creation to its end each moment has one state; a deleted pod ends."""
    found = lives(Past(cluster, cluster.beginning), lambda pod: pod["metadata"]["namespace"] == "default")
    assert len(found) == 7 and sum(life.gone for life in found) == 4
    for life in found:
        assert all(one.end == other.start for one, other in zip(life.spans, life.spans[1:]))
        assert life.spans[0].state.word in ("Pending", "ContainerCreating")


@pytest.mark.parametrize("make", [lambda c: chart(c, "web", since=c.beginning), lambda c: timeline(c, since=c.beginning), lanes])
def test_they_are_well_formed_and_no_wider_than_a_notebook(cluster, make):
    picture = make(cluster)
    root = ElementTree.fromstring(picture.svg)
    assert float(root.get("width")) <= 900 and root.get("aria-label") == picture.alt != ""
    assert picture._repr_mimebundle_() == make(cluster)._repr_mimebundle_()


def test_the_control_plane_s_lanes_begin_with_the_person(cluster):
    """Who acted in what order on the first apply."""
    said = lanes(cluster, since=cluster.beginning, until=cluster.marks["ready"]).alt
    order = [said.index(text) for text in ("you created Deployment web", "deployment-controller created ReplicaSet",
                                           "replicaset-controller created 3 Pods", "default-scheduler placed", "kubelet ")]
    assert order == sorted(order)
    assert draw(cluster, "control plane").svg == lanes(cluster).svg
