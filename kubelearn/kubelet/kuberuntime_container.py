"""How a container of a pod is started: back-off, image, configuration, creation, start, hook.

Part of Kubernetes: pkg/kubelet/kuberuntime/kuberuntime_container.go (startContainer), security_context.go. Law 8: each step
that fails has its own reason, and the container waits with it.
Leaves out: devices, AppArmor and seccomp profiles.
"""
from __future__ import annotations

from collections.abc import Callable

from kubelearn.api import quantity
from kubelearn.clock import time_text
from kubelearn.filesystem import Mount
from kubelearn.kubelet import environment
from kubelearn.kubelet.backoff import Backoff, go_duration
from kubelearn.kubelet.container import Container, Sandbox
from kubelearn.kubelet.container_status import PodSeen, Seen, status_of
from kubelearn.kubelet.image_manager import ImageManager, StartFailure
from kubelearn.kubelet.images import ImageInfo
from kubelearn.kubelet.lifecycle import Lifecycle
from kubelearn.kubelet.runtime import Runtime, StartError
from kubelearn.volumes import File

CONTAINER_SECONDS = 0.05  # what containerd takes to create and start a container
MESSAGE_LIMIT, LOG_LINES, LOG_BYTES = 4096, 80, 2048  # of a termination message, and of what of the log stands in for it
Tell = Callable[[dict, str, str, str], None]  # (container, type, reason, message)


class Instance:
    """One run of a container of a pod: the runtime's container, the how manieth, the image asked for, what it may use, its
    last words."""

    __slots__ = ("container", "attempt", "image", "resources", "last_words", "log_tells", "seen")

    def __init__(self, container: Container, attempt: int, spec: dict, last_words: File):
        self.container, self.attempt, self.image, self.last_words = container, attempt, spec["image"], last_words
        self.resources = spec.get("resources") or {}
        self.log_tells = spec.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        self.seen: Seen | None = None

    def message(self) -> str:
        """What it left in its termination message file, or if asked for, the end of its log."""
        words = self.last_words.read(max(0, self.last_words.size - MESSAGE_LIMIT), MESSAGE_LIMIT).decode(errors="replace")
        if not words and self.log_tells and self.container.exit_code:
            words = b"".join(line for _, _, line in self.container.log[-LOG_LINES:])[-LOG_BYTES:].decode(errors="replace")
        return self.container.message or words


class PodRuntime:
    """A pod's sandbox, and its containers' runs by name, newest first; of the dead only the last is kept."""

    __slots__ = ("sandbox", "instances", "hosts", "resizing")

    def __init__(self) -> None:
        self.sandbox: Sandbox | None = None
        self.instances: dict[str, list[Instance]] = {}
        self.hosts: Mount | None = None
        self.resizing = ""  # what containers are being given

    def newest(self, name: str) -> Instance | None:
        found = self.instances.get(name)
        return found[0] if found else None

    def running(self) -> list[str]:
        return [name for name, found in self.instances.items() if found[0].container.state == "running"]


class Starter:
    """surroundings: an object with source, services and allocatable (the kubelet)."""

    def __init__(self, runtime: Runtime, lifecycle: Lifecycle, surroundings):
        self.runtime, self.clock, self.lifecycle, self.surroundings = runtime, runtime.clock, lifecycle, surroundings
        self.images = ImageManager(runtime)
        self.backoff = Backoff(self.clock)
        self.pods: dict[str, PodRuntime] = {}

    async def start_container(self, pod: dict, container: dict, seen: PodSeen, mounts: Callable, tell: Tell) -> None:
        """StartFailure: its reason and message are what the container then waits with."""
        self._check_back_off(pod, container, seen, tell)
        mounted = {mount["name"] for mount in container.get("volumeMounts") or ()}
        volumes = [volume["image"] for volume in pod["spec"].get("volumes") or () if "image" in volume and volume["name"] in mounted]
        try:
            for volume in volumes:
                wanted = {"image": volume["reference"], "imagePullPolicy": volume.get("pullPolicy", "IfNotPresent")}
                await self.images.ensure_image_exists(pod, wanted, lambda *event: tell(container, *event))
            image = await self.images.ensure_image_exists(pod, container, lambda *event: tell(container, *event))
        except StartFailure as failure:
            missing = [one["name"] for one in pod["spec"].get("imagePullSecrets") or () if failure.reason == "ErrImagePull"
                       and self.surroundings.source("Secret", pod["metadata"]["namespace"], one["name"]) is None]
            if missing:
                tell(container, "Warning", "FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets "
                     f"({', '.join(missing)}); attempting to pull the image may not succeed.")
            raise
        await self.clock.sleep(CONTAINER_SECONDS)
        instance = self._create(pod, container, image, mounts)
        tell(container, "Normal", "Created", "Container created")
        try:
            self.runtime.start(instance.container)
        except StartError as error:
            raise StartFailure("RunContainerError", str(error), f"Error: {error}") from error
        tell(container, "Normal", "Started", "Container started")
        hook = (container.get("lifecycle") or {}).get("postStart")
        if hook:
            await self._post_start(pod, container, instance, hook, tell)

    def _check_back_off(self, pod: dict, container: dict, seen: PodSeen, tell: Tell) -> None:
        """CrashLoopBackOff, counted from the end of the newest run that was already over when the pod was looked at."""
        exited = next((run for run in seen.containers.get(container["name"], ()) if run.state == "exited"), None)
        if exited is None:
            return
        metadata, key = pod["metadata"], f"{pod['metadata']['uid']}_{container['name']}_{container['image']}"
        until = self.backoff.until(key, exited.finished)
        if until > self.clock.now:
            who = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
            tell(container, "Warning", "BackOff", f"Back-off restarting failed container {container['name']} in pod {who}")
            wait = go_duration(self.backoff.get(key))
            raise StartFailure(
                "CrashLoopBackOff", f"back-off {wait} restarting failed container={container['name']} pod={who}", retry_at=until
            )
        self.backoff.next(key, exited.finished)

    def _create(self, pod: dict, container: dict, image: ImageInfo, mounts: Callable) -> Instance:
        around, here = self.surroundings, self.pods[pod["metadata"]["uid"]]
        try:
            status = {**pod["status"], "podIP": here.sandbox.address, "hostIP": self.lifecycle.address}
            env = environment.environment({**pod, "status": status}, container, around.source, around.services(), around.allocatable)
            options, given = security_options(pod, container, image), [*mounts(pod, container, env)]
        except environment.ConfigError as error:
            raise StartFailure("CreateContainerConfigError", str(error), f"Error: {error}") from error
        last_words = File(b"", 0o666)
        words = Mount(container.get("terminationMessagePath") or "/dev/termination-log", last_words)
        memory, cpu = limits(container)
        target = here.newest(container.get("targetContainerName", ""))
        made = self.runtime.create_container(
            here.sandbox, container["name"], image, [environment.expand(part, env) for part in container.get("command") or ()],
            [environment.expand(part, env) for part in container.get("args") or ()], env, [here.hosts, words, *given],
            container.get("workingDir", ""), memory=memory, cpu=cpu, stdin=bool(container.get("stdin")),
            tty=bool(container.get("tty")), space=target.container.space if target else None, **options)
        return self._keep(here, pod, container, Instance(made, 0, container, last_words))

    def _keep(self, here: PodRuntime, pod: dict, container: dict, instance: Instance) -> Instance:
        found = here.instances.setdefault(container["name"], [])
        instance.attempt = found[0].attempt + 1 if found else _restarts(pod, container["name"])
        found.insert(0, instance)
        self._remove(found, found[2:])
        return instance

    def remove_dead(self, uid: str, seen: PodSeen) -> None:
        """Of a container's runs that were seen to be over only the newest stays. Upstream: pod_container_deletor.go."""
        here = self.pods.get(uid)
        for name, runs in seen.containers.items() if here else ():
            old = [run.id for run in runs if run.state == "exited"][1:]
            found = here.instances.get(name, [])
            self._remove(found, [run for run in found if run.container.id in old])

    def _remove(self, found: list[Instance], runs: list[Instance]) -> None:
        for run in runs:
            found.remove(run)
            self.runtime.remove_container(run.container)

    async def _post_start(self, pod: dict, container: dict, instance: Instance, hook: dict, tell: Tell) -> None:
        try:
            await self.lifecycle.run_hook(instance.container, container, hook)
        except Exception as error:  # whatever a hook meets, the container that it belongs to is killed
            tell(container, "Warning", "FailedPostStartHook", "PostStartHook failed")
            tell(container, "Normal", "Killing", "FailedPostStartHook")
            await self.lifecycle.kill_container(instance.container, container, grace_of(pod), lambda *event: tell(container, *event))
            raise StartFailure("PostStartHookError", str(error)) from error


def limits(container: dict) -> tuple[int | None, float | None]:
    """Bytes of memory and CPUs."""
    given = (container.get("resources") or {}).get("limits") or {}
    memory, cpu = given.get("memory"), given.get("cpu")
    return quantity.value(memory) if memory else None, quantity.milli(cpu) / 1000 if cpu else None


def _restarts(pod: dict, name: str) -> int:
    """The runtime has lost the earlier runs of a container; the status has their number."""
    return (status_of(pod["status"], name) or {}).get("restartCount", 0)


def grace_of(pod: dict) -> float:
    metadata, spec = pod["metadata"], pod["spec"]
    return float(metadata.get("deletionGracePeriodSeconds", spec.get("terminationGracePeriodSeconds", 30)))


def security_options(pod: dict, container: dict, image: ImageInfo) -> dict:
    """user, group, groups, read_only, security for the runtime. ConfigError where root is not wanted and would be."""
    whole, own = pod["spec"].get("securityContext") or {}, container.get("securityContext") or {}
    both = {**whole, **own}
    uid = both.get("runAsUser")
    if both.get("runAsNonRoot"):
        metadata = pod["metadata"]
        who = f'(pod: "{metadata["name"]}_{metadata["namespace"]}({metadata["uid"]})", container: {container["name"]})'
        if uid == 0:
            raise environment.ConfigError(f"container's runAsUser breaks non-root policy {who}")
        named = image.user.partition(":")[0]
        if uid is None and named and not named.isdigit() and named != "root":
            raise environment.ConfigError(
                f"container has runAsNonRoot and image has non-numeric user ({named}), cannot verify user is non-root {who}"
            )
        if uid is None and image.user_of(image.user)[0] == 0:
            raise environment.ConfigError(f"container has runAsNonRoot and image will run as root {who}")
    groups = tuple(whole.get("supplementalGroups") or ()) + ((whole["fsGroup"],) if "fsGroup" in whole else ())
    return {"user": uid, "group": both.get("runAsGroup"), "groups": groups, "read_only": bool(own.get("readOnlyRootFilesystem")),
            "security": own}


def seen_of(instance: Instance) -> Seen:
    """Made once for each state that a container is in."""
    container, seen = instance.container, instance.seen
    if seen is not None and seen.state == container.state:
        return seen
    uid, gid, groups = container.user
    user = {"linux": {"uid": uid, "gid": gid, "supplementalGroups": list(groups)}}
    common = (container.name, container.id, container.state, instance.attempt, instance.image, container.image.name, container.image.id,
              user, instance.resources)
    if container.state == "exited":
        instance.seen = Seen(*common, time_text(container.started_at), container.finished_at, time_text(container.finished_at),
                             container.exit_code, container.reason, instance.message())
    else:
        instance.seen = Seen(*common, time_text(container.started_at) if container.state == "running" else "")
    return instance.seen
