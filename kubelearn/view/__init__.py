"""Pictures of a cluster: what is there, what changed, why. Each public function has a module of its name.

Part of Kubernetes: none. Rule: all pictures speak one visual language; a static copy of each survives where nothing runs.
Leaves out: the widgets, until someone asks for one (ipywidgets takes longer to load than a cluster to start).
"""
from importlib import import_module

from kubelearn.view.chart import chart
from kubelearn.view.controlplane import lanes
from kubelearn.view.drawing import draw, play
from kubelearn.view.timeline import timeline
from kubelearn.view.why import why
from kubelearn.view.why_not import why_not

__all__ = ["chart", "dashboard", "draw", "explore", "lanes", "play", "timeline", "touch", "why", "why_not"]


def __getattr__(name: str):
    if name not in ("dashboard", "explore", "touch"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"kubelearn.view.{name}"), name)
    globals()[name] = found  # the import above left the module of that name here
    return found
