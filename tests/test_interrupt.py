"""An interrupt (the stop button) in the middle of run()."""
from __future__ import annotations

import signal

import pytest

from kubelearn import Cluster

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}


def test_an_interrupt_ends_run_between_two_events_and_the_cluster_goes_on():
    with Cluster(serve=False) as cluster:
        cluster.apply(POD)
        cluster.clock.call_later(0.7, signal.raise_signal, signal.SIGINT)
        with pytest.raises(KeyboardInterrupt, match="run\\(\\) goes on from there"):
            cluster.run(60)
        assert cluster.now == pytest.approx(0.7) and cluster.get("Pod", "web")["status"]["phase"] == "Pending"
        cluster.run(10)
        assert cluster.get("Pod", "web")["status"]["phase"] == "Running"


def test_an_interrupted_history_is_that_of_an_uninterrupted_one():
    logs = []
    for interrupted in (True, False):
        with Cluster(serve=False) as cluster:
            cluster.apply(POD)
            if interrupted:
                cluster.clock.call_later(0.7, signal.raise_signal, signal.SIGINT)
                with pytest.raises(KeyboardInterrupt):
                    cluster.run(10)
            cluster.clock.run(10.0)
            logs.append([(r.time, r.verb, r.name, r.object) for r in cluster.revisions(0)])
    assert logs[0] == logs[1]
