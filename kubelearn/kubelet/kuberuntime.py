"""The kubelet's hands: what is to be done for a pod, done through the runtime.

Part of Kubernetes: pkg/kubelet/kuberuntime/kuberuntime_manager.go (SyncPod, killPodWithSyncResult), kuberuntime_sandbox.go.
What is kept here is what containerd keeps: it outlives the kubelet.
Leaves out: a resize that has to wait for others' resources.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterable

from kubelearn.clock import Clock
from kubelearn.filesystem import Mount
from kubelearn.kubelet import environment
from kubelearn.kubelet.container_status import PodSeen, is_sidecar
from kubelearn.kubelet.image_manager import StartFailure
from kubelearn.kubelet.kuberuntime_container import Instance, PodRuntime, Starter, Tell, limits, seen_of
from kubelearn.kubelet.pod_actions import resize_restarts
from kubelearn.volumes import File

SANDBOX_SECONDS, STOP_SECONDS = 0.15, 0.12  # what containerd takes to make a sandbox and to take it down
NO_ADDRESS = (
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: plugin type="ptp" failed (add): '
)
NOTHING = PodSeen()


class SyncFailed(Exception):
    """Something of a pod could not be done; it is tried again."""

    def __init__(self, failures: list[StartFailure]):
        super().__init__("; ".join(str(failure) for failure in failures))
        self.failures = failures


def resize_text(pod: dict) -> str:
    given = [{"name": container["name"], "resources": container.get("resources") or {}} for container in pod["spec"]["containers"]]
    return json.dumps({"containers": given, "generation": pod["metadata"]["generation"]}, separators=(",", ":"))


class KubeRuntime(Starter):
    """changed(uid) is called when a sandbox was made or taken down."""

    changed: Callable[[str], None]

    def newest(self, uid: str, name: str) -> Instance | None:
        """The newest run of a container."""
        here = self.pods.get(uid)
        return here.newest(name) if here else None

    def look(self, uid: str) -> PodSeen:
        """What a look at the runtime shows of a pod now."""
        here = self.pods.get(uid)
        if here is None or here.sandbox is None:
            return NOTHING
        if here.sandbox.id not in self.runtime.sandboxes:  # the machine was switched off
            del self.pods[uid]
            return NOTHING
        containers = {name: [seen_of(instance) for instance in found] for name, found in here.instances.items()}
        return PodSeen(containers, "ready" if here.sandbox.ready else "exited", here.sandbox.address)

    def resize(self, pod: dict, tell: Callable[[str, str, str], None]) -> None:
        """Gives running containers what the pod's spec grants them now; one that has to be restarted for it gets it then."""
        here = self.pods.get(pod["metadata"]["uid"])
        other = [(container, here.newest(container["name"])) for container in pod["spec"]["containers"]] if here else []
        other = [(container, run) for container, run in other if run and run.resources != (container.get("resources") or {})]
        if other and not here.resizing:
            here.resizing = resize_text(pod)
            tell("Normal", "ResizeStarted", f"Pod resize started: {here.resizing}")
        for container, run in other:
            if not resize_restarts(container, run.resources):
                run.container.memory_limit, run.container.cpu_limit = limits(container)
                run.resources, run.seen = container.get("resources") or {}, None
                self.changed(pod["metadata"]["uid"])
        if not other and here and here.resizing:
            tell("Normal", "ResizeCompleted", f"Pod resize completed: {here.resizing}")
            here.resizing = ""

    # --- sandboxes ------------------------------------------------------------------------------------------------

    async def create_sandbox(self, pod: dict, tell: Callable[[str, str, str], None]) -> None:
        """StartFailure where no address is left."""
        uid = pod["metadata"]["uid"]
        here = self.pods.setdefault(uid, PodRuntime())
        await self.clock.sleep(SANDBOX_SECONDS)
        try:
            here.sandbox = self.runtime.run_sandbox(pod, environment.resolv_conf(pod, self.lifecycle.address))
        except OSError as error:
            tell("Warning", "FailedCreatePodSandBox", f"{NO_ADDRESS}{error}")
            raise StartFailure("FailedCreatePodSandBox", str(error)) from error
        here.hosts = Mount("/etc/hosts", File(environment.hosts_file(pod, here.sandbox.address, self.runtime.node)))
        self.changed(uid)

    async def stop_sandbox(self, uid: str) -> None:
        here = self.pods.get(uid)
        if here is not None and here.sandbox is not None and here.sandbox.ready:
            await self.clock.sleep(STOP_SECONDS)
            self.runtime.stop_sandbox(here.sandbox)
            self.changed(uid)

    def forget_back_offs(self) -> None:
        """They are the kubelet's own memory, and go with it."""
        self.backoff.entries.clear()
        self.images.backoff.entries.clear()

    def remove(self, uid: str) -> None:
        """Forgets a pod: its containers, logs and back-offs."""
        here = self.pods.pop(uid, None)
        if here is not None and here.sandbox is not None:
            self.runtime.remove_sandbox(here.sandbox)
        self.backoff.forget(uid)
        self.images.forget(uid)

    # --- containers -----------------------------------------------------------------------------------------------

    async def start_containers(
        self, pod: dict, containers: Iterable[dict], seen: PodSeen, mounts: Callable, reasons: dict, tell: Tell
    ) -> None:
        """One after another. One that cannot be started does not keep the others from it, but at the end SyncFailed says so.

        mounts(pod, container, variables) -> what is mounted into it; reasons: container -> (reason, message) why it waits.
        """
        failures = []
        for container in containers:
            try:
                await self.start_container(pod, container, seen, mounts, tell)
                reasons.pop(container["name"], None)
            except StartFailure as failure:
                reasons[container["name"]] = (failure.reason, failure.message)
                if failure.tell:
                    tell(container, "Warning", "Failed", failure.tell)
                failures.append(failure)
        if failures:
            raise SyncFailed(failures)

    async def kill_container(self, pod: dict, container: dict, message: str, grace: float, tell: Tell) -> None:
        instance = self.newest(pod["metadata"]["uid"], container["name"])
        if instance is None or instance.container.state != "running":
            return
        if message:
            tell(container, "Normal", "Killing", message)
        await self.lifecycle.kill_container(instance.container, container, grace, lambda *event: tell(container, *event))

    async def remove_containers(self, pod: dict, grace: float, tell: Tell) -> None:
        """Ends and forgets all of them, so that the pod begins anew in its sandbox."""
        uid = pod["metadata"]["uid"]
        here, everything = self.pods[uid], [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]
        alive = [container for container in everything if container["name"] in here.running()]
        await together(self.clock, [self.kill_container(pod, container, "killing", grace, tell) for container in alive])
        for container in everything:
            runs = here.instances.pop(container["name"], [])
            self._remove(runs, [*runs])
        self.changed(uid)

    async def kill_pod(self, pod: dict, grace: float, tell: Tell) -> None:
        """All containers at once, then sidecars, last started first; then the sandbox."""
        here, spec = self.pods.get(pod["metadata"]["uid"]), pod["spec"]
        running = here.running() if here else ()
        everything = [*spec["containers"], *(spec.get("ephemeralContainers") or ()), *(spec.get("initContainers") or ())]
        alive = [container for container in everything if container["name"] in running]
        first = [container for container in alive if not (is_sidecar(container) and container in (spec.get("initContainers") or ()))]
        end = self.clock.now + grace
        for container in alive:
            tell(container, "Normal", "Killing", f"Stopping container {container['name']}")
        await together(self.clock, [self.kill_container(pod, container, "", grace, tell) for container in first])
        for container in reversed([container for container in alive if container not in first]):
            await self.kill_container(pod, container, "", max(end - self.clock.now, 0.0), tell)
        await self.stop_sandbox(pod["metadata"]["uid"])


async def together(clock: Clock, work: list[Coroutine]) -> None:
    """Waits for all of them; if it is broken off, so are they."""
    if len(work) == 1:
        await work[0]
        return
    tasks = [clock.spawn(one) for one in work]
    try:
        for task in tasks:
            await task
    finally:
        for task in tasks:
            task.cancel()
