"""What the API server itself fills in for each kind, before validation: first statuses, addresses, names of one's own.

Part of Kubernetes: the strategies in pkg/registry/*/*/strategy.go (PrepareForCreate, PrepareForUpdate) and the allocators of
pkg/registry/core/service. Law 9: a kind without an entry here needs none.
Leaves out: dual-stack services, allocation bitmaps (what is taken is read from the services themselves).
"""
from __future__ import annotations

import ipaddress

from kubelearn import errors
from kubelearn.api import fields
from kubelearn.api.defaults import labels_of_template
from kubelearn.api.findings import Findings
from kubelearn.api.resources import Resource
from kubelearn.api.rules.services import needs_health_check
from kubelearn.api.usage import qos_class

EXTERNAL = ("NodePort", "LoadBalancer")


def prepare_for_create(registry, resource: Resource, obj: dict) -> dict:
    """obj as it would be stored, but for validation; shares what it does not change."""
    if "status" in resource.subresources and resource.facts.get("status") != "kept":
        obj = {key: value for key, value in obj.items() if key != "status"}
        if resource.first_status is not None:
            obj["status"] = resource.first_status
    prepare = CREATE.get(resource.kind)
    return prepare(registry, obj) if prepare else obj


def prepare_for_update(registry, resource: Resource, obj: dict, old: dict, subresource: str) -> dict:
    if subresource in ("status", "finalize"):
        return obj
    prepare = UPDATE.get(resource.kind)
    return prepare(registry, obj, old) if prepare else obj


# --- pods ---------------------------------------------------------------------------------------------------------

def pod(registry, obj: dict) -> dict:
    status = {"phase": "Pending", "qosClass": qos_class(obj["spec"])}
    if obj["spec"].get("schedulingGates"):
        status["conditions"] = [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "lastProbeTime": None,
                                 "lastTransitionTime": registry.clock.timestamp(),
                                 "message": "Scheduling is blocked due to non-empty scheduling gates"}]
    return {**obj, "status": status}


# --- services -----------------------------------------------------------------------------------------------------

def service(registry, obj: dict, old: dict | None = None) -> dict:
    """An update keeps the address that a service has, and drops what belonged to the type that it had."""
    before = (old or {}).get("spec", {})
    spec = _without_leftovers(obj["spec"], before)
    if spec.get("type") == "ExternalName":
        return {**obj, "spec": {**spec, "clusterIPs": [spec["clusterIP"]]} if spec.get("clusterIP") else spec}
    if not spec.get("clusterIP") and before.get("clusterIP") and before.get("type") != "ExternalName":
        spec["clusterIP"], spec["clusterIPs"] = before["clusterIP"], before.get("clusterIPs")
    if spec.get("clusterIP"):
        same = spec["clusterIP"] == before.get("clusterIP") or spec.get("clusterIPs") != before.get("clusterIPs")
        spec["clusterIPs"] = same and spec.get("clusterIPs") or [spec["clusterIP"]]  # who changes the one field means both
    if spec.get("ports") and before.get("type") in EXTERNAL and not _wants_node_ports(spec):
        spec["ports"] = [{key: value for key, value in port.items() if key != "nodePort"} for port in spec["ports"]]
    return {**obj, "spec": _allocated(registry, obj, spec, before)}


def _allocated(registry, obj: dict, spec: dict, before: dict) -> dict:
    """With the cluster address and node ports that are the service's own; before anybody looks whether the rest is right."""
    if not spec.get("clusterIP"):
        spec["clusterIP"] = _free_address(registry)
        spec["clusterIPs"] = [spec["clusterIP"]]
    elif spec["clusterIP"] != "None" and not before.get("clusterIP"):  # a change of it is refused by validation
        _claim_address(registry, obj, spec["clusterIP"])
    _families(obj, spec)
    if spec.get("ports") and _wants_node_ports(spec):
        spec["ports"] = _with_node_ports(registry, obj, spec["ports"], before)
    if needs_health_check(spec) and not spec.get("healthCheckNodePort"):
        taken = _taken_ports(registry, obj) | {port.get("nodePort") for port in spec["ports"]}
        spec["healthCheckNodePort"] = before.get("healthCheckNodePort") or _node_port(registry, obj, 0, None, taken)
    return spec


def _families(obj: dict, spec: dict) -> None:
    """Which families of addresses it has, of the one that there is. Upstream: initIPFamilyFields."""
    by_hand = spec["clusterIP"] == "None" and not spec.get("selector")  # its addresses are its author's
    policy = spec.setdefault("ipFamilyPolicy", "RequireDualStack" if by_hand else "SingleStack")
    families = spec.setdefault("ipFamilies", ["IPv4"])
    if by_hand and len(families) == 1 and policy != "SingleStack":
        spec["ipFamilies"] = families + ["IPv6" if families == ["IPv4"] else "IPv4"]
    if by_hand:
        return
    found = Findings()
    if policy == "RequireDualStack":
        found.invalid(fields.path_of("spec", "ipFamilyPolicy"), policy, "this cluster is not configured for dual-stack services")
    for index, family in enumerate(families):
        if family == "IPv6":
            found.invalid(fields.path_of("spec", "ipFamilies", index), family, "not configured on this cluster")
    if found:
        raise errors.invalid("Service", obj["metadata"]["name"], found)


def _wants_node_ports(spec: dict) -> bool:
    return spec.get("type") == "NodePort" or spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False


def _without_leftovers(spec: dict, before: dict) -> dict:
    """A copy without the fields of the type that it had, where its author left them as they were. dropTypeDependentFields."""
    was, now = before.get("type"), spec.get("type")
    gone = ["externalTrafficPolicy"] if was in EXTERNAL and now not in EXTERNAL else []
    gone += ["allocateLoadBalancerNodePorts", "loadBalancerClass"] if was == "LoadBalancer" != now else []
    gone += ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] if now == "ExternalName" != was else []
    gone += ["healthCheckNodePort"] if needs_health_check(before) and not needs_health_check(spec) else []
    return {key: value for key, value in spec.items() if key not in gone or value != before.get(key)}


def _services(registry) -> list[dict]:
    return list(registry.etcd.objects("services").values())


def _free_address(registry) -> str:
    taken = {service["spec"].get("clusterIP") for service in _services(registry)}
    network = ipaddress.ip_network(registry.service_cidr)
    while (address := str(network[registry.random.randrange(256, network.num_addresses - 1)])) in taken:
        continue
    return address


def _claim_address(registry, obj: dict, address: str) -> None:
    def refuse(text: str):
        raise errors.invalid("Service", obj["metadata"]["name"], [fields.invalid(fields.path_of("spec.clusterIPs"), [address], text)])
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return  # validation says so
    if parsed not in ipaddress.ip_network(registry.service_cidr):
        refuse(f"failed to allocate IP {address}: the provided network does not match the current range")
    if any(address == other["spec"].get("clusterIP") for other in _services(registry)):
        refuse(f"failed to allocate IP {address}: provided IP is already allocated")


def _taken_ports(registry, obj: dict) -> set[int]:
    """Of all other services."""
    others = [service["spec"] for service in _services(registry) if service["metadata"]["uid"] != obj["metadata"]["uid"]]
    ports = {port.get("nodePort") for spec in others for port in spec.get("ports") or ()}
    return ports | {spec.get("healthCheckNodePort") for spec in others}


def _with_node_ports(registry, obj: dict, ports: list[dict], before: dict) -> list[dict]:
    """One port of two protocols has one node port. Upstream: initNodePorts."""
    own = {(port.get("protocol"), port["port"]): port.get("nodePort") for port in before.get("ports") or []}
    taken, result = _taken_ports(registry, obj), []
    given = {port["port"]: port["nodePort"] for port in ports if port.get("nodePort")}
    for index, port in enumerate(ports):
        number = port.get("nodePort") or own.get((port.get("protocol"), port["port"])) or given.get(port["port"])
        number = _node_port(registry, obj, index, number, taken if number else taken | set(given.values()))
        given[port["port"]] = number
        result.append({**port, "nodePort": number})
    return result


def _node_port(registry, obj: dict, index: int, number: int | None, taken: set[int]) -> int:
    allowed = registry.node_ports
    if not number:
        while (number := registry.random.randrange(allowed.start + 86, allowed.stop)) in taken:
            continue
        return number
    text = "provided port is already allocated" if number in taken else None if number in allowed else \
        f"provided port is not in the valid range. The range of valid ports is {allowed.start}-{allowed.stop - 1}"
    if text:
        path = fields.path_of(f"spec.ports[{index}].nodePort")
        raise errors.invalid("Service", obj["metadata"]["name"], [fields.invalid(path, number, text)])
    return number


# --- the rest -----------------------------------------------------------------------------------------------------

def namespace(registry, obj: dict, old: dict | None = None) -> dict:
    """What holds its end back is for its subresource finalize to say."""
    return {**obj, "spec": (old or {}).get("spec") or {"finalizers": ["kubernetes"]}}


def persistent_volume(registry, obj: dict) -> dict:
    return {**obj, "status": {"phase": "Pending", "lastPhaseTransitionTime": registry.clock.timestamp()}}


def custom_resource_definition(registry, obj: dict) -> dict:
    stored = [version["name"] for version in obj["spec"].get("versions") or () if version.get("storage")]
    return {**obj, "status": {"acceptedNames": {"kind": "", "plural": ""}, "storedVersions": stored}}


def job(registry, obj: dict) -> dict:
    """A Job selects its pods by its own uid, unless its author chose the selector. batch/job/strategy.go generateSelector."""
    spec, metadata = obj["spec"], obj["metadata"]
    if spec.get("manualSelector"):
        return obj
    template = spec["template"]
    uid, name = metadata["uid"], metadata["name"]
    labels = {**((template.get("metadata") or {}).get("labels") or {}), "controller-uid": uid, "job-name": name,
              "batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name}
    template = {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}}
    selector = spec.get("selector") or {}
    selector = {**selector, "matchLabels": {"batch.kubernetes.io/controller-uid": uid, **(selector.get("matchLabels") or {})}}
    return labels_of_template({**obj, "spec": {**spec, "selector": selector, "template": template}})


def daemon_set(registry, obj: dict, old: dict | None = None) -> dict:
    """Counts the changes of the template in an annotation that older clients read. apps/daemonset/strategy.go."""
    key = "deprecated.daemonset.template.generation"
    count = int((old or obj)["metadata"].get("annotations", {}).get(key, 0 if old is None else 1)) or 1
    if old is not None and obj["spec"]["template"] != old["spec"]["template"]:
        count += 1
    metadata = obj["metadata"]
    return {**obj, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), key: str(count)}}}


CREATE = {"Pod": pod, "Service": service, "Namespace": namespace, "Job": job, "DaemonSet": daemon_set,
          "PersistentVolume": persistent_volume, "CustomResourceDefinition": custom_resource_definition}
UPDATE = {"Service": service, "Namespace": namespace, "DaemonSet": daemon_set,
          "CertificateSigningRequest": lambda registry, obj, old: {**obj, "spec": old["spec"]}}
