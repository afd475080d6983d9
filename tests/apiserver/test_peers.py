"""What Linux shows of the program at the other end of a connection; elsewhere nothing is known."""
from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kubelearn.apiserver import peers

PROGRAM = """
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
while connection.recv(1) == b"w":
    pass
connection.sendall(b"worked")
while True:
    pass
"""


@pytest.fixture
def program():
    """A program that sleeps until it is told something else than w, and then works without end; our end of the connection; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(listener.getsockname()[1])])
        connection, address = listener.accept()
        with connection:
            yield process, connection, address[1]
        process.kill()
        process.wait()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux shows it")
def test_a_program_is_found_by_its_connection_and_seen_to_sleep_and_to_work(program):
    process, connection, port = program
    assert peers.process_at(port) == process.pid
    while peers.at_work(process.pid):
        pass
    connection.sendall(b"!")
    assert connection.recv(6) == b"worked"
    assert peers.at_work(process.pid)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux shows it")
def test_a_program_that_has_ended_still_counts_as_at_work(program):
    """Until its connection is seen to close."""
    process, _, _ = program
    process.kill()
    process.wait()
    assert peers.at_work(process.pid)


def test_of_a_port_that_nobody_has_nothing_is_known():
    assert peers.process_at(0) is None
    assert peers.crowd() >= 1
