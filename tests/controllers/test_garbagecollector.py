"""The garbage collector: owners and dependents."""
from __future__ import annotations

import pytest

from kubelearn.controllers.garbagecollector import GarbageCollector


def config(name: str, *owners: dict, block: bool = False) -> str:
    references = [{"apiVersion": "v1", "kind": "ConfigMap", "name": o["metadata"]["name"], "uid": o["metadata"]["uid"],
                   "blockOwnerDeletion": block} for o in owners]
    return str({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": references}})


@pytest.fixture
def collected(world):
    return world.start(GarbageCollector)


def family(world, block: bool = False) -> None:
    """A parent, its child, and the child's child."""
    [parent] = world.apply(config("parent"))
    [child] = world.apply(config("child", parent, block=block))
    world.apply(config("grandchild", child, block=block))


def test_background_deletes_all_that_hangs_on_it(collected):
    family(collected)
    collected.delete("ConfigMap", "parent")
    assert collected.names("ConfigMap") == []


def test_orphaned_dependents_stay_and_forget_their_owner(collected):
    family(collected)
    collected.delete("ConfigMap", "parent", "Orphan")
    assert collected.names("ConfigMap") == ["child", "grandchild"]
    assert "ownerReferences" not in collected.get("ConfigMap", "child")["metadata"]


def test_in_the_foreground_the_owner_goes_last(collected):
    """An owner stays until the dependents that block it are gone, those of its dependents first."""
    family(collected, block=True)
    collected.patch("ConfigMap", "grandchild", {"metadata": {"finalizers": ["example.com/hold"]}})
    collected.delete("ConfigMap", "parent", "Foreground")
    assert collected.names("ConfigMap") == ["child", "grandchild", "parent"]
    assert all("deletionTimestamp" in obj["metadata"] for obj in collected.list("ConfigMap"))
    collected.patch("ConfigMap", "grandchild", {"metadata": {"finalizers": None}})
    assert collected.names("ConfigMap") == []


def test_in_the_foreground_dependents_that_do_not_block_are_not_waited_for(collected):
    family(collected, block=False)
    collected.patch("ConfigMap", "child", {"metadata": {"finalizers": ["example.com/hold"]}})
    collected.delete("ConfigMap", "parent", "Foreground")
    assert "parent" not in collected.names("ConfigMap") and "child" in collected.names("ConfigMap")


def test_an_owner_that_never_was_is_an_owner_that_is_gone(collected):
    gone = {"metadata": {"name": "gone", "uid": "00000000-0000-0000-0000-000000000001"}}
    collected.apply(config("child", gone))
    assert collected.names("ConfigMap") == []


def test_another_object_of_the_owners_name_is_not_the_owner(collected):
    collected.apply(config("parent"))
    wrong = {"metadata": {"name": "parent", "uid": "00000000-0000-0000-0000-000000000001"}}
    collected.apply(config("child", wrong))
    assert collected.names("ConfigMap") == ["parent"]


def test_one_owner_left_is_enough(collected):
    """With two owners an object stays until both are gone, and forgets the one that went."""
    [a, b] = collected.apply(config("a") + "\n---\n" + config("b"))
    collected.apply(config("child", a, b))
    collected.delete("ConfigMap", "a")
    assert [r["name"] for r in collected.get("ConfigMap", "child")["metadata"]["ownerReferences"]] == ["b"]
    collected.delete("ConfigMap", "b")
    assert collected.names("ConfigMap") == []


def test_what_happened_while_it_was_away_is_made_good(collected):
    """Law 7: stopped and started again, it finds what it missed."""
    family(collected)
    collected.controllers["GarbageCollector"].stop()
    collected.delete("ConfigMap", "parent")
    assert collected.names("ConfigMap") == ["child", "grandchild"]
    collected.controllers["GarbageCollector"].start()
    collected.clock.settle()
    assert collected.names("ConfigMap") == []


def test_an_owner_of_an_unknown_kind_keeps_its_dependents(collected):
    reference = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "w", "uid": "u"}
    collected.apply(str({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "child", "ownerReferences": [reference]}}))
    assert collected.names("ConfigMap") == ["child"]
