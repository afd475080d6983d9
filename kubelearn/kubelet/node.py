"""The node as its kubelet reports it: registered once, conditions, addresses, images, and a lease that shows it is alive.

Part of Kubernetes: pkg/kubelet/kubelet_node_status.go, nodestatus/setters.go, component-helpers apimachinery/lease.
Idle time is free: a renewal changes nothing but a time, so it is computed when the lease is read. What is stored is the
first renewal and, when the kubelet stops, the last one; so a stored lease that nobody computes any more is a silent node's.
Leaves out: pressure conditions that turn true, a runtime that is down, volumes in use.
"""
from __future__ import annotations

from kubelearn.client import Client
from kubelearn.clock import Timer, parse_time
from kubelearn.errors import ApiError
from kubelearn.kubelet.pleg import next_tick
from kubelearn.kubelet.runtime import Runtime

LEASE_SECONDS, RENEW_SECONDS = 40, 10.2  # nodeLeaseDurationSeconds; a quarter of it and 0 to 4% more
UPDATE_SECONDS, REPORT_SECONDS = 10.0, 305.0  # NodeStatusUpdateFrequency; NodeStatusReportFrequency and the next look
AGAIN = 7.0  # seconds between two tries to register
VERSION = "v1.37.2"
CONDITIONS = (("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
              ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
              ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
              ("Ready", "True", "KubeletReady", "kubelet is posting ready status"))


class NodeStatus:
    """node: the Node object to register: name, labels, capacity, allocatable, perhaps nodeInfo."""

    def __init__(self, client: Client, runtime: Runtime, node: dict, address: str):
        self.client, self.clock, self.runtime, self.node, self.address = client, runtime.clock, runtime, node, address
        self.name = node["metadata"]["name"]
        status = node.get("status") or {}
        self.capacity = status.get("capacity") or {"cpu": "4", "memory": "8Gi", "pods": "110"}
        self.allocatable = status.get("allocatable") or self.capacity
        self.began, self.registered = 0.0, False
        self._report: Timer | None = None
        self._later: Timer | None = None

    def start(self) -> None:
        """Registers the node, or says that it is back; from now on its lease renews itself. Where the API cannot be written: later."""
        try:
            self.began, self.registered = self.clock.now, True
            self._register()
            self._write_lease("the kubelet has started")
        except ApiError:
            self._later = self.clock.call_later(AGAIN, self.start)
            return
        self._computed[self._lease_key] = self._renewed
        self._computed[(self.client.resource("Node").storage, "", self.name)] = self._reported

    def stop(self) -> None:
        """The last renewal is what stays in the API, if that takes it."""
        if self._later is not None:
            self._later.cancel()
        if self._lease_key not in self._computed:
            return
        self._computed.pop(self._lease_key, None)
        self._computed.pop((self.client.resource("Node").storage, "", self.name), None)
        try:
            self._write_lease("the kubelet stops: this was the last renewal", self._last(RENEW_SECONDS))
        except ApiError:
            return

    def changed(self) -> None:
        """Something that the node reports is new: it is written when the status is computed next."""
        if self._report is None or not self._report.pending:
            self._report = self.clock.call_at(next_tick(self.clock.now, self.began, UPDATE_SECONDS), self._write_images)

    def _write_images(self) -> None:
        """Not while the kubelet is away."""
        if self._lease_key in self._computed:
            node, images = self.client.get("Node", self.name), self._images()
            if images != node["status"].get("images"):
                self.client.update_status({**node, "status": {**node["status"], "images": images}}, "the list of images changed")

    # --- the node -------------------------------------------------------------------------------------------------

    def _register(self) -> None:
        try:
            node = self.client.get("Node", self.name)
        except ApiError:
            node = self.client.create({**self.node, "status": self._status({})}, "the kubelet registers its node")
        self._say("Starting", "Starting kubelet.")
        status = self._status(node.get("status") or {})
        if status != node.get("status"):
            self.client.update_status({**node, "status": status}, "the kubelet is ready")
        self._say("NodeReady", f"Node {self.name} status is now: NodeReady")

    def _say(self, reason: str, message: str) -> None:
        about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self.name, "uid": self.name}}
        self.client.event(about, "Normal", reason, message, component="kubelet", host=self.name)

    def _status(self, old: dict) -> dict:
        return {
            **old,
            "capacity": self.capacity,
            "allocatable": self.allocatable,
            "conditions": self._conditions(old.get("conditions") or ()),
            "addresses": [{"type": "InternalIP", "address": self.address}, {"type": "Hostname", "address": self.name}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": self._info(),
            "images": self._images(),
        }

    def _conditions(self, old: tuple | list) -> list[dict]:
        now, before = self.clock.timestamp(), {condition["type"]: condition for condition in old}
        conditions = []
        for kind, status, reason, message in CONDITIONS:
            since = before[kind]["lastTransitionTime"] if kind in before and before[kind]["status"] == status else now
            conditions.append({"type": kind, "status": status, "reason": reason, "message": message, "lastHeartbeatTime": now,
                               "lastTransitionTime": since})
        return [*conditions, *(condition for condition in old if condition["type"] not in {entry[0] for entry in CONDITIONS})]

    def _info(self) -> dict:
        own = (self.node.get("status") or {}).get("nodeInfo") or {}
        identity = self.runtime.new_id("machine")[:32] if not self.began else (own.get("machineID") or self.name)
        return {"architecture": "amd64", "operatingSystem": "linux", "kernelVersion": "6.12.0", "containerRuntimeVersion": "containerd://2.2.0",
                "kubeletVersion": VERSION, "kubeProxyVersion": "", "bootID": identity, "machineID": identity, "systemUUID": identity,
                "osImage": "Debian GNU/Linux 12 (bookworm)", **{key: value for key, value in own.items() if value}}

    def _images(self) -> list[dict]:
        """The largest first, as upstream reports them."""
        images = sorted(self.runtime.images.values(), key=lambda image: (-image.size, image.name))
        return [{"names": [image.id, image.name], "sizeBytes": image.size} for image in images[:50]]

    def _reported(self, node: dict) -> dict:
        """The node as read: its conditions were reported again every five minutes."""
        beat = self.clock.timestamp(self._last(REPORT_SECONDS))
        conditions = [
            {**c, "lastHeartbeatTime": beat} if c.get("reason", "").startswith("Kubelet") else c for c in node["status"]["conditions"]
        ]
        return {**node, "status": {**node["status"], "conditions": conditions}}

    # --- the lease ------------------------------------------------------------------------------------------------

    @property
    def _computed(self) -> dict:
        return self.client.registry.computed

    @property
    def _lease_key(self) -> tuple[str, str, str]:
        return self.client.resource("Lease").storage, "kube-node-lease", self.name

    def _last(self, period: float) -> float:
        """The newest moment at which something that is done every `period` seconds was done."""
        return self.began + (self.clock.now - self.began) // period * period

    def _renewed(self, lease: dict) -> dict:
        last = self._last(RENEW_SECONDS)
        if parse_time(lease["spec"]["renewTime"]) >= last:
            return lease
        return {**lease, "spec": {**lease["spec"], "renewTime": self.clock.micro_timestamp(last)}}

    def _write_lease(self, because: str, at: float | None = None) -> None:
        spec = {"holderIdentity": self.name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": self.clock.micro_timestamp(at)}
        try:
            lease = self.client.get("Lease", self.name, "kube-node-lease")
        except ApiError:
            self._create_lease(spec, because)
            return
        self.client.update({**lease, "spec": {**lease["spec"], **spec}}, because)

    def _create_lease(self, spec: dict, because: str) -> None:
        node = self.client.get("Node", self.name)
        owner = {"apiVersion": "v1", "kind": "Node", "name": self.name, "uid": node["metadata"]["uid"]}
        self.client.create({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec,
                            "metadata": {"name": self.name, "namespace": "kube-node-lease", "ownerReferences": [owner]}}, because)
