"""One worker for each pod: its turn comes when something changed, one thing at a time, and again after a failure.

Part of Kubernetes: pkg/kubelet/pod_workers.go. A pod goes through three stages, never back: it is synced, it is terminated,
it is over. Law 7: a worker decides from what is there; what made it act is only remembered for the history.
Leaves out: the worker's own queue of updates (the newest is all that matters).
"""
from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from random import Random

from kubelearn.clock import Timer
from kubelearn.kubelet.container_status import NO_PROBES, NoProbes, PodSeen
from kubelearn.kubelet.image_manager import StartFailure
from kubelearn.kubelet.kuberuntime import SyncFailed
from kubelearn.kubelet.mounts import MountError
from kubelearn.kubelet.pleg import Pleg, next_tick
from kubelearn.tasks import Cancelled, Task

SYNC, TERMINATING, TERMINATED = "sync", "terminating", "terminated"
BACK_OFF_PERIOD, SYNC_FREQUENCY, JITTER = 10.0, 60.0, 0.5  # backOffPeriod, SyncFrequency, workerBackOffPeriodJitterFactor
CRASH_LOOK = 60.0  # at most so long until a pod in its crash back-off is looked at again


class PodWorker:
    """What the kubelet remembers of one pod.

    seen: as of the last look at the runtime; reasons: container -> (reason, message) why its last start failed;
    evicted: (reason, message) when it must fail; gone: its object is no more.
    """

    __slots__ = ("pod", "uid", "stage", "status", "seen", "last_sync", "task", "pending", "queued", "timer", "reasons", "probes",
                 "evicted", "grace", "static", "gone", "deadline")

    def __init__(self, pod: dict, seen: PodSeen, static: bool = False):
        self.pod, self.uid, self.static, self.seen = pod, pod["metadata"]["uid"], static, seen
        self.stage, self.status, self.last_sync = SYNC, pod.get("status") or {}, -1.0
        self.task: Task | None = None
        self.timer: Timer | None = None
        self.deadline: Timer | None = None
        self.pending = self.queued = self.gone = False
        self.reasons: dict[str, tuple[str, str]] = {}
        self.probes: NoProbes = NO_PROBES
        self.evicted = self.grace = None


class PodWorkers:
    """Gives workers their turns. steps: stage -> what to do in it, a coroutine function; it returns True to go on to the next."""

    def __init__(self, pleg: Pleg, random: Random, steps: dict[str, Callable[[PodWorker], Coroutine]]):
        self.clock, self.pleg, self.random, self.steps = pleg.clock, pleg, random, steps
        self.look_phase = random.random()  # of the second at which the queue of retries is looked at
        self.all: dict[str, PodWorker] = {}
        self.stopped = False

    def wake(self, worker: PodWorker) -> None:
        """It has something to do. It waits for a look at the runtime that is newer than its last turn."""
        if worker.task is not None:
            worker.pending = True
        elif not worker.queued and not self.stopped:
            worker.queued = True
            if self.pleg.newest() > worker.last_sync:
                self.clock.call_soon(self._run, worker)
            else:
                self.pleg.after_next(partial(self._run, worker))

    def terminate(self, worker: PodWorker) -> None:
        """It is to end now, or sooner than it was: what it is doing is broken off."""
        if worker.stage == SYNC:
            worker.stage = TERMINATING
        if worker.task is not None:
            worker.task.cancel()
        self.wake(worker)

    def _run(self, worker: PodWorker) -> None:
        worker.queued = worker.pending = False
        if self.stopped or worker.task is not None:
            return
        if worker.timer is not None:
            worker.timer.cancel()
        worker.task = self.clock.spawn(self.steps[worker.stage](worker))
        worker.task.add_done_callback(partial(self._done, worker, worker.stage))

    def _done(self, worker: PodWorker, stage: str, task: Task) -> None:
        worker.task, worker.last_sync, error = None, self.clock.now, task.error()
        if self.stopped:
            return
        if error is None and task.result() and stage == worker.stage and stage != TERMINATED:
            worker.stage = TERMINATING if stage == SYNC else TERMINATED
            worker.pending = True
        if worker.pending or stage != worker.stage or isinstance(error, Cancelled):
            self.wake(worker)
        if error is not None and not isinstance(error, Cancelled):
            if worker.pending and stage == SYNC:  # what it did after that event, a hook's failure, is seen by a turn of its own
                self.pleg.after_next(lambda: self.pleg.after_next(partial(self.wake, worker)))
            self._retry(worker, error)

    def _retry(self, worker: PodWorker, error: BaseException) -> None:
        if not isinstance(error, (SyncFailed, StartFailure, MountError)) and self.clock.on_error is not None:
            self.clock.on_error(error)
        wait, failures = BACK_OFF_PERIOD, getattr(error, "failures", [])
        if failures and all(failure.retry_at for failure in failures):
            wait = min(min(failure.retry_at for failure in failures) - self.clock.now, CRASH_LOOK)
        due = self.clock.now + wait * (1 + JITTER * self.random.random())
        self.wake_at(worker, next_tick(due - 1e-9, self.look_phase))

    def wake_at(self, worker: PodWorker, when: float) -> None:
        if worker.timer is not None:
            if worker.timer.pending and worker.timer.when <= when:
                return
            worker.timer.cancel()
        worker.timer = self.clock.call_at(when, self.wake, worker)

    def resync(self, worker: PodWorker) -> None:
        """Something that only a regular sync finds has changed. Regular syncs lie 60 to 90 s apart and are no events unless
        they find something: this draws the moments that have passed since the last turn, and waits for the next."""
        when = worker.last_sync
        while when <= self.clock.now:
            when += SYNC_FREQUENCY * (1 + JITTER * self.random.random())
        if worker.stage == SYNC and worker.task is None and not worker.queued:
            self.wake_at(worker, when)

    def forget(self, worker: PodWorker) -> None:
        self.all.pop(worker.uid, None)
        for timer in (worker.timer, worker.deadline):
            if timer is not None:
                timer.cancel()
        worker.probes.stop()

    def stop(self) -> None:
        """The kubelet is gone: nothing that it had begun goes on."""
        self.stopped = True
        for worker in list(self.all.values()):
            if worker.task is not None:
                worker.task.cancel()
            self.forget(worker)
