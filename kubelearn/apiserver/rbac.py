"""Who may do what: Roles, ClusterRoles, their bindings, and the reviews by which one asks.

Part of Kubernetes: plugin/pkg/auth/authorizer/rbac and pkg/registry/authorization, pkg/registry/authentication. Law 8: the
wording of a refusal is upstream's. system:masters may do everything; in process nobody asks, only the HTTP edge does.
Leaves out: the node authorizer's own rules (nodes are trusted), webhooks. That one grants no more than one has: escalation.py.
"""
from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from kubelearn import errors
from kubelearn.api import fields, internal, selectors
from kubelearn.api.resources import Resource
from kubelearn.apiserver.request import Request
from kubelearn.errors import ApiError

ADMIN, CREDENTIAL = b"kubernetes-admin", "authentication.kubernetes.io/credential-id"  # his kubeconfig holds a certificate elsewhere
MASTERS = "system:masters"
ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Action:
    """What someone wants to do: with a resource, or (path) with an address that is no resource."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """One rule that a binding gives to a user."""

    rule: dict
    binding: dict
    subject: dict

    def __str__(self) -> str:
        role, namespace, kind = self.binding["roleRef"], self.binding["metadata"].get("namespace"), self.binding["kind"]
        subject = self.subject
        who = f"{subject['name']}/{subject.get('namespace') or namespace}" if subject["kind"] == "ServiceAccount" else subject["name"]
        name = f"{self.binding['metadata']['name']}/{namespace}" if namespace else self.binding["metadata"]["name"]
        return f'{kind} "{name}" of {role["kind"]} "{role["name"]}" to {subject["kind"]} "{who}"'


def groups_of(user: str) -> tuple[str, ...]:
    """The groups of a user who is known by name only; a service account's name tells its groups."""
    if not user.startswith(ACCOUNT):
        return ("system:authenticated",)
    return ("system:serviceaccounts", f"system:serviceaccounts:{user[len(ACCOUNT):].partition(':')[0]}", "system:authenticated")


def authorize(registry, user: str, groups: tuple[str, ...], action: Action) -> None:
    """Raises ApiError (403, upstream's wording) unless a binding allows it."""
    allowed, reason = decide(registry, user, groups, action)
    if not allowed:
        raise _forbidden(user, action, reason)


def decide(registry, user: str, groups: tuple[str, ...], action: Action) -> tuple[bool, str]:
    """(allowed, why): why names the binding that allows it, or what could not be resolved."""
    if MASTERS in groups:
        return True, ""
    missing: list[str] = []
    for grant in grants(registry, user, groups, action.namespace, missing):
        if _allows(grant.rule, action):
            return True, f"RBAC: allowed by {grant}"
    return False, f"rbac: RBAC: {missing[0] if len(missing) == 1 else '[' + ', '.join(missing) + ']'}" if missing else ""


def _forbidden(user: str, action: Action, reason: str) -> ApiError:
    if action.path:
        text, subject, details = f'User "{user}" cannot {action.verb} path "{action.path}"', "forbidden", {}
    else:
        resource = f"{action.resource}/{action.subresource}" if action.subresource else action.resource
        where = f'in the namespace "{action.namespace}"' if action.namespace else "at the cluster scope"
        text = f'User "{user}" cannot {action.verb} resource "{resource}" in API group "{action.group}" {where}'
        qualified = f"{action.resource}.{action.group}" if action.group else action.resource
        subject = f'{qualified} "{action.name}" is forbidden' if action.name else f"{qualified} is forbidden"
        details = {"kind": action.resource, "group": action.group, "name": action.name}
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    message = f"{subject}: {text}: {reason}" if reason else f"{subject}: {text}"
    return ApiError(403, "Forbidden", message, {key: value for key, value in details.items() if value})


# --- rules --------------------------------------------------------------------------------------------------------

def grants(registry, user: str, groups: tuple[str, ...], namespace: str, missing: list[str]) -> Iterator[Grant]:
    """Every rule that this user has, everywhere or in this namespace; roles that are not there go to `missing`."""
    bindings = registry.objects(registry.resources.find("ClusterRoleBinding"))
    if namespace:
        bindings = [*bindings, *registry.objects(registry.resources.find("RoleBinding"), namespace)]
    for binding in bindings:
        subject = next((s for s in binding.get("subjects") or () if _is(s, user, groups, binding)), None)
        if subject:
            for rule in rules_of_binding(registry, binding, missing):
                yield Grant(rule, binding, subject)


def _is(subject: dict, user: str, groups: tuple[str, ...], binding: dict) -> bool:
    match subject["kind"]:
        case "User":
            return subject["name"] == user
        case "Group":
            return subject["name"] in groups
    namespace = subject.get("namespace") or binding["metadata"].get("namespace", "")
    return user == f"{ACCOUNT}{namespace}:{subject['name']}"


def rules_of_binding(registry, binding: dict, missing: list[str]) -> list[dict]:
    """Those of the role that a binding refers to; one that is not there goes to `missing`."""
    reference = binding["roleRef"]
    namespace = binding["metadata"].get("namespace", "") if reference["kind"] == "Role" else ""
    role = registry.find(registry.resources.find(reference["kind"]), namespace, reference["name"])
    if role is None:
        missing.append(f'{reference["kind"].lower()}.rbac.authorization.k8s.io "{reference["name"]}" not found')
        return []
    return rules_of(registry, role)


def rules_of(registry, role: dict) -> list[dict]:
    """A role's rules; an aggregated ClusterRole's are those of the roles that it selects."""
    chosen = (role.get("aggregationRule") or {}).get("clusterRoleSelectors")
    if not chosen:
        return role.get("rules") or []
    wanted = [selectors.label_selector(selector) for selector in chosen]
    parts = [other for other in registry.objects(registry.resources.find("ClusterRole"))
             if other is not role and any(matches(other["metadata"].get("labels")) for matches in wanted)]
    return [rule for part in parts for rule in part.get("rules") or ()] or role.get("rules") or []


def _allows(rule: dict, action: Action) -> bool:
    if not _covers(rule.get("verbs"), action.verb):
        return False
    if action.path:
        return any(url in ("*", action.path) or url.endswith("*") and action.path.startswith(url.rstrip("*"))
                   for url in rule.get("nonResourceURLs") or ())
    resource = f"{action.resource}/{action.subresource}" if action.subresource else action.resource
    listed = rule.get("resources") or ()
    return (_covers(rule.get("apiGroups"), action.group)
            and (_covers(listed, resource) or bool(action.subresource) and f"*/{action.subresource}" in listed)
            and (not rule.get("resourceNames") or action.name in rule["resourceNames"]))


def _covers(listed: list[str] | None, value: str) -> bool:
    return bool(listed) and ("*" in listed or value in listed)


# --- reviews: resources that are answered and not stored ----------------------------------------------------------

def review(registry, resource: Resource, namespace: str, obj: dict, request: Request) -> dict:
    """The posted review with its status."""
    answer = REVIEWS[resource.plural](registry, obj.get("spec") or {}, namespace, request)
    made = {"creationTimestamp": registry.clock.timestamp()} if resource.plural == "selfsubjectreviews" else {}
    metadata = {**made, **(obj.get("metadata") or {})}
    return {**obj, "kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata, "status": answer}


def _self_access(registry, spec: dict, namespace: str, request: Request) -> dict:
    return _access(registry, request.user, request.groups, spec)


def _subject_access(registry, spec: dict, namespace: str, request: Request) -> dict:
    return _access(registry, spec.get("user", ""), tuple(spec.get("groups") or ()), spec)


def _access(registry, user: str, groups: tuple[str, ...], spec: dict) -> dict:
    asked, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (asked is None) == (path is None):
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise errors.invalid("", "", [fields.invalid(fields.path_of("spec"), internal.printed("NonResourceAttributes", path), text)])
    if not user and not groups:
        text = "at least one of user or group must be specified"
        raise errors.invalid("", "", [fields.invalid(fields.path_of("spec", "user"), "", text)])
    if asked is not None:
        action = Action(asked.get("verb", ""), asked.get("group", ""), asked.get("resource", ""), asked.get("subresource", ""),
                        asked.get("namespace", ""), asked.get("name", ""))
    else:
        action = Action(path.get("verb", ""), path=path.get("path", "/"))
    allowed, reason = decide(registry, user, groups, action)
    return {"allowed": allowed, **({"reason": reason} if reason else {})}


def _self_rules(registry, spec: dict, namespace: str, request: Request) -> dict:
    found = [grant.rule for grant in grants(registry, request.user, request.groups, spec.get("namespace", ""), [])]
    if MASTERS in request.groups and not found:
        found = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, {"verbs": ["*"], "nonResourceURLs": ["*"]}]
    resource = [{key: rule[key] for key in ("verbs", "apiGroups", "resources", "resourceNames") if rule.get(key)}
                for rule in found if rule.get("resources")]
    other = [{key: rule[key] for key in ("verbs", "nonResourceURLs")} for rule in found if rule.get("nonResourceURLs")]
    return {"resourceRules": resource, "nonResourceRules": other, "incomplete": False}


def _who_am_i(registry, spec: dict, namespace: str, request: Request) -> dict:
    extra = {"extra": {CREDENTIAL: [f"X509SHA256={hashlib.sha256(ADMIN).hexdigest()}"]}} if request.user == ADMIN.decode() else {}
    return {"userInfo": {"username": request.user, "groups": list(request.groups), **extra}}


def _token(registry, spec: dict, namespace: str, request: Request) -> dict:
    user = registry.tokens.get(spec.get("token", ""))
    if user is None:
        return {"user": {}, "error": "invalid bearer token"}
    return {"authenticated": True, "user": {"username": user, "groups": list(groups_of(user))}}


REVIEWS = {
    "selfsubjectaccessreviews": _self_access, "subjectaccessreviews": _subject_access, "localsubjectaccessreviews": _subject_access,
    "selfsubjectrulesreviews": _self_rules, "selfsubjectreviews": _who_am_i, "tokenreviews": _token,
}
