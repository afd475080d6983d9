"""JSON patch and merge patch: changing an object by a document.

Part of Kubernetes: apiserver pkg/endpoints/handlers/patch.go (RFC 6902 and RFC 7396). Law 3: the result shares every part that
the patch leaves as it was, and is the old object itself where it leaves all. Strategic merge patch is in strategic.py.
"""
from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ..errors import ApiError, bad_request, invalid
from . import fields
from .meta import share
from .strategic import strategic_merge_patch

if TYPE_CHECKING:
    from .schema import Undecodable

__all__ = ["json_patch", "merge_patch", "refused", "strategic_merge_patch"]

MOST_OPERATIONS = 10_000
OPERATION = ("[]handlers.jsonPatchOp", "handlers.jsonPatchOp")
REFUSED = "the server rejected our request due to an error in our request"


def json_patch(old: dict, operations: object) -> dict:
    """RFC 6902: add, remove, replace, move, copy, test. 422 where an operation cannot be done, 400 where it is none."""
    import jsonpatch  # costs 10 ms, and few patches are of this kind

    if not isinstance(operations, list):
        raise bad_request(f"error decoding patch: json: cannot unmarshal {_json_name(operations)} into Go value of type {OPERATION[0]}")
    if len(operations) > MOST_OPERATIONS:
        raise ApiError(413, "RequestEntityTooLarge",
                       f"The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {len(operations)}")
    for operation in operations:
        if not isinstance(operation, dict):
            raise bad_request(f"error decoding patch: json: cannot unmarshal {_json_name(operation)} into Go value of type {OPERATION[1]}")
    adding = [{**one, "op": "add"} if one.get("op") == "replace" and re.search(r"/[^/]*[^/\d][^/]*$", str(one.get("path"))) else one
              for one in operations]  # upstream's library replaces what is not there in an object, too
    try:
        new = jsonpatch.apply_patch(old, adding)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, KeyError, ValueError, AttributeError):
        raise ApiError(422, "Invalid", REFUSED) from None
    if not isinstance(new, dict):
        raise ApiError(422, "Invalid", REFUSED)
    return share(new, old)


def merge_patch(old: dict, patch: object) -> dict:
    """RFC 7396: a value replaces, null removes, an object is merged."""
    if not isinstance(patch, dict):
        wanted = "map[string]interface {}"
        raise bad_request(f"error decoding patch: json: cannot unmarshal {_json_name(patch)} into Go value of type {wanted}")
    return _merged(old, patch)


def _merged(old: object, patch: object) -> object:
    if not isinstance(patch, dict):
        return share(patch, old)
    before = old if isinstance(old, dict) else {}
    new = before
    for key, value in patch.items():
        if value is None:
            if key in new:
                new = {name: kept for name, kept in new.items() if name != key}
            continue
        merged = _merged(before.get(key), value)
        if key not in before or merged is not before[key]:
            new = {**new, key: merged}
    return new if isinstance(old, dict) or new is not before else {}


def refused(error: Undecodable, patch: object, patched: dict, patch_type: str) -> ApiError:
    """What a patch is told whose result is no such kind: 'patch: Invalid value: "map[spec:map[replicas:x]]": ...'."""
    if patch_type == "strategic":
        return invalid("", "", [fields.invalid((None, "patch"), go_text(patch), error.converted)])
    shown = json.dumps(patched, separators=(",", ":"), ensure_ascii=False)
    return invalid("", "", [fields.invalid((None, "patch"), shown, error.text)])


def go_text(value: object) -> str:
    """A value as Go's %+v prints it."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go_text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(go_text, value))}]"
    return "<nil>" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _json_name(value: object) -> str:
    from .mismatch import JSON_NAMES
    return JSON_NAMES[type(value)]
