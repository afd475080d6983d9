"""Laws of what a node refuses and whom it evicts."""

from kubelearn.clock import parse_time


def test_a_pod_that_does_not_fit_is_refused_and_stays_failed(bench):
    asks = {"resources": {"requests": {"cpu": "3"}}}
    bench.pod("first", **asks)
    bench.run(3)
    bench.pod("second", spec={"nodeName": "node-1"}, **asks)
    bench.run(5)
    status = bench.get("second")["status"]
    why = "Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000"
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "OutOfcpu", f"Pod was rejected: {why}")
    assert bench.events("second")[-1][1:] == ("OutOfcpu", why) and bench.main("first")["ready"]


def test_a_pod_that_ended_makes_room(bench):
    asks = {"resources": {"requests": {"cpu": "3"}}}
    bench.pod("first", "exit 0", spec={"restartPolicy": "Never"}, **asks)
    bench.run(5)
    bench.pod("second", spec={"nodeName": "node-1"}, **asks)
    bench.run(5)
    assert bench.main("second")["ready"]


def test_a_pod_that_was_deleted_by_force_makes_room_at_once(bench):
    asks = {"resources": {"requests": {"cpu": "3"}}}
    bench.pod("first", "trap '' TERM; while true; do sleep 1; done", **asks)
    bench.run(5)
    bench.cluster.delete("Pod", "first", gracePeriodSeconds=0)
    bench.pod("second", spec={"nodeName": "node-1"}, **asks)
    bench.run(5)
    assert bench.main("second")["ready"]


def fill(bench, **spec: object) -> None:
    bench.pod(
        "full",
        "sleep 3; dd if=/dev/zero of=/d/big bs=1024 count=3000 2>/dev/null; exec sleep 1000000",
        spec={"volumes": [{"name": "d", "emptyDir": spec}], "terminationGracePeriodSeconds": 30},
        volumeMounts=[{"name": "d", "mountPath": "/d"}],
    )


def test_a_volume_over_its_limit_gets_the_pod_evicted_within_seventy_seconds(bench):
    fill(bench, sizeLimit="1Mi")
    bench.run(80)
    status = bench.get("full")["status"]
    assert (status["phase"], status["reason"], status["message"]) == (
        "Failed",
        "Evicted",
        'Usage of EmptyDir volume "d" exceeds the limit "1Mi". ',
    )
    finished = parse_time(status["containerStatuses"][0]["state"]["terminated"]["finishedAt"])
    assert 1 <= finished - bench.times("full", "Evicted")[0] <= 2.1, "two seconds, whatever the pod's own grace"


def test_a_container_over_its_limit_gets_the_pod_evicted_within_twenty_seconds(bench):
    bench.pod(
        "full",
        "dd if=/dev/zero of=/big bs=1024 count=3000 2>/dev/null; exec sleep 1000000",
        resources={"limits": {"ephemeral-storage": "1Mi"}},
    )
    bench.run(20)
    assert bench.get("full")["status"]["message"] == "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. "


def test_a_volume_in_memory_cannot_grow_beyond_its_limit(bench):
    fill(bench, sizeLimit="1Mi", medium="Memory")
    bench.run(80)
    assert bench.main("full")["ready"]


def test_a_calm_pod_with_a_limit_is_not_looked_at(bench):
    bench.pod("calm", "exec sleep 1000000", resources={"limits": {"ephemeral-storage": "1Mi"}})
    bench.cluster.stop("node-controller")
    bench.run(100)
    before = bench.cluster.clock._count
    bench.run(10_000)
    assert bench.cluster.clock._count - before < 40


def test_of_two_containers_the_one_over_its_own_limit_is_named(bench):
    fills = ["sh", "-c", "dd if=/dev/zero of=/big bs=1024 count=3000 2>/dev/null; exec sleep 1000000"]
    limited = [("full", "1Mi", fills), ("spare", "1Gi", ["sleep", "1000000"])]
    containers = [{"name": name, "image": "busybox:1.36", "command": command, "resources": {"limits": {"ephemeral-storage": limit}}}
                  for name, limit, command in limited]
    bench.pod("pair", spec={"containers": containers})
    bench.run(20)
    assert bench.get("pair")["status"]["message"] == 'Container full exceeded its local ephemeral storage limit "1Mi". '


def test_tail_keeps_all_that_a_device_gives_until_memory_is_out(bench):
    bench.pod("tail", "tail /dev/zero", resources={"limits": {"memory": "16Mi"}})
    bench.run(2)
    assert bench.main("tail")["lastState"]["terminated"]["reason"] == "OOMKilled"
