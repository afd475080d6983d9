"""Rules of admission policies and their bindings.

Part of Kubernetes: pkg/apis/admissionregistration/validation. Leaves out: what cel.py leaves out; matchConditions' uniqueness.
"""
from __future__ import annotations

from .. import cel
from ..fields import Path
from ..findings import Check, Findings

VARIABLES = tuple((name, "dyn") for name in ("object", "oldObject", "request", "params", "namespaceObject", "variables", "authorizer"))


def expression(*types: str) -> Check:
    """CEL that can be read, of one of these types where any is named."""
    words = types[0] if len(types) == 1 else f"one of [{' '.join(types)}]".replace("null", "null_type")

    def check(text: str | None, path: Path, found: Findings) -> None:
        if not (text or "").strip():
            return found.required(path, "expression is not specified")
        if not cel.available():
            return
        try:
            kind = cel.type_of(text.strip(), VARIABLES)
        except cel.Failed as error:
            return found.invalid(path, text, f"compilation failed: {error}")
        if types and kind not in types:
            found.invalid(path, text, f"must evaluate to {words} but got {kind}")
    return check


def deny_or_warn(values: list | None, path: Path, found: Findings) -> None:
    if {"Deny", "Warn"} <= set(values or ()):
        found.invalid(path, values, "must not contain both Deny and Warn (repeating the same validation failure information in the API "
                                    "response and headers serves no purpose)")
