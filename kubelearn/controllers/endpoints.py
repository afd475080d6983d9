"""The Endpoints controller: the older view of what stands behind a Service, for `kubectl get endpoints`.

Law: a Service with a selector has one Endpoints object of its name; ready pods are in addresses, others in notReadyAddresses.
Leaves out: the limit of 1,000 addresses. Upstream: pkg/controller/endpoint.
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.api.meta import is_deleting, key_of, labels_of
from kubelearn.client import Client
from kubelearn.controllers.pods import is_ready
from kubelearn.controllers.services import HEADLESS, TRIGGERED, ServiceController, behind, endpoint_ports, is_headless, selects_any

MANAGED_BY, MANAGER = "endpoints.kubernetes.io/managed-by", "endpoint-controller"


def subsets(entries: Iterable[tuple[str, list[dict], bool, dict]]) -> list[dict]:
    """Addresses grouped by the ports that they have in common; each with its ready and its not yet ready ones.

    An entry: the ports as a text, the ports, whether the address is ready, the address.
    """
    groups: dict[str, dict] = {}
    for text, ports, ready, found in entries:
        subset = groups.get(text) or groups.setdefault(text, {"addresses": [], "notReadyAddresses": [], "ports": ports})
        subset["addresses" if ready else "notReadyAddresses"].append(found)
    return [tidy(subset) for _, subset in sorted(groups.items())]


def tidy(subset: dict) -> dict:
    """In the order of addresses, without what is empty."""
    return {key: value if key == "ports" else sorted(value, key=lambda a: a["ip"]) for key, value in subset.items() if value}


def labels(service: dict) -> dict:
    return {**service["metadata"].get("labels", {}), **({HEADLESS: ""} if is_headless(service) else {}), MANAGED_BY: MANAGER}


class EndpointsController(ServiceController):
    name = "endpoint-controller"

    def __init__(self, client: Client):
        super().__init__(client)
        self.informer("Endpoints").on(self._endpoints_changed)

    def _endpoints_changed(self, old: dict | None, new: dict | None) -> None:
        if not self.stopped and (new is None or not self.is_own(new)):
            self.queue.add(key_of(new or old))

    def entry(self, service: dict, pod: dict) -> tuple[str, list[dict], bool, dict] | None:
        """None for a pod on its way out, and for one that has none of the Service's ports."""
        any_ready = bool(service["spec"].get("publishNotReadyAddresses"))
        ports = [{key: value for key, value in port.items() if value != ""} for port in endpoint_ports(service, pod)]
        if is_deleting(pod) and not any_ready or not (ports or is_headless(service)):
            return None
        return str(ports), ports, any_ready or is_ready(pod), {"ip": pod["status"]["podIP"], **behind(service, pod)}

    def sync(self, service: dict) -> None:
        if not selects_any(service) or is_deleting(service):
            return
        found, meta = subsets(self.entries(service)), service["metadata"]
        old = self.informer("Endpoints").get(meta["namespace"], meta["name"])
        ready, waiting = (sum(len(subset.get(kind, ())) for subset in found) for kind in ("addresses", "notReadyAddresses"))
        metadata = {**(old["metadata"] if old else {"name": meta["name"], "namespace": meta["namespace"]}), "labels": labels(service)}
        because = f"{ready} ready addresses, {waiting} not ready"
        metadata["annotations"] = {k: v for k, v in metadata.get("annotations", {}).items() if k != TRIGGERED} | self.triggered(service)
        if old is None:
            self.wrote(self.client.create({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": found}, because))
        elif (old.get("subsets", []), labels_of(old)) != (found, metadata["labels"]):
            self.wrote(self.client.update({**old, "metadata": metadata, "subsets": found}, because))

    def deleted(self, key: str) -> None:
        """Endpoints have their Service's name and no owner: they go with it, unless someone made them by hand."""
        super().deleted(key)
        old = self.informer("Endpoints").items.get(key)
        if old and old["metadata"].get("labels", {}).get(MANAGED_BY) == MANAGER:
            self.delete(old, because="its Service is gone")
