"""The traffic picture: where requests go. Clients, services, endpoints; counts on the arrows; what gets none, and why.

Part of Kubernetes: Service, EndpointSlice, kube-proxy. The counts are of connections on the simulated network (network.log).
Rule: an arrow's thickness is its count; a pod that the selector matches and the endpoints do not name gets a dashed arrow.
Leaves out: connections older than the network's log.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from kubelearn.api.meta import owner_of
from kubelearn.view import states
from kubelearn.view.graph import Card, Edge, Graph, identity
from kubelearn.view.slots import Slots, shown

IGNORES = ("Event", "Lease", "Node")  # a node is but where a request comes from
OUTSIDE = "outside//the host"
UNSEEN = "is not selected"  # a pod that runs on, without a card
MANY = 6  # pods behind services; from there on one line each


class Stage:
    """service: the name of one, or of several. connections: of the network's log; since: the virtual time from which they count."""

    def __init__(self, worlds: Sequence, slots: Slots, service: str | tuple[str, ...] | None = None, connections: Iterable = (),
                 since: float = 0.0):
        self.slots, self.service = slots, (service,) if isinstance(service, str) else service
        self.connections = [c for c in connections if c.time >= since]
        behind = [sum(len(members(w, s, w.list("Pod"))) for s in services(w, self)) for w in worlds]
        self.size = (230, 68) if max(behind, default=0) <= MANY else (350, 30)


def stage(worlds: Sequence, slots: Slots, **options: object) -> Stage:
    return Stage(worlds, slots, **options)


def services(world: object, stage: Stage) -> list[dict]:
    found = [s for s in world.list("Service") if shown(s["metadata"].get("namespace"), stage.slots.namespace)]
    if stage.service:
        return [s for s in found if s["metadata"]["name"] in stage.service]
    return [s for s in found if s["metadata"]["name"] != "kubernetes"]


def graph(world: object, stage: Stage) -> Graph:
    """One frame of the traffic picture: what was connected until this moment."""
    found = services(world, stage)
    pods = [pod for pod in world.list("Pod") if shown(pod["metadata"].get("namespace"), stage.slots.namespace)]
    names = _addresses(world, pods)
    into, out = counted([c for c in stage.connections if c.time <= world.time], found, names)
    cards = {identity(s): _service_card(s) for s in found}
    edges: list[Edge] = []
    most = max([*into.values(), *out.values()], default=1)
    for (client, service, outcome), count in into.items():
        cards.setdefault(client, _client_card(client, found, into))
        edges.append(_arrow(client, service, count, most, outcome))
    for service in found:
        for pod, ready in members(world, service, pods):
            card = _pod_card(pod, service, ready, stage)
            cards[card.id] = card
            count = out.get((identity(service), card.id), 0)
            nothing = Edge(identity(service), card.id, "0 · not in endpoints", role="bad", dashed=True)
            edges.append(_arrow(identity(service), card.id, count, most) if ready or count else nothing)
    return Graph(cards=tuple(cards.values()), edges=tuple(edges), alt=alt(cards, edges, found), empty="" if found else "no services",
                 flat=_is_long(edges))


def _is_long(edges: list[Edge]) -> bool:
    """More in a row than can be read when all of it fits a page, and no more side by side than can: it goes down."""
    levels, seen = [{edge.tail for edge in edges} - {edge.head for edge in edges}], set()
    while levels[-1]:
        seen |= levels[-1]
        levels.append({edge.head for edge in edges if edge.tail in levels[-1]} - seen)
    return len(levels) - 1 > 4 and max(map(len, levels)) <= 3


def _arrow(tail: str, head: str, count: int, most: int, outcome: str = "connected") -> Edge:
    if outcome != "connected":
        return Edge(tail, head, f"{count} {outcome}", role="bad", dashed=True)
    return Edge(tail, head, str(count), weight=round(1 + 4 * count / most, 1))


def _addresses(world: object, pods: list[dict]) -> dict[str, str]:
    """Address -> id of the card that has it."""
    found = {(pod.get("status") or {}).get("podIP"): identity(pod) for pod in pods if not (pod.get("spec") or {}).get("hostNetwork")}
    for node in world.list("Node"):
        for address in (node.get("status") or {}).get("addresses") or ():
            found.setdefault(address["address"], identity(node))
    return found


def targets(service: dict) -> set[str]:
    """The address:port texts at which a service is reached."""
    spec = service.get("spec") or {}
    ports = spec.get("ports") or ()
    ingress = [i.get("ip") for i in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()]
    addresses = [*(spec.get("clusterIPs") or [spec.get("clusterIP")]), *ingress, *(spec.get("externalIPs") or ())]
    return {f"{address}:{port['port']}" for address in addresses if address and address != "None" for port in ports}


def counted(connections: Iterable, found: list[dict], names: dict[str, str]) -> tuple[Counter, Counter]:
    """(client, service, outcome) -> connections, (service, pod) -> connections."""
    by_target = {target: identity(service) for service in found for target in targets(service)}
    ports = [(port, service) for service in found for port in (service.get("spec") or {}).get("ports") or ()]
    by_port = {str(port["nodePort"]): identity(service) for port, service in ports if port.get("nodePort")}
    into: Counter = Counter()
    out: Counter = Counter()
    for connection in connections:
        hops = dict(connection.hops)
        if "service" not in hops:
            continue
        service = by_target.get(hops["service"]) or by_port.get(hops["service"].rpartition(":")[2])
        if service:
            into[names.get(connection.source, OUTSIDE), service, connection.outcome] += 1
            pod = names.get(hops.get("target", "").rpartition(":")[0])
            if pod and connection.outcome == "connected":
                out[service, pod] += 1
    return into, out


def members(world: object, service: dict, pods: list[dict]) -> list[tuple[dict, bool]]:
    """The pods that the selector matches, and whether the endpoints name them as ready."""
    selector, namespace = (service.get("spec") or {}).get("selector"), service["metadata"]["namespace"]
    slices = [s for s in world.list("EndpointSlice", namespace)
              if (s["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == service["metadata"]["name"]]
    ready = {(e.get("targetRef") or {}).get("name") for s in slices for e in s.get("endpoints") or ()
             if (e.get("conditions") or {}).get("ready") is not False}
    matching = [pod for pod in pods if pod["metadata"]["namespace"] == namespace and selector
                and selector.items() <= (pod["metadata"].get("labels") or {}).items()]
    return [(pod, pod["metadata"]["name"] in ready) for pod in matching]


def _service_card(service: dict) -> Card:
    spec = service.get("spec") or {}
    ports = ", ".join(f"{':'.join(str(p[k]) for k in ('port', 'nodePort') if k in p)} → {p.get('targetPort', p['port'])}"
                      for p in spec.get("ports") or ())
    where = spec.get("externalName") or f"{spec.get('clusterIP', '')}:{ports}"
    kind = f"Service · {'headless' if spec.get('clusterIP') == 'None' else spec.get('type', 'ClusterIP')}"
    title = f"service {service['metadata']['name']} · {where} · selects {spec.get('selector') or 'nothing'}"
    return Card(identity(service), kind, service["metadata"]["name"], where, hue="hue0", title=title, size=(230, 68))


def went_on(graph: Graph) -> str:
    """Of the time in which nothing was written: '90 requests; web-m4t got none: it is not in the endpoints'."""
    cards = {card.id: card for card in graph.cards}
    count = sum(int(edge.label) for edge in graph.edges if edge.label.isdigit() and cards[edge.head].kind.startswith("Service"))
    none = [cards[edge.head].name for edge in graph.edges if edge.label and edge.dashed and cards[edge.head].kind == "Pod"]
    missed = f"; {', '.join(none)} got none: not in the endpoints" if none and count else ""
    return f"{count} connection{'' if count == 1 else 's'} so far{missed}"


def _client_card(client: str, found: list[dict], into: Counter) -> Card:
    """With its namespace where that is not the services' own."""
    kind, namespace, name = client.split("/", 2)
    if namespace and namespace not in {service["metadata"]["namespace"] for service in found}:
        name = f"{name} ({namespace})"
    total = sum(count for (who, *_), count in into.items() if who == client)
    return Card(client, "" if client == OUTSIDE else kind, name, f"{total} connection{'' if total == 1 else 's'}", size=(170, 68))


def _pod_card(pod: dict, service: dict, ready: bool, stage: Stage) -> Card:
    owner = owner_of(pod)
    ports = {str(p.get("targetPort", p["port"])) for p in (service.get("spec") or {}).get("ports") or ()}
    at = (pod.get("status") or {}).get("podIP")
    address = f"{at}:{','.join(sorted(ports))}" if at else "no address"
    said = address if stage.size[1] > 40 else ""
    return Card(identity(pod), "Pod", pod["metadata"]["name"], said, states.pod_state(pod), title=states.describe(pod),
                hue=stage.slots.hue(owner and owner.get("uid")) if ready else "muted", size=stage.size)


def alt(cards: dict[str, Card], edges: list[Edge], found: list[dict]) -> str:
    """'client to web: 90; web to web-k2x: 44; web to web-m4t: 0 · not in endpoints.'"""
    if not found:
        return "No services."
    said = [f"{cards[e.tail].name} to {cards[e.head].name}: {e.label}" for e in edges if e.tail in cards and e.head in cards]
    reached = {e.tail for e in edges}
    said += [f"service {s['metadata']['name']} has no pods" for s in found if identity(s) not in reached]
    return "; ".join(said) + "."
