"""What the tables of validation (data/rules.txt, data/updates.txt) name: the rules that are more than a check of one field.

A rule is a function (value, path, found) like the checks; those of updates.py take a whole new object and the old one.
"""
from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import lru_cache

from .. import checks, data
from ..meta import get
from . import cluster, core, jobs, labels, network, pods, podspec, podupdates, policies, services, updates, webhooks, workloads

FRESH = podspec.FRESH
NAMED = {name: rule for module in (checks, labels, pods, podspec, core, services, network, workloads, jobs, cluster, policies,
                                             webhooks)
         for name, rule in vars(module).items() if callable(rule)}
WHOLE = vars(updates) | vars(podupdates)
WORD = re.compile(r"([*+]?)(\w+)(?:\(((?:[^()]|\([^()]*\))*)\))?")
CONDITION = re.compile(r"(!?)([\w.|]+?)(?:(!?=|<=)(.*))?")


@lru_cache(maxsize=1)
def table() -> dict[str, list[tuple[str, str]]]:
    """Definition -> (field, its checks as text) in upstream's order."""
    return data.sections("rules")


def checks_of(text: str, named: dict[str, Callable] = NAMED) -> tuple[Callable, ...]:
    """'required *one_of(a, b) +positive' -> the functions of these names."""
    return tuple(_check(named[name], arguments, mark) for mark, name, arguments in (match.groups() for match in WORD.finditer(text)))


def _check(check: Callable, arguments: str | None, mark: str) -> Callable:
    if arguments is not None:
        known = inspect.signature(check).parameters.values()
        several = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in known)
        words = arguments.split(", ", -1 if several else len(known) - 1) if arguments else ()  # the last may be a text with commas
        check = check(*(int(word) if word.lstrip("-").isdigit() else word.strip('"') for word in words))
    return checks.each(check) if mark == "*" else checks.late(check) if mark else check


def condition(text: str) -> Callable[[dict], bool]:
    """'type=A|B and !port' -> whether that holds of an object."""
    parts = [_condition(*CONDITION.fullmatch(part).groups()) for part in text.split(" and ")]
    return lambda value: all(part(value) for part in parts)


def _condition(no: str, left: str, sign: str | None, right: str | None) -> Callable[[dict], bool]:
    steps = [name.split(".") for name in left.split("|")]
    if sign is None:
        return lambda value: any(get(value, step) not in checks.EMPTY for step in steps) == (not no)
    if sign == "<=":
        return lambda value: (get(value, steps[0], 0) <= get(value, right.split("."), 0)) == (not no)
    return lambda value: ((get(value, steps[0]) or "") in right.split("|")) == (sign == "=")


@lru_cache(maxsize=None)
def of_resource(storage: str, moment: str) -> tuple[Callable, ...]:
    """The rules about whole objects of a resource: of 'create', 'update' or 'before' (before an update's other rules)."""
    lines = data.sections("updates").get(storage, ())
    return tuple(rule for when, text in lines if when == moment for rule in checks_of(text, WHOLE))
