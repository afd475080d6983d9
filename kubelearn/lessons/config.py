"""Judges of 08_config: configuration that reaches a program without a new image, and secrets that stay with those they are for."""
from __future__ import annotations

import base64

from kubelearn.errors import ApiError
from kubelearn.lessons import inside, traffic
from kubelearn.lessons.check import Wrong
from kubelearn.lessons.deployments import service
from kubelearn.lessons.table import Table


def image_of(cluster, name: str) -> str:
    return cluster.get("Deployment", name)["spec"]["template"]["spec"]["containers"][0]["image"]


def seen(cluster, name: str = "app") -> Table:
    """What the program in a Pod finds now at each of the three places where it could look for its colour."""
    container = inside.running(cluster, cluster.get("Pod", name))
    found = {"environment variable colour": container.env["colour"]}
    found |= {f"file {path}": container.files.read(path).decode() for path in ("/conf/colour", "/one")}
    return Table(["the program finds"], {place: [value] for place, value in found.items()})


def over_time(cluster, seconds: int, every: int) -> dict[int, Table]:
    """Lets time run, and looks at the program every few seconds."""
    looks = {}
    for second in range(0, seconds + 1, every):
        looks[second] = seen(cluster)
        cluster.run(every)
    return looks


def open_shop(cluster) -> None:
    """Two Pods of nginx behind a Service; their page is a key of a ConfigMap."""
    volume, mount = {"name": "page", "configMap": {"name": "page"}}, {"name": "page", "mountPath": "/usr/share/nginx/html"}
    template = {"metadata": {"labels": {"app": "shop"}},
                "spec": {"volumes": [volume], "containers": [{"name": "web", "image": "nginx:1.25", "volumeMounts": [mount]}]}}
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "page"}, "data": {"index.html": "open"}})
    cluster.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"},
                   "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "shop"}}, "template": template}})
    cluster.apply(service("shop", 80))
    cluster.run(10)


def new_page(cluster) -> str:
    """The page of shop says 'closed', served by the image that it always had, in every Pod."""
    cluster.run(120)
    image = image_of(cluster, "shop")
    if image != "nginx:1.25":
        raise Wrong(f"shop runs another image now: {image}", "the page is in a ConfigMap; the image stays")
    bodies = {answer.body.strip() if answer.ok else answer.error for answer in traffic.ask(cluster, "http://shop/", 20)}
    if bodies != {"closed"}:
        raise Wrong(f"visitors see {', '.join(sorted(bodies))!r}", "the page is the key index.html of the ConfigMap page, and should be that one word; a mounted file follows within some 90 seconds")
    return "all visitors see 'closed', and the image is the same"


def secret_reaches_file(cluster) -> str:
    """The Pod vault has the password of Secret db in the file /secrets/password, and nowhere else: not in its environment, not in a ConfigMap."""
    cluster.run(20)
    try:
        password = base64.b64decode(cluster.get("Secret", "db")["data"]["password"]).decode()
    except (ApiError, KeyError):
        raise Wrong("there is no Secret db with a key password", "kubectl create secret generic db --from-literal=password=...") from None
    pod = cluster.get("Pod", "vault")
    if pod["status"]["phase"] != "Running":
        raise Wrong(f"vault is {pod['status']['phase']}", "kubectl describe pod vault")
    if password in str(pod["spec"]) or password in inside.running(cluster, pod).env.values():
        raise Wrong("the password stands in the Pod's specification or environment, for everyone who may read Pods",
                    "a volume of type secret, mounted at /secrets, keeps it out of both")
    if any(password in str(m.get("data")) for m in cluster.get("ConfigMap")):
        raise Wrong("the password stands in a ConfigMap too", "ConfigMaps are for what everyone may read")
    found = inside.read(cluster, pod, "/secrets/password")
    if found is None:
        raise Wrong("vault has no file /secrets/password", "volumes: [{name: s, secret: {secretName: db}}], and a volumeMount at /secrets")
    if found != password:
        raise Wrong("the file holds something else than the Secret", "mount the Secret itself, not a copy")
    return "the password is in the file, and nowhere else"


MAIL = {"host": "smtp.example.com"}


def broken_mailer(cluster) -> None:
    """A Pod whose Secret is in another namespace, and that asks its ConfigMap for a key that it does not have; as new each time."""
    if any(pod["metadata"]["name"] == "mailer" for pod in cluster.get("Pod")):
        cluster.delete("Pod", "mailer", gracePeriodSeconds=0)
    server = {"name": "MAIL_SERVER", "valueFrom": {"configMapKeyRef": {"name": "mail", "key": "server"}}}
    secret = {"metadata": {"name": "mail", "namespace": "team"}, "stringData": {"password": "p4ss-of-the-team"}}
    mount = {"name": "password", "mountPath": "/mail", "readOnly": True}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    cluster.apply({"apiVersion": "v1", "kind": "Secret", **secret})
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mail"}, "data": MAIL})
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mailer"}, "spec": {
        "volumes": [{"name": "password", "secret": {"secretName": "mail"}}],
        "containers": [{"name": "main", "image": "busybox:1.36", "command": ["sleep", "36000"], "env": [server], "volumeMounts": [mount]}]}})


def mailer_sends(cluster) -> str:
    """The Pod mailer runs with the server of ConfigMap mail as MAIL_SERVER, and with team's password in a file; both as they were given."""
    cluster.run(150)
    pod = cluster.get("Pod", "mailer")
    if pod["status"]["phase"] != "Running":
        raise Wrong("mailer does not run", "kubectl describe pod mailer: the last line of its events says what it waits for")
    server = inside.running(cluster, pod).env.get("MAIL_SERVER", "")
    if server != "smtp.example.com":
        raise Wrong(f"mailer runs, and its MAIL_SERVER is {server!r}",
                    "the ConfigMap mail has the address, under which key? optional: true only hides that it is missing")
    if cluster.get("ConfigMap", "mail").get("data") != MAIL:
        raise Wrong("mailer runs, and the ConfigMap mail is not as it was", "others read it too: let the Pod ask for the key that is there")
    wanted = base64.b64decode(cluster.get("Secret", "mail", "team")["data"]["password"]).decode()
    found = inside.read(cluster, pod, "/mail/password")
    if found is None:
        raise Wrong("mailer has no file /mail/password", "leave its volume as it is; what is missing is the Secret")
    if found != wanted:
        raise Wrong("the password in /mail/password is not the one of namespace team", "copy the Secret, do not invent one")
    return "mailer runs with the right server and the right password"
