"""The EndpointSlice controller: which addresses stand behind a Service.

Law: every pod that a Service selects and that has an address is in exactly one of the Service's slices for its ports,
ready only while the pod is ready; a slice holds at most 100 endpoints.
Leaves out: IPv6, the trigger-time annotation, hints by zone for spec.trafficDistribution, a second between two syncs of a Service.
Upstream: pkg/controller/endpointslice and k8s.io/endpointslice.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable

from kubelearn.api.meta import is_deleting, key_of, labels_of, name_of
from kubelearn.api.selectors import match_labels
from kubelearn.client import Client
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.pods import is_ready, is_terminal
from kubelearn.controllers.selected import Selected

MAX_ENDPOINTS = 100
MANAGER = "endpointslice-controller.k8s.io"
SERVICE_NAME, MANAGED_BY = "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by"
HEADLESS = "service.kubernetes.io/headless"
RESERVED = (SERVICE_NAME, MANAGED_BY, HEADLESS)
ZONE = "topology.kubernetes.io/zone"

Group = tuple[list[dict], list[dict]]  # ports, endpoints


def selects_any(service: dict) -> bool:
    """A Service without a selector, or an ExternalName, looks for no pods: its endpoints, if any, are made by hand."""
    return bool(service["spec"].get("selector")) and service["spec"].get("type") != "ExternalName"


def selects(service: dict, labels: dict) -> bool:
    """Whether the Service looks for a pod with these labels."""
    return selects_any(service) and all(labels.get(key) == value for key, value in service["spec"]["selector"].items())


def part_in_services(pod: dict) -> tuple:
    """All of a pod that its Services' endpoints depend on."""
    spec = pod["spec"]
    return has_address(pod) and pod["status"]["podIP"], is_ready(pod), is_deleting(pod), spec.get("nodeName"), labels_of(pod)


def has_address(pod: dict) -> bool:
    """Whether a pod can be an endpoint at all: it has an address and has not ended."""
    return bool(pod.get("status", {}).get("podIP")) and not is_terminal(pod)


def is_headless(service: dict) -> bool:
    return service["spec"].get("clusterIP") in (None, "", "None")


def find_port(pod: dict, service_port: dict) -> int | None:
    """The number behind a Service's targetPort in this pod; a name is looked up among its containers' ports."""
    target = service_port.get("targetPort", service_port["port"])
    if isinstance(target, int):
        return target
    sidecars = [c for c in pod["spec"].get("initContainers", ()) if c.get("restartPolicy") == "Always"]
    for container in [*pod["spec"]["containers"], *sidecars]:
        for port in container.get("ports", ()):
            if port.get("name") == target and port.get("protocol", "TCP") == service_port.get("protocol", "TCP"):
                return port["containerPort"]
    return None


def endpoint_ports(service: dict, pod: dict) -> list[dict]:
    """The ports of this pod that the Service's ports lead to; a name that the pod lacks leads nowhere."""
    found = [(port, find_port(pod, port)) for port in service["spec"].get("ports", ())]
    ports = [{"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP"),
              **({"appProtocol": port["appProtocol"]} if "appProtocol" in port else {})} for port, number in found if number is not None]
    return sorted(ports, key=lambda port: (port["name"], port["port"]))


def endpoint(service: dict, pod: dict, zone: str | None) -> dict:
    """A pod as an endpoint. serving: it is ready; ready: and it is not on its way out."""
    meta, spec = pod["metadata"], pod["spec"]
    serving, terminating = is_ready(pod), is_deleting(pod)
    ready = bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not terminating)
    result = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "targetRef": {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
    }
    if spec.get("nodeName"):
        result["nodeName"] = spec["nodeName"]
    if zone:
        result["zone"] = zone
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        result["hostname"] = spec["hostname"]
    return result


def desired_groups(service: dict, pods: Iterable[dict], zone_of: Callable[[str], str | None]) -> list[Group]:
    """The Service's endpoints, grouped by the ports that they have in common."""
    groups: dict[str, Group] = {}
    for pod in pods:
        if has_address(pod):
            ports = endpoint_ports(service, pod)
            _, endpoints = groups.setdefault(str(ports), (ports, []))
            endpoints.append(endpoint(service, pod, zone_of(pod["spec"].get("nodeName", ""))))
    return list(groups.values())


def spread(slices: list[dict], endpoints: list[dict]) -> list[list[dict]]:
    """The endpoints over the slices of one group: one that is in a slice stays there, new ones fill what has room.

    One list for each slice, in order, then one for each further slice that is needed.
    """
    wanted = {target(e): e for e in endpoints}
    kept = [[wanted.pop(target(old)) for old in s.get("endpoints") or () if target(old) in wanted] for s in slices]
    rest = list(wanted.values())
    for endpoints_of_slice in kept:
        room = MAX_ENDPOINTS - len(endpoints_of_slice)
        endpoints_of_slice += rest[:room]
        rest = rest[room:]
    return kept + [rest[i:i + MAX_ENDPOINTS] for i in range(0, len(rest), MAX_ENDPOINTS)]


def target(endpoint: dict) -> str:
    return endpoint.get("targetRef", {}).get("uid") or endpoint["addresses"][0]


def reconcile(slices: list[dict], groups: list[Group]) -> list[tuple[dict | None, Group | None]]:
    """What each slice should hold: (slice, its group), (None, a group for a new slice), (slice, None: it goes).

    A slice that would go is given to a group that needs a new one; with nothing at all, one slice stays, empty.
    """
    plan: list[tuple[dict | None, Group | None]] = []
    for ports, endpoints in groups:
        same = [s for s in slices if (s.get("ports") or []) == ports]
        lists = spread(same, endpoints)
        plan += [(s, (ports, part) if part else None) for s, part in zip(same, lists)]
        plan += [(None, (ports, part)) for part in lists[len(same):]]
    planned = [s["metadata"]["name"] for s, _ in plan if s]
    plan += [(s, None) for s in slices if s["metadata"]["name"] not in planned]
    if not any(group for _, group in plan):
        plan.append((None, ([], [])))
    spare = [s for s, group in plan if s and group is None]
    new = [group for s, group in plan if s is None]
    kept = [(s, group) for s, group in plan if s and group]
    reused = list(zip(spare, new))
    return kept + reused + [(None, group) for group in new[len(spare):]] + [(s, None) for s in spare[len(new):]]


def slice_labels(service: dict) -> dict:
    labels = {key: value for key, value in service["metadata"].get("labels", {}).items() if key not in RESERVED}
    return labels | ({HEADLESS: ""} if is_headless(service) else {}) | {SERVICE_NAME: service["metadata"]["name"], MANAGED_BY: MANAGER}


def describe(endpoints: list[dict]) -> str:
    """Why a slice looks as it does: '3 endpoints, 2 ready'."""
    ready = sum(e["conditions"]["ready"] for e in endpoints)
    return f"{len(endpoints)} endpoint{'' if len(endpoints) == 1 else 's'}, {ready} ready"


class ServiceController(Controller):
    """What the controllers of Services have in common: a pod whose part in them changed enqueues the Services that select it."""

    kind = "Service"

    def __init__(self, client: Client):
        super().__init__(client)
        self.selected = Selected(self.informer("Pod"))
        self.informer("Pod").on(self._pod_changed)

    def pods(self, service: dict) -> list[dict]:
        return self.selected.pods(service["metadata"]["namespace"], match_labels(service["spec"]["selector"]))

    def _pod_changed(self, old: dict | None, new: dict | None) -> None:
        if self.stopped or old and new and part_in_services(old) == part_in_services(new):
            return
        for service in self.informer("Service").list((new or old)["metadata"]["namespace"]):
            if any(selects(service, labels_of(pod)) for pod in (old, new) if pod):
                self.queue.add(key_of(service))


class EndpointSliceController(ServiceController):
    name, owns = "endpointslice-controller", ("EndpointSlice",)

    def sync(self, service: dict) -> None:
        if not selects_any(service) or is_deleting(service):
            return
        slices = [s for s in self.owned(service, "EndpointSlice") if labels_of(s).get(MANAGED_BY) == MANAGER and not is_deleting(s)]
        groups = desired_groups(service, self.pods(service), self._zone_of)
        for current, group in reconcile(slices, groups):
            if group is None:
                self.delete(current, because="no endpoint is left in it")
            else:
                self._write(service, current, *group)

    def _write(self, service: dict, current: dict | None, ports: list[dict], endpoints: list[dict]) -> None:
        because = describe(endpoints)
        if current is None:
            metadata = {"generateName": f"{name_of(service)}-", "labels": slice_labels(service)}
            self.create({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata, "addressType": "IPv4",
                         "ports": ports, "endpoints": endpoints}, service, because)
            return
        new = {**current, "metadata": {**current["metadata"], "labels": slice_labels(service)}, "ports": ports, "endpoints": endpoints}
        if new != {"ports": [], "endpoints": [], **current}:
            self.client.update(new, because)

    def _zone_of(self, node: str) -> str | None:
        found = self.informer("Node").get(None, node)
        return labels_of(found).get(ZONE) if found else None
