"""ValidatingAdmissionPolicy: rules of an administrator's own about every write, in CEL, with the bindings that say where they hold.

Part of Kubernetes: apiserver pkg/admission/plugin/policy/validating. Law 8: upstream's wording. Here a policy holds at once.
Leaves out: audit annotations (nobody keeps an audit log), authorizer, CONNECT, and types of what a policy sees.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

from kubelearn.api import cel
from kubelearn.api.meta import name_of
from kubelearn.api.selectors import label_selector
from kubelearn.apiserver.request import Attributes
from kubelearn.errors import ApiError

GROUP = "admissionregistration.k8s.io"
POLICIES, BINDINGS = f"validatingadmissionpolicies.{GROUP}", f"validatingadmissionpolicybindings.{GROUP}"
VARIABLES = tuple((name, "dyn") for name in ("object", "oldObject", "request", "params", "namespaceObject", "variables"))
CODES = {"Invalid": 422, "Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413}
NO_PARAMS = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"


def validate(attributes: Attributes, registry) -> None:
    """Raises the first refusal; what is only to be warned of is told."""
    bindings = registry.etcd.objects(BINDINGS)
    if not bindings or not cel.available() or attributes.resource.group == GROUP:
        return
    policies = registry.etcd.objects(POLICIES)
    for key in sorted(bindings):
        policy, binding = policies.get(("", bindings[key]["spec"]["policyName"])), bindings[key]
        if policy and _is_about(policy["spec"].get("matchConstraints") or {}, attributes, registry) \
                and _is_about(binding["spec"].get("matchResources") or {}, attributes, registry):
            for reason, text in _complaints(policy, binding, attributes, registry):
                _tell(policy, binding, attributes, reason, text)


def _tell(policy: dict, binding: dict, attributes: Attributes, reason: str, text: str) -> None:
    which = f"ValidatingAdmissionPolicy '{name_of(policy)}' with binding '{name_of(binding)}'"
    actions = binding["spec"].get("validationActions") or ()
    if "Warn" in actions:
        attributes.request.warnings.append(f"Validation failed for {which}: {text}")
    if "Deny" in actions:
        resource, message = attributes.resource, f"{which} denied request: {text}"
        details = {"name": attributes.name, "group": resource.group, "kind": resource.plural, "causes": [{"message": message}]}
        raise ApiError(CODES[reason], reason, f'{resource.name} "{attributes.name}" is forbidden: {message}',
                       {key: value for key, value in details.items() if value})


# --- what a policy is about -------------------------------------------------------------------------------------------

def _is_about(match: dict, attributes: Attributes, registry) -> bool:
    rules = match.get("resourceRules")
    if rules and not any(_covers(rule, attributes) for rule in rules) or any(_covers(r, attributes) for r in
                                                                            match.get("excludeResourceRules") or ()):
        return False
    objects = [obj for obj in (attributes.new, attributes.old) if obj]
    if match.get("objectSelector") and not any(label_selector(match["objectSelector"])(obj["metadata"].get("labels")) for obj in objects):
        return False
    namespace = objects[0] if attributes.resource.storage == "namespaces" else _namespace(attributes, registry)
    return not (match.get("namespaceSelector") and namespace) or \
        label_selector(match["namespaceSelector"])(namespace["metadata"].get("labels"))


def _covers(rule: dict, attributes: Attributes) -> bool:
    resource, part = attributes.resource, attributes.subresource
    names = ({f"{resource.plural}/{part}", f"{resource.plural}/*", f"*/{part}", "*/*"} if part else
             {resource.plural, "*", "*/*"})
    return (_listed(rule.get("apiGroups"), resource.group) and _listed(rule.get("apiVersions"), resource.version)
            and _listed(rule.get("operations"), attributes.operation) and bool(names & set(rule.get("resources") or ()))
            and rule.get("scope", "*") in ("*", "Namespaced" if resource.namespaced else "Cluster")
            and (not rule.get("resourceNames") or attributes.name in rule["resourceNames"]))


def _listed(values: list[str] | None, value: str) -> bool:
    return "*" in (values or ()) or value in (values or ())


def _namespace(attributes: Attributes, registry) -> dict | None:
    return registry.find(registry.resources.must_find("namespaces"), "", attributes.namespace) if attributes.namespace else None


# --- what it says -----------------------------------------------------------------------------------------------------

def _complaints(policy: dict, binding: dict, attributes: Attributes, registry) -> Iterator[tuple[str, str]]:
    """(reason, text) of each rule that does not hold."""
    spec = policy["spec"]
    for params in _params(policy, binding, attributes, registry):
        if params == NO_PARAMS:
            yield "Invalid", NO_PARAMS
            continue
        expressions = Expressions(spec, params, attributes, _namespace(attributes, registry))
        try:
            if not all(expressions.value(condition["expression"]) for condition in spec.get("matchConditions") or ()):
                continue
        except cel.Failed as error:
            if spec.get("failurePolicy", "Fail") == "Fail":
                yield "Invalid", str(error)
            continue
        for rule in spec.get("validations") or ():
            yield from _complaint(rule, expressions, spec)


def _complaint(rule: dict, expressions: Expressions, spec: dict) -> Iterator[tuple[str, str]]:
    expression, reason = rule["expression"], rule.get("reason", "Invalid")
    try:
        if expressions.value(expression) is True:
            return
    except cel.Failed as error:
        if spec.get("failurePolicy", "Fail") == "Fail":
            yield "Invalid", f"expression '{expression}' resulted in error: {error}"
        return
    text = rule.get("message") or f"failed expression: {expression.strip()}"
    if rule.get("messageExpression"):
        try:
            text = str(expressions.value(rule["messageExpression"])).strip() or text
        except cel.Failed:
            pass  # then the message stands
    yield reason, text


def _params(policy: dict, binding: dict, attributes: Attributes, registry) -> list:
    """The objects that a policy is asked with; [None] where it wants none, and NO_PARAMS for those that must be there."""
    kind, reference = policy["spec"].get("paramKind"), binding["spec"].get("paramRef")
    if not kind or not reference:
        return [None]
    resource = registry.resources.by_kind(kind["apiVersion"], kind["kind"])
    namespace = (reference.get("namespace") or attributes.namespace) if resource and resource.namespaced else ""
    found = []
    if resource and reference.get("name"):
        found = [obj for obj in [registry.find(resource, namespace, reference["name"])] if obj]
    elif resource and reference.get("selector") is not None:
        matches = label_selector(reference["selector"])
        found = [obj for obj in registry.objects(resource, namespace) if matches(obj["metadata"].get("labels"))]
    return found or ([NO_PARAMS] if reference.get("parameterNotFoundAction") == "Deny" else [])


class Expressions:
    """The expressions of one policy about one request; its variables are evaluated when one asks for them."""

    def __init__(self, spec: dict, params: dict | None, attributes: Attributes, namespace: dict | None):
        self.variables = {variable["name"]: variable["expression"] for variable in spec.get("variables") or ()}
        self.known: dict[str, object] = {}
        self.values = {"object": attributes.new, "oldObject": attributes.old, "params": params, "namespaceObject": namespace,
                       "request": _request(attributes), "variables": self.known}

    def value(self, expression: str) -> object:
        for name in re.findall(r"\bvariables\.(\w+)", expression):
            if name in self.variables and name not in self.known:
                self.known[name] = self.value(self.variables[name])
        return cel.evaluate(expression, VARIABLES, self.values)


def _request(attributes: Attributes) -> dict:
    resource, request = attributes.resource, attributes.request
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    named = {"group": resource.group, "version": resource.version, "resource": resource.plural}
    user = {"username": request.user, "groups": list(request.groups)}
    return {"kind": kind, "resource": named, "subResource": attributes.subresource, "requestKind": kind, "requestResource": named,
            "name": attributes.name, "namespace": attributes.namespace, "operation": attributes.operation, "userInfo": user,
            "dryRun": request.dry_run}
