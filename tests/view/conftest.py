"""A cluster with a Deployment that has been applied, run, healed and updated: what the pictures are drawn from."""
import pytest

from kubelearn.cluster import Cluster

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "nginx:1.25", resources: {requests: {cpu: 500m, memory: 256Mi}}}
"""


def web(image: str = "nginx:1.25", replicas: int = 3) -> str:
    return WEB.replace("nginx:1.25", image).replace("replicas: 3", f"replicas: {replicas}")


def ready(cluster: Cluster, wanted: int = 3) -> bool:
    deployment = cluster.get("Deployment", "web")
    status = deployment["status"]
    return (status.get("observedGeneration") == deployment["metadata"]["generation"]
            and status.get("updatedReplicas") == status.get("readyReplicas") == status.get("replicas") == wanted)


def story() -> Cluster:
    """Applied and ready; then a pod is deleted and comes back; then the image is updated."""
    cluster = Cluster(nodes=3, seed=0, serve=False)
    cluster.apply(web())
    assert cluster.run(until=lambda: ready(cluster), limit=120)
    cluster.marks = {"ready": cluster.revision}
    cluster.delete("Pod", cluster.get("Pod")[0]["metadata"]["name"])
    cluster.run(60)
    cluster.marks["healed"] = cluster.revision
    cluster.apply(web("nginx:1.26"))
    assert cluster.run(until=lambda: ready(cluster), limit=300)
    cluster.run(60)
    return cluster


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return story()
