"""JSONPath as additionalPrinterColumns and custom scales use it: .spec.size, .a[0].b, .a['x.y'], .conditions[?(@.type=="Ready")].status

Part of Kubernetes: client-go util/jsonpath. Leaves out: unions, ranges, recursive descent, arithmetic.
"""
from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from functools import lru_cache

STEP = re.compile(r"""
    \.(?P<name>(?:\\.|[^.\[\]\\])+)
  | \[(?P<index>-?\d+)\] | \[(?P<all>\*)\] | \[(?P<quote>['"])(?P<key>.*?)(?P=quote)\]
  | \[\?\(\s*@(?P<path>[^=!<>]*?)\s*(?P<operator>==|!=|<=|>=|<|>)\s*(?P<value>"[^"]*"|'[^']*'|[^)]*?)\s*\)\]
""", re.VERBOSE)
COMPARE = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@lru_cache(maxsize=512)
def compile(path: str) -> Callable[[object], list]:
    """A function from a value to all that the path finds in it; ValueError where the path is none that we read."""
    path, steps, at = path.strip().strip("{}"), [], 0
    while at < len(path):
        match = STEP.match(path, at)
        if match is None:
            raise ValueError(f"unrecognized JSONPath at {path[at:]!r}")
        steps.append(_step(match))
        at = match.end()

    def find(value: object) -> list:
        found = [value]
        for step in steps:
            found = [inner for outer in found for inner in step(outer)]
        return found
    return find


def _step(match: re.Match) -> Callable[[object], list]:
    if match["index"] is not None:
        return lambda value: value[int(match["index"]):][:1] if isinstance(value, list) else []
    if match["all"] or match["name"] == "*":
        return lambda value: list(value) if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    if match["operator"]:
        return _filter(compile(match["path"]), COMPARE[match["operator"]], _literal(match["value"]))
    key = match["key"] if match["key"] is not None else re.sub(r"\\(.)", r"\1", match["name"])
    return lambda value: [value[key]] if isinstance(value, dict) and key in value else []


def _filter(find: Callable, compare: Callable, wanted: object) -> Callable[[object], list]:
    def step(value: object) -> list:
        return [inner for inner in value if _holds(compare, find(inner), wanted)] if isinstance(value, list) else []
    return step


def _holds(compare: Callable, found: list, wanted: object) -> bool:
    try:
        return bool(found) and compare(found[0], wanted)
    except TypeError:
        return False


def _literal(text: str) -> object:
    if text[:1] == "'":
        return text[1:-1]
    try:
        return json.loads(text)
    except ValueError:
        return text
