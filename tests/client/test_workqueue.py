"""Work queues."""
from __future__ import annotations

from kubelearn.client import WorkQueue
from kubelearn.clock import Clock


def test_a_key_that_comes_back_without_end_cannot_hold_time_still():
    """Two that undo each other's work at once pause, ever longer; others are served meanwhile, and the calm are not slowed."""
    clock, served = Clock(), []

    def sync(key: str) -> None:
        served.append(key)
        if key == "restless":
            queue.add(key)
    queue = WorkQueue(clock, sync)
    queue.add("restless")
    queue.add("calm")
    clock.run(600)
    assert clock.now == 600 and served.count("calm") == 1 and 1000 < served.count("restless") < 10_000
