"""The pod security standards: what the levels baseline and restricted forbid in a pod's spec.

Part of Kubernetes: pod-security-admission policy, version 1.37. Law 9: the checks are a table. Law 8: their wording.
Leaves out: what concerns Windows, and annotations that fields have replaced.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

CAPABILITIES = frozenset(("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
                          "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"))
SYSCTLS = frozenset((
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"))
SELINUX_TYPES = frozenset(("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"))
VOLUMES = frozenset(("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"))
GOOD_PROFILES = ("RuntimeDefault", "Localhost")


def violations(spec: dict, level: str) -> str:
    """Everything in a pod's spec that a level forbids, in upstream's words; '' where nothing is."""
    return ", ".join(f"{reason} ({detail})" for reason, detail in broken_rules(spec, level))


def broken_rules(spec: dict, level: str) -> Iterator[tuple[str, str]]:
    """(reason, detail) of each rule of a level that the spec breaks."""
    for reason, check in CHECKS[level]:
        detail = check(spec)
        if detail:
            yield reason, detail


# --- the checks: each gives the detail of what it forbids, or '' --------------------------------------------------

def _containers(spec: dict) -> Iterator[tuple[str, dict, dict]]:
    """(name, container, its security context)"""
    for group in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(group) or ():
            yield container["name"], container, container.get("securityContext") or {}


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _many(word: str, listed: list | set, plural: str = "") -> str:
    return word if len(listed) == 1 else plural or word + "s"


def _named(bad: list[str]) -> str:
    return f"{_many('container', bad)} {_quoted(bad)}"


def _setters(spec: dict, is_bad: Callable[[dict], bool]) -> list[str]:
    """Who sets something bad: 'pod', 'containers "a", "b"'."""
    pod = ["pod"] if is_bad(spec.get("securityContext") or {}) else []
    bad = [name for name, _, context in _containers(spec) if is_bad(context)]
    return [*pod, _named(bad)] if bad else pod


def _each(test: Callable[[dict, dict], bool], text: str) -> Callable[[dict], str]:
    """A check that names the containers for which a test holds."""
    def check(spec: dict) -> str:
        bad = [name for name, container, context in _containers(spec) if test(container, context)]
        return f"{_named(bad)} {text}" if bad else ""
    return check


def host_namespaces(spec: dict) -> str:
    return ", ".join(f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name))


def host_path_volumes(spec: dict) -> str:
    bad = [volume["name"] for volume in spec.get("volumes") or () if "hostPath" in volume]
    return f"{_many('volume', bad)} {_quoted(bad)}" if bad else ""


def host_ports(spec: dict) -> str:
    used = {name: [port["hostPort"] for port in c.get("ports") or () if port.get("hostPort")] for name, c, _ in _containers(spec)}
    bad, ports = [name for name, found in used.items() if found], sorted({str(port) for found in used.values() for port in found})
    return f"{_named(bad)} {_many('uses', bad, 'use')} {_many('hostPort', ports)} {', '.join(ports)}" if bad else ""


def hosts_of_probes(spec: dict) -> str:
    used = {name: [action["host"] for action in _actions(container) if action.get("host")] for name, container, _ in _containers(spec)}
    bad, hosts = sorted(name for name, found in used.items() if found), sorted({host for found in used.values() for host in found})
    return f"{_named(bad)} {_many('uses', bad, 'use')} {_many('probe or lifecycle host', hosts)} {_quoted(hosts)}" if bad else ""


def _actions(container: dict) -> Iterator[dict]:
    probes = [container.get(name) or {} for name in ("livenessProbe", "readinessProbe", "startupProbe")]
    for handler in (*probes, *(container.get("lifecycle") or {}).values()):
        yield from (handler[kind] for kind in ("httpGet", "tcpSocket") if isinstance(handler, dict) and handler.get(kind))


def baseline_capabilities(spec: dict) -> str:
    added = {name: set((context.get("capabilities") or {}).get("add") or ()) - CAPABILITIES for name, _, context in _containers(spec)}
    bad, names = [name for name, found in added.items() if found], sorted(set().union(*added.values()))
    return f"{_named(bad)} must not include {_quoted(names)} in securityContext.capabilities.add" if bad else ""


def restricted_capabilities(spec: dict) -> str:
    contexts = {name: context.get("capabilities") or {} for name, _, context in _containers(spec)}
    keeps = [name for name, capabilities in contexts.items() if "ALL" not in (capabilities.get("drop") or ())]
    added = {name: set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"} for name, capabilities in contexts.items()}
    bad, names = [name for name, found in added.items() if found], sorted(set().union(*added.values()))
    return "; ".join([f'{_named(keeps)} must set securityContext.capabilities.drop=["ALL"]'] * bool(keeps)
                     + [f"{_named(bad)} must not include {_quoted(names)} in securityContext.capabilities.add"] * bool(bad))


def _profile(field: str, text: str) -> Callable[[dict], str]:
    """A check that a profile, where one is set, is one of the two good ones."""
    def check(spec: dict) -> str:
        values = sorted({kind for kind in (_type(context, field) for context in _contexts(spec)) if kind and kind not in GOOD_PROFILES})
        setters = _setters(spec, lambda context: _type(context, field) in values)
        return f"{' and '.join(setters)} must not set {text} to {_quoted(values)}" if values else ""
    return check


def _contexts(spec: dict) -> list[dict]:
    return [spec.get("securityContext") or {}, *(context for _, _, context in _containers(spec))]


def _type(context: dict, field: str) -> str | None:
    return (context.get(field) or {}).get("type")


def selinux(spec: dict) -> str:
    def options(context: dict) -> dict:
        return context.get("seLinuxOptions") or {}
    setters = _setters(spec, lambda c: bool(options(c) and (options(c).get("type", "") not in SELINUX_TYPES
                                                            or options(c).get("user") or options(c).get("role"))))
    types = sorted({options(c).get("type", "") for c in _contexts(spec)} - SELINUX_TYPES)
    data = [f"{_many('type', types)} {_quoted(types)}"] * bool(types)
    data += [f"{what} may not be set" for what in ("user", "role") if any(options(c).get(what) for c in _contexts(spec))]
    return f"{' and '.join(setters)} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}" if setters else ""


def sysctls(spec: dict) -> str:
    return ", ".join(s["name"] for s in (spec.get("securityContext") or {}).get("sysctls") or () if s["name"] not in SYSCTLS)


def restricted_volumes(spec: dict) -> str:
    kinds = {v["name"]: next((kind for kind in v if kind != "name"), "unknown") for v in spec.get("volumes") or () if not VOLUMES & set(v)}
    types = sorted(set(kinds.values()))
    return (f"{_many('volume', list(kinds))} {_quoted(kinds)} {_many('uses', list(kinds), 'use')} {_many('restricted volume type', types)} "
            f"{_quoted(types)}" if kinds else "")


def non_root(spec: dict) -> str:
    setters = _setters(spec, lambda context: context.get("runAsNonRoot") is False)
    if setters:
        return f"{' and '.join(setters)} must not set securityContext.runAsNonRoot=false"
    if (spec.get("securityContext") or {}).get("runAsNonRoot"):
        return ""
    silent = [name for name, _, context in _containers(spec) if "runAsNonRoot" not in context]
    return f"pod or {_named(silent)} must set securityContext.runAsNonRoot=true" if silent else ""


def root_user(spec: dict) -> str:
    setters = _setters(spec, lambda context: context.get("runAsUser") == 0) if spec.get("hostUsers") is not False else []
    return f"{' and '.join(setters)} must not set runAsUser=0" if setters else ""


def seccomp_restricted(spec: dict) -> str:
    bad = seccomp_baseline(spec)
    if bad or _type(spec.get("securityContext") or {}, "seccompProfile"):
        return bad
    silent = [name for name, _, context in _containers(spec) if not _type(context, "seccompProfile")]
    return (f'pod or {_named(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"' if silent else "")


seccomp_baseline = _profile("seccompProfile", "securityContext.seccompProfile.type")
BASELINE = [  # (upstream's reason, check) in upstream's order
    ("forbidden AppArmor profile", _profile("appArmorProfile", "AppArmor profile type")),
    ("non-default capabilities", baseline_capabilities),
    ("host namespaces", host_namespaces),
    ("hostPath volumes", host_path_volumes),
    ("hostPort", host_ports),
    ("probe or lifecycle host", hosts_of_probes),
    ("privileged", _each(lambda container, context: bool(context.get("privileged")), "must not set securityContext.privileged=true")),
    ("procMount", _each(lambda container, context: context.get("procMount", "Default") != "Default",
                        'must not set securityContext.procMount to "Unmasked"')),
    ("seLinuxOptions", selinux),
    ("seccompProfile", seccomp_baseline),
    ("forbidden sysctls", sysctls),
]
STRICTER = frozenset(("non-default capabilities", "hostPath volumes", "seccompProfile"))  # restricted has checks of its own for these
CHECKS: dict[str, list[tuple[str, Callable[[dict], str]]]] = {
    "privileged": [], "baseline": BASELINE,
    "restricted": [*(entry for entry in BASELINE if entry[0] not in STRICTER),
                   ("allowPrivilegeEscalation != false", _each(lambda _, context: context.get("allowPrivilegeEscalation") is not False,
                                                               "must set securityContext.allowPrivilegeEscalation=false")),
                   ("unrestricted capabilities", restricted_capabilities),
                   ("restricted volume types", restricted_volumes),
                   ("runAsNonRoot != true", non_root),
                   ("runAsUser=0", root_user),
                   ("seccompProfile", seccomp_restricted)],
}
