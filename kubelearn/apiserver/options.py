"""Options of a request: what the query (and for a delete the body) says, checked as a real server checks it.

Part of Kubernetes: apimachinery pkg/apis/meta/v1/validation and internalversion/validation. Law 8: its wording.
"""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from kubelearn import errors
from kubelearn.api import fields
from kubelearn.errors import ApiError

OPTIONS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions", "delete": "DeleteOptions"}
VALIDATIONS = ("", "Ignore", "Strict", "Warn")


def flag(query: Mapping[str, str], name: str) -> bool | None:
    """Go's booleans; present without a value is true."""
    text = query.get(name)
    if text is None:
        return None
    if text.lower() in ("", "1", "t", "true"):
        return True
    if text.lower() in ("0", "f", "false"):
        return False
    raise errors.bad_request(f'strconv.ParseBool: parsing {json.dumps(text)}: invalid syntax')


def number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text in (None, ""):
        return None
    try:
        return int(text)
    except ValueError:
        raise errors.bad_request(f'strconv.ParseInt: parsing {json.dumps(text)}: invalid syntax') from None


def _invalid(kind: str, found: errors.FieldError) -> ApiError:
    error = errors.invalid(f"{kind}.meta.k8s.io", "", [found])
    del error.details["name"]
    return error


def _dry_run(kind: str, values: object) -> bool:
    """Of ["All"]; ApiError 422 for anything else."""
    if not isinstance(values, list) or any(value != "All" for value in values):
        text = f'Unsupported value: {json.dumps(values, separators=(",", ":"))}: supported values: "All"'
        raise _invalid(kind, errors.FieldError("FieldValueNotSupported", "dryRun", text))
    return bool(values)


@dataclass(slots=True)
class WriteOptions:
    """Of a create, update or patch."""

    dry_run: bool
    field_manager: str
    field_validation: str
    force: bool

    @classmethod
    def of(cls, query, verb: str) -> WriteOptions:
        """query is a multi-dict; ApiError 422 for a value that is none of the allowed ones."""
        kind, validation = OPTIONS[verb], query.get("fieldValidation", "")
        dry = _dry_run(kind, query.getlist("dryRun"))
        if validation not in VALIDATIONS:
            raise _invalid(kind, fields.not_supported(fields.path_of("fieldValidation"), validation, sorted(VALIDATIONS)))
        if len(query.get("fieldManager", "")) > 128:
            raise _invalid(kind, fields.too_long(fields.path_of("fieldManager"), 128))
        return cls(dry, query.get("fieldManager", ""), validation or "Warn", bool(flag(query, "force")))


@dataclass(slots=True)
class ListOptions:
    """Of a list or a watch. initial: whether a watch begins with the state (None: as its version says)."""

    labels: str
    fields: str
    limit: int
    continue_: str
    version: str
    bookmarks: bool
    initial: bool | None
    timeout: float

    @classmethod
    def of(cls, query, watch: bool) -> ListOptions:
        match, version, initial = query.get("resourceVersionMatch", ""), query.get("resourceVersion", ""), flag(query, "sendInitialEvents")
        _check_match(match, version, initial, watch, query.get("continue", ""))
        if version and not version.isdigit():
            text = f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax'
            raise ApiError(500, "", text)
        return cls(query.get("labelSelector", ""), query.get("fieldSelector", ""), number(query, "limit") or 0, query.get("continue", ""),
                   version, bool(flag(query, "allowWatchBookmarks")), initial, float(number(query, "timeoutSeconds") or 3600))


def _check_match(match: str, version: str, initial: bool | None, watch: bool, continue_: str) -> None:
    """resourceVersionMatch goes with what it is about."""
    here = fields.path_of("resourceVersionMatch")
    if initial is not None and not watch:
        raise _invalid("ListOptions", fields.forbidden(fields.path_of("sendInitialEvents"), "sendInitialEvents is forbidden for list"))
    wrong = (
        (initial is not None and match != "NotOlderThan", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        (watch and match and initial is None, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
        (not watch and match and not version, "resourceVersionMatch is forbidden unless resourceVersion is provided"),
        (not watch and match and continue_, "resourceVersionMatch is forbidden when continue is provided"),
        (not watch and match == "Exact" and version == "0", 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    for is_wrong, text in wrong:
        if is_wrong:
            raise _invalid("ListOptions", fields.forbidden(here, text))
    if match not in ("", "NotOlderThan", "Exact"):
        raise _invalid("ListOptions", fields.not_supported(here, match, ["", "Exact", "NotOlderThan"]))


def delete_options(body: dict | None, query) -> tuple[dict, bool]:
    """DeleteOptions from the body, or where there is none from the query; and whether it is only tried."""
    options = dict(body or {})
    if not options:
        for name, read in (("gracePeriodSeconds", number), ("orphanDependents", flag)):
            value = read(query, name)
            if value is not None:
                options[name] = value
        if query.get("propagationPolicy"):
            options["propagationPolicy"] = query["propagationPolicy"]
    return options, _dry_run("DeleteOptions", options.get("dryRun") or query.getlist("dryRun"))
