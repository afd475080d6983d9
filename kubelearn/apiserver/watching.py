"""Watches over HTTP: one frame of JSON for each event, as chunks of one long answer.

Part of Kubernetes: apiserver pkg/endpoints/handlers/watch.go and the rules of pkg/storage/cacher for where a watch begins.
The core calls in from whichever thread writes; events cross to the server's loop in batches. A watch costs nothing while
nothing happens, but a bookmark a minute for who asked for them.
"""
from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from kubelearn import errors
from kubelearn.api.resources import Resource
from kubelearn.apiserver import codec
from kubelearn.apiserver.negotiation import INITIAL_END, Asker, Plain
from kubelearn.apiserver.sessions import Waiter

BOOKMARK_EVERY = 60.0  # real seconds
AT_ONCE = 200  # events in one chunk: others are served between two


class Watch:
    """One client's watch. Made under the lock; frames() is read by the answer; stop() ends it at the core."""

    def __init__(self, registry, resource: Resource, form: Plain, asker: Asker, waiter: Waiter, bookmarks: bool):
        self.registry, self.resource, self.form, self.asker, self.waiter = registry, resource, form, asker, waiter
        self.bookmarks = bookmarks
        self._pending: deque[tuple[str, dict, float]] = deque()  # what happened, to which object, when
        self._loop, self._wake, self._first, self._woken = asyncio.get_running_loop(), asyncio.Event(), True, False
        self._stop: Callable[[], None] | None = None

    def begin(self, namespace: str | None, labels: str, fields: str, version: str, initial: bool | None) -> None:
        """Where it starts: with the state (no version, 0, or initial events asked for), or after a version."""
        with_state = initial if initial is not None else version in ("", "0")
        since = None if with_state or version in ("", "0") else int(version)
        if with_state:
            listing = self.registry.list(self.resource, namespace, labels, fields)
            for obj in listing.items:
                self._add("ADDED", obj)
            if initial and self.bookmarks:
                self._add("BOOKMARK", _bookmark(self.registry, INITIAL_END))
        try:
            self._stop = self.registry.watch(self.resource, self._event, namespace, labels, fields, since)
        except errors.ApiError as error:
            if error.code != 410:
                raise
            self._add("ERROR", error.status())

    def _add(self, kind: str, obj: dict) -> None:
        self._pending.append((kind, obj, self.registry.clock.now))

    def _event(self, kind: str, obj: dict, revision: int) -> None:
        """Called inside a write, in the writer's thread."""
        self._add(kind, obj)
        self.waiter.told()
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # the server has just ended, and that is no fault of the writer's
                self._loop.call_soon_threadsafe(self._wake.set)

    async def frames(self, timeout: float) -> AsyncIterator[bytes]:
        """Each yield is what came since the last one; ends after so many real seconds, or after an error."""
        end, ended = self._loop.time() + timeout, False
        while not ended:
            self._wake.clear()
            self._woken = False
            frames = []
            while self._pending and len(frames) < AT_ONCE:
                kind, obj, now = self._pending.popleft()
                frames.append(self._frame(kind, obj, now))
                ended = ended or kind == "ERROR"
            if frames:
                yield b"".join(frames)
            ended = ended or self._loop.time() >= end
            if not ended and not self._pending and not await self._woken_within(min(end - self._loop.time(), BOOKMARK_EVERY)):
                self._mark()

    def _mark(self) -> None:
        """Nothing happened for a while: says up to which version, to who asked for that."""
        with self.registry.clock.lock:
            if self.bookmarks and not self._pending:
                self._add("BOOKMARK", _bookmark(self.registry, {}))

    async def _woken_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._wake.wait(), max(seconds, 0))
        except TimeoutError:
            return False
        return True

    def _frame(self, kind: str, obj: dict, now: float) -> bytes:
        self.asker.now = now
        if kind == "BOOKMARK":
            shown = self.form.bookmark(obj["resourceVersion"], obj["annotations"], self.asker)
        elif kind == "ERROR":
            shown = codec.encode(obj)
        else:
            shown = self.form.event(obj, self.asker, self._first)
            self._first = False
        return b'{"type":"%s","object":%s}\n' % (kind.encode(), shown)

    def stop(self) -> None:
        if self._stop is not None:
            self._stop()
            self._stop = None


def _bookmark(registry, annotations: dict) -> dict:
    return {"resourceVersion": str(registry.etcd.revision), "annotations": annotations}
