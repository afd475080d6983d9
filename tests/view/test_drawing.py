"""Every picture: one look, one width, alt text, the same at every run."""
import base64
import re
import subprocess
from xml.etree import ElementTree

import pytest

from kubelearn.cluster import Cluster
from kubelearn.view import dot as dots
from kubelearn.view import draw, overview
from kubelearn.view.drawing import PICTURES, graph_of
from kubelearn.view.lane import owner_card
from kubelearn.view.slots import Slots, slots_from
from kubelearn.view.world import World, slots_of, world_of

from .conftest import story, web


@pytest.mark.parametrize("what", PICTURES)
def test_a_picture_is_a_well_formed_page_no_wider_than_a_notebook(cluster, what):
    """At most 900 px, an aria-label that is the alt text, every colour of the palette."""
    picture = draw(cluster, what)
    root = ElementTree.fromstring(picture.svg)
    assert float(root.get("width")) <= 900 and root.get("role") == "img" and root.get("aria-label") == picture.alt != ""
    colours = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]+)"', picture.drawn))
    assert colours <= set(dots.LIGHT.values())


@pytest.mark.parametrize("what", PICTURES)
def test_no_text_is_larger_than_its_cell(cluster, what):
    """Graphviz complains of nothing but of the font's marks, whose width it does not know."""
    world, slots = world_of(cluster), slots_of(cluster)
    graph = PICTURES[what].graph(world, PICTURES[what].stage([world], slots))
    engine = ["-Kneato", "-n2"] if graph.height else ["-Kdot"]
    said = subprocess.run([dots._binary(), *engine, "-Tsvg"], input=dots.source(graph), capture_output=True, text=True, check=True).stderr
    assert "too small" not in said and "rror" not in said


def test_two_runs_draw_the_same(cluster):
    """No object address, no hash order, no clock: the stored output of a notebook compares equal."""
    again = story()
    for what in PICTURES:
        assert draw(cluster, what)._repr_mimebundle_() == draw(again, what)._repr_mimebundle_()


def test_the_static_copy_is_the_picture_and_says_what_it_shows(cluster):
    """The <img> of an untrusted notebook holds the whole SVG with its own paper; its alt text names pods, nodes and states."""
    bundle = draw(cluster)._repr_mimebundle_()
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', bundle["text/html"])[1]
    svg = base64.b64decode(data).decode()
    assert "<polygon" in svg and 'fill="#ffffff"' in svg and "<script" not in svg
    for pod in cluster.get("Pod"):
        assert f"{pod['metadata']['name']} Ready" in bundle["text/plain"] and pod["metadata"]["name"] in svg


def test_a_past_moment_is_drawn_from_history_alone(cluster):
    """Before the update, the pods of then; and the newest moment is untouched by looking back."""
    now = draw(cluster).svg
    then = draw(cluster.at(revision=cluster.marks["ready"]))
    names = {pod["metadata"]["name"] for pod in cluster.at(revision=cluster.marks["ready"]).list("Pod", "default")}
    assert len(names) == 3 and all(name in then.svg for name in names)
    assert draw(cluster).svg == now != then.svg


def test_an_owner_has_the_same_place_and_hue_at_every_moment(cluster):
    """Two separate draws agree, because slots and hues come from the whole history."""
    first = cluster.at(revision=cluster.marks["ready"]).list("ReplicaSet", "default")[0]["metadata"]["name"]
    cards = []
    for source in (cluster.at(revision=cluster.marks["ready"]), cluster):
        world = world_of(source)
        graph = overview.graph(world, overview.stage([world], slots_of(source)))
        cards.append(graph.find()[f"ReplicaSet/default/{first}"])
    assert (cards[0].at, cards[0].hue) == (cards[1].at, cards[1].hue)


def test_dark_and_light_can_be_asked_for(cluster):
    assert '"#111418"' in draw(cluster, theme="dark").svg and '"#ffffff"' not in draw(cluster, theme="dark").svg
    assert "<style>" not in draw(cluster, theme="light").svg and "data-jp-theme-light" in draw(cluster).svg


def test_an_unknown_picture_is_refused_with_the_names_of_those_there_are(cluster):
    with pytest.raises(ValueError, match="cluster, ownership"):
        draw(cluster, "clutser")


class Handmade:
    """Nodes and pods by the thousand, as plain data: a snapshot without a history."""

    time, revision = 0.0, 1

    def __init__(self, pods: int, nodes: int):
        owner = {"kind": "ReplicaSet", "name": "web", "uid": "web", "controller": True}
        running = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        self.kinds = {
            "Node": [{"kind": "Node", "metadata": {"name": f"node-{n + 1}", "uid": f"n{n}"}, "status": {}} for n in range(nodes)],
            "Pod": [{"kind": "Pod", "metadata": {"name": f"web-{n:05}", "namespace": "default", "uid": f"p{n}", "ownerReferences": [owner]},
                     "spec": {"nodeName": f"node-{n % nodes + 1}"}, "status": running} for n in range(pods)]}

    def list(self, kind: str, namespace: str | None = None) -> list[dict]:
        return self.kinds.get(kind, [])


def test_a_name_too_long_for_its_slot_loses_what_its_owners_card_says():
    """'…-k2x' under the owner web-7d4b9; a pod that nobody owns keeps as much of its end as there is room for."""
    source = Handmade(2, 4)
    source.kinds["Pod"] = [{**pod, "metadata": {**pod["metadata"], "name": name, "ownerReferences": owners}} for pod, name, owners in zip(
        source.kinds["Pod"], ("web-rmx676xx4-longer-k2xyz", "an-orphan-of-a-very-long-name"), (
            [{"kind": "ReplicaSet", "name": "web-rmx676xx4-longer", "uid": "web", "controller": True}], []))]
    svg = draw(source).svg
    assert ">…-k2xyz<" in svg and "name<" in svg and ">…-name<" not in svg


def test_a_static_pod_loses_its_nodes_name_and_no_state_is_cut():
    with Cluster(nodes=3, control_plane=3, serve=False) as cluster:
        cluster.stop("control-plane-1")
        cluster.run(60)
        svg = draw(cluster, namespace="*").svg
    assert all(re.search(name, svg) for name in (">etcd-…<", ">kube-scheduler[-…]*<", ">kube-controller[-…]*<", ">kube-apiserver[-…]*<"))
    assert ">✖ NotReady<" in svg


def test_containers_stand_in_the_order_of_their_pod():
    """The first above: as in the manifest, whatever Graphviz makes of it."""
    names = ("first", "second", "third")
    with Cluster(nodes=1, serve=False) as cluster:
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "order"}, "spec": {"containers": [
            {"name": name, "image": "busybox:1.36", "command": ["sleep", "99"]} for name in names]}})
        cluster.run(5)
        svg = draw(cluster, "containers").svg
    heights = [float(re.search(rf'y="([-\d.]+)"[^>]*>{name}<', svg)[1]) for name in names]
    assert heights == sorted(heights)


def test_in_the_lane_what_fits_stands_side_by_side_and_what_is_gone_has_no_place():
    """Two Deployments of one ReplicaSet each are one row, also where a third was between them."""
    with Cluster(nodes=1, serve=False) as cluster:
        for name in ("one", "gone", "two"):
            cluster.apply(web(replicas=1).replace("name: web", f"name: {name}").replace("app: web", f"app: {name}"))
        cluster.delete("Deployment", "gone")
        cluster.run(60)
        graph = graph_of(cluster)
    assert [card.name.partition("-")[0] for card in sorted(graph.cards, key=lambda card: card.at)] == ["one", "one", "two", "two"]
    assert len({card.at[1] for card in graph.cards}) == 1


def test_rows_of_slots_that_nobody_has_are_not_drawn():
    """Nine pods on one node become two: as many rows of slots as at the beginning."""
    with Cluster(nodes=1, serve=False) as cluster:
        cluster.apply(web(replicas=9))
        cluster.run(30)
        cluster.patch("Deployment", "web", {"spec": {"replicas": 2}})
        cluster.run(60)
        box, = graph_of(cluster).boxes
    assert len(box.rows) == 2 and sum(not card.free for row in box.rows for card in row) == 2


def test_the_lane_says_the_namespace_of_what_is_not_in_default():
    owners = [{"kind": "Deployment", "metadata": {"name": "web", "namespace": name, "uid": name}} for name in ("default", "test")]
    assert [owner_card(owner, 0, Slots()).kind for owner in owners] == ["Deployment", "Deployment in test"]


SIZES = [(30, 3, "cards"), (31, 3, "marks"), (300, 12, "marks"), (301, 12, "counts"), (5000, 100, "counts")]


@pytest.mark.parametrize(("pods", "nodes", "level"), SIZES)
def test_it_scales_by_saying_less(pods, nodes, level):
    """Cards to 30 pods, marks to 300, counts above; each pod is in the picture, as itself or in a count."""
    source = Handmade(pods, nodes)
    world, slots = World(source, 0.0, 1), slots_from(source, Slots())
    stage = overview.stage([world], slots)
    graph = overview.graph(world, stage)
    assert stage.level == level
    shown = sum(1 for part in graph.find().values() if part.id.startswith("Pod/"))
    counted = sum(int(number) for box in graph.boxes for line, _ in box.lines for number in re.findall(r"(\d+)●", line))
    assert shown + counted == pods
    assert len(draw(source).svg) < 260_000


def test_a_kind_that_the_cluster_was_taught_owns_pods_like_any_other():
    """A custom resource stands in the lane of owners, with its hue, and its pods hang on it."""
    from kubelearn.cluster import Cluster
    from kubelearn.lessons.controllers import WEBSITE, site
    with Cluster(serve=False) as taught:
        taught.apply(WEBSITE)
        taught.run(2)
        taught.apply(site("blog", "hello"))
        assert "Website" in draw(taught).svg and "0 pods" in draw(taught).svg
        owner = {key: taught.get("Website", "blog")["metadata"][key] for key in ("name", "uid")}
        owner |= {"apiVersion": "course.example/v1", "kind": "Website", "controller": True}
        taught.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mine", "ownerReferences": [owner]},
                      "spec": {"containers": [{"name": "main", "image": "nginx:1.25"}]}})
        assert draw(taught, "ownership").alt == "Website blog owns Pod mine."
        assert "1 pod<" in draw(taught).svg


def test_the_ownership_picture_narrows_to_one_owner(cluster):
    """By a start of names; a claim is used by its pod and owned by nobody."""
    assert draw(cluster, "ownership", owner="web").alt == draw(cluster, "ownership").alt
    assert draw(cluster, "ownership", owner="nobody").alt == "Nothing owns anything here."


def test_pods_that_wait_alike_wait_together():
    """Nine pods that fit nowhere for one reason are one line and one reason, not nine."""
    from kubelearn.lessons.scheduling import packed
    picture = packed("3")
    assert picture.drawn.count("Insufficient cpu") == 1 and "9 pods ask for cpu 3 each" in picture.drawn
    assert picture.alt.endswith("9 pods are on no node.")


@pytest.mark.parametrize("pods", [6, 90, 900])
def test_what_waits_for_a_node_is_seen_however_many_there_are(pods):
    """As cards, as marks and as counts: two of them have no node."""
    source = Handmade(pods, 3)
    for pod in source.kinds["Pod"][:2]:
        pod["spec"], pod["status"] = {}, {"phase": "Pending"}
    svg = draw(source).svg
    assert ">not on a node yet<" in svg and svg.count(">○<") + svg.count("○ Pending") + 2 * svg.count("2○<") == 2
