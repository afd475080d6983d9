"""The kubelet: makes the pods that are assigned to its node run there, and says how they are.

Part of Kubernetes: pkg/kubelet/kubelet.go (SyncPod, SyncTerminatingPod, SyncTerminatedPod).
A sync of a pod first writes the status of what was seen before, then does what is missing; the next look at the runtime,
within a second, shows what came of it. So a status is never ahead of the truth, and often a step behind.
Laws 2 and 7: it meets others in API objects and at its node's port 10250; its memory may be thrown away at any moment.
Leaves out: resource managers, graceful node shutdown.
"""
from __future__ import annotations

from functools import partial

from kubelearn.client import Client
from kubelearn.clock import parse_time
from kubelearn.errors import ApiError
from kubelearn.kubelet.config import PodConfig
from kubelearn.kubelet.container_status import NO_PROBES, restarts_all, status_of
from kubelearn.kubelet.eviction import GRACE, EvictionManager
from kubelearn.kubelet.kuberuntime import KubeRuntime
from kubelearn.kubelet.kuberuntime_container import grace_of
from kubelearn.kubelet.lifecycle import Lifecycle
from kubelearn.kubelet.mounts import VolumeHost
from kubelearn.kubelet.node import NodeStatus
from kubelearn.kubelet.pleg import Pleg, next_tick
from kubelearn.kubelet.pod_actions import compute_pod_actions
from kubelearn.kubelet.pod_workers import SYNC, TERMINATED, TERMINATING, PodWorker, PodWorkers
from kubelearn.kubelet.prober import Prober
from kubelearn.kubelet.probes import PodProbes, probed
from kubelearn.kubelet.runtime import Runtime
from kubelearn.kubelet.server import Server
from kubelearn.kubelet.static_pods import StaticPods
from kubelearn.kubelet.status import TERMINAL, generate_pod_status, lost_containers, summary
from kubelearn.kubelet.status_manager import StatusManager
from kubelearn.kubelet.volume_manager import VolumeManager
from kubelearn.volumes import Directory, File

COMES_BACK, KNOWS_PODS = 0.9, 1.7  # seconds after the start of a kubelet that was here before: it reports; it has listed its pods
DEADLINE = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")


class Kubelet:
    """One node's. node: its Node object as it is to be registered (name, labels, capacity); disks: the network's, shared."""

    def __init__(self, client: Client, runtime: Runtime, node: dict, disks: dict[str, Directory]):
        self.client, self.clock, self.network, self.name = client, runtime.clock, runtime.network, runtime.node
        self.address, clock = self.network.nodes[self.name], self.clock
        self.random = clock.random(f"kubelet/{self.name}")
        self.node = NodeStatus(client, runtime, node, self.address)
        self.allocatable = self.node.allocatable
        self.prober = Prober(runtime)
        self.runtime = KubeRuntime(runtime, Lifecycle(runtime), self)
        host = VolumeHost(clock, self.source, self.token, disks, self.allocatable)
        host.disk.lookup("etc").put("hostname", File(f"{self.name}\n"))
        self.volumes = VolumeManager(host, lambda: self.config.follow_sources())
        self.eviction = EvictionManager(self.random.random(), self.runtime, self.volumes, self.evict)
        self.status = StatusManager(client)
        self.static = StaticPods(self, host.disk)
        self.server = Server(self)
        self.workers: PodWorkers | None = None  # only while it runs
        self.config = PodConfig(self)
        self.pleg = Pleg(clock, self.random.random(), self.config.relisted)
        self.runtime.changed, self.runtime.images.pulled = self.pleg.happened, self.node.changed
        runtime.on_event = self.config.on_container

    @property
    def running(self) -> bool:
        return self.workers is not None

    def start(self) -> None:
        """The process begins, or comes back: it knows nothing but what the API and the runtime show."""
        if self.running:
            return
        steps = {SYNC: self.sync_pod, TERMINATING: self.sync_terminating_pod, TERMINATED: self.sync_terminated_pod}
        self.workers = workers = PodWorkers(self.pleg, self.random, steps)
        if not self.node.registered:
            self._begin(workers)
            self.config.start()
            return
        self.runtime.forget_back_offs()
        self.clock.call_later(COMES_BACK, self._begin, workers)
        self.clock.call_later(KNOWS_PODS, lambda: self.workers is workers and self.config.start())

    def _begin(self, workers: PodWorkers) -> None:
        if self.workers is workers:
            self.node.start()
            self.server.start()
            self.static.start()

    def stop(self) -> None:
        """The process ends, its containers run on. The node's lease is not renewed any more."""
        if self.running:
            workers, self.workers = self.workers, None
            workers.stop()
            self.config.stop()
            self.pleg.stop()
            self.server.stop()
            self.node.stop()
            self.status.stop()

    # --- the three stages of a pod --------------------------------------------------------------------------------

    async def sync_pod(self, worker: PodWorker) -> bool:
        """Status, volumes, sandbox, containers. True: the pod has come to its end by itself."""
        if worker.static:
            self.static.check(worker)
        if restarts_all(worker.pod, worker.seen):
            await self.runtime.remove_containers(worker.pod, grace_of(worker.pod), partial(self._tell_of, worker))
            worker.seen = self.runtime.look(worker.uid)
        phase = self.write_status(worker)
        self.runtime.remove_dead(worker.uid, worker.seen)
        if phase in TERMINAL:
            return True
        self._watch_deadline(worker)
        await self.volumes.wait_for_mount(worker.pod, partial(self.tell, worker.pod))
        self._add_probes(worker)
        pod, tell, probes = {**worker.pod, "status": worker.status}, partial(self._tell_of, worker), worker.probes
        self.runtime.resize(pod, partial(self.tell, pod))
        actions = compute_pod_actions(pod, worker.seen, probes.unhealthy, probes.is_started)
        if actions.kill_pod:
            await self.runtime.kill_pod(pod, grace_of(pod), tell)
            return False
        for container, message in actions.kill:
            await self.runtime.kill_container(pod, container, message, probes.grace(container, grace_of(pod)), tell)
        if actions.create_sandbox:
            await self.runtime.create_sandbox(pod, partial(self.tell, pod))
        self.eviction.watch(worker)
        await self.runtime.start_containers(pod, actions.start, worker.seen, self.volumes.mounts, worker.reasons, tell)
        return False

    async def sync_terminating_pod(self, worker: PodWorker) -> bool:
        """Ends what runs of it; only then may its phase say that it is over."""
        self.write_status(worker, terminal=True)
        worker.probes.stop(readiness=False)
        grace = grace_of(worker.pod) if worker.grace is None else worker.grace
        await self.runtime.kill_pod(worker.pod, grace, partial(self._tell_of, worker))
        worker.probes.stop()
        worker.seen = self.runtime.look(worker.uid)
        self.write_status(worker, terminal=True, stopped=True)
        return True

    async def sync_terminated_pod(self, worker: PodWorker) -> bool:
        """Nothing of it runs on the node any more; a pod that was to be deleted may go."""
        self.volumes.unmount(worker.uid)
        if worker.gone or worker.static:
            self.forget(worker)
            return True
        self.status.set(worker, lost_containers(worker.status), "nothing of it runs on the node any more")
        if "deletionTimestamp" in worker.pod["metadata"] or worker.evicted and worker.evicted != DEADLINE:
            self.runtime.remove(worker.uid)  # its containers are no more; others' stay to be looked at
        if "deletionTimestamp" in worker.pod["metadata"]:
            self.status.delete(worker)
        return True

    # --- parts of a sync ------------------------------------------------------------------------------------------

    def write_status(self, worker: PodWorker, terminal: bool = False, stopped: bool = False) -> str:
        """Writes what was seen last, if it is new. Returns the phase that the pod is in, of which the API may hear later."""
        now = self.clock.timestamp()
        status, phase = generate_pod_status(worker.pod, worker.status, worker.seen, worker.reasons, worker.probes, now,
                                            self.address, worker.evicted, terminal, stopped)
        self.status.set(worker, status, summary(status))
        worker.probes.update([*status.get("initContainerStatuses", ()), *status["containerStatuses"]])
        return phase

    def _add_probes(self, worker: PodWorker) -> None:
        if worker.probes is not NO_PROBES or not any(probed(worker.pod)):
            return

        def running(name: str):
            run = self.runtime.newest(worker.uid, name)
            return run and run.container

        def changed(name: str, kind: str, result: bool | None) -> None:
            """Readiness and start are told at once; for the rest the pod's turn has to come."""
            if kind != "liveness":
                self.write_status(worker, terminal=worker.stage != SYNC)
            if (kind != "liveness" or result is False) and self.running:
                self.workers.wake(worker)

        worker.probes = PodProbes(self.prober, worker.pod, running, lambda name: status_of(worker.status, name),
                                  partial(self._tell_of, worker), changed)

    def _watch_deadline(self, worker: PodWorker) -> None:
        """activeDeadlineSeconds counts from the whole second of status.startTime, and is looked at once a second."""
        seconds = worker.pod["spec"].get("activeDeadlineSeconds")
        if seconds is None or worker.deadline is not None:
            return
        due = parse_time(worker.status["startTime"]) + seconds
        worker.deadline = self.clock.call_at(
            next_tick(max(due, self.clock.now) - 1e-9, self.workers.look_phase), self._past_deadline, worker
        )

    def _past_deadline(self, worker: PodWorker) -> None:
        worker.evicted = DEADLINE
        self.tell(worker.pod, "Normal", *DEADLINE)
        self.workers.wake(worker)

    def evict(self, worker: PodWorker, message: str) -> None:
        """Ends a pod whatever its grace period; it stays as Failed."""
        worker.evicted, worker.grace = ("Evicted", message), GRACE
        self.tell(worker.pod, "Warning", "Evicted", message)
        self.workers.terminate(worker)

    def forget(self, worker: PodWorker) -> None:
        self.workers.forget(worker)
        self.eviction.forget(worker.uid)
        self.volumes.unmount(worker.uid)
        self.runtime.remove(worker.uid)
        if worker.static:
            self.static.delete_mirror_of(worker)

    # --- what it asks and tells -----------------------------------------------------------------------------------

    def source(self, kind: str, namespace: str, name: str) -> dict | None:
        try:
            return self.client.get(kind, name, namespace)
        except ApiError:
            return None

    def services(self) -> list[dict]:
        return list(self.client.informer("Service").items.values())

    def token(self, pod: dict, wanted: dict) -> str:
        """A service account's token for this pod."""
        account, seconds = pod["spec"].get("serviceAccountName") or "default", wanted.get("expirationSeconds", 3600)
        return self.client.token(pod["metadata"]["namespace"], account, seconds, wanted.get("audience", ""))

    def tell(self, pod: dict, type: str, reason: str, message: str, field_path: str = "") -> None:
        self.client.event(pod, type, reason, message, component="kubelet", host=self.name, field_path=field_path)

    def _tell_of(self, worker: PodWorker, container: dict, type: str, reason: str, message: str) -> None:
        kind = next(kind for kind in ("containers", "initContainers", "ephemeralContainers")
                    if any(c["name"] == container["name"] for c in worker.pod["spec"].get(kind) or ()))
        self.tell(worker.pod, type, reason, message, f"spec.{kind}{{{container['name']}}}")
