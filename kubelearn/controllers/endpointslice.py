"""The EndpointSlice controller: which addresses stand behind a Service.

Law: every pod that a Service selects and that has an address is in exactly one of the Service's slices for its ports,
ready only while the pod is ready; a slice holds at most 100 endpoints.
Leaves out: IPv6, hints by zone for spec.trafficDistribution, a second between two syncs of a Service.
Upstream: pkg/controller/endpointslice and k8s.io/endpointslice.
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.api.meta import annotations_of, is_deleting, labels_of, name_of
from kubelearn.controllers.pods import is_ready
from kubelearn.controllers.services import HEADLESS, TRIGGERED, ServiceController, behind, endpoint_ports, is_headless, selects_any

MAX_ENDPOINTS = 100
MANAGER = "endpointslice-controller.k8s.io"
SERVICE_NAME, MANAGED_BY = "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by"
RESERVED = (SERVICE_NAME, MANAGED_BY, HEADLESS)
ZONE = "topology.kubernetes.io/zone"

Group = tuple[list[dict], list[dict]]  # ports, endpoints


def endpoint(service: dict, pod: dict, zone: str | None) -> dict:
    """A pod as an endpoint. serving: it is ready; ready: and it is not on its way out."""
    serving, terminating = is_ready(pod), is_deleting(pod)
    ready = bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not terminating)
    result = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        **behind(service, pod),
    }
    return result | ({"zone": zone} if zone else {})


def grouped(entries: Iterable[tuple[str, list[dict], dict]]) -> list[Group]:
    """Endpoints by the ports that they have in common. An entry: the ports as a text, the ports, the endpoint."""
    groups: dict[str, Group] = {}
    for text, ports, found in entries:
        if text not in groups:
            groups[text] = ports, []
        groups[text][1].append(found)
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


def is_ours(endpoint_slice: dict, service: dict) -> bool:
    """Whether a slice is one that this controller made for a Service of this name, and is there to stay."""
    ours = {SERVICE_NAME: service["metadata"]["name"], MANAGED_BY: MANAGER}.items() <= labels_of(endpoint_slice).items()
    return ours and not is_deleting(endpoint_slice) and endpoint_slice["metadata"]["namespace"] == service["metadata"]["namespace"]


def describe(endpoints: list[dict]) -> str:
    """Why a slice looks as it does: '3 endpoints, 2 ready'."""
    ready = sum(e["conditions"]["ready"] for e in endpoints)
    return f"{len(endpoints)} endpoint{'' if len(endpoints) == 1 else 's'}, {ready} ready"


class EndpointSliceController(ServiceController):
    name, owns = "endpointslice-controller", ("EndpointSlice",)

    def entry(self, service: dict, pod: dict) -> tuple[str, list[dict], dict]:
        ports = endpoint_ports(service, pod)
        return str(ports), ports, endpoint(service, pod, self._zone_of(pod["spec"].get("nodeName", "")))

    def sync(self, service: dict) -> None:
        if not selects_any(service) or is_deleting(service):
            return
        slices = [s for s in self.owned(service, "EndpointSlice") if is_ours(s, service)]
        for orphan in self.informer("EndpointSlice").by_owner(""):
            if is_ours(orphan, service):
                self.delete(orphan, because="it was an earlier Service's")
        groups = grouped(self.entries(service))
        annotations = self.triggered(service)
        for current, group in reconcile(slices, groups):
            if group is None:
                self.delete(current, because="no endpoint is left in it")
            else:
                self._write(service, current, annotations, *group)

    def _write(self, service: dict, current: dict | None, annotations: dict, ports: list[dict], endpoints: list[dict]) -> None:
        because = describe(endpoints)
        if current is None:
            metadata = {"generateName": f"{name_of(service)}-", "labels": slice_labels(service), "annotations": annotations}
            made = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata, "addressType": "IPv4",
                    "ports": ports, "endpoints": endpoints}
            self.wrote(self.create(made, service, because))
            return
        new = {**current, "metadata": {**current["metadata"], "labels": slice_labels(service)}, "ports": ports, "endpoints": endpoints}
        if new != {"ports": [], "endpoints": [], **current}:
            new["metadata"]["annotations"] = {k: v for k, v in annotations_of(current).items() if k != TRIGGERED} | annotations
            self.wrote(self.client.update(new, because))

    def _owned_changed(self, old: dict | None, new: dict | None) -> None:
        if new is None or not self.is_own(new):
            super()._owned_changed(old, new)

    def _zone_of(self, node: str) -> str | None:
        found = self.informer("Node").get(None, node)
        return labels_of(found).get(ZONE) if found else None
