"""Time moves only while a kubectl invocation waits, from event to event, and stops after each that it was told of."""
from __future__ import annotations

import asyncio
import json
import time

import pytest

from kubelearn.apiserver import waiting
from kubelearn.apiserver.request import Request
from kubelearn.apiserver.waiting import LIMIT, POLL, SYNC, TICK, TOLD, Pump, Session, Sessions, Waiter
from kubelearn.clock import RealTimeClock

WATCH = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"


@pytest.fixture
def clock():
    return RealTimeClock(0)


@pytest.fixture
def pump(clock):
    async def make() -> Pump:
        return Pump(clock)
    return asyncio.run(make())


def kubectl(pump: Pump, conversation: bool = False, lingers: float = 0.0) -> Waiter:
    """An invocation that has just begun to wait and has read what it was told first."""
    waiter = Waiter(Session(pump.clock, True), conversation, lingers)
    pump.add(waiter)
    assert pump.turn() == TOLD
    return waiter


def test_time_jumps_to_the_event_of_which_the_client_is_told_and_then_gives_it_real_time(clock, pump):
    waiter = kubectl(pump)
    clock.call_at(5.0, lambda: None)
    clock.call_at(30.0, waiter.told)
    clock.call_at(31.0, waiter.told)
    assert (pump.turn(), clock.now) == (0.0, 30.0)
    assert (pump.turn(), clock.now) == (TOLD, 30.0)
    assert (pump.turn(), clock.now) == (0.0, 31.0)


def test_everything_of_the_instant_happens_before_the_client_is_given_time(clock, pump):
    waiter, seen = kubectl(pump), []
    clock.call_at(1.0, lambda: (waiter.told(), clock.call_soon(seen.append, "same instant")))
    pump.turn()
    assert seen == ["same instant"]


def test_nothing_moves_when_the_last_waiter_has_gone(clock, pump):
    waiter = kubectl(pump)
    clock.call_at(1.0, lambda: None)
    pump.remove(waiter)
    assert (pump.turn(), clock.now) == (TICK, 0.0)


def test_other_programs_that_watch_do_not_make_time_run(clock, pump):
    pump.add(Waiter(Session(clock, moves_time=False)))
    assert pump.waiters == []


def test_past_the_limit_time_goes_as_fast_as_real_time(clock, pump):
    kubectl(pump)
    clock.call_at(LIMIT - 1, lambda: None)
    clock.call_at(LIMIT + 1000, lambda: None)
    pump.turn()
    assert clock.now == LIMIT - 1
    assert pump.turn() == TICK
    assert clock.now < LIMIT


def test_a_connection_waits_only_for_an_answer(clock, pump):
    """Between request and reply time jumps; an idle connection moves nothing behind the learner's back."""
    waiter = kubectl(pump, conversation=True)
    clock.call_at(10.0, waiter.told)
    clock.call_at(20.0, lambda: None)
    assert (pump.turn(), clock.now) == (TICK, 0.0)
    waiter.asked()
    assert (pump.turn(), clock.now) == (0.0, 10.0)
    assert pump.turn() == TOLD
    assert (pump.turn(), clock.now) == (TICK, 10.0)
    waiter.hurry()
    assert (pump.turn(), clock.now) == (0.0, 20.0)


def test_at_a_terminal_time_goes_on_for_a_while_as_real_time_does(clock, pump):
    waiter = kubectl(pump, conversation=True, lingers=60.0)
    clock.call_at(10.0, lambda: None)
    pump.turn()
    begin = time.monotonic()
    while not clock.now:
        pump.turn()
    assert 0 < clock.now <= time.monotonic() - begin + 1
    assert not waiter.idle()


def test_a_client_gets_longer_for_the_state_with_which_its_watch_begins(clock, pump):
    """kubectl wait looks only every 0.1 s whether it has all of it; until then no time may have passed."""
    pump.add(Waiter(Session(clock, True), first=SYNC))
    clock.call_at(5.0, lambda: None)
    assert (pump.turn(), clock.now) == (SYNC, 0.0)


def test_a_live_clock_is_moved_by_nobody_else(clock, pump):
    kubectl(pump)
    clock.call_at(1.0, lambda: None)
    clock.live(1e-9)
    assert (pump.turn(), clock.now) == (TICK, 0.0)


def test_asking_the_same_again_after_a_while_is_a_poll(clock, monkeypatch):
    session, now = Session(clock, True), [100.0]
    monkeypatch.setattr(waiting.wall, "monotonic", lambda: now[0])
    assert session.repeated("get pod a") == 0
    now[0] += POLL / 2
    assert session.repeated("get pod a") == 0
    now[0] += 1
    assert session.repeated("get pod b") == 0
    assert session.repeated("get pod a") == 1
    session.wrote()
    now[0] += 1
    assert session.repeated("get pod a") == 0


def test_a_poll_lets_time_run_until_what_it_waits_for_or_for_so_long(clock, pump):
    session, done = Session(clock, True), []
    clock.call_at(30.0, done.append, True)
    clock.call_at(40.0, lambda: None)
    clock.call_at(60.0, lambda: None)
    asyncio.run(pump.poll(session, lambda: bool(done)))
    assert clock.now == 30.0
    asyncio.run(pump.poll(session, lambda: False, 15.0))
    assert clock.now == 40.0


def test_one_invocation_has_one_session_and_a_new_connection_a_new_one(clock):
    sessions = Sessions(clock)
    first = sessions.of("id", "127.0.0.1:1")
    assert sessions.of("id", "127.0.0.1:2") is first
    assert first.moves_time
    alone = sessions.of("", "127.0.0.1:1")
    assert not alone.moves_time
    sessions.connected("127.0.0.1:1")
    assert sessions.of("", "127.0.0.1:1") is not alone
    for number in range(2 * waiting.KEPT):
        sessions.of(str(number), "")
    assert len(sessions._known) == waiting.KEPT


def test_a_served_watch_moves_time_while_it_is_open(client, server):
    """Over HTTP: the invocation's watch sees an event of ten minutes from now at once; without the header nothing moves."""
    namespaces = server.registry.resources.find("namespaces")

    def later() -> None:
        server.registry.create(namespaces, "", {"metadata": {"name": "later"}}, Request("test"))
    with server.clock.lock:
        server.clock.call_at(300.0, later)
    assert list(client.send("GET", f"/api/v1/namespaces?{WATCH}&timeoutSeconds=1"))
    assert server.clock.now == 0.0
    response = client.send("GET", f"/api/v1/namespaces?{WATCH}&timeoutSeconds=20", Kubectl_Session="one")
    names = []
    while "later" not in names:
        names.append(json.loads(response.readline())["object"]["metadata"].get("name"))
    assert server.clock.now >= 300.0
