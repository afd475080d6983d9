"""Pictures of a cluster: what is there, what changed, why.

Part of Kubernetes: none. Rule: all pictures speak one visual language; a static copy of each survives where nothing runs.
"""
from kubelearn.view.drawing import draw, play

__all__ = ["draw", "play"]
