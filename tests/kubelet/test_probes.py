"""Laws of probes: when they come, what their failures do, what they say."""

import pytest

FALSE = {"exec": {"command": ["false"]}}


def started(bench, name: str) -> float:
    return bench.times(name, "Started")[0]


def test_the_first_liveness_probe_comes_about_a_period_after_the_start(bench):
    bench.pod("a", livenessProbe={**FALSE, "periodSeconds": 3, "failureThreshold": 9})
    bench.run(10)
    assert 2.5 <= bench.times("a", "Unhealthy")[0] - started(bench, "a") <= 3.0


def test_a_container_that_fails_its_liveness_probe_is_restarted_and_its_pod_stays(bench):
    bench.pod("sick", livenessProbe={**FALSE, "periodSeconds": 1, "failureThreshold": 3})
    bench.run(6)
    assert [reason for _, reason, _ in bench.events("sick")][3:7] == ["Unhealthy"] * 3 + ["Killing"]
    assert bench.events("sick")[6][2] == "Container main failed liveness probe, will be restarted"
    assert 2.5 <= bench.times("sick", "Killing")[0] - started(bench, "sick") <= 3.2
    bench.run(2)
    assert bench.main("sick")["restartCount"] == 1 and bench.main("sick")["lastState"]["terminated"]["exitCode"] == 137


def test_the_initial_delay_moves_the_first_probe_to_a_later_tick(bench):
    bench.pod("a", livenessProbe={**FALSE, "periodSeconds": 1, "initialDelaySeconds": 5, "failureThreshold": 9})
    bench.run(10)
    assert 4.5 <= bench.times("a", "Unhealthy")[0] - started(bench, "a") <= 6.1


def test_readiness_is_probed_as_soon_as_the_pod_is_seen_to_run_and_at_each_sync_until_it_is_ready(bench):
    bench.pod("web", "sleep 7; touch /tmp/r; exec sleep 3600", readinessProbe={"exec": {"command": ["cat", "/tmp/r"]}})
    bench.run(20)
    seen = next(time for time, said in bench.history("web") if said == "running")
    first, second = bench.times("web", "Unhealthy")
    assert first == pytest.approx(seen, abs=0.02) and second == pytest.approx(seen + 1, abs=0.02)
    assert bench.main("web")["ready"] and bench.main("web")["restartCount"] == 0


def test_a_pod_that_is_not_ready_runs_on_and_comes_back(bench):
    bench.pod(
        "web",
        "touch /tmp/r; sleep 5; rm /tmp/r; sleep 5; touch /tmp/r; exec sleep 3600",
        readinessProbe={"exec": {"command": ["cat", "/tmp/r"]}, "periodSeconds": 1, "failureThreshold": 1},
    )
    bench.run(3)
    assert bench.condition("web", "Ready")["status"] == "True"
    bench.run(5)
    assert (
        bench.condition("web", "Ready")["message"] == "containers with unready status: [main]" and "running" in bench.main("web")["state"]
    )
    bench.run(6)
    assert bench.condition("web", "Ready")["status"] == "True" and bench.main("web")["restartCount"] == 0


def test_until_the_startup_probe_succeeds_the_others_do_not_run(bench):
    probe = {"exec": {"command": ["cat", "/tmp/s"]}, "periodSeconds": 1}
    bench.pod(
        "slow",
        "sleep 5; touch /tmp/s; exec sleep 3600",
        startupProbe={**probe, "failureThreshold": 30},
        livenessProbe={**probe, "failureThreshold": 1},
    )
    bench.run(4)
    assert bench.main("slow")["started"] is False
    bench.run(6)
    assert bench.main("slow")["started"] and bench.main("slow")["ready"] and bench.main("slow")["restartCount"] == 0


def test_a_startup_probe_that_never_succeeds_kills(bench):
    bench.pod("never", startupProbe={**FALSE, "periodSeconds": 1, "failureThreshold": 3})
    bench.run(6)
    assert ("Killing", "Container main failed startup probe, will be restarted") in [event[1:] for event in bench.events("never")]


@pytest.mark.parametrize(
    "probe, text",
    [
        ({"exec": {"command": ["sh", "-c", "echo the reason; exit 1"]}}, "Readiness probe failed: the reason\n"),
        (FALSE, "Readiness probe failed: "),
        (
            {"exec": {"command": ["sleep", "10"]}, "timeoutSeconds": 1},
            'Readiness probe failed: command timed out: "sleep 10" timed out after 1s',
        ),
        ({"tcpSocket": {"port": 9}}, "Readiness probe failed: dial tcp {ip}:9: connect: connection refused"),
        (
            {"httpGet": {"path": "/x", "port": 8081}},
            'Readiness probe failed: Get "http://{ip}:8081/x": dial tcp {ip}:8081: connect: connection refused',
        ),
    ],
)
def test_a_failing_probe_says_what_it_saw(bench, probe, text):
    bench.pod("p", readinessProbe={**probe, "periodSeconds": 2})
    bench.run(6)
    said = {message for _, reason, message in bench.events("p") if reason == "Unhealthy"}
    assert said == {text.format(ip=bench.get("p")["status"]["podIP"])}


def test_a_command_that_cannot_start_is_no_result(bench):
    bench.pod("p", livenessProbe={"exec": {"command": ["nosuch"]}, "periodSeconds": 1, "failureThreshold": 1})
    bench.run(6)
    message = next(message for _, reason, message in bench.events("p") if reason == "Unhealthy")
    assert message.startswith(
        "Liveness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in container"
    )
    assert bench.main("p")["restartCount"] == 0


def test_pages_from_200_to_399_are_well(bench):
    page = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1, "failureThreshold": 2}
    bench.pod("web", command=None, image="nginx:1.25", readinessProbe=page, livenessProbe=page)
    bench.pod("lost", command=None, image="nginx:1.25", livenessProbe={**page, "httpGet": {"path": "/none", "port": 80}})
    bench.run(5)
    assert bench.main("web")["ready"]
    assert ("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 404") in [event[1:] for event in bench.events("lost")]


# --- idle time ----------------------------------------------------------------------------------------------------


def test_probes_of_a_calm_pod_become_rare_and_come_back_the_moment_something_goes_on(bench):
    probe = {"exec": {"command": ["cat", "/tmp/ok"]}, "periodSeconds": 1, "failureThreshold": 3}
    bench.pod("a", "touch /tmp/ok; sleep 1000; rm /tmp/ok; exec sleep 1000000", livenessProbe=probe)
    bench.run(60)
    before = bench.cluster.clock._count
    bench.run(900)
    assert bench.cluster.clock._count - before < 150
    bench.run(60)
    first, *_ = bench.times("a", "Unhealthy")
    removed = started(bench, "a") + 1000
    assert removed < first <= removed + 1 and bench.times("a", "Killing")[0] - first == pytest.approx(2, abs=0.05)


def test_a_busy_pod_is_probed_at_every_tick(bench):
    probe = {"exec": {"command": ["sh", "-c", "echo x >> /tmp/n"]}, "periodSeconds": 1}
    bench.pod("busy", "while true; do sleep 0.7; done", livenessProbe=probe)
    bench.run(61)
    container = next(iter(bench.node.runtime.containers.values()))
    assert 58 <= len(container.files.read("/tmp/n").split()) <= 61
