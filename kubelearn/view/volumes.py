"""The volumes picture: which files live where, and for how long. Containers in their pod, mounts named by path, claims, disks.

Part of Kubernetes: spec.volumes and volumeMounts, PersistentVolumeClaim, PersistentVolume. Rule: what goes with the pod lies in its
frame; what outlives it stands outside.
Leaves out: the service account's token, which every pod has.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from kubelearn.view import states
from kubelearn.view.graph import Card, Edge, Graph, Group, identity
from kubelearn.view.overview import pods_of
from kubelearn.view.slots import Slots

FEW = 6  # pods, unless one is named
INSIDE = ("emptyDir", "gitRepo", "downwardAPI")  # they go when the pod goes
TOKEN = "kube-api-access-"
PLACES = (("kubernetes.io/hostname", "on"), ("topology.kubernetes.io/zone", "in zone"))


class Stage:
    """pod: the name of one, or a start of names. trees: (node, pod's uid, volume) -> what is in it now, where that is known."""

    def __init__(self, worlds: Sequence, slots: Slots, pod: str | None = None, trees: Callable = lambda *_: None):
        self.slots, self.pod, self.trees = slots, pod, trees


def stage(worlds: Sequence, slots: Slots, **options: object) -> Stage:
    return Stage(worlds, slots, **options)


def chosen(world: object, stage: object) -> list[dict]:
    """The pods of the picture: those named, else the first few."""
    pods = pods_of(world, stage.slots)
    return [pod for pod in pods if pod["metadata"]["name"].startswith(stage.pod)] if stage.pod else pods[:FEW]


def graph(world: object, stage: Stage) -> Graph:
    """One frame of the volumes picture."""
    cards: dict[str, Card] = {}
    edges: list[Edge] = []
    groups, said = [], []
    for pod in chosen(world, stage):
        volumes = [v for v in (pod.get("spec") or {}).get("volumes") or () if not v["name"].startswith(TOKEN)]
        if not volumes and not stage.pod:
            continue
        groups.append(pod_group(pod))
        homes = {}
        for number, volume in enumerate(volumes):
            card, more, links = _volume(world, pod, volume, number)
            card = _filled(card, stage.trees((pod.get("spec") or {}).get("nodeName"), pod["metadata"].get("uid"), volume["name"]))
            homes[volume["name"]] = card
            cards |= {c.id: c for c in (card, *more)}
            edges += links
        for card, mounts in containers(pod):
            cards[card.id] = card
            edges += [_mount(card, homes[m["name"]], m) for m in mounts if m["name"] in homes]
            said += [f"{card.name} of {pod['metadata']['name']} has {homes[m['name']].kind} {homes[m['name']].name} at {m['mountPath']}"
                     for m in mounts if m["name"] in homes]
    return Graph(cards=upwards(cards.values()), edges=upwards(dict.fromkeys(edges)), groups=tuple(groups),
                 alt="; ".join(said) + "." if said else "No pod mounts a volume.", empty="" if groups else "no pod mounts a volume")


def upwards(parts: Iterable) -> tuple:
    """Graphviz stacks from the bottom to the top: the last first, so that the first stands above."""
    return tuple(parts)[::-1]


def pod_group(pod: dict, parent: str = "") -> Group:
    """The frame of a pod."""
    node = (pod.get("spec") or {}).get("nodeName")
    address = (pod.get("status") or {}).get("podIP")
    note = " · ".join(filter(None, [f"on {node}" if node else "on no node yet", address]))
    return Group(identity(pod), f"Pod {pod['metadata']['name']}", states.pod_state(pod), note, states.describe(pod), parent)


def containers(pod: dict):
    """(card, volumeMounts) of each container."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    found = {s["name"]: s for s in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))}
    for kind, containers in (("init container", "initContainers"), ("container", "containers")):
        for container in spec.get(containers) or ():
            yield container_card(pod, container, kind, found.get(container["name"])), container.get("volumeMounts") or ()


def container_card(pod: dict, container: dict, kind: str, status: dict | None) -> Card:
    """A container: its state, its restarts."""
    count = (status or {}).get("restartCount", 0)
    line = f"restarted {'once' if count == 1 else f'{count}×'}" if count and kind != "init container" else ""
    kind = "sidecar" if kind == "init container" and container.get("restartPolicy") == "Always" else kind
    return Card(f"{identity(pod)}/{container['name']}", kind, container["name"], line, states.container_state(status), group=identity(pod),
                title=f"{kind} {container['name']} · {container.get('image', '')}")


def _filled(card: Card, tree: object) -> Card:
    """With what is in it: '3 files · 12 KiB'."""
    if tree is None or card.kind in ("ConfigMap", "Secret"):
        return card
    files = sum(1 for _, node in tree.walk() if node.kind == "-")
    amount = f"{files} file{'' if files == 1 else 's'} · {_bytes(tree.usage())}"
    title = f"{card.kind} {card.name} · {card.line} · {amount}"
    return replace(card, line=amount, title=title)


def _bytes(count: int) -> str:
    return f"{count} B" if count < 1024 else f"{count / 1024:.3g} KiB" if count < 1 << 20 else f"{count / (1 << 20):.3g} MiB"


def _mount(container: Card, volume: Card, mount: dict) -> Edge:
    only = " (read-only)" if mount.get("readOnly") else ""
    part = f" · {mount['subPath']}" if mount.get("subPath") else ""
    return Edge(container.id, volume.id, f"{mount['mountPath']}{only}{part}", arrow=False)


def _volume(world: object, pod: dict, volume: dict, number: int) -> tuple[Card, list[Card], list[Edge]]:
    """A volume's card, the cards behind it, and the lines to them."""
    kind = next((key for key in volume if key != "name"), "emptyDir")
    source, namespace = volume.get(kind) or {}, pod["metadata"]["namespace"]
    hue = f"hue{number % 8}"
    if kind == "persistentVolumeClaim":
        return _claim(world, namespace, source.get("claimName", ""), hue)
    if kind == "hostPath":
        node = (pod.get("spec") or {}).get("nodeName", "no node yet")
        path = source.get("path")
        return Card(f"hostPath/{node}/{path}", "hostPath", f"{path} on {node}", "the node's own disk", hue="muted"), [], []
    if kind in INSIDE:
        line = source.get("repository") or ("in memory" if source.get("medium") == "Memory" else "goes when the pod goes")
        return Card(f"{identity(pod)}/volume/{volume['name']}", kind, volume["name"], line, hue=hue, group=identity(pod)), [], []
    name = source.get("name") or source.get("secretName") or volume["name"]
    titled = {"configMap": "ConfigMap", "secret": "Secret"}.get(kind, kind)
    there = world.get(titled, name, namespace) if titled in ("ConfigMap", "Secret") else None
    keys = sorted({**((there or {}).get("data") or {}), **((there or {}).get("binaryData") or {})})
    line = f"{len(keys)} file{'' if len(keys) == 1 else 's'}: {', '.join(keys)}" if there else "not found" if titled != kind else ""
    return Card(f"{titled}/{namespace}/{name}", titled, name, line, hue=hue, title=f"{titled} {name} · {line}"), [], []


def _claim(world: object, namespace: str, name: str, hue: str) -> tuple[Card, list[Card], list[Edge]]:
    id, claim = f"PersistentVolumeClaim/{namespace}/{name}", world.get("PersistentVolumeClaim", name, namespace)
    if claim is None:
        return Card(id, "PersistentVolumeClaim", name, state=states.state("NotFound"), hue=hue), [], []
    status, spec = claim.get("status") or {}, claim.get("spec") or {}
    modes = ",".join("".join(c for c in mode if c.isupper()) for mode in spec.get("accessModes") or ())
    size = (status.get("capacity") or ((spec.get("resources") or {}).get("requests")) or {}).get("storage", "")
    card = Card(id, "PersistentVolumeClaim", name, f"{size} {modes}".strip(), states.state(status.get("phase", "Pending")), hue=hue)
    volume = world.get("PersistentVolume", spec.get("volumeName", "")) if spec.get("volumeName") else None
    if volume is None:
        return card, [], []
    where = _disk(volume["spec"])
    behind = Card(identity(volume), "PersistentVolume", volume["metadata"]["name"], where, hue=hue,
                  title=f"{volume['metadata']['name']} · {(volume.get('status') or {}).get('phase', '')} · {where}")
    return card, [behind], [Edge(id, behind.id, arrow=False)]


def _disk(spec: dict) -> str:
    """Where a PersistentVolume's bytes are: '1Gi on node-3', '1Gi in zone c', else its path or driver."""
    terms = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or ()
    places = {rule["key"]: ", ".join(rule.get("values") or ()) for term in terms for rule in term.get("matchExpressions") or ()}
    where = next((f"{word} {places[key]}" for key, word in PLACES if key in places), "")
    size = (spec.get("capacity") or {}).get("storage", "")
    path = (spec.get("hostPath") or spec.get("local") or {}).get("path")
    return f"{size} {where}".strip() if where else path or (spec.get("csi") or {}).get("driver") or spec.get("storageClassName", "")
