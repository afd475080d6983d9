"""Laws of the store."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.api.resources import Resources
from kubelearn.clock import Clock
from kubelearn.errors import ApiError
from kubelearn.etcd import Etcd

PODS = Resources().find("pods")


def _pod(name: str, version: str) -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default", "resourceVersion": version}, "spec": {}}


def _write(etcd: Etcd, name: str, gone: bool) -> None:
    key = ("default", name)
    if gone and etcd.get(PODS, key):
        etcd.delete(PODS, key, _pod(name, etcd.next_version()), "test")
    elif not gone:
        etcd.put(PODS, key, _pod(name, etcd.next_version()), "test")


writes = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30)


@given(writes)
def test_the_past_reads_as_it_was(steps):
    etcd, states = Etcd(Clock()), []
    for name, gone in steps:
        _write(etcd, name, gone)
        states.append((etcd.revision, dict(etcd.objects("pods"))))
    for revision, state in states:
        assert {(r.namespace, r.name): r.object for r in etcd.at(revision)} == state


@given(writes, st.integers(0, 30))
def test_a_watch_from_any_revision_replays_to_the_present(steps, start):
    etcd = Etcd(Clock())
    for name, gone in steps:
        _write(etcd, name, gone)
    start = min(start, etcd.revision)
    state = {(r.namespace, r.name): r.object for r in etcd.at(start)}
    for revision in etcd.replay("pods", start):
        key = (revision.namespace, revision.name)
        state.pop(key, None) if revision.verb == "delete" else state.update({key: revision.object})
    assert state == etcd.objects("pods")


def test_a_watch_from_outside_the_window_is_expired_and_history_stays():
    etcd = Etcd(Clock())
    for number in range(5):
        _write(etcd, "abcde"[number], False)
    etcd.compact(3)
    with pytest.raises(ApiError) as error:
        etcd.replay("pods", 2)
    assert (error.value.code, error.value.reason, str(error.value)) == (410, "Expired", "too old resource version: 2 (3)")
    assert len(list(etcd.at(2))) == 2 and len(etcd.replay("pods", 3)) == 2


def test_a_watcher_by_node_sees_only_its_nodes_objects():
    etcd, seen = Etcd(Clock()), []
    stop = etcd.watch("pods", seen.append, node="node-1")
    for name, node in (("a", "node-1"), ("b", "node-2")):
        etcd.put(PODS, ("default", name), _pod(name, etcd.next_version()) | {"spec": {"nodeName": node}}, "test")
    stop()
    etcd.put(PODS, ("default", "c"), _pod("c", etcd.next_version()) | {"spec": {"nodeName": "node-1"}}, "test")
    assert [revision.name for revision in seen] == ["a"]


def test_every_revision_knows_its_actor_cause_and_reason():
    clock = Clock()
    etcd = Etcd(clock)
    _write(etcd, "a", False)
    clock.cause = etcd.revision
    etcd.put(PODS, ("default", "a"), _pod("a", etcd.next_version()), "scheduler", "3 nodes fit")
    last = etcd.log[-1]
    assert (last.actor, last.cause, last.because, last.verb) == ("scheduler", 1, "3 nodes fit", "update")
