"""The steps of a write that are the same for every kind: names, identity, what an update may not touch, patches.

Part of Kubernetes: apiserver pkg/registry/rest (create.go, update.go, meta.go) and pkg/endpoints/handlers (patch.go).
Law 3: each step returns an object that shares everything it did not change.
"""
from __future__ import annotations

import json

from kubelearn import errors
from kubelearn.api import apply, fields, patch, typed
from kubelearn.api.meta import annotations_of, replace
from kubelearn.api.names import ALPHABET
from kubelearn.api.resources import Resource
from kubelearn.api.warnings import warnings_for
from kubelearn.apiserver import managedfields
from kubelearn.apiserver.request import Request

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
FIXED = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink", "generateName")


def complain(resource: Resource, unknown: list[str], request: Request) -> None:
    """Repeated and unknown fields: refused, warned about or passed over, as the client asked."""
    unknown = [*request.repeated, *unknown]
    if not unknown or request.field_validation == "Ignore":
        return
    if request.field_validation == "Strict":
        raise resource.schema.undecodable(f"strict decoding error: {', '.join(unknown)}")
    request.warnings += [text for text in unknown if text not in request.warnings]


def warn(resource: Resource, new: dict, old: dict | None, request: Request) -> None:
    """What a client from outside is told although it gets its way."""
    if request.external:
        request.warnings += [text for text in warnings_for(resource, new, old) if text not in request.warnings]


def refuse_invalid(resource: Resource, name: str, found: list) -> None:
    if found:
        raise errors.invalid(resource.kind_name, name, found)


def named(registry, resource: Resource, namespace: str, obj: dict) -> dict:
    """obj with its identity: namespace, name (generated from generateName), uid, creation time, generation."""
    given = obj.get("metadata") or {}
    metadata = {key: value for key, value in given.items() if key not in ("managedFields", "resourceVersion", "selfLink")}
    if given.get("resourceVersion"):
        raise errors.bad_request("resourceVersion should not be set on objects to be created")
    metadata.pop("namespace", None)
    if resource.namespaced:
        if given.get("namespace", namespace) != namespace:
            raise errors.bad_request("the namespace of the provided object does not match the namespace sent on the request")
        metadata["namespace"] = namespace
    if not metadata.get("name"):
        if not metadata.get("generateName"):
            raise errors.invalid(resource.kind_name, "",
                                 [fields.required(fields.path_of("metadata.name"), "name or generateName is required")])
        metadata["name"] = metadata["generateName"][:58] + "".join(registry.random.choices(ALPHABET, k=5))
    metadata["uid"] = new_uid(registry)
    metadata["creationTimestamp"] = registry.clock.timestamp()
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
        metadata.pop(key, None)
    if resource.has_generation:
        metadata["generation"] = 1
    return {**obj, "apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}


def called(obj: dict) -> str:
    """What mutating admission calls a new object: upstream completes a generated name only after it."""
    metadata = obj.get("metadata") or {}
    return metadata.get("name") or metadata.get("generateName", "")


def new_uid(registry) -> str:
    text = f"{registry.random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def carried(resource: Resource, old: dict, obj: dict, subresource: str) -> dict:
    """The object that this update asks for, with what an update of this (sub)resource may not touch taken from old."""
    metadata, before = obj.get("metadata") or {}, old["metadata"]
    _check_preconditions(resource, metadata, before)
    if subresource in ("status", "approval"):
        kept = metadata if "status-with-metadata" in resource.facts else before
        new = {**old, "metadata": _identity(kept, before)}
        return _with_status(new, obj)
    if subresource == "ephemeralcontainers":
        containers = (obj.get("spec") or {}).get("ephemeralContainers", [])
        obj = {**old, "metadata": metadata, "spec": {**old["spec"], "ephemeralContainers": containers}}
    if subresource == "resize":
        obj = {**old, "metadata": metadata, "spec": _resized(old["spec"], obj.get("spec") or {})}
    new = {**obj, "apiVersion": resource.api_version, "kind": resource.kind, "metadata": _identity(metadata, before)}
    return _with_status(new, old) if "status" in resource.subresources else new


def counted(resource: Resource, old: dict, new: dict, subresource: str) -> dict:
    """With the next generation, where more than metadata and status is another than before."""
    noted = resource.facts.get("generation") == "annotations" and subresource != "status" and annotations_of(new) != annotations_of(old)
    if not resource.has_generation or not noted and all(
            new.get(key) is old.get(key) or new.get(key) == old.get(key)
            for key in {**new, **old} if key not in ("metadata", "status", "apiVersion", "kind")):
        return new
    return {**new, "metadata": {**new["metadata"], "generation": old["metadata"].get("generation", 0) + 1}}


def _resized(spec: dict, wanted: dict) -> dict:
    """The spec with nothing new but how much its containers may use."""
    result = dict(spec)
    for group in ("containers", "initContainers"):
        asked = {container.get("name"): container for container in wanted.get(group) or ()}
        if group in spec:
            result[group] = [_taking(container, asked.get(container["name"], container), "resources", "resizePolicy")
                             for container in spec[group]]
    return _taking(result, wanted, "resources")


def _taking(part: dict, wanted: dict, *keys: str) -> dict:
    """part itself where the other has the same in these keys."""
    if all(part.get(key) == wanted.get(key) for key in keys):
        return part
    return {key: value for key, value in part.items() if key not in keys} | {key: wanted[key] for key in keys if key in wanted}


def _check_preconditions(resource: Resource, metadata: dict, before: dict) -> None:
    if metadata.get("name", before["name"]) != before["name"]:
        raise errors.bad_request(f"the name of the object ({metadata['name']}) does not match the name on the URL ({before['name']})")
    if metadata.get("resourceVersion") not in (None, "", before["resourceVersion"]):
        raise errors.conflict(resource.name, before["name"])
    if metadata.get("namespace", before.get("namespace", "")) != before.get("namespace", ""):
        raise errors.bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if metadata.get("uid", before["uid"]) != before["uid"]:
        key = "/".join(part for part in (resource.plural, before.get("namespace"), before["name"]) if part)
        raise errors.conflict(resource.name, before["name"], "StorageError: invalid object, Code: 4, "
                              f"Key: /registry/{key}, ResourceVersion: 0, AdditionalErrorMsg: "
                              f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {before['uid']}")


def _identity(metadata: dict, before: dict) -> dict:
    new = {key: value for key, value in metadata.items() if key != "managedFields" and key not in FIXED}
    new.update((key, before[key]) for key in FIXED if key in before)
    new["name"], new["resourceVersion"] = before["name"], before["resourceVersion"]
    new.pop("namespace", None)
    return {**new, "namespace": before["namespace"]} if "namespace" in before else new


def _with_status(new: dict, source: dict) -> dict:
    if "status" in source:
        new["status"] = source["status"]
    else:
        new.pop("status", None)
    return new


# --- patches ------------------------------------------------------------------------------------------------------

def patched(registry, resource: Resource, old: dict, body: object, patch_type: str, request: Request) -> dict:
    """old with a patch applied; 400, 409 or 422 with upstream's words where it cannot be."""
    if patch_type == "json":
        return _json_patched(registry, resource, old, body, request)
    if patch_type == "merge":
        return patch.merge_patch(old, body)
    if patch_type == "apply":
        return _applied(registry, resource, old, body, request)
    if resource.definition:
        raise errors.unsupported_media_type("the body of the request was in an unknown format - accepted media types include: "
                                            "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml")
    return patch.strategic_merge_patch(resource.schema, old, body)


def _json_patched(registry, resource: Resource, old: dict, body: object, request: Request) -> dict:
    """Such a patch may be about managedFields themselves: kubectl hands over what a client-side apply owned."""
    if "/metadata/managedFields" not in [operation.get("path") for operation in body if isinstance(operation, dict)]:
        return patch.json_patch(old, body)
    new = patch.json_patch(managedfields.with_managed_fields(registry, resource, old), body)
    request.managers = new["metadata"].get("managedFields") or []
    return new


def _applied(registry, resource: Resource, old: dict, body: dict, request: Request) -> dict:
    typed.check(resource.schema, body, request.field_manager if request.external else request.manager)
    if (body.get("metadata") or {}).get("resourceVersion") not in (None, "", old["metadata"]["resourceVersion"]):
        raise errors.conflict(resource.name, old["metadata"]["name"])
    managers = managedfields.managers(registry, resource, old)
    request.operation, request.applied = "Apply", body
    last = annotations_of(old).get(LAST_APPLIED) if request.manager == "kubectl" else None
    given_up = apply.unchanged_since(resource.schema, json.loads(last), old) if last else {}
    new, _ = apply.apply(resource.schema, old, body, request.manager, managers, request.force, given_up=given_up)
    if last is None:
        return new
    text = json.dumps(body, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"
    return replace(new, ("metadata", "annotations", LAST_APPLIED), text)


def apply_new(registry, resource: Resource, namespace: str, name: str, body: dict, request: Request) -> dict:
    """A server-side apply of what is not there yet: a create that remembers what was applied."""
    typed.check(resource.schema, body, request.field_manager if request.external else request.manager)
    request.operation, request.applied = "Apply", body
    metadata = {"name": name, **(body.get("metadata") or {})}
    return registry.insert(resource, namespace, {**body, "metadata": metadata}, request)
