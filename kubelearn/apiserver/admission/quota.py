"""ResourceQuota: refuses what would take a namespace past what its quotas allow.

Part of Kubernetes: apiserver pkg/admission/plugin/resourcequota. Law 8: its wording. What is used is counted from the stored
objects at each write, so that no two writers can both take the last place; status.used is the quota controller's.
Leaves out: limited resources by configuration, scopes of anything but pods.
"""
from __future__ import annotations

from kubelearn import errors
from kubelearn.api import quantity, usage
from kubelearn.apiserver.request import Attributes


def validate(attributes: Attributes, store) -> None:
    """403 where a quota of the namespace would be exceeded, or cannot be counted."""
    if not attributes.namespace or attributes.resource.kind == "Event":
        return
    quotas = store.objects(store.resources.find("ResourceQuota"), attributes.namespace)
    for quota in quotas:
        if usage.in_scope(quota, attributes.resource, attributes.new):
            _check(quota, attributes, store)


def _check(quota: dict, attributes: Attributes, store) -> None:
    hard, name = quota["spec"].get("hard") or {}, quota["metadata"]["name"]
    if attributes.resource.name == "pods" and attributes.operation == "CREATE":
        missing = usage.not_specified(attributes.new, hard)
        if missing:
            raise errors.forbidden(attributes.resource.name, attributes.name, f"failed quota: {name}: {missing}")
    wanted = _more(attributes, hard)
    if not wanted:
        return
    used = usage.of_namespace(quota, _counted(quota, attributes.namespace, store))
    over = sorted(resource for resource, amount in wanted.items() if used[resource] + amount > quantity.parse(hard[resource]))
    if over:
        def said(numbers: dict) -> str:
            return ",".join(f"{resource}={quantity.format(numbers[resource], forms[resource])}" for resource in over)
        forms = {resource: quantity.form_of(hard[resource]) for resource in over}
        text = (f"exceeded quota: {name}, requested: {said(wanted)}, used: {said(used)}, "
                f"limited: {','.join(f'{resource}={hard[resource]}' for resource in over)}")
        raise errors.forbidden(attributes.resource.name, attributes.name, text)


def _more(attributes: Attributes, hard: dict) -> usage.Amounts:
    """What this write adds to the use of each limited resource; what shrinks or stays is not asked about."""
    after = usage.of_object(attributes.resource, attributes.new)
    before = usage.of_object(attributes.resource, attributes.old) if attributes.old else {}
    return {name: amount - before.get(name, 0) for name, amount in after.items() if name in hard and amount > before.get(name, 0)}


def _counted(quota: dict, namespace: str, store) -> list[tuple[object, dict]]:
    resources = [store.resources.find(word) for word in usage.kinds_counted(quota)]
    return [(resource, obj) for resource in resources if resource for obj in store.objects(resource, namespace)]
