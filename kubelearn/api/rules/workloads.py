"""Rules of the controllers' kinds: selectors and templates, update strategies.

Part of Kubernetes: pkg/apis/apps/validation.
"""
from __future__ import annotations

from .. import internal, selectors
from ..checks import percent, wrong
from ..fields import Path, below
from ..findings import Check, Findings
from .labels import label_selector

# --- selectors and templates -------------------------------------------------------------------------------------------------------

def selector_of(word: str) -> Check:
    """A selector that is there, is right, and is not empty."""
    def rule(spec: dict, path: Path, found: Findings) -> None:
        selector, here = spec.get("selector"), (path, "selector")
        if selector is None:
            return found.required(here)
        label_selector(selector, here, found)
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            found.invalid(here, {}, f"empty selector is invalid for {word}")
    return rule


def matches(complaint: str = "") -> Check:
    """Its selector selects its own pods (one that is not there selects none); complaint: what to say of a broken one, - for nothing."""
    def rule(spec: dict, path: Path, found: Findings) -> None:
        selector, wrong = spec.get("selector"), Findings()
        labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
        label_selector(selector, path, wrong)
        if wrong and complaint != "-":
            found.invalid((path, "selector"), selector, complaint)
        elif not wrong and not selectors.label_selector(selector)(labels):
            found.invalid(below(path, "template", "metadata", "labels"), labels, "`selector` does not match template `labels`")
    return rule


def selects_its_own(spec: dict, path: Path, found: Findings) -> None:
    """As matches, of a ReplicationController's plain map."""
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if spec.get("selector") and spec.get("template") and not selectors.match_labels(spec["selector"])(labels):
        found.invalid(below(path, "template", "metadata", "labels"), labels, "`selector` does not match template `labels`")


def enter_stateful_set(spec: dict, path: Path, found: Findings) -> None:
    found.claims = tuple((claim.get("metadata") or {}).get("name", "") for claim in spec.get("volumeClaimTemplates") or ())


def leave_stateful_set(spec: dict, path: Path, found: Findings) -> None:
    found.claims = ()


# --- strategies --------------------------------------------------------------------------------------------------------------------------

def is_zero(value: int | str | None) -> bool:
    return (percent(value) if isinstance(value, str) else value) == 0


not_zero = wrong(is_zero, "cannot be 0")
management = wrong(lambda value: value not in ("OrderedReady", "Parallel"), "must be 'OrderedReady' or 'Parallel'")


def deployment_strategy(strategy: dict, path: Path, found: Findings) -> None:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate" and rolling is not None:
        found.forbidden((path, "rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'")
    elif kind not in ("Recreate", "RollingUpdate"):
        found.unsupported(path, internal.struct("DeploymentStrategy", strategy), ("Recreate", "RollingUpdate"))


def rolling_deployment(value: dict, path: Path, found: Findings) -> None:
    unavailable = value.get("maxUnavailable")
    if is_zero(unavailable) and is_zero(value.get("maxSurge")):
        found.invalid((path, "maxUnavailable"), unavailable, "may not be 0 when `maxSurge` is 0")


def rolling_daemon_set(value: dict, path: Path, found: Findings) -> None:
    unavailable, surge = value.get("maxUnavailable"), value.get("maxSurge")
    if not is_zero(unavailable) and not is_zero(surge):
        found.invalid((path, "maxSurge"), surge, "may not be set when maxUnavailable is non-zero")
    elif is_zero(unavailable) and is_zero(surge):
        found.required((path, "maxUnavailable"), "cannot be 0 when maxSurge is 0")


def stateful_strategy(strategy: dict, path: Path, found: Findings) -> None:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "OnDelete" and rolling is not None:
        printed = internal.struct("RollingUpdateStatefulSetStrategy", rolling)
        found.invalid((path, "rollingUpdate"), printed, "only allowed for updateStrategy 'RollingUpdate'")
    elif kind not in ("RollingUpdate", "OnDelete"):
        found.invalid(path, internal.struct("StatefulSetUpdateStrategy", strategy), "must be 'RollingUpdate' or 'OnDelete'")


def daemon_strategy(strategy: dict, path: Path, found: Findings) -> None:
    kinds = ("RollingUpdate", "OnDelete")
    if strategy.get("type") not in kinds:
        found.unsupported(path, internal.struct("DaemonSetUpdateStrategy", strategy), kinds)
