"""Rules of the controllers' kinds: selectors and templates, update strategies, jobs and schedules, autoscalers.

Part of Kubernetes: pkg/apis/apps, batch and autoscaling, each in its validation.
"""
from __future__ import annotations

from .. import fields, selectors
from ..checks import (
    Findings,
    at_most_all,
    count_or_percent,
    label,
    label_selector,
    needed,
    non_negative,
    one_of,
    percent,
    required,
)
from ..fields import Path
from . import schedule

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


# --- jobs ---------------------------------------------------------------------------------------------------------------------------------

def indexed(spec: dict, path: Path, found: list) -> None:
    if spec.get("completionMode") == "Indexed":
        if "completions" not in spec:
            found.append(fields.required((path, "completions"), "when completion mode is Indexed"))
        return
    for key in ("backoffLimitPerIndex", "maxFailedIndexes"):
        if key in spec:
            found.append(fields.invalid((path, key), spec[key], "requires indexed completion mode"))


def failure_rule(rule: dict, path: Path, found: list) -> None:
    if rule.get("onExitCodes") and rule.get("onPodConditions"):
        found.append(fields.invalid(path, fields.OMIT, "specifying both OnExitCodes and OnPodConditions is not supported"))
    if not rule.get("onExitCodes") and not rule.get("onPodConditions"):
        found.append(fields.invalid(path, fields.OMIT, "specifying one of OnExitCodes and OnPodConditions is required"))


def ends(spec: dict, path: Path, found: list) -> None:
    """A job's pods do not run for ever."""
    policy, here = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy"), at(path, "template", "spec", "restartPolicy")
    if policy in (None, "", "Always"):
        found.append(fields.required(here, 'valid values: "OnFailure", "Never"'))
    elif policy not in ("OnFailure", "Never"):
        found.append(fields.not_supported(here, policy, ("OnFailure", "Never")))
    elif spec.get("podFailurePolicy") and policy != "Never":
        found.append(fields.invalid(here, policy, 'only "Never" is supported when podFailurePolicy is specified'))


def cron_schedule(value: str | None, path: Path, found: list) -> None:
    required(value, path, found)
    text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead" if "TZ" in (value or "") else schedule.complaint(value or "")
    if value and text:
        found.append(fields.invalid(path, value, text))


def time_zone(value: str | None, path: Path, found: list) -> None:
    if value is not None and not value:
        found.append(fields.invalid(path, value, "timeZone must be nil or non-empty string"))
    elif value and (text := schedule.zone_complaint(value)):
        found.append(fields.invalid(path, value, text))


# --- autoscalers --------------------------------------------------------------------------------------------------------------------

def replica_bounds(spec: dict, path: Path, found: list) -> None:
    low, high = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if low is not None and low < 0:
        found.append(fields.invalid((path, "minReplicas"), low, "must be greater than or equal to 0"))
    if low is not None and high < low:
        found.append(fields.invalid((path, "maxReplicas"), high, "must be greater than or equal to `minReplicas`"))
    if high == 0:
        found.append(fields.required((path, "maxReplicas")))
    elif high < 0:
        found.append(fields.invalid((path, "maxReplicas"), high, "must be greater than or equal to 1"))


def scale_target(reference: dict, path: Path, found: list) -> None:
    if "/" not in reference.get("apiVersion", ""):
        found.append(fields.invalid((path, "apiVersion"), reference.get("apiVersion", ""), "apiVersion must specify API group"))


def from_zero(spec: dict, path: Path, found: list) -> None:
    """A metric of the pods cannot say that some are needed where there are none."""
    if spec.get("minReplicas") == 0 and not any(m.get("type") in ("Object", "External") for m in spec.get("metrics") or ()):
        found.append(
            fields.forbidden((path, "metrics"), "must specify at least one Object or External metric to support scaling to zero replicas")
        )


METRICS = {"ContainerResource": "containerResource", "External": "external", "Object": "object", "Pods": "pods", "Resource": "resource"}


def metric(value: dict, path: Path, found: list) -> None:
    kind = value.get("type", "")
    if not kind:
        found.append(fields.required((path, "type"), "must specify a metric source type"))
    if kind not in METRICS:
        found.append(fields.not_supported((path, "type"), kind, METRICS))
    elif METRICS[kind] not in value:
        found.append(fields.required((path, METRICS[kind]), "must populate information for the given metric source"))
    elif kind == "Resource":
        target = value["resource"].get("target") or {}
        if target.get("averageUtilization") is None and target.get("averageValue") is None:
            found.append(fields.required(at(path, "resource", "target", "averageUtilization"),
                                         "must set either a target raw value or a target utilization"))


def window(value: int | None, path: Path, found: list) -> None:
    if value is not None and value < 0:
        found.append(fields.invalid(path, value, "must be greater than or equal to zero"))
    elif value is not None and value > 3600:
        found.append(fields.invalid(path, value, "must be less than or equal to 3600"))


def scaled(message: str):
    def check(value: int | None, path: Path, found: list) -> None:
        if (value or 0) <= 0:
            found.append(fields.invalid(path, value or 0, message))
    return check


TARGET = [("kind", required), ("name", required), ("", scale_target)]
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
    "batch.v1.JobSpec": [
        *(
            (key, non_negative)
            for key in (
                "parallelism",
                "completions",
                "activeDeadlineSeconds",
                "backoffLimit",
                "ttlSecondsAfterFinished",
                "backoffLimitPerIndex",
                "maxFailedIndexes",
            )
        ),
        ("completionMode", one_of("NonIndexed", "Indexed")),
        ("", indexed),
        ("podFailurePolicy",),
        ("successPolicy",),
        ("podReplacementPolicy", one_of("Failed", "TerminatingOrFailed")),
        ("template",),
        ("", ends),
        ("selector", label_selector),
    ],
    "batch.v1.PodFailurePolicyRule": [
        ("action", one_of("Count", "FailIndex", "FailJob", "Ignore")),
        ("onExitCodes",),
        ("onPodConditions",),
        ("", failure_rule),
    ],
    "batch.v1.CronJobSpec": [
        ("schedule", cron_schedule),
        ("startingDeadlineSeconds", non_negative),
        ("concurrencyPolicy", one_of("Allow", "Forbid", "Replace")),
        ("timeZone", time_zone),
        ("successfulJobsHistoryLimit", non_negative),
        ("failedJobsHistoryLimit", non_negative),
        ("jobTemplate",),
    ],
    "autoscaling.v2.HorizontalPodAutoscalerSpec": [("", replica_bounds), ("scaleTargetRef",), ("metrics",), ("", from_zero), ("behavior",)],
    "autoscaling.v1.HorizontalPodAutoscalerSpec": [("", replica_bounds), ("scaleTargetRef",)],
    "autoscaling.v2.CrossVersionObjectReference": TARGET,
    "autoscaling.v1.CrossVersionObjectReference": TARGET,
    "autoscaling.v2.MetricSpec": [("", metric)],
    "autoscaling.v2.HPAScalingRules": [
        ("stabilizationWindowSeconds", window),
        ("selectPolicy", one_of("Disabled", "Max", "Min")),
        ("policies", needed("must specify at least one Policy")),
    ],
    "autoscaling.v2.HPAScalingPolicy": [
        ("type", one_of("Percent", "Pods", empty=None)),
        ("value", scaled("must be greater than zero")),
        ("periodSeconds", scaled("must be greater than zero")),
    ],
}
