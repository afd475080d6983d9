"""Laws of a node: it registers itself, its lease renews without events, its silence shows."""

from kubelearn.clock import parse_time


def lease_age(bench) -> float:
    return bench.cluster.now - parse_time(bench.cluster.get("Lease", "node-1", "kube-node-lease")["spec"]["renewTime"])


def test_a_node_reports_its_conditions_addresses_and_images(bench):
    node = bench.cluster.get("Node", "node-1")
    assert [c["type"] for c in node["status"]["conditions"]] == ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"]
    assert [c["reason"] for c in node["status"]["conditions"]][3] == "KubeletReady" and node["status"]["addresses"][1][
        "address"
    ] == "node-1"
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.37.2" and node["status"]["allocatable"]["cpu"] == "4"


def test_the_lease_is_never_older_than_eleven_seconds_and_no_revision_is_written_for_it(bench):
    before = bench.cluster.revision
    for _ in range(50):
        bench.run(7.3)
        assert 0 <= lease_age(bench) < 11
    assert not [r for r in bench.cluster.revisions(before) if r.resource.kind == "Lease"]


def test_the_last_renewal_stays_when_the_kubelet_stops(bench):
    bench.run(100)
    bench.kubelet.stop()
    bench.run(30)
    assert 30 <= lease_age(bench) <= 40.3
    bench.run(40)
    assert next(c for c in bench.cluster.get("Node", "node-1")["status"]["conditions"] if c["type"] == "Ready")["status"] == "Unknown"


def test_a_kubelet_that_comes_back_makes_its_node_ready_again(bench):
    bench.kubelet.stop()
    bench.run(100)
    bench.kubelet.start()
    bench.run(2)
    node = bench.cluster.get("Node", "node-1")
    assert next(c for c in node["status"]["conditions"] if c["type"] == "Ready")["status"] == "True" and lease_age(bench) < 2


def test_stop_and_start_may_be_repeated(bench):
    for _ in range(3):
        bench.kubelet.stop()
        bench.kubelet.stop()
        bench.kubelet.start()
        bench.kubelet.start()
    bench.run(5)
    bench.pod("a")
    bench.run(5)
    assert bench.main("a")["ready"]


def test_a_pulled_image_stands_in_the_node_status_within_ten_seconds(bench):
    bench.pod("web", command=None, image="nginx:1.27")
    bench.run(15)
    assert any("docker.io/library/nginx:1.27" in image["names"] for image in bench.cluster.get("Node", "node-1")["status"]["images"])
