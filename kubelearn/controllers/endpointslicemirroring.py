"""The mirroring controller: Endpoints that someone wrote by hand become EndpointSlices, which is what proxies read.

Law: each subset of such Endpoints, whose Service has no selector, is one slice; others are left to their own controllers.
Leaves out: IPv6, more than 1,000 addresses. Upstream: pkg/controller/endpointslicemirroring.
"""
from __future__ import annotations

from kubelearn.api.meta import is_deleting, key_of, labels_of, name_of
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.endpoints import MANAGED_BY as WRITTEN_BY
from kubelearn.controllers.endpointslice import MANAGED_BY, SERVICE_NAME, describe
from kubelearn.controllers.services import selects_any

MANAGER, SKIP = "endpointslicemirroring-controller.k8s.io", "endpointslice.kubernetes.io/skip-mirror"


def mirrored(subset: dict) -> tuple[list[dict], list[dict]]:
    """Ports and endpoints of one subset."""
    ports = [{"name": port.get("name", ""), "port": port["port"], "protocol": port.get("protocol", "TCP")}
             for port in subset.get("ports") or ()]
    both = ((subset.get("addresses") or (), True), (subset.get("notReadyAddresses") or (), False))
    return ports, [endpoint(address, ready) for addresses, ready in both for address in addresses]


def endpoint(address: dict, ready: bool) -> dict:
    more = {key: address[key] for key in ("hostname", "nodeName", "targetRef") if key in address}
    return {"addresses": [address["ip"]], "conditions": {"ready": ready}, **more}


class EndpointSliceMirroringController(Controller):
    name, kind, owns = "endpointslicemirroring-controller", "Endpoints", ("EndpointSlice",)
    watches = {"Service": lambda self, service: [key_of(service)]}

    def sync(self, endpoints: dict) -> None:
        service = self.informer("Service").get(endpoints["metadata"]["namespace"], name_of(endpoints))
        by_hand = WRITTEN_BY not in labels_of(endpoints) and labels_of(endpoints).get(SKIP) != "true"
        wanted = [mirrored(s) for s in endpoints.get("subsets") or ()] if service and by_hand and not selects_any(service) else []
        slices = [] if is_deleting(endpoints) else self.owned(endpoints, "EndpointSlice")
        for current, (ports, found) in zip(slices, wanted):
            if (current["ports"], current["endpoints"]) != (ports, found):
                self.client.update({**current, "ports": ports, "endpoints": found}, describe(found))
        for current in slices[len(wanted):]:
            self.delete(current, because="its subset is gone")
        for ports, found in wanted[len(slices):]:
            labels = {**labels_of(endpoints), SERVICE_NAME: name_of(endpoints), MANAGED_BY: MANAGER}
            made = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "ports": ports, "endpoints": found,
                    "metadata": {"generateName": f"{name_of(endpoints)}-", "labels": labels}}
            self.create(made, endpoints, describe(found))
