"""The judges of 03_cluster: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.lessons import check, clusters

MORE = "visitors of http://more/"


@pytest.fixture
def cluster():
    return Cluster(serve=False, control_plane=1)


@pytest.fixture
def shop(cluster):
    template = {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [{"name": "web", "image": "nginx:1.25"}]}}
    cluster.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"},
                   "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "shop"}}, "template": template}})
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80}]}})
    cluster.run(10)
    return cluster


def test_the_component_is_started_again(cluster):
    clusters.break_it(cluster)
    cluster.start("kube-controller-manager")
    assert check(clusters.whole_again, cluster)


def test_nothing_is_done(cluster):
    clusters.break_it(cluster)
    verdict = check(clusters.whole_again, cluster)
    assert not verdict and "nobody made a Pod" in verdict.text and "kube-system" in verdict.text


def test_another_component_is_started_anew(cluster):
    clusters.break_it(cluster)
    cluster.start("kube-controller-manager")
    cluster.stop("kube-scheduler")
    verdict = check(clusters.whole_again, cluster)
    assert not verdict and "nobody gave it a node" in verdict.text


def test_no_store(cluster):
    cluster.stop("etcd")
    cluster.run(5)
    assert "refused: etcdserver" in check(clusters.whole_again, cluster).text


def test_three_pods_on_three_nodes_survive(shop):
    shop.patch("Deployment", "shop", {"spec": {"replicas": 3}})
    assert check(clusters.survives_a_node, shop)


def test_one_pod_does_not(shop):
    verdict = check(clusters.survives_a_node, shop)
    assert not verdict and "with 1 of 1 Pods" in verdict.text and "more nodes" in verdict.text


def test_three_pods_on_one_node_do_not(shop):
    shop.patch("Deployment", "shop", {"spec": {"replicas": 3, "template": {"spec": {"nodeName": "node-2"}}}})
    verdict = check(clusters.survives_a_node, shop)
    assert not verdict and "node-2 was lost, with 3 of 3" in verdict.text


@pytest.mark.parametrize("stopped, fails", [
    ("coredns", ["visitors of http://web/", MORE]), ("kube-proxy", [MORE]), ("kube-scheduler", ["the Pod gets a node", "it runs", MORE]),
    ("kube-controller-manager", ["a Pod is made", "the Pod gets a node", "it runs", MORE]),
    ("etcd", ["kubectl apply", "a Pod is made", "the Pod gets a node", "it runs", MORE]),
    ("kube-apiserver", ["kubectl get", "kubectl apply", "a Pod is made", "the Pod gets a node", "it runs", MORE]),
])
def test_what_fails_without_a_component(stopped, fails):
    """Its own work, what needs that, and nothing else."""
    lines = clusters.without(stopped).splitlines()
    found = [line[2:] for line in lines if line.startswith("✖")]
    assert len(lines) == 7 and len(found) == len(fails) and all(line.startswith(start) for line, start in zip(found, fails))


def test_visitors_are_counted_with_what_they_were_told(shop):
    assert clusters.visitors(shop, "http://shop/", 5) == "5 of 5 visitors of http://shop/ were answered"
    told = clusters.visitors(shop, "http://nobody/", 2)
    assert told.startswith("0 of 2 visitors of http://nobody/ were answered; 2 were told: ")


@pytest.mark.parametrize("lost", ["node-1", "node-2", "node-3"])
def test_visitors_are_not_lost_with_a_node(shop, lost):
    shop.patch("Deployment", "shop", {"spec": {"replicas": 3}})
    shop.run(10)
    shop.stop(lost)
    shop.run(60)
    assert clusters.visitors(shop, "http://shop/", 5) == "5 of 5 visitors of http://shop/ were answered"
