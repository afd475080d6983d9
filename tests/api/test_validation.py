"""Laws of validation. The texts are a real server's own."""
import copy

import pytest

from kubelearn.api import data, rules, schema
from kubelearn.api.meta import replace
from kubelearn.api.resources import Resources
from kubelearn.api.validation import validate_create, validate_update

RESOURCES = Resources()


def of(kind, spec, api_version="v1", **more):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "n"}, "spec": spec, **more}


def pod(container=None, **spec):
    return of("Pod", {"containers": [{"name": "c", "image": "nginx", **(container or {})}], **spec})


def deployment(**spec):
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    return of("Deployment", {"selector": {"matchLabels": {"a": "b"}}, "template": template, **spec}, "apps/v1")


def stored(obj):
    schema = RESOURCES.by_kind(obj["apiVersion"], obj["kind"]).schema
    return schema.default(schema.decode(obj)[0])


def errors(obj, old=None):
    resource = RESOURCES.by_kind(obj["apiVersion"], obj["kind"])
    return [str(e) for e in (validate_update(resource, obj, old) if old else validate_create(resource, obj))]


def created(obj):
    return errors(stored(obj))


@pytest.mark.parametrize("obj, found", [
    (pod(), []),
    (of("Pod", {}), ["spec.containers: Required value"]),
    (pod({"name": ""}), ["spec.containers[0].name: Required value"]),
    (pod({"ports": [{"containerPort": 99999}]}),
     ["spec.containers[0].ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive"]),
    (pod({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}),
     ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1']),
    (pod({"imagePullPolicy": "Maybe", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}, restartPolicy="Sometimes"),
     ['spec.containers[0].volumeMounts[0].name: Not found: "v"',
      'spec.containers[0].imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never"',
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"']),
    (pod({"livenessProbe": {"httpGet": {"path": "/"}}}),
     ["spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive"]),
    (pod(tolerations=[{"operator": "Equal"}]),
     ['spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values '
      'and all keys"']),
    (deployment(selector={"matchLabels": {"a": "x"}}),
     ['spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`']),
    (deployment(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
     ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"]),
    (deployment(strategy={"type": "Sideways", "rollingUpdate": {}}),
     ['spec.strategy: Unsupported value: {"Type":"Sideways","RollingUpdate":{"MaxUnavailable":"25%","MaxSurge":"25%"}}: supported values: '
      '"Recreate", "RollingUpdate"']),
    (of("Service", {"ports": [{"port": 80}, {"port": 81}]}), ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"]),
    (of("Ingress", {"rules": [{"http": {"paths": [{"backend": {}}]}}]}, "networking.k8s.io/v1"),
     ["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"]),
])
def test_what_is_wrong_is_said_in_upstreams_words_and_order(obj, found):
    assert created(obj) == found


@pytest.mark.parametrize("schedule, text", [
    ("every day", "expected exactly 5 fields, found 2: [every day]"),
    ("99 * * * *", "end of range (99) above maximum (59): 99"),
    ("*/0 * * * *", "step of range should be a positive number: */0"),
    ("@foo", "unrecognized descriptor: @foo"), ("*/5 9-17 * jan mon", ""),
])
def test_schedules(schedule, text):
    job = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}}}}
    cron_job = of("CronJob", {"schedule": schedule, "jobTemplate": job}, "batch/v1")
    assert created(cron_job) == ([f'spec.schedule: Invalid value: "{schedule}": {text}'] if text else [])


@pytest.mark.parametrize("path, value, found", [
    ("spec.selector", {"matchLabels": {"a": "b", "c": "d"}}, True), ("spec.replicas", 3, False), ("spec.paused", True, False)])
def test_a_selector_is_immutable_and_a_count_is_not(path, value, found):
    old = stored(deployment())
    new = replace(old, tuple(path.split(".")), value)
    assert any("field is immutable" in error for error in errors(new, old)) == found


def test_a_pod_may_change_its_image_and_little_else():
    old = stored(pod(terminationGracePeriodSeconds=30))
    container = old["spec"]["containers"][0]
    image = replace(old, ("spec", "containers"), [{**container, "image": "nginx:2"}])
    command = replace(old, ("spec", "containers"), [{**container, "command": ["x"]}])
    assert errors(image, old) == []
    [text] = errors(command, old)
    assert text.startswith("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,")
    assert '\n-   "Command": null,\n+   "Command": [\n+    "x"\n+   ],\n    "Args": null,' in text
    assert errors(replace(old, ("spec", "containers"), [container, {**container, "name": "d"}]), old) == [
        "spec.containers: Forbidden: pod updates may not add or remove containers"]


def test_a_claim_may_grow_once_it_is_bound():
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    old = replace(stored(of("PersistentVolumeClaim", spec)), ("status",), {"phase": "Bound", "capacity": {"storage": "1Gi"}})
    size = ("spec", "resources", "requests", "storage")
    assert errors(replace(old, size, "2Gi"), old) == []
    assert errors(replace(old, size, "1Mi"), old) == [
        "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"]


def test_a_stateful_sets_claims_are_volumes_of_its_pods():
    mount = [{"name": "data", "mountPath": "/data"}]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i", "volumeMounts": mount}]}}
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    assert created(of("StatefulSet", {**spec, "volumeClaimTemplates": [claim]}, "apps/v1")) == []
    assert created(of("StatefulSet", spec, "apps/v1")) == ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"']


def test_a_volume_that_goes_is_missed_by_a_container_that_stays():
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"volumes": [{"name": "v"}], "containers": [
        {"name": "c", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]}}
    old = stored(deployment(template=template))
    new = replace(old, ("spec", "template", "spec", "volumes"), [])
    assert errors(old) == [] and errors(new, old) == ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "v"']


def test_validation_modifies_nothing_and_finds_the_same_again():
    obj = stored(pod({"image": ""}))
    before = copy.deepcopy(obj)
    assert errors(obj) == errors(obj) == ["spec.containers[0].image: Required value"] and obj == before


def test_every_word_of_the_tables_has_a_meaning():
    """A rule names fields that its definition has and functions that there are."""
    definitions = {schema.of(name).short: schema.of(name) for name in data.schema()}
    for short, lines in rules.table().items():
        for key, text in lines:
            assert key.partition(".")[0] in ("!", *definitions[short].fields), (short, key)
            checks, *condition = text.split("  if ")
            assert len(rules.checks_of(checks)) == len(rules.WORD.findall(checks))
            asked = [rules.CONDITION.fullmatch(part) for word in condition for part in word.split(" and ")]
            named = {name.partition(".")[0] for found in asked for name in found[2].split("|")}
            assert named <= {*definitions[short].fields}, (short, text)
    assert {resource.storage for resource in RESOURCES} >= data.sections("updates").keys()
    for storage, lines in data.sections("updates").items():
        assert all(rules.of_resource(storage, moment) for moment, _ in lines)
