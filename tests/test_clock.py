"""Laws of virtual time."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.clock import Clock, RealTimeClock, parse_time
from kubelearn.tasks import Cancelled


@given(st.lists(st.floats(0, 1e6), max_size=50))
def test_events_happen_in_time_order_and_ties_in_the_order_asked(times):
    clock, seen = Clock(), []
    for number, when in enumerate(times):
        clock.call_at(when, seen.append, (when, number))
    clock.run(1e6)
    assert seen == sorted((when, number) for number, when in enumerate(times))
    assert clock.now == 1e6


def test_a_cancelled_timer_never_happens():
    clock, seen = Clock(), []
    clock.call_later(1, seen.append, 1).cancel()
    clock.run(5)
    assert seen == [] and clock.peek() is None


def test_settle_does_what_needs_no_time_and_moves_no_time():
    clock, seen = Clock(), []
    clock.call_soon(lambda: clock.call_soon(seen.append, "second"))
    clock.call_later(0.001, seen.append, "later")
    clock.settle()
    assert seen == ["second"] and clock.now == 0


def test_run_until_a_condition_stops_at_the_event_that_made_it_true():
    clock, seen = Clock(), []
    for when in (1, 2, 3):
        clock.call_at(when, seen.append, when)
    assert clock.run(until=lambda: 2 in seen) and clock.now == 2
    assert not clock.run(until=lambda: 9 in seen)


def test_a_timer_remembers_what_its_setter_reacted_to():
    clock, seen = Clock(), []
    clock.cause = 7
    clock.call_later(10, lambda: seen.append(clock.cause))
    clock.cause = 8
    clock.run(10)
    assert seen == [7]


def test_an_error_in_one_event_does_not_lose_the_others():
    clock, seen, told = Clock(), [], []
    clock.on_error = told.append
    clock.call_soon(lambda: 1 / 0)
    clock.call_soon(seen.append, "alive")
    clock.settle()
    assert seen == ["alive"] and isinstance(told[0], ZeroDivisionError)


def test_a_coroutine_sleeps_in_virtual_time_and_its_error_is_its_result():
    clock = Clock()

    async def program():
        await clock.sleep(2.5)
        return clock.now

    async def broken():
        await clock.sleep(1)
        raise ValueError("broken")
    good, bad = clock.spawn(program()), clock.spawn(broken())
    clock.run(10)
    assert good.result() == 2.5
    with pytest.raises(ValueError):
        bad.result()


def test_a_cancelled_task_cleans_up_at_once():
    clock, seen = Clock(), []

    async def program():
        try:
            await clock.sleep(100)
        finally:
            seen.append(clock.now)
    task = clock.spawn(program())
    clock.run(1)
    task.cancel()
    assert seen == [1] and task.done() and clock.peek() is None
    with pytest.raises(Cancelled):
        task.result()


@given(st.integers(0, 10**9))
def test_timestamps_are_whole_seconds_and_read_back(second):
    clock = Clock()
    assert parse_time(clock.timestamp(second + 0.75)) == second


def test_the_same_seed_draws_the_same_and_users_do_not_disturb_each_other():
    one, other = Clock(3), Clock(3)
    one.random("a").random()
    assert one.random("b").random() == other.random("b").random() != Clock(4).random("b").random()


def test_a_live_clock_never_runs_ahead_of_its_speed():
    clock, seen = RealTimeClock(), []
    clock.call_later(1000, seen.append, "far")
    clock.live(1.0)
    clock.tick()
    assert 0 < clock.now < 60 and seen == []
