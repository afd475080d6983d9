"""The owners' lane: a row for whoever has owners below it (Deployment and its ReplicaSets), the others side by side.

Part of Kubernetes: none. Rule: nothing jumps; a row and a column belong to an object for as long as it lives.
Leaves out: ReplicaSets that have no pods and are beyond the first few; they are kept for an undo, not for a picture.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kubelearn.api.meta import is_deleting, owner_of, uid_of
from kubelearn.view import states, theme
from kubelearn.view.graph import CARD, WIDTH, Card, Edge, identity
from kubelearn.view.slots import COLUMNS, OWNERS, Slots, shown

GAP = ((WIDTH - COLUMNS * CARD[0]) / (COLUMNS - 1), 14)
CHILDREN = COLUMNS - 1  # beside their parent
MANY = 4  # rows; from here on cards are one line high


class Lane:
    """The places of all owners in all frames."""

    def __init__(self, worlds: Sequence, slots: Slots):
        self.slots = slots
        tops: dict[int, int] = {}  # lane seat -> lines of children that it needs
        parents: dict[str, int] = {}
        for world in worlds:
            for owner in self.owners(world):
                parent = owner_of(owner)
                if parent is None:
                    parents[uid_of(owner)] = seat = slots.seat(owner)
                    tops[seat] = max(tops.get(seat, 0), 1 if owner["kind"] in ("Deployment", "CronJob") else 0)
                elif parent["uid"] in parents:
                    seat = parents[parent["uid"]]
                    tops[seat] = max(tops[seat], slots.seat(owner) // CHILDREN + 1)
        self.parents = parents
        self._spread(tops)

    def _spread(self, tops: dict[int, int]) -> None:
        """Gives each seat its row and column."""
        self.spots: dict[int, tuple[int, int]] = {}
        row = column = 0
        for seat in range(max(tops, default=-1) + 1):
            lines = tops.get(seat, 0)
            if column and (lines or column == COLUMNS):
                row, column = row + 1, 0
            self.spots[seat] = (row, column)
            row, column = (row + lines, 0) if lines else (row, column + 1)
        self.rows = row + (1 if column else 0)
        self.size = CARD if self.rows <= MANY else (CARD[0], 30)

    def owners(self, world: object) -> list[dict]:
        """What stands in the lane in this frame, parents first."""
        found = []
        for kind in OWNERS:
            for owner in world.list(kind):
                if shown(owner["metadata"].get("namespace"), self.slots.namespace):
                    if owner_of(owner) is None or self.slots.seat(owner) < CHILDREN or states.wanted_pods(owner) or kind == "Job":
                        found.append(owner)
        return found

    def at(self, owner: dict) -> tuple[float, float] | None:
        parent, seat = owner_of(owner), self.slots.seat(owner)
        spot = self.spots.get(self.parents.get(parent["uid"], -1) if parent else seat)
        if spot is None:
            return None
        row, column = (spot[0] + seat // CHILDREN, 1 + seat % CHILDREN) if parent else spot
        return self._middle(row, column)

    def _middle(self, row: int, column: int) -> tuple[float, float]:
        width, height = self.size
        return column * (width + GAP[0]) + width / 2, row * (height + GAP[1]) + height / 2

    def draw(self, world: object, pods: list[dict]) -> tuple[list[Card], list[Edge], float]:
        """The lane's cards and arrows, and where what is below it begins."""
        counts = count_pods(pods)
        cards, edges = [], []
        for owner in self.owners(world):
            if (at := self.at(owner)) is not None:
                cards.append(owner_card(owner, counts[uid_of(owner)], self.slots, at, self.size))
                parent = owner_of(owner)
                if parent and self.slots.seat(owner) % CHILDREN == 0:
                    edges.append(Edge(f"{parent['kind']}/{owner['metadata'].get('namespace', '')}/{parent['name']}", identity(owner)))
        taken = {card.at for card in cards}
        cards += [Card(f"free {seat}", "", "", free=True, at=at, size=self.size)
                  for seat, spot in self.spots.items() if (at := self._middle(*spot)) not in taken]
        return cards, edges, self.rows * (self.size[1] + GAP[1]) + (8 if self.rows else 0)


def count_pods(pods: list[dict]) -> Counter:
    """uid of an owner -> its pods that have not ended and are not asked to."""
    active = (pod for pod in pods if not is_deleting(pod) and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"))
    return Counter(owner["uid"] for pod in active if (owner := owner_of(pod)))


def owner_card(owner: dict, pods: int, slots: Slots, at: tuple | None = None, size: tuple = CARD) -> Card:
    """An owner's card: kind, name in its hue, what it asks for and has."""
    kind, name = owner["kind"], owner["metadata"]["name"]
    line, state = "", None
    if kind == "ReplicaSet":
        wanted = states.wanted_pods(owner)
        count = f"{pods} pod{'' if pods == 1 else 's'}" if pods == wanted else f"{pods} of {wanted} pods"
        line = f"{theme.fit(states.generation(owner).rpartition('/')[2], 100, 12)} · {count}"
    elif kind == "CronJob":
        line = f"{(owner.get('spec') or {}).get('schedule', '')} · {len((owner.get('status') or {}).get('active') or ())} active"
    else:
        state = states.job_state(owner) if kind == "Job" else states.workload_state(owner)
    title = f"{kind} {owner['metadata'].get('namespace', '')}/{name} · {state.word if state else line}"
    return Card(identity(owner), kind, name, line, state, slots.hue(uid_of(owner)), title=title, size=size, at=at)
