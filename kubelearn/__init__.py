"""kubelearn: a small, readable, faithful Kubernetes inside one Python process, and a course that runs on it.

    from kubelearn import Cluster, draw, play, why
    cluster = Cluster(nodes=3)
"""
from __future__ import annotations

import importlib

_WHERE = {  # public name -> the module that has it, loaded when first asked for: a cluster alone needs no pictures
    "Cluster": "cluster", "ApiError": "errors", "diff": "snapshot", "image": "kubelet.images", "connect": "connected",
    "draw": "view", "play": "view", "why": "view", "why_not": "view", "chart": "view", "timeline": "view",
    "dashboard": "view", "explore": "view", "touch": "view",
}
__all__ = list(_WHERE)


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"kubelearn has no {name!r}; it has {', '.join(_WHERE)}")
    found = getattr(importlib.import_module(f"kubelearn.{_WHERE[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
