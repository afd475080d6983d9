"""The horizontal pod autoscaler."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.controllers.deployment import DeploymentController
from kubelearn.controllers.horizontalpodautoscaler import HorizontalPodAutoscalerController, proposed, within_limits
from kubelearn.controllers.replicaset import ReplicaSetController


@pytest.fixture
def scaled(world):
    world.nodes().start(DeploymentController, ReplicaSetController, HorizontalPodAutoscalerController)
    world.apply("""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 1
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: c, image: nginx, resources: {requests: {cpu: 100m}}}]}""")
    return world


def autoscale(world, lowest: int = 1, highest: int = 5) -> None:
    world.apply(f"""
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {{name: web}}
        spec:
          scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}
          minReplicas: {lowest}
          maxReplicas: {highest}
          metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 50}}}}}}]""")


def replicas(world) -> int:
    return world.get("Deployment", "web")["spec"]["replicas"]


def conditions(world) -> list[str]:
    return [f"{c['type']}={c['status']} {c['reason']}" for c in world.get("HorizontalPodAutoscaler", "web")["status"]["conditions"]]


def test_without_metrics_it_keeps_to_its_limits_and_says_what_is_missing(scaled):
    autoscale(scaled, lowest=2)
    assert replicas(scaled) == 2 and conditions(scaled) == ["AbleToScale=True SucceededRescale", "ScaledToZero=False NotScaledToZero"]
    scaled.run(16)
    assert replicas(scaled) == 2 and "ScalingActive=False FailedGetResourceMetric" in conditions(scaled)
    assert "Normal SuccessfulRescale: New size: 2; reason: Current number of replicas below Spec.MinReplicas" in \
        scaled.events("HorizontalPodAutoscaler")


def test_replicas_follow_the_load_up_at_once_and_down_after_five_minutes(scaled):
    load = {"total": 0.2}  # CPUs, shared by all pods: 200% of one pod's request
    scaled.controllers["HorizontalPodAutoscalerController"].metrics = lambda pod, resource: load["total"] / len(scaled.list("Pod"))
    autoscale(scaled)
    scaled.run(31)
    assert replicas(scaled) == 4
    status = scaled.get("HorizontalPodAutoscaler", "web")["status"]
    assert status["currentMetrics"][0]["resource"]["current"] == {"averageUtilization": 50, "averageValue": "50m"}
    load["total"] = 0.05
    scaled.run(240)
    assert replicas(scaled) == 4
    scaled.run(120)
    assert replicas(scaled) == 1


@given(st.integers(1, 30), st.integers(0, 60), st.integers(1, 10), st.integers(10, 30))
def test_what_is_allowed_is_always_within_the_limits(current, wanted, lowest, highest):
    allowed, _ = within_limits(current, wanted, lowest, highest)
    assert lowest <= allowed <= max(highest, lowest) or allowed == max(2 * current, 4)


def test_a_tenth_aside_is_near_enough():
    assert [proposed(4, ratio, 4) for ratio in (0.91, 1.0, 1.09, 1.2, 0.5)] == [4, 4, 4, 5, 2]
