"""The things that are measured. Each runs in a fresh process: `python -m bench.work NAME [ARGUMENT...]` prints one JSON object of figures.

Nothing of kubelearn is imported before the clock runs.
"""
from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: bench}
spec:
  replicas: %d
  selector: {matchLabels: {app: bench}}
  template:
    metadata: {labels: {app: bench}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: "registry.k8s.io/pause:3.10"}]
"""


def timed(work: Callable[[], object]) -> float:
    """Real seconds."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def median_of(times: int, work: Callable[[], object]) -> float:
    return sorted(timed(work) for _ in range(times))[times // 2]


def deploy(cluster, pods: int) -> None:
    """In process: from the YAML to all Ready."""
    cluster.apply(DEPLOYMENT % pods)
    ready = lambda: cluster.client.get("Deployment", "bench", "default").get("status", {}).get("readyReplicas") == pods
    if not cluster.run(until=ready):
        raise SystemExit(f"{pods} pods did not become ready")


def kubectl(cluster) -> Callable[..., str]:
    """kubectl against a served cluster; its output."""
    from kubelearn.kubectl import find
    base = [str(find()), "--kubeconfig", cluster.kubeconfig]

    def call(*words: str, stdin: str | None = None) -> str:
        return subprocess.run([*base, *words], input=stdin, text=True, capture_output=True, check=True).stdout
    return call


# --- what is measured ---------------------------------------------------------------------------------------------

def first_ready() -> dict[str, float]:
    def work() -> None:
        from kubelearn import Cluster
        deploy(Cluster(serve=False), 1)
    return {"s": timed(work)}


def first_ready_kubectl() -> dict[str, float]:
    def work() -> None:
        from kubelearn import Cluster
        with Cluster() as cluster:
            call = kubectl(cluster)
            call("apply", "-f", "-", stdin=DEPLOYMENT % 1)
            call("rollout", "status", "deployment/bench")
    return {"s": timed(work)}


def in_process(pods: str, nodes: str) -> dict[str, float]:
    from kubelearn import Cluster
    cluster = Cluster(nodes=int(nodes), serve=False)
    seconds = timed(lambda: deploy(cluster, int(pods)))
    return {"s": seconds, "pods/s": int(pods) / seconds}


def https(pods: str, nodes: str) -> dict[str, float]:
    """kubectl apply and kubectl rollout status, over HTTPS."""
    from kubelearn import Cluster
    with Cluster(nodes=int(nodes)) as cluster:
        call = kubectl(cluster)

        def work() -> None:
            call("apply", "-f", "-", stdin=DEPLOYMENT % int(pods))
            call("rollout", "status", "deployment/bench", "--timeout=600s")
        seconds = timed(work)
    return {"s": seconds, "pods/s": int(pods) / seconds}


def calls(pods: str, nodes: str) -> dict[str, float]:
    """Single kubectl calls against a cluster of that size."""
    from kubelearn import Cluster
    with Cluster(nodes=int(nodes)) as cluster:
        deploy(cluster, int(pods))
        call = kubectl(cluster)
        call("get", "pods")
        return {"get pods, s": median_of(5, lambda: call("get", "pods")),
                "get pods -o json, s": median_of(3, lambda: call("get", "pods", "-o", "json")),
                "get one node, s": median_of(9, lambda: call("get", "node", "node-1"))}


MEMORY = """
import psutil
from kubelearn import Cluster
from kubelearn.view import draw, play
from bench.work import deploy
begin = psutil.Process().memory_info().rss
cluster = Cluster(nodes=%d)
deploy(cluster, %d)
print(begin, psutil.Process().memory_info().rss)
"""


def memory(pods: str, nodes: str) -> dict[str, float]:
    """A kernel with the view imported and a served cluster."""
    from jupyter_client.manager import start_new_kernel
    manager, client = start_new_kernel(cwd=str(Path(__file__).parent.parent))
    said: list[str] = []
    reply = client.execute_interactive(
        MEMORY % (int(nodes), int(pods)), timeout=300, output_hook=lambda m: said.append(m["content"].get("text", "")))
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    if reply["content"]["status"] != "ok":
        raise SystemExit(reply["content"])
    begin, end = map(int, "".join(said).split())
    return {"MB": end / 2**20, "MB without a cluster": begin / 2**20}


def pictures(pods: str, nodes: str) -> dict[str, float]:
    """One draw, and all frames of the Deployment's first seconds."""
    from kubelearn import Cluster
    from kubelearn.view import draw, play
    cluster = Cluster(nodes=int(nodes), serve=False)
    deploy(cluster, int(pods))
    show = lambda: draw(cluster)._repr_mimebundle_()
    show()
    return {"draw, s": median_of(9, show), "play, s": median_of(3, lambda: play(cluster))}


PAGE = """<!doctype html><body><script type="module">
import player from "data:text/javascript;base64,%s"
const state = %s
const model = {get: name => state[name], set() {}, save_changes() {}, on() {}, off() {}}
player.render({model, el: document.body})
const step = direction => { document.querySelector(`[title^=${direction}]`).click(); document.body.getBoundingClientRect() }
const times = []
for (const direction of ["back", "forward", "back", "forward"])
  for (let frame = 1; frame < state.frames.length; frame++) {
    const begin = performance.now(); step(direction); times.push(performance.now() - begin)
  }
window.result = times.sort((a, b) => a - b)[Math.floor(times.length / 2)]
</script>"""


def player_step(pods: str, nodes: str) -> dict[str, float]:
    """One step of the player in Chromium, with its layout."""
    import base64

    from playwright.sync_api import sync_playwright

    from kubelearn import Cluster
    from kubelearn.doctor import browser
    from kubelearn.view import play
    from kubelearn.view.player import Player
    cluster = Cluster(nodes=int(nodes), serve=False)
    deploy(cluster, int(pods))
    player = play(cluster)
    state = {name: getattr(player, name) for name in ("lines", "frames", "captions", "index")}
    page_text = PAGE % (base64.b64encode(str(Player._esm).encode()).decode(), json.dumps(state))
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox", "--disable-gpu"])
        page = chrome.new_page()
        page.set_content(page_text)
        page.wait_for_function("window.result !== undefined")
        step = page.evaluate("window.result") / 1000
        chrome.close()
    return {"s": step, "frames": len(player.frames)}


def notebook(path: str) -> dict[str, float]:
    """All its cells, with the kernel's start."""
    import tempfile

    import nbformat

    from kubelearn.lessons.notebook import execute
    given = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        return {"s": timed(lambda: execute(given, Path(folder)))}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
