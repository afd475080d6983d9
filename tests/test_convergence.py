"""Random sequences of API calls and faults converge, and replay to the same history."""
from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubelearn import ApiError, Cluster

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}]}},
    },
}


def deployment(replicas: int, image: str, strategy: str) -> dict:
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": image}], "terminationGracePeriodSeconds": 2},
    }
    return {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": replicas, "template": template, "strategy": {"type": strategy}}}


actions = st.one_of(
    st.tuples(st.just("apply"), st.integers(0, 5), st.sampled_from(["nginx:1.25", "nginx:1.26", "nginx:nope"]),
              st.sampled_from(["RollingUpdate", "Recreate"])),
    st.tuples(st.just("run"), st.floats(0.001, 60)),
    st.tuples(st.just("kill"), st.integers(0, 4)),
    st.tuples(st.just("stop"), st.sampled_from(["node-1", "node-2", "kube-scheduler", "deployment-controller", "replicaset-controller"])),
    st.tuples(st.just("start"), st.sampled_from(["node-1", "node-2", "kube-scheduler", "deployment-controller", "replicaset-controller"])),
    st.tuples(st.just("delete"),))


def play(cluster: Cluster, steps: list[tuple]) -> None:
    stopped = set()
    for what, *arguments in steps:
        try:
            if what == "apply":
                cluster.apply(deployment(*arguments))
            elif what == "run":
                cluster.run(*arguments)
            elif what == "kill":
                pods = cluster.get("Pod")
                if pods:
                    cluster.delete("Pod", pods[arguments[0] % len(pods)]["metadata"]["name"])
            elif what == "delete":
                cluster.delete("Deployment", "web")
            elif what == "stop" and arguments[0] not in stopped:
                stopped.add(arguments[0])
                cluster.stop(arguments[0])
            elif what == "start" and arguments[0] in stopped:
                stopped.discard(arguments[0])
                cluster.start(arguments[0])
        except ApiError as error:
            assert error.code in (404, 409, 422), error  # gone already, or Recreate beside a defaulted rollingUpdate
    for name in sorted(stopped):
        cluster.start(name)


def is_as_wanted(cluster: Cluster, replicas: int, image: str) -> bool:
    pods = [pod for pod in cluster.get("Pod") if "deletionTimestamp" not in pod["metadata"]]
    ready = cluster.get("Deployment", "web")["status"].get("readyReplicas", 0)
    return len(pods) == ready == replicas and all(pod["spec"]["containers"][0]["image"] == image for pod in pods)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(st.lists(actions, max_size=14))
def test_whatever_happened_the_cluster_comes_to_what_was_declared_last(steps):
    with Cluster(nodes=2, serve=False) as cluster:
        play(cluster, steps)
        cluster.apply(deployment(3, "nginx:1.25", "RollingUpdate"))
        assert cluster.run(until=lambda: is_as_wanted(cluster, 3, "nginx:1.25"), limit=3000), steps
        log = [(r.time, r.verb, r.resource.name, r.name, r.actor, r.object) for r in cluster.revisions(0)]
        with cluster.fork() as twin:
            assert [(r.time, r.verb, r.resource.name, r.name, r.actor, r.object) for r in twin.revisions(0)] == log
