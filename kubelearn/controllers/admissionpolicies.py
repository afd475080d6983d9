"""Looks at each ValidatingAdmissionPolicy once and notes in its status that it did.

Law: a policy's status tells for which generation it was looked at.
Leaves out: warnings about types. Upstream: pkg/controller/validatingadmissionpolicystatus.
"""
from __future__ import annotations

from kubelearn.controllers.controller import Controller


class AdmissionPolicyController(Controller):
    name, kind = "validatingadmissionpolicy-status-controller", "ValidatingAdmissionPolicy"

    def sync(self, policy: dict) -> None:
        generation = policy["metadata"]["generation"]
        if (policy.get("status") or {}).get("observedGeneration") != generation:
            status = {"observedGeneration": generation, "typeChecking": {}}
            self.client.update_status({**policy, "status": status}, because="it is new" if generation == 1 else "it has changed")
