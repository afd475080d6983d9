"""Into containers with the real kubectl: logs, exec, port-forward, and node ports on the host's loopback."""
from __future__ import annotations

import socket
import subprocess
import time
import urllib.request

import pytest

from kubelearn import kubectl
from kubelearn.cluster import Cluster

POD = """
apiVersion: v1
kind: Pod
metadata: {name: box, labels: {app: box}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: main, image: busybox, command: [sh, -c, "echo started; echo hello > /index.html; httpd -f -p 8080 -h /"]}
  - {name: side, image: busybox, command: [sleep, "100000"]}
---
apiVersion: v1
kind: Service
metadata: {name: box}
spec: {type: NodePort, selector: {app: box}, ports: [{port: 80, targetPort: 8080, nodePort: %d}]}
"""


def free_port() -> int:
    """A port of the range of node ports that nobody on this machine has."""
    for port in range(30100, 32000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no free port")


@pytest.fixture(scope="module")
def cluster():
    with Cluster(nodes=1) as made:
        made.port = free_port()
        made.apply(POD % made.port)
        assert made.run(until=lambda: ready(made), limit=60)
        yield made


def ready(cluster: Cluster) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in cluster.get("pod", "box")["status"].get("conditions", ()))


def run(cluster: Cluster, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(command(cluster, *words), input=stdin, capture_output=True, text=True, timeout=30)


def command(cluster: Cluster, *words: str) -> list[str]:
    return [str(kubectl.find()), "--kubeconfig", cluster.kubeconfig, "--cache-dir", f"{cluster.kubeconfig}-cache", *words]


def fetch(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/index.html", timeout=10) as answer:
        return answer.read().decode()


def test_logs_of_the_container_that_is_meant(cluster):
    assert run(cluster, "logs", "box", "-c", "main").stdout == "started\n"
    unclear = run(cluster, "get", "--raw", "/api/v1/namespaces/default/pods/box/log").stderr
    assert "a container name must be specified for pod box, choose one of: [main side]" in unclear
    assert "container nothing is not valid for pod box" in run(cluster, "logs", "box", "-c", "nothing").stderr


def test_log_times_are_the_client_s(cluster):
    line = run(cluster, "logs", "box", "-c", "main", "--timestamps").stdout
    stamp, text = line.split()
    assert text == "started"
    assert stamp[:10] in (time.strftime("%Y-%m-%d", time.gmtime(now)) for now in (time.time(), time.time() - 3600))


def test_commands_have_their_own_output_errors_exit_code_and_input(cluster):
    done = run(cluster, "exec", "box", "-c", "main", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.stdout, done.returncode) == ("out\n", 3)
    assert done.stderr == "err\ncommand terminated with exit code 3\n"
    assert run(cluster, "exec", "-i", "box", "-c", "main", "--", "cat", stdin="typed\n").stdout == "typed\n"


def test_what_needs_no_time_moves_none(cluster):
    """Logs, quick commands and answered requests leave the clock where it was: nothing moves behind the learner's back."""
    before = cluster.now
    run(cluster, "logs", "box", "-c", "main")
    run(cluster, "exec", "box", "-c", "main", "--", "ls", "/")
    fetch(cluster.port)
    run(cluster, "get", "pods")
    assert cluster.now == before


def test_a_command_that_takes_time_takes_virtual_time(cluster):
    before, begin = cluster.now, time.monotonic()
    assert run(cluster, "exec", "box", "-c", "main", "--", "sleep", "60").returncode == 0
    assert cluster.now - before >= 60
    assert time.monotonic() - begin < 20


def test_what_cannot_be_entered_is_refused_in_a_real_server_s_words(cluster):
    assert 'pods "nothing" not found' in run(cluster, "exec", "nothing", "--", "ls").stderr
    assert "container nothing is not valid for pod box" in run(cluster, "exec", "box", "-c", "nothing", "--", "ls").stderr


def test_a_forwarded_port_reaches_the_pod_again_and_again(cluster):
    words = command(cluster, "port-forward", "pod/box", ":8080")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as forward:
        try:
            local = int(forward.stdout.readline().split("127.0.0.1:")[1].split()[0])
            assert [fetch(local) for _ in range(3)] == ["hello\n"] * 3
        finally:
            forward.terminate()


def test_http_is_handed_on_to_a_pod_or_a_service(cluster):
    for name in ("pods/box:8080", "services/box", "services/box:80", "services/http:box:80"):
        assert run(cluster, "get", "--raw", f"/api/v1/namespaces/default/{name}/proxy/index.html").stdout == "hello\n"
    assert "the server could not find the requested resource" in run(
        cluster, "get", "--raw", "/api/v1/namespaces/default/services/box/proxy/nothing").stderr
    refused = run(cluster, "get", "--raw", "/api/v1/namespaces/default/pods/box:9/proxy/").stderr
    assert "error trying to reach service" in refused
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "empty"}, "spec": {"ports": [{"port": 80}]}})
    assert 'no endpoints available for service "empty"' in run(
        cluster, "get", "--raw", "/api/v1/namespaces/default/services/empty/proxy/").stderr


def test_a_node_port_answers_on_the_host(cluster):
    assert fetch(cluster.port) == "hello\n"


def test_a_node_port_that_another_program_has_is_moved_and_that_is_said(cluster):
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        made = run(cluster, "create", "service", "nodeport", "moved", "--tcp=80:8080", f"--node-port={port}")
        assert f"Warning: port {port} of this machine is taken by another program" in made.stderr
        assert run(cluster, "patch", "service", "moved", "-p", '{"spec": {"selector": {"app": "box"}}}').returncode == 0
        instead = int(made.stderr.split("localhost:")[1].split()[0])
        assert fetch(instead) == "hello\n"
    assert run(cluster, "delete", "service", "moved").returncode == 0
    with pytest.raises(OSError):
        fetch(instead)


def test_a_cluster_may_leave_the_host_its_ports():
    with Cluster(nodes=1, node_ports=False) as made:
        port = free_port()
        made.apply(POD % port)
        assert made.run(until=lambda: ready(made), limit=60)
        with pytest.raises(OSError):
            fetch(port)
