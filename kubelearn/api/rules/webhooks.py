"""Rules of what the API server would call: admission webhooks, and API services.

Part of Kubernetes: pkg/apis/admissionregistration and kube-aggregator's apiregistration, each in its validation.
Leaves out: certificates, the segments of a webhook's path.
"""
from __future__ import annotations

from urllib.parse import urlsplit

from .. import names
from ..checks import dns_1035_label, dns_subdomain, needed, required, supported
from ..fields import Path, path_of
from ..findings import Check, Findings

FORM = "; desired format: https://host[/path]"
REVIEWS = ("v1", "v1beta1")


def fully_qualified(value: str | None, path: Path, found: Findings) -> None:
    required(value, path, found)
    dns_subdomain(value, path, found)
    if value and not names.dns_subdomain(value) and value.count(".") < 2:
        found.invalid(path, value, "should be a domain with at least three segments separated by dots")


def alone(*what: str) -> Check:
    """A * says all there is to say."""
    def check(values: list | None, path: Path, found: Findings) -> None:
        if "*" in (values or ()) and len(values) > 1:
            found.invalid(path, values, f"if '*' is present, must not specify other {what[0]}")
    return check


def side_effects(value: str | None, path: Path, found: Findings) -> None:
    needed("must specify one of None, NoneOnDryRun")(value, path, found)
    supported("None", "NoneOnDryRun")(value, path, found)


def client_config(hook: dict, path: Path, found: Findings) -> None:
    config, path = hook.get("clientConfig") or {}, (path, "clientConfig")
    if ("url" in config) == ("service" in config):
        return found.required(path, "exactly one of url or service is required")
    if "service" in config:
        return service(config["service"], (path, "service"), found, ("name", "namespace"))
    url, here = urlsplit(config["url"]), (path, "url")
    user, _, host = url.netloc.rpartition("@")
    for wrong, value, sentence in ((url.scheme != "https", url.scheme, "'https' is the only allowed URL scheme" + FORM),
                                   (not host, host, "host must be specified" + FORM),
                                   (user, user, "user information is not permitted in the URL"),
                                   (url.fragment, url.fragment, "fragments are not permitted in the URL"),
                                   (url.query, url.query, "query parameters are not permitted in the URL")):
        if wrong:
            found.invalid(here, value, sentence)


def service(value: dict, path: Path, found: Findings, keys: tuple[str, ...]) -> None:
    for key in keys:
        required(value.get(key), (path, key), found)
    if problems := names.port_number(value.get("port", 443)):
        found.invalid((path, "port"), value["port"], f"port is not valid: {', '.join(problems)}")
    if not value.get("path", "/").startswith("/"):
        found.invalid((path, "path"), value["path"], "must start with a '/'")


def review_versions(versions: list | None, path: Path, found: Findings) -> None:
    if not versions:
        return found.required(path, f"must specify one of {', '.join(REVIEWS)}")
    for index, version in enumerate(versions):
        if version in versions[:index]:
            found.invalid((path, index), version, "duplicate version")
        else:
            dns_1035_label(version, (path, index), found)
    if not set(REVIEWS) & set(versions):
        found.invalid(path, versions, f"must include at least one of {', '.join(REVIEWS)}")


def api_service(obj: dict, path: Path, found: Findings) -> None:
    """Upstream: ValidateAPIService."""
    spec, name, path = obj.get("spec") or {}, obj["metadata"].get("name"), path_of("spec")
    group, version, bundle, insecure = (spec.get(key) for key in ("group", "version", "caBundle", "insecureSkipTLSVerify"))
    if name != (wanted := f"{version or ''}.{group or ''}"):
        found.invalid(path_of("metadata", "name"), name, f'must be `spec.version+"."+spec.group`: "{wanted}"')
    if not group and version != "v1":
        found.required((path, "group"), "only v1 may have an empty group and it better be legacy kube")
    dns_subdomain(group, (path, "group"), found)
    dns_1035_label(version, (path, "version"), found)
    for key, limit in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        if not 0 < spec.get(key, 0) <= limit:
            found.invalid((path, key), spec.get(key, 0), f"must be positive and less than {limit}")
    if spec.get("service") is not None:
        service(spec["service"], (path, "service"), found, ("namespace", "name"))
        if insecure and bundle:
            found.invalid((path, "insecureSkipTLSVerify"), True, "may not be true if caBundle is present")
        return
    if bundle:
        found.invalid((path, "caBundle"), f"{len(bundle) * 3 // 4 - bundle.count('=')} bytes", "local APIServices may not have a caBundle")
    if insecure:
        found.invalid((path, "insecureSkipTLSVerify"), True, "local APIServices may not have insecureSkipTLSVerify")
