"""The Endpoints controller: the older view of what stands behind a Service, for `kubectl get endpoints`.

Law: a Service with a selector has one Endpoints object of its name; ready pods are in addresses, others in notReadyAddresses.
Leaves out: the limit of 1,000 addresses, the trigger-time annotation. Upstream: pkg/controller/endpoint.
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.api.meta import is_deleting, key_of
from kubelearn.controllers.endpointslice import HEADLESS, ServiceController, endpoint_ports, has_address, is_headless, selects_any
from kubelearn.controllers.pods import is_ready

MANAGED_BY, MANAGER = "endpoints.kubernetes.io/managed-by", "endpoint-controller"


def address(service: dict, pod: dict) -> dict:
    meta, spec = pod["metadata"], pod["spec"]
    target = {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}
    result = {"ip": pod["status"]["podIP"], "targetRef": target}
    if spec.get("nodeName"):
        result["nodeName"] = spec["nodeName"]
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        result["hostname"] = spec["hostname"]
    return result


def subsets(service: dict, pods: Iterable[dict]) -> list[dict]:
    """Addresses grouped by the ports that they have in common; each with its ready and its not yet ready ones."""
    any_ready = bool(service["spec"].get("publishNotReadyAddresses"))
    groups: dict[str, dict] = {}
    for pod in pods:
        ports = endpoint_ports(service, pod) if has_address(pod) else []
        if not has_address(pod) or (is_deleting(pod) and not any_ready) or not (ports or is_headless(service)):
            continue
        plain = [{key: value for key, value in port.items() if value != ""} for port in ports]
        subset = groups.setdefault(str(ports), {"addresses": [], "notReadyAddresses": [], "ports": plain})
        subset["addresses" if any_ready or is_ready(pod) else "notReadyAddresses"].append(address(service, pod))
    return [tidy(subset) for _, subset in sorted(groups.items())]


def tidy(subset: dict) -> dict:
    """In the order of addresses, without what is empty."""
    return {key: value if key == "ports" else sorted(value, key=lambda a: a["ip"]) for key, value in subset.items() if value}


def labels(service: dict) -> dict:
    return {**service["metadata"].get("labels", {}), **({HEADLESS: ""} if is_headless(service) else {}), MANAGED_BY: MANAGER}


class EndpointsController(ServiceController):
    name = "endpoint-controller"
    watches = {"Endpoints": lambda self, endpoints: [key_of(endpoints)]}

    def sync(self, service: dict) -> None:
        if not selects_any(service) or is_deleting(service):
            return
        found, meta = subsets(service, self.pods(service)), service["metadata"]
        old = self.informer("Endpoints").get(meta["namespace"], meta["name"])
        because = f"{sum(len(s.get('addresses', ())) for s in found)} ready addresses"
        if old is None:
            metadata = {"name": meta["name"], "namespace": meta["namespace"], "labels": labels(service)}
            self.client.create({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": found}, because)
        elif old.get("subsets", []) != found or old["metadata"].get("labels") != labels(service):
            self.client.update({**old, "metadata": {**old["metadata"], "labels": labels(service)}, "subsets": found}, because)

    def deleted(self, key: str) -> None:
        """Endpoints have their Service's name and no owner: they go with it, unless someone made them by hand."""
        old = self.informer("Endpoints").items.get(key)
        if old and old["metadata"].get("labels", {}).get(MANAGED_BY) == MANAGER:
            self.delete(old, because="its Service is gone")
