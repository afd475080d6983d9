"""Laws of a container's surroundings: variables, arguments, names."""

import pytest

from kubelearn.kubelet import environment as env

POD = {
    "metadata": {"name": "me", "namespace": "shop", "uid": "u1", "labels": {"team": "blue", "app": "me"}},
    "spec": {"containers": [{"name": "main"}], "nodeName": "node-1", "serviceAccountName": "default", "enableServiceLinks": True},
    "status": {"podIP": "10.0.0.7", "hostIP": "10.1.0.1"},
}
CONFIG = {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "red"}}
SECRET = {"kind": "Secret", "metadata": {"name": "login"}, "data": {"password": "czNjcmV0"}}
ALLOCATABLE = {"cpu": "4", "memory": "8Gi"}


def source(kind: str, namespace: str, name: str) -> dict | None:
    return {("ConfigMap", "settings"): CONFIG, ("Secret", "login"): SECRET}.get((kind, name))


def variables(entries: list, env_from: list = (), services: list = ()) -> dict:
    return env.environment(POD, {"name": "main", "env": entries, "envFrom": list(env_from)}, source, services, ALLOCATABLE)


def from_key(kind: str, name: str, key: str, optional: bool = False) -> dict:
    return {"name": "X", "valueFrom": {f"{kind}KeyRef": {"name": name, "key": key, "optional": optional}}}


def test_values_come_from_config_maps_secrets_fields_and_resources():
    container = {"resources": {"limits": {"memory": "64Mi"}, "requests": {"memory": "16Mi"}}}
    assert variables([from_key("configMap", "settings", "colour")]) == {"X": "red"}
    assert variables([from_key("secret", "login", "password")]) == {"X": "s3cret"}
    assert env.field_value(POD, "metadata.labels['team']") == "blue"
    assert env.field_value(POD, "metadata.labels") == 'app="me"\nteam="blue"'
    assert env.resource_value(POD, container, {"resource": "limits.memory"}, ALLOCATABLE) == "67108864"
    assert env.resource_value(POD, container, {"resource": "requests.memory", "divisor": "1Mi"}, ALLOCATABLE) == "16"
    assert env.resource_value(POD, container, {"resource": "limits.cpu"}, ALLOCATABLE) == "4", "no limit: all of the node"


@pytest.mark.parametrize(
    "entry, text",
    [
        (from_key("configMap", "none", "x"), 'configmap "none" not found'),
        (from_key("configMap", "settings", "size"), "couldn't find key size in ConfigMap shop/settings"),
        (from_key("secret", "none", "x"), 'secret "none" not found'),
    ],
)
def test_a_missing_source_is_an_error_unless_optional(entry, text):
    with pytest.raises(env.ConfigError, match=text):
        variables([entry])
    reference = next(iter(entry["valueFrom"].values()))
    reference["optional"] = True
    assert variables([entry]) == {}


def test_env_from_takes_all_keys_with_a_prefix_and_env_wins():
    assert variables([{"name": "colour", "value": "blue"}], [{"configMapRef": {"name": "settings"}}]) == {"colour": "blue"}
    assert variables([], [{"configMapRef": {"name": "settings"}, "prefix": "P_"}]) == {"P_colour": "red"}


def test_dollar_brackets_are_replaced_by_what_is_known_so_far():
    assert variables([{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)$(NO)$$(A)"}])["B"] == "1$(NO)$(A)"


def test_services_give_variables_in_their_own_namespace_and_the_api_server_everywhere():
    def service(called: str, namespace: str, **port: object) -> dict:
        return {"metadata": {"name": called, "namespace": namespace}, "spec": {"clusterIP": "10.96.0.1", "ports": [port]}}

    services = [service("kubernetes", "default", port=443, name="https"), service("my-web", "shop", port=80), service("other", "x", port=1)]
    found = variables([], services=services)
    assert found["KUBERNETES_SERVICE_PORT_HTTPS"] == "443" and found["MY_WEB_PORT_80_TCP"] == "tcp://10.96.0.1:80"
    assert not any(name.startswith("OTHER") for name in found)


def test_hosts_and_resolver_are_as_recorded():
    assert env.hosts_file(POD, "10.0.0.7", "node-1").splitlines()[-1] == "10.0.0.7\tme"
    named = {**POD, "spec": {**POD["spec"], "hostname": "db-0", "subdomain": "db"}}
    assert env.hosts_file(named, "10.0.0.7", "node-1").splitlines()[-1] == "10.0.0.7\tdb-0.db.shop.svc.cluster.local\tdb-0"
    assert env.resolv_conf(POD, "10.1.0.1") == (
        "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
    )
    plain = {**POD, "spec": {**POD["spec"], "dnsPolicy": "None", "dnsConfig": {"nameservers": ["1.1.1.1"]}}}
    assert env.resolv_conf(plain, "10.1.0.1") == "nameserver 1.1.1.1\n"
