"""A cluster: the wiring of its parts, and the surface that learners call. Wiring only: what happens is in the parts.

Part of Kubernetes: what kubeadm sets up. Laws 2 and 4: parts are given a client, the clock and the network, and nothing of
each other; time moves only by run(), step(), a waiting kubectl, or live().
"""
from __future__ import annotations

import math
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count
from numbers import Real

from kubelearn.api.resources import Resources
from kubelearn.apiserver.registry import Registry
from kubelearn.bootstrap import bootstrap
from kubelearn.client import Client
from kubelearn.clock import RealTimeClock, parse_time
from kubelearn.controlplane import ControlPlane, machine_specs
from kubelearn.entering import Failures, entered
from kubelearn.etcd import Revision
from kubelearn.journal import Journal
from kubelearn.network import Network
from kubelearn.objects import Objects
from kubelearn.parts import Node, cluster_services, component_statuses
from kubelearn.parts import control_plane as components
from kubelearn.profiles import NodeSpec, node_specs, profile_of, zone_of
from kubelearn.proxy import Rules
from kubelearn.snapshot import Snapshot


class Cluster(Objects):
    """A Kubernetes of its own. Objects go in and out as plain dicts; errors are ApiError; times are virtual seconds.

    nodes: how many, or a list of dicts (name, cpu, memory, pods, zone, labels). seed: names and choices follow from it.
    serve: also over HTTPS on loopback, for kubectl. profile: plain, kind, minikube or cloud.
    node_ports: where it is served, also open the Services' node ports on this machine's loopback.
    control_plane: 1 or 3 machines on which its components run as static pods; 0: they run beside the nodes, out of sight.
    """

    def __init__(self, nodes: int | list[dict] | None = None, seed: int = 0, serve: bool = True, profile: str = "kind", port: int = 0,
                 control_plane: int = 0, node_ports: bool = True):
        self.profile = profile_of(profile)
        self.options = {"nodes": nodes, "seed": seed, "profile": profile, "control_plane": control_plane}
        self.clock = RealTimeClock(seed)
        self.clock.on_error = self.refused = Failures(self.clock)
        self.network = Network(self.clock)
        self.registry = Registry(self.clock, Resources())
        self.journal = Journal(self.registry.etcd)
        self.client = Client(self.registry, "kubelearn")
        bootstrap(self.registry, self.profile)
        self.parts: dict[str, object] = components(self.registry, self.profile)
        self.registry.views["componentstatuses"] = lambda: component_statuses(self.parts, self.plane)
        self.parts["kube-proxy"] = self._rules = Rules(Client(self.registry, "kube-proxy"))
        self.nodes: dict[str, Node] = {}
        self.disks: dict = {}  # volumes that are reached over the network, by name
        for spec in node_specs(self.profile.nodes if nodes is None else nodes):
            self._add(spec)
        self.parts |= cluster_services(self.registry, self.network)
        self.clock.settle()
        self.plane = self._control_plane(control_plane) if control_plane else None
        self.registry.journal = self.journal.write
        self.server, self._live, self._fresh = None, None, self.registry.etcd.revision
        if serve:
            self._serve(port, node_ports)

    def _add(self, spec: NodeSpec) -> Node:
        machine = Node(self.registry, self.network, spec, len(self.nodes), self.profile, self.disks, self._rules)
        self.nodes[spec.name] = machine
        return machine

    def _control_plane(self, number: int) -> ControlPlane:
        """Machines of its own, and time until what they run is there."""
        machines = [self._add(spec) for spec in node_specs(machine_specs(number))]
        self.clock.settle()
        plane = ControlPlane(self.registry, machines, self.parts)
        self.parts |= plane.parts
        self.clock.run(until=plane.ready, limit=120)
        self.clock.run(until=self.clock.now + 5)  # the mirrors are up to date
        plane.guard()
        return plane

    def _entered(self) -> AbstractContextManager[Callable[[], bool]]:
        return entered(self.clock)

    # --- time -----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Virtual seconds since the cluster began."""
        return self.clock.now

    def run(self, seconds: float | None = None, until: float | Callable[[], bool] | None = None, limit: float = 3600.0) -> bool:
        """Lets time run: for some seconds, to a virtual time, or until a condition holds; False where `limit` seconds passed first.

        The condition may ask the cluster in any way, also by kubectl or HTTP, and even wait with it. An interrupt (Ctrl-C, the stop
        button) ends run() between two events: nothing is lost, and the next goes on from there.
        """
        goal = until
        _check("seconds", seconds)
        if callable(until):
            goal = lambda: self._asked(until)  # noqa: E731
        else:
            _check("until", until)
        with self._entered() as interrupted:
            limit = limit if seconds is None else seconds
            return self.clock.run(self.clock.now + limit if goal is None else goal, limit, interrupted)

    def _asked(self, condition: Callable[[], bool]) -> bool:
        """The condition's answer. It is asked outside the lock, so that a kubectl of its own can be answered; others' move no time then."""
        self.clock.asking = True
        self.clock.lock.release()
        try:
            return condition()
        finally:
            self.clock.lock.acquire()
            self.clock.asking = False

    def step(self) -> bool:
        """The next moment at which anything happens; False when nothing ever will."""
        with self._entered():
            moved = self.clock.step()
            self.clock.settle()
            return moved

    def live(self, speed: float = 1.0) -> None:
        """Time follows real time at this speed, in a thread; 0 ends it."""
        _check("speed", speed)
        self.clock.live(speed)
        if speed and self._live is None:
            self._live = threading.Thread(target=self._tick, name="kubelearn-clock", daemon=True)
            self._live.start()

    def _tick(self) -> None:
        while self._live is not None and self.clock.speed:
            self.clock.tick()
        self._live = None

    # --- history --------------------------------------------------------------------------------------------------

    def at(self, time: float | str | None = None, revision: int | None = None) -> Snapshot:
        """The cluster as it was at a virtual time (seconds, or a timestamp), or after a revision; without either: as it is now."""
        with self._entered():
            etcd = self.registry.etcd
            if revision is None:
                time = self.clock.now if time is None else parse_time(time) if isinstance(time, str) else time
                return Snapshot(self.registry, etcd.revision_at(time), time)
            revision = min(revision, etcd.revision)
            return Snapshot(self.registry, revision, etcd.log[revision - etcd.first - 1].time if revision > etcd.first else 0.0)

    @property
    def revision(self) -> int:
        """The newest revision: a mark to play from later."""
        return self.registry.etcd.revision

    @property
    def beginning(self) -> int:
        """The newest revision of the fresh cluster, before anyone's first command."""
        return self._fresh

    def revisions(self, since: int | None = None) -> list[Revision]:
        """What was written after a revision (the fresh cluster's unless said otherwise), oldest first. Not to be modified."""
        with self.clock.lock:
            return self.registry.etcd.since(self._fresh if since is None else since)

    def fork(self, at: float | None = None, serve: bool = False) -> Cluster:
        """A second, independent cluster, run again from the same inputs up to a virtual time (now unless said otherwise)."""
        with self._entered():
            twin = Cluster(**self.options, serve=serve)
            self.journal.replay(twin, self.clock.now if at is None else at)
            return twin

    # --- machines and faults --------------------------------------------------------------------------------------

    def join(self, name: str = "", cpu: str = "4", memory: str = "8Gi", pods: int = 110, zone: str | None = None,
             labels: dict | None = None) -> str:
        """A new machine joins as a worker, as after `kubeadm join`; returns its name: the next node-N unless said otherwise.

        cpu in CPUs, memory as a Quantity. ValueError where a machine of that name is already there.
        """
        number = next(number for number in count(1) if f"node-{number}" not in self.nodes)
        spec = NodeSpec(name or f"node-{number}", cpu, memory, pods, zone_of(number) if zone is None else zone, labels)
        if spec.name in self.nodes:
            raise ValueError(f"{spec.name!r} is already there; start() brings back a machine that was stopped")
        with self._entered():
            self.journal.fault("join", **spec._asdict())
            self.clock.cause = None
            self._add(spec)
        return spec.name

    def stop(self, name: str) -> None:
        """Cuts a node off (nobody hears of it, its Pods run on unreached), or stops a component: exactly what it did no longer happens."""
        self._switch("stop", name)

    def start(self, name: str) -> None:
        """Starts again what was stopped."""
        self._switch("start", name)

    def _switch(self, method: str, name: str) -> None:
        part = self.nodes.get(name) or self.parts.get(name)
        if part is None:
            raise ValueError(f"there is no {name!r}; there are {', '.join([*self.nodes, *self.parts])}")
        with self._entered():
            self.journal.fault(method, name=name)
            self.clock.cause = None
            getattr(part, method)()
            if self.plane is not None:
                self.plane.look()

    # --- the edge -------------------------------------------------------------------------------------------------

    @property
    def lock(self):
        return self.clock.lock

    def _serve(self, port: int, node_ports: bool) -> None:
        from kubelearn.apiserver.http import Server  # loads the HTTP libraries, which a cluster without a server does not need
        self.server = Server(self.registry, self.network, port, node_ports)
        self.server.start()

    @property
    def kubeconfig(self) -> str:
        """The path of an administrator's kubeconfig."""
        if self.server is None:
            raise RuntimeError("this cluster is not served: make it with Cluster(serve=True)")
        return str(self.server.kubeconfig)

    def close(self) -> None:
        """Ends the server and its threads. What was in the cluster stays readable."""
        self.clock.live(0)
        thread, self._live = self._live, None
        if thread is not None:
            thread.join(timeout=5)
        if self.server is not None:
            self.server.stop()
            self.server = None

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check(name: str, number: float | None) -> None:
    """Time goes forward, and never forever at once."""
    if number is not None and not (isinstance(number, Real) and 0 <= number < math.inf):
        raise ValueError(f"{name} must be a finite number of at least 0, not {number!r}")
