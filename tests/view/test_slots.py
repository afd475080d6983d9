"""Nothing jumps: who has a slot keeps it."""
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.view.slots import Slots


def pod(number: int, node: str = "", owner: str = "") -> dict:
    references = [{"kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}] if owner else []
    return {"kind": "Pod", "metadata": {"name": f"p{number}", "namespace": "default", "uid": f"u{number}", "ownerReferences": references},
            "spec": {"nodeName": node} if node else {}}


STEPS = st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["", "node-1", "node-2", "gone"])), max_size=60)


@given(STEPS)
def test_no_two_share_a_slot_and_none_moves_within_a_node(steps):
    """However pods come, are placed and go: a living pod's slot on a node is its own and stays."""
    slots, living, seats = Slots(), {}, {}
    for number, place in steps:
        before = living.get(number)
        if place == "gone":
            if before is not None:
                slots.take(pod(number, before), gone=True)
                del living[number]
            continue
        if before:  # a pod that is on a node stays there
            place = before
        slots.take(pod(number, place))
        seat = slots.seat(pod(number, place))
        assert before != place or seats[number] == seat
        living[number], seats[number] = place, seat
        taken = [(home, slots.seat(pod(other, home))) for other, home in living.items()]
        assert len(set(taken)) == len(taken)


def test_a_free_slot_goes_to_the_next_the_lowest_first():
    slots = Slots()
    for number in range(3):
        slots.take(pod(number, "node-1"))
    slots.take(pod(0, "node-1"), gone=True)
    slots.take(pod(1, "node-1"), gone=True)
    slots.take(pod(3, "node-1"))
    assert [slots.seat(pod(n, "node-1")) for n in (3, 2)] == [0, 2]


def test_hues_go_to_owners_in_the_order_of_their_coming_and_stay():
    slots = Slots()
    for number, owner in enumerate(("a", "b", "a", "c")):
        slots.take(pod(number, "node-1", owner))
    assert [slots.hue(owner) for owner in "abc"] == ["hue0", "hue1", "hue2"]
    slots.take(pod(0, "node-1", "a"), gone=True)
    assert slots.hue("a") == "hue0" and slots.hue(None) == "ink"


def test_the_system_s_own_pods_take_no_slot_unless_asked_for():
    system = pod(1, "node-1")
    system["metadata"]["namespace"] = "kube-system"
    hidden, everything = Slots(), Slots("*")
    for slots in (hidden, everything):
        slots.take(system)
        slots.take(pod(2, "node-1"))
    assert hidden.seat(pod(2, "node-1")) == 0 and everything.seat(pod(2, "node-1")) == 1
