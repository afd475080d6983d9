"""Reading a container's log: which run, from where, how much, and on as it grows.

Part of Kubernetes: pkg/kubelet/kubelet.go (validateContainerLogStatus) and pkg/kubelet/kuberuntime/logs. Law 8: what cannot be
read is refused in upstream's words.
Leaves out: rotation into several files, which a reader never sees.
"""
from __future__ import annotations

from collections.abc import Iterator

from kubelearn.clock import parse_time
from kubelearn.errors import bad_request
from kubelearn.kubelet.container import Container
from kubelearn.kubelet.kuberuntime_container import PodRuntime
from kubelearn.kubelet.lifecycle import ended
from kubelearn.streams import Stream
from kubelearn.tasks import Future

WAITS = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}


def run_to_read(request: dict, status: dict | None) -> str:
    """The id, with its scheme, of the run of the container whose log is asked for. ApiError BadRequest where there is none."""
    who = f'container "{request["container"]}" in pod "{request["pod"]}"'
    if status is None:
        raise bad_request(f"{who} is not available")
    state, last = status["state"], (status.get("lastState") or {}).get("terminated")
    if request.get("previous"):
        if last is None:
            raise bad_request(f"previous terminated {who} not found")
        return last.get("containerID", "")
    if "running" in state:
        return status["containerID"]
    if state.get("terminated", {}).get("containerID"):
        return state["terminated"]["containerID"]
    if last is not None:
        return last.get("containerID", "")
    if "terminated" in state:
        raise bad_request(f"{who} is terminated")
    reason = state["waiting"].get("reason", "ContainerCreating")
    raise bad_request(f"{who} is waiting to start: {WAITS.get(reason, reason)}")


def container_of(here: PodRuntime | None, name: str, id: str) -> Container | None:
    """The run of this id, if the runtime still has it."""
    runs = here.instances.get(name, ()) if here else ()
    return next((run.container for run in runs if id.endswith(run.container.id)), None)


class LogReader:
    """request: tail (lines), since (seconds) or sinceTime (RFC 3339), timestamps, limitBytes, stream (Stdout, Stderr), follow."""

    def __init__(self, container: Container, request: dict):
        self.clock, self.container, self.request = container.clock, container, request
        self.left: int | None = request.get("limitBytes")
        self.position = container.log_dropped + self._first()
        self._wake: Future | None = None

    def _first(self) -> int:
        log, request, start = self.container.log, self.request, 0
        since = self.clock.now - request["since"] if request.get("since") else None
        since = parse_time(request["sinceTime"]) if request.get("sinceTime") else since
        if since is not None:
            start = next((index for index, entry in enumerate(log) if entry[0] >= since), len(log))
        tail = request.get("tail")
        return start if tail is None or tail < 0 else max(start, len(log) - tail)

    def available(self) -> Iterator[bytes]:
        """What there is and was not given yet, up to the limit."""
        container, source = self.container, (self.request.get("stream") or "All").lower()
        start, self.position = self.position, container.log_dropped + len(container.log)
        for time, stream, line in container.log[max(start - container.log_dropped, 0):]:
            if source in (stream, "all") and self.left != 0:
                data = f"{self.clock.micro_timestamp(time)[:-1]}000Z ".encode() + line if self.request.get("timestamps") else line
                data = data if self.left is None else data[:self.left]
                self.left = None if self.left is None else self.left - len(data)
                yield data

    async def send(self, stream: Stream) -> None:
        """To the end of the log, and with follow to the end of the container or of the reader."""
        container = self.container
        for data in self.available():
            stream.write(data)
        if not self.request.get("follow"):
            return
        container.on_log.append(self._more)
        hung_up = self.clock.spawn(stream.read())
        for end in (ended(container), hung_up):
            end.add_done_callback(self._more)
        try:
            while container.state == "running" and self.left != 0 and not hung_up.done():
                self._wake = self.clock.future()
                await self._wake
                for data in self.available():
                    stream.write(data)
        finally:
            container.on_log.remove(self._more)
            hung_up.cancel()

    def _more(self, _: object) -> None:
        if self._wake is not None:
            self._wake.set_result(None)
