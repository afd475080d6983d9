"""kube-proxy: which connections to a Service reach which endpoint."""
from collections import Counter

import pytest

from kubelearn.api.resources import Resources
from kubelearn.apiserver.registry import Registry
from kubelearn.apiserver.request import Request
from kubelearn.client import Client
from kubelearn.clock import Clock
from kubelearn.network import Network
from kubelearn.proxy import Proxy, Rules


class World:
    """Two nodes with proxies, a service `web` on port 80 with one pod on node-1 and two on node-2."""

    def __init__(self, **spec):
        self.clock = Clock()
        self.network, self.registry = Network(self.clock), Registry(self.clock, Resources())
        self.client = Client(self.registry, "test")
        for number in (1, 2):
            self.network.add_node(f"node-{number}", f"172.18.0.{number}", f"10.244.{number}.0/24")
        self.pods = [(self.network.allocate(node), node) for node in ("node-1", "node-2", "node-2")]
        self.hits = Counter()
        for address, _ in self.pods:
            self.network.listen(address, 8080, lambda stream, address=address: (self.hits.update([address]), stream.close()))
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
        self.service = self.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
                                    "spec": {"ports": [{"port": 80, "targetPort": 8080}], **spec}})
        self.slice = self.create(self.piece([{}, {}, {}]))
        rules = Rules(self.client)
        self.proxies = [Proxy(rules, self.network, node) for node in ("node-1", "node-2")]
        self.clock.settle()

    def create(self, obj):
        resource = self.registry.resources.must_find(obj["kind"])
        return self.registry.create(resource, obj["metadata"].get("namespace", ""), obj, Request("test"))

    def piece(self, conditions):
        endpoints = [
            {"addresses": [address], "nodeName": node, "conditions": condition} for (address, node), condition in zip(self.pods, conditions)
        ]
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "addressType": "IPv4",
            "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
            "metadata": {"name": "web-1", "namespace": "default", "labels": {"kubernetes.io/service-name": "web"}},
            "endpoints": endpoints,
        }

    def endpoints(self, *conditions):
        """Sets the endpoints' conditions; fewer conditions are fewer endpoints."""
        self.slice = self.client.update({**self.slice, "endpoints": self.piece(conditions)["endpoints"]})
        self.clock.settle()

    def connect(self, source, address, port=80, times=1):
        """How often each pod was reached."""
        self.hits.clear()
        for _ in range(times):
            task = self.clock.spawn(self.network.connect(source, address, port))
            self.clock.run(until=task.done, limit=1000)
            task.result().close()
        return [self.hits[address] for address, _ in self.pods]

    @property
    def cluster_ip(self):
        return self.service["spec"]["clusterIP"]


def test_a_cluster_address_spreads_over_all_ready_endpoints():
    world = World()
    counts = world.connect(world.pods[0][0], world.cluster_ip, times=300)
    assert all(70 <= count <= 130 for count in counts)
    world.endpoints({"ready": False, "serving": False}, {}, {})
    counts = world.connect(world.pods[0][0], world.cluster_ip, times=50)
    assert counts[0] == 0 and sum(counts) == 50


def test_without_endpoints_a_connection_is_refused():
    world = World()
    world.endpoints()
    with pytest.raises(ConnectionRefusedError):
        world.connect(world.pods[0][0], world.cluster_ip)


def test_terminating_endpoints_serve_while_there_is_nothing_better():
    world = World()
    world.endpoints(
        {"ready": False, "serving": True, "terminating": True}, {"ready": False, "serving": False}, {"ready": False, "serving": False}
    )
    assert world.connect("172.18.0.1", world.cluster_ip, times=10) == [10, 0, 0]


def test_a_node_port_answers_on_every_node_also_from_outside():
    world = World(type="NodePort")
    port = world.service["spec"]["ports"][0]["nodePort"]
    for node in ("172.18.0.1", "172.18.0.2"):
        assert sum(world.connect("192.0.2.1", node, port, times=10)) == 10


def test_local_policy_uses_only_the_node_s_own_endpoints_and_drops_where_there_are_none():
    world = World(type="NodePort", externalTrafficPolicy="Local")
    port = world.service["spec"]["ports"][0]["nodePort"]
    assert world.connect("192.0.2.1", "172.18.0.1", port, times=10) == [10, 0, 0]
    world.endpoints({"ready": False, "serving": False}, {}, {})
    with pytest.raises(TimeoutError):
        world.connect("192.0.2.1", "172.18.0.1", port)


def test_external_addresses_and_load_balancers_lead_to_the_service():
    world = World(type="LoadBalancer", externalIPs=["203.0.113.9"])
    status = {**world.service, "status": {"loadBalancer": {"ingress": [{"ip": "172.18.255.1"}]}}}
    world.client.update_status(status)
    world.clock.settle()
    for address in ("203.0.113.9", "172.18.255.1"):
        assert sum(world.connect(world.pods[0][0], address, times=6)) == 6


def test_client_affinity_stays_with_one_endpoint_until_it_goes_or_time_is_up():
    world = World(sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 60}})
    counts = world.connect("172.18.0.2", world.cluster_ip, times=20)
    assert sorted(counts) == [0, 0, 20]
    chosen = counts.index(20)
    world.endpoints(*[{} for _ in world.pods])
    assert world.connect("172.18.0.2", world.cluster_ip, times=5)[chosen] == 5
    world.endpoints(*[{"ready": number != chosen, "serving": number != chosen} for number in range(3)])
    assert world.connect("172.18.0.2", world.cluster_ip, times=5)[chosen] == 0


def test_a_stopped_proxy_keeps_its_old_table():
    world = World()
    world.proxies[0].stop()
    world.endpoints({}, {"ready": False, "serving": False}, {"ready": False, "serving": False})
    assert world.connect("172.18.0.1", world.cluster_ip, times=60)[1] > 0
    assert world.connect("172.18.0.2", world.cluster_ip, times=10) == [10, 0, 0]
    world.proxies[0].start()
    assert world.connect("172.18.0.1", world.cluster_ip, times=10) == [10, 0, 0]


def test_hops_tell_the_way_for_the_traffic_picture():
    world = World()
    world.connect(world.pods[0][0], world.cluster_ip)
    hops = world.network.log[-1].hops
    assert [what for what, _ in hops] == ["source", "service", "target"] and hops[1][1] == f"{world.cluster_ip}:80"
