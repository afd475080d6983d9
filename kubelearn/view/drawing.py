"""draw() and play(): any moment of a cluster as a picture, any change as a player.

Part of Kubernetes: none. Everything here reads; nothing waits for time or writes an object.
Leaves out: pictures of their own kind (why, chart, timeline), which have a function each; the control plane, which has a module.
"""
from __future__ import annotations

from contextlib import nullcontext

from kubelearn.view import containers, dot, frames, overview, ownership, packing, traffic, volumes
from kubelearn.view.frames import run_of
from kubelearn.view.graph import Graph
from kubelearn.view.picture import Picture
from kubelearn.view.world import World, slots_of, snapshot_of, world_of

PICTURES = {"cluster": overview, "ownership": ownership, "packing": packing, "traffic": traffic, "volumes": volumes,
            "containers": containers}


LANES = "control plane"  # drawn from the history since the last command, not from a moment
WHAT = (*PICTURES, LANES)
LARGEST = 30  # moments that a steady picture remembers


def picture_of(what: str):
    """The module of a picture by its name."""
    if what not in PICTURES:
        raise ValueError(f"there is no picture {what!r}; there are {', '.join(WHAT)}")
    return PICTURES[what]


def draw(source: object, what: str = "cluster", namespace: str | None = None, theme: str | None = None, **options: object) -> Picture:
    """A picture of a cluster as it is now, or of a snapshot (cluster.at(time)).

    what: cluster, ownership, packing, traffic, volumes, containers, control plane. namespace: one, "*" for all; without it all but
    the system's. theme: None follows the page, "light" and "dark" do not. options narrow a picture down: traffic(service=, since=),
    volumes(pod=), containers(pod=), ownership(owner=).
    """
    if what == LANES:
        from kubelearn.view.controlplane import lanes
        return lanes(source, namespace=namespace, theme=theme, **options)
    graph = graph_of(source, what, namespace, **options)
    return Picture(dot.svgs([graph])[0], graph.alt, theme=theme)


def graph_of(source: object, what: str = "cluster", namespace: str | None = None, **options: object) -> Graph:
    """What draw() draws."""
    picture = picture_of(what)
    with getattr(source, "lock", None) or nullcontext():
        options = {**live(source, what), **options}
        world, slots = world_of(source), slots_of(source, namespace)
        return picture.graph(world, picture.stage([world], slots, **options))


class Steady:
    """The cluster picture of one moment after another: its boxes have room for all that was shown, and for a pod that waits. So they
    may grow, and never shrink."""

    def __init__(self, source: object, namespace: str | None = None):
        self.source, self.namespace = source, namespace
        self.worlds: list[World] = []  # those that made it as large as it is
        self.shape: tuple = ()

    def graph(self, snapshot: object) -> Graph:
        world = world_of(snapshot)
        stage = overview.stage([*self.worlds, world], slots_of(self.source, self.namespace))
        stage.waiting = stage.waiting or {0}
        shape = stage.level, stage.nodes, stage.rows, stage.waiting, stage.lines, stage.lane.spots, stage.lane.order
        if shape != self.shape:
            self.shape, self.worlds = shape, [*self.worlds, world][-LARGEST:]
        return overview.graph(world, stage)


def live(source: object, what: str) -> dict[str, object]:
    """What a simulated cluster knows beside its objects: the connections that were made, the files in volumes."""
    if what == "traffic" and hasattr(source, "network"):
        return {"connections": list(source.network.log)}
    if what == "volumes" and hasattr(source, "nodes"):
        return {"trees": lambda node, uid, volume: tree_of(source.nodes.get(node), uid, volume)}
    return {}


def tree_of(node: object, uid: str, volume: str) -> object | None:
    """The directory that a pod's volume is on its node; None where it is not mounted."""
    here = node.kubelet.volumes.pods.get(uid) if node is not None else None
    return here.mounted.get(volume) if here is not None else None


def play(cluster: object, since: object = None, what: str = "cluster", namespace: str | None = None, until: object = None,
         **options: object):
    """A player over the frames of a change.

    since, until: a revision (cluster.revision, an int), a virtual time (a float) or a snapshot. since defaults to the moment before
    the last command, cluster.beginning is all there ever was. what, namespace, options as in draw().
    """
    if what == LANES:
        from kubelearn.view import controlplane
        return controlplane.play(cluster, since, until, namespace, **options)
    from kubelearn.view.player import Player
    found = changes(cluster, since, what, namespace, until, **options)
    graphs = [frame.graph for frame in found]
    captions = [frame.caption for frame in found]
    return Player(dot.svgs(graphs), captions, [f"{caption}. {graph.alt}" for caption, graph in zip(captions, graphs)])


def changes(cluster: object, since: object = None, what: str = "cluster", namespace: str | None = None, until: object = None,
            **options: object) -> list[frames.Frame]:
    """The frames that play() shows."""
    with getattr(cluster, "lock", None) or nullcontext():
        start = last_command(cluster) if since is None else revision_of(cluster, since)
        end = None if until is None else revision_of(cluster, until)
        snapshot = cluster.at(revision=start)
        revisions = [r for r in cluster.revisions(since=start) if end is None or r.revision <= end]
        if what == "traffic" and hasattr(cluster, "network"):
            began = revisions[0].time if revisions else snapshot.time  # it counts the change's own connections
            options = {**live(cluster, what), "since": began, "now": cluster.now if until is None else 0.0, **options}
        return frames.frames(World(snapshot, snapshot.time, start), revisions, picture_of(what), slots_of(cluster, namespace), **options)


def revision_of(cluster: object, moment: object) -> int:
    """The newest revision at a moment: itself, a virtual time's, a snapshot's."""
    if isinstance(moment, int):
        return moment
    return cluster.at(time=moment).revision if isinstance(moment, float) else snapshot_of(moment).revision


def last_command(cluster: object) -> int:
    """The revision before the newest command of a person: its first write, where one command wrote several objects.
    Where no command is known (a real cluster does not tell): the beginning."""
    asked = (r for r in reversed(cluster.revisions()) if getattr(r.request, "external", False))
    found = next(asked, None)
    for revision in asked:
        if (revision.time, run_of(revision), revision.request.command) != (found.time, run_of(found), found.request.command):
            break
        found = revision
    return found.revision - 1 if found else cluster.beginning
