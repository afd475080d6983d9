"""The table of printers: what fills the columns of each kind's Table.

Part of Kubernetes: pkg/printers/internalversion. Law 9: the columns are data (api/data/columns.json) and so is what fills
them. An entry is a path into the object (what stands for an absent value after a bar; `#path` is a length), a
function of cells.py and its like, or Since or Timed for what depends on the time.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kubelearn.apiserver import admincells as admin
from kubelearn.apiserver import cells, podcells
from kubelearn.apiserver.cells import human_duration, labels, selector, wide
from kubelearn.clock import parse_time

Cell = str | Callable


class Since(NamedTuple):
    """How long ago the time is that is found: at a path, or by a function."""

    time: Cell
    absent: str = "<unknown>"


class Timed(NamedTuple):
    """A function of the object and of `age`, which says how long ago a time is."""

    cell: Callable


# --- pods and jobs --------------------------------------------------------------------------------------------------

def pod_ip(pod: dict) -> str:
    return ((pod.get("status") or {}).get("podIPs") or [{}])[0].get("ip") or "<none>"


def pod_restarts(pod: dict, age: Callable[[str], str]) -> str:
    count, last = podcells.restarts(pod)
    return f"{count} ({age(last)} ago)" if count and last else str(count)


def job_duration(job: dict, age: Callable[[str], str]) -> str:
    status = job.get("status") or {}
    begin, end = status.get("startTime"), status.get("completionTime")
    return "" if not begin else human_duration(parse_time(end) - parse_time(begin)) if end else age(begin)


WORKLOAD = {**wide("spec", "template", "spec"), "Selector": lambda obj: selector(obj["spec"].get("selector"))}
EVENT = {"Last Seen": Since(cells.last_seen), "Type": "type", "Reason": "reason", "Object": cells.event_object,
         "Subobject": cells.event_part, "Source": cells.event_source, "Message": cells.event_message,
         "First Seen": Since(cells.first_seen), "Count": cells.event_count}
BINDING = {"Role": lambda binding: f"{binding['roleRef']['kind']}/{binding['roleRef']['name']}", "Users": admin.subjects("User"),
           "Groups": admin.subjects("Group"), "ServiceAccounts": admin.subjects("ServiceAccount")}
VOLUME = {"Status": cells.volume_phase, "StorageClass": cells.storage_class,
          "VolumeAttributesClass": "spec.volumeAttributesClassName|<unset>", "VolumeMode": "spec.volumeMode|<unset>"}
AUTOSCALER = {"Reference": admin.reference, "MinPods": "spec.minReplicas|<unset>", "MaxPods": "spec.maxReplicas",
              "Replicas": "status.currentReplicas|0"}

PRINTERS: dict[str, dict[str, Cell | Since | Timed]] = {
    "v1/componentstatuses": {"Status": admin.healthy, "Message": admin.component("message"), "Error": admin.component("error")},
    "v1/configmaps": {"Data": lambda obj: len(obj.get("data") or ()) + len(obj.get("binaryData") or ())},
    "v1/endpoints": {"Endpoints": cells.endpoints},
    "v1/events": EVENT,
    "v1/namespaces": {"Status": "status.phase"},
    "v1/nodes": {"Status": cells.node_status, "Roles": cells.node_roles, "Version": "status.nodeInfo.kubeletVersion",
                 "Internal-IP": cells.node_address("InternalIP"), "External-IP": cells.node_address("ExternalIP"),
                 "OS-Image": "status.nodeInfo.osImage|<unknown>", "Kernel-Version": cells.kernel,
                 "Container-Runtime": "status.nodeInfo.containerRuntimeVersion|<unknown>"},
    "v1/persistentvolumeclaims": {**VOLUME, "Volume": "spec.volumeName", "Capacity": cells.claim_capacity,
                                  "Access Modes": cells.claim_modes},
    "v1/persistentvolumes": {**VOLUME, "Capacity": "spec.capacity.storage",
                             "Access Modes": lambda obj: cells.modes(obj["spec"].get("accessModes")),
                             "Reclaim Policy": "spec.persistentVolumeReclaimPolicy", "Claim": cells.claim, "Reason": "status.reason"},
    "v1/pods": {"Ready": podcells.ready, "Status": podcells.status, "Restarts": Timed(pod_restarts), "IP": pod_ip,
                "Node": "spec.nodeName|<none>", "Nominated Node": "status.nominatedNodeName|<none>",
                "Readiness Gates": podcells.readiness_gates},
    "v1/podtemplates": {**wide("template", "spec"),
                        "Pod Labels": lambda obj: labels((obj["template"].get("metadata") or {}).get("labels"))},
    "v1/replicationcontrollers": {"Desired": "spec.replicas", "Current": "status.replicas", "Ready": "status.readyReplicas", **WORKLOAD,
                                  "Selector": lambda obj: labels(obj["spec"].get("selector"))},
    "v1/resourcequotas": {"Request": admin.quota(False), "Limit": admin.quota(True)},
    "v1/secrets": {"Type": "type", "Data": "#data"},
    "v1/services": {"Type": "spec.type", "Cluster-IP": lambda obj: (obj["spec"].get("clusterIPs") or ["<none>"])[0],
                    "External-IP": cells.external_ip, "Port(s)": cells.service_ports,
                    "Selector": lambda obj: labels(obj["spec"].get("selector"))},
    "apiregistration.k8s.io/v1/apiservices": {"Service": admin.served_by, "Available": admin.available},
    "apps/v1/controllerrevisions": {"Controller": admin.controller, "Revision": "revision|0"},
    "apps/v1/daemonsets": {"Desired": "status.desiredNumberScheduled", "Current": "status.currentNumberScheduled",
                           "Ready": "status.numberReady", "Up-to-date": "status.updatedNumberScheduled",
                           "Available": "status.numberAvailable",
                           "Node Selector": lambda obj: labels(obj["spec"]["template"]["spec"].get("nodeSelector")), **WORKLOAD},
    "apps/v1/deployments": {"Ready": cells.replicas, "Up-to-date": "status.updatedReplicas|0",
                            "Available": "status.availableReplicas|0", **WORKLOAD},
    "apps/v1/replicasets": {"Desired": "spec.replicas", "Current": "status.replicas", "Ready": "status.readyReplicas", **WORKLOAD},
    "apps/v1/statefulsets": {"Ready": cells.replicas, **WORKLOAD},
    "events.k8s.io/v1/events": EVENT,
    "autoscaling/v2/horizontalpodautoscalers": {**AUTOSCALER, "Targets": admin.hpa_targets},
    "autoscaling/v1/horizontalpodautoscalers": {**AUTOSCALER, "Targets": admin.hpa_cpu},
    "batch/v1/cronjobs": {"Schedule": "spec.schedule", "Timezone": "spec.timeZone|<none>",
                          "Suspend": lambda obj: str(obj["spec"].get("suspend", False)),
                          "Active": "#status.active", "Last Schedule": Since("status.lastScheduleTime", "<none>"),
                          **wide("spec", "jobTemplate", "spec", "template", "spec"),
                          "Selector": lambda obj: selector(obj["spec"]["jobTemplate"]["spec"].get("selector"))},
    "batch/v1/jobs": {"Status": cells.job_status, "Completions": cells.completions, "Duration": Timed(job_duration), **WORKLOAD},
    "certificates.k8s.io/v1/certificatesigningrequests": {
        "SignerName": "spec.signerName|<none>", "Requestor": "spec.username", "Condition": admin.csr_condition,
        "RequestedDuration": admin.csr_duration},
    "certificates.k8s.io/v1/clustertrustbundles": {"SignerName": "spec.signerName|<none>"},
    "networking.k8s.io/v1/ingressclasses": {"Name": cells.named("ingressclass.kubernetes.io/is-default-class"),
                                            "Controller": "spec.controller", "Parameters": admin.parameters},
    "networking.k8s.io/v1/ingresses": {"Class": "spec.ingressClassName|<none>", "Hosts": cells.hosts, "Address": cells.ingress_address,
                                       "Ports": lambda obj: "80, 443" if obj["spec"].get("tls") else "80"},
    "networking.k8s.io/v1/ipaddresses": {"ParentRef": admin.parent},
    "networking.k8s.io/v1/networkpolicies": {"Pod-Selector": lambda obj: selector(obj["spec"].get("podSelector"))},
    "networking.k8s.io/v1/servicecidrs": {"CIDRs": lambda obj: ",".join(obj["spec"]["cidrs"])},
    "policy/v1/poddisruptionbudgets": {"Min Available": "spec.minAvailable|N/A", "Max Unavailable": "spec.maxUnavailable|N/A",
                                       "Allowed Disruptions": "status.disruptionsAllowed"},
    "rbac.authorization.k8s.io/v1/clusterrolebindings": BINDING,
    "rbac.authorization.k8s.io/v1/rolebindings": BINDING,
    "storage.k8s.io/v1/csidrivers": {"AttachRequired": "spec.attachRequired|true", "PodInfoOnMount": "spec.podInfoOnMount",
                                     "StorageCapacity": "spec.storageCapacity", "TokenRequests": admin.token_requests,
                                     "RequiresRepublish": "spec.requiresRepublish",
                                     "Modes": lambda obj: ",".join(obj["spec"].get("volumeLifecycleModes") or ()) or "<none>"},
    "storage.k8s.io/v1/csinodes": {"Drivers": "#spec.drivers"},
    "storage.k8s.io/v1/storageclasses": {"Name": cells.named("storageclass.kubernetes.io/is-default-class"), "Provisioner": "provisioner",
                                         "ReclaimPolicy": "reclaimPolicy|Delete", "VolumeBindingMode": "volumeBindingMode|Immediate",
                                         "AllowVolumeExpansion": lambda obj: obj.get("allowVolumeExpansion", False)},
    "storage.k8s.io/v1/volumeattachments": {"Attacher": "spec.attacher", "PV": "spec.source.persistentVolumeName", "Node": "spec.nodeName",
                                            "Attached": "status.attached"},
    "storage.k8s.io/v1/volumeattributesclasses": {"DriverName": "driverName"},
    "admissionregistration.k8s.io/v1/mutatingadmissionpolicies": {"Mutations": "#spec.mutations", "ParamKind": admin.param_kind},
    "admissionregistration.k8s.io/v1/validatingadmissionpolicies": {"Validations": "#spec.validations", "ParamKind": admin.param_kind},
    **{f"admissionregistration.k8s.io/v1/{kind}admissionpolicybindings": {"PolicyName": "spec.policyName", "ParamRef": admin.param_ref}
       for kind in ("mutating", "validating")},
    **{f"admissionregistration.k8s.io/v1/{kind}webhookconfigurations": {"Webhooks": "#webhooks"} for kind in ("mutating", "validating")},
    "apiextensions.k8s.io/v1/customresourcedefinitions": {
        "Scope": "spec.scope", "Versions": admin.crd_versions, "Group": "spec.group", "Kind": "spec.names.kind",
        "ShortNames": lambda crd: ",".join(crd["spec"]["names"].get("shortNames") or ()),
        "Established": lambda crd: admin.condition_status("Established", "")(crd) == "True"},
    "scheduling.k8s.io/v1/priorityclasses": {"Value": "value", "Global-Default": "globalDefault", "PreemptionPolicy": "preemptionPolicy"},
    "coordination.k8s.io/v1/leases": {"Holder": "spec.holderIdentity"},
    "node.k8s.io/v1/runtimeclasses": {"Handler": "handler"},
    "discovery.k8s.io/v1/endpointslices": {"AddressType": "addressType", "Ports": cells.slice_ports, "Endpoints": cells.slice_endpoints},
    "resource.k8s.io/v1/devicetaintrules": {"Key": "spec.taint.key", "Value": "spec.taint.value", "Effect": "spec.taint.effect",
                                            "TimeAdded": Since("spec.taint.timeAdded", "")},
    "resource.k8s.io/v1/resourceclaims": {"State": admin.claim_state},
    "resource.k8s.io/v1/resourceslices": {"Node": "spec.nodeName", "Driver": "spec.driver", "Pool": "spec.pool.name"},
    "flowcontrol.apiserver.k8s.io/v1/flowschemas": {
        "PriorityLevel": "spec.priorityLevelConfiguration.name", "MatchingPrecedence": "spec.matchingPrecedence",
        "DistinguisherMethod": "spec.distinguisherMethod.type|<none>", "MissingPL": admin.condition_status("Dangling", "?")},
    "flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations": {
        "Type": "spec.type", "NominalConcurrencyShares": admin.queuing("nominalConcurrencyShares"), "Queues": admin.queuing("queues"),
        "HandSize": admin.queuing("handSize"), "QueueLengthLimit": admin.queuing("queueLengthLimit")},
}
