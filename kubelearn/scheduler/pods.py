"""What the scheduler knows of a pod: what its spec demands, worked out once for all pods that share a spec.

Part of Kubernetes: kube-scheduler framework/types.go (PodInfo). Pods alike have the same signature: for them every node gives
the same answers.
Leaves out: matchLabelKeys of pod affinity, dynamic resource claims.
"""
from __future__ import annotations

import json
from fractions import Fraction
from typing import NamedTuple

from kubelearn.api import nodeselector, quantity, selectors, usage

DEFAULT_CPU, DEFAULT_MEMORY = 100, 200 * 1024 * 1024  # what a container without requests counts for when nodes are scored
UNLIKE = frozenset(("hostname", "subdomain", "nodeName", "serviceAccount", "serviceAccountName", "terminationGracePeriodSeconds",  # nobody
                    "restartPolicy", "dnsPolicy", "dnsConfig", "securityContext", "enableServiceLinks", "activeDeadlineSeconds",  # looks at
                    "containers", "initContainers", "volumes"))  # these, or not at all of it


class Demands:
    """What a pod's spec demands of a node. Amounts are whole: millicores of cpu, bytes of memory, pieces of the rest."""

    __slots__ = ("spec", "requests", "cpu", "memory", "ports", "tolerations", "matches", "names", "preferred", "affinity",
                 "anti_affinity", "preferred_affinity", "preferred_anti_affinity", "spread", "images", "priority", "signature")

    def __init__(self, spec: dict):
        self.spec = spec
        self.requests = {name: whole(name, amount) for name, amount in usage.pod_amounts(spec, "requests").items() if amount}
        self.cpu, self.memory = _counted(spec, "cpu", DEFAULT_CPU), _counted(spec, "memory", DEFAULT_MEMORY)
        self.ports = tuple((port.get("hostIP") or "0.0.0.0", port.get("protocol", "TCP"), port["hostPort"])
                           for container in spec["containers"] for port in container.get("ports") or () if port.get("hostPort"))
        self.tolerations = spec.get("tolerations") or ()
        self.matches = nodeselector.required(spec)
        self.names = nodeselector.names_wanted(nodeselector.required_affinity(spec))
        affinity = spec.get("affinity") or {}
        self.preferred = [(term["weight"], nodeselector.node_selector_term(term["preference"]))
                          for term in _terms(affinity, "nodeAffinity", "preferred")]
        self.affinity = [Term.of(term) for term in _terms(affinity, "podAffinity", "required")]
        self.anti_affinity = [Term.of(term) for term in _terms(affinity, "podAntiAffinity", "required")]
        self.preferred_affinity = _weighted(affinity, "podAffinity")
        self.preferred_anti_affinity = _weighted(affinity, "podAntiAffinity")
        self.spread = spec.get("topologySpreadConstraints") or ()
        self.images = tuple(with_tag(c.get("image", "")) for c in (*(spec.get("initContainers") or ()), *spec["containers"]))
        self.priority = spec.get("priority") or 0
        self.signature = _signature(spec)

    @property
    def any_affinity(self) -> bool:
        return bool(self.affinity or self.anti_affinity or self.preferred_affinity or self.preferred_anti_affinity)


class Term(NamedTuple):
    """One term of pod (anti-)affinity. namespaces empty and no selector of them: the namespace of the pod that has the term."""

    topology_key: str
    selector: selectors.Selector
    namespaces: frozenset[str]
    namespace_selector: selectors.Selector | None

    @classmethod
    def of(cls, term: dict) -> Term:
        chosen = term.get("namespaceSelector")
        return cls(term["topologyKey"], selectors.label_selector(term.get("labelSelector")), frozenset(term.get("namespaces") or ()),
                   None if chosen is None else selectors.label_selector(chosen))

    def matches(self, owner: str, namespace: str, labels: dict, namespace_labels: dict) -> bool:
        """Whether a pod with these labels in this namespace is meant by the term of a pod in namespace `owner`."""
        if not self.selector(labels):
            return False
        if self.namespace_selector is None:
            return namespace in (self.namespaces or (owner,))
        return namespace in self.namespaces or self.namespace_selector(namespace_labels)


class PodInfo:
    """A pod as plugins see it: .pod is the object, .labels and .spec are its own; the rest is what the spec demands."""

    __slots__ = ("pod", "key", "namespace", "name", "labels", "label_key", "spec", "demands", "requests", "priority", "ending")

    def __init__(self, pod: dict, demands: Demands | None = None):
        metadata = pod["metadata"]
        self.pod, self.spec = pod, pod["spec"]
        self.namespace, self.name = metadata.get("namespace", ""), metadata["name"]
        self.key = f"{self.namespace}/{self.name}"
        self.labels = metadata.get("labels") or {}
        self.label_key = tuple(sorted(self.labels.items()))
        self.demands = demands or demands_of(self.spec)
        self.requests, self.priority = self.demands.requests, self.demands.priority
        self.ending = "deletionTimestamp" in metadata

    def __repr__(self) -> str:
        return f"<{self.key}>"


_demands: dict[int, Demands] = {}  # id of a spec, which its Demands keep alive


def demands_of(spec: dict) -> Demands:
    known = _demands.get(id(spec))
    if known is not None and known.spec is spec:
        return known
    if len(_demands) > 2000:
        _demands.clear()
    found = _demands[id(spec)] = Demands(spec)
    return found


def whole(name: str, amount: Fraction | int) -> int:
    """An amount in the scheduler's whole units, rounded up."""
    amount = amount * 1000 if name == "cpu" else amount
    return amount if isinstance(amount, int) else -(-amount.numerator // amount.denominator)


def with_tag(image: str) -> str:
    """nginx -> nginx:latest"""
    return image if image.rfind(":") > image.rfind("/") else f"{image}:latest"


def _counted(spec: dict, name: str, default: int) -> int:
    """What all containers ask for, each silent one counted with the default."""
    def filled(container: dict) -> dict:
        asked = ((container.get("resources") or {}).get("requests") or {}).get(name)
        amount = asked if asked is not None else f"{default}m" if name == "cpu" else str(default)
        return {**container, "resources": {"requests": {name: amount}}}
    groups = {group: [filled(container) for container in spec.get(group) or ()] for group in ("containers", "initContainers")}
    asked = ((spec.get("resources") or {}).get("requests") or {}).get(name)
    if asked is not None:
        return whole(name, quantity.parse(asked))
    return whole(name, usage.pod_amounts({**groups, "overhead": spec.get("overhead")}, "requests")[name])


def _terms(affinity: dict, kind: str, strength: str) -> list[dict]:
    found = (affinity.get(kind) or {}).get(f"{strength}DuringSchedulingIgnoredDuringExecution") or []
    return found if isinstance(found, list) else []


def _weighted(affinity: dict, kind: str) -> list[tuple[int, Term]]:
    return [(term["weight"], Term.of(term["podAffinityTerm"])) for term in _terms(affinity, kind, "preferred")]


def _signature(spec: dict) -> str:
    """Equal for specs about which every plugin thinks the same."""
    containers = [[c.get(field) for field in ("image", "resources", "ports", "restartPolicy")]
                  for group in ("initContainers", "containers") for c in spec.get(group) or ()]
    volumes = [volume for volume in spec.get("volumes") or () if "persistentVolumeClaim" in volume or "ephemeral" in volume]
    rest = {key: value for key, value in spec.items() if key not in UNLIKE}
    return json.dumps([containers, volumes, len(spec.get("initContainers") or ()), rest], sort_keys=True)
