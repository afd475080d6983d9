"""The service controller of a cloud: gives each Service of type LoadBalancer an address outside the cluster.

Law: such a Service gets one address from the cloud's range, keeps it, and gives it back when it stops asking for it. On a cluster
without a cloud nobody does this, and the address stays pending.
Leaves out: health checks, source ranges, what a cloud charges. Upstream: cloud-provider controllers/service.
"""
from __future__ import annotations

from ipaddress import ip_network

from kubelearn.api.meta import is_deleting
from kubelearn.client import Client
from kubelearn.controllers.controller import Controller

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
SECONDS = 8.0  # that a cloud takes


def wants_balancer(service: dict) -> bool:
    return service["spec"].get("type") == "LoadBalancer" and not is_deleting(service) and not service["spec"].get("loadBalancerClass")


def address_of(service: dict) -> str | None:
    ingress = service["status"].get("loadBalancer", {}).get("ingress") or [{}]
    return ingress[0].get("ip")


class ServiceLBController(Controller):
    """cidr: the cloud's addresses for load balancers."""

    name, kind = "service-controller", "Service"

    def __init__(self, client: Client, cidr: str):
        self.network = ip_network(cidr)
        super().__init__(client)

    def sync(self, service: dict) -> None:
        held = FINALIZER in (service["metadata"].get("finalizers") or ())
        if not wants_balancer(service):
            if held or address_of(service):
                self._remove(service)
        elif not held:
            self.set_finalizers(service, [*(service["metadata"].get("finalizers") or ()), FINALIZER], "its load balancer must go with it")
        elif not address_of(service):
            self._ensure(service)

    def _ensure(self, service: dict) -> None:
        if self.waits(service, SECONDS, "EnsuringLoadBalancer", "Ensuring load balancer"):
            return
        ingress = {"ip": self._free_address(service), "ipMode": "VIP"}
        self.update_status(service, {**service["status"], "loadBalancer": {"ingress": [ingress]}}, because="the cloud made a load balancer")
        self.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")

    def _free_address(self, service: dict) -> str:
        taken = {address_of(other) for other in self.client.list(self.kind)}
        wanted = service["spec"].get("loadBalancerIP")
        free = (str(host) for host in self.network.hosts() if str(host) not in taken)
        return wanted if wanted and wanted not in taken else next(free)

    def _remove(self, service: dict) -> None:
        self.event(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer")
        if address_of(service):
            service = self.update_status(service, {**service["status"], "loadBalancer": {}}, because="it asks for no load balancer")
        self.event(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer")
        finalizers = [f for f in service["metadata"].get("finalizers") or () if f != FINALIZER]
        self.set_finalizers(service, finalizers, "its load balancer is gone")
