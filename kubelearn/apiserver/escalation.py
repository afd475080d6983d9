"""Nobody grants what he does not have: the check of roles and bindings that are written.

Part of Kubernetes: pkg/registry/rbac (escalation_check.go and each policybased/storage.go) and the rule coverage of component-helpers'
auth/rbac. Law 8: upstream's wording. Who may `escalate` a role or `bind` it is not asked; nor is anybody in system:masters.
"""
from __future__ import annotations

import json
from itertools import product

from kubelearn.api.meta import name_of, namespace_of
from kubelearn.apiserver import rbac
from kubelearn.apiserver.request import Attributes
from kubelearn.errors import ApiError


def check(attributes: Attributes, registry) -> None:
    """Of a Role or ClusterRole its rules, of a binding those of the role that it refers to."""
    request, new, old = attributes.request, attributes.new, attributes.old or {}
    if not request.external or rbac.MASTERS in request.groups:
        return
    if attributes.resource.kind.endswith("Binding"):
        if all(new.get(key) == old.get(key) for key in ("roleRef", "subjects")):
            return
        missing: list[str] = []
        kind, name = new["roleRef"]["kind"], new["roleRef"]["name"]
        wanted = rbac.rules_of_binding(registry, new, missing)
        if _may(registry, attributes, "bind", f"{kind.lower()}s", name):
            return
        if missing:
            raise ApiError(404, "NotFound", missing[0].replace(".rbac", "s.rbac"))
    else:
        wanted = new.get("rules") or []
        if wanted == (old.get("rules") or []) or _may(registry, attributes, "escalate", attributes.resource.plural, name_of(new)):
            return
    held = [grant.rule for grant in rbac.grants(registry, request.user, request.groups, namespace_of(new), [])]
    lacking = [part for rule in wanted for part in _parts(rule) if not any(_covers(own, part) for own in held)]
    if lacking:
        raise _refused(attributes, sorted({_shown(rule) for rule in _compacted(lacking)}))


def _may(registry, attributes: Attributes, verb: str, resource: str, name: str) -> bool:
    action = rbac.Action(verb, "rbac.authorization.k8s.io", resource, namespace=namespace_of(attributes.new), name=name)
    return rbac.decide(registry, attributes.request.user, attributes.request.groups, action)[0]


def _refused(attributes: Attributes, lacking: list[str]) -> ApiError:
    request, name = attributes.request, name_of(attributes.new)
    groups = " ".join(json.dumps(group) for group in request.groups)
    text = (f'{attributes.resource.name} "{name}" is forbidden: user "{request.user}" (groups=[{groups}]) is attempting to grant RBAC '
            "permissions not currently held:\n" + "\n".join(lacking))
    return ApiError(403, "Forbidden", text, {"name": name, "group": attributes.resource.group, "kind": attributes.resource.plural})


def _parts(rule: dict) -> list[dict]:
    """A rule as rules of one verb and one thing each."""
    found = [{"verbs": [verb], "nonResourceURLs": [url]} for verb, url in product(rule["verbs"], rule.get("nonResourceURLs") or ())]
    for group, resource, verb in product(rule.get("apiGroups") or (), rule.get("resources") or (), rule["verbs"]):
        part = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        found += [{**part, "resourceNames": [name]} for name in rule.get("resourceNames") or ()] or [part]
    return found


def _covers(own: dict, part: dict) -> bool:
    if not _has(own["verbs"], part["verbs"][0]):
        return False
    if "nonResourceURLs" in part:
        url = part["nonResourceURLs"][0]
        return any(given == url or given.endswith("*") and url.startswith(given[:-1]) for given in own.get("nonResourceURLs") or ())
    resource, name = part["resources"][0], (part.get("resourceNames") or [""])[0]
    return (_has(own.get("apiGroups"), part["apiGroups"][0])
            and (_has(own.get("resources"), resource) or "/" in resource and f"*/{resource.partition('/')[2]}" in own.get("resources", ()))
            and (not own.get("resourceNames") or name in own["resourceNames"]))


def _has(given: list[str] | None, value: str) -> bool:
    return "*" in (given or ()) or value in (given or ())


def _compacted(parts: list[dict]) -> list[dict]:
    """The parts about one thing as one rule with all their verbs."""
    found: dict[str, dict] = {}
    for part in parts:
        key = json.dumps({name: value for name, value in part.items() if name != "verbs"})
        found[key] = {**part, "verbs": [*found.get(key, {"verbs": []})["verbs"], *part["verbs"]]}
    return list(found.values())


FIELDS = (("APIGroups", "apiGroups"), ("Resources", "resources"), ("NonResourceURLs", "nonResourceURLs"),
          ("ResourceNames", "resourceNames"), ("Verbs", "verbs"))


def _shown(rule: dict) -> str:
    def listed(values: list[str]) -> str:
        return ", ".join(json.dumps(value) for value in values)
    return "{" + ", ".join(f"{word}:[{listed(rule[key])}]" for word, key in FIELDS if key in rule) + "}"
