"""Objects out of what a learner hands over: YAML text, an object, a file or a folder.

Part of Kubernetes: kubectl's resource builder (cli-runtime/pkg/resource). Leaves out: URLs, kustomizations, folders in folders.
"""
from __future__ import annotations

import copy
from pathlib import Path

from kubelearn import errors
from kubelearn.apiserver.codec import load_yaml_documents


def documents(what: str | dict | Path) -> list[dict]:
    """Objects from YAML text, one object, or a path."""
    if isinstance(what, dict):
        found = [copy.deepcopy(what)]  # what is stored is never modified, and the caller may go on with their own
    elif not isinstance(what, (str, Path)):
        raise TypeError(f"YAML text, an object as a dict, or a path is wanted, not {type(what).__name__}")
    else:
        path = Path(what) if isinstance(what, Path) or "\n" not in what and ":" not in what else None
        if path is not None and not path.exists():
            raise FileNotFoundError(f'the path "{path}" does not exist')
        texts = [what] if path is None else [file.read_text() for file in _manifests(path)]
        found = [document for text in texts for document in load_yaml_documents(text) if document is not None]
    items = [item for obj in found for item in (obj.get("items") or []) if isinstance(obj, dict)] if any(
        isinstance(obj, dict) and obj.get("kind") == "List" for obj in found) else found
    if not all(isinstance(item, dict) for item in items):
        raise errors.bad_request("error parsing: a document is not an object")
    return items


def _manifests(path: Path) -> list[Path]:
    """A file, or the manifests of a folder by name."""
    return sorted(p for p in path.iterdir() if p.suffix in (".yaml", ".yml", ".json")) if path.is_dir() else [path]
