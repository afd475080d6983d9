"""Requests about resources: each verb as one call of the registry, answered in the form that the client wants.

Part of Kubernetes: apiserver pkg/endpoints/handlers (get, create, update, patch, delete, watch). The core is touched only under
its lock; then all that needs no time happens; then the answer is made. Leaves out: audit, priority and fairness.
"""
from __future__ import annotations

import contextlib
from collections.abc import Iterator

from starlette.responses import Response, StreamingResponse

from kubelearn import errors
from kubelearn.api import schema
from kubelearn.apiserver import managedfields, negotiation, rbac, subresources
from kubelearn.apiserver.calls import Call, answer, decoded
from kubelearn.apiserver.negotiation import Asker
from kubelearn.apiserver.options import ListOptions, WriteOptions, delete_options
from kubelearn.apiserver.requestinfo import RequestInfo
from kubelearn.apiserver.seen import SYNC, TOLD
from kubelearn.apiserver.sessions import Waiter
from kubelearn.apiserver.waiting import Pump
from kubelearn.apiserver.watching import Watch
from kubelearn.errors import ApiError

READING = ("get", "list", "watch")


class Handlers:
    """What the server does for each verb."""

    def __init__(self, registry, pump: Pump):
        self.registry, self.clock, self.pump = registry, registry.clock, pump

    async def handle(self, call: Call) -> Response:
        handler = getattr(self, call.info.verb, None)
        if handler is None:
            raise errors.method_not_allowed("the server does not allow this method on the requested resource")
        with self._core():
            if self.registry.refusal is not None and (refused := self.registry.refusal()) is not None:
                raise refused
            rbac.authorize(self.registry, call.user.name, call.user.groups, call.info.action())
        if call.info.verb not in READING and call.session.moves_time:
            call.waited = call.session.seen.did(call.what)
        return await handler(call)

    @contextlib.contextmanager
    def _core(self) -> Iterator[None]:
        """The core, for this thread alone; at the end all that needs no time has happened."""
        with self.clock.lock:
            self.clock.catch_up()
            yield
            self.clock.settle()

    # --- reading --------------------------------------------------------------------------------------------------

    async def get(self, call: Call) -> Response:
        info, form = call.info, self._form(call)
        await self._polled(call, "", f"metadata.name={info.name}")
        with self._core():
            obj = self.registry.get(info.resource, info.namespace, info.name)
            if info.subresource:
                obj = subresources.read(info.resource, obj, info.subresource)
            return self._answer(call, form.one(obj, self._asker(call)))

    async def list(self, call: Call) -> Response:
        info, options, form = call.info, ListOptions.of(call.query, False), self._form(call)
        await self._polled(call, options.labels, options.fields)
        with self._core():
            self._check_version(options.version)
            listing = self.registry.list(info.resource, info.namespace or None, options.labels, options.fields, options.limit,
                                         options.continue_)
            metadata: dict = {"resourceVersion": str(listing.revision)}
            if listing.next:
                metadata["continue"] = listing.next
                if listing.remaining and not options.labels and not options.fields:
                    metadata["remainingItemCount"] = listing.remaining
            return self._answer(call, form.many(listing.items, metadata, self._asker(call)))

    async def watch(self, call: Call) -> Response:
        info, options, form = call.info, ListOptions.of(call.query, True), self._form(call)
        fields = ",".join(part for part in (options.fields, f"metadata.name={info.name}" if info.name else "") if part)
        waiter = Waiter(call.session, first=SYNC if options.initial else TOLD)
        with self._core():
            watch = Watch(self.registry, info.resource, form, self._asker(call), waiter, options.bookmarks)
            watch.begin(info.namespace or None, options.labels, fields, options.version, options.initial)

        async def frames():
            try:
                with self.pump.waiting(waiter):
                    async for frame in watch.frames(options.timeout):
                        waiter.told()
                        yield frame
            finally:
                with self.clock.lock:
                    watch.stop()
        return StreamingResponse(frames(), media_type="application/json", headers={"cache-control": "no-cache, private"})

    def _check_version(self, version: str) -> None:
        """A version from the future: a real server waits for it a while, then says this."""
        current = self.registry.etcd.revision
        if version and int(version) > current:
            causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
            raise ApiError(504, "Timeout", f"Timeout: Too large resource version: {version}, current: {current}",
                           {"causes": causes, "retryAfterSeconds": 1})

    async def _polled(self, call: Call, labels: str, fields: str) -> None:
        """Who asks the same again and again waits for another answer (of what is being deleted: its end). Time runs until then."""
        info, changes, what = call.info, [], f"{call.what} {labels} {fields}"
        with self.clock.lock:
            answer = self._seen(info)
            if not call.session.moves_time or not call.session.seen.asked(what, answer):
                return
            stop = self.registry.watch(info.resource, lambda *_: changes.append(self._seen(info)), info.namespace or None, labels, fields)
        await self.pump.poll(call.session, lambda: bool(changes) and (not info.name or changes[-1] != answer))
        with self.clock.lock:
            stop()
            call.session.seen.asked(what, self._seen(info))

    def _seen(self, info: RequestInfo) -> str:
        """What of a single object who polls it waits to see changed."""
        found = self.registry.find(info.resource, info.namespace, info.name) if info.name else None
        if found is None:
            return ""
        return found["metadata"].get("uid" if "deletionTimestamp" in found["metadata"] else "resourceVersion")

    # --- writing --------------------------------------------------------------------------------------------------

    async def create(self, call: Call) -> Response:
        return await self._evict(call) if call.info.subresource == "eviction" else self._create(call)

    def _create(self, call: Call) -> Response:
        info, options = call.info, WriteOptions.of(call.query, "create")
        form, obj = self._form(call), call.decoded()
        with self._core():
            made = self.registry.create(info.resource, info.namespace, obj, call.request(options), info.subresource, info.name)
            return self._answer(call, form.one(made, self._asker(call, made)), 201)

    async def _evict(self, call: Call) -> Response:
        """drain evicts all the Pods of a node at once; one that was refused is tried again every few seconds."""
        due = self.clock.now + call.waited
        async with self.pump.in_turn(call.session, f"{call.info.namespace}/{call.info.name}"):
            if call.waited and not self.clock.speed:
                with self._core():
                    self.clock.run(until=due)
            return self._create(call)

    async def update(self, call: Call) -> Response:
        info, options = call.info, WriteOptions.of(call.query, "update")
        form, obj = self._form(call), call.decoded()
        with self._core():
            made = self.registry.update(info.resource, info.namespace, info.name, obj, call.request(options), info.subresource)
            return self._answer(call, form.one(made, self._asker(call, made)))

    async def patch(self, call: Call) -> Response:
        info, options = call.info, WriteOptions.of(call.query, "patch")
        form, (patch, patch_type) = self._form(call), call.patch()
        with self._core():
            new = patch_type == "apply" and self.registry.find(info.resource, info.namespace, info.name) is None
            made = self.registry.patch(info.resource, info.namespace, info.name, patch, patch_type, call.request(options), info.subresource)
            return self._answer(call, form.one(made, self._asker(call, made)), 201 if new else 200)

    async def delete(self, call: Call) -> Response:
        info, (options, dry_run) = call.info, self._delete_options(call)
        with self._core():
            request = call.request(WriteOptions(dry_run, "", "Ignore", False))
            gone = self.registry.delete(info.resource, info.namespace, info.name, request, options)
            return self._answer(call, negotiation.Plain(info.resource).one(gone, self._asker(call)))

    async def deletecollection(self, call: Call) -> Response:
        info, (options, dry_run), selected = call.info, self._delete_options(call), ListOptions.of(call.query, False)
        with self._core():
            request = call.request(WriteOptions(dry_run, "", "Ignore", False))
            gone = self.registry.delete_collection(info.resource, info.namespace or None, request, options,
                                                   selected.labels, selected.fields)
            metadata = {"resourceVersion": str(self.registry.etcd.revision)}
            return self._answer(call, negotiation.Plain(info.resource).many(gone, metadata, self._asker(call)))

    def _delete_options(self, call: Call) -> tuple[dict, bool]:
        body = decoded(call.body, call.headers.get("content-type", ""), "DeleteOptions") if call.body.strip() else {}
        body, _ = schema.of_kind("v1", "DeleteOptions").decode(body)
        return delete_options(body, call.query)

    # --- answering ------------------------------------------------------------------------------------------------

    def _form(self, call: Call) -> negotiation.Plain:
        resource = subresources.SCALE if call.info.subresource == "scale" else call.info.resource
        return negotiation.form(call.headers.get("accept", ""), resource, call.query.get("includeObject", ""))

    def _asker(self, call: Call, obj: dict | None = None) -> Asker:
        """managedFields are derived for objects that are stored, not for reviews, scales and what was only tried."""
        metadata = (obj or {}).get("metadata", {})
        stored = obj is None or metadata.get("uid") and metadata.get("resourceVersion") and not call.query.get("dryRun")
        single = (stored and call.info.verb in ("get", "create", "update", "patch") and call.info.subresource in ("", "status")
                  and call.info.resource.plural not in rbac.REVIEWS)
        return Asker(call.session.shift, self.clock.now, self._managed if single else None)

    def _managed(self, resource, obj: dict) -> dict:
        return managedfields.with_managed_fields(self.registry, resource, obj) if "uid" in obj["metadata"] else obj  # nobody made it

    def _answer(self, call: Call, body: bytes, code: int = 200) -> Response:
        return answer(body, call.headers, call.query, code, call.warnings)
