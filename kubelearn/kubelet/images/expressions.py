"""Expressions by how tightly their operators bind, made into Python's: what awk and the shell's $((...)) have in common.

What is made is Python's text, to be compiled once and run often. Of the words that were read only quoted constants get into it.
"""
from __future__ import annotations

from typing import NamedTuple


class Malformed(Exception):
    """What was read is no expression."""


class Token(NamedTuple):
    kind: str  # op, or what a subclass knows as a primary
    value: str


class Place(str):
    """What can be assigned to: as a text its value, and apart from each other the container and the key."""

    container: str
    key: str

    def __new__(cls, container: str, key: str) -> Place:
        made = super().__new__(cls, f"{container}[{key}]")
        made.container, made.key = container, key
        return made


def assign(container: dict, key: object, value: object) -> object:
    container[key] = value
    return value


class Expressions:
    """Subclasses have the tables and say what a primary is.

    binary: operator -> (how tightly it binds, its form: {0} and {1} stand for its sides); prefixes: operator -> its form.
    What is made calls assign(container, key, value) and step(container, key, by, before): ++ and --, worth what was before or is after.
    """

    binary: dict[str, tuple[int, str]]
    prefixes: dict[str, str]
    condition = "{0}"  # the form of what decides
    ternary, unary, power = 2, 11, 12  # how tightly ?: binds, a prefix, and the one operator that binds to the right

    def __init__(self, tokens: list[Token]):
        self.tokens, self.at = [*tokens, Token("op", "")], 0

    @property
    def next(self) -> str:
        """The operator or word that comes next, "value" for a value, "" at the end."""
        token = self.tokens[self.at]
        return token.value if token.kind == "op" else "value"

    @property
    def ended(self) -> bool:
        return self.at == len(self.tokens) - 1

    def advance(self) -> Token:
        if self.ended:
            raise Malformed
        self.at += 1
        return self.tokens[self.at - 1]

    def take(self, value: str) -> bool:
        if self.next != value:
            return False
        self.advance()
        return True

    def expect(self, value: str) -> None:
        if not self.take(value):
            raise Malformed

    def primary(self) -> str:
        """A constant, a variable, something in parentheses."""
        raise Malformed

    def operation(self, word: str, left: str, right: str) -> str:
        return self.binary[word][1].format(left, right)

    def joined(self, left: str, least: int) -> str | None:
        """What two values without an operator between them come to; None where they may not stand so."""
        return None

    def expression(self, least: int = 0) -> str:
        """Operators that bind at least so tightly."""
        left = self.prefix()
        while True:
            word = self.next
            level = self.binary.get(word, (-1,))[0]
            if word in ("++", "--") and isinstance(left, Place):
                left = self.stepped(left, True)
            elif word == "=" or word[:-1] in self.binary and word not in self.binary and word[-1] == "=":
                left = self.assigned(left, self.advance().value[:-1])
            elif word == "?" and least <= self.ternary:
                left = self.chosen(left)
            elif level >= least:
                self.advance()
                left = self.operation(word, left, self.expression(level + (level != self.power)))
            elif (both := self.joined(left, least)) is not None:
                left = both
            else:
                return left

    def stepped(self, place: str, before: bool) -> str:
        sign = self.advance().value[0]
        place = place if before else self.primary()
        if not isinstance(place, Place):
            raise Malformed
        return f"step({place.container}, {place.key}, {sign}1, {before})"

    def assigned(self, place: str, operator: str) -> str:
        if not isinstance(place, Place):
            raise Malformed
        value = self.expression(1)
        return f"assign({place.container}, {place.key}, {self.operation(operator, place, value) if operator else value})"

    def chosen(self, condition: str) -> str:
        self.expect("?")
        yes = self.expression()
        self.expect(":")
        return f"({yes} if {self.condition.format(condition)} else {self.expression(1)})"

    def prefix(self) -> str:
        word = self.next
        if word in ("++", "--"):
            return self.stepped("", False)
        if word in self.prefixes:
            self.advance()
            return self.prefixes[word].format(self.expression(self.unary))
        return self.primary()
