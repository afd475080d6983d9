"""Who asks, and how: what accompanies every call of the registry.

Part of Kubernetes: apiserver pkg/endpoints/request, pkg/admission Attributes. Law 6: a request knows its actor and reason.
"""
from __future__ import annotations

from dataclasses import dataclass, field

ADMIN_GROUPS = ("system:masters", "system:authenticated")


@dataclass(slots=True)
class Request:
    """actor is who appears in the history: 'kubectl', 'deployment-controller', 'kubelet/node-1'."""

    actor: str
    because: str = ""
    user: str = "kubernetes-admin"
    groups: tuple[str, ...] = ADMIN_GROUPS
    field_manager: str = ""
    field_validation: str = "Ignore"  # Ignore, Warn, Strict
    dry_run: bool = False
    force: bool = False  # server-side apply: take over the fields of others
    external: bool = False  # came from outside the cluster: an input, to be kept in the journal
    command: str = ""  # kubectl's own words, from its Kubectl-Command header
    session: str = ""  # which run of kubectl it is, from its Kubectl-Session header
    operation: str = "Update"  # Apply for a server-side apply: what managedFields will say
    applied: dict | None = None  # the configuration that was applied
    managers: list | None = None  # managedFields as a client wrote them itself
    subresource: str = ""
    repeated: list[str] = field(default_factory=list)  # what a strict decoder says of keys that came twice
    warnings: list[str] = field(default_factory=list)  # answered to the client as Warning headers

    @property
    def manager(self) -> str:
        return self.field_manager or self.actor


@dataclass(slots=True)
class Attributes:
    """What admission looks at. operation is CREATE, UPDATE, DELETE; old and new are objects or None."""

    operation: str
    resource: object
    subresource: str
    namespace: str
    name: str
    old: dict | None
    new: dict | None
    request: Request
