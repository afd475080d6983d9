"""The scheduler: takes pods without a node from its queue, decides, and writes: a binding, or why there is none.

Part of Kubernetes: kube-scheduler scheduler.go, schedule_one.go, eventhandlers.go. Law 2: it meets nobody but in pods, nodes,
claims and volumes. Law 7: its queue and its snapshot can be thrown away and filled again from the informers.
Leaves out: profiles, extenders, resizing in place. A binding is written in the cycle itself, not beside it.
"""
from __future__ import annotations

from kubelearn.api.meta import key_of, name_of, set_condition
from kubelearn.clock import Timer
from kubelearn.errors import ApiError
from kubelearn.scheduler.cache import Snapshot
from kubelearn.scheduler.cycle import Cycle, Decision, Unfit
from kubelearn.scheduler.framework import EVERYTHING, Plugin, Rejected
from kubelearn.scheduler.messages import NO_NODES, by_node, cut, fit_error, rejected_at_once
from kubelearn.scheduler.plugins import default_plugins
from kubelearn.scheduler.plugins.defaultpreemption import Preemption
from kubelearn.scheduler.pods import PodInfo
from kubelearn.scheduler.preempt import preempt
from kubelearn.scheduler.queue import QueuedPod, SchedulingQueue
from kubelearn.scheduler.watching import Watching

BIND_TIMEOUT = 600.0  # seconds that volumes may take to be bound


class Waiting:
    """A pod whose node is chosen and whose volumes are being bound."""

    __slots__ = ("queued", "pod", "decision", "timeout")

    def __init__(self, queued: QueuedPod, pod: PodInfo, decision: Decision, timeout: Timer):
        self.queued, self.pod, self.decision, self.timeout = queued, pod, decision, timeout


class Scheduler(Watching):
    """plugins is a list to which one may append at any time: see framework.py."""

    name = "default-scheduler"

    def __init__(self, client):
        self.client, self.clock = client, client.clock
        self.plugins: list[Plugin] = default_plugins(client)
        self.random = self.clock.random(self.name)
        self.begin()
        self.watch()

    def begin(self) -> None:
        """Knows nothing yet."""
        self.snapshot = Snapshot()
        self.cycle = Cycle(self.snapshot, self.plugins, self.random)
        self.queue = SchedulingQueue(self.clock, self.schedule)
        self.waiting: dict[str, Waiting] = {}
        self.stopped = False

    def schedule(self) -> None:
        """Every pod that can be looked at now, the most important first."""
        while not self.stopped and (queued := self.queue.pop()) is not None:
            self.clock.cause = queued.cause
            self.schedule_one(queued)

    def schedule_one(self, queued: QueuedPod) -> None:
        pod = self.pods.items.get(queued.key)
        if pod is None or pod["spec"].get("nodeName"):
            return self.queue.done(queued.key)
        if "deletionTimestamp" in pod["metadata"]:
            self._tell(pod, f"skip schedule deleting pod: {queued.key}")
            return self.queue.done(queued.key)
        info = PodInfo(pod)
        try:
            found = self.cycle.decide(info) if self.snapshot.nodes else Unfit({}, NO_NODES)
            if isinstance(found, Decision):
                self._assume(queued, info, found)
            else:
                self._unfit(queued, info, found)
        except (ApiError, Rejected) as error:  # someone was quicker, or volumes cannot be had after all
            self._undo(queued, info, error)
        except Exception as error:
            self._undo(queued, info, error)
            if self.clock.on_error is not None:
                self.clock.on_error(error)

    # --- a node was found -----------------------------------------------------------------------------------------

    def _assume(self, queued: QueuedPod, pod: PodInfo, decision: Decision) -> None:
        """Counts the pod on its node at once, so that the next pod knows; then binds it, now or when its volumes are bound."""
        self.snapshot.add_pod(pod, decision.node)
        self.snapshot.forget_nomination(pod.key)
        if self._is_prepared(pod, decision.node):
            self._bind(queued, pod, decision)
        else:
            timeout = self.clock.call_later(BIND_TIMEOUT, self._timed_out, pod.key)
            self.waiting[pod.key] = Waiting(queued, pod, decision, timeout)

    def _is_prepared(self, pod: PodInfo, node: str) -> bool:
        return all(plugin.pre_bind(pod, self.snapshot.nodes[node], self) for plugin in self.cycle.binders)

    def _bind(self, queued: QueuedPod, pod: PodInfo, decision: Decision) -> None:
        self.client.bind(pod.pod, decision.node, decision.because)
        self.queue.done(queued.key)
        self.client.event(pod.pod, "Normal", "Scheduled", f"Successfully assigned {pod.key} to {decision.node}", action="Binding")

    def look_at_waiting(self) -> None:
        """Storage has changed: are the volumes of a pod bound now, or was a choice undone?"""
        for key, waits in list(self.waiting.items()):
            try:
                if not self._is_prepared(waits.pod, waits.decision.node):
                    continue
                self._stop_waiting(key)
                self._bind(waits.queued, waits.pod, waits.decision)
            except (ApiError, Rejected, KeyError) as error:
                self._stop_waiting(key)
                self._undo(waits.queued, waits.pod, error)

    def _stop_waiting(self, key: str) -> Waiting:
        waits = self.waiting.pop(key, None)
        if waits is not None:
            waits.timeout.cancel()
        return waits

    def _timed_out(self, key: str) -> None:
        waits = self._stop_waiting(key)
        if waits is not None:
            self._undo(waits.queued, waits.pod, Rejected("binding volumes: context deadline exceeded"))

    def _undo(self, queued: QueuedPod, pod: PodInfo, error: Exception) -> None:
        """It could not be bound, or a plugin failed: forget the choice and try again after the back-off."""
        self.snapshot.remove_pod(pod.key)
        for plugin in self.plugins:
            plugin.unreserve(pod.key)
        current = self.pods.items.get(pod.key)
        if current is None or current["spec"].get("nodeName") or isinstance(error, ApiError) and error.reason == "NotFound":
            return self.queue.done(queued.key)
        self._tell(current, str(error))
        self._write_status(current, "SchedulerError", str(error), None)
        self.queue.failed(queued)

    # --- no node was found ----------------------------------------------------------------------------------------

    def _unfit(self, queued: QueuedPod, pod: PodInfo, unfit: Unfit) -> None:
        """Says why, makes room if that helps, and lets the pod wait for what may change it."""
        preemption = Preemption() if unfit.at_once else self._post_filter(pod, unfit)
        message = self._message(unfit, preemption)
        rejectors = frozenset(filter(None, (unfit.plugin, *(rejection.plugin for rejection in unfit.rejections.values()))))
        self.queue.unschedulable(queued, rejectors, self._events_for(rejectors))
        if preemption.node:
            preempt(self, pod, preemption)
        self._tell(pod.pod, message)
        self._write_status(pod.pod, "Unschedulable", message, None if preemption.keep else preemption.node, by_node(unfit.rejections))

    def _post_filter(self, pod: PodInfo, unfit: Unfit) -> Preemption:
        """What the first plugin that can do something more for the pod comes to."""
        found = Preemption()
        for plugin in self.plugins:
            found = plugin.post_filter(pod, unfit.rejections, self) or found
            if found.node:
                break
        return found

    def _message(self, unfit: Unfit, preemption: Preemption) -> str:
        nodes = len(self.snapshot.nodes)
        if unfit.at_once:
            return unfit.at_once if unfit.at_once == NO_NODES else rejected_at_once(nodes, unfit.at_once)
        return fit_error(nodes, unfit.rejections.values(), f"preemption: {preemption.message}" if preemption.message else "")

    def _events_for(self, rejectors: frozenset[str]) -> list[str]:
        """The kinds of event that may change the mind of one of these plugins."""
        chosen = [plugin.events for plugin in self.plugins if plugin.name in rejectors] or [EVERYTHING]
        return sorted(frozenset().union(*chosen))

    def _tell(self, pod: dict, message: str) -> None:
        self.client.event(pod, "Warning", "FailedScheduling", cut(message), action="Scheduling")

    def _write_status(self, pod: dict, reason: str, message: str, nominated: str | None, because: str = "") -> None:
        """The condition PodScheduled=False, and the nominated node ('' for none, None: as it is). No write without a change."""
        try:
            pod = self.client.get("Pod", name_of(pod), pod["metadata"]["namespace"])
        except ApiError:
            return
        status = pod.get("status") or {}
        condition = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message, "lastProbeTime": None,
                     "observedGeneration": pod["metadata"].get("generation", 1)}
        old = status.get("conditions") or []
        conditions = set_condition(old, condition, self.clock.timestamp())
        before = status.get("nominatedNodeName", "")
        if conditions is old and nominated in (None, before):
            return
        new = {**status, "conditions": conditions, "nominatedNodeName": before if nominated is None else nominated}
        if not new["nominatedNodeName"]:
            del new["nominatedNodeName"]
        try:
            self.client.update_status({**pod, "status": new}, because=because or message)
        except ApiError:
            return  # it is told again when the pod is tried again

    # --- stopping and starting ------------------------------------------------------------------------------------

    def stop(self) -> None:
        """The process ends: what it knew is gone."""
        for key in list(self.waiting):
            self._stop_waiting(key)
        self.stopped = True

    def start(self) -> None:
        """A new process: it lists everything and goes on."""
        self.begin()
        self.fill()

    def __repr__(self) -> str:
        waiting = ", ".join(key_of(self.pods.items[key]) for key in self.queue.pods if key in self.pods.items)
        return f"<{self.name}: {waiting or 'nothing waits'}>"
