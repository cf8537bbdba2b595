"""Label selectors as kubectl writes them: ``a=b``, ``a!=b``, ``a in (b,c)``, ``a notin (b,c)``, ``a``, ``!a``; joined by commas. Pure, for
every layer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple


class Requirement(NamedTuple):
    """``key`` is one of ``values`` (None: it merely exists), or with ``negated`` the opposite."""

    key: str
    values: frozenset[str] | None
    negated: bool


def satisfies(labels: Mapping[str, str], wanted: tuple[Requirement, ...]) -> bool:
    for each in wanted:
        value = labels.get(each.key)
        # As the API server: an absent label satisfies != and notin.
        there = value is not None and (each.values is None or value in each.values)
        if there is each.negated:
            return False
    return True


_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?"
_SET_BASED = re.compile(rf"({_NAME})\s+(in|notin)\s*\(([^()]*)\)")
_EQUALITY = re.compile(rf"({_NAME})\s*(==|!=|=)\s*([A-Za-z0-9._-]*)")
_EXISTS = re.compile(rf"(!?)\s*({_NAME})")


def requirements(text: str) -> tuple[Requirement, ...]:
    """Raises ``ValueError`` in words."""
    if text.count("(") != text.count(")"):
        raise ValueError("No label selector: a parenthesis is not closed.")
    parts = [part.strip() for part in re.split(r",(?![^(]*\))", text)]
    return tuple(_requirement(part) for part in parts if part)


def _requirement(part: str) -> Requirement:
    if match := _SET_BASED.fullmatch(part):
        values = frozenset(value.strip() for value in match[3].split(","))
        return Requirement(match[1], values, match[2] == "notin")
    if match := _EQUALITY.fullmatch(part):
        return Requirement(match[1], frozenset((match[3],)), match[2] == "!=")
    if match := _EXISTS.fullmatch(part):
        return Requirement(match[2], None, bool(match[1]))
    raise ValueError(f"No label selector: {part!r}; write a=b, a!=b, a in (b,c), a notin (b,c), a or !a.")


class LabelSelector(NamedTuple):
    """As it was written, and what that asks for."""

    text: str = ""
    wanted: tuple[Requirement, ...] = ()

    def fits(self, labels: Mapping[str, str]) -> bool:
        return satisfies(labels, self.wanted)


def parse_selector(value: object) -> LabelSelector:
    """Raises ``ValueError`` in words."""
    if not isinstance(value, str):
        raise ValueError(f'{value!r} is no text; write "team=payments,tier in (db,cache)"')
    return LabelSelector(value.strip(), requirements(value))
