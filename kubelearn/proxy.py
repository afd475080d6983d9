"""kube-proxy: on every node, sends what is meant for a Service to one of its endpoints.

Part of Kubernetes: pkg/proxy (service and endpoints change trackers, the iptables mode's choice at random). Law 2: it reads
Services and EndpointSlices and fills its node's table in the network. Nodes share one table, since a rule gets the source and
the node and decides by them; a stopped proxy keeps the table as it was, as iptables do.
Leaves out: SCTP, topology hints, source ranges of load balancers.
"""
from __future__ import annotations

from kubelearn.api import meta
from kubelearn.client import Client
from kubelearn.network import Network, Target

SERVICE = "kubernetes.io/service-name"
AFFINITY_SECONDS = 10800
Key = tuple[str, int, str]


class Endpoint:
    """One address behind a service port, and where it is."""

    __slots__ = ("target", "node", "ready", "serving")

    def __init__(self, target: Target, node: str, ready: bool, serving: bool):
        self.target, self.node, self.ready, self.serving = target, node, ready, serving


class Rules:
    """The table of all service addresses: (address, port, protocol) -> rule. Kept from two watches, changed by service."""

    def __init__(self, client: Client):
        self.clock, self.random = client.clock, client.clock.random("kube-proxy")
        self.services, self.slices = client.informer("Service"), client.informer("EndpointSlice")
        self.table: dict[Key, Rule] = {}
        self._of: dict[str, list[Key]] = {}  # service -> its keys, to be removed at its next change
        self._slices: dict[str, dict[str, dict]] = {}  # service -> its slices by name
        self.services.on(lambda old, new: self.rebuild(meta.key_of(new or old)))
        self.slices.on(self._slice_changed)

    def _slice_changed(self, old: dict | None, new: dict | None) -> None:
        obj = new or old
        service = f"{meta.namespace_of(obj)}/{meta.labels_of(obj).get(SERVICE, '')}"
        slices = self._slices.setdefault(service, {})
        slices.pop(meta.name_of(obj), None)
        if new is not None:
            slices[meta.name_of(obj)] = new
        self.rebuild(service)

    def rebuild(self, service_key: str) -> None:
        """One service's rules from scratch."""
        for key in self._of.pop(service_key, ()):
            self.table.pop(key, None)
        service = self.services.items.get(service_key)
        spec = service["spec"] if service else {}
        if not service or spec.get("clusterIP", "None") in ("None", "") or spec.get("type") == "ExternalName":
            return
        keys = {}
        for port in spec.get("ports") or ():
            endpoints = self.endpoints(service_key, port)
            protocol = port.get("protocol", "TCP")
            inside = Rule(self, spec, endpoints, spec.get("internalTrafficPolicy", "Cluster") == "Local")
            outside = Rule(self, spec, endpoints, spec.get("externalTrafficPolicy", "Cluster") == "Local")
            keys[spec["clusterIP"], port["port"], protocol] = inside
            for address in self.external_addresses(service):
                keys[address, port["port"], protocol] = outside
            if port.get("nodePort"):
                keys["node", port["nodePort"], protocol] = outside
        self.table.update(keys)
        self._of[service_key] = list(keys)

    def external_addresses(self, service: dict) -> list[str]:
        ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
        return [*(service["spec"].get("externalIPs") or ()), *(entry["ip"] for entry in ingress if "ip" in entry)]

    def endpoints(self, service_key: str, port: dict) -> list[Endpoint]:
        """The endpoints of one service port, in the slices' order."""
        found = []
        for piece in self._slices.get(service_key, {}).values():
            number = next((p["port"] for p in piece.get("ports") or () if (p.get("name") or "") == port.get("name", "")
                           and p.get("protocol", "TCP") == port.get("protocol", "TCP")), None)
            for endpoint in (piece.get("endpoints") or ()) if number else ():
                state = endpoint.get("conditions") or {}
                ready = state.get("ready", True) is not False
                target = (endpoint["addresses"][0], number)
                found.append(Endpoint(target, endpoint.get("nodeName", ""), ready, state.get("serving", ready) is not False))
        return found


class Rule:
    """Where one connection to one service port goes: called with (source address, node)."""

    __slots__ = ("rules", "endpoints", "local", "affinity", "remembered")

    def __init__(self, rules: Rules, spec: dict, endpoints: list[Endpoint], local: bool):
        self.rules, self.endpoints, self.local = rules, endpoints, local
        timeout = ((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds", AFFINITY_SECONDS)
        self.affinity = timeout if spec.get("sessionAffinity") == "ClientIP" else 0
        self.remembered: dict[str, tuple[float, Target]] = {}

    def __call__(self, source: str, node: str) -> Target | None:
        """None: refused. TimeoutError: dropped, where a Local policy finds no endpoint on this node but others have some."""
        usable = [e for e in self.endpoints if e.ready] or [e for e in self.endpoints if e.serving]
        here = [e for e in usable if e.node == node] if self.local else usable
        if not here:
            if usable:
                raise TimeoutError("Connection timed out")
            return None
        targets = [e.target for e in here]
        if not self.affinity:
            return self.rules.random.choice(targets)
        since, target = self.remembered.get(source, (0.0, None))
        if target not in targets or self.rules.clock.now - since > self.affinity:
            target = self.rules.random.choice(targets)
        self.remembered[source] = (self.rules.clock.now, target)
        return target


class Proxy:
    """One node's kube-proxy."""

    def __init__(self, rules: Rules, network: Network, node: str):
        self.rules, self.network, self.node = rules, network, node
        self.start()

    def start(self) -> None:
        self.network.rules[self.node] = self.rules.table

    def stop(self) -> None:
        """What is in the kernel stays there, and gets old."""
        self.network.rules[self.node] = dict(self.rules.table)
