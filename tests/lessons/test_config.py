"""The judges of 08_config: solutions pass, plausible wrong answers fail with a message that helps."""
from __future__ import annotations

import pytest

from kubelearn import Cluster
from kubelearn.lessons import check, config

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"password": "correct-horse"}}


@pytest.fixture
def cluster():
    with Cluster(serve=False) as made:
        yield made


@pytest.fixture
def shop(cluster):
    config.open_shop(cluster)
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


def mailer(key: str = "host", optional: bool = False) -> dict:
    server = {"name": "MAIL_SERVER", "valueFrom": {"configMapKeyRef": {"name": "mail", "key": key, "optional": optional}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mailer"}, "spec": {
        "volumes": [{"name": "s", "secret": {"secretName": "mail"}}], "containers": [
            {"name": "main", "image": "busybox:1.36", "command": ["sleep", "36000"], "env": [server],
             "volumeMounts": [{"name": "s", "mountPath": "/mail"}]}]}}


def mail_secret(namespace: str, password: str = "p4ss") -> dict:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mail", "namespace": namespace}, "stringData": {"password": password}}


@pytest.fixture
def mail(cluster):
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mail"}, "data": {"host": "smtp.example.com"}})
    cluster.apply(mail_secret("team"))
    return cluster


def test_mail_is_sent(mail):
    mail.apply(mailer())
    mail.apply(mail_secret("default"))
    assert check(config.mailer_sends, mail)


def test_the_secret_of_another_namespace_is_not_seen(mail):
    mail.apply(mailer())
    verdict = check(config.mailer_sends, mail)
    assert not verdict and "mailer does not run" in verdict.text and "events" in verdict.text


@pytest.mark.parametrize("key, optional, password, seen", [("server", False, "p4ss", "does not run"),
                                                           ("server", True, "p4ss", "MAIL_SERVER is ''"), ("host", False, "guess", "do not invent")])
def test_half_repaired(mail, key, optional, password, seen):
    mail.apply(mail_secret("default", password))
    mail.apply(mailer(key, optional))
    verdict = check(config.mailer_sends, mail)
    assert not verdict and seen in verdict.text


def test_the_config_map_is_not_to_be_changed(mail):
    mail.apply(mail_secret("default"))
    mail.patch("ConfigMap", "mail", {"data": {"server": "smtp.example.com"}})
    mail.apply(mailer("server"))
    verdict = check(config.mailer_sends, mail)
    assert not verdict and "not as it was" in verdict.text and "the key that is there" in verdict.text


def test_the_broken_mailer_is_as_new_each_time(cluster):
    for _ in range(2):
        config.broken_mailer(cluster)
        cluster.run(10)
        assert "does not run" in check(config.mailer_sends, cluster).text
        cluster.delete("Pod", "mailer", gracePeriodSeconds=0)
        cluster.apply(mailer())


def test_what_a_program_sees_over_time(cluster):
    """The mounted folder follows a change, once; the environment and the single file never do."""
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "blue"}})
    mounts = [{"name": "conf", "mountPath": "/conf"}, {"name": "conf", "mountPath": "/one", "subPath": "colour"}]
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}, "spec": {
        "volumes": [{"name": "conf", "configMap": {"name": "settings"}}], "containers": [
            {"name": "main", "image": "busybox:1.36", "command": ["sleep", "36000"], "envFrom": [{"configMapRef": {"name": "settings"}}],
             "volumeMounts": mounts}]}})
    cluster.run(10)
    cluster.patch("ConfigMap", "settings", {"data": {"colour": "red"}})
    looks = [[cell for (cell,) in table.rows.values()] for table in config.over_time(cluster, 100, 20).values()]
    assert looks[0] == ["blue", "blue", "blue"] and looks[-1] == ["blue", "red", "blue"]
    assert looks == sorted(looks)
