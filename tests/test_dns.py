"""CoreDNS: the names of the Kubernetes DNS specification, and how a container's resolver asks for them."""
import pytest

from kubelearn.api.resources import Resources
from kubelearn.apiserver.registry import Registry
from kubelearn.apiserver.request import Request
from kubelearn.client import Client
from kubelearn.clock import Clock
from kubelearn.dns import Dns
from kubelearn.kubelet.runtime import Runtime
from kubelearn.network import Network

ADDRESS = "10.96.0.10"
RESOLV = f"search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver {ADDRESS}\noptions ndots:5\n"
OBJECTS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}},
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"clusterIP": "10.96.0.80", "ports": [{"name": "http", "port": 80}]},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "db"},
        "spec": {"clusterIP": "None", "ports": [{"name": "sql", "port": 3306}]},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "alias"},
        "spec": {"type": "ExternalName", "externalName": "web.default.svc.cluster.local"},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "outside"},
        "spec": {"type": "ExternalName", "externalName": "example.com"},
    },
    {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "metadata": {"name": "db-1", "labels": {"kubernetes.io/service-name": "db"}},
        "ports": [{"name": "sql", "port": 3306, "protocol": "TCP"}],
        "endpoints": [
            {"addresses": ["10.244.0.8"], "hostname": "db-0", "conditions": {"ready": True}},
            {"addresses": ["10.244.0.9"], "conditions": {"ready": True}},
            {"addresses": ["10.244.0.10"], "hostname": "db-2", "conditions": {"ready": False}},
        ],
    },
]


class World:
    def __init__(self):
        self.clock = Clock()
        self.network, self.registry = Network(self.clock), Registry(self.clock, Resources())
        self.network.add_node("node-1", "172.18.0.2", "10.244.0.0/24")
        for obj in OBJECTS:
            resource = self.registry.resources.must_find(obj["kind"])
            self.registry.create(resource, "default" if resource.namespaced else "", obj, Request("test"))
        self.dns = Dns(Client(self.registry, "coredns"), self.network, ADDRESS)
        runtime = Runtime("node-1", self.clock, self.network)
        runtime.preload("busybox:1.36")
        sandbox = runtime.run_sandbox({"metadata": {"name": "box"}, "spec": {}}, RESOLV)
        self.box = runtime.create_container(sandbox, "main", "busybox:1.36", ["sleep", "9999"])
        runtime.start(self.box)
        self.runtime = runtime
        self.clock.settle()

    def sh(self, script):
        process = self.runtime.exec(self.box, ["sh", "-c", script])
        assert self.clock.run(until=process.exit.done, limit=600)
        return bytes(process.output.buffer).decode() + bytes(process.errors.buffer).decode(), process.exit.result()


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.mark.parametrize(
    "name, kind, code, values",
    [
        ("web.default.svc.cluster.local", "A", "NOERROR", ["10.96.0.80"]),
        ("web.default.svc.cluster.local", "AAAA", "NOERROR", []),
        ("x.web.default.svc.cluster.local", "A", "NXDOMAIN", []),
        ("nosuch.default.svc.cluster.local", "A", "NXDOMAIN", []),
        ("web.other.svc.cluster.local", "A", "NXDOMAIN", []),
        ("db.default.svc.cluster.local", "A", "NOERROR", ["10.244.0.8", "10.244.0.9"]),
        ("db-0.db.default.svc.cluster.local", "A", "NOERROR", ["10.244.0.8"]),
        ("10-244-0-9.db.default.svc.cluster.local", "A", "NOERROR", ["10.244.0.9"]),
        ("db-2.db.default.svc.cluster.local", "A", "NXDOMAIN", []),
        ("_http._tcp.web.default.svc.cluster.local", "SRV", "NOERROR", ["0 100 80 web.default.svc.cluster.local"]),
        (
            "_sql._tcp.db.default.svc.cluster.local",
            "SRV",
            "NOERROR",
            ["0 100 3306 db-0.db.default.svc.cluster.local", "0 100 3306 10-244-0-9.db.default.svc.cluster.local"],
        ),
        ("10-244-0-8.default.pod.cluster.local", "A", "NOERROR", ["10.244.0.8"]),
        ("alias.default.svc.cluster.local", "A", "NOERROR", ["web.default.svc.cluster.local", "10.96.0.80"]),
        ("outside.default.svc.cluster.local", "A", "NOERROR", ["example.com"]),
        ("80.0.96.10.in-addr.arpa", "PTR", "NOERROR", ["web.default.svc.cluster.local"]),
        ("8.0.244.10.in-addr.arpa", "PTR", "NOERROR", ["db-0.db.default.svc.cluster.local"]),
        ("example.com", "A", "NXDOMAIN", []),
    ],
)
def test_names_of_the_specification(world, name, kind, code, values):
    answer = world.dns.answer(name, kind)
    assert (answer[0], [value for _, _, value in answer[1]]) == (code, values)


def test_an_endpoint_that_becomes_ready_gets_its_name():
    world = World()
    piece = world.dns._slices["default/db"]["db-1"]
    world.dns.client.update({**piece, "endpoints": [*piece["endpoints"][:2], {**piece["endpoints"][2], "conditions": {"ready": True}}]})
    world.clock.settle()
    assert world.dns.answer("db-2.db.default.svc.cluster.local", "A")[0] == "NOERROR"


def test_nslookup_prints_as_busybox_does(world):
    head = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n"
    assert world.sh("nslookup web.default.svc.cluster.local") == (
        f"{head}Name:\tweb.default.svc.cluster.local\nAddress: 10.96.0.80\n\n\n",
        0,
    )
    missing = "** server can't find nosuch.default.svc.cluster.local: NXDOMAIN\n\n"
    assert world.sh("nslookup nosuch.default.svc.cluster.local") == (head + missing * 2, 1)
    assert "Name:\tweb.default.svc.cluster.local\nAddress: 10.96.0.80\n" in world.sh("nslookup web")[0]


def test_the_search_list_finds_short_names_and_errors_are_busybox_s(world):
    assert world.sh("wget -qO- http://web/") != world.sh("wget -qO- http://nosuch/")
    assert world.sh("wget -qO- http://nosuch/") == ("wget: bad address 'nosuch'\n", 1)
    assert world.sh("ping -c 1 alias")[0].startswith("PING alias (10.96.0.80): 56 data bytes\n")


def test_without_a_server_no_name_is_known_and_addresses_still_work():
    world = World()
    world.dns.stop()
    assert world.sh("wget -T 500 -qO- http://web/") == ("wget: bad address 'web'\n", 1)
    assert world.sh("nslookup web") == (
        "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n;; connection timed out; no servers could be reached\n\n",
        1,
    )
    world.dns.start()
    assert world.sh("nslookup web.default.svc.cluster.local")[1] == 0
