"""Judges of 08_config: configuration that reaches a program without a new image, and secrets that stay with those they are for."""
from __future__ import annotations

import base64

from kubelearn.errors import ApiError
from kubelearn.lessons import traffic
from kubelearn.lessons.check import Wrong


def image_of(cluster, name: str) -> str:
    return cluster.get("Deployment", name)["spec"]["template"]["spec"]["containers"][0]["image"]


def new_page(cluster) -> str:
    """The page of shop says 'closed', served by the image that it always had, in every Pod."""
    cluster.run(120)
    image = image_of(cluster, "shop")
    if image != "nginx:1.25":
        raise Wrong(f"shop runs another image now: {image}", "the page is in a ConfigMap; the image stays")
    bodies = {answer.body.strip() if answer.ok else answer.error for answer in traffic.ask(cluster, "http://shop/", 20)}
    if bodies != {"closed"}:
        raise Wrong(f"visitors see {', '.join(sorted(bodies))!r}", "change data of the ConfigMap page; a mounted file follows within some 90 seconds")
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
    container = next(c for c in cluster.nodes[pod["spec"]["nodeName"]].runtime.containers.values()
                     if c.sandbox.pod["metadata"]["name"] == "vault" and c.state == "running")
    if password in str(pod["spec"]) or password in container.env.values():
        raise Wrong("the password stands in the Pod's specification or environment, for everyone who may read Pods",
                    "a volume of type secret, mounted at /secrets, keeps it out of both")
    if any(password in str(m.get("data")) for m in cluster.get("ConfigMap")):
        raise Wrong("the password stands in a ConfigMap too", "ConfigMaps are for what everyone may read")
    try:
        found = container.files.read("/secrets/password").decode()
    except OSError:
        raise Wrong("vault has no file /secrets/password", "volumes: [{name: s, secret: {secretName: db}}], and a volumeMount at /secrets") from None
    if found != password:
        raise Wrong("the file holds something else than the Secret", "mount the Secret itself, not a copy")
    return "the password is in the file, and nowhere else"
