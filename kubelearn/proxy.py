"""kube-proxy: on every node, sends what is meant for a Service to one of its endpoints.

Part of Kubernetes: pkg/proxy (service and endpoints change trackers, the iptables mode's choice at random). Law 2: it reads
Services and EndpointSlices and fills its node's table in the network. Nodes share one table, since a rule gets the source and
the node and decides by them; a stopped proxy keeps the table as it was, as iptables do.
Leaves out: SCTP, topology hints, source ranges of load balancers.
"""
from __future__ import annotations

from typing import NamedTuple

from kubelearn.api import meta
from kubelearn.client import Client
from kubelearn.network import Network, Target

SERVICE = "kubernetes.io/service-name"
AFFINITY_SECONDS = 10800
Key = tuple[str, int, str]


class Endpoint(NamedTuple):
    """One address behind a service port, and where it is."""

    target: Target
    node: str
    ready: bool
    serving: bool


class Rules:
    """The table of all service addresses: (address, port, protocol) -> rule. A service's change remakes its rules; a change of
    its endpoints only makes them look again, when next used."""

    def __init__(self, client: Client):
        self.clock, self.random = client.clock, client.clock.random("kube-proxy")
        self.services, slices = client.informer("Service"), client.informer("EndpointSlice")
        self.table: dict[Key, Rule] = {}
        self.proxies: list[Proxy] = []
        self.stopped = False
        self._of: dict[str, dict[Key, Rule]] = {}  # service -> its rules
        self._slices: dict[str, dict[str, dict]] = {}  # service -> its slices by name
        self.services.on(self._service_changed)
        slices.on(self._slice_changed)

    def stop(self) -> None:
        """kube-proxy ends on all nodes, as if its DaemonSet were deleted; a machine that joins has no rules."""
        self.stopped = True
        for proxy in self.proxies:
            proxy.stop()

    def start(self) -> None:
        self.stopped = False
        for proxy in self.proxies:
            proxy.start()

    def _service_changed(self, old: dict | None, new: dict | None) -> None:
        service = meta.key_of(new or old)
        before = self._of.pop(service, {})
        for key in before:
            self.table.pop(key, None)
        if new is not None:
            rules = self.rules_of(new)
            for key, rule in rules.items():
                rule.remembered = before[key].remembered if key in before else rule.remembered
            self._of[service] = rules
            self.table.update(rules)

    def _slice_changed(self, old: dict | None, new: dict | None) -> None:
        obj = new or old
        service = f"{meta.namespace_of(obj)}/{meta.labels_of(obj).get(SERVICE, '')}"
        slices = self._slices.setdefault(service, {})
        slices.pop(meta.name_of(obj), None)
        if new is not None:
            slices[meta.name_of(obj)] = new
        for rule in self._of.get(service, {}).values():
            rule.known = None

    def rules_of(self, service: dict) -> dict[Key, Rule]:
        """ClusterIP, external addresses and node port of each port; none for headless services and ExternalName."""
        spec, found = service["spec"], {}
        if spec.get("clusterIP", "None") in ("None", "") or spec.get("type") == "ExternalName":
            return {}
        for port in spec.get("ports") or ():
            protocol = port.get("protocol", "TCP")
            inside = Rule(self, service, port, spec.get("internalTrafficPolicy", "Cluster") == "Local")
            outside = Rule(self, service, port, spec.get("externalTrafficPolicy", "Cluster") == "Local")
            found[spec["clusterIP"], port["port"], protocol] = inside
            for address in external_addresses(service):
                found[address, port["port"], protocol] = outside
            if port.get("nodePort"):
                found["node", port["nodePort"], protocol] = outside
        return found

    def endpoints(self, service_key: str, port: dict) -> list[Endpoint]:
        """The endpoints of one service port, in the slices' order."""
        found = []
        for piece in self._slices.get(service_key, {}).values():
            number = next((p["port"] for p in piece.get("ports") or () if (p.get("name") or "") == port.get("name", "")
                           and p.get("protocol", "TCP") == port.get("protocol", "TCP")), None)
            for endpoint in (piece.get("endpoints") or ()) if number else ():
                state = endpoint.get("conditions") or {}
                ready = state.get("ready", True) is not False
                found.append(
                    Endpoint(
                        (endpoint["addresses"][0], number), endpoint.get("nodeName", ""), ready, state.get("serving", ready) is not False
                    )
                )
        return found


def external_addresses(service: dict) -> list[str]:
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [*(service["spec"].get("externalIPs") or ()), *(entry["ip"] for entry in ingress if "ip" in entry)]


class Rule:
    """Where one connection to one service port goes: called with (source address, node)."""

    __slots__ = ("rules", "service", "port", "local", "affinity", "known", "remembered")

    def __init__(self, rules: Rules, service: dict, port: dict, local: bool):
        self.rules, self.service, self.port, self.local = rules, meta.key_of(service), port, local
        spec = service["spec"]
        timeout = ((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds", AFFINITY_SECONDS)
        self.affinity = timeout if spec.get("sessionAffinity") == "ClientIP" else 0
        self.known: list[Endpoint] | None = None  # None: to be read from the slices
        self.remembered: dict[str, tuple[float, Target]] = {}

    @property
    def endpoints(self) -> list[Endpoint]:
        if self.known is None:
            self.known = self.rules.endpoints(self.service, self.port)
        return self.known

    def frozen(self) -> Rule:
        """A rule of its own that no longer follows the slices."""
        twin = object.__new__(Rule)
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.known, twin.remembered = self.endpoints, dict(self.remembered)
        return twin

    def __call__(self, source: str, node: str) -> Target | None:
        """None: refused. TimeoutError: dropped, where a Local policy finds no endpoint on this node but others have some."""
        reachable = [e for e in self.endpoints if e.node == node] if self.local else self.endpoints
        targets = [e.target for e in reachable if e.ready] or [e.target for e in reachable if e.serving]
        if not targets:
            if self.local and any(e.ready or e.serving for e in self.endpoints):
                raise TimeoutError("Connection timed out")
            return None
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
        rules.proxies.append(self)
        if not rules.stopped:
            self.start()

    def start(self) -> None:
        self.network.rules[self.node] = self.rules.table

    def stop(self) -> None:
        """What is in the kernel stays there, and gets old."""
        self.network.rules[self.node] = {key: rule.frozen() for key, rule in self.rules.table.items()}
