"""begin: the first cell of every notebook. A fresh cluster, kubectl pointed at it, one line about it.

Part of Kubernetes: what `minikube start` is to a learner with a machine to spare.
"""
from __future__ import annotations

import os

from kubelearn import kubectl
from kubelearn.cluster import Cluster
from kubelearn.lessons.shell import steady_output

_current: list[tuple[Cluster, kubectl.Context]] = []  # this kernel's, of which there is one at a time


def begin(nodes: int | list[dict] | None = None, seed: int = 0, profile: str = "kind", context: str | None = None,
          control_plane: int = 0):
    """A cluster for this notebook. `!kubectl` in its cells talks to it. A second begin() ends the first one's cluster.

    context (or the environment variable KUBELEARN_CONTEXT) names a real cluster of your own kubeconfig instead: the one that
    KUBECONFIG named before kubelearn began.
    control_plane: 1 or 3 machines on which you see its components run.
    """
    steady_output()
    context = context or os.environ.get("KUBELEARN_CONTEXT")
    if context:
        from kubelearn.connected import connect
        cluster = connect(context, kubectl.own_config())
    else:
        cluster = Cluster(nodes=nodes, seed=seed, profile=profile, control_plane=control_plane)
    while _current:  # only now: what was asked wrongly ends nothing
        end(_current[-1][0])
    if context:
        kubectl.use(context)
        return cluster
    _current.append((cluster, kubectl.Context(cluster.kubeconfig)))
    names = ", ".join(cluster.nodes)
    print(f"A cluster of {len(cluster.nodes)} node{'s' * (len(cluster.nodes) != 1)} ({names}). Time stands still until you let it run.")
    return cluster


def end(cluster: Cluster) -> None:
    """Takes the cluster out of kubectl's configuration and closes it."""
    for pair in [pair for pair in _current if pair[0] is cluster]:
        pair[1].close()
        _current.remove(pair)
    cluster.close()
