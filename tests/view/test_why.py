"""why() and why_not(): the chain back to a person's command, and what stands in the way."""
import re
from pathlib import Path

import pytest

import kubelearn
from kubelearn import lab
from kubelearn.cluster import Cluster
from kubelearn.errors import ApiError
from kubelearn.view import answer, why, why_not

from .conftest import ready, web


def test_a_ready_pod_goes_back_to_the_command_that_wanted_it(cluster):
    """you > deployment-controller > replicaset-controller > scheduler > kubelet, in this order and in the order of time."""
    answer = why(cluster, cluster.get("Pod")[0])
    actors = [step.who.partition("/")[0] for step in answer]
    order = [actors.index(name) for name in ("you", "deployment-controller", "replicaset-controller", "default-scheduler", "kubelet")]
    assert order == sorted(order) and actors[0] == "you" and actors[-1] == "kubelet"
    times = [float(step.when.split()[0]) for step in answer]
    assert times == sorted(times)
    assert answer.question.endswith(" Ready?")


def test_every_link_leads_to_code_that_is_there(cluster):
    """The module of a link is a file of the package; a person's own command has none."""
    package = Path(kubelearn.__file__).parent
    for what in (cluster.get("Pod")[0], "deploy/web", "node/node-1"):
        for step in (step for step in why(cluster, what) if step.who):
            assert (package / step.module).is_file() if step.module else step.who == "you", step


def test_the_lab_puts_that_code_where_the_links_lead(cluster, tmp_path):
    """In JupyterLab a link opens the module beside the lessons."""
    assert lab.SOURCE == answer.SOURCE
    lab.copy_code(tmp_path / lab.SOURCE)
    links = re.findall(r'href="([^"]+)"', why(cluster, "deploy/web").html())
    assert links and all((tmp_path / link).is_file() for link in links)


def test_a_field_is_traced_to_who_set_it(cluster):
    """spec.nodeName is the scheduler's, the image a person's."""
    pod = cluster.get("Pod")[0]
    assert why(cluster, pod, "spec.nodeName").steps[-1].who == "default-scheduler"
    image = why(cluster, "deploy/web", "spec.template.spec.containers.0.image")
    assert len(image) == 1 and image.steps[0].who == "you" and "nginx:1.26" in image.question
    assert "Ready of pod/" in why(cluster, pod, "Ready").question


def test_what_is_gone_is_explained_too(cluster):
    name = cluster.at(revision=cluster.marks["ready"]).list("Pod", "default")[0]["metadata"]["name"]
    answer = why(cluster, f"pod/{name}")
    assert answer.question == f"Why is pod/{name} gone?" and answer.steps[0].who == "you"


def test_a_name_may_be_the_start_of_a_generated_one(cluster):
    newest = max(cluster.get("Pod"), key=lambda pod: int(pod["metadata"]["resourceVersion"]))
    assert "pod/web-" in why(cluster, "pod/web-").question
    assert why(cluster, newest["metadata"]["name"]).question == why(cluster, newest).question


def test_what_never_was_is_refused_in_kubernetes_words(cluster):
    with pytest.raises(ApiError, match='pods "nobody" not found'):
        why(cluster, "pod/nobody")
    with pytest.raises(ApiError, match='resource type "wizard"'):
        why(cluster, "wizard/gandalf")
    with pytest.raises(ApiError, match="never had"):
        why(cluster, "deploy/web", "spec.color")


def test_the_answer_is_text_and_a_table_without_scripts(cluster):
    bundle = why(cluster, "deploy/web")._repr_mimebundle_()
    assert bundle["text/plain"].startswith("Why is deployment/web 3/3 ready?") and "<script" not in bundle["text/html"]
    assert bundle == why(cluster, "deploy/web")._repr_mimebundle_()


# --- why not ----------------------------------------------------------------------------------------------------------


def applied(text: str, seconds: float = 30) -> Cluster:
    cluster = Cluster(nodes=3, serve=False)
    cluster.apply(text)
    cluster.run(seconds)
    return cluster


def test_a_bad_image_is_named():
    cluster = applied(web("nginx:1.99-typo"))
    assert "nginx:1.99-typo" in repr(why_not(cluster, "pod/web-"))
    assert "nginx:1.99-typo" in repr(why_not(cluster, "deploy/web"))


def test_a_pod_that_fits_nowhere_has_the_scheduler_s_own_words():
    cluster = applied(web().replace("500m", '"64"'))
    said = repr(why_not(cluster, "pod/web-"))
    assert "0/3 nodes are available: 3 Insufficient cpu" in said


def test_a_pod_nobody_looked_at_is_said_so():
    cluster = Cluster(nodes=1, serve=False)
    cluster.stop("kube-scheduler")
    cluster.apply(web(replicas=1))
    assert "no scheduler has looked at it" in repr(why_not(cluster, "pod/web-"))


def test_a_service_that_matches_nobody_says_what_there_is():
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: wbe}, ports: [{port: 80}]}\n"
    cluster = applied(web() + "---\n" + service)
    said = repr(why_not(cluster, "service/web"))
    assert "app=wbe" in said and "app=web" in said


def test_what_is_as_it_should_be_is_said_so(cluster):
    assert ready(cluster)
    for what in ("deploy/web", "pod/web-", "node/node-1"):
        assert repr(why_not(cluster, what)).endswith("is as it should be.")
