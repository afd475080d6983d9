"""Time moves only while a kubectl invocation waits, from event to event, and stops after each that it was told of."""
from __future__ import annotations

import asyncio
import json
import time
from types import SimpleNamespace

import pytest

from kubelearn.apiserver import peers, seen, sessions, waiting
from kubelearn.apiserver.request import Request
from kubelearn.apiserver.seen import NOTHING, PATIENCE, POLL, SYNC, TOLD, Seen
from kubelearn.apiserver.sessions import LIMIT, Session, Sessions, Waiter
from kubelearn.apiserver.waiting import REACH, TICK, Pump
from kubelearn.clock import RealTimeClock

WATCH = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"


@pytest.fixture
def clock():
    return RealTimeClock(0)


@pytest.fixture
def real(monkeypatch):
    """The machine's clock, which a test moves by hand; nobody else wants to run on the machine."""
    now = [1000.0]
    for module in (seen, sessions, waiting):
        monkeypatch.setattr(module, "wall", SimpleNamespace(monotonic=lambda: now[0], time=time.time))
    monkeypatch.setattr(peers, "crowd", lambda: 1.0)
    return now


@pytest.fixture
def pump(clock, real):
    async def make() -> Pump:
        return Pump(clock)
    return asyncio.run(make())


def waits(pump: Pump, real: list[float], at_most: float = 10.0) -> float:
    """Real seconds until virtual time has moved, or nothing is left that could move it."""
    begin, before, pause = real[0], pump.clock.now, 0.0
    while pump.clock.now == before and pause != TICK and real[0] - begin < at_most:
        pause = pump.turn()
        real[0] += pause if pause != TICK else 0.0
    return real[0] - begin


def kubectl(pump: Pump, real: list[float], conversation: bool = False, lingers: float = 0.0, process: int | None = None) -> Waiter:
    """An invocation that has just begun to wait and has read what it was told first."""
    waiter = Waiter(Session(pump.clock, True), conversation, lingers, first=NOTHING)
    pump.add(waiter)
    waiter.session.seen.process = process
    return waiter


def test_time_jumps_to_the_event_of_which_the_client_is_told_and_then_gives_it_real_time(clock, pump, real):
    waiter = kubectl(pump, real)
    clock.call_at(0.2, lambda: None)
    clock.call_at(0.8, waiter.told)
    clock.call_at(0.9, waiter.told)
    assert (pump.turn(), clock.now) == (0.0, 0.8)
    assert 0 < pump.turn() < TOLD.unseen
    assert (waits(pump, real), clock.now) == (pytest.approx(TOLD.unseen), 0.9)


def test_a_client_that_is_seen_gets_the_time_that_it_needs_and_no_more(clock, pump, real, monkeypatch):
    """On a busy machine it comes late to its turn: until it has been at rest for a moment nothing moves. A second thread may go on."""
    works = [True]
    monkeypatch.setattr(peers, "at_work", lambda process: works[0] and process == 7)
    waiter = kubectl(pump, real, process=7)
    clock.call_at(1.0, lambda: None)
    waiter.told()
    assert waits(pump, real, at_most=PATIENCE / 2) >= PATIENCE / 2
    works[0] = False
    assert (0 < waits(pump, real) <= TOLD.at_rest, clock.now) == (True, 1.0)


def test_a_client_that_never_rests_does_not_hold_time_forever(clock, pump, real, monkeypatch):
    monkeypatch.setattr(peers, "at_work", lambda process: True)
    waiter = kubectl(pump, real, process=7)
    clock.call_at(1.0, lambda: None)
    waiter.told()
    assert PATIENCE <= waits(pump, real) < PATIENCE + 0.1
    assert clock.now == 1.0


def test_on_a_crowded_machine_a_client_that_is_not_seen_gets_more(clock, pump, real, monkeypatch):
    monkeypatch.setattr(peers, "crowd", lambda: 4.0)
    waiter = kubectl(pump, real)
    clock.call_at(1.0, lambda: None)
    waiter.told()
    assert waits(pump, real) == pytest.approx(4 * TOLD.unseen)


def test_the_longer_nothing_is_told_the_further_time_jumps_at_once(clock, pump, real):
    """A client that is slower than thought misses seconds and not minutes; ten minutes are still soon over."""
    kubectl(pump, real)
    for second in range(1, 601):
        clock.call_at(float(second), lambda: None)
    begin, seen = real[0], [0.0]
    while clock.now < 600.0:
        real[0] += pump.turn()
        if clock.now > seen[-1]:
            seen.append(clock.now)
    assert seen[1] == REACH
    assert all(later <= 2 * before for before, later in zip(seen[1:], seen[2:], strict=False))
    assert real[0] - begin < 0.3


def test_everything_of_the_instant_happens_before_the_client_is_given_time(clock, pump, real):
    waiter, seen = kubectl(pump, real), []
    clock.call_at(1.0, lambda: (waiter.told(), clock.call_soon(seen.append, "same instant")))
    pump.turn()
    assert seen == ["same instant"]


def test_nothing_moves_when_the_last_waiter_has_gone(clock, pump, real):
    waiter = kubectl(pump, real)
    clock.call_at(1.0, lambda: None)
    pump.remove(waiter)
    assert (pump.turn(), clock.now) == (TICK, 0.0)


def test_other_programs_that_watch_do_not_make_time_run(clock, pump, real):
    pump.add(Waiter(Session(clock, moves_time=False)))
    assert pump.waiters == []


def test_past_the_limit_time_goes_as_fast_as_real_time(clock, pump, real):
    kubectl(pump, real)
    clock.call_at(LIMIT - 1, lambda: None)
    clock.call_at(LIMIT + 1000, lambda: None)
    waits(pump, real)
    assert clock.now == LIMIT - 1
    assert pump.turn() == TICK
    assert clock.now < LIMIT


def test_a_jobs_last_retry_is_within_the_limit(clock, pump, real):
    """Six retries after 10, 20... 320 seconds, and the time that its Pods take."""
    kubectl(pump, real)
    clock.call_at(640.0, lambda: None)
    waits(pump, real)
    assert clock.now == 640.0


def test_a_connection_waits_only_for_an_answer(clock, pump, real):
    """Between request and reply time jumps; an idle connection moves nothing behind the learner's back."""
    waiter = kubectl(pump, real, conversation=True)
    clock.call_at(0.5, waiter.told)
    clock.call_at(1.0, lambda: None)
    assert (pump.turn(), clock.now) == (TICK, 0.0)
    waiter.asked()
    assert (pump.turn(), clock.now) == (0.0, 0.5)
    assert waits(pump, real) == pytest.approx(TOLD.unseen)
    assert (pump.turn(), clock.now) == (TICK, 0.5)
    waiter.hurry()
    assert (pump.turn(), clock.now) == (0.0, 1.0)


def test_at_a_terminal_time_goes_on_for_a_while_as_real_time_does(clock, pump, real):
    waiter = kubectl(pump, real, conversation=True, lingers=60.0)
    clock.call_at(10.0, lambda: None)
    pump.turn()
    real[0] += 3.0
    assert (pump.turn(), clock.now) == (TICK, pytest.approx(3.0))
    assert not waiter.idle()


def test_a_client_gets_longer_for_the_state_with_which_its_watch_begins(clock, pump, real):
    """kubectl wait looks only every 0.1 s whether it has all of it; until then no time may have passed."""
    pump.add(Waiter(Session(clock, True), first=SYNC))
    clock.call_at(1.0, lambda: None)
    assert waits(pump, real) == pytest.approx(SYNC.unseen)


def test_a_live_clock_is_moved_by_nobody_else(clock, pump, real):
    kubectl(pump, real)
    clock.call_at(1.0, lambda: None)
    clock.live(1e-9)
    assert (pump.turn(), clock.now) == (TICK, 0.0)


def test_asking_the_same_again_after_a_while_is_a_poll(real):
    client = Seen()
    assert client.asked("get pod a", "1") == 0
    real[0] += POLL / 2
    assert client.asked("get pod a", "1") == 0
    real[0] += 1
    assert client.asked("get pod b", "1") == 0
    assert client.asked("get pod a", "1") == 1


def test_what_is_asked_after_a_write_is_no_poll_and_a_write_may_be_repeated(real):
    client = Seen()
    assert (client.asked("list pods", ""), client.did("evict a")) == (0, 0)
    real[0] += 5
    assert (client.did("evict a"), client.asked("list pods", "")) == (5, 0)


def test_who_has_not_seen_the_newest_answer_does_not_wait(real):
    client = Seen()
    for answer in ("1", "2"):
        assert client.asked("get pod a", answer) == 0
        real[0] += 1
    assert client.asked("get pod a", "2") == 1


def test_a_poll_lets_time_run_until_what_it_waits_for_or_nothing_more_happens(clock, pump, real):
    session, done = Session(clock, True), []
    clock.call_at(30.0, done.append, True)
    clock.call_at(40.0, lambda: None)
    clock.call_at(60.0, lambda: None)
    asyncio.run(pump.poll(session, lambda: bool(done)))
    assert clock.now == 30.0
    asyncio.run(pump.poll(session, lambda: False))
    assert clock.now == 60.0


@pytest.mark.parametrize("order", [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]])
def test_what_a_client_asks_at_once_is_done_in_one_order(clock, order):
    pump, session, done = Pump(clock), Session(clock, True), []

    async def ask(what: str) -> None:
        async with pump.in_turn(session, what):
            done.append(what)

    async def ask_all() -> None:
        await asyncio.gather(*map(ask, order))
    asyncio.run(ask_all())
    assert done == ["a", "b", "c"]
    assert session.at_once == []


def test_one_invocation_has_one_session_and_a_new_connection_a_new_one(clock):
    known = Sessions(clock)
    first = known.of("id", "127.0.0.1:1")
    assert known.of("id", "127.0.0.1:2") is first
    assert first.moves_time
    alone = known.of("", "127.0.0.1:1")
    assert not alone.moves_time
    known.connected("127.0.0.1:1")
    assert known.of("", "127.0.0.1:1") is not alone
    for number in range(2 * sessions.KEPT):
        known.of(str(number), "")
    assert len(known._known) == sessions.KEPT


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
