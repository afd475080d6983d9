"""The control plane as kubeadm builds it: its components run from YAML, as static pods on machines of their own.

Part of Kubernetes: kubeadm's control-plane and etcd phases, client-go tools/leaderelection, etcd's quorum. Law 2: a container that
runs is what lets the real component of parts.py act; without the container exactly its behaviour is missing.
Of several replicas one acts: the holder of a Lease, which is free when it has not been renewed for 15 seconds.
Leaves out: certificates, Raft itself (a majority is counted), liveness probes, a leader that ends because it cannot renew.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kubelearn import errors
from kubelearn.apiserver.registry import Registry
from kubelearn.client import Client
from kubelearn.clock import Timer
from kubelearn.errors import ApiError
from kubelearn.kubelet.images import Catalogue, ImageInfo, catalogue, tree
from kubelearn.kubelet.process import Executable, Process
from kubelearn.volumes import File

VERSION, LABEL = "v1.37.2", "node-role.kubernetes.io/control-plane"
LEASE_SECONDS, RETRY = 15.0, 2.0  # leaseDuration; retryPeriod, which is also how often a lease is renewed
COMPONENTS = {  # name: image, size in bytes, CPU, arguments
    "etcd": ("registry.k8s.io/etcd:3.6.5-0", 22_000_000, "100m", ["--data-dir=/var/lib/etcd"]),
    "kube-apiserver": (f"registry.k8s.io/kube-apiserver:{VERSION}", 28_000_000, "250m", ["--etcd-servers=https://127.0.0.1:2379"]),
    "kube-controller-manager": (f"registry.k8s.io/kube-controller-manager:{VERSION}", 23_000_000, "200m", ["--leader-elect=true"]),
    "kube-scheduler": (f"registry.k8s.io/kube-scheduler:{VERSION}", 18_000_000, "100m", ["--leader-elect=true"]),
}
ELECTED = ("kube-controller-manager", "kube-scheduler")


def machine_specs(number: int) -> list[dict]:
    """1 -> control-plane; 3 -> control-plane-1, -2, -3."""
    if number not in (1, 3):
        raise ValueError(f"a control plane has 1 or 3 machines (or 0: it runs beside the nodes), not {number}")
    names = ["control-plane"] if number == 1 else [f"control-plane-{n}" for n in range(1, number + 1)]
    return [{"name": name, "labels": {LABEL: "", "node.kubernetes.io/exclude-from-external-load-balancers": ""}} for name in names]


def manifest(component: str) -> dict:
    """What kubeadm writes to /etc/kubernetes/manifests, without the certificates."""
    image, _, cpu, arguments = COMPONENTS[component]
    container = {"name": component, "image": image, "command": [component, *arguments], "resources": {"requests": {"cpu": cpu}}}
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": component, "namespace": "kube-system", "labels": {"component": component, "tier": "control-plane"}},
            "spec": {"containers": [container], "hostNetwork": True, "priorityClassName": "system-node-critical"}}


class Replica:
    """A component's container that runs on a machine."""

    def __init__(self, machine, process: Process):
        self.machine, self.id = machine, process.container.id

    @property
    def reachable(self) -> bool:
        return self.machine.name not in self.machine.network.down


class Election:
    """Replicas of a component, of which the one that holds the Lease acts."""

    def __init__(self, registry: Registry, name: str, part):
        self.client, self.clock, self.name, self.part = Client(registry, name), registry.clock, name, part
        self.replicas: list[Replica] = []
        self.holder: Replica | None = None
        self.began = self.free_at = 0.0
        self.timer: Timer | None = None
        part.stop()

    def look(self) -> None:
        """Somebody came or went."""
        if self.holder is not None and not (self.holder in self.replicas and self.holder.reachable):
            self._fall_silent()
        if self.holder is None and (self.timer is None or not self.timer.pending) and self._standing():
            self.timer = self.clock.call_at(self.free_at, self._acquire)

    def _standing(self) -> list[Replica]:
        return [replica for replica in self.replicas if replica.reachable]

    def _fall_silent(self) -> None:
        last, self.holder = self._last(), None
        self.part.stop()
        self._computed.pop(self._key, None)
        self.free_at = last + LEASE_SECONDS
        try:
            lease = self.client.get("Lease", self.name, "kube-system")
            renewed = {**lease["spec"], "renewTime": self.clock.micro_timestamp(last)}
            self.client.update({**lease, "spec": renewed}, "this was its last renewal")
        except ApiError:
            return  # the last renewal is not stored: nobody can read it now

    def _acquire(self) -> None:
        """The lease is free: the replica that has waited longest takes it."""
        standing = self._standing()
        if not standing:
            return
        try:
            lease = self._write_lease(standing[0])
        except ApiError:
            self.timer = self.clock.call_later(RETRY, self._acquire)
            return
        self.holder, self.began = standing[0], self.clock.now
        self._computed[self._key] = self._renewed
        identity = lease["spec"]["holderIdentity"]
        self.client.event(lease, "Normal", "LeaderElection", f"{identity} became leader", host=identity)
        self.part.start()

    def _write_lease(self, replica: Replica) -> dict:
        now, text = self.clock.micro_timestamp(), replica.id
        identity = f"{replica.machine.name}_{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"
        spec = {"holderIdentity": identity, "leaseDurationSeconds": int(LEASE_SECONDS), "acquireTime": now, "renewTime": now}
        try:
            lease = self.client.get("Lease", self.name, "kube-system")
        except ApiError:
            return self.client.create({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": {**spec, "leaseTransitions": 0},
                                       "metadata": {"name": self.name, "namespace": "kube-system"}}, "nobody leads yet")
        spec["leaseTransitions"] = lease["spec"].get("leaseTransitions", 0) + 1
        return self.client.update({**lease, "spec": spec}, f"the leader was silent for {LEASE_SECONDS:g} seconds")

    # --- renewals are computed when they are read (idle time is free) ---------------------------------------------

    @property
    def _computed(self) -> dict:
        return self.client.registry.computed

    @property
    def _key(self) -> tuple[str, str, str]:
        return self.client.resource("Lease").storage, "kube-system", self.name

    def _last(self) -> float:
        return self.began + (self.clock.now - self.began) // RETRY * RETRY

    def _renewed(self, lease: dict) -> dict:
        return {**lease, "spec": {**lease["spec"], "renewTime": self.clock.micro_timestamp(self._last())}}


class Images(Catalogue):
    """What a control-plane machine can run beside all other images: programs that let the components act."""

    def __init__(self, program: Callable[[str, Process], object]):
        super().__init__()
        for name, (image, size, _, _) in COMPONENTS.items():
            files = partial(tree, {f"usr/local/bin/{name}": Executable(partial(program, name), size, 32 << 20)})
            self.add(ImageInfo(image, files, [name], size=size))

    def find(self, reference: str) -> ImageInfo:
        return self._images.get(self.normalize(reference)) or catalogue.find(reference)


class Manifests:
    """A component on some machines: stop() moves its manifests out of the directory, start() back."""

    def __init__(self, component: str, machines: list):
        self.file, self.machines = f"{component}.yaml", machines
        self.away: dict[str, File] = {}

    def stop(self) -> None:
        for machine in self.machines:
            node = machine.kubelet.static.directory.lookup(self.file)
            if node is not None:
                self.away[machine.name] = node
                machine.kubelet.static.remove(self.file)

    def start(self) -> None:
        for machine in self.machines:
            static = machine.kubelet.static
            if machine.name in self.away and static.directory.lookup(self.file) is None:
                static.directory.put(self.file, self.away.pop(machine.name))
                static.read()


class ControlPlane:
    """machines: nodes of parts.py; parts: the components, by name, which from now on act only while their containers run."""

    def __init__(self, registry: Registry, machines: list, parts: dict):
        self.registry, self.machines = registry, {machine.name: machine for machine in machines}
        self.elections = {name: Election(registry, name, parts[name]) for name in ELECTED}
        self.replicas: dict[str, list[Replica]] = {name: [] for name in COMPONENTS} | {n: e.replicas for n, e in self.elections.items()}
        self.parts: dict[str, Manifests] = {name: Manifests(name, machines) for name in COMPONENTS}
        for machine in machines:
            self._equip(machine)
            self.parts |= {f"{name}-{machine.name}": Manifests(name, [machine]) for name in COMPONENTS}

    def _equip(self, machine) -> None:
        """What kubeadm does on it: images, label and taint, a manifest for each component."""
        machine.runtime.catalogue = Images(self._program)
        machine.runtime.preload(*(image for image, _, _, _ in COMPONENTS.values()))
        client = Client(self.registry, "kubeadm")
        taints = client.get("Node", machine.name)["spec"].get("taints") or []
        change = {"spec": {"taints": [*taints, {"key": LABEL, "effect": "NoSchedule"}]}}
        client.patch("Node", machine.name, None, change, because="a control plane is for nobody else's pods")
        for name in COMPONENTS:
            machine.kubelet.static.write(f"{name}.yaml", manifest(name))

    async def _program(self, name: str, process: Process) -> int:
        replica = Replica(self.machines[process.container.runtime.node], process)
        self.replicas[name].append(replica)
        process.on_exit.append(partial(self._ended, name, replica))
        process.on_signal("TERM", lambda: process.die(0))
        process.print(f"{name} is running on {replica.machine.name}")
        self.look()
        await process.forever()

    def _ended(self, name: str, replica: Replica) -> None:
        self.replicas[name].remove(replica)
        self.look()

    def look(self) -> None:
        """A container or a machine came or went: does leadership change?"""
        for election in self.elections.values():
            election.look()

    def ready(self) -> bool:
        """All that is to run runs, and somebody leads."""
        return all(len(found) == len(self.machines) for found in self.replicas.values()) and all(e.holder for e in self.elections.values())

    def guard(self) -> None:
        """From now on writes need an API server and a majority of etcd's members."""
        self.registry.etcd.refusal, self.registry.refusal = self._cannot_write, self._cannot_answer

    def up(self, name: str) -> int:
        """How many of a component's replicas work."""
        return sum(replica.reachable for replica in self.replicas[name])

    def _cannot_answer(self) -> ApiError | None:
        """The address that clients know is a load balancer's: with no API server behind it, it says so."""
        return None if self.up("kube-apiserver") else errors.unavailable()

    def _cannot_write(self) -> ApiError | None:
        """Upstream passes on etcd's own words, as a Status of code 500 without a reason."""
        quorum = self.up("etcd") > len(self.machines) // 2
        return self._cannot_answer() or (None if quorum else ApiError(500, "", "etcdserver: request timed out"))
