"""The judges of 08_config: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.lessons import check, config

MOUNT = [{"name": "page", "mountPath": "/usr/share/nginx/html"}]
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"password": "correct-horse"}}


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        yield made


@pytest.fixture
def shop(cluster):
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "page"}, "data": {"index.html": "open"}})
    template = {"metadata": {"labels": {"app": "shop"}}, "spec": {"volumes": [{"name": "page", "configMap": {"name": "page"}}], "containers": [
        {"name": "web", "image": "nginx:1.25", "volumeMounts": MOUNT}]}}
    cluster.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"},
                   "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "shop"}}, "template": template}})
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80}]}})
    cluster.run(10)
    return cluster


def test_a_new_page(shop):
    shop.patch("ConfigMap", "page", {"data": {"index.html": "closed"}})
    assert check(config.new_page, shop)


def test_the_old_page(shop):
    assert "visitors see 'open'" in check(config.new_page, shop).text


def test_another_image_is_not_the_way(shop):
    shop.patch("Deployment", "shop", {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:1.26"}]}}}})
    verdict = check(config.new_page, shop)
    assert not verdict and "another image" in verdict.text and "ConfigMap" in verdict.text


def vault(**container: object) -> dict:
    volumes = [{"name": "s", "secret": {"secretName": "db"}}] if "volumeMounts" in container else []
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "vault"}, "spec": {"volumes": volumes, "containers": [
        {"name": "main", "image": "busybox:1.36", "command": ["sleep", "36000"], **container}]}}


FILE = {"volumeMounts": [{"name": "s", "mountPath": "/secrets"}]}


def test_a_secret_in_a_file(cluster):
    cluster.apply(SECRET)
    cluster.apply(vault(**FILE))
    assert check(config.secret_reaches_file, cluster)


@pytest.mark.parametrize("container, seen", [
    ({"env": [{"name": "P", "value": "correct-horse"}]}, "for everyone who may read Pods"),
    ({"env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}]}, "environment"),
    ({}, "no file /secrets/password")])
def test_other_places(cluster, container, seen):
    cluster.apply(SECRET)
    cluster.apply(vault(**container))
    verdict = check(config.secret_reaches_file, cluster)
    assert not verdict and seen in verdict.text


def test_a_copy_in_a_config_map(cluster):
    cluster.apply(SECRET)
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "copy"}, "data": {"password": "correct-horse"}})
    cluster.apply(vault(**FILE))
    assert "in a ConfigMap too" in check(config.secret_reaches_file, cluster).text
