"""Postconditions: what is to be seen after an action, by the objects as they are read afresh and by the board's picture.

A plan names them as ``Post``: its id is the postcondition's, with ``:value`` where one carries a number or an object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tfdash.model.action import Plan, Post
from tfdash.model.picture import Picture
from tfdash.model.subject import Subject


class PostconditionFacts(NamedTuple):
    """What is known now. ``document`` is None where the plan's subject is gone; ``since`` is when it was sent."""

    plan: Plan
    document: Mapping[str, Any] | None
    picture: Picture
    since: float
    other: Mapping[str, Any] | None = None  # of a postcondition that looks at another object

    @property
    def spec(self) -> Mapping[str, Any]:
        return (self.document or {}).get("spec") or {}

    @property
    def status(self) -> Mapping[str, Any]:
        return (self.document or {}).get("status") or {}

    @property
    def same(self) -> bool:
        """It is there, and the same object."""
        found = (self.document or {}).get("metadata", {}).get("uid", "")
        return self.document is not None and found == self.plan.subject.uid


def _nothing_else(plan: Plan, value: str) -> Subject | None:
    return None


@dataclass(frozen=True)
class Postcondition:
    """``holds`` is asked with what was seen and with the post's value; ``other`` names the object that is looked at besides
    the plan's own. ``lasts``: once it is so it stays so, unless somebody undoes it."""

    id: str
    holds: Callable[[PostconditionFacts, str], bool]
    other: Callable[[Plan, str], Subject | None] = _nothing_else
    lasts: bool = False

    def post(self, text: str, within: float = 600.0, value: str = "") -> Post:
        """For a plan; ``within`` in seconds."""
        return Post(id=f"{self.id}:{value}" if value else self.id, text=text, within=within)


def parts_of(post: Post) -> tuple[str, str]:
    """The postcondition's id, and its value."""
    name, _, value = post.id.partition(":")
    return name, value
