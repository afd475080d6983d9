"""What a cell of a Table says where it is more than a field: the wording of `kubectl get`.

Part of Kubernetes: pkg/printers/internalversion/printers.go. Law 1: these words are the server's, kubectl only lines them up.
The table of printers (api/data/printers.txt) names these functions; one with an argument there makes a cell of it.
"""
from __future__ import annotations

from collections.abc import Callable

from kubelearn.api import selectors
from kubelearn.api.meta import get
from kubelearn.clock import parse_time

Cell = Callable[[dict], object]
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 365 * 86_400


def human_duration(seconds: float) -> str:
    """'5s', '2m3s', '47h', '3d4h': apimachinery pkg/util/duration HumanDuration."""
    s = int(seconds)
    if s < 0:
        return "0s" if s >= -1 else "<invalid>"
    for limit, unit, sign, small, small_sign in _DURATIONS:
        if s < limit:
            rest = s % unit // small if small else 0
            return f"{s // unit}{sign}" + (f"{rest}{small_sign}" if rest else "")
    return f"{s // YEAR}y"


_DURATIONS = (  # below this: in this unit, with what is left of it in that one
    (2 * MINUTE, 1, "s", 0, ""), (10 * MINUTE, MINUTE, "m", 1, "s"), (3 * HOUR, MINUTE, "m", 0, ""), (8 * HOUR, HOUR, "h", MINUTE, "m"),
    (48 * HOUR, HOUR, "h", 0, ""), (8 * DAY, DAY, "d", HOUR, "h"), (2 * YEAR, DAY, "d", 0, ""), (8 * YEAR, YEAR, "y", DAY, "d"),
)


def more(items: list[str], most: int, separator: str = ",", empty: str = "<none>") -> str:
    shown = separator.join(items[:most])
    return f"{shown} + {len(items) - most} more..." if len(items) > most else shown or empty


def labels(path: str) -> Cell:
    return lambda obj: ",".join(f"{key}={value}" for key, value in sorted(get(obj, path.split("."), {}).items())) or "<none>"


def selector(path: str) -> Cell:
    return lambda obj: selectors.format_selector(get(obj, path.split(".")))


def flag(path: str) -> Cell:
    """A boolean in a column of texts."""
    return lambda obj: get(obj, path.split("."), False)


def word(path: str) -> Cell:
    """A boolean as Go's printer writes it there."""
    return lambda obj: str(get(obj, path.split("."), False))


def named(word: str) -> Cell:
    """Name, with '(default)' where an annotation says so."""
    def cell(obj: dict) -> str:
        default = (obj["metadata"].get("annotations") or {}).get(word) == "true"
        return obj["metadata"].get("name", "") + (" (default)" if default else "")
    return cell


# --- kinds --------------------------------------------------------------------------------------------------------

def node_status(node: dict) -> str:
    conditions = (node.get("status") or {}).get("conditions") or ()
    words = ["Ready" if c["status"] == "True" else "NotReady" for c in conditions if c["type"] == "Ready"] or ["Unknown"]
    return ",".join(words + (["SchedulingDisabled"] if (node.get("spec") or {}).get("unschedulable") else []))


def node_roles(node: dict) -> str:
    labels, prefix = node["metadata"].get("labels") or {}, "node-role.kubernetes.io/"
    roles = {key[len(prefix):] for key in labels if key.startswith(prefix) and key != prefix} | {labels.get("kubernetes.io/role", "")}
    return ",".join(sorted(roles - {""})) or "<none>"


def kernel(node: dict) -> str:
    info = (node.get("status") or {}).get("nodeInfo") or {}
    arch = info.get("architecture")
    return (info.get("kernelVersion") or "<unknown>") + (f" ({arch})" if arch else "")


def external_ip(service: dict) -> str:
    spec, kind = service["spec"], service["spec"].get("type")
    if kind == "ExternalName":
        return spec.get("externalName", "")
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") if kind == "LoadBalancer" else None
    return ",".join([*_ingress(ingress), *(spec.get("externalIPs") or ())]) or ("<pending>" if kind == "LoadBalancer" else "<none>")


def _ingress(entries: list[dict] | None) -> list[str]:
    return sorted({entry.get("ip") or entry.get("hostname") for entry in entries or ()} - {None})


def ingress_address(ingress: dict) -> str:
    return ",".join(_ingress(((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress")))


def service_ports(service: dict) -> str:
    return ",".join(f"{port['port']}{f':{node_port}' if (node_port := port.get('nodePort')) else ''}/{port.get('protocol', 'TCP')}"
                    for port in service["spec"].get("ports") or ()) or "<none>"


def endpoints(endpoints: dict) -> str:
    found = []
    for subset in endpoints.get("subsets") or ():
        addresses = [address["ip"] for address in subset.get("addresses") or ()]
        ports = subset.get("ports")
        found += [_join(ip, port["port"]) for port in ports for ip in addresses] if ports else addresses
    return more(found, 3, empty="" if endpoints.get("subsets") else "<none>")


def _join(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def slice_ports(endpoint_slice: dict) -> str:
    ports = endpoint_slice.get("ports") or ()
    return more([str(port["port"]) if port.get("port") is not None else port.get("name", "*") for port in ports], 3, empty="<unset>")


def slice_endpoints(endpoint_slice: dict) -> str:
    return more([address for endpoint in endpoint_slice.get("endpoints") or () for address in endpoint["addresses"]], 3, empty="<unset>")


def config_data(config_map: dict) -> int:
    return len(config_map.get("data") or ()) + len(config_map.get("binaryData") or ())


def ingress_ports(ingress: dict) -> str:
    return "80, 443" if ingress["spec"].get("tls") else "80"


def hosts(ingress: dict) -> str:
    rules = ingress["spec"].get("rules") or ()
    hosts = [rule["host"] for rule in rules if rule.get("host")]
    return f"{','.join(hosts[:3])} + {len(rules) - 3} more..." if len(hosts) > 3 or len(hosts) == 3 < len(rules) else ",".join(hosts) or "*"


def replicas(obj: dict) -> str:
    return f"{(obj.get('status') or {}).get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}"


def _true_conditions(obj: dict) -> set[str]:
    return {c["type"] for c in (obj.get("status") or {}).get("conditions") or () if c["status"] == "True"}


def job_status(job: dict) -> str:
    true = _true_conditions(job) | ({"Terminating"} if "deletionTimestamp" in job["metadata"] else set())
    words = {"Complete": "Complete", "Failed": "Failed", "Terminating": "Terminating", "Suspended": "Suspended",
             "FailureTarget": "FailureTarget", "SuccessCriteriaMet": "SuccessCriteriaMet"}
    return next((word for condition, word in words.items() if condition in true), "Running")


def job_duration(job: dict, age: Callable[[str], str]) -> str:
    status = job.get("status") or {}
    begin, end = status.get("startTime"), status.get("completionTime")
    return "" if not begin else human_duration(parse_time(end) - parse_time(begin)) if end else age(begin)


def completions(job: dict) -> str:
    spec, done = job["spec"], (job.get("status") or {}).get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    return f"{done}/1 of {spec['parallelism']}" if (spec.get("parallelism") or 0) > 1 else f"{done}/1"


def volume_phase(obj: dict) -> str:
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else (obj.get("status") or {}).get("phase", "")


def storage_class(obj: dict) -> str:
    old = (obj["metadata"].get("annotations") or {}).get("volume.beta.kubernetes.io/storage-class")
    return old if old is not None else obj["spec"].get("storageClassName") or ""


def claim_capacity(claim: dict) -> str:
    return ((claim.get("status") or {}).get("capacity") or {}).get("storage", "0") if claim["spec"].get("volumeName") else ""


MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def access_modes(volume: dict) -> str:
    return ",".join(short for mode, short in MODES.items() if mode in (volume["spec"].get("accessModes") or ()))


def claim_modes(claim: dict) -> str:
    return access_modes({"spec": claim.get("status") or {}}) if claim["spec"].get("volumeName") else ""


def event_object(event: dict) -> str:
    involved = event.get("involvedObject") or {}
    return f"{involved.get('kind', '').lower()}/{involved['name']}" if involved.get("name") else involved.get("kind", "").lower()


def event_message(event: dict) -> str:
    return event.get("message", "").strip()


def event_source(event: dict) -> str:
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent") or ""
    host = source.get("host") or event.get("reportingInstance") or ""
    return f"{component}, {host}" if host else component


def first_seen(event: dict) -> str:
    return event.get("firstTimestamp") or event.get("eventTime") or ""


def last_seen(event: dict) -> str:
    return (event.get("series") or {}).get("lastObservedTime") or event.get("lastTimestamp") or first_seen(event)


def event_count(event: dict) -> int:
    return (event.get("series") or {}).get("count") or event.get("count") or 1
