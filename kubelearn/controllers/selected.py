"""Which pods a selector finds, kept up to date as pods change: what Services and disruption budgets ask again and again.

Part of Kubernetes: none; upstream lists the namespace's pods at each sync. Law 7: the answer is a function of the informer's pods.
"""
from __future__ import annotations

from kubelearn.api.meta import key_of, labels_of
from kubelearn.api.selectors import Selector
from kubelearn.client import Informer


class Selected:
    """Answers for every selector that was asked for once; a change of one pod costs one look at its namespace's selectors."""

    def __init__(self, pods: Informer):
        self._pods = pods
        self._found: dict[str, dict[str, tuple[Selector, dict[str, dict]]]] = {}
        pods.on(self._changed)

    def pods(self, namespace: str, selector: Selector) -> list[dict]:
        asked = self._found.setdefault(namespace, {})
        if str(selector) not in asked:
            asked[str(selector)] = selector, {key_of(pod): pod for pod in self._pods.list(namespace, selector)}
        return list(asked[str(selector)][1].values())

    def _changed(self, old: dict | None, new: dict | None) -> None:
        pod = new or old
        for selector, found in self._found.get(pod["metadata"]["namespace"], {}).values():
            if new and selector(labels_of(new)):
                found[key_of(new)] = new
            else:
                found.pop(key_of(pod), None)
