"""Protobuf bodies say what the same JSON bodies say."""
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.apiserver import protobuf
from kubelearn.errors import ApiError


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def piece(field: int, value: bytes | str) -> bytes:
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def body(api_version: str, kind: str, raw: bytes) -> bytes:
    return b"k8s\0" + piece(1, piece(1, api_version) + piece(2, kind)) + piece(2, raw) + piece(3, "") + piece(4, "")


def test_a_typed_object_with_go_s_embedded_fields_maps_times_and_quantities():
    """Embedded structs are inlined, Go's zero values are absent, pointers to zero are kept."""
    meta = piece(1, "web") + piece(2, "") + piece(8, b"") + piece(11, piece(1, "app") + piece(2, "web")) + number(7, 0)
    port = number(3, 8080) + number(2, 0) + piece(4, "TCP")
    limits = piece(1, "cpu") + piece(2, piece(1, "500m"))
    probe = piece(1, piece(2, piece(1, "/") + piece(2, number(1, 1) + number(2, 0) + piece(3, "http")))) + number(2, 0)
    container = piece(1, "c") + piece(2, "nginx") + piece(6, port) + piece(8, piece(1, limits)) + piece(10, probe)
    volume = piece(1, "v") + piece(2, piece(19, piece(1, piece(1, "settings"))))
    spec = piece(2, container) + piece(1, volume) + number(4, 0) + number(11, 0)
    assert protobuf.decode(body("v1", "Pod", piece(1, meta) + piece(2, spec) + piece(3, b""))) == {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}}, "status": {},
        "spec": {"terminationGracePeriodSeconds": 0,
                 "containers": [{"name": "c", "image": "nginx", "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                                 "resources": {"limits": {"cpu": "500m"}},
                                 "livenessProbe": {"httpGet": {"path": "/", "port": "http"}}}],
                 "volumes": [{"name": "v", "configMap": {"name": "settings"}}]}}


def test_binary_data_becomes_base64():
    secret = piece(2, piece(1, "password") + piece(2, b"\x00hunter2"))
    assert protobuf.decode(body("v1", "Secret", secret))["data"] == {"password": "AGh1bnRlcjI="}


def test_options_have_the_group_of_what_they_are_about():
    assert protobuf.decode(body("apps/v1", "DeleteOptions", number(1, 0) + piece(4, "Orphan"))) == {
        "apiVersion": "apps/v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "propagationPolicy": "Orphan"}


def test_negative_numbers_times_and_doubles():
    raw = piece(8, number(1, 1_767_225_600))
    assert protobuf.decode(body("v1", "Namespace", piece(1, raw)))["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"
    priority = protobuf.decode(body("scheduling.k8s.io/v1", "PriorityClass", number(2, -5)))
    assert priority["value"] == -5
    assert struct.calcsize("<d") == 8


def test_unknown_fields_are_skipped_and_unknown_kinds_refused():
    assert protobuf.decode(body("v1", "ConfigMap", number(99, 7) + piece(98, "x")))["kind"] == "ConfigMap"
    with pytest.raises(ApiError, match='no kind "Nothing" is registered for version "v1"'):
        protobuf.decode(body("v1", "Nothing", b""))


@given(st.binary(max_size=80))
def test_no_bytes_do_more_than_a_400(noise):
    """Whatever comes in, it is an object or a 400."""
    for text in (noise, protobuf.MAGIC + noise, body("v1", "Pod", noise)):
        try:
            assert protobuf.decode(text)["kind"] is not None
        except ApiError as error:
            assert error.code == 400
