"""Laws of the resource table."""
from dataclasses import replace

from kubelearn.api.resources import Resource, Resources


def test_every_name_finds_its_resource():
    resources = Resources()
    for resource in resources:
        assert resources.by_path(resource.group, resource.version, resource.plural) is resource
        assert resources.by_kind(resource.api_version, resource.kind) is resource
        assert resources.find(f"{resource.plural}.{resource.version}.{resource.group}") in (resource, None if resource.group else resource)
        assert resource.schema is not None
    for word in ("po", "pod", "Pod", "pods", "PODS"):
        assert resources.find(word).name == "pods"
    assert resources.find("deployments.v1.apps").name == resources.find("deploy").name == "deployments.apps"
    assert resources.find("things") is None


def test_the_preferred_version_comes_first_and_versions_share_their_storage():
    resources = Resources()
    assert resources.find("hpa").api_version == "autoscaling/v2"
    assert resources.by_path("autoscaling", "v1", "horizontalpodautoscalers").storage == resources.find("hpa").storage
    assert resources.by_kind("events.k8s.io/v1", "Event").storage == resources.find("events").storage == "events"
    assert resources.groups()["autoscaling"] == ["v2", "v1"]


def test_an_added_resource_is_found_until_it_is_removed_and_hides_nothing():
    resources, other = Resources(), Resources()
    cron = Resource("example.com", "v1", "crons", "cron", "Cron", True, short_names=("po", "cr"))
    resources.add(cron)
    assert resources.find("cr") is cron and resources.find("po").name == "pods" and resources.find("crons.example.com") is cron
    newer = replace(cron, short_names=("cc",))
    resources.add(newer)
    assert resources.find("cr") is None and resources.find("cc") is newer
    resources.remove(newer)
    assert resources.find("crons") is None and other.find("crons") is None
