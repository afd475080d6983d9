"""LimitRanger: a namespace's LimitRange fills in what a pod's containers ask for, and refuses what is too small or too big.

Part of Kubernetes: plugin/pkg/admission/limitranger. Law 8: the wording of every refusal is upstream's.
"""
from __future__ import annotations

from collections.abc import Iterator

from kubelearn import errors
from kubelearn.api import usage
from kubelearn.api.quantity import milli
from kubelearn.apiserver.request import Attributes

ANNOTATION = "kubernetes.io/limit-ranger"


def with_defaults(spec: dict, ranges: list[dict]) -> tuple[dict, str]:
    """The spec with the defaults of these LimitRanges, and what was set in upstream's words ('' for nothing)."""
    said = ""
    for limit_range in ranges:
        spec, words = _filled(spec, limit_range)
        said = f"LimitRanger plugin set: {'; '.join(words)}" if words else said
    return spec, said


def _filled(spec: dict, limit_range: dict) -> tuple[dict, list[str]]:
    limits = [limit for limit in limit_range["spec"].get("limits") or () if limit["type"] == "Container"]
    default = {name: amount for limit in limits for name, amount in (limit.get("default") or {}).items()}
    request = {name: amount for limit in limits for name, amount in (limit.get("defaultRequest") or {}).items()}
    words: list[str] = []
    for group, word in (("containers", "container"), ("initContainers", "init container")):
        if spec.get(group):
            containers = [_filled_container(container, default, request, word, words) for container in spec[group]]
            if any(new is not old for new, old in zip(containers, spec[group])):
                spec = {**spec, group: containers}
    return spec, words


def _filled_container(container: dict, default: dict, request: dict, word: str, words: list[str]) -> dict:
    """A missing limit is filled first; a missing request then takes the default request."""
    resources = container.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    new_limits = {name: default[name] for name in sorted(default) if name not in limits}
    new_requests = {name: request[name] for name in sorted(request) if name not in requests}
    for added, what in ((new_requests, "request"), (new_limits, "limit")):
        if added:
            words.append(f"{', '.join(added)} {what} for {word} {container['name']}")
    if not new_limits and not new_requests:
        return container
    both = {"limits": {**limits, **new_limits}, "requests": {**requests, **new_requests}}
    return {**container, "resources": {**resources, **{key: value for key, value in both.items() if value}}}


def validate(attributes: Attributes, store) -> None:
    """403 with every complaint of every LimitRange of the namespace; the first LimitRange that has one speaks."""
    for limit_range in store.objects(store.resources.find("LimitRange"), attributes.namespace):
        found = [text for limit in limit_range["spec"].get("limits") or () for text in _complaints(limit, attributes.new)]
        if found:
            text = found[0] if len(found) == 1 else f"[{', '.join(found)}]"
            raise errors.forbidden(attributes.resource.name, attributes.name, text)


def _complaints(limit: dict, obj: dict) -> Iterator[str]:
    for requests, limits in _measured(limit["type"], obj):
        for name, least in sorted((limit.get("min") or {}).items()):
            yield from _minimum(limit["type"], name, least, requests, limits)
        for name, most in sorted((limit.get("max") or {}).items()):
            yield from _maximum(limit["type"], name, most, requests, limits)
        for name, ratio in sorted((limit.get("maxLimitRequestRatio") or {}).items()):
            yield from _ratio(limit["type"], name, ratio, requests, limits)


def _measured(kind: str, obj: dict) -> Iterator[tuple[dict, dict | None]]:
    """(requests, limits) of each thing of the limit's type in obj; limits is None where they do not count."""
    spec = obj["spec"]
    if kind == "PersistentVolumeClaim" and obj["kind"] == kind:
        yield (spec.get("resources") or {}).get("requests") or {}, None
    elif kind == "Container" and obj["kind"] == "Pod":
        for container in (*spec["containers"], *(spec.get("initContainers") or ())):
            resources = container.get("resources") or {}
            yield resources.get("requests") or {}, resources.get("limits") or {}
    elif kind == "Pod" and obj["kind"] == "Pod":
        yield usage.pod_total(spec, "requests"), usage.pod_total(spec, "limits")


def _minimum(kind: str, name: str, least: str, requests: dict, limits: dict | None) -> Iterator[str]:
    text = f"minimum {name} usage per {kind} is {least}"
    if name not in requests:
        yield f"{text}.  No request is specified"
    elif milli(requests[name]) < milli(least):
        yield f"{text}, but request is {requests[name]}"
    elif limits and name in limits and milli(limits[name]) < milli(least):
        yield f"{text}, but limit is {limits[name]}"


def _maximum(kind: str, name: str, most: str, requests: dict, limits: dict | None) -> Iterator[str]:
    text = f"maximum {name} usage per {kind} is {most}"
    if limits is None:
        if name not in requests:
            yield f"{text}.  No request is specified"
    elif name not in limits:
        yield f"{text}.  No limit is specified"
        return
    elif milli(limits[name]) > milli(most):
        yield f"{text}, but limit is {limits[name]}"
        return
    if name in requests and milli(requests[name]) > milli(most):
        yield f"{text}, but request is {requests[name]}"


def _ratio(kind: str, name: str, ratio: str, requests: dict, limits: dict | None) -> Iterator[str]:
    text = f"{name} max limit to request ratio per {kind} is {ratio}"
    request, limit = milli(requests.get(name, 0)), milli((limits or {}).get(name, 0))
    if not request:
        yield f"{text}, but no request is specified or request is 0"
    elif not limit:
        yield f"{text}, but no limit is specified or limit is 0"
    elif limit * 1000 > milli(ratio) * request:
        yield f"{text}, but provided ratio is {limit / request:f}"
