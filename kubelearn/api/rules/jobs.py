"""Rules of jobs, their schedules, and autoscalers.

Part of Kubernetes: pkg/apis/batch and autoscaling, each in its validation.
"""
from __future__ import annotations

from .. import fields
from ..checks import label_selector, needed, non_negative, one_of, required
from ..fields import Path
from . import schedule
from .workloads import at

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

RULES: dict[str, list[tuple]] = {
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
