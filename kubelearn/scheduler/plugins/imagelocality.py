"""ImageLocality: better a node that has the images already. Part of Kubernetes: kube-scheduler plugins/imagelocality."""
from __future__ import annotations

from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.framework import MAX_SCORE, SKIP, Plugin
from kubelearn.scheduler.pods import PodInfo

MIB = 1024 * 1024
LEAST, MOST = 23 * MIB, 1000 * MIB  # below the first it does not matter; the second is for each container


class ImageLocality(Plugin):
    shared = frozenset(("score",))

    def pre_score(self, pod: PodInfo, snapshot: Snapshot) -> object:
        """Which share of the nodes has each image: an image that few have counts less, so that pods do not crowd there."""
        shares = {image: snapshot.image_nodes[image] / len(snapshot.nodes) for image in pod.demands.images if image in snapshot.image_nodes}
        return shares or SKIP

    def score(self, shares: dict[str, float], pod: PodInfo, node: NodeInfo) -> int:
        images = pod.demands.images
        there = sum(int(node.images[image] * shares[image]) for image in images if image in node.images and image in shares)
        most = MOST * len(images)
        return MAX_SCORE * (min(max(there, LEAST), most) - LEAST) // (most - LEAST)
