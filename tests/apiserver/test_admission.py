"""Admission: what the API server changes in a write and what it refuses, in its own words."""
from __future__ import annotations

import pytest
import yaml

from kubelearn.api.resources import Resources
from kubelearn.apiserver.registry import Registry
from kubelearn.apiserver.request import Request
from kubelearn.clock import Clock
from kubelearn.errors import ApiError


class Server:
    def __init__(self):
        self.registry = Registry(Clock(), Resources())
        self.warnings: list[str] = []
        self.make("{kind: Namespace, metadata: {name: default}}")
        self.make("{kind: ServiceAccount, metadata: {name: default}}")

    def make(self, text: str, namespace: str = "default") -> dict:
        obj = yaml.safe_load(text)
        obj.setdefault("apiVersion", "v1")
        return self.create(obj, namespace)

    def create(self, obj: dict, namespace: str = "default") -> dict:
        resource = self.registry.resources.by_kind(obj["apiVersion"], obj["kind"])
        request = Request("kubectl", warnings=self.warnings)
        return self.registry.create(resource, namespace if resource.namespaced else "", obj, request)

    def refusal(self, text: str, namespace: str = "default") -> str:
        with pytest.raises(ApiError) as caught:
            self.make(text, namespace)
        return f"{caught.value.reason}: {caught.value.message}"


POD = "{kind: Pod, metadata: {name: %s}, spec: {%s containers: [{name: c, image: nginx%s}]}}"


def pod(name: str = "a", spec: str = "", container: str = "") -> str:
    return POD % (name, f"{spec}," if spec else "", f", {container}" if container else "")


@pytest.fixture
def server():
    return Server()


def test_a_pod_gets_what_upstream_gives_it(server):
    made = server.make(pod())["spec"]
    assert (made["serviceAccountName"], made["serviceAccount"], made["priority"], made["preemptionPolicy"]) == (
        "default", "default", 0, "PreemptLowerPriority")
    assert [(t["key"], t["effect"], t["tolerationSeconds"]) for t in made["tolerations"]] == [
        ("node.kubernetes.io/not-ready", "NoExecute", 300), ("node.kubernetes.io/unreachable", "NoExecute", 300)]
    mount, volume = made["containers"][0]["volumeMounts"][0], made["volumes"][0]
    assert mount == {"name": volume["name"], "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True}
    assert volume["name"].startswith("kube-api-access-") and len(volume["name"]) == 21
    assert volume["projected"]["sources"][0]["serviceAccountToken"] == {"expirationSeconds": 3607, "path": "token"}


def test_what_the_author_wrote_stays(server):
    toleration = "{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 5}"
    made = server.make(pod(spec=f"automountServiceAccountToken: false, tolerations: [{toleration}]"))["spec"]
    assert "volumes" not in made and [t["tolerationSeconds"] for t in made["tolerations"]] == [5, 300]


def test_pods_of_one_template_share_one_spec(server):
    """Whatever is worked out for the first is handed to all, until what it was worked out from changes."""
    spec = server.make(pod("template"))["spec"]
    bare = {key: spec[key] for key in ("containers", "restartPolicy", "dnsPolicy", "schedulerName", "terminationGracePeriodSeconds",
                                       "securityContext", "enableServiceLinks") if key in spec}
    bare["containers"] = [{key: value for key, value in c.items() if key != "volumeMounts"} for c in bare["containers"]]
    first, second = (server.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": bare}) for name in ("a", "b"))
    assert first["spec"] is second["spec"] and "volumes" not in bare
    server.make("{kind: LimitRange, metadata: {name: l}, spec: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}}")
    third = server.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "c"}, "spec": bare})
    assert third["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "100m"}


def test_namespaces_must_be_there_and_not_end(server):
    assert server.refusal(pod(), "nowhere") == 'NotFound: namespaces "nowhere" not found'
    server.make("{kind: Namespace, metadata: {name: ends}}")
    request, resource = Request("kubectl"), server.registry.resources.must_find("Namespace")
    server.registry.delete(resource, "", "ends", request)
    assert server.refusal("{kind: ConfigMap, metadata: {name: b}}", "ends") == (
        'Forbidden: configmaps "b" is forbidden: unable to create new content in namespace ends because it is being terminated')
    with pytest.raises(ApiError, match='namespaces "default" is forbidden: this namespace may not be deleted'):
        server.registry.delete(resource, "", "default", request)


def test_accounts_and_priority_classes_must_be_there(server):
    assert server.refusal(pod(spec="serviceAccountName: bot")) == (
        'Forbidden: pods "a" is forbidden: error looking up service account default/bot: serviceaccount "bot" not found')
    assert server.refusal(pod(spec="priorityClassName: none")) == (
        'Forbidden: pods "a" is forbidden: no PriorityClass with name none was found')
    server.make("{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 1000}")
    made = server.make(pod(spec="priorityClassName: high"))
    assert (made["spec"]["priority"], made["spec"]["preemptionPolicy"]) == (1000, "PreemptLowerPriority")
    assert "must not be provided in pod spec; priority admission controller computed 1000" in server.refusal(
        pod("b", "priorityClassName: high, priority: 7"))


def test_the_default_class_is_everyones(server):
    server.make("{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: usual}, value: 5, globalDefault: true}")
    made = server.make(pod())
    assert (made["spec"]["priorityClassName"], made["spec"]["priority"]) == ("usual", 5)
    assert "PriorityClass usual is already marked as default. Only one default can exist" in server.refusal(
        "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: other}, value: 6, globalDefault: true}")


def test_a_limit_range_fills_in_and_refuses(server):
    server.make("""{kind: LimitRange, metadata: {name: l}, spec: {limits: [
                   {type: Container, default: {cpu: 500m}, defaultRequest: {cpu: 300m}, max: {cpu: "1"}}]}}""")
    made = server.make(pod())
    assert made["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "500m"}, "requests": {"cpu": "300m"}}
    assert made["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu request for container c; cpu limit for container c")
    assert server.refusal(pod("big", container='resources: {limits: {cpu: "2"}}')) == (
        'Forbidden: pods "big" is forbidden: maximum cpu usage per Container is 1, but limit is 2')


def test_a_limit_range_of_pods_and_claims(server):
    server.make("""{kind: LimitRange, metadata: {name: l}, spec: {limits: [{type: Pod, max: {memory: 1Gi}},
                   {type: PersistentVolumeClaim, min: {storage: 1Gi}}]}}""")
    assert "maximum memory usage per Pod is 1Gi, but limit is 2Gi" in server.refusal(pod(container="resources: {limits: {memory: 2Gi}}"))
    claim = "{kind: PersistentVolumeClaim, metadata: {name: c}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: %s}}}}"
    assert "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi" in server.refusal(claim % "1Mi")
    made = server.make(claim % "1Gi")
    assert made["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]


def test_quota(server):
    """A namespace's quota refuses what exceeds it, counted from what is there."""
    server.make("{kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: 2, requests.cpu: 1}}}")
    assert server.refusal(pod()) == 'Forbidden: pods "a" is forbidden: failed quota: q: must specify requests.cpu for: c'
    server.make(pod("a", container="resources: {requests: {cpu: 300m}}"))
    assert server.refusal(pod("big", container="resources: {requests: {cpu: 800m}}")) == (
        'Forbidden: pods "big" is forbidden: exceeded quota: q, requested: requests.cpu=800m, used: requests.cpu=300m, '
        'limited: requests.cpu=1')
    server.make(pod("b", container="resources: {requests: {cpu: 300m}}"))
    assert server.refusal(pod("c", container="resources: {requests: {cpu: 300m}}")) == (
        'Forbidden: pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2')


def test_quota_counts_objects_and_ports(server):
    server.make("{kind: ResourceQuota, metadata: {name: q}, spec: {hard: {services.nodeports: 1, count/configmaps: 1}}}")
    server.make("{kind: ConfigMap, metadata: {name: a}}")
    assert "requested: count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1" in server.refusal(
        "{kind: ConfigMap, metadata: {name: b}}")
    assert "exceeded quota: q, requested: services.nodeports=2" in server.refusal(
        "{kind: Service, metadata: {name: s}, spec: {type: NodePort, ports: [{name: a, port: 80}, {name: b, port: 81}]}}")


def test_pod_security_in_upstreams_words(server):
    server.make("{kind: Namespace, metadata: {name: safe, labels: {pod-security.kubernetes.io/enforce: baseline,"
                " pod-security.kubernetes.io/warn: restricted}}}")
    server.make("{kind: ServiceAccount, metadata: {name: default}}", "safe")
    assert server.refusal(pod(spec="hostNetwork: true", container="securityContext: {privileged: true}"), "safe") == (
        'Forbidden: pods "a" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true), '
        'privileged (container "c" must not set securityContext.privileged=true)')
    server.make(pod(), "safe")
    assert server.warnings == [
        'would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set '
        'securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set '
        'securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set '
        'securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set '
        'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")']


def test_claims_and_ingresses_get_the_default_class(server):
    server.make("""{apiVersion: storage.k8s.io/v1, kind: StorageClass, provisioner: example.com/disk, metadata: {name: standard,
                   annotations: {storageclass.kubernetes.io/is-default-class: "true"}}}""")
    claim = """{kind: PersistentVolumeClaim, metadata: {name: %s},
                spec: {%s accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}"""
    assert server.make(claim % ("a", ""))["spec"]["storageClassName"] == "standard"
    assert server.make(claim % ("b", 'storageClassName: "",'))["spec"]["storageClassName"] == ""


def test_a_new_node_is_tainted(server):
    made = server.make("{kind: Node, metadata: {name: node-1}}")
    assert made["spec"]["taints"] == [{"effect": "NoSchedule", "key": "node.kubernetes.io/not-ready"}]


def test_a_level_that_is_none_is_invalid(server):
    assert server.refusal("{kind: Namespace, metadata: {name: odd, labels: {pod-security.kubernetes.io/enforce: nonsense}}}") == (
        'Invalid: Namespace "odd" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "nonsense": '
        'must be one of privileged, baseline, restricted')


def test_gates_are_told_at_once(server):
    condition = server.make(pod(spec="schedulingGates: [{name: example.com/wait}]"))["status"]["conditions"][0]
    assert (condition["reason"], condition["message"]) == ("SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates")
