"""Laws of back-off: first try free, then 10 s doubling to 300 s, forgotten after 600 s of peace."""

from kubelearn.clock import Clock
from kubelearn.kubelet.backoff import Backoff


def waits(run: float, restarts: int) -> list[float]:
    """Seconds between an exit and the next start of a container whose every run lasts `run` seconds."""
    clock, found = Clock(), []
    backoff = Backoff(clock)
    for _ in range(restarts):
        clock.now += run
        finished = clock.now
        clock.now = max(clock.now, backoff.until("c", finished))
        assert backoff.until("c", finished) <= clock.now
        backoff.next("c", finished)
        found.append(clock.now - finished)
    return found


def test_the_wait_doubles_from_ten_seconds_to_five_minutes():
    assert waits(run=1, restarts=8) == [0, 10, 20, 40, 80, 160, 300, 300]


def test_a_run_of_more_than_ten_minutes_begins_anew():
    assert waits(run=620, restarts=3) == [0, 0, 0]


def test_an_entry_is_dropped_ten_minutes_after_its_last_restart_even_inside_the_wait():
    clock = Clock()
    backoff = Backoff(clock)
    for _ in range(3):
        backoff.next("c", clock.now)
    clock.now = 580.0
    assert backoff.until("c", 580.0) == 620.0
    clock.now = 601.0
    assert backoff.until("c", 580.0) <= clock.now


def test_an_image_waits_from_its_last_failure():
    clock = Clock()
    backoff = Backoff(clock)
    assert not backoff.is_in_back_off("u/nginx")
    backoff.next("u/nginx", clock.now)
    clock.now = 9.9
    assert backoff.is_in_back_off("u/nginx") and backoff.get("u/nginx") == 10.0
    clock.now = 10.0
    assert not backoff.is_in_back_off("u/nginx")
    backoff.forget("u/")
    assert backoff.get("u/nginx") == 0.0
