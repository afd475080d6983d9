"""A past moment is read and compared without running anything again."""
from __future__ import annotations

import pytest

from kubelearn import ApiError, Cluster, diff

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {colour: COLOUR}\n"


@pytest.fixture
def cluster():
    """Blue from second 0, red from second 10."""
    cluster = Cluster(nodes=1, serve=False)
    cluster.apply(CONFIG.replace("COLOUR", "blue"))
    cluster.run(10)
    cluster.apply(CONFIG.replace("COLOUR", "red"))
    cluster.run(10)
    return cluster


def test_a_moment_shows_what_was(cluster):
    assert cluster.at(5).get("ConfigMap", "settings")["data"] == {"colour": "blue"}
    assert cluster.at(15).get("ConfigMap", "settings")["data"] == {"colour": "red"}
    with pytest.raises(ApiError, match='configmaps "settings" not found'):
        cluster.at(revision=cluster.beginning).get("ConfigMap", "settings")


def test_two_moments_differ_in_the_leaves_that_were_written(cluster):
    """Each leaf with its path, before and after; resource versions are no difference."""
    assert diff(cluster.at(5), cluster.at(15)) == [("ConfigMap", "default", "settings", "data.colour", "blue", "red")]
    assert diff(cluster.at(15), cluster.at(5)) == [("ConfigMap", "default", "settings", "data.colour", "red", "blue")]
    assert diff(cluster.at(12), cluster.at(15)) == []


def test_what_came_and_went_differs_as_a_whole(cluster):
    cluster.delete("ConfigMap", "settings")
    change, = (change for change in diff(cluster.at(15), cluster.at()) if change.name == "settings")
    assert (change.path, change.before["data"], change.after) == ("", {"colour": "red"}, None)


def test_what_a_moment_hands_out_is_a_copy(cluster):
    moment = cluster.at(5)
    moment.get("ConfigMap", "settings")["data"]["colour"] = "green"
    assert moment.get("ConfigMap", "settings")["data"] == {"colour": "blue"}
