"""Rules of jobs, their schedules, and autoscalers.

Part of Kubernetes: pkg/apis/batch and autoscaling, each in its validation.
"""
from __future__ import annotations

import json

from .. import checks, fields, internal, quantity
from ..fields import Path, below
from ..findings import Findings
from . import schedule

# --- jobs ---------------------------------------------------------------------------------------------------------------------------------

def success_policy(spec: dict, path: Path, found: Findings) -> None:
    policy, here = spec.get("successPolicy"), (path, "successPolicy")
    if policy is None:
        return
    if spec.get("completionMode") != "Indexed":
        return found.invalid(here, internal.struct("SuccessPolicy", policy), "requires indexed completion mode")
    if not policy.get("rules"):
        found.required((here, "rules"), "at least one rules must be specified when the successPolicy is specified")
    for index, rule in enumerate(policy.get("rules") or ()):
        if "succeededCount" not in rule and "succeededIndexes" not in rule:
            found.required(below(here, "rules", index), "at least one of succeededCount or succeededIndexes must be specified")
        if spec.get("completions") is not None:
            success_rule(rule, spec["completions"], below(here, "rules", index), found)


def success_rule(rule: dict, completions: int, path: Path, found: Findings) -> None:
    indexes, count, total = rule.get("succeededIndexes"), rule.get("succeededCount"), None
    try:
        total = indexes_in(indexes, completions) if indexes is not None else None
    except ValueError as error:
        found.invalid((path, "succeededIndexes"), indexes, f"error parsing succeededIndexes: {error}")
    if count is not None:
        checks.non_negative(count, (path, "succeededCount"), found)
    for limit, what in ((completions, "specified completions"), (total, "indexes in the specified succeededIndexes field")):
        if None not in (count, limit) and count > limit:
            found.invalid((path, "succeededCount"), count, f"must be less than or equal to {limit} (the number of {what})")


def indexes_in(text: str, completions: int) -> int:
    """How many indexes '0,3-4' names; ValueError with upstream's words (validateIndexesFormat) for what is no such list."""
    total, last = 0, None
    for part in text.split(",") if text else ():
        ends = part.split("-")
        if len(ends) > 2:
            raise ValueError(f"the fragment {json.dumps(part)} violates the requirement that an index interval can have at most two parts "
                             "separated by '-'")
        for end in ends:
            if not end.isdigit():
                raise ValueError(f"cannot convert string to integer for index: {json.dumps(end)}")
            if int(end) >= completions:
                raise ValueError(f"too large index: {json.dumps(end)}")
        first, final = int(ends[0]), int(ends[-1])
        if len(ends) == 2 and first >= final:
            raise ValueError(f"non-increasing order, previous: {first}, current: {final}")
        if last is not None and last >= first:
            raise ValueError(f"non-increasing order, previous: {last}, current: {first}")
        total, last = total + final - first + 1, final
    return total


def failing_index(spec: dict, path: Path, found: Findings) -> None:
    """An index can be given up only where indexes are counted one by one."""
    for index, rule in enumerate((spec.get("podFailurePolicy") or {}).get("rules") or ()):
        if rule.get("action") == "FailIndex" and "backoffLimitPerIndex" not in spec:
            here = below(path, "podFailurePolicy", "rules", index, "action")
            found.invalid(here, "FailIndex", "requires the backoffLimitPerIndex to be set")


def exit_codes(value: dict, path: Path, found: Findings) -> None:
    codes, here = value.get("values") or [], (path, "values")
    if not codes:
        found.invalid(here, value.get("values"), "at least one value is required")
    for index, code in enumerate(codes):
        if code == 0 and value.get("operator") == "In":
            found.invalid((here, index), code, "must not be 0 for the In operator")
        if code in codes[:index]:
            found.duplicate((here, index), code)
    if codes != sorted(codes):
        found.invalid(here, codes, "must be ordered")


def failure_rule(rule: dict, path: Path, found: Findings) -> None:
    count = bool(rule.get("onExitCodes")) + bool(rule.get("onPodConditions"))
    if count == 2:
        found.invalid(path, fields.OMIT, "specifying both OnExitCodes and OnPodConditions is not supported")
    elif not count:
        found.invalid(path, fields.OMIT, "specifying one of OnExitCodes and OnPodConditions is required")


def ends(spec: dict, path: Path, found: Findings) -> None:
    """A job's pods do not run for ever."""
    policy, here = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy"), below(path, "template", "spec", "restartPolicy")
    if policy in (None, "", "Always"):
        found.required(here, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        found.unsupported(here, policy, ("OnFailure", "Never"))
    elif spec.get("podFailurePolicy") and policy != "Never":
        found.invalid(here, policy, 'only "Never" is supported when podFailurePolicy is specified')


def cron_schedule(value: str | None, path: Path, found: Findings) -> None:
    if value:
        zone = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead" if "TZ" in value else ""
        if text := zone or schedule.complaint(value):
            found.invalid(path, value, text)


def time_zone(value: str | None, path: Path, found: Findings) -> None:
    if value is not None and (text := schedule.zone_complaint(value)):
        found.invalid(path, value, text)


# --- autoscalers --------------------------------------------------------------------------------------------------------------------

def replica_bounds(spec: dict, path: Path, found: Findings) -> None:
    low, high = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if low is not None and high < low:
        found.invalid((path, "maxReplicas"), high, "must be greater than or equal to `minReplicas`")


def replica_ceiling(high: int | None, path: Path, found: Findings) -> None:
    if not high:
        found.required(path)
    elif high < 0:
        found.invalid(path, high, "must be greater than or equal to 1")


def with_group(spec: dict, path: Path, found: Findings) -> None:
    """Of what can be scaled only a ReplicationController has none."""
    target = spec.get("scaleTargetRef") or {}
    if "/" not in target.get("apiVersion", "") and target.get("kind") != "ReplicationController":
        found.invalid(below(path, "scaleTargetRef", "apiVersion"), target.get("apiVersion", ""), "apiVersion must specify API group")


def from_zero(spec: dict, path: Path, found: Findings) -> None:
    """A metric of the pods cannot say that some are needed where there are none."""
    if spec.get("minReplicas") == 0 and not any(m.get("type") in ("Object", "External") for m in spec.get("metrics") or ()):
        found.forbidden((path, "metrics"), "must specify at least one Object or External metric to support scaling to zero replicas")


def target_type(value: str | None, path: Path, found: Findings) -> None:
    if value not in ("Utilization", "Value", "AverageValue"):
        found.invalid(path, value or "", "must be either Utilization, Value, or AverageValue")


positive_amount = checks.wrong(lambda value: quantity.parse(value) <= 0, "must be positive")
