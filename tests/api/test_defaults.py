"""Laws of the table of defaults."""
import pytest

from kubelearn.api import schema
from kubelearn.api.defaults import tag_of


def defaulted(api_version, kind, **obj):
    return schema.of_kind(api_version, kind).default({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, **obj})


def container(**fields):
    pod = defaulted("v1", "Pod", spec={"containers": [{"name": "c", "image": "nginx", **fields}]})
    return pod["spec"]["containers"][0]


@pytest.mark.parametrize("image, tag", [("nginx", "latest"), ("nginx:1.25", "1.25"), ("host:5000/nginx", "latest"), ("nginx@sha256:0", "")])
def test_only_the_newest_image_is_always_pulled(image, tag):
    assert tag_of(image) == tag
    assert container(image=image)["imagePullPolicy"] == ("Always" if tag == "latest" else "IfNotPresent")


def test_a_pod_requests_what_it_is_limited_to_and_a_template_does_not():
    limits = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}
    assert container(resources=limits)["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"}
    template = {"spec": {"containers": [{"name": "c", "image": "i", "resources": limits}]}}
    deployment = defaulted("apps/v1", "Deployment", spec={"template": template})
    assert deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "500m"}


def test_nested_defaults_follow_from_those_around_them():
    assert defaulted("apps/v1", "Deployment", spec={})["spec"]["strategy"] == {
        "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    assert defaulted("apps/v1", "Deployment", spec={"strategy": {"type": "Recreate"}})["spec"]["strategy"] == {"type": "Recreate"}


def test_a_job_has_defaults_that_the_job_of_a_cron_job_has_not():
    job = defaulted("batch/v1", "Job", spec={"template": {"metadata": {"labels": {"a": "b"}}, "spec": {}}})
    assert (job["spec"]["completions"], job["spec"]["parallelism"], job["spec"]["backoffLimit"]) == (1, 1, 6)
    assert job["metadata"]["labels"] == {"a": "b"}
    assert "completions" not in defaulted("batch/v1", "Job", spec={"parallelism": 2})["spec"]
    assert "backoffLimit" not in defaulted("batch/v1", "CronJob", spec={"jobTemplate": {"spec": {}}})["spec"]["jobTemplate"]["spec"]


def test_services():
    service = defaulted("v1", "Service", spec={"ports": [{"port": 80}]})["spec"]
    assert service["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}] and service["internalTrafficPolicy"] == "Cluster"
    assert "externalTrafficPolicy" not in service
    assert defaulted("v1", "Service", spec={"type": "LoadBalancer"})["spec"]["allocateLoadBalancerNodePorts"] is True


def test_limits_of_containers_follow_from_one_another():
    item = {"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Mi"}}
    filled = defaulted("v1", "LimitRange", spec={"limits": [item]})["spec"]["limits"][0]
    assert filled["default"] == {"cpu": "2"} and filled["defaultRequest"] == {"cpu": "2", "memory": "1Mi"}


def test_an_empty_text_is_an_absent_one():
    """Go cannot tell them apart, so the server defaults both."""
    assert container(imagePullPolicy="", terminationMessagePolicy="")["terminationMessagePolicy"] == "File"
    assert container(livenessProbe={"exec": {"command": ["x"]}, "timeoutSeconds": 0})["livenessProbe"]["timeoutSeconds"] == 1
