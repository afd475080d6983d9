"""Laws of the kubelet's door: logs, exec, attach and port-forward as the API server asks for them."""

import json
import struct

import pytest

TALK = "for i in 1 2 3; do echo line $i; done; sleep 2; echo to stderr >&2; exec sleep 3600"


@pytest.fixture
def ask(bench):
    """ask(method, pod, ...) -> (the answer, what came after it within some seconds); keep=True gives the open stream, too."""

    def ask(method: str, pod: str, send: bytes = b"", seconds: float = 1.0, end: bool = True, **more: object):
        got = {}

        async def talk() -> None:
            stream = got["stream"] = await bench.cluster.network.connect("10.0.0.1", bench.kubelet.address, 10250)
            request = {"method": method, "namespace": "default", "pod": pod, "container": "main", **more}
            stream.write(json.dumps(request).encode() + b"\n" + send)
            if end:
                stream.close_write()
            got["answer"] = json.loads(await stream.read_line())
            got["bytes"] = bytearray()
            while data := await stream.read():
                got["bytes"] += data
            got["over"] = True

        bench.cluster.clock.spawn(talk())
        bench.run(seconds)
        return got

    return ask


def frames(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        channel, size = struct.unpack(">BI", data[:5])
        found.append((channel, bytes(data[5 : 5 + size])))
        data = data[5 + size :]
    return found


def frame(channel: int, data: bytes) -> bytes:
    return struct.pack(">BI", channel, len(data)) + data


@pytest.mark.parametrize(
    "options, text",
    [
        ({}, b"line 1\nline 2\nline 3\nto stderr\n"),
        ({"tail": 2}, b"line 3\nto stderr\n"),
        ({"limitBytes": 9}, b"line 1\nli"),
        ({"since": 2}, b"to stderr\n"),
        ({"stream": "Stderr"}, b"to stderr\n"),
        ({"tail": 0}, b""),
    ],
)
def test_logs_are_what_the_container_wrote(bench, ask, options, text):
    bench.pod("talk", TALK)
    bench.run(4)
    got = ask("logs", "talk", **options)
    assert got["answer"] == {"code": 200} and got["bytes"] == text and got["over"]


def test_following_goes_on_to_the_end_of_the_container(bench, ask):
    bench.pod("talk", "echo one; sleep 5; echo two; sleep 3; exit 0", spec={"restartPolicy": "Never"})
    bench.run(2)
    got = ask("logs", "talk", follow=True, end=False)
    assert got["bytes"] == b"one\n" and "over" not in got
    bench.run(10)
    assert got["bytes"] == b"one\ntwo\n" and got["over"]


def test_a_follower_that_hangs_up_is_forgotten(bench, ask):
    bench.pod("talk", TALK)
    bench.run(2)
    got = ask("logs", "talk", follow=True, end=False)
    container = next(iter(bench.node.runtime.containers.values()))
    assert container.on_log
    got["stream"].close()
    bench.run(1)
    assert not container.on_log


def test_timestamps_stand_before_each_line(bench, ask):
    bench.pod("talk", TALK)
    bench.run(4)
    assert ask("logs", "talk", tail=1, timestamps=True)["bytes"].split(b" ")[0].endswith(b"000Z")


def test_what_has_not_started_has_no_log(bench, ask):
    bench.pod("typo", image="nginx:nope")
    bench.pod("held", spec={"initContainers": [{"name": "gate", "image": "busybox:1.36", "command": ["sleep", "3600"]}]})
    bench.run(20)
    assert (
        ask("logs", "typo")["answer"]["message"] == 'container "main" in pod "typo" is waiting to start: trying and failing to pull image'
    )
    assert ask("logs", "held")["answer"]["message"] == 'container "main" in pod "held" is waiting to start: PodInitializing'
    assert ask("logs", "none")["answer"]["code"] == 404


def test_the_log_of_the_run_before(bench, ask):
    bench.pod("crash", "echo attempt; exit 1")
    bench.pod("calm")
    bench.run(20)
    assert ask("logs", "crash", previous=True)["bytes"].startswith(b"unable to retrieve container logs for containerd://")
    bench.cluster.client.patch("Pod", "crash", "default", {"metadata": {"annotations": {"look": "again"}}})
    bench.run(2)
    assert bench.main("crash")["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert ask("logs", "crash", previous=True)["bytes"] == b"attempt\n"
    assert ask("logs", "calm", previous=True)["answer"]["message"] == 'previous terminated container "main" in pod "calm" not found'


def test_exec_passes_output_errors_and_the_exit_code(bench, ask):
    bench.pod("box")
    bench.run(3)
    got = ask("exec", "box", command=["sh", "-c", "echo out; echo err >&2; exit 7"])
    *said, (channel, status) = frames(got["bytes"])
    assert set(said) == {(1, b"out\n"), (2, b"err\n")} and channel == 3
    assert json.loads(status)["details"]["causes"] == [{"reason": "ExitCode", "message": "7"}]


def test_exec_reads_what_is_typed_until_it_is_closed(bench, ask):
    bench.pod("box")
    bench.run(3)
    got = ask("exec", "box", frame(0, b"typed in\n") + frame(255, b"\x00"), end=False, command=["cat"], stdin=True)
    assert frames(got["bytes"]) == [(1, b"typed in\n"), (3, b'{"metadata": {}, "status": "Success"}')]


def test_a_command_that_cannot_start_says_so_on_the_error_channel(bench, ask):
    bench.pod("box")
    bench.run(3)
    ((channel, status),) = frames(ask("exec", "box", command=["/no/such"])["bytes"])
    assert channel == 3 and 'exec: "/no/such": stat /no/such: no such file or directory' in json.loads(status)["message"]


def test_who_hangs_up_ends_the_command(bench, ask):
    bench.pod("box")
    bench.run(3)
    got = ask("exec", "box", end=False, command=["sleep", "1000"])
    container = next(iter(bench.node.runtime.containers.values()))
    assert len(container.processes) == 2
    got["stream"].close()
    bench.run(1)
    assert len(container.processes) == 1


def test_attach_shows_what_comes_from_now_on(bench, ask):
    bench.pod("talk", "echo before; sleep 5; echo after; exec sleep 3600")
    bench.run(2)
    assert frames(ask("attach", "talk", seconds=6, end=False)["bytes"]) == [(1, b"after\n")]


def test_a_forwarded_port_reaches_who_listens_in_the_pod(bench, ask):
    bench.pod("web", command=None, image="nginx:1.25")
    bench.run(3)
    got = ask("portforward", "web", b"GET / HTTP/1.0\r\n\r\n", end=False, port=80)
    assert got["answer"] == {"code": 200} and got["bytes"].startswith(b"HTTP/1.")
    assert "connection refused" in ask("portforward", "web", port=9)["answer"]["message"]


def test_nonsense_is_refused_and_the_door_stays_open(bench, ask):
    bench.pod("box")
    bench.run(3)
    assert ask("fly", "box")["answer"]["code"] == 400
    assert ask("exec", "box", command=["true"])["answer"] == {"code": 200}
