"""PodSecurity: the pod security standards, by the labels of a namespace.

Part of Kubernetes: pod-security-admission (admission and policy). pod-security.kubernetes.io/enforce refuses pods, .../warn
warns about pods and about what makes pods. Law 8: the wording is upstream's.
Leaves out: audit (there is no audit log), versions older than the newest, Windows, annotations that fields have replaced.
"""
from __future__ import annotations

import re

from kubelearn import errors
from kubelearn.api import fields
from kubelearn.api.meta import get, labels_of
from kubelearn.apiserver.admission.podstandards import broken_rules, violations
from kubelearn.apiserver.request import Attributes

PREFIX = "pod-security.kubernetes.io/"
MODES, VERSION = ("enforce", "audit", "warn"), re.compile(r"latest|v1\.\d+")
LEVELS = ("privileged", "baseline", "restricted")


def validate(attributes: Attributes, store) -> None:
    """403 for a pod that the namespace's enforce level forbids; a warning where only its warn level does."""
    labels, pod = _labels(attributes, store), attributes.new
    level, name = _level(labels, "enforce")
    broken = violations(pod["spec"], level)
    if broken:
        raise errors.forbidden(attributes.resource.name, attributes.name, f'violates PodSecurity "{name}": {broken}')
    _warn(attributes, labels, pod["spec"])


def warn(attributes: Attributes, store) -> None:
    """Warns about a Deployment and its like whose pods would violate the namespace's warn level."""
    path = attributes.resource.pod_template
    spec = get(attributes.new, (*path, "spec")) if path else None
    if spec:
        _warn(attributes, _labels(attributes, store), spec)


def _warn(attributes: Attributes, labels: dict, spec: dict) -> None:
    level, name = _level(labels, "warn")
    broken = violations(spec, level)
    if broken:
        attributes.request.warnings.append(f'would violate PodSecurity "{name}": {broken}')


def check_labels(attributes: Attributes, store) -> None:
    """422 where a namespace's label names no level, or no version."""
    old, found = labels_of(attributes.old) if attributes.old else {}, []
    for key, value in labels_of(attributes.new).items():
        mode = key.removeprefix(PREFIX)
        if mode != key and old.get(key) != value:
            if mode in MODES and value not in LEVELS:
                found.append(fields.invalid(fields.path_of(f"metadata.labels[{key}]"), value, f"must be one of {', '.join(LEVELS)}"))
            elif mode.removesuffix("-version") in MODES and mode not in MODES and not VERSION.fullmatch(value):
                found.append(fields.invalid(fields.path_of(f"metadata.labels[{key}]"), value, 'must be "latest" or "v1.x"'))
    if found:
        raise errors.invalid("Namespace", attributes.name, found)


def check_namespace(attributes: Attributes, store) -> None:
    """A new enforce level refuses nothing that is there, but says which pods it would have refused."""
    check_labels(attributes, store)
    before, after = (_level(labels_of(namespace), "enforce") for namespace in (attributes.old, attributes.new))
    if before == after or LEVELS.index(after[0]) <= LEVELS.index(before[0]):
        return
    found: dict[str, list[str]] = {}
    for pod in store.objects(store.resources.find("Pod"), attributes.name):
        reasons = ", ".join(reason for reason, _ in broken_rules(pod["spec"], after[0]))
        if reasons:
            found.setdefault(reasons, []).append(pod["metadata"]["name"])
    if found:
        attributes.request.warnings.append(
            f'existing pods in namespace "{attributes.name}" violate the new PodSecurity enforce level "{after[1]}"')
    for reasons, names in sorted(found.items(), key=lambda item: item[1][0]):
        others = f" (and {len(names) - 1} other pod{'s' if len(names) > 2 else ''})" if len(names) > 1 else ""
        attributes.request.warnings.append(f"{names[0]}{others}: {reasons}")


def _labels(attributes: Attributes, store) -> dict:
    namespace = store.find(store.resources.find("Namespace"), "", attributes.namespace)
    return labels_of(namespace) if namespace else {}


def _level(labels: dict, mode: str) -> tuple[str, str]:
    level = labels.get(PREFIX + mode, "privileged")
    level = level if level in LEVELS else "restricted"
    return level, f"{level}:{labels.get(f'{PREFIX}{mode}-version', 'latest')}"
