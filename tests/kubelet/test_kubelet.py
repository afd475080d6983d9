"""Laws of a pod's life on its node, at the times and in the words of the recordings."""

import pytest


def init(name: str, command: str, **more: object) -> dict:
    return {"name": name, "image": "busybox:1.36", "command": ["sh", "-c", command], **more}


def test_a_pod_starts_within_half_a_second_and_says_so_at_the_next_look(bench):
    bench.pod("hello")
    bench.run(3)
    (start, waits), (seen, runs) = bench.history("hello")[1:]
    assert (waits, runs) == ("ContainerCreating", "running") and start == 0.0
    assert [reason for _, reason, _ in bench.events("hello")] == ["Pulled", "Created", "Started"]
    assert 0.4 < bench.times("hello", "Started")[0] < 0.6 and bench.times("hello", "Started")[0] < seen <= 1.5
    pod = bench.get("hello")["status"]
    assert [c["type"] for c in pod["conditions"]] == [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ]
    assert {c["status"] for c in pod["conditions"]} == {"True"} and {c["observedGeneration"] for c in pod["conditions"]} == {1}


def test_an_idle_pod_costs_no_event(bench):
    def a_day() -> int:
        before = bench.cluster.clock._count
        bench.run(86_400)
        return bench.cluster.clock._count - before

    bench.cluster.stop("node-controller")
    alone = a_day()
    bench.pod("hello", "exec sleep 1000000")
    bench.run(60)
    assert abs(a_day() - alone) < 20


def test_a_failing_container_is_restarted_with_doubling_waits_and_crash_loop_back_off_shows_one_sync_late(bench):
    bench.pod("crash", "echo attempt; exit 1")
    bench.run(180)
    starts = bench.times("crash", "Started")
    waits = [round(later - earlier) for earlier, later in zip(starts, starts[1:])]
    assert waits[0] <= 1 and 11 <= waits[1] <= 16 and 20 <= waits[2] <= 31 and 40 <= waits[3] <= 62
    assert bench.get("crash")["status"]["phase"] == "Running" and bench.condition("crash", "Ready")["status"] == "False"
    shown = [said for _, said in bench.history("crash")]
    assert shown[2:6] == ["Error", "CrashLoopBackOff", "Error", "CrashLoopBackOff"]
    waiting = [
        r.object["status"]["containerStatuses"][0]["state"]["waiting"]
        for r in bench.cluster.revisions()
        if r.name == "crash" and r.resource.kind == "Pod" and "CrashLoopBackOff" in str(r.object)
    ]
    assert waiting[0]["message"].startswith("back-off 10s restarting failed container=main pod=crash_default(")


def test_any_change_of_the_pod_shows_the_back_off_at_once(bench):
    bench.pod("crash", "exit 1")
    bench.run(5)
    assert "terminated" in bench.main("crash")["state"]
    bench.cluster.client.patch("Pod", "crash", "default", {"metadata": {"annotations": {"look": "again"}}})
    bench.run(0)
    assert (
        bench.main("crash")["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        and bench.main("crash")["lastState"]["terminated"]["exitCode"] == 1
    )


def test_a_missing_image_is_tried_again_and_each_reason_comes_one_sync_late(bench):
    bench.pod("typo", image="nginx:nope", command=None)
    bench.run(60)
    assert [said for _, said in bench.history("typo")][1:6] == [
        "ContainerCreating",
        "ErrImagePull",
        "ImagePullBackOff",
        "ErrImagePull",
        "ImagePullBackOff",
    ]
    assert {reason for _, reason, _ in bench.events("typo")} == {"Pulling", "Failed", "BackOff"}
    first, second, third = bench.times("typo", "Pulling")[:3]
    assert 10 <= second - first <= 17 and 20 <= third - second <= 32
    state = [s["waiting"]["message"] for s in [bench.main("typo")["state"]]][0]
    assert state.startswith(('Back-off pulling image "nginx:nope": ErrImagePull: rpc error', "rpc error"))


def test_a_corrected_image_starts_the_container_without_a_restart(bench):
    bench.pod("web", image="nginx:nope", command=None)
    bench.run(20)
    bench.cluster.client.patch(
        "Pod", "web", "default", {"spec": {"containers": [{"name": "main", "image": "nginx:1.25"}]}}, type="strategic"
    )
    bench.run(20)
    assert bench.main("web")["ready"] and bench.main("web")["restartCount"] == 0


@pytest.mark.parametrize(
    "policy, command, phase, reason",
    [
        ("Never", "exit 0", "Succeeded", "PodCompleted"),
        ("Never", "exit 3", "Failed", "PodFailed"),
        ("OnFailure", "exit 0", "Succeeded", "PodCompleted"),
    ],
)
def test_a_pod_that_runs_to_its_end(bench, policy, command, phase, reason):
    bench.pod("once", command, spec={"restartPolicy": policy})
    bench.run(5)
    assert bench.get("once")["status"]["phase"] == phase and bench.condition("once", "Ready")["reason"] == reason
    assert bench.condition("once", "PodReadyToStartContainers")["message"] == "pod sandbox is not ready"


def test_init_containers_run_one_after_another_and_cost_a_look_each(bench):
    bench.pod("prepared", spec={"initContainers": [init("one", "exit 0"), init("two", "exit 0")]})
    bench.run(6)
    starts = bench.times("prepared", "Started")
    assert len(starts) == 3 and all(later - earlier > 0.2 for earlier, later in zip(starts, starts[1:]))
    assert [s["ready"] for s in bench.get("prepared")["status"]["initContainerStatuses"]] == [True, True] and bench.main("prepared")[
        "ready"
    ]


def test_a_failing_init_container_holds_the_pod_or_fails_it(bench):
    bench.pod("stuck", spec={"initContainers": [init("check", "exit 1")]})
    bench.pod("over", spec={"initContainers": [init("check", "exit 2")], "restartPolicy": "Never"})
    bench.run(20)
    assert bench.get("stuck")["status"]["phase"] == "Pending" and bench.main("stuck")["state"] == {"waiting": {"reason": "PodInitializing"}}
    assert (
        bench.get("over")["status"]["phase"] == "Failed" and bench.condition("over", "Initialized")["reason"] == "ContainersNotInitialized"
    )


def test_a_sidecar_starts_first_and_does_not_keep_a_finished_pod(bench):
    helper = init("helper", "trap 'exit 0' TERM; while true; do sleep 1; done", restartPolicy="Always")
    bench.pod("job", "sleep 3", spec={"restartPolicy": "Never", "initContainers": [helper]})
    bench.run(3)
    assert bench.main("job")["ready"] and bench.get("job")["status"]["initContainerStatuses"][0]["started"]
    bench.run(9)
    assert bench.get("job")["status"]["phase"] == "Succeeded"
    assert (bench.events("job")[-1][1:]) == ("Killing", "Stopping container helper")


# --- the end ------------------------------------------------------------------------------------------------------

IGNORES, LEAVES = "trap '' TERM; while true; do sleep 0.2; done", "trap 'exit 0' TERM; while true; do sleep 0.2; done"


def gone_after(bench, name: str) -> float:
    deleted = [r.time for r in bench.cluster.revisions() if r.name == name and r.resource.kind == "Pod" and r.verb == "delete"]
    return deleted[0] - 10.0


@pytest.mark.parametrize(
    "command, grace, spec, soonest, latest",
    [
        (LEAVES, 30, {}, 0.1, 1.5),
        (IGNORES, 5, {}, 5.1, 6.5),
        (IGNORES, 1, {}, 2.1, 3.5),
        (LEAVES, 5, {"lifecycle": {"preStop": {"exec": {"command": ["sleep", "3"]}}}}, 3.1, 4.5),
        (IGNORES, 5, {"lifecycle": {"preStop": {"exec": {"command": ["sleep", "9"]}}}}, 7.1, 8.5),
    ],
)
def test_deletion_waits_for_the_container_at_most_the_grace_period(bench, command, grace, spec, soonest, latest):
    bench.pod("p", command, spec={"terminationGracePeriodSeconds": grace}, **spec)
    bench.run(10)
    bench.cluster.delete("Pod", "p")
    bench.run(0)
    assert bench.condition("p", "Ready")["status"] == "True", "ready until its container is gone"
    bench.run(12)
    assert soonest < gone_after(bench, "p") < latest


def test_a_forced_deletion_does_not_wait_but_the_container_has_two_seconds(bench):
    bench.pod("p", IGNORES)
    bench.run(10)
    bench.cluster.delete("Pod", "p", gracePeriodSeconds=0)
    container = next(iter(bench.node.runtime.containers.values()))
    bench.run(1.9)
    assert container.state == "running"
    bench.run(2)
    assert container.exit_code == 137 and not bench.kubelet.runtime.pods and not bench.kubelet.workers.all


def test_a_deadline_fails_the_pod(bench):
    bench.pod("late", LEAVES, spec={"activeDeadlineSeconds": 3})
    bench.run(10)
    status = bench.get("late")["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    told, killed = bench.times("late", "DeadlineExceeded")[0], bench.times("late", "Killing")[0]
    assert 3 <= told <= 4.2 and 0 < killed - told <= 1.01


def test_hooks_run_after_the_start_and_before_the_end(bench):
    bench.pod("bad", lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "exit 9"]}}})
    bench.run(30)
    assert {reason for _, reason, _ in bench.events("bad")} >= {"FailedPostStartHook", "Killing", "BackOff"} and bench.main("bad")[
        "restartCount"
    ] >= 1


# --- configuration ------------------------------------------------------------------------------------------------


def test_a_container_waits_for_the_configuration_that_it_names(bench):
    bench.pod("app", env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}}])
    bench.run(5)
    assert bench.main("app")["state"]["waiting"] == {"reason": "CreateContainerConfigError", "message": 'configmap "settings" not found'}
    bench.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "red"}})
    bench.run(20)
    assert bench.main("app")["ready"]


def test_a_changed_config_map_reaches_files_at_the_next_regular_sync_and_not_sooner(bench):
    bench.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "live"}, "data": {"text": "one"}})
    bench.pod("app", spec={"volumes": [{"name": "v", "configMap": {"name": "live"}}]}, volumeMounts=[{"name": "v", "mountPath": "/v"}])
    bench.run(5)
    container = next(iter(bench.node.runtime.containers.values()))
    bench.cluster.client.patch("ConfigMap", "live", "default", {"data": {"text": "two"}})
    bench.run(15)
    assert container.files.read("/v/text") == b"one"
    bench.run(90)
    assert container.files.read("/v/text") == b"two"


# --- the kubelet goes and comes back ------------------------------------------------------------------------------


def test_containers_run_on_without_their_kubelet_and_are_found_again(bench):
    bench.pod("a")
    bench.run(5)
    before = bench.main("a")["containerID"]
    bench.kubelet.stop()
    bench.run(120)
    assert bench.condition("a", "Ready")["status"] == "False" and bench.main("a")["containerID"] == before
    bench.kubelet.start()
    bench.run(3)
    assert (
        bench.condition("a", "Ready")["status"] == "True"
        and bench.main("a")["containerID"] == before
        and bench.main("a")["restartCount"] == 0
    )


def test_a_pod_deleted_while_the_kubelet_was_away_ends_when_it_is_back(bench):
    bench.pod("a", LEAVES)
    bench.run(5)
    bench.kubelet.stop()
    bench.cluster.delete("Pod", "a")
    bench.run(100)
    assert "deletionTimestamp" in bench.get("a")["metadata"]
    bench.kubelet.start()
    bench.run(5)
    assert bench.cluster.get("Pod") == []


# --- static pods --------------------------------------------------------------------------------------------------


def manifest(seconds: int) -> dict:
    container = {"name": "main", "image": "busybox:1.36", "command": ["sleep", str(seconds)]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "etc"},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
    }


def test_a_manifest_on_the_node_runs_and_has_a_mirror_that_comes_back(bench):
    bench.kubelet.static.write("etc.yaml", manifest(3600))
    bench.run(3)
    first = bench.get("etc-node-1")
    assert first["status"]["phase"] == "Running" and first["metadata"]["ownerReferences"][0]["kind"] == "Node"
    bench.cluster.delete("Pod", "etc-node-1")
    bench.run(3)
    again = bench.get("etc-node-1")
    assert (
        again["metadata"]["uid"] != first["metadata"]["uid"]
        and again["status"]["containerStatuses"] == first["status"]["containerStatuses"]
    )


def test_a_changed_manifest_replaces_the_pod_and_a_removed_one_ends_it(bench):
    bench.kubelet.static.write("etc.yaml", manifest(3600))
    bench.run(3)
    bench.kubelet.static.write("etc.yaml", manifest(999))
    bench.run(25)
    assert bench.get("etc-node-1")["spec"]["containers"][0]["command"] == ["sleep", "999"]
    bench.kubelet.static.remove("etc.yaml")
    bench.run(5)
    assert bench.cluster.get("Pod") == []
