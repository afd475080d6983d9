"""Commands run in containers, hooks around their lives, and how a container is made to end.

Part of Kubernetes: pkg/kubelet/lifecycle/handlers.go and kuberuntime_container.go (killContainer, executePreStopHook).
Every wait is bounded on the virtual clock: a hook's time counts against the grace period, and two seconds always remain.
Leaves out: hooks' own host header, stopSignal of a pod's lifecycle.
"""
from __future__ import annotations

from kubelearn.kubelet.container import Container
from kubelearn.kubelet.images.http import BadRequest, request
from kubelearn.kubelet.runtime import Runtime
from kubelearn.tasks import Future, TimeUp

MINIMUM_GRACE = 2.0  # seconds: minimumGracePeriodInSeconds


class HookError(Exception):
    """A hook or a probe's request that did not succeed."""


def ended(container: Container) -> Future:
    """A Future of the container's end: of its first process, which takes the others along."""
    if container.process is not None:
        return container.process.exit
    future = Future(container.clock)
    future.set_result(None)
    return future


class Hands:
    """What a kubelet does to the containers of its node: runs commands in them and asks for their pages."""

    def __init__(self, runtime: Runtime):
        self.runtime, self.clock, self.network = runtime, runtime.clock, runtime.network
        self.address = runtime.network.nodes[runtime.node]

    async def run_in_container(self, container: Container, command: list[str], seconds: float) -> tuple[int | None, str]:
        """(exit code, or None when the time was over; what it printed). ExecError where it cannot start."""
        process = self.runtime.exec(container, command)
        try:
            text = await self.clock.within(seconds, _read(process))
            return await process.exit, text
        except TimeUp:
            process.die(137, "KILL")
            return None, ""

    async def http_get(self, container: Container, spec: dict, action: dict, agent: str) -> int:
        """The status code of an httpGet action. ConnectionRefusedError, TimeoutError, HookError."""
        address, port, path = container.sandbox.address, port_number(action["port"], spec), action.get("path") or "/"
        headers = {"Host": f"{address}:{port}", "User-Agent": agent, "Accept": "*/*"}
        headers |= {header["name"]: header["value"] for header in action.get("httpHeaders") or ()}
        stream = await self.network.connect(self.address, action.get("host") or address, port)
        try:
            if action.get("scheme") == "HTTPS":  # nothing here speaks TLS
                raise HookError("http: server gave HTTP response to HTTPS client")
            return (await request(stream, "GET", address, path, headers)).status
        except EOFError:
            raise HookError("EOF") from None
        except BadRequest as error:
            raise HookError(f'malformed HTTP response "{error}"') from None
        finally:
            stream.close()


async def _read(process) -> str:
    text = b"".join([await pipe.read_all() for pipe in (process.output, process.errors) if pipe is not None])
    await process.exit
    return text[:10_240].decode(errors="replace")


def port_number(port: int | str, spec: dict) -> int:
    """A port of a container, by its number or its name."""
    if isinstance(port, int):
        return port
    for entry in spec.get("ports") or ():
        if entry.get("name") == port:
            return entry["containerPort"]
    raise HookError(f'couldn\'t find port: "{port}"')


class Lifecycle(Hands):
    """Runs hooks and ends containers on one node."""

    async def run_hook(self, container: Container, spec: dict, hook: dict) -> None:
        """HookError, ExecError, OSError where it does not succeed."""
        if "exec" in hook:
            code, text = await self.run_in_container(container, hook["exec"]["command"], 1e9)
            if code:
                raise HookError(f"command '{' '.join(hook['exec']['command'])}' exited with {code}: {text}")
        elif "sleep" in hook:
            await self.clock.sleep(hook["sleep"]["seconds"])
        elif "httpGet" in hook:
            code = await self.http_get(container, spec, hook["httpGet"], "kube-lifecycle/1.37")
            if code >= 400:
                raise HookError(f"HTTP request failed with status {code}")

    async def kill_container(self, container: Container, spec: dict, grace: float, tell) -> None:
        """preStop hook, the stop signal, and after the grace period SIGKILL. Returns when it has ended."""
        if container.state != "running":
            return
        began = self.clock.now
        hook = (spec.get("lifecycle") or {}).get("preStop")
        if hook and grace > 0:
            await self._pre_stop(container, spec, hook, grace, tell)
        left = max(grace - (self.clock.now - began), MINIMUM_GRACE)
        gone = ended(container)
        self.runtime.stop(container)
        try:
            await self.clock.within(left, gone)
        except TimeUp:
            container.kill()
            await gone

    async def _pre_stop(self, container: Container, spec: dict, hook: dict, grace: float, tell) -> None:
        running = self.clock.spawn(self.run_hook(container, spec, hook))
        running.add_done_callback(lambda hook: hook.error() is not None and tell("Warning", "FailedPreStopHook", "PreStopHook failed"))
        try:
            await self.clock.within(grace, running)
        except Exception:  # whatever failed in it or how long it takes, the container still has to end
            return
