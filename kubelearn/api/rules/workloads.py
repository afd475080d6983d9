"""Rules of the controllers' kinds: selectors and templates, update strategies.

Part of Kubernetes: pkg/apis/apps/validation.
"""
from __future__ import annotations

from .. import fields, selectors
from ..checks import (
    Findings,
    at_most_all,
    count_or_percent,
    label,
    label_selector,
    non_negative,
    one_of,
    percent,
    required,
)
from ..fields import Path

MISMATCH = "`selector` does not match template `labels`"


def at(path: Path, *steps: str) -> Path:
    for step in steps:
        path = (path, step)
    return path


# --- selectors and templates -------------------------------------------------------------------------------------------------------

def template_labels(spec: dict) -> dict | None:
    return ((spec.get("template") or {}).get("metadata") or {}).get("labels")


def selector_of(word: str):
    """A selector that is there, is right, and is not empty."""
    def rule(spec: dict, path: Path, found: list) -> None:
        selector = spec.get("selector")
        if selector is None:
            found.append(fields.required((path, "selector")))
            return
        label_selector(selector, (path, "selector"), found)
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            found.append(fields.invalid((path, "selector"), {}, f"empty selector is invalid for {word}"))
    return rule


def matches_or(complaint: str | None):
    """Its selector selects its own pods (one that is not there selects none); complaint: what to say of a broken one."""
    def rule(spec: dict, path: Path, found: list) -> None:
        selector, wrong = spec.get("selector"), []
        label_selector(selector, path, wrong)
        if wrong:
            if complaint is not None:
                found.append(fields.invalid((path, "selector"), without_empty(selector), complaint))
        elif not selectors.label_selector(selector)(template_labels(spec)):
            found.append(fields.invalid(at(path, "template", "metadata", "labels"), template_labels(spec), MISMATCH))
    return rule


def without_empty(value: object) -> object:
    """As Go prints a struct whose fields are all omitempty."""
    if isinstance(value, dict):
        return {key: without_empty(inner) for key, inner in value.items() if inner not in ({}, [], "", None)}
    return [without_empty(item) for item in value] if isinstance(value, list) else value


matches = matches_or("invalid label selector")


def always_restarts(word: str):
    def rule(spec: dict, path: Path, found: list) -> None:
        pod = (spec.get("template") or {}).get("spec") or {}
        here = at(path, "template", "spec")
        if pod.get("restartPolicy", "Always") != "Always":
            found.append(fields.not_supported((here, "restartPolicy"), pod["restartPolicy"], ("Always",)))
        if "activeDeadlineSeconds" in pod:
            found.append(fields.forbidden((here, "activeDeadlineSeconds"), f"activeDeadlineSeconds in {word} is not Supported"))
    return rule


# --- strategies --------------------------------------------------------------------------------------------------------------------------

def is_zero(value: int | str | None) -> bool:
    return (percent(value) if isinstance(value, str) else value) == 0


def deployment_strategy(strategy: dict, path: Path, found: list) -> None:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            found.append(fields.forbidden((path, "rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'"))
    elif kind != "RollingUpdate":
        inner = rolling and {"MaxUnavailable": rolling.get("maxUnavailable"), "MaxSurge": rolling.get("maxSurge")}
        found.append(fields.not_supported(path, fields.GoStruct(Type=kind, RollingUpdate=inner), ("Recreate", "RollingUpdate")))


def rolling_deployment(value: dict, path: Path, found: list) -> None:
    unavailable, surge = value.get("maxUnavailable"), value.get("maxSurge")
    count_or_percent(unavailable, (path, "maxUnavailable"), found)
    count_or_percent(surge, (path, "maxSurge"), found)
    if is_zero(unavailable) and is_zero(surge):
        found.append(fields.invalid((path, "maxUnavailable"), unavailable, "may not be 0 when `maxSurge` is 0"))
    at_most_all(unavailable, (path, "maxUnavailable"), found)


def rolling_daemon_set(value: dict, path: Path, found: list) -> None:
    unavailable, surge = value.get("maxUnavailable"), value.get("maxSurge")
    for key in ("maxUnavailable", "maxSurge"):
        count_or_percent(value.get(key), (path, key), found)
        at_most_all(value.get(key), (path, key), found)
    if not is_zero(unavailable) and not is_zero(surge):
        found.append(fields.invalid((path, "maxSurge"), surge, "may not be set when maxUnavailable is non-zero"))
    elif is_zero(unavailable) and is_zero(surge):
        found.append(fields.required((path, "maxUnavailable"), "cannot be 0 when maxSurge is 0"))


def progress(spec: dict, path: Path, found: list) -> None:
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        found.append(fields.invalid((path, "progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds"))


def enter_stateful_set(spec: dict, path: Path, found: Findings) -> None:
    found.claims = tuple((claim.get("metadata") or {}).get("name", "") for claim in spec.get("volumeClaimTemplates") or ())


def leave_stateful_set(spec: dict, path: Path, found: Findings) -> None:
    found.claims = ()


def stateful_strategy(strategy: dict, path: Path, found: list) -> None:
    rolling = strategy.get("rollingUpdate")
    printed = (
        None if rolling is None else fields.GoStruct(Partition=rolling.get("partition", 0), MaxUnavailable=rolling.get("maxUnavailable"))
    )
    if strategy.get("type") == "OnDelete" and rolling is not None:
        found.append(fields.invalid((path, "rollingUpdate"), printed, "only allowed for updateStrategy 'RollingUpdate'"))
    elif strategy.get("type") not in ("RollingUpdate", "OnDelete"):
        found.append(
            fields.invalid(path, fields.GoStruct(Type=strategy.get("type"), RollingUpdate=printed), "must be 'RollingUpdate' or 'OnDelete'")
        )


def daemon_strategy(strategy: dict, path: Path, found: list) -> None:
    kinds = ("RollingUpdate", "OnDelete")
    if strategy.get("type") not in kinds:
        found.append(fields.not_supported(path, fields.GoStruct(Type=strategy.get("type"), RollingUpdate=None), kinds))


def management(value: str | None, path: Path, found: list) -> None:
    if value not in ("OrderedReady", "Parallel"):
        found.append(fields.invalid(path, value, "must be 'OrderedReady' or 'Parallel'"))


def partition(value: dict, path: Path, found: list) -> None:
    non_negative(value.get("partition"), (path, "partition"), found)
    unavailable, here = value.get("maxUnavailable"), (path, "maxUnavailable")
    count_or_percent(unavailable, here, found)
    if is_zero(unavailable):
        found.append(fields.invalid(here, unavailable, "cannot be 0"))
    at_most_all(unavailable, here, found)


HISTORY = ("revisionHistoryLimit", non_negative)
RULES: dict[str, list[tuple]] = {
    "apps.v1.DeploymentSpec": [
        ("replicas", non_negative),
        ("", selector_of("deployment"), matches),
        ("template",),
        ("", always_restarts("ReplicaSet")),
        ("strategy",),
        ("minReadySeconds", non_negative),
        HISTORY,
        ("progressDeadlineSeconds", non_negative),
        ("", progress),
    ],
    "apps.v1.DeploymentStrategy": [("", deployment_strategy)],
    "apps.v1.RollingUpdateDeployment": [("", rolling_deployment)],
    "apps.v1.ReplicaSetSpec": [
        ("replicas", non_negative),
        ("minReadySeconds", non_negative),
        ("", selector_of("deployment"), matches),
        ("template",),
        ("", always_restarts("ReplicaSet")),
    ],
    "apps.v1.DaemonSetSpec": [
        ("", selector_of("daemonset"), matches_or(None)),
        ("template",),
        ("", always_restarts("DaemonSet")),
        ("minReadySeconds", non_negative),
        ("updateStrategy",),
        HISTORY,
    ],
    "apps.v1.DaemonSetUpdateStrategy": [("", daemon_strategy)],
    "apps.v1.RollingUpdateDaemonSet": [("", rolling_daemon_set)],
    "apps.v1.StatefulSetSpec": [
        ("podManagementPolicy", management),
        ("updateStrategy",),
        ("persistentVolumeClaimRetentionPolicy",),
        ("volumeClaimTemplates",),
        ("replicas", non_negative),
        ("minReadySeconds", non_negative),
        ("serviceName", label),
        ("", selector_of("statefulset"), matches_or(""), enter_stateful_set),
        ("template",),
        ("", leave_stateful_set, always_restarts("StatefulSet")),
    ],
    "apps.v1.StatefulSetUpdateStrategy": [("", stateful_strategy)],
    "apps.v1.RollingUpdateStatefulSetStrategy": [("", partition)],
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": [
        (key, one_of("Retain", "Delete", empty=None)) for key in ("whenDeleted", "whenScaled")
    ],
    "core.v1.ReplicationControllerSpec": [
        ("replicas", non_negative),
        ("minReadySeconds", non_negative),
        ("selector", required),
        ("template", required),
    ],
}
