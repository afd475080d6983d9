"""What validation has found so far, and the ways to tell of it.

Part of Kubernetes: apimachinery's field.ErrorList.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable

from ..errors import FieldError
from . import fields
from .fields import Path

Check = Callable[[object, Path, "Findings"], None]  # of a value (None: absent) at a path


class Findings(list):
    """FieldErrors so far, and what the rules inside something need to know of what is around it."""

    def __init__(self) -> None:
        super().__init__()
        self.volumes: dict[str, dict] = {}  # of the pod
        self.claims: tuple[str, ...] = ()   # volumes that a StatefulSet will add to it
        self.grace: int | None = None
        self.late: list[FieldError] = []    # what is told after all else

    def all(self) -> list[FieldError]:
        return [*self, *self.late]

    def invalid(self, path: Path, value: object, detail: str) -> None:
        self.append(fields.invalid(path, value, detail))

    def required(self, path: Path, detail: str = "") -> None:
        self.append(fields.required(path, detail))

    def forbidden(self, path: Path, detail: str) -> None:
        self.append(fields.forbidden(path, detail))

    def duplicate(self, path: Path, value: object, detail: str = "") -> None:
        self.append(fields.duplicate(path, value, detail))

    def unsupported(self, path: Path, value: object, supported: Iterable[str]) -> None:
        self.append(fields.not_supported(path, value, supported))


def exactly_one(what: str, given: list[str], path: Path, found: Findings) -> None:
    """Of several fields that rule each other out."""
    for key in given[1:]:
        found.forbidden((path, key), f"may not specify more than 1 {what}")
    if not given:
        found.required(path, f"must specify a {what}")


def not_twice(values: Iterable[tuple[Path, object]], found: Findings) -> None:
    """Each of these (path, value) is the first with its value."""
    seen = set()
    for path, value in values:
        if value in seen:
            found.duplicate(path, value)
        seen.add(value)
