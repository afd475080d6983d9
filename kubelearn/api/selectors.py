"""Label and field selectors, parsed once and called often.

Part of Kubernetes: apimachinery pkg/labels, pkg/fields and metav1.LabelSelectorAsSelector; the wording of errors is theirs.
Field selectors are in fieldselectors.py.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from ..errors import bad_request
from . import names
from .fieldselectors import field_selector

__all__ = ["field_selector", "format_selector", "label_selector", "match_labels", "parse_selector"]

OPERATORS = {"=": "=", "==": "=", "!=": "!=", "in": "in", "notin": "notin", ">": ">", "<": "<"}
TOKEN = re.compile(r"\s*(?:(?P<symbol>==|!=|[()=,!<>])|(?P<word>[^\s()=,!<>]+))")
FROM_EXPRESSION = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


class Requirement(NamedTuple):
    """One test on one label."""

    key: str
    operator: str  # = != in notin exists ! > <
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        match self.operator:
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case "in" | "notin":
                return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"
        return f"{self.key}{self.operator}{self.values[0]}"

    def matches(self, labels: dict) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "=" | "in":
                return value in self.values
            case "!=" | "notin":
                return value not in self.values  # an absent label counts as different
            case "exists":
                return self.key in labels
            case "!":
                return self.key not in labels
        number = _integer(value)
        return number is not None and (number > int(self.values[0])) == (self.operator == ">") and number != int(self.values[0])


def _integer(text: str | None) -> int | None:
    try:
        return int(text)
    except (TypeError, ValueError):
        return None


class Selector:
    """Call it with labels. `equal` holds the labels that it asks for exactly, for an index."""

    __slots__ = ("requirements", "equal", "_rest", "_nothing")

    def __init__(self, requirements: Iterable[Requirement], nothing: bool = False):
        self.requirements = tuple(requirements)
        self.equal = tuple((r.key, r.values[0]) for r in self.requirements if r.operator == "=")
        self._rest = tuple(r for r in self.requirements if r.operator != "=")
        self._nothing = nothing

    def __call__(self, labels: dict | None) -> bool:
        if self._nothing:
            return False
        if labels is None:
            labels = {}
        for key, value in self.equal:
            if labels.get(key) != value:
                return False
        for requirement in self._rest:
            if not requirement.matches(labels):
                return False
        return True

    @property
    def everything(self) -> bool:
        return not self.requirements and not self._nothing

    def __str__(self) -> str:
        return ",".join(str(r) for r in sorted(self.requirements))


NOTHING = Selector((), nothing=True)


def label_selector(selector: str | dict | None) -> Selector:
    """A text ("app=web,tier in (a,b)") or a LabelSelector; empty matches all, None nothing (upstream's nil selector)."""
    if selector is None:
        return NOTHING
    return parse_selector(selector) if isinstance(selector, str) else _from_object(*_key_of(selector))


def match_labels(labels: dict | None) -> Selector:
    """A plain map of labels, as a Service's or a ReplicationController's selector; an empty one matches nothing."""
    return _from_object(tuple(labels.items()), ()) if labels else NOTHING


def _key_of(selector: dict) -> tuple:
    labels, expressions = selector.get("matchLabels"), selector.get("matchExpressions")
    return (tuple(labels.items()) if labels else (),
            tuple((e["key"], e["operator"], tuple(e.get("values") or ())) for e in expressions) if expressions else ())


@lru_cache(maxsize=8192)
def _from_object(labels: tuple, expressions: tuple) -> Selector:
    requirements = [Requirement(key, "=", (value,)) for key, value in labels]
    for key, operator, values in expressions:
        if operator not in FROM_EXPRESSION:
            raise bad_request(f'"{operator}" is not a valid label selector operator')
        requirements.append(Requirement(key, FROM_EXPRESSION[operator], values))
    return Selector(requirements)


def matcher(resource: object, labels: object = "", fields: str = "") -> Callable[[dict], bool]:
    """A predicate on objects from the two selectors as texts; 400 with upstream's words where one is malformed."""
    labels = label_selector(labels) if labels else None
    fields = field_selector(fields, resource) if fields else None
    if labels and fields:
        return lambda obj: labels(obj["metadata"].get("labels")) and fields(obj)
    if labels:
        return lambda obj: labels(obj["metadata"].get("labels"))
    return fields or (lambda obj: True)


def format_selector(selector: dict | None) -> str:
    """As kubectl prints a LabelSelector, and as status.selector of a scale holds it."""
    if selector is None:
        return "<none>"
    if not selector.get("matchExpressions") and not selector.get("matchLabels"):
        return "<none>"
    return str(label_selector(selector))


def go_text(selector: dict | None) -> str:
    """A LabelSelector as Go prints one."""
    selector = selector or {}
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    rules = "".join(f"LabelSelectorRequirement{{Key:{rule['key']},Operator:{rule['operator']},"
                    f"Values:[{' '.join(rule.get('values') or ())}],}}," for rule in selector.get("matchExpressions") or ())
    return f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{rules}}},}}"


@lru_cache(maxsize=1024)
def parse_selector(text: str) -> Selector:
    """ApiError (BadRequest) with upstream's wording where the text is no selector. Upstream: labels.Parse."""
    return Selector(_Parser(text).parse())


class _Parser:
    """Upstream's recursive descent over tokens; '' is the end of the text."""

    def __init__(self, text: str):
        self.tokens = [match["symbol"] or match["word"] for match in TOKEN.finditer(text)] + [""]

    def parse(self) -> list[Requirement]:
        requirements: list[Requirement] = []
        while (token := self.tokens[0]) != "":
            if token != "!" and not _is_word(token):
                raise bad_request(f"found '{token}', expected: !, identifier, or 'end of string'")
            requirements.append(self._requirement())
            end = self._take()
            if end == "":
                break
            if end != ",":
                raise bad_request(f"found '{end}', expected: ',' or 'end of string'")
            if self.tokens[0] != "!" and not _is_word(self.tokens[0]):
                raise bad_request(f"found '{self.tokens[0]}', expected: identifier after ','")
        return requirements

    def _take(self) -> str:
        return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]

    def _requirement(self) -> Requirement:
        token = self._take()
        negated = token == "!"
        key = self._take() if negated else token
        if not _is_word(key):
            raise _wrong(f"found '{key}', expected: identifier")
        for problem in names.qualified_name(key):
            raise _wrong(f'<nil>: Invalid value: "{key}": {problem}')
        if self.tokens[0] in ("", ","):
            return Requirement(key, "!" if negated else "exists")
        word = self._take()
        operator = OPERATORS.get(word)
        if operator is None or negated:
            raise _wrong(f"found '{word}', expected: in, notin, =, ==, !=, gt, lt")
        return Requirement(key, operator, _checked(key, operator, self._values(operator)))

    def _values(self, operator: str) -> tuple[str, ...]:
        if operator not in ("in", "notin"):
            return ("",) if self.tokens[0] in ("", ",") else (self._word(),)
        if (found := self._take()) != "(":
            raise _wrong(f"found '{found}' expected: '('")
        values: list[str] = []
        while True:
            values.append("" if self.tokens[0] in (",", ")") else self._word("expected: ',', ')' or identifier"))
            found = self._take()
            if found == ")":
                return tuple(values)
            if found != ",":
                raise _wrong(f"found '{found}', expected: ',' or ')'")

    def _word(self, expected: str = "expected: identifier") -> str:
        token = self._take()
        if not _is_word(token):
            raise _wrong(f"found '{token}', {expected}")
        return token


def _is_word(token: str) -> bool:
    return token != "" and token not in ("(", ")", ",", "!", "=", "==", "!=", "<", ">")


def _wrong(text: str) -> Exception:
    return bad_request(f"unable to parse requirement: {text}")


def _checked(key: str, operator: str, values: tuple[str, ...]) -> tuple[str, ...]:
    for index, value in enumerate(values):
        if operator in (">", "<") and _integer(value) is None:
            raise _wrong(f'values[{index}][{key}]: Invalid value: "{value}": for \'Gt\', \'Lt\' operators, the value must be an integer')
        for problem in names.label_value(value):
            raise _wrong(f'values[{index}][{key}]: Invalid value: "{value}": {problem}')
    return values
