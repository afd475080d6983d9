"""The dashboard: a cluster to touch. Run, step, pause, a slider to any past moment, delete a pod, stop a node or a component, scale.

Part of Kubernetes: none. Law 4: time moves only when a button says so. Rule: the picture is that of draw(), with the slots of all
other pictures, and nothing in it jumps; a past moment is looked at, never changed.
Leaves out: editing objects; that is kubectl's.
"""
from __future__ import annotations

import contextlib
import math
import threading

import ipywidgets as widgets

from kubelearn.apiserver.request import Request
from kubelearn.errors import ApiError
from kubelearn.view import deeds, dot, members
from kubelearn.view.drawing import Steady
from kubelearn.view.frames import QUIET, difference, emptied, seconds
from kubelearn.view.graph import Graph, ringed
from kubelearn.view.overview import natural
from kubelearn.view.picture import Picture, figcaption, image
from kubelearn.view.player import content_id
from kubelearn.view.slots import shown
from kubelearn.view.world import world_of

SPEEDS = (("1×", 1.0), ("5×", 5.0), ("30×", 30.0), ("300×", 300.0))
REFRESH = 0.25  # seconds between two pictures while time runs


class Dashboard(widgets.VBox):
    """Shows the newest moment, or the one that the slider is at."""

    def __init__(self, cluster: object, namespace: str | None = None):
        self.cluster, self.namespace, self._closed, self._quiet = cluster, namespace, threading.Event(), False
        self._seen, self._graph, self._steady, self._one_at_a_time = None, None, Steady(cluster, namespace), threading.RLock()
        self._build()
        rows = [self.bar, self.past, self.acts, *[self.faults] * bool(self.parts.options), self.picture, self.said]
        super().__init__(rows, **self._id("dashboard"))
        self.refresh()

    def _id(self, name: str) -> dict:
        """Ids from content, for the widget and its layout."""
        id = content_id("dashboard", f"{name} {self.namespace}")
        return {"model_id": id, "layout": widgets.Layout(model_id=f"{id}-layout", max_width="900px")}

    def _button(self, label: str, hint: str, act) -> widgets.Button:
        style = {"model_id": content_id("style", label)}
        layout = widgets.Layout(model_id=content_id("layout", label), width="auto")
        made = widgets.Button(description=label, tooltip=hint, style=style, layout=layout, model_id=content_id("button", label))
        made.on_click(lambda _: self._do(act))
        return made

    def _choice(self, kind, label: str, **more: object):
        style = {"model_id": content_id("style", label), "description_width": "initial"}
        layout = widgets.Layout(model_id=content_id("layout", label), width=more.pop("width", "auto"))
        return kind(description=label, tooltip=label, style=style, layout=layout, model_id=content_id("choice", label), **more)

    def _row(self, name: str, *parts: widgets.Widget) -> widgets.HBox:
        layout = widgets.Layout(model_id=content_id("layout", name), flex_flow="row wrap")
        return widgets.HBox(parts, layout=layout, model_id=content_id("row", name))

    def _build(self) -> None:
        self.speed = self._choice(widgets.Dropdown, "speed", options=SPEEDS, value=1.0, width="120px")
        self.bar = self._row("time", self._button("run", "let time follow the clock on the wall", self.run),
                             self._button("pause", "time stands still", self.pause),
                             self._button("step", "to the next moment at which anything happens", self.step), self.speed)
        self.moment = self._choice(widgets.FloatSlider, "past", min=0.0, max=0.1, step=0.01, value=0.1, readout_format=".2f", width="560px",
                                   continuous_update=True)
        self.moment.observe(self._looked, "value")
        self.past = self._row("past", self.moment, self._button("now", "back to the newest moment", self.now))
        self.pod = self._choice(widgets.Dropdown, "pod", options=[], width="330px")
        self.node = self._choice(widgets.Dropdown, "node", options=[], width="190px")
        self.deployment = self._choice(widgets.Dropdown, "deployment", options=[], width="300px")
        self.replicas = self._choice(widgets.BoundedIntText, "replicas", min=0, max=100, value=1, width="130px")
        self.deployment.observe(self._chosen, "value")
        self.acts = self._row("acts", self.pod, self._button("delete pod", "kubectl delete pod", self.delete_pod), self.node,
                              self._button("stop node", "its kubelet and machine fall silent", self.stop_node),
                              self._button("start node", "it comes back", self.start_node), self.deployment, self.replicas,
                              self._button("scale", "kubectl scale deployment", self.scale))
        plane = getattr(self.cluster, "plane", None)  # its components can be stopped where they run on machines of their own
        names = [*plane.replicas, "coredns", "kube-proxy"] if plane is not None else []
        self.parts = self._choice(widgets.Dropdown, "component", options=names, width="270px")
        self.faults = self._row("faults", self.parts, *[
            self._button(f"{verb} component", hint, lambda verb=verb: getattr(self.cluster, verb)(self.parts.value))
            for verb, hint in (("stop", "its manifest is moved away"), ("start", "its manifest is put back"))])
        self.picture, self.said = self._text("picture"), self._text("said")

    def _text(self, name: str) -> widgets.HTML:
        style = {"model_id": content_id("style", name)}
        return widgets.HTML(style=style, layout=widgets.Layout(model_id=content_id("layout", name)), model_id=content_id("text", name))

    # --- what the buttons do ------------------------------------------------------------------------------------------

    def _do(self, act) -> None:
        """One button: what is refused is told, in Kubernetes' words."""
        try:
            act()
        except (ApiError, ValueError, AttributeError) as error:
            self.said.value = figcaption(f"refused  {error}")
        else:
            self.refresh()

    def run(self) -> None:
        self.now()
        self.cluster.live(self.speed.value)
        threading.Thread(target=self._follow, name="kubelearn-dashboard", daemon=True).start()

    def _follow(self) -> None:
        while self._speed() and not self._closed.wait(REFRESH):
            with contextlib.suppress(ApiError):
                self.refresh()

    def _speed(self) -> float:
        """Of virtual time; 0 while it stands still, and for a real cluster, whose time is not ours."""
        return getattr(getattr(self.cluster, "clock", None), "speed", 0.0)

    def pause(self) -> None:
        self.cluster.live(0)
        self.now()

    def step(self) -> None:
        self.now()
        self.cluster.step()

    def now(self) -> None:
        self._looking = None

    def delete_pod(self) -> None:
        if self.pod.value:
            namespace, name = self.pod.value.split("/")
            self.cluster.delete("Pod", name, namespace)

    def stop_node(self) -> None:
        if self.node.value:
            self.cluster.stop(self.node.value)

    def start_node(self) -> None:
        if self.node.value:
            self.cluster.start(self.node.value)

    def scale(self) -> None:
        if self.deployment.value:
            namespace, name = self.deployment.value.split("/")
            self._patch("Deployment", namespace, name, {"spec": {"replicas": self.replicas.value}}, "kubectl scale")

    def _patch(self, kind: str, namespace: str, name: str, patch: dict, command: str) -> None:
        registry, request = self.cluster.registry, Request("you", external=True, command=command)
        with self.cluster.lock:
            registry.patch(registry.resources.must_find(kind), namespace, name, patch, "merge", request)
            self.cluster.clock.settle()

    def close(self) -> None:
        """Ends following; the cluster stays."""
        self._closed.set()
        super().close()

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        """The widget, and beside it what an untrusted notebook shows: the moment as text and image."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        text = f"dashboard at {seconds(self.cluster.now)}: {self._graph.alt}"
        html = f'<figure style="margin:0">{self.picture.value}</figure>'
        return {"text/plain": text, "text/html": html, "application/vnd.jupyter.widget-view+json": view}

    # --- what it shows ------------------------------------------------------------------------------------------------

    _looking: float | None = None  # the past moment looked at; None: the newest
    _shown: tuple[float, ...] = (0.1,)  # where the slider was put last, newest first: the page sends these back, late

    def _looked(self, change: dict) -> None:
        """What the page sends back of where the slider was put is no look at the past: it is put there again."""
        if self._quiet:
            return
        far = [abs(change["new"] - shown) > 2 * self.moment.step for shown in self._shown]  # the page rounds
        if all(far):
            self._looking = None if change["new"] >= self.moment.max else change["new"]
            self.refresh()
        elif far[0]:
            self.moment.value = self._shown[0]

    def _chosen(self, change: dict) -> None:
        if change["new"]:
            namespace, name = change["new"].split("/")
            found = world_of(self.cluster).get("Deployment", name, namespace)
            self.replicas.value = found["spec"].get("replicas", 1) if found else 1

    def refresh(self) -> None:
        """The picture of the moment looked at, and choices and slider up to date with the cluster."""
        with self._one_at_a_time:
            self._refresh()

    def _refresh(self) -> None:
        with getattr(self.cluster, "lock", None) or contextlib.nullcontext():
            self._choices()
            snapshot = self.cluster.at(time=self._looking) if self._looking is not None else self.cluster.at()
            if self._seen == (snapshot.revision, self._looking is None):
                self._tell(snapshot)
                return
            self._seen = (snapshot.revision, self._looking is None)
            graph = self._steady.graph(snapshot)
            self._tell(snapshot)
        self._show(graph)

    def _show(self, graph: Graph) -> None:
        """With the ring on what changed since the picture before, while the newest moment is followed."""
        rings, freed = difference(self._graph, graph) if self._graph and self._looking is None else (set(), set())
        left = emptied(self._graph, graph, freed) if freed else {}
        self._graph = graph
        drawn = ringed(graph, frozenset(rings), left)
        picture = Picture(dot.svgs([drawn])[0], graph.alt)
        self.picture.value = image(picture.svg, picture.alt)

    def _tell(self, snapshot: object) -> None:
        etcd = self.cluster.registry.etcd
        told = range(snapshot.revision - etcd.first - 1, -1, -1)
        last = next((etcd.log[n] for n in told if etcd.log[n].resource.kind not in QUIET), None)
        since = last.revision if last else 0
        outside = [fault for fault in members.faults(self.cluster) if fault.at > since and fault.time <= snapshot.time]
        newest = (outside[-1].actor, outside[-1].text) if outside else (deeds.actor_of(last), deeds.summary([last])) if last else ()
        when = "now" if self._looking is None else "past"
        self.said.value = figcaption(f"{when} {seconds(snapshot.time)}  {': '.join(newest)}")

    def _choices(self) -> None:
        self._quiet = True
        end = max(math.ceil(self.cluster.now * 100) / 100, 0.1)
        self.moment.continuous_update = not self._speed()
        with self.moment.hold_sync():
            self.moment.max = end
            self.moment.value = end if self._looking is None else self._looking
        self._shown = (self.moment.value, *self._shown)[:3]
        world = world_of(self.cluster)
        for chooser, kind in ((self.pod, "Pod"), (self.deployment, "Deployment")):
            objects = [o for o in world.list(kind) if shown(o["metadata"]["namespace"], self.namespace)]
            _offer(chooser, [f"{o['metadata']['namespace']}/{o['metadata']['name']}" for o in objects])
        _offer(self.node, sorted((node["metadata"]["name"] for node in world.list("Node")), key=natural))
        self._quiet = False


def _offer(chooser: widgets.Dropdown, options: list[str]) -> None:
    """New options, and the old choice where it is still there."""
    if list(chooser.options) != options:
        before = chooser.value
        chooser.options = options
        chooser.value = before if before in options else options[0] if options else None


def dashboard(cluster: object, namespace: str | None = None) -> Dashboard:
    """Buttons and a slider over a cluster."""
    return Dashboard(cluster, namespace)
