"""Laws of the one walk: decoding, defaults, and what they share."""
import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.api import data, schema
from kubelearn.api.decode import DECODING
from kubelearn.api.defaulting import DEFAULTING
from kubelearn.api.validation import VALIDATION
from kubelearn.errors import ApiError

POD, DEPLOYMENT = schema.of_kind("v1", "Pod"), schema.of_kind("apps/v1", "Deployment")
names = st.sampled_from(["a", "b", "c"])
containers = st.fixed_dictionaries({"name": names, "image": st.sampled_from(["nginx", "nginx:1.25", "busybox@sha256:0"])}, optional={
    "ports": st.lists(st.fixed_dictionaries({"containerPort": st.integers(1, 99)}), max_size=2),
    "env": st.lists(st.fixed_dictionaries({"name": names, "value": names}), max_size=2),
    "resources": st.fixed_dictionaries({"limits": st.fixed_dictionaries({"cpu": st.sampled_from(["1", "0.5", "100m"])})}),
    "livenessProbe": st.just({"httpGet": {"port": 80}}), "imagePullPolicy": st.sampled_from(["Always", "Never"])})
pods = st.builds(lambda c, v: {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": c, "volumes": v}},
                 st.lists(containers, min_size=1, max_size=2), st.lists(st.fixed_dictionaries({"name": names}), max_size=2))


def pod(**container):
    spec = {"containers": [{"name": "c", "image": "i", **container}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


@given(pods)
def test_decoding_and_defaults_are_idempotent_and_modify_nothing(obj):
    before = copy.deepcopy(obj)
    decoded, complaints = POD.decode(obj)
    full = POD.default(decoded)
    assert obj == before and complaints == []
    assert POD.decode(full)[0] is full and POD.default(full) is full


@given(pods)
def test_what_is_the_same_as_before_is_returned_itself(obj):
    old = POD.default(POD.decode(obj)[0])
    new = {**old, "status": {"phase": "Running"}}
    assert POD.decode(new, old)[0] is new and POD.default(new, old) is new and POD.default(new, old)["spec"] is old["spec"]


def test_pods_of_one_template_go_on_sharing_one_spec():
    template = DEPLOYMENT.default({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {}, "spec": {
        "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}})["spec"]["template"]["spec"]
    made = [POD.default(POD.decode({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": template})[0]) for name in "ab"]
    assert made[0]["spec"] is made[1]["spec"] and made[0]["spec"]["enableServiceLinks"] and "enableServiceLinks" not in template


def test_unknown_fields_and_nulls_are_dropped_and_the_unknown_named():
    obj = pod(imagee="x", command=None)
    obj["spec"]["colour"] = {"a": 1}
    decoded, complaints = POD.decode(obj)
    assert complaints == ['unknown field "spec.containers[0].imagee"', 'unknown field "spec.colour"']
    assert decoded == pod()


def test_quantities_and_times_are_stored_in_their_canonical_form():
    obj = pod(resources={"requests": {"cpu": 0.5, "memory": "1024Mi"}})
    obj["metadata"]["creationTimestamp"] = "2026-01-01T02:00:00.5+02:00"
    decoded = POD.decode(obj)[0]
    assert decoded["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"}
    assert decoded["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"


def unmarshal(found, where, wanted):
    return f"json: cannot unmarshal {found} into Go struct field {where} of type {wanted}"


@pytest.mark.parametrize("obj, text", [
    (pod(image=5), unmarshal("number", "Container.spec.containers.image", "string")),
    (pod(env=[{"name": "a", "value": True}]), unmarshal("bool", "EnvVar.spec.containers.env.value", "string")),
    (pod(args="x"), unmarshal("string", "Container.spec.containers.args", "[]string")),
    (pod(ports=[{"containerPort": 1 << 40}]),
     unmarshal(f"number {1 << 40}", "ContainerPort.spec.containers.ports.containerPort", "int32")),
    (pod(livenessProbe={"httpGet": {"port": True}}),
     unmarshal("bool", "HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port", "int32")),
    (pod(imagePullPolicy=1), unmarshal("number", "Container.spec.containers.imagePullPolicy", "v1.PullPolicy")),
    (pod(resources={"limits": {"cpu": "two"}}),
     "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
    ({**pod(), "spec": 1}, unmarshal("number", "Pod.spec", "v1.PodSpec")),
])
def test_a_wrong_type_is_refused_in_gos_words(obj, text):
    with pytest.raises(ApiError) as caught:
        POD.decode(obj)
    assert (caught.value.code, caught.value.message) == (400, f'Pod in version "v1" cannot be handled as a Pod: {text}')


def test_secrets_hold_base64():
    secret = schema.of_kind("v1", "Secret")
    with pytest.raises(ApiError, match="illegal base64 data at input byte 0"):
        secret.decode({"apiVersion": "v1", "kind": "Secret", "data": {"a": "!"}})
    assert secret.default({"stringData": {"user": "admin"}, "data": {"a": "YQ=="}})["data"] == {"a": "YQ==", "user": "YWRtaW4="}


def test_every_definition_compiles():
    """Whatever a kind holds, the three walks can be made for it."""
    for name in data.schema():
        definition = schema.of(name)
        assert callable(definition.walk(DECODING))
        assert all(walk is None or callable(walk) for walk in (definition.walk(DEFAULTING), definition.walk(VALIDATION)))
