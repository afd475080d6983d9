"""Probes: is a container alive, has it started, may it get traffic?

Part of Kubernetes: pkg/kubelet/prober (prober_manager.go, worker.go); asking is prober.py's. Each probe of each container
is a worker with a ticker of its own. A liveness or startup probe that fails often enough gets the container killed and
started again; a readiness probe only decides whether its pod is among the endpoints of a service.
Idle time is nearly free: while nothing goes on in a pod its answer cannot change, so a probe that has succeeded ten times
in such calm comes at twice the distance each time; as soon as any process of the pod goes on, the ticks are as before.
Leaves out: the random first wait after a kubelet's restart.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil

from kubelearn.clock import Timer, parse_time
from kubelearn.kubelet.container import Container
from kubelearn.kubelet.container_status import is_sidecar
from kubelearn.kubelet.pleg import next_tick
from kubelearn.kubelet.prober import FAILURE, SUCCESS, UNKNOWN, Prober

FIELDS = {"startup": "startupProbe", "liveness": "livenessProbe", "readiness": "readinessProbe"}
INITIAL = {"startup": None, "liveness": True, "readiness": False}  # what is believed before the first probe
CALM = 10  # successes in a row, with nothing going on in the pod between, after which probes become rarer
SHARED = ("hostPath", "persistentVolumeClaim", "nfs")  # volumes that may change while nothing goes on in the pod


class ProbeWorker:
    """One probe of one container, through all its restarts.

    Ticks lie a period apart from when the pod's volumes were ready. A tick that could do nothing is no event at all.
    """

    __slots__ = ("owner", "container", "kind", "spec", "anchor", "period", "timer", "id", "since", "last", "run", "on_hold", "busy",
                 "calm", "stirs", "asked")

    def __init__(self, owner: PodProbes, container: dict, kind: str, anchor: float):
        self.owner, self.container, self.kind, self.anchor = owner, container, kind, anchor
        self.spec = container[FIELDS[kind]]
        self.period = float(self.spec.get("periodSeconds", 10))
        self.timer: Timer | None = None
        self.id, self.since, self.last, self.run, self.on_hold, self.busy = "", 0.0, None, 0, False, False
        self.calm, self.stirs, self.asked = 0, 0, 0.0

    def update(self, status: dict) -> None:
        """The container's status was written: a new run begins to be probed at the next tick, an ended one is left alone."""
        running = status["state"].get("running")
        if running is None or self.owner.ending and self.kind != "readiness":
            self.stop()
            return
        identity = status["containerID"].removeprefix("containerd://")
        if identity != self.id:
            self.owner.results[self.kind].pop(self.id, None)
            self.id, self.since, self.on_hold = identity, parse_time(running["startedAt"]), False
            self.stop()
        if self.kind == "readiness" and not status["ready"] and status["started"]:
            self.owner.clock.call_soon(self.trigger)
        elif self.timer is None and not self.busy and self._has_work(status["started"]):
            self._sleep(next_tick(self.owner.clock.now, self.anchor, self.period))

    def trigger(self) -> None:
        """A sync found the pod not ready: probe at once, and count the period from here."""
        if not self.busy and self.id:
            self.stop()
            self.anchor = self.owner.clock.now
            self.tick()

    def _has_work(self, started: bool) -> bool:
        return not self.on_hold and started == (self.kind != "startup")

    def _sleep(self, tick: float) -> None:
        early = self.since + self.spec.get("initialDelaySeconds", 0) - tick
        self.timer = self.owner.clock.call_at(tick + max(0, ceil(early / self.period)) * self.period, self.tick)

    def tick(self) -> None:
        self.timer = None
        now, status = self.owner.clock.now, self.owner.status_of(self.container["name"])
        container = self.owner.running(self.container["name"])
        if container is None or container.id != self.id or status is None or "running" not in status["state"]:
            return
        if self.id not in self.owner.results[self.kind]:
            self.owner.set(self, INITIAL[self.kind])
        if self._has_work(status["started"]) and int(now - self.since) >= self.spec.get("initialDelaySeconds", 0):
            self.busy, self.asked = True, now
            self.owner.listen(container)
            self.owner.clock.spawn(self._probe(container)).add_done_callback(self._probed)
        elif self._has_work(status["started"]):
            self._sleep(now + self.period)

    async def _probe(self, container: Container) -> None:
        result, text = await self.owner.prober.probe(container, self.container, self.spec)
        if container.id != self.id or container.state != "running":
            return
        if result is not SUCCESS:
            failed = "failed" if result is FAILURE else "errored and resulted in unknown state"
            self.owner.tell(self.container, "Warning", "Unhealthy", f"{self.kind.capitalize()} probe {failed}: {text}")
        calm = result is SUCCESS and self.stirs == self.owner.stirs and not self.owner.prober.reached_out(container, self.asked)
        self.calm, self.stirs = self.calm + 1 if calm and self.owner.alone else 0, self.owner.stirs
        if result is not UNKNOWN:
            self._count(result)

    def _count(self, result: bool) -> None:
        """A result counts when it came often enough in a row."""
        self.run = self.run + 1 if result == self.last else 1
        self.last = result
        if self.run < self.spec.get("successThreshold" if result else "failureThreshold", 1 if result else 3):
            return
        if not result and self.kind != "readiness":
            self.on_hold, self.run = True, 0  # until there is a new container
        self.owner.set(self, result)

    def _probed(self, probe) -> None:
        self.busy, self.owner.answered = False, self.owner.clock.now
        if probe.error() is not None:
            raise probe.error()
        status = self.owner.status_of(self.container["name"])
        if self.timer is None and status and "running" in status["state"] and self._has_work(status["started"]) and not self.owner.stopped:
            pause = self.period * (2 ** max(self.calm - CALM, 0) - 1)
            self._sleep(next_tick(self.owner.clock.now, self.anchor, self.period) + pause)

    def wake(self) -> None:
        """Something goes on in the pod: no probe is left out any more."""
        if self.calm > CALM and self.timer is not None:
            self.stop()
            self._sleep(next_tick(self.owner.clock.now, self.anchor, self.period))
        self.calm = 0

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class PodProbes:
    """All probes of one pod, and what they say.

    prober; running(name) -> the runtime's container or None; status_of(name) -> its status as written last;
    tell(container, type, reason, message); changed(name, kind, result): a result is new.
    """

    def __init__(self, prober: Prober, pod: dict, running: Callable, status_of: Callable, tell: Callable, changed: Callable):
        self.prober, self.clock, self.running, self.status_of, self.tell, self.changed = (
            prober, prober.clock, running, status_of, tell, changed,
        )
        self.results: dict[str, dict[str, bool | None]] = {kind: {} for kind in FIELDS}  # kind -> container id -> result
        self.workers = [ProbeWorker(self, container, kind, self.clock.now) for container, kind in probed(pod)]
        self.ending = self.stopped = False
        self.stirs, self.answered = 0, -1.0  # how often something went on in the pod that no probe caused; the last answer's time
        self.alone = not any(kind in volume for volume in pod["spec"].get("volumes") or () for kind in SHARED)
        self._has = {(worker.container["name"], worker.kind) for worker in self.workers}

    def listen(self, container: Container) -> None:
        if self.stirred not in container.sandbox.on_stir:
            container.sandbox.on_stir.append(self.stirred)

    def stirred(self) -> None:
        """One of the pod's processes goes on. What a probe sets going, and its echo in the same instant, does not count."""
        if self.answered == self.clock.now or any(worker.busy for worker in self.workers):
            return
        self.stirs += 1
        for worker in self.workers:
            worker.wake()

    def set(self, worker: ProbeWorker, result: bool | None) -> None:
        results = self.results[worker.kind]
        if worker.id not in results or results[worker.id] != result:
            results[worker.id] = result
            self.changed(worker.container["name"], worker.kind, result)

    def is_started(self, name: str, container_id: str) -> bool:
        return (name, "startup") not in self._has or self.results["startup"].get(container_id.removeprefix("containerd://")) is SUCCESS

    def is_ready(self, name: str, container_id: str) -> bool:
        return (name, "readiness") not in self._has or self.results["readiness"].get(container_id.removeprefix("containerd://")) is SUCCESS

    def unhealthy(self, name: str, container_id: str) -> str:
        """Which probe wants this container killed: liveness, startup or ""."""
        return next((kind for kind in ("liveness", "startup") if self.results[kind].get(container_id) is FAILURE), "")

    def grace(self, container: dict, grace: float) -> float:
        """The grace period of a container that a probe wants killed: the probe's own where it has one."""
        own = [
            container[FIELDS[kind]].get("terminationGracePeriodSeconds")
            for kind in ("startup", "liveness")
            if (container["name"], kind) in self._has
        ]
        return next((float(seconds) for seconds in own if seconds is not None), grace)

    def update(self, statuses: list[dict]) -> None:
        """The pod was synced and its status written. Upstream: UpdatePodStatus."""
        self.stirred()
        by_name = {status["name"]: status for status in statuses}
        for worker in self.workers:
            worker.update(by_name[worker.container["name"]])

    def stop(self, readiness: bool = True) -> None:
        """The pod ends: liveness and startup probes stop at once, readiness goes on until the end."""
        self.ending, self.stopped = True, readiness
        for worker in self.workers:
            if readiness or worker.kind != "readiness":
                worker.stop()


def probed(pod: dict) -> Iterator[tuple[dict, str]]:
    """(container, kind) for each probe of a pod; of init containers only sidecars have any."""
    spec = pod["spec"]
    for container in [*spec["containers"], *(c for c in spec.get("initContainers") or () if is_sidecar(c))]:
        yield from ((container, kind) for kind, field in FIELDS.items() if field in container)
