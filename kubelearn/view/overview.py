"""The cluster picture: owners in the top lane, one box a node with its pods in fixed slots, what each node has promised.

Part of Kubernetes: none. Rules: nothing jumps (the slots come from slots.py, their number from all frames of a player); it scales
by saying less: pods as cards, as marks by owner, as counts by owner and state.
Leaves out: arrows across nodes' boxes; who made whom is the ownership picture.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kubelearn.api import quantity
from kubelearn.api.meta import owner_of, uid_of
from kubelearn.view import states, theme
from kubelearn.view.graph import WIDTH, Bar, Box, Card, Graph, identity
from kubelearn.view.lane import Lane
from kubelearn.view.slots import Slots, shown

CARDS, MARKS = 30, 300  # up to so many pods as cards, as marks
SLOT = 48  # height of a pod's card
MARK = 20
FINISHED = ("Succeeded", "Failed")


def pods_of(world: object, slots: Slots) -> list[dict]:
    return [pod for pod in world.list("Pod") if shown(pod["metadata"].get("namespace"), slots.namespace)]


class Stage:
    """What all frames of a player share: how much is said of a pod, which nodes there are and how many slots each has."""

    def __init__(self, worlds: Sequence, slots: Slots):
        self.slots, self.lane = slots, Lane(worlds, slots)
        pods = [pods_of(world, slots) for world in worlds]
        names = dict.fromkeys(node["metadata"]["name"] for world in worlds for node in world.list("Node"))
        self.nodes = sorted(names, key=natural)
        most = max(map(len, pods), default=0)
        self.level = "cards" if most <= CARDS and len(names) <= 12 else "marks" if most <= MARKS and len(names) <= 40 else "counts"
        seats = [(pod.get("spec", {}).get("nodeName", ""), slots.seat(pod)) for each in pods for pod in each]
        self.waiting = {seat for node, seat in seats if not node}
        self.seats = {seat for node, seat in seats if node}
        self.owners = max((len(names) for each in pods for names in _owners(each).values()), default=0) if self.level == "counts" else 0
        self._measure()

    def _measure(self) -> None:
        """Boxes side by side as wide as the page lets them be, and the rows of slots: those that somebody has on any node, in any frame."""
        count, gap = max(len(self.nodes), 1), 14
        least = {"cards": 200, "marks": 140, "counts": 84 if count > 40 else 200}[self.level]
        self.across = max(1, min(count, int((WIDTH + gap) // (least + gap)), 12))
        self.box_width = min((WIDTH - gap * (self.across - 1)) / self.across, 430)
        self.gap = gap
        unit = {"cards": 200, "marks": MARK, "counts": 1000}[self.level]
        self.per_row = max(1, int((self.box_width - 14) // unit))
        fewest = -(-3 // self.per_row) if self.level == "cards" and count <= 4 else 1
        self.rows = rows_of(self.seats, self.per_row, fewest) if self.level != "counts" else []
        self.tight = self.box_width < 100
        self.lines = 0 if self.tight else min(self.owners, 4)
        self.bars = 0 if self.tight else 2


def rows_of(seats: set[int], per_row: int, fewest: int = 0) -> list[int]:
    """The numbers of the rows in which these seats are, and of free ones below them until there are enough."""
    rows = sorted({seat // per_row for seat in seats})
    return rows + [max(rows, default=-1) + 1 + more for more in range(fewest - len(rows))]


def _owners(pods: list[dict]) -> dict[str, set[str]]:
    """node -> the owners that have pods there."""
    found: dict[str, set[str]] = {}
    for pod in pods:
        found.setdefault(pod.get("spec", {}).get("nodeName", ""), set()).add((owner_of(pod) or {}).get("uid") or uid_of(pod))
    return found


def natural(name: str) -> tuple:
    """node-2 before node-10."""
    head = name.rstrip("0123456789")
    return head, int(name[len(head):] or 0)


def stage(worlds: Sequence, slots: Slots) -> Stage:
    return Stage(worlds, slots)


def graph(world: object, stage: Stage) -> Graph:
    """One frame of the cluster picture."""
    pods = pods_of(world, stage.slots)
    lane_cards, edges, top = stage.lane.draw(world, pods)
    boxes = []
    if stage.waiting:
        boxes.append(_waiting_box(pods, stage, top))
        top += boxes[-1].size[1] + stage.gap
    nodes = {node["metadata"]["name"]: node for node in world.list("Node")}
    every = world.list("Pod")
    by_node: dict[str, list[dict]] = {}
    for pod in pods:
        by_node.setdefault(pod.get("spec", {}).get("nodeName", ""), []).append(pod)
    height = _box_height(stage)
    usage = _usage(every)
    for index, name in enumerate(stage.nodes):
        row, column = divmod(index, stage.across)
        at = (column * (stage.box_width + stage.gap) + stage.box_width / 2, top + row * (height + stage.gap) + height / 2)
        boxes.append(_node_box(name, nodes.get(name), by_node.get(name, []), usage.get(name, {}), stage, at, height))
    rows = -(-len(stage.nodes) // stage.across)
    return Graph(cards=tuple(lane_cards), boxes=tuple(boxes), edges=tuple(edges), height=top + rows * (height + stage.gap),
                 alt=alt(pods, nodes), empty="" if boxes else "no nodes")


def _box_height(stage: Stage) -> float:
    unit = SLOT + 4 if stage.level == "cards" else MARK
    return 30 + len(stage.rows) * unit + stage.lines * 18 + (18 if stage.tight else 0) + stage.bars * 20 + (8 if stage.bars else 0)


def _usage(pods: list[dict]) -> dict[str, dict[str, list[tuple[int, dict]]]]:
    """node -> cpu and memory -> what each of its pods was promised there (thousandths of a CPU, bytes)."""
    found: dict[str, dict[str, list]] = {}
    for pod in pods:
        node = (pod.get("spec") or {}).get("nodeName")
        if node and (pod.get("status") or {}).get("phase") not in FINISHED:
            for name, amount in requests(pod).items():
                found.setdefault(node, {}).setdefault(name, []).append((amount, pod))
    return found


@states.remembered
def requests(pod: dict) -> dict[str, int]:
    """What the scheduler counts: the containers together, or the largest init container where that is more."""
    return {name: amount for name in ("cpu", "memory") if (amount := max(_sum(pod, "containers", name), _largest_init(pod, name)))}


def _amounts(pod: dict, containers: str, name: str) -> list[int]:
    parse = quantity.milli if name == "cpu" else quantity.value
    asked = ((c.get("resources") or {}).get("requests") or {} for c in (pod.get("spec") or {}).get(containers) or ())
    return [parse(str(r[name])) for r in asked if name in r]


def _sum(pod: dict, containers: str, name: str) -> int:
    return sum(_amounts(pod, containers, name))


def _largest_init(pod: dict, name: str) -> int:
    return max(_amounts(pod, "initContainers", name), default=0)


def bars(node: dict, usage: dict, hue: object) -> tuple[Bar, ...]:
    """cpu and memory: promised of allocatable."""
    allocatable = (node.get("status") or {}).get("allocatable") or (node.get("status") or {}).get("capacity") or {}
    found = []
    for name, label, unit in (("cpu", "cpu", 1000), ("memory", "mem", 1 << 30)):
        total = (quantity.milli if name == "cpu" else quantity.value)(str(allocatable.get(name, 0)))
        used = usage.get(name, [])
        parts = tuple((amount, hue(pod), f"{pod['metadata']['name']}: {quantity_text(name, amount)}", "") for amount, pod in used)
        text = f"{number(sum(a for a, _ in used) / unit)}/{number(total / unit)}{'Gi' if name == 'memory' else ''}"
        found.append(Bar(label, text, total, parts))
    return tuple(found)


def number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if value < 10 else f"{value:.0f}"


def quantity_text(name: str, amount: int) -> str:
    if name == "cpu":
        return f"{amount}m" if amount % 1000 else str(amount // 1000)
    return f"{amount >> 20}Mi" if amount % (1 << 30) else f"{amount >> 30}Gi"


def _node_box(name: str, node: dict | None, pods: list[dict], usage: dict, stage: Stage, at: tuple, height: float) -> Box:
    id, size = f"Node//{name}", (stage.box_width, height)
    if node is None:
        return Box(id, "", None, (), at, size)
    state = states.node_state(node)
    tainted = f"· taint {', '.join(taints)}" if (taints := states.taints(node)) else ""
    title = f"node {name} · {state.word} · {len(pods)} pods {tainted}".strip()
    grid = _rows(pods, stage.rows, stage.per_row, stage, name) if stage.level != "counts" else ()
    lines = _counts(pods, stage) if stage.level == "counts" else ()
    shown_bars = bars(node, usage, lambda pod: "bar") if stage.bars else ()
    told = None if stage.tight and state.mark == "●" else state
    return Box(id, name, told, grid, at, size, shown_bars, lines, title, note=tainted)


def _waiting_box(pods: list[dict], stage: Stage, top: float) -> Box:
    """Pods that no node has yet, in slots of their own."""
    waiting = [pod for pod in pods if not pod.get("spec", {}).get("nodeName")]
    wide, high = {"cards": (200, SLOT + 4), "marks": (MARK, MARK), "counts": (WIDTH, 18)}[stage.level]
    per_row = int((WIDTH - 14) // wide) or 1
    rows = rows_of(stage.waiting, per_row)
    height = 30 + (len(rows) if stage.level != "counts" else max(stage.lines, 1)) * high
    grid = _rows(waiting, rows, per_row, stage, "waiting") if stage.level != "counts" else ()
    lines = _counts(waiting, stage) if stage.level == "counts" else ()
    return Box("waiting", "not on a node yet", None, grid, (WIDTH / 2, top + height / 2), (WIDTH, height), lines=lines)


def _rows(pods: list[dict], rows: list[int], per_row: int, stage: Stage, place: str) -> tuple[tuple[Card, ...], ...]:
    seated = {stage.slots.seat(pod): pod for pod in pods}
    numbers = [range(row * per_row, (row + 1) * per_row) for row in rows]
    return tuple(tuple(pod_card(seated[n], stage.slots) if n in seated else Card(f"free {place} {n}", "Pod", "", free=True) for n in line)
                 for line in numbers)


def pod_card(pod: dict, slots: Slots) -> Card:
    """A pod in its slot: name (what its owner's card says or its node's may go), state, the image's tag, restarts."""
    owner, ready, count = owner_of(pod), *states.ready_count(pod)
    name, short = pod["metadata"]["name"], ""
    if owner and name.startswith(f"{owner['name']}-"):
        short = f"…{name.removeprefix(owner['name'])}"
    elif owner and name.endswith(f"-{owner['name']}"):  # a static pod, whose owner is its node
        short = f"{name.removesuffix(owner['name'])}…"
    note = f"↻{states.restarts(pod)}" if states.restarts(pod) else f"{ready}/{count}" if count > 1 else ""
    return Card(identity(pod), "Pod", name, state=states.pod_state(pod), hue=slots.hue(owner and owner.get("uid")),
                tag=states.tag(states.generation(pod)), note=note, title=states.describe(pod), short=short)


def _counts(pods: list[dict], stage: Stage) -> tuple[tuple[str, str], ...]:
    """Counts by owner and state: ('web-7d4b9 48● 2◐', hue) a line; in a tight box one line for all."""
    found: dict[tuple[str, str], Counter] = {}
    for pod in pods:
        owner = owner_of(pod) or {"name": pod["metadata"]["name"], "uid": uid_of(pod)}
        key = ("", "ink") if stage.tight else (owner["name"], stage.slots.hue(owner["uid"]))
        found.setdefault(key, Counter())[states.pod_state(pod).mark] += 1
    room = max(stage.box_width - 110, 0)
    lines = [(f"{theme.fit(name, room, 12) if name else ''}  {_marks(counts)}".strip(), hue) for (name, hue), counts in found.items()]
    most = max(stage.lines, 1)
    return tuple(lines) if len(lines) <= most else (*lines[:most - 1], (f"and {len(lines) - most + 1} owners more", "muted"))


def _marks(counts: Counter) -> str:
    return " ".join(f"{counts[mark]}{mark}" for mark in "●◐○✖▽■" if counts[mark])


def alt(pods: list[dict], nodes: dict) -> str:
    """'3 nodes, 4 pods. node-1: web-k2x Ready...' and counts where there are many."""
    if not pods:
        return f"{_count(len(nodes), 'node')}, no pods."
    head = f"{_count(len(nodes), 'node')}, {_count(len(pods), 'pod')}"
    if len(pods) > CARDS:
        words = Counter(states.pod_state(pod).word for pod in pods)
        return f"{head}: {', '.join(f'{n} {word}' for word, n in words.most_common())}."
    places: dict[str, list[str]] = {}
    for pod in pods:
        places.setdefault(pod.get("spec", {}).get("nodeName") or "not on a node yet", []).append(
            f"{pod['metadata']['name']} {states.pod_state(pod).word}")
    return ". ".join([head, *(f"{place}: {', '.join(names)}" for place, names in sorted(places.items()))]) + "."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
