"""Judges of 00_start: is the application there, and does it answer?"""
from __future__ import annotations

from kubelearn.lessons.check import Wrong
from kubelearn.lessons.traffic import ask

BROKEN = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "greeter"}, "spec": {
    "selector": {"matchLabels": {"app": "greeter"}},
    "template": {"metadata": {"labels": {"app": "greeter"}}, "spec": {"containers": [
        {"name": "greeter", "image": "hashicorp/http-echo:1.2", "args": ["-text=hello", "-listen=:5678"]}]}}}}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "greeter"},
           "spec": {"selector": {"app": "greeter"}, "ports": [{"port": 80, "targetPort": 5678}]}}


def five_pods_answer(cluster) -> str:
    """Five ready Pods behind the Service, all of which get requests."""
    cluster.run(10)
    ready = cluster.get("Deployment", "web")["status"].get("readyReplicas", 0)
    if ready != 5:
        raise Wrong(f"{ready} Pods of web are ready, not 5", "kubectl scale deployment web --replicas=5")
    answers = ask(cluster, "http://web/", 60)
    if not all(answer.ok for answer in answers):
        raise Wrong(f"5 Pods are ready, and http://web/ is not answered: {next(a.error for a in answers if not a.ok)}",
                    "is the Service still there? kubectl apply -f service.yaml makes it")
    served = {answer.server for answer in answers}
    if len(served) < 5:
        raise Wrong(f"60 requests to the Service reached {len(served)} Pods", "does the Service's selector match the labels of all five?")
    return "5 Pods are ready, and 60 requests reached all of them"


def break_it(cluster) -> None:
    """A Deployment with a tag that nobody ever published."""
    cluster.apply(BROKEN)
    cluster.apply(SERVICE)
    cluster.run(30)


def _why_silent(cluster) -> str:
    image = cluster.get("Deployment", "greeter")["spec"]["template"]["spec"]["containers"][0]["image"]
    if "http-echo" not in image:
        return f"its image is {image} now, another program; keep the image, and choose a version of it that there is"
    return f"its image is {image}; was it pulled? kubectl describe pod -l app=greeter"


def greeter_answers(cluster) -> str:
    cluster.run(20)
    answers = ask(cluster, "http://greeter/", 5)
    bodies = [answer.body.strip() for answer in answers if answer.ok]
    if not bodies:
        raise Wrong(f"nobody answers http://greeter/: {answers[0].error}", _why_silent(cluster))
    if set(bodies) != {"hello"}:
        raise Wrong(f"the greeter says {bodies[0]!r}, not 'hello'", "only the image is wrong; the arguments were right")
    return "http://greeter/ says hello"
