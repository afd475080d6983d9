"""The registry: the one way to read and to write API objects. Only it touches etcd.

Part of Kubernetes: apiserver pkg/registry/generic/registry (store.go) and pkg/registry/rest. Laws 3, 6, 8: a write stores a
new object that shares what did not change; it has an actor and a reason; it happens whole or answers with a Status.
The order is upstream's: decode, defaults, mutating admission, prepare, validation, validating admission, store.
Leaves out: webhooks.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kubelearn import errors
from kubelearn.api import conversion, schema, selectors, validation
from kubelearn.api import patch as patches
from kubelearn.api.resources import Resource, Resources
from kubelearn.apiserver import admission, deletion, strategies, subresources, writing
from kubelearn.apiserver.request import Attributes, Request
from kubelearn.clock import Clock
from kubelearn.errors import ApiError
from kubelearn.etcd import Etcd, Key


class Listing(NamedTuple):
    """One page of a list: objects by namespace and name, the revision they are of, how to go on."""

    items: list[dict]
    revision: int
    next: str = ""
    remaining: int = 0


class Registry:
    """Reads and writes for every kind alike; what differs between kinds is in the tables of api and in strategies."""

    def __init__(self, clock: Clock, resources: Resources, etcd: Etcd | None = None):
        self.clock, self.resources, self.etcd = clock, resources, etcd or Etcd(clock)
        self.random = clock.random("registry")
        self.service_cidr, self.node_ports = "10.96.0.0/16", range(30000, 32768)
        self.computed: dict[tuple[str, str, str], Callable[[dict], dict]] = {}  # (storage, namespace, name): read as, see read
        self.views: dict[str, Callable[[], list[dict]]] = {}  # storage: objects that nobody stores, made when they are read
        self.admitted_specs: dict = {}  # what admission made of pod specs, see admission.podspec
        self.tokens: dict[str, str] = {}  # bearer token -> user name
        self.refusal: Callable[[], ApiError | None] | None = None  # why nobody outside is answered now, if so
        self.journal: Callable[..., None] | None = None  # told of every external write before it is tried

    # --- reading --------------------------------------------------------------------------------------------------

    def find(self, resource: Resource, namespace: str, name: str) -> dict | None:
        """The stored object or None. Nobody modifies it."""
        if resource.storage in self.views:
            return next((obj for obj in self.views[resource.storage]() if obj["metadata"]["name"] == name), None)
        obj = self.etcd.get(resource, (namespace or "", name))
        rule = self.computed.get((resource.storage, namespace or "", name)) if self.computed else None
        return rule(obj) if rule and obj else obj

    def get(self, resource: Resource, namespace: str, name: str) -> dict:
        obj = self.find(resource, namespace, name)
        if obj is None:
            raise errors.not_found(resource.name, name)
        return obj

    def objects(self, resource: Resource, namespace: str | None = None) -> list[dict]:
        """All objects of a resource, of one namespace or of all, by namespace and name."""
        if resource.storage in self.views:
            return self.views[resource.storage]()
        found = self.etcd.objects(resource.storage)
        items = [found[key] for key in sorted(found) if not namespace or key[0] == namespace]
        return [self.find(resource, *_key(obj)) for obj in items] if self.computed else items

    def list(self, resource: Resource, namespace: str | None = None, label_selector: str = "", field_selector: str = "",
             limit: int = 0, continue_: str = "") -> Listing:
        """A page of what matches. A list that is continued shows the state at which it began."""
        matches = selectors.matcher(resource, label_selector, field_selector)
        start, revision = _parse_continue(continue_) if continue_ else ("", self.etcd.revision)
        if continue_ and revision < self.etcd.compacted:
            raise errors.expired("The provided continue parameter is too old to display a consistent list result.")
        source = self.objects(resource, namespace) if revision == self.etcd.revision else self._objects_at(resource, namespace, revision)
        items = [obj for obj in source if matches(obj) and (not start or "/".join(_key(obj)) > start)]
        if not limit or len(items) <= limit:
            return Listing(items, revision)
        return Listing(items[:limit], revision, f"{revision}:{'/'.join(_key(items[limit - 1]))}", len(items) - limit)

    def _objects_at(self, resource: Resource, namespace: str | None, revision: int) -> list[dict]:
        objects = [r.object for r in self.etcd.at(revision)
                   if r.resource.storage == resource.storage and (not namespace or r.namespace == namespace)]
        return sorted(objects, key=_key)

    def watch(self, resource: Resource, callback: Callable[[str, dict, int], None], namespace: str | None = None,
              label_selector: str = "", field_selector: str = "", since: int | None = None) -> Callable[[], None]:
        """Calls callback(ADDED | MODIFIED | DELETED, object, revision): first for what came after `since` (410 when that is
        outside the window), then inside every write to come. An object that stops matching is DELETED to this watcher."""
        matches = selectors.matcher(resource, label_selector, field_selector)

        def tell(revision) -> None:
            if namespace and revision.namespace != namespace:
                return
            before = revision.previous is not None and matches(revision.previous)
            now = revision.verb != "delete" and matches(revision.object)
            if before or now:
                callback("ADDED" if not before else "MODIFIED" if now else "DELETED", revision.object, revision.revision)
        for revision in self.etcd.replay(resource.storage, since) if since is not None else ():
            tell(revision)
        return self.etcd.watch(resource.storage, tell)

    # --- writing --------------------------------------------------------------------------------------------------

    def create(self, resource: Resource, namespace: str, obj: dict, request: Request, subresource: str = "", name: str = "") -> dict:
        """Stores a new object and returns it as stored. With a subresource (binding, eviction, token): that action's answer."""
        self._input("create", resource, request, namespace=namespace, obj=obj, subresource=subresource, name=name)
        if subresource or resource.plural in subresources.REVIEWS:
            return subresources.create(self, resource, namespace, name, obj, request, subresource)
        return self.insert(resource, namespace, obj, request)

    def insert(self, resource: Resource, namespace: str, obj: dict, request: Request) -> dict:
        """The steps of a create."""
        obj, unknown = resource.schema.decode(obj)
        writing.complain(resource, unknown, request)
        stored = self.resources.stored(resource)
        if stored is not resource:
            obj, resource = conversion.to_stored(resource, stored, resource.schema.default(obj)), stored
        obj = writing.named(self, resource, namespace, given := resource.schema.default(obj))
        request.applied = request.applied or obj
        key = _key(obj)
        attributes = Attributes("CREATE", resource, "", key[0], writing.called(given), None, obj, request)
        attributes.new = admission.mutate(attributes, self)
        obj = strategies.prepare_for_create(self, resource, attributes.new)
        writing.refuse_invalid(resource, key[1], validation.validate_create(resource, obj))
        writing.warn(resource, obj, None, request)
        attributes.new, attributes.name = obj, key[1]
        admission.validate(attributes, self)
        known = self.etcd.get(resource, key)
        if known is not None:
            raise errors.already_exists(resource.name, key[1], "deletionTimestamp" in known["metadata"])
        return self.store(resource, key, obj, request)

    def update(self, resource: Resource, namespace: str, name: str, obj: dict, request: Request, subresource: str = "") -> dict:
        """Replaces an object, or what its subresource holds; 409 where obj's resourceVersion is not the newest."""
        self._input("update", resource, request, namespace=namespace, name=name, obj=obj, subresource=subresource)
        old = self.find(resource, namespace, name)
        if old is None:
            resource.schema.decode(obj)  # what is no such object is refused first
            raise errors.not_found(resource.name, name)
        if subresource in subresources.VIEWS:
            return subresources.update(self, resource, old, obj, request, subresource)
        return self.replace(resource, old, obj, request, subresource)

    def patch(self, resource: Resource, namespace: str, name: str, patch: object, patch_type: str, request: Request,
              subresource: str = "") -> dict:
        """patch_type: json, merge, strategic or apply (which also creates)."""
        self._input("patch", resource, request, namespace=namespace, name=name, patch=patch, patch_type=patch_type, subresource=subresource)
        old = self.etcd.get(resource, (namespace or "", name))
        if old is None and patch_type == "apply" and not subresource:
            return writing.apply_new(self, resource, namespace, name, patch, request)
        if old is None:
            raise errors.not_found(resource.name, name)
        if subresource in subresources.VIEWS:
            return subresources.patch(self, resource, old, patch, patch_type, request, subresource)
        new = writing.patched(self, resource, conversion.from_stored(resource, old), patch, patch_type, request)
        try:
            return self.replace(resource, old, new, request, subresource)
        except schema.Undecodable as error:
            raise (error if patch_type == "apply" else patches.refused(error, patch, new, patch_type)) from None

    def replace(self, resource: Resource, old: dict, obj: dict, request: Request, subresource: str = "") -> dict:
        """One update from old to obj, both whole objects. Nothing is written where nothing changed."""
        obj, unknown = resource.schema.decode(obj, old)
        if request.external and not (obj.get("metadata") or {}).get("name"):
            raise errors.bad_request(f"the name of the object ({old['metadata']['name']} based on URL) was undeterminable: "
                                     "name must be provided")
        writing.complain(resource, unknown, request)
        stored = self.resources.stored(resource)
        if stored is not resource:
            obj, resource = conversion.to_stored(resource, stored, resource.schema.default(obj)), stored
        new = writing.carried(resource, old, obj, subresource)
        new = resource.schema.default(new, old)
        key = _key(old)
        attributes = Attributes("UPDATE", resource, subresource, *key, old, new, request)
        attributes.new = admission.mutate(attributes, self)
        new = strategies.prepare_for_update(self, resource, attributes.new, old, subresource)
        new = writing.counted(resource, old, new, subresource)
        writing.refuse_invalid(resource, key[1], validation.validate_update(resource, new, old, subresource))
        writing.warn(resource, new, old, request)
        attributes.new = new
        admission.validate(attributes, self)
        request.subresource = subresource
        if new["metadata"].get("deletionTimestamp") and deletion.is_over(new):
            return deletion.remove(self, resource, key, new, request)
        if request.operation == "Update" and new == old and request.managers is None:
            return old
        return self.store(resource, key, new, request)

    def delete(self, resource: Resource, namespace: str, name: str, request: Request, options: dict | None = None) -> dict:
        """Ends an object or marks it as ending; returns the marked object, or a Status of success when it is gone."""
        self._input("delete", resource, request, namespace=namespace, name=name, options=options)
        return self.remove(resource, self.get(resource, namespace, name), request, options)

    def remove(self, resource: Resource, old: dict, request: Request, options: dict | None = None) -> dict:
        """The steps of a delete."""
        admission.validate(Attributes("DELETE", resource, "", *_key(old), old, None, request), self)
        return deletion.delete(self, resource, old, options or {}, request)

    def delete_collection(self, resource: Resource, namespace: str | None, request: Request, options: dict | None = None,
                          label_selector: str = "", field_selector: str = "") -> list[dict]:
        self._input("delete_collection", resource, request, namespace=namespace, options=options, label_selector=label_selector,
                    field_selector=field_selector)
        items = self.list(resource, namespace, label_selector, field_selector).items
        for obj in items:
            self.remove(resource, obj, request, options)
        return items

    def store(self, resource: Resource, key: Key, obj: dict, request: Request) -> dict:
        """The last step of every write: stamp the revision and store (in a dry run: only stamp)."""
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": self.etcd.next_version()}}
        if request.dry_run:
            old = self.etcd.get(resource, key)
            obj["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"] if old else ""
            return obj if old else {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if v != ""}}
        return self.etcd.put(resource, key, obj, request.actor, request.because, request)

    def _input(self, verb: str, resource: Resource, request: Request, **arguments: object) -> None:
        if request.external and not request.dry_run:
            self.clock.cause = None  # someone outside acts on no revision
            if self.journal:
                self.journal(verb, resource, request, **arguments)


def _key(obj: dict) -> Key:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _parse_continue(token: str) -> tuple[str, int]:
    revision, _, start = token.partition(":")
    if not revision.isdigit():
        raise errors.bad_request(f"continue key is not valid: {token}")
    return start, int(revision)
