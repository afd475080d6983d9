"""The dashboard: its buttons do what they say, and looking back changes nothing."""
import pytest

from kubelearn.cluster import Cluster
from kubelearn.view import dashboard

from .conftest import ready, web


@pytest.fixture
def board():
    cluster = Cluster(nodes=2, serve=False)
    cluster.apply(web(replicas=2))
    made = dashboard(cluster)
    yield made
    made.close()
    cluster.close()


def click(board, label: str) -> None:
    buttons = [child for row in board.children[:-2] for child in row.children if getattr(child, "description", "") == label]
    buttons[0].click()


def test_step_moves_to_the_next_moment_and_shows_it(board):
    before, picture = board.cluster.now, board.picture.value
    while board.cluster.now == before:
        click(board, "step")
    board.cluster.run(until=lambda: ready(board.cluster, 2), limit=60)
    click(board, "now")
    assert board.picture.value != picture


def test_a_past_moment_is_shown_and_nothing_changes(board):
    board.cluster.run(until=lambda: ready(board.cluster, 2), limit=60)
    click(board, "now")
    newest, revision = board.picture.value, board.cluster.revision
    board.moment.value = 0.0
    assert board.picture.value != newest and "past" in board.said.value and board.cluster.revision == revision
    click(board, "now")
    assert board.picture.value == newest


def test_scale_delete_and_stop_reach_the_cluster(board):
    cluster = board.cluster
    cluster.run(until=lambda: ready(cluster, 2), limit=60)
    click(board, "now")
    board.replicas.value = 3
    click(board, "scale")
    assert cluster.get("Deployment", "web")["spec"]["replicas"] == 3
    first = board.pod.value.split("/")[1]
    click(board, "delete pod")
    assert "deletionTimestamp" in cluster.get("Pod", first)["metadata"]
    board.node.value = "node-2"
    click(board, "stop node")
    assert "you: stopped node-2" in board.said.value
    cluster.run(60)
    click(board, "now")
    assert "NotReady" in board.picture.value or "node-2" in board.cluster.network.down


def test_its_boxes_may_grow_and_never_shrink(board):
    """Nine pods, then one: whatever is left is where it was, and there is room for one that waits from the start."""
    cluster, sizes = board.cluster, []
    for replicas in (2, 9, 1):
        board.replicas.value = replicas
        click(board, "scale")
        cluster.run(60)
        click(board, "now")
        sizes.append({box.id: (box.at, box.size) for box in board._graph.boxes})
    assert sizes[0].keys() == sizes[1].keys() == {"waiting", "Node//node-1", "Node//node-2"} and sizes[1] == sizes[2] != sizes[0]


def test_a_refusal_is_told_and_the_dashboard_goes_on(board):
    """Somebody else deleted the Deployment meanwhile: Kubernetes' own words, no traceback."""
    board.cluster.delete("Deployment", "web")
    click(board, "scale")
    assert "not found" in board.said.value
    click(board, "step")


def test_ids_come_from_content(board):
    assert board.model_id.endswith(tuple(f"{n:08x}" for n in range(1, 40)))
    assert "0x" not in repr(board.children[0].children[0].model_id)


def test_an_echo_of_where_the_slider_was_is_no_look_at_the_past(board):
    """The page answers a new end with the old one; what is shown stays the newest moment."""
    before = board.moment.value
    board.cluster.run(30)
    click(board, "now")
    board.moment.value = before
    assert "now" in board.said.value
    board.moment.value = 5.0
    assert "past" in board.said.value


def test_a_component_is_stopped_and_started_where_there_are_machines_for_it(board):
    """Only such a cluster has the row; without the scheduler a new pod waits, with it the pod gets its node."""
    assert board.faults not in board.children
    with Cluster(nodes=2, control_plane=1, serve=False) as cluster:
        other = dashboard(cluster, namespace="*")
        other.parts.value = "kube-scheduler"
        click(other, "stop component")
        cluster.run(5)
        cluster.apply(web(replicas=1))
        cluster.run(5)
        assert [pod["spec"].get("nodeName") for pod in cluster.get("Pod") if pod["metadata"]["name"].startswith("web-")] == [None]
        click(other, "start component")
        assert cluster.run(until=lambda: ready(cluster, 1), limit=60)
        other.close()
