"""Laws of CEL in definitions and policies: what is refused, in upstream's words; what is not asked."""
import pytest

from kubelearn.api import cel, customschema
from kubelearn.api.findings import Findings
from kubelearn.cluster import Cluster
from kubelearn.errors import ApiError

pytest.importorskip("cel_expr_python")
SELF = (("self", "dyn"),)
SCHEMA = {"type": "object", "properties": {"spec": {
    "type": "object", "x-kubernetes-validations": [{"rule": "self.min <= self.max", "message": "min above max"}],
    "properties": {"min": {"type": "integer"}, "max": {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf"}]}}}}}
POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}]}
  variables: [{name: wanted, expression: object.spec.replicas}]
  validations: [{expression: variables.wanted <= 3, messageExpression: "string(variables.wanted) + ' are too many'"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: few}
spec: {policyName: few, validationActions: [ACTION], matchResources: {namespaceSelector: {matchLabels: {few: "yes"}}}}
"""


@pytest.mark.parametrize(("expression", "value"), [
    ("self.?none.orValue(3)", 3), ("self.names.all(n, n.startsWith('x'))", True),
    ("quantity('1Gi').isGreaterThan(quantity('900Mi'))", True),
    ("url('https://a.b:8/c').getHost()", "a.b:8"),
    ("self.names.isSorted() && [1, 2].sum() == 3", True), ("'a1b2'.findAll('[0-9]')", ["1", "2"])])
def test_the_language_and_what_kubernetes_adds(expression, value):
    assert cel.evaluate(expression, SELF, {"self": {"names": ["x1", "x2"]}}) == value


@pytest.mark.parametrize(("expression", "words"), [
    ("self.none", "no such key: none"), ("1 / 0", "division by zero"), ("other.x", "1:1: undeclared reference to 'other'")])
def test_failures_have_the_words_of_cel_go(expression, words):
    with pytest.raises(cel.Failed, match=words):
        cel.evaluate(expression, SELF, {"self": {}})


def refusals(new, old=None):
    definition = {"spec": {"names": {"kind": "Thing"}}}
    schema = customschema.compile(definition, {"name": "v1", "schema": {"openAPIV3Schema": SCHEMA}})
    schema.check({"metadata": {}, "spec": new}, {"metadata": {}, "spec": old} if old else None, found := Findings())
    return [f"{error.field}: {error.text}" for error in found]


def test_rules_of_a_definition_are_asked_where_they_stand():
    assert refusals({"min": 3, "max": 2}) == ["spec: Invalid value: min above max"]
    assert refusals({"min": 1, "max": 2}, {"min": 1, "max": 3}) == ["spec.max: Invalid value: 2: failed rule: self >= oldSelf"]
    assert refusals({"min": 1, "max": 2}) == []  # a rule about oldSelf has nothing to say of a new object


def test_rules_wait_until_the_object_has_its_types():
    assert refusals({"min": 3, "max": "x"})[-1].startswith("<nil>: Invalid value: null: some validation rules were not checked")


@pytest.mark.parametrize("action", ["Deny", "Warn"])
def test_a_policy_holds_where_its_binding_says(action):
    cluster = Cluster(nodes=1, serve=False)
    cluster.apply(POLICY.replace("ACTION", action))
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "strict", "labels": {"few": "yes"}}})
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    many = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "many"},
            "spec": {"replicas": 4, "selector": {"matchLabels": {"a": "b"}}, "template": template}}
    cluster.apply(many)
    strict = {**many, "metadata": {"name": "many", "namespace": "strict"}}
    if action == "Warn":
        assert cluster.apply(strict)
        return
    with pytest.raises(ApiError, match="ValidatingAdmissionPolicy 'few' with binding 'few' denied request: 4 are too many") as refused:
        cluster.apply(strict)
    assert refused.value.code == 422
