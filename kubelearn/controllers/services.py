"""What the controllers of Services share: which pods stand behind a Service, and what each comes to as an endpoint.

Part of Kubernetes: k8s.io/endpointslice/util. Law: a pod counts while it has an address and has not ended; what a pod comes to is
worked out again only when the pod, or the Service, changed.
Leaves out: nothing.
"""
from __future__ import annotations

from collections.abc import Iterator

from kubelearn.api.meta import condition, is_deleting, key_of, labels_of
from kubelearn.api.selectors import match_labels
from kubelearn.client import Client
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.pods import is_ready, is_terminal
from kubelearn.controllers.selected import Selected

MANY, MANY_WAIT = 250, 0.1  # pods of a Service from which on passes lie so many seconds apart (upstream needs longer for one)
HEADLESS = "service.kubernetes.io/headless"
TRIGGERED = "endpoints.kubernetes.io/last-change-trigger-time"


def selects_any(service: dict) -> bool:
    """A Service without a selector, or an ExternalName, looks for no pods: its endpoints, if any, are made by hand."""
    return bool(service["spec"].get("selector")) and service["spec"].get("type") != "ExternalName"


def selects(service: dict, labels: dict) -> bool:
    """Whether the Service looks for a pod with these labels."""
    return selects_any(service) and all(labels.get(key) == value for key, value in service["spec"]["selector"].items())


def part_in_services(pod: dict) -> tuple:
    """All of a pod that its Services' endpoints depend on."""
    spec = pod["spec"]
    address = has_address(pod) and pod["status"]["podIP"]
    return pod["metadata"]["uid"], address, is_ready(pod), is_deleting(pod), spec.get("nodeName"), labels_of(pod)


def has_address(pod: dict) -> bool:
    """Whether a pod can be an endpoint at all: it has an address and has not ended."""
    return bool(pod.get("status", {}).get("podIP")) and not is_terminal(pod)


def is_headless(service: dict) -> bool:
    return service["spec"].get("clusterIP") in (None, "", "None")


def behind(service: dict, pod: dict) -> dict:
    """What an endpoint of either kind says of its pod: which it is, its node, and its own name in a headless Service."""
    meta, spec = pod["metadata"], pod["spec"]
    found = {"targetRef": {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}}
    if spec.get("nodeName"):
        found["nodeName"] = spec["nodeName"]
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        found["hostname"] = spec["hostname"]
    return found


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


class ServiceController(Controller):
    """What the controllers of Services have in common: a pod whose part in them changed enqueues the Services that select it."""

    kind, watches, parts = "Service", {"Pod": lambda self, pod: self.of_pod(pod)}, {"Pod": part_in_services}

    def __init__(self, client: Client):
        super().__init__(client)
        self.selected = Selected(self.informer("Pod"))
        self._entries: dict[str, tuple[dict, dict[str, tuple]]] = {}  # Service -> its spec, and by uid each pod and its entry
        self._looked: dict[str, float] = {}  # Service with many pods -> when it was last looked at
        self._triggers: dict[str, dict[str, str]] = {}  # Service -> when each of its pods last became ready or not
        self._wrote: dict[str, str] = {}     # object -> the version that this controller gave it: not news

    def pods(self, service: dict) -> list[dict]:
        return self.selected.pods(service["metadata"]["namespace"], match_labels(service["spec"]["selector"]))

    def of_pod(self, pod: dict) -> Iterator[str]:
        """At once; a Service with many pods a little later, so that many changes make one pass."""
        for service in self.informer("Service").list(pod["metadata"]["namespace"]):
            if selects(service, labels_of(pod)):
                left = self._looked.get(key_of(service), -MANY_WAIT) + MANY_WAIT - self.clock.now
                if left > 0:
                    self.queue.add_after(key_of(service), left)
                else:
                    yield key_of(service)

    def wrote(self, obj: dict) -> None:
        self._wrote[key_of(obj)] = obj["metadata"]["resourceVersion"]

    def is_own(self, obj: dict) -> bool:
        return self._wrote.get(key_of(obj)) == obj["metadata"]["resourceVersion"]

    # --- what each pod comes to -------------------------------------------------------------------------------------

    def entry(self, service: dict, pod: dict) -> tuple:
        """For subclasses to say: what a pod with an address is, as an endpoint of this Service."""
        raise TypeError(f"{type(self).__name__} has no entry")

    def entries(self, service: dict) -> list[tuple]:
        """entry() of every pod that stands behind the Service."""
        key = key_of(service)
        spec, before = self._entries.get(key, (None, {}))
        before = before if spec is service["spec"] else {}
        now = {}
        for pod in self.pods(service):
            uid = pod["metadata"]["uid"]
            known = before.get(uid)
            now[uid] = known if known and known[0] is pod else (pod, self.entry(service, pod) if has_address(pod) else None)
        self._entries[key] = service["spec"], now
        if len(now) > MANY:
            self._looked[key] = self.clock.now
        return [entry for _, entry in now.values() if entry is not None]

    def triggered(self, service: dict) -> dict[str, str]:
        """The annotation that says when the oldest of the changes happened to which this sync answers. Upstream: TriggerTimeTracker."""
        key, known = key_of(service), self._triggers.get(key_of(service))
        ready = {pod["metadata"]["name"]: condition(pod, "Ready") for pod, _ in self._entries[key][1].values()}
        times = self._triggers[key] = {name: found["lastTransitionTime"] for name, found in ready.items() if found}
        new = [time for name, time in times.items() if time > known.get(name, "")] if known is not None else \
            [service["metadata"]["creationTimestamp"]]
        return {TRIGGERED: min(new)} if new else {}

    def deleted(self, key: str) -> None:
        self._triggers.pop(key, None)
        self._entries.pop(key, None)
        self._looked.pop(key, None)
