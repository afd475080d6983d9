"""CoreDNS: answers names of Services and pods from what the API says.

Part of Kubernetes: CoreDNS' kubernetes plugin, after the DNS specification of Kubernetes (dns/docs/specification.md). Law 2: it
watches Services, EndpointSlices and Namespaces, and listens at an address like any other server.
Leaves out: forwarding to the world outside (there is none), zone transfers, IPv6.
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.api import meta
from kubelearn.client import Client
from kubelearn.network import Network
from kubelearn.streams import Stream

DOMAIN = "cluster.local"
SERVICE = "kubernetes.io/service-name"  # the label by which an EndpointSlice names its service
Record = tuple[str, str, str]  # name, type, value


class Dns:
    """Listens for datagrams at `address`:53. A question is a line "TYPE NAME", an answer its code and a record a line."""

    def __init__(self, client: Client, network: Network, address: str):
        self.client, self.network, self.address = client, network, address
        self.services, self.namespaces = client.informer("Service"), client.informer("Namespace")
        self._slices: dict[str, dict[str, dict]] = {}  # service -> its slices by name
        client.informer("EndpointSlice").on(self._slice_changed)
        self.listener = None
        self.start()

    def start(self) -> None:
        if self.listener is None:
            self.listener = self.network.listen(self.address, 53, self._accept, "UDP")

    def stop(self) -> None:
        """Names are no longer answered; addresses go on working."""
        if self.listener is not None:
            self.listener.close()
            self.listener = None

    def _slice_changed(self, old: dict | None, new: dict | None) -> None:
        piece = new or old
        slices = self._slices.setdefault(f"{meta.namespace_of(piece)}/{meta.labels_of(piece).get(SERVICE, '')}", {})
        slices.pop(meta.name_of(piece), None)
        if new is not None:
            slices[meta.name_of(piece)] = new

    def _accept(self, stream: Stream) -> None:
        self.network.clock.spawn(self._serve(stream))

    async def _serve(self, stream: Stream) -> None:
        kind, _, name = (await stream.read_line()).decode(errors="replace").strip().partition(" ")
        code, records = self.answer(name.rstrip(".").lower(), kind.upper() or "A")
        stream.write("\n".join([code, *(" ".join(record) for record in records), ""]).encode())
        stream.close_write()

    # --- names ------------------------------------------------------------------------------------------------------

    def answer(self, name: str, kind: str) -> tuple[str, list[Record]]:
        """(NOERROR | NXDOMAIN, records). NXDOMAIN says that the name is not there at all, whatever its type."""
        if name.endswith(".in-addr.arpa"):
            return self._reverse(name)
        if not name.endswith(f".{DOMAIN}"):
            return "NXDOMAIN", []
        *labels, namespace, zone = ["", "", *name.removesuffix(f".{DOMAIN}").split(".")]
        labels = labels[2:]
        if zone == "pod" and len(labels) == 1 and self.namespaces.get("", namespace):
            address = labels[0].replace("-", ".")
            return "NOERROR", [(name, "A", address)] if kind == "A" else []
        records = self._service(name, labels, namespace, kind) if zone == "svc" and labels else None
        return ("NXDOMAIN", []) if records is None else ("NOERROR", records)

    def _service(self, name: str, labels: list[str], namespace: str, kind: str) -> list[Record] | None:
        service = self.services.get(namespace, labels[-1])
        if service is None:
            return None
        spec, before = service["spec"], labels[:-1]
        if before and before[0].startswith("_"):
            return self._srv(name, service, before) if len(before) == 2 else None
        if spec.get("type") == "ExternalName":
            target = spec["externalName"].rstrip(".").lower()
            found = self.answer(target, kind)[1] if target != name else []
            alias = [(name, "CNAME", target)] if found or not target.endswith(f".{DOMAIN}") else []  # one that leads nowhere is not told
            return None if before else [*alias, *found]
        if spec.get("clusterIP") != "None":
            return None if before else [(name, "A", spec["clusterIP"])] if kind == "A" else []
        endpoints = [(host, address) for host, address, _ in self._endpoints(service) if not before or before == [host]]
        return ([(name, "A", address) for _, address in endpoints] if kind == "A" else []) if endpoints else None

    def _srv(self, name: str, service: dict, before: list[str]) -> list[Record] | None:
        port_name, protocol = (label[1:] for label in before)
        full = f"{meta.name_of(service)}.{meta.namespace_of(service)}.svc.{DOMAIN}"
        if service["spec"].get("clusterIP") == "None":
            found = [(f"{host}.{full}", port["port"]) for host, _, ports in self._endpoints(service) for port in ports
                     if _is(port, port_name, protocol)]
        else:
            found = [(full, port["port"]) for port in service["spec"].get("ports") or () if _is(port, port_name, protocol)]
        return [(name, "SRV", f"0 100 {port} {target}") for target, port in found] or None

    def _endpoints(self, service: dict) -> Iterable[tuple[str, str, list[dict]]]:
        """(host name, address, ports) of each ready endpoint; without a host name the address stands for it."""
        all_of_them = service["spec"].get("publishNotReadyAddresses", False)
        for piece in self._slices.get(meta.key_of(service), {}).values():
            for endpoint in piece.get("endpoints") or ():
                if all_of_them or (endpoint.get("conditions") or {}).get("ready", True) is not False:
                    address = endpoint["addresses"][0]
                    yield endpoint.get("hostname") or address.replace(".", "-"), address, piece.get("ports") or []

    def _reverse(self, name: str) -> tuple[str, list[Record]]:
        address = ".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))
        for service in self.services.list():
            full = f"{meta.name_of(service)}.{meta.namespace_of(service)}.svc.{DOMAIN}"
            if service["spec"].get("clusterIP") == address:
                return "NOERROR", [(name, "PTR", full)]
            for host, known, _ in self._endpoints(service) if service["spec"].get("clusterIP") == "None" else ():
                if known == address:
                    return "NOERROR", [(name, "PTR", f"{host}.{full}")]
        return "NXDOMAIN", []


def _is(port: dict, name: str, protocol: str) -> bool:
    return port.get("name", "") == name and port.get("protocol", "TCP").lower() == protocol
