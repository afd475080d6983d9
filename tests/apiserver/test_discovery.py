"""Discovery is read off the table of resources, in both of its forms."""
import pytest

from kubelearn.api import data
from kubelearn.api.resources import Resource, Resources, Subresource
from kubelearn.apiserver import discovery
from kubelearn.errors import ApiError


def tables(resources: Resources) -> list[dict]:
    """The aggregated documents, written as data/resources.json is."""
    rows = []
    for group in [*discovery.aggregated(resources, True)["items"], *discovery.aggregated(resources, False)["items"]]:
        for version in group["versions"]:
            rows += [(group["metadata"].get("name", ""), version["version"], entry["resource"], entry["responseKind"]["kind"],
                      entry["scope"], entry["singularResource"], tuple(entry["verbs"])) for entry in version["resources"]]
    return rows


def test_asked_for_its_resources_the_server_gives_the_table_back():
    fields = ("group", "version", "resource", "kind", "scope", "singular")
    expected = [(*(entry[field] for field in fields), tuple(entry["verbs"])) for entry in data.resources()]
    assert sorted(tables(Resources())) == sorted(expected)


def test_custom_resources_appear_by_themselves():
    resources = Resources()
    resources.add(Resource("stable.example.com", "v1", "crontabs", "crontab", "CronTab", True, ("ct",), verbs=("get", "list"),
                           parts=(Subresource("scale", ("get",), "autoscaling", "v1", "Scale"),)))
    assert discovery.group(resources, "stable.example.com")["preferredVersion"]["groupVersion"] == "stable.example.com/v1"
    listed = discovery.resource_list(resources, "stable.example.com", "v1")["resources"]
    assert [(entry["name"], entry["kind"], entry.get("shortNames")) for entry in listed] == [
        ("crontabs", "CronTab", ["ct"]), ("crontabs/scale", "Scale", None)]
    assert ("stable.example.com", "v1", "crontabs", "CronTab", "Namespaced", "crontab", ("get", "list")) in tables(resources)


def test_what_is_not_served_is_not_found():
    assert discovery.group(Resources(), "nothing") is None
    with pytest.raises(ApiError, match="the server could not find the requested resource"):
        discovery.resource_list(Resources(), "apps", "v9")


def test_health():
    assert discovery.health("/readyz", False) == discovery.health("/healthz/ping", True) == "ok"
    assert discovery.health("/readyz", True).endswith("[+]shutdown ok\nreadyz check passed\n")
    assert discovery.health("/healthz/nothing", False) is None
