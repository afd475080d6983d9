"""The network: who reaches whom, and how a connection fails."""
import pytest

from kubelearn.clock import Clock
from kubelearn.network import Network


@pytest.fixture
def network():
    network = Network(Clock())
    network.add_node("node-1", "172.18.0.2", "10.244.0.0/24")
    network.add_node("node-2", "172.18.0.3", "10.244.1.0/24")
    return network


def run(network, coroutine):
    task = network.clock.spawn(coroutine)
    network.clock.run(until=task.done, limit=1000)
    return task.result()


def echo(stream):
    async def answer():
        while data := await stream.read():
            stream.write(data)
        stream.close()
    stream.incoming.clock.spawn(answer())


async def say(network, source, address, port):
    stream = await network.connect(source, address, port)
    stream.write(b"hello\n")
    stream.close_write()
    return await stream.read_all()


def test_a_listener_is_reached_at_its_address_from_anywhere(network):
    server, client = network.allocate("node-1"), network.allocate("node-2")
    network.listen(server, 80, echo)
    assert run(network, say(network, client, server, 80)) == b"hello\n"
    assert run(network, say(network, "192.0.2.1", server, 80)) == b"hello\n"
    assert network.log[-1].outcome == "connected"


def test_localhost_is_the_own_namespace(network):
    one, two = network.allocate("node-1"), network.allocate("node-1")
    network.listen(one, 80, echo, bind="127.0.0.1")
    assert run(network, say(network, one, "127.0.0.1", 80)) == b"hello\n"
    for source, target in ((two, "127.0.0.1"), (two, one)):
        with pytest.raises(ConnectionRefusedError):
            run(network, say(network, source, target, 80))


def test_a_port_is_taken_once(network):
    address = network.allocate("node-1")
    listener = network.listen(address, 80, echo)
    with pytest.raises(OSError, match="Address already in use"):
        network.listen(address, 80, echo)
    listener.close()
    network.listen(address, 80, echo)


def test_an_address_of_a_pod_that_is_gone_has_no_route_and_a_node_that_is_down_times_out(network):
    source, gone = network.allocate("node-1"), network.allocate("node-2")
    network.release(gone)
    with pytest.raises(OSError, match="No route to host"):
        run(network, say(network, source, gone, 80))
    assert network.clock.now == 3.0
    network.down.add("node-2")
    with pytest.raises(TimeoutError):
        run(network, say(network, source, "172.18.0.3", 80))
    assert network.clock.now == 130.0


def test_rules_translate_where_the_connection_leaves_and_where_it_comes_in_from_outside(network):
    server, client = network.allocate("node-1"), network.allocate("node-2")
    network.listen(server, 8080, echo)
    table = {("10.96.0.5", 80, "TCP"): lambda source, node: (server, 8080), ("node", 30080, "TCP"): lambda source, node: None}
    network.rules = {"node-1": table, "node-2": table}
    assert run(network, say(network, client, "10.96.0.5", 80)) == b"hello\n"
    assert ("service", "10.96.0.5:80") in network.log[-1].hops
    with pytest.raises(ConnectionRefusedError):
        run(network, say(network, "192.0.2.1", "172.18.0.3", 30080))


def test_addresses_come_back_only_when_the_fresh_ones_are_used_up(network):
    first = network.allocate("node-1")
    network.release(first)
    given = [network.allocate("node-1") for _ in range(253)]
    assert given[0] != first and given[-1] == first
    with pytest.raises(OSError, match="no IP addresses available"):
        network.allocate("node-1")


def test_a_writer_waits_for_its_reader(network):
    """drain() waits while more than a pipe's worth is unread."""
    address = network.allocate("node-1")
    listener = network.listen(address, 80)

    async def writer():
        stream = await network.connect("192.0.2.1", address, 80)
        for _ in range(4):
            stream.write(bytes(50_000))
            await stream.drain()
        stream.close()
        return network.clock.now

    async def reader():
        stream = await listener.accept()
        await network.clock.sleep(5)
        return len(await stream.read_all())

    done, got = network.clock.spawn(writer()), network.clock.spawn(reader())
    network.clock.run(until=got.done, limit=100)
    assert (done.result(), got.result()) == (5.0, 200_000)
