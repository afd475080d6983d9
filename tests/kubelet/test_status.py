"""Laws of a pod's status: what follows from what was seen."""

import pytest

from kubelearn.kubelet.container_status import NoProbes, PodSeen, Seen
from kubelearn.kubelet.status import generate_pod_status, lost_containers, summary

NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"


def pod(*names: str, policy: str = "Always", inits: tuple = (), **spec: object) -> dict:
    made = [{"name": name, "image": "x"} for name in names]
    return {
        "metadata": {"name": "p", "namespace": "d", "uid": "u", "generation": 2},
        "spec": {"containers": made, "restartPolicy": policy, "initContainers": list(inits), **spec},
        "status": {"phase": "Pending", "qosClass": "BestEffort", "conditions": []},
    }


def seen(sandbox: str = "ready", **states: str | int) -> PodSeen:
    """name="running", or an exit code."""
    runs = {
        name: [
            Seen(name, f"id-{name}", "exited", exit_code=state)
            if isinstance(state, int)
            else Seen(name, f"id-{name}", state, started_at=NOW)
        ]
        for name, state in states.items()
    }
    return PodSeen(runs, sandbox, "10.0.0.1")


def status(
    of: dict, what: PodSeen, old: dict | None = None, reasons: dict | None = None, now: str = NOW, **how: object
) -> tuple[dict, str]:
    return generate_pod_status(of, old or of["status"], what, reasons or {}, NoProbes(), now, "10.1.0.1", **how)


def conditions(written: dict) -> dict[str, str]:
    return {condition["type"]: condition["status"] for condition in written["conditions"]}


@pytest.mark.parametrize(
    "policy, states, phase",
    [
        ("Always", {"a": "running", "b": "running"}, "Running"),
        ("Always", {"a": "running"}, "Pending"),
        ("Always", {"a": 1, "b": 0}, "Running"),
        ("OnFailure", {"a": 1, "b": 0}, "Running"),
        ("OnFailure", {"a": 0, "b": 0}, "Succeeded"),
        ("Never", {"a": 1, "b": 0}, "Failed"),
        ("Never", {"a": 0, "b": "running"}, "Running"),
    ],
)
def test_the_phase_follows_from_states_and_restart_policy(policy, states, phase):
    assert status(pod("a", "b", policy=policy), seen(**states))[1] == phase


def test_a_finished_phase_is_written_only_when_nothing_runs_any_more():
    of = pod("a", policy="Never")
    written, phase = status(of, seen(a=0))
    assert (written["phase"], phase) == ("Pending", "Succeeded")
    assert status(of, seen("exited", a=0), written, terminal=True, stopped=True)[0]["phase"] == "Succeeded"


def test_a_finished_phase_never_changes():
    of = pod("a")
    of["status"]["phase"] = "Failed"
    assert status(of, seen(a="running"))[0]["phase"] == "Failed"


def test_the_same_view_gives_the_same_object_and_a_change_keeps_the_rest():
    of = pod("b", "a")
    first, _ = status(of, seen(a="running", b="running"))
    assert status(of, seen(a="running", b="running"), first, now=LATER)[0] is first
    second, _ = status(of, seen(a="running", b=1), first, now=LATER)
    statuses = second["containerStatuses"]
    assert [c["name"] for c in statuses] == ["a", "b"] and statuses[0] is first["containerStatuses"][0]
    since = {c["type"]: c["lastTransitionTime"] for c in second["conditions"]}
    assert since["Initialized"] == NOW and since["Ready"] == LATER


def test_why_a_container_could_not_start_replaces_what_it_was():
    written, _ = status(pod("a"), seen(a=1), reasons={"a": ("CrashLoopBackOff", "back-off 10s")})
    container = written["containerStatuses"][0]
    assert container["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    assert container["lastState"]["terminated"]["exitCode"] == 1 and summary(written) == "a waits: CrashLoopBackOff"


def test_a_readiness_gate_holds_ready_but_not_containers_ready():
    of = pod("a", readinessGates=[{"conditionType": "lb"}])
    written, _ = status(of, seen(a="running"))
    assert conditions(written)["ContainersReady"] == "True" and conditions(written)["Ready"] == "False"
    message = next(c["message"] for c in written["conditions"] if c["type"] == "Ready")
    assert message == 'corresponding condition of pod readiness gate "lb" does not exist.'
    of["status"]["conditions"] = [{"type": "lb", "status": "True"}]
    written, _ = status(of, seen(a="running"))
    assert conditions(written) | {"lb": "True"} == conditions(written) and conditions(written)["Ready"] == "True"


def test_a_container_that_the_runtime_has_lost_is_said_to_have_ended():
    of = pod("a")
    before, _ = status(of, seen(a="running"))
    after, _ = status(of, PodSeen(), before)
    lost = after["containerStatuses"][0]
    assert lost["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown" and lost["restartCount"] == 1


def test_at_the_end_no_container_is_left_without_one():
    written, _ = status(pod("a", "b"), seen(a=0))
    ended = lost_containers(written)
    assert ended["phase"] == "Failed" and ended["containerStatuses"][1]["state"]["terminated"]["reason"] == "ContainerStatusUnknown"


@pytest.mark.parametrize("code, phase", [(42, "Running"), (1, "Failed"), (0, "Succeeded")])
def test_a_containers_rules_come_before_its_policy(code, phase):
    rules = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]
    of = pod("a", policy="Never")
    of["spec"]["containers"][0] |= {"restartPolicy": "Never", "restartPolicyRules": rules}
    assert status(of, seen(a=code))[1] == phase


@pytest.mark.parametrize("phase, limits", [("Pending", {"cpu": "1", "memory": "32Mi"}), ("Running", {"memory": "64Mi"})])
def test_a_running_pods_group_has_a_limit_only_where_every_container_has_one(phase, limits):
    of = pod("a", "b")
    asked = ({"cpu": "1", "memory": "32Mi"}, {"memory": "32Mi"})
    for container, limit in zip(of["spec"]["containers"], asked):
        container["resources"] = {"limits": limit, "requests": {"cpu": "100m"}}
    of["status"]["phase"] = phase
    written = status(of, seen(a="running", b="running"))[0]
    assert written["resources"] == {"limits": {**limits, "memory": "64Mi"}, "requests": {"cpu": "200m"}}
    assert written["allocatedResources"] == {"cpu": "200m"}


def test_last_words_share_what_a_status_can_hold():
    of, said = pod(*"abcdef"), seen(a=1)
    said.containers["a"][0] = said.containers["a"][0]._replace(message="x" * 4096)
    assert len(status(of, said)[0]["containerStatuses"][0]["state"]["terminated"]["message"]) == 2048
