"""The judges of 04_deployments: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.lessons import deployments as judges
from kubelearn.lessons.check import check

PROBE = {"readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1}}
GRACEFUL = {"lifecycle": {"preStop": {"sleep": {"seconds": 2}}}}


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        yield made


def update(cluster, strategy: dict, **container) -> None:
    cluster.patch("Deployment", "web", {"spec": {"strategy": strategy, "template": {"spec": {"containers": [
        {"name": "nginx", "image": "nginx:1.28", **container}]}}}})
    cluster.run(until=lambda: judges.is_complete(cluster, "web"), limit=120)


def rolling(unavailable: int, surge: int) -> dict:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": surge}}


def test_a_careful_update_loses_no_request(cluster):
    clients = judges.fresh_web(cluster)
    update(cluster, rolling(0, 1), **PROBE, **GRACEFUL)
    assert check(judges.no_failed_request, cluster, clients)


def test_recreate_is_an_outage(cluster):
    clients = judges.fresh_web(cluster)
    update(cluster, {"type": "Recreate", "rollingUpdate": None}, **PROBE, **GRACEFUL)
    verdict = check(judges.no_failed_request, cluster, clients)
    assert not verdict and "requests failed" in verdict.text and "Recreate takes every Pod down" in verdict.text


def test_old_pods_that_end_at_once_are_still_asked(cluster):
    clients = judges.fresh_web(cluster)
    update(cluster, {"type": "Recreate", "rollingUpdate": None})
    verdict = check(judges.no_failed_request, cluster, clients)
    assert not verdict and "of" in verdict.text and "first" in verdict.text


def test_pods_without_a_readiness_probe_are_asked_too_early(cluster):
    """The update that everybody tries first."""
    clients = judges.fresh_web(cluster)
    update(cluster, rolling(0, 1))
    verdict = check(judges.no_failed_request, cluster, clients)
    assert not verdict and "requests failed" in verdict.text and "without a readinessProbe" in verdict.text


def test_no_update_at_all(cluster):
    clients = judges.fresh_web(cluster)
    cluster.run(5)
    assert "still runs nginx:1.25" in check(judges.no_failed_request, cluster, clients).text


def repair(cluster) -> None:
    cpu = {"resources": {"requests": {"cpu": "10m"}}}
    cluster.apply(judges.deployment("red", "nginx:1.26", 2, readinessProbe={"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1}, **cpu))
    cluster.apply(judges.deployment("green", "nginx:1.26", 2, **cpu))
    cluster.apply({**judges.QUOTA, "spec": {"hard": {"requests.cpu": "4"}}})
    cluster.run(60)


def test_three_causes_and_three_repairs(cluster):
    judges.three_broken(cluster)
    repair(cluster)
    assert check(judges.diagnosed_and_repaired, cluster, dict(judges.CAUSES))


def test_another_try_begins_anew(cluster):
    """Broken again, with the old Pods at work, whatever was repaired before."""
    judges.three_broken(cluster)
    repair(cluster)
    judges.three_broken(cluster)
    status = [cluster.get("Deployment", name)["status"] for name in judges.CAUSES]
    assert [(found["readyReplicas"], found.get("updatedReplicas", 0)) for found in status] == [(2, 1), (2, 1), (2, 0)]


def test_a_wrong_diagnosis(cluster):
    judges.three_broken(cluster)
    repair(cluster)
    verdict = check(judges.diagnosed_and_repaired, cluster, {**judges.CAUSES, "blue": "image"})
    assert not verdict and "cause for blue" in verdict.text


def test_named_but_not_repaired(cluster):
    judges.three_broken(cluster)
    verdict = check(judges.diagnosed_and_repaired, cluster, dict(judges.CAUSES))
    assert not verdict and "red still hangs: 1 of 2 Pods are new" in verdict.text and "its probe" in verdict.text


@pytest.fixture
def shop(cluster):
    cluster.apply({**judges.service("shop", 5678)})
    judges.version(cluster, "stable", 9)
    judges.version(cluster, "canary", 1)
    return cluster


def test_a_fifth(shop):
    judges.version(shop, "stable", 8)
    judges.version(shop, "canary", 2)
    assert check(judges.a_fifth, shop)


@pytest.mark.parametrize("stable, canary, seen", [(9, 1, "percent of 500"), (5, 5, "percent of 500"), (0, 0, "were not answered")])
def test_other_shares(shop, stable, canary, seen):
    judges.version(shop, "stable", stable)
    judges.version(shop, "canary", canary)
    verdict = check(judges.a_fifth, shop)
    assert not verdict and seen in verdict.text
