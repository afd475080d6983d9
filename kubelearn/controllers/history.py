"""The revisions of DaemonSets and StatefulSets: every template that they had, for `kubectl rollout history` and `undo`.

Law: a template equal to an earlier one gets that one's ControllerRevision back, with the next number; of those that no pod
uses, the newest revisionHistoryLimit stay.
Leaves out: adoption of revisions. Upstream: pkg/controller/history.
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.api.meta import annotations_of, key_of, name_of
from kubelearn.controllers.podcontrol import PodController
from kubelearn.controllers.rollout import template_hash
from kubelearn.errors import ApiError


def template_patch(owner: dict) -> dict:
    """What a revision keeps: a strategic merge patch that puts the template back whole."""
    return {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}


def template_of(revision: dict) -> dict:
    return {key: value for key, value in revision["data"]["spec"]["template"].items() if key != "$patch"}


def new_revision(owner: dict, number: int, collisions: int, label: str) -> dict:
    """The ControllerRevision of the owner's template; label: the key under which it carries its hash."""
    data = template_patch(owner)
    text = template_hash({**data, "collisions": collisions})
    template_labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
    metadata = {"name": f"{name_of(owner)[:223]}-{text}", "labels": {**template_labels, label: text}}
    if annotations_of(owner):
        metadata["annotations"] = annotations_of(owner)
    return {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": metadata, "data": data, "revision": number}


def ordered(revisions: Iterable[dict]) -> list[dict]:
    """Oldest first."""
    return sorted(revisions, key=lambda r: (r["revision"], r["metadata"].get("creationTimestamp", ""), name_of(r)))


def next_number(revisions: list[dict]) -> int:
    return max((r["revision"] for r in revisions), default=0) + 1


def equal_revision(owner: dict, revisions: list[dict]) -> dict | None:
    """The newest revision with the owner's present template."""
    data = template_patch(owner)
    return next((r for r in reversed(ordered(revisions)) if r["data"] == data), None)


def superfluous(revisions: list[dict], live: Iterable[str], limit: int) -> list[dict]:
    """The oldest revisions that no pod uses, beyond the limit. live: names in use."""
    live = set(live)
    old = [r for r in ordered(revisions) if name_of(r) not in live]
    return old[:max(len(old) - limit, 0)]


class RevisionController(PodController):
    """A controller whose objects keep their templates' history. Its `owns` names ControllerRevision."""

    hash_label = ""

    def _may_adopt(self, obj: dict) -> bool:
        """Pods that have ended too: they are in the way of the next one."""
        return True

    def current_revision(self, owner: dict) -> tuple[dict, int]:
        """The revision of the owner's present template, made or renumbered if need be; and how many names were taken."""
        revisions, collisions = self.owned(owner, "ControllerRevision"), owner["status"].get("collisionCount", 0)
        found, number = equal_revision(owner, revisions), next_number(revisions)
        if found is None:
            return self._create_revision(owner, number, collisions)
        if found["revision"] != number - 1:
            found = self.client.update({**found, "revision": number}, because=f"the template is again that of revision {found['revision']}")
        return found, collisions

    def _create_revision(self, owner: dict, number: int, collisions: int) -> tuple[dict, int]:
        while True:
            revision = new_revision(owner, number, collisions, self.hash_label)
            try:
                return self.create(revision, owner, because=f"the template is new: revision {number}"), collisions
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise
            collisions += 1

    def truncate_history(self, owner: dict, live: Iterable[str]) -> None:
        """Deletes what the history has too much. live: names of revisions in use."""
        limit = owner["spec"].get("revisionHistoryLimit", 10)
        for revision in superfluous(self.owned(owner, "ControllerRevision"), live, limit):
            self.delete(revision, because=f"{key_of(owner)} keeps {limit} old revisions")
