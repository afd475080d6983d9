"""The owners' lane: whoever has owners below it (a Deployment and its ReplicaSets) as one run of cards, all side by side while they fit.

Part of Kubernetes: none. Rule: nothing jumps; a place belongs to an object in all frames. What lives in none of them has no place.
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
        tops: dict[str, dict] = {}  # uid -> whoever has no owner of its own
        children: dict[str, dict[str, int]] = {}  # its uid -> child's uid -> how much it has to be shown
        for world in worlds:
            for owner in self._owners(world):
                parent = owner_of(owner)
                if parent is None:
                    tops[uid_of(owner)] = owner
                else:
                    known = children.setdefault(parent["uid"], {})
                    known[uid_of(owner)] = max(known.get(uid_of(owner), 0), busy(owner)) or -1
        self.order = {parent: self._chosen(known) for parent, known in children.items() if parent in tops}
        self._spread(tops)

    def _owners(self, world: object) -> list[dict]:
        return [owner for kind in self.slots.owners for owner in world.list(kind)
                if shown(owner["metadata"].get("namespace"), self.slots.namespace)]

    def _chosen(self, known: dict[str, int]) -> list[str]:
        """Those that have pods in any frame, and as many of the newest as there is room for, in the order of their coming."""
        order = sorted(known, key=self.slots.came)
        newest = order[-CHILDREN:]
        return [uid for uid in order if known[uid] > 0 or (uid in newest and sum(n > 0 for n in known.values()) < CHILDREN)]

    def _spread(self, tops: dict[str, dict]) -> None:
        """Gives each its row and column, in the order of their coming; one whose children need several rows has these for itself."""
        self.spots: dict[str, tuple[int, int]] = {}
        row = column = 0
        for uid in sorted(tops, key=self.slots.came):
            children = len(self.order.get(uid, ()))
            wide, lines = 1 + min(children, CHILDREN), max(-(-children // CHILDREN), 1)
            if column + wide > COLUMNS:
                row, column = row + 1, 0
            self.spots[uid] = (row, column)
            row, column = (row + lines, 0) if lines > 1 else (row, column + wide)
        self.rows = row + (1 if column else 0)
        self.size = CARD if self.rows <= MANY else (CARD[0], 30)

    def at(self, owner: dict) -> tuple[float, float] | None:
        """The middle of its card; None where it has none in this player."""
        parent = owner_of(owner)
        if parent is None:
            return self._middle(*self.spots[uid_of(owner)])
        order = self.order.get(parent["uid"], ())
        return self._child(parent["uid"], order.index(uid_of(owner))) if uid_of(owner) in order else None

    def _child(self, parent: str, number: int) -> tuple[float, float]:
        row, column = self.spots[parent]
        return self._middle(row + number // CHILDREN, column + 1 + number % CHILDREN)

    def _middle(self, row: int, column: int) -> tuple[float, float]:
        width, height = self.size
        return column * (width + GAP[0]) + width / 2, row * (height + GAP[1]) + height / 2

    def draw(self, world: object, pods: list[dict]) -> tuple[list[Card], list[Edge], float]:
        """The lane's cards and arrows, and where what is below it begins."""
        counts = count_pods(pods)
        here = {uid_of(owner): owner for owner in self._owners(world)}
        cards = [owner_card(owner, counts[uid], self.slots, at, self.size)
                 for uid, owner in here.items() if (at := self.at(owner)) is not None]
        edges = [edge for parent, order in self.order.items() if parent in here for edge in _first_arrow(parent, order, here)]
        taken = {card.at for card in cards}
        places = [*(self._middle(*spot) for spot in self.spots.values()),
                  *(self._child(parent, number) for parent, order in self.order.items() for number in range(len(order)))]
        left = [at for at in dict.fromkeys(places) if at not in taken]
        cards += [Card(f"free {at[0]:.0f} {at[1]:.0f}", "", "", free=True, at=at, size=self.size) for at in left]
        return cards, edges, self.rows * (self.size[1] + GAP[1]) + (8 if self.rows else 0)


def _first_arrow(parent: str, order: Sequence[str], here: dict[str, dict]) -> list[Edge]:
    """To the first of those that it still owns."""
    owned = (here[uid] for uid in order if uid in here and (owner_of(here[uid]) or {}).get("uid") == parent)
    return [Edge(identity(here[parent]), identity(owner)) for owner in owned][:1]


def busy(owner: dict) -> int:
    """Whether it wants pods, or still has some."""
    status = owner.get("status") or {}
    if owner["kind"] == "Job":
        return status.get("active", 0)
    return max(states.wanted_pods(owner), status.get("replicas", 0))


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
    elif kind not in OWNERS:  # what it asks for only its controller knows
        line = f"{pods} pod{'' if pods == 1 else 's'}"
    else:
        state = states.job_state(owner) if kind == "Job" else states.workload_state(owner)
    namespace = owner["metadata"].get("namespace", "")
    title = f"{kind} {namespace}/{name} · {state.word if state else line}"
    elsewhere = f" in {namespace}" if namespace not in ("", "default") else ""  # two of one name stand side by side
    return Card(identity(owner), f"{kind}{elsewhere}", name, line, state, slots.hue(uid_of(owner)), title=title, size=size, at=at)
