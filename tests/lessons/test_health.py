"""The judges of 10_health: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.lessons import health as judges
from kubelearn.lessons.check import check

HTTP = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        yield made


def again(cluster, name: str, **container):
    """The Deployment anew, with these probes."""
    cluster.delete("Deployment", name)
    cluster.run(40)
    replicas = 3 if name == "shop" else 1
    program = {"args": judges.SERVE} if name == "shop" else {"command": judges.SLOW}
    cluster.apply(judges.deployment(name, judges.AGNHOST, replicas, **{**program, **container}))


def test_a_startup_probe_gives_it_time(cluster):
    judges.slow_starter(cluster)
    again(cluster, "slow", livenessProbe=HTTP, startupProbe={**HTTP, "failureThreshold": 40})
    assert check(judges.starts_and_is_watched, cluster)


@pytest.mark.parametrize("probes, seen, hint", [
    ({"livenessProbe": HTTP}, "is not ready|was killed", "startupProbe"),
    ({}, "nobody had killed it", "liveness probe"),
    ({"livenessProbe": {**HTTP, "failureThreshold": 60}}, "nobody had killed it", "slow for ever"),
    ({"livenessProbe": HTTP, "startupProbe": {**HTTP, "failureThreshold": 10}}, "is not ready|was killed", "20"),
])
def test_other_probes_for_a_slow_starter(cluster, probes, seen, hint):
    judges.slow_starter(cluster)
    again(cluster, "slow", **probes)
    verdict = check(judges.starts_and_is_watched, cluster)
    assert not verdict and any(text in verdict.text for text in seen.split("|")) and hint in verdict.text


def test_another_program_is_no_repair(cluster):
    judges.slow_starter(cluster)
    again(cluster, "slow", command=["/agnhost", *judges.SERVE], livenessProbe=HTTP)
    verdict = check(judges.starts_and_is_watched, cluster)
    assert not verdict and "another program" in verdict.text


def test_a_liveness_probe_of_its_own(cluster):
    judges.database_and_shop(cluster)
    again(cluster, "shop", livenessProbe={**HTTP, "periodSeconds": 2})
    assert check(judges.survives_its_database, cluster)


@pytest.mark.parametrize("probes, seen, hint", [
    ({"livenessProbe": judges.ASKS_DATABASE}, "were killed", "only what a restart would repair"),
    ({"readinessProbe": judges.ASKS_DATABASE, "livenessProbe": HTTP}, "of 20 requests failed", "takes every Pod out at once"),
    ({}, "nobody restarted it", "keep a liveness probe"),
])
def test_other_probes_for_the_shop(cluster, probes, seen, hint):
    judges.database_and_shop(cluster)
    again(cluster, "shop", **probes)
    verdict = check(judges.survives_its_database, cluster)
    assert not verdict and seen in verdict.text and hint in verdict.text
