"""Makes sure that a container's image is on the node: there already, pulled, or not to be had.

Part of Kubernetes: pkg/kubelet/images (image_manager.go, puller.go). Law 8: reasons and texts as recorded. Pulls of one node
wait for each other (serializeImagePulls), so the time "including waiting" may be longer than the pull's own.
Leaves out: pull secrets, garbage collection of images, the record of who may use a pulled image.
"""
from __future__ import annotations

from collections.abc import Callable

from kubelearn.kubelet.backoff import Backoff, go_duration
from kubelearn.kubelet.images import ImageError, ImageInfo
from kubelearn.kubelet.runtime import Runtime
from kubelearn.tasks import Future

Tell = Callable[[str, str, str], None]  # (type, reason, message)


class StartFailure(Exception):
    """A container that could not be started: reason and message are what it then waits with. tell: an event says so, too.

    retry_at: the moment before which another try makes no sense; 0.0 where the usual wait decides.
    """

    def __init__(self, reason: str, message: str = "", tell: str = "", retry_at: float = 0.0):
        super().__init__(f"{reason}: {message}")
        self.reason, self.message, self.tell, self.retry_at = reason, message, tell, retry_at


class ImageManager:
    def __init__(self, runtime: Runtime):
        self.clock, self.runtime = runtime.clock, runtime
        self.backoff = Backoff(self.clock)
        self.pulled: Callable[[], object] = lambda: None  # called when there is one more image
        self._errors: dict[str, str] = {}  # back-off key -> why the last pull failed
        self._queue: list[Future] = []

    async def ensure_image_exists(self, pod: dict, container: dict, tell: Tell) -> ImageInfo:
        """StartFailure: InvalidImageName, ErrImageNeverPull, ErrImagePull, ImagePullBackOff."""
        reference, policy = container["image"], container.get("imagePullPolicy", "IfNotPresent")
        try:
            present = self.runtime.image(reference)
        except ImageError as error:
            tell("Warning", "InspectFailed", str(error))
            raise StartFailure("InvalidImageName", str(error), "Error: InvalidImageName") from error
        if present is not None and policy != "Always":
            tell("Normal", "Pulled", f'Container image "{reference}" already present on machine and can be accessed by the pod')
            return present
        if policy == "Never":
            message = f'Container image "{reference}" is not present with pull policy of Never'
            tell("Warning", "ErrImageNeverPull", message)
            raise StartFailure("ErrImageNeverPull", message, "Error: ErrImageNeverPull")
        return await self._pull(reference, f"{pod['metadata']['uid']}_{reference}", tell)

    async def _pull(self, reference: str, key: str, tell: Tell) -> ImageInfo:
        if self.backoff.is_in_back_off(key):
            message = f'Back-off pulling image "{reference}"'
            tell("Normal", "BackOff", message)
            raise StartFailure("ImagePullBackOff", f"{message}: {self._errors[key]}", "Error: ImagePullBackOff")
        tell("Normal", "Pulling", f'Pulling image "{reference}"')
        asked = self.clock.now
        try:
            image, began = await self._in_turn(reference)
        except ImageError as error:
            tell("Warning", "Failed", f'Failed to pull image "{reference}": {error}')
            self.backoff.next(key, self.clock.now)
            self._errors[key] = f"ErrImagePull: {error}"
            raise StartFailure("ErrImagePull", str(error), "Error: ErrImagePull") from error
        self.pulled()
        took, waited = go_duration(self.clock.now - began), go_duration(self.clock.now - asked)
        tell("Normal", "Pulled", f'Successfully pulled image "{reference}" in {took} ({waited} including waiting). '
                                 f"Image size: {image.size} bytes.")
        return image

    async def _in_turn(self, reference: str) -> tuple[ImageInfo, float]:
        """One pull at a time: the head of the queue pulls. Returns the image and when its own pull began."""
        turn = self.clock.future()
        self._queue.append(turn)
        self._queue[0].set_result(None)
        try:
            await turn
            began = self.clock.now
            return await self.runtime.pull(reference), began
        finally:
            self._queue.remove(turn)
            if self._queue:
                self._queue[0].set_result(None)

    def forget(self, uid: str) -> None:
        self.backoff.forget(uid)
        for key in [key for key in self._errors if key.startswith(uid)]:
            del self._errors[key]
