"""Law 7: controllers converge from any state, however events are lost and whenever they are stopped."""
from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kubelearn.api.meta import is_deleting, name_of, owner_of
from kubelearn.controllers.daemonset import DaemonSetController
from kubelearn.controllers.disruption import DisruptionController
from kubelearn.controllers.endpoints import EndpointsController
from kubelearn.controllers.endpointslice import EndpointSliceController
from kubelearn.controllers.garbagecollector import GarbageCollector
from kubelearn.controllers.job import JobController
from kubelearn.controllers.pods import is_ready, is_terminal
from kubelearn.controllers.resourcequota import ResourceQuotaController
from kubelearn.controllers.statefulset import StatefulSetController
from kubelearn.errors import ApiError

from .conftest import World

CONTROLLERS = (GarbageCollector, DaemonSetController, StatefulSetController, JobController, EndpointSliceController, EndpointsController,
               DisruptionController, ResourceQuotaController)
TEMPLATE = "template: {metadata: {labels: {app: web, kind: %s}}, spec: {restartPolicy: %s, containers: [{name: c, image: i}]}}"
MANIFESTS = {
    "Service": "{apiVersion: v1, kind: Service, metadata: {name: o}, spec: {selector: {app: web}, ports: [{port: 80}]}}",
    "PodDisruptionBudget": "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: o}, spec: {minAvailable: 1, "
                           "selector: {matchLabels: {app: web}}}}",
    "ResourceQuota": "{apiVersion: v1, kind: ResourceQuota, metadata: {name: o}, spec: {hard: {pods: 99}}}",
    "DaemonSet": "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: o}, spec: {selector: {matchLabels: {kind: d}}, "
                 + TEMPLATE % ("d", "Always") + "}}",
    "StatefulSet": "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: o}, spec: {replicas: 2, serviceName: o, "
                   "selector: {matchLabels: {kind: s}}, " + TEMPLATE % ("s", "Always") + "}}",
    "Job": "{apiVersion: batch/v1, kind: Job, metadata: {name: o}, spec: {completions: 3, parallelism: 2, "
           + TEMPLATE % ("j", "Never") + "}}",
}
KINDS = sorted(MANIFESTS)
steps = st.lists(st.one_of(
    st.tuples(st.just("apply"), st.sampled_from(KINDS)),
    st.tuples(st.just("delete"), st.sampled_from(KINDS), st.sampled_from(["Background", "Foreground", "Orphan"])),
    st.tuples(st.just("kill"), st.integers(0, 9)),
    st.tuples(st.just("finish"), st.integers(0, 9), st.integers(0, 1)),
    st.tuples(st.just("image"), st.sampled_from(["DaemonSet", "StatefulSet"]), st.sampled_from(["i", "k"])),
    st.tuples(st.just("lose"), st.sampled_from(["Pod", *KINDS]), st.integers(2, 4)),
    st.tuples(st.just("stop"), st.sampled_from(CONTROLLERS)),
    st.tuples(st.just("run"), st.floats(0.001, 30)),
), min_size=3, max_size=25)


def play(world: World, step: tuple) -> None:
    what, *arguments = step
    pods = world.list("Pod")
    if what == "apply" and not world.get(arguments[0], "o"):
        world.apply(MANIFESTS[arguments[0]])
    elif what == "delete":
        world.delete(arguments[0], "o", arguments[1])
    elif what == "kill" and pods:
        world.delete("Pod", name_of(pods[arguments[0] % len(pods)]))
    elif what == "finish" and pods:
        world.finish(name_of(pods[arguments[0] % len(pods)]), arguments[1])
    elif what == "image":
        world.patch(arguments[0], "o", {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": arguments[1]}]}}}})
    elif what == "lose":
        world.client.informer(arguments[0]).lose = lambda revision: revision.revision % arguments[1] == 0
    elif what == "stop":
        world.controllers[arguments[0].__name__].stop()
    elif what == "run":
        world.run(*arguments)


def recover(world: World) -> None:
    """Every component comes back and hears of everything; the pods of Jobs end well."""
    for controller in world.controllers.values():
        if controller.stopped:
            controller.start()
    for informer in list(world.client.informers.values()):
        informer.lose = None
        informer.resync()
    for _ in range(12):
        world.run(700)
        for pod in world.list("Pod"):
            if pod["metadata"].get("labels", {}).get("kind") == "j" and pod["status"]["phase"] == "Running" and not is_deleting(pod):
                world.finish(name_of(pod))


def check(world: World) -> None:
    pods = [pod for pod in world.list("Pod") if not is_deleting(pod)]
    owners = {obj["metadata"]["uid"] for kind in KINDS for obj in world.list(kind)}
    owned = [pod for pod in pods if owner_of(pod)]
    assert all(owner_of(pod)["uid"] in owners for pod in owned), "a pod outlived its owner"
    if world.get("DaemonSet", "o"):
        assert sorted(p["spec"]["nodeName"] for p in owned if owner_of(p)["kind"] == "DaemonSet") == ["node-1", "node-2", "node-3"]
        assert world.get("DaemonSet", "o")["status"]["numberReady"] == 3
    if world.get("StatefulSet", "o"):
        assert sorted(name_of(p) for p in owned if owner_of(p)["kind"] == "StatefulSet") == ["o-0", "o-1"]
        assert world.get("StatefulSet", "o")["status"]["readyReplicas"] == 2
    if world.get("Job", "o"):
        assert {c["type"] for c in world.get("Job", "o")["status"]["conditions"]} >= {"Complete"} \
            or world.get("Job", "o")["status"].get("failed", 0) > 6
    chosen = [p for p in pods if p["metadata"].get("labels", {}).get("app") == "web" and not is_terminal(p)]
    if world.get("Service", "o"):
        found = [e["targetRef"]["name"] for s in world.list("EndpointSlice") if owner_of(s)["uid"] in owners for e in s["endpoints"]]
        assert sorted(found) == sorted(map(name_of, chosen))
        addresses = [a["targetRef"]["name"] for s in world.get("Endpoints", "o").get("subsets", ()) for a in s.get("addresses", ())]
        assert sorted(addresses) == sorted(name_of(p) for p in chosen if is_ready(p))
    if world.get("PodDisruptionBudget", "o"):
        assert world.get("PodDisruptionBudget", "o")["status"]["currentHealthy"] == sum(map(is_ready, chosen))
    if world.get("ResourceQuota", "o"):
        assert world.get("ResourceQuota", "o")["status"]["used"]["pods"] == str(sum(not is_terminal(p) for p in pods))


@settings(max_examples=80)
@given(steps)
def test_controllers_converge_whatever_was_lost(sequence):
    world = World().nodes().start(*CONTROLLERS)
    for kind in KINDS:
        world.apply(MANIFESTS[kind])
    for step in sequence:
        try:
            play(world, step)
        except ApiError as error:
            assert error.code in (404, 409, 422), error  # gone already, changed meanwhile, or a pod that may not change so
    recover(world)
    check(world)
