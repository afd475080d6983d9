"""Cells of the kinds that administrators meet: quotas, bindings, autoscalers, certificates, classes, claims.

Part of Kubernetes: pkg/printers/internalversion/printers.go, kube-aggregator's and apiextensions' tables. Law 1.
"""
from __future__ import annotations

from kubelearn.api.meta import condition, condition_is, find_condition, owner_of
from kubelearn.api.resources import version_order
from kubelearn.apiserver import cells
from kubelearn.apiserver.cells import Cell


def quota(part: str) -> Cell:
    """Of the limits, or of the rest."""
    def cell(quota: dict) -> str:
        status = quota.get("status") or {}
        hard, used = status.get("hard") or {}, status.get("used") or {}
        return ", ".join(f"{n}: {used.get(n, '0')}/{hard[n]}" for n in sorted(hard) if n.startswith("limits.") == (part == "limits"))
    return cell


def subjects(kind: str) -> Cell:
    def cell(binding: dict) -> str:
        found = [s for s in binding.get("subjects") or () if s["kind"] == kind]
        return ", ".join(f"{s.get('namespace', '')}/{s['name']}" if kind == "ServiceAccount" else s["name"] for s in found)
    return cell


def csr_condition(csr: dict) -> str:
    status = csr.get("status") or {}
    types = {condition["type"] for condition in status.get("conditions") or ()}
    word = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    return word + (",Failed" if "Failed" in types else "") + (",Issued" if status.get("certificate") else "")


def csr_duration(csr: dict) -> str:
    seconds = csr["spec"].get("expirationSeconds")
    return "<none>" if seconds is None else cells.human_duration(seconds)


def _hpa_target(kind: str, spec: dict, now: dict) -> str:
    """One metric: 'cpu: 12%/50%', '<unknown>/10 (avg)'."""
    source, current = spec[kind[0].lower() + kind[1:]], now.get(kind[0].lower() + kind[1:], {}).get("current", {})
    target, named = source["target"], f"{source['name']}: " if "name" in source else ""
    if named and target.get("averageValue") is None:
        now_text = f"{current['averageUtilization']}%" if current.get("averageUtilization") is not None else "<unknown>"
        return f"{named}{now_text}/{target['averageUtilization']}%" if "averageUtilization" in target else f"{named}{now_text}/<auto>"
    field = "averageValue" if target.get("averageValue") is not None else "value"
    average = " (avg)" if field == "averageValue" and kind in ("External", "Object") else ""
    return f"{named}{current.get(field, '<unknown>')}/{target.get(field, '')}{average}"


def hpa_targets(hpa: dict) -> str:
    now = (hpa.get("status") or {}).get("currentMetrics") or []
    specs = hpa["spec"].get("metrics") or ()
    return cells.more([_hpa_target(spec["type"], spec, now[i] if i < len(now) else {}) for i, spec in enumerate(specs)], 2, ", ")


def hpa_cpu(hpa: dict) -> str:
    """The v1 form knows only one metric."""
    target = hpa["spec"].get("targetCPUUtilizationPercentage")
    now = (hpa.get("status") or {}).get("currentCPUUtilizationPercentage")
    return "<none>" if target is None else f"cpu: {'<unknown>' if now is None else f'{now}%'}/{target}%"


def controller(revision: dict) -> str:
    owner = owner_of(revision)
    if owner is None:
        return "<none>"
    group = owner["apiVersion"].rpartition("/")[0]
    return f"{owner['kind']}{'.' + group if group else ''}/{owner['name']}".replace(owner["kind"], owner["kind"].lower(), 1)


def health(component: dict) -> str:
    found = find_condition(component.get("conditions"), "Healthy")
    return "Unknown" if found is None else "Healthy" if found["status"] == "True" else "Unhealthy"


def crd_versions(crd: dict) -> str:
    versions = sorted(crd["spec"]["versions"], key=lambda version: version_order(version["name"]))
    return ",".join(version["name"] + ("(storage)" if version["storage"] else "") for version in versions)


def established(crd: dict) -> bool:
    return condition_is(crd, "Established")


def parameters(ingress_class: dict) -> str:
    found = ingress_class["spec"].get("parameters")
    return f"{found['kind']}{'.' + found['apiGroup'] if found.get('apiGroup') else ''}/{found['name']}" if found else "<none>"


def param_ref(binding: dict) -> str:
    found = binding["spec"].get("paramRef") or {}
    return f"{found.get('namespace') or '*'}/{found['name']}" if found.get("name") else "<unset>"


def available(service: dict) -> str:
    found = condition(service, "Available")
    if found is None:
        return "Unknown"
    return "True" if found["status"] == "True" else f"{found['status']} ({found.get('reason', '')})"


def claim_state(claim: dict) -> str:
    status, deleted = claim.get("status") or {}, "deletionTimestamp" in claim["metadata"]
    words = ["deleted"] if deleted else []
    if status.get("allocation") is None:
        return ",".join(words or ["pending"])
    return ",".join([*words, "allocated", *(["reserved"] if status.get("reservedFor") else [])])
