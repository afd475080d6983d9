"""Defaults: a table of what the server fills in, definition by definition.

Part of Kubernetes: pkg/apis/*/v1/defaults.go. A default is a constant, or a function of the object (None: no default); under
"" stands a function that returns the whole object changed, for what is no matter of one field.
Leaves out: what depends on other objects (addresses, class names, service accounts): strategies and admission do that.
"""
from __future__ import annotations

import base64

from .memo import MISSING, IdentityMemo
from .meta import replace

UNLIMITED = (1 << 31) - 1
READABLE = 0o644  # the mode of files in volumes
RBAC = "rbac.authorization.k8s.io"


# --- pods ------------------------------------------------------------------------------------------------------------

def tag_of(image: str) -> str:
    """'nginx' -> 'latest', 'nginx:1.25' -> '1.25'; '' where a digest names it."""
    if "@" in image:
        return ""
    return image.rpartition("/")[2].partition(":")[2] or "latest"


def pull_policy(holder: dict) -> str:
    image = holder.get("image") or holder.get("reference") or ""
    return "Always" if tag_of(image) == "latest" else "IfNotPresent"


def volume_source(volume: dict) -> dict | None:
    return {} if not any(key != "name" for key in volume) else None


def requests_from_limits(container: dict) -> dict:
    """What is limited and not requested is requested up to its limit."""
    limits, requests = (container.get("resources") or {}).get("limits"), (container.get("resources") or {}).get("requests") or {}
    if not limits or all(name in requests for name in limits):
        return container
    return replace(container, ("resources", "requests"), {**limits, **requests})


def host_ports(container: dict) -> dict:
    """On the host's network a container's port is the host's."""
    ports = container.get("ports")
    if not ports or all("hostPort" in port for port in ports):
        return container
    return {**container, "ports": [{"hostPort": port.get("containerPort"), **port} for port in ports]}


_pod_specs = IdentityMemo()  # so that pods of one template go on sharing one spec


def pod(obj: dict) -> dict:
    """What a pod has and a template has not."""
    spec = obj.get("spec") or {}
    known = _pod_specs.get(spec)
    if known is MISSING:
        known = _pod_spec(spec)
        _pod_specs.put(spec, known)
        _pod_specs.put(known, known)
    return obj if known is obj.get("spec") else {**obj, "spec": known}


def _pod_spec(spec: dict) -> dict:
    new = spec if "enableServiceLinks" in spec else {**spec, "enableServiceLinks": True}
    if new.get("terminationGracePeriodSeconds", 0) < 0:
        new = {**new, "terminationGracePeriodSeconds": 1}
    for step in (requests_from_limits, *([host_ports] if spec.get("hostNetwork") else [])):
        for group in ("containers", "initContainers"):
            before = new.get(group) or []
            after = [step(container) for container in before]
            if any(container is not old for container, old in zip(after, before)):
                new = {**new, group: after}
    return new


CONTAINER = {"imagePullPolicy": pull_policy, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
             "resources": {}}


# --- workloads -------------------------------------------------------------------------------------------------------

def rolling_update(strategy: dict) -> dict | None:
    return {} if strategy.get("type") == "RollingUpdate" else None


def labels_of_template(obj: dict) -> dict:
    """An object without labels takes its template's."""
    labels = (((obj.get("spec") or {}).get("template") or {}).get("metadata") or {}).get("labels")
    if not labels or (obj.get("metadata") or {}).get("labels"):
        return obj
    return replace(obj, ("metadata", "labels"), labels)


def replication_controller(obj: dict) -> dict:
    labels = (((obj.get("spec") or {}).get("template") or {}).get("metadata") or {}).get("labels")
    if labels and not obj["spec"].get("selector"):
        obj = replace(obj, ("spec", "selector"), labels)
    return labels_of_template(obj)


def job(obj: dict) -> dict:
    """Only of a Job itself, not of the one inside a CronJob's template."""
    spec = obj.get("spec") or {}
    single = {"completions": 1} if "completions" not in spec and "parallelism" not in spec else {}
    defaults = {**single, "parallelism": 1, "completionMode": "NonIndexed", "suspend": False, "manualSelector": False,
                "backoffLimit": UNLIMITED if "backoffLimitPerIndex" in spec else 6,
                "podReplacementPolicy": "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"}
    if any(key not in spec for key in defaults):
        obj = {**obj, "spec": {**defaults, **spec}}
    return labels_of_template(obj)


def claim_template(obj: dict) -> dict:
    claims = (obj.get("spec") or {}).get("volumeClaimTemplates")
    if not claims or all("kind" in claim and "apiVersion" in claim for claim in claims):
        return obj
    named = [{**claim, "apiVersion": "v1", "kind": "PersistentVolumeClaim"} for claim in claims]
    return replace(obj, ("spec", "volumeClaimTemplates"), named)


def scaling_behavior(behavior: dict) -> dict:
    """Both directions have rules as soon as one is given."""
    up = {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}]}
    down = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}
    new = {"scaleUp": {**up, **(behavior.get("scaleUp") or {})}, "scaleDown": {**down, **(behavior.get("scaleDown") or {})}}
    return behavior if new == behavior else {**behavior, **new}


CPU_TARGET = [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]


# --- services, storage, policies ----------------------------------------------------------------------------------------

def session_timeout(spec: dict) -> dict | None:
    return {"clientIP": {"timeoutSeconds": 10800}} if spec.get("sessionAffinity") == "ClientIP" else None


def affinity_config(spec: dict) -> dict:
    """There is nothing to say of an affinity that there is not."""
    if spec.get("sessionAffinity") != "None" or "sessionAffinityConfig" not in spec:
        return spec
    return {key: value for key, value in spec.items() if key != "sessionAffinityConfig"}


def internal_policy(spec: dict) -> str | None:
    return "Cluster" if spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer") else None


def external_policy(spec: dict) -> str | None:
    exposed = spec.get("type") in ("NodePort", "LoadBalancer") or (spec.get("type") == "ClusterIP" and spec.get("externalIPs"))
    return "Cluster" if exposed else None


def policy_types(spec: dict) -> list[str]:
    return ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def limit_range_item(item: dict) -> dict:
    """A container's default limit is its maximum; its default request is the limit, else the minimum."""
    if item.get("type") != "Container":
        return item
    limit = {**(item.get("max") or {}), **(item.get("default") or {})}
    request = {**(item.get("min") or {}), **limit, **(item.get("defaultRequest") or {})}
    filled = {**({"default": limit} if limit else {}), **({"defaultRequest": request} if request else {})}
    return item if all(item.get(key) == value for key, value in filled.items()) else {**item, **filled}


def namespace(obj: dict) -> dict:
    name = (obj.get("metadata") or {}).get("name")
    labels = (obj.get("metadata") or {}).get("labels") or {}
    if not name or labels.get("kubernetes.io/metadata.name") == name:
        return obj
    return replace(obj, ("metadata", "labels"), {**labels, "kubernetes.io/metadata.name": name})


def secret(obj: dict) -> dict:
    """stringData is only written: it goes into data."""
    if "stringData" not in obj:
        return obj
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in (obj["stringData"] or {}).items()}
    return {key: value for key, value in obj.items() if key != "stringData"} | {"data": {**(obj.get("data") or {}), **encoded}}


def custom_names(names: dict) -> dict:
    kind = names.get("kind")
    if not kind or ("singular" in names and "listKind" in names):
        return names
    return {"singular": kind.lower(), "listKind": f"{kind}List", **names}


WEBHOOK = {"failurePolicy": "Fail", "matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}, "timeoutSeconds": 10}
RULE = {"scope": "*"}
ISCSI = {"iscsiInterface": "default"}
RBD = {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"}
SCALE_IO = {"storageMode": "ThinProvisioned", "fsType": "xfs"}
FILES = {"defaultMode": READABLE}

TABLE: dict[str, dict[str, object]] = {
    "core.v1.Pod": {"spec": {}, "": pod},
    "core.v1.PodSpec": {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "serviceAccountName": lambda spec: spec.get("serviceAccount"),
        "serviceAccount": lambda spec: spec.get("serviceAccountName"),
    },
    "core.v1.Container": CONTAINER,
    "core.v1.EphemeralContainer": CONTAINER,
    "core.v1.ContainerPort": {"protocol": "TCP"},
    "core.v1.Probe": {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
    "core.v1.HTTPGetAction": {"path": "/", "scheme": "HTTP"},
    "core.v1.GRPCAction": {"service": ""},
    "core.v1.Volume": {"emptyDir": volume_source},
    "core.v1.SecretVolumeSource": FILES,
    "core.v1.ConfigMapVolumeSource": FILES,
    "core.v1.DownwardAPIVolumeSource": FILES,
    "core.v1.ProjectedVolumeSource": FILES,
    "core.v1.ServiceAccountTokenProjection": {"expirationSeconds": 3600},
    "core.v1.HostPathVolumeSource": {"type": ""},
    "core.v1.ImageVolumeSource": {"pullPolicy": pull_policy},
    "core.v1.ISCSIVolumeSource": ISCSI,
    "core.v1.ISCSIPersistentVolumeSource": ISCSI,
    "core.v1.RBDVolumeSource": RBD,
    "core.v1.RBDPersistentVolumeSource": RBD,
    "core.v1.ScaleIOVolumeSource": SCALE_IO,
    "core.v1.ScaleIOPersistentVolumeSource": SCALE_IO,
    "core.v1.AzureDiskVolumeSource": {"cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False},
    "core.v1.ObjectFieldSelector": {"apiVersion": "v1"},
    "core.v1.ResourceFieldSelector": {"divisor": "0"},
    "core.v1.PersistentVolumeClaimSpec": {"volumeMode": "Filesystem", "resources": {}},
    "core.v1.PersistentVolumeClaimStatus": {"phase": "Pending"},
    "core.v1.PersistentVolumeSpec": {"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"},
    "core.v1.PersistentVolumeStatus": {"phase": "Pending"},
    "core.v1.Service": {"spec": {}},
    "core.v1.ServiceSpec": {
        "sessionAffinity": "None",
        "type": "ClusterIP",
        "sessionAffinityConfig": session_timeout,
        "externalTrafficPolicy": external_policy,
        "internalTrafficPolicy": internal_policy,
        "allocateLoadBalancerNodePorts": lambda spec: True if spec["type"] == "LoadBalancer" else None,
        "": affinity_config,
    },
    "core.v1.PodTemplate": {"template": {}},
    "core.v1.ServicePort": {"protocol": "TCP", "targetPort": lambda port: port.get("port")},
    "core.v1.ServiceStatus": {"loadBalancer": {}},
    "core.v1.EndpointPort": {"protocol": "TCP"},
    "core.v1.Namespace": {"spec": {}, "": namespace},
    "core.v1.Node": {"spec": {}},
    "core.v1.Secret": {"type": "Opaque", "": secret},
    "core.v1.LimitRangeItem": {"": limit_range_item},
    "core.v1.ReplicationController": {"": replication_controller},
    "core.v1.ReplicationControllerSpec": {"replicas": 1},
    "core.v1.PodTemplateSpec": {"metadata": {}, "spec": {}},
    "apps.v1.DeploymentSpec": {"replicas": 1, "template": {}, "strategy": {}, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600},
    "apps.v1.DeploymentStrategy": {"type": "RollingUpdate", "rollingUpdate": rolling_update},
    "apps.v1.RollingUpdateDeployment": {"maxUnavailable": "25%", "maxSurge": "25%"},
    "apps.v1.ReplicaSetSpec": {"replicas": 1, "template": {}},
    "apps.v1.DaemonSetSpec": {"template": {}, "updateStrategy": {}, "revisionHistoryLimit": 10},
    "apps.v1.DaemonSetUpdateStrategy": {"type": "RollingUpdate", "rollingUpdate": rolling_update},
    "apps.v1.RollingUpdateDaemonSet": {"maxUnavailable": 1, "maxSurge": 0},
    "apps.v1.StatefulSet": {"": claim_template},
    "apps.v1.StatefulSetSpec": {
        "replicas": 1,
        "template": {},
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {},
        "revisionHistoryLimit": 10,
        "persistentVolumeClaimRetentionPolicy": {},
    },
    "apps.v1.StatefulSetUpdateStrategy": {"type": "RollingUpdate", "rollingUpdate": rolling_update},
    "apps.v1.RollingUpdateStatefulSetStrategy": {"partition": 0, "maxUnavailable": 1},
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    "apps.v1.StatefulSetStatus": {"availableReplicas": 0},
    "batch.v1.Job": {"spec": {}, "": job},
    "batch.v1.JobSpec": {"template": {}},
    "batch.v1.JobTemplateSpec": {"spec": {}},
    "batch.v1.PodFailurePolicyOnPodConditionsPattern": {"status": "True"},
    "batch.v1.CronJobSpec": {"concurrencyPolicy": "Allow", "suspend": False, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1},
    "autoscaling.v1.HorizontalPodAutoscalerSpec": {"minReplicas": 1},
    "autoscaling.v2.HorizontalPodAutoscalerSpec": {"minReplicas": 1, "metrics": CPU_TARGET},
    "autoscaling.v2.HorizontalPodAutoscalerBehavior": {"": scaling_behavior},
    "policy.v1.PodDisruptionBudgetStatus": {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0},
    "networking.v1.NetworkPolicySpec": {"podSelector": {}, "policyTypes": policy_types},
    "networking.v1.NetworkPolicyPort": {"protocol": "TCP"},
    "networking.v1.IngressClassParametersReference": {"scope": "Cluster"},
    "networking.v1.IngressStatus": {"loadBalancer": {}},
    "discovery.v1.EndpointPort": {"name": "", "protocol": "TCP"},
    "rbac.v1.RoleRef": {"apiGroup": RBAC},
    "rbac.v1.Subject": {"apiGroup": lambda subject: RBAC if subject.get("kind") in ("User", "Group") else None},
    "storage.v1.StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
    "storage.v1.CSIDriverSpec": {
        "attachRequired": True,
        "podInfoOnMount": False,
        "storageCapacity": False,
        "requiresRepublish": False,
        "fsGroupPolicy": "ReadWriteOnceWithFSType",
        "volumeLifecycleModes": ["Persistent"],
        "seLinuxMount": False,
    },
    "scheduling.v1.PriorityClass": {"value": 0, "preemptionPolicy": "PreemptLowerPriority"},
    "flowcontrol.v1.FlowSchemaSpec": {"matchingPrecedence": 1000},
    "flowcontrol.v1.LimitedPriorityLevelConfiguration": {"nominalConcurrencyShares": 30, "lendablePercent": 0},
    "flowcontrol.v1.QueuingConfiguration": {"queues": 64, "handSize": 8, "queueLengthLimit": 50},
    "admissionregistration.v1.ValidatingWebhook": WEBHOOK,
    "admissionregistration.v1.MutatingWebhook": {**WEBHOOK, "reinvocationPolicy": "Never"},
    "admissionregistration.v1.RuleWithOperations": RULE,
    "admissionregistration.v1.NamedRuleWithOperations": RULE,
    "admissionregistration.v1.ServiceReference": {"port": 443},
    "admissionregistration.v1.MatchResources": {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}},
    "admissionregistration.v1.ValidatingAdmissionPolicySpec": {"failurePolicy": "Fail"},
    "admissionregistration.v1.MutatingAdmissionPolicySpec": {"failurePolicy": "Fail"},
    "apiregistration.v1.ServiceReference": {"port": 443},
    "apiextensions.v1.ServiceReference": {"port": 443},
    "apiextensions.v1.CustomResourceDefinitionSpec": {"conversion": {"strategy": "None"}},
    "apiextensions.v1.CustomResourceDefinitionNames": {"": custom_names},
    "apiextensions.v1.CustomResourceDefinitionStatus": {"acceptedNames": {"plural": "", "kind": ""}},
    "resource.v1.ExactDeviceRequest": {
        "allocationMode": "ExactCount",
        "count": lambda request: 1 if request["allocationMode"] == "ExactCount" else None,
    },
    "resource.v1.DeviceSubRequest": {
        "allocationMode": "ExactCount",
        "count": lambda request: 1 if request["allocationMode"] == "ExactCount" else None,
    },
    "resource.v1.DeviceToleration": {"operator": "Equal"},
}
