"""Aggregated ClusterRoles: a role that has the rules of all roles with certain labels, as admin, edit and view have.

Law: the rules of a role with an aggregationRule are those of the selected roles, each once, in the order of their names.
Leaves out: nothing. Upstream: pkg/controller/clusterroleaggregation.
"""
from __future__ import annotations

from kubelearn.api.meta import labels_of, name_of
from kubelearn.api.selectors import label_selector
from kubelearn.controllers.controller import Controller


def selected(role: dict, roles: list[dict]) -> list[dict]:
    """The roles whose rules this one takes over, by name."""
    selectors = [label_selector(selector) for selector in role["aggregationRule"].get("clusterRoleSelectors") or ()]
    found = [r for r in roles if name_of(r) != name_of(role) and any(matches(labels_of(r)) for matches in selectors)]
    return sorted(found, key=name_of)


def aggregated(role: dict, roles: list[dict]) -> list[dict]:
    rules: list[dict] = []
    for other in selected(role, roles):
        rules += [rule for rule in other.get("rules") or () if rule not in rules]
    return rules


class ClusterRoleAggregationController(Controller):
    name, kind = "clusterrole-aggregation-controller", "ClusterRole"
    watches = {"ClusterRole": lambda self, role: [key for key, r in self.informer("ClusterRole").items.items() if r.get("aggregationRule")]}

    def sync(self, role: dict) -> None:
        if not role.get("aggregationRule"):
            return
        roles = self.informer(self.kind).list()
        rules = aggregated(role, roles)
        if rules != (role.get("rules") or []):
            names = ", ".join(map(name_of, selected(role, roles)))
            self.client.update({**role, "rules": rules}, because=f"it has the rules of {names or 'no other role'}")
