"""Remembers what was worked out for an object, by the object's identity.

A thousand pods made from one template share one spec: it is decoded, defaulted and validated once. That is safe because stored
objects are never modified (law 3). An entry holds its object, so an address is never taken for another object's.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import wraps

MISSING = object()


class IdentityMemo:
    """At most `size` entries; the oldest go first."""

    def __init__(self, size: int = 512):
        self._size = size
        self._entries: dict[int, tuple[object, object]] = {}

    def get(self, key: object) -> object:
        """What was put for this very object, or MISSING."""
        entry = self._entries.get(id(key))
        return entry[1] if entry is not None and entry[0] is key else MISSING

    def put(self, key: object, value: object) -> None:
        entries = self._entries
        entries.pop(id(key), None)
        if len(entries) >= self._size:
            del entries[next(iter(entries))]
        entries[id(key)] = (key, value)


def remembered(function: Callable) -> Callable:
    """A function of one object, worked out once for each."""
    memo = IdentityMemo()

    @wraps(function)
    def remember(value: object) -> object:
        known = memo.get(value)
        if known is MISSING:
            known = function(value)
            memo.put(value, known)
        return known
    return remember
