"""The words that controllers of releases and of GitOps use for a phase, and their colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tfdash.text import safe
from tfdash.views.kinds.base import Field

_TOKENS = {
    "Healthy": "ok",
    "Successful": "ok",
    "Succeeded": "ok",
    "Synced": "ok",
    "Initialized": "ok",
    "Degraded": "warn",
    "Failed": "warn",
    "Error": "warn",
    "Paused": "paused",
    "Suspended": "paused",
    "Inconclusive": "unknown",
    "Unknown": "unknown",
    "OutOfSync": "warn",
    "Missing": "warn",
}
"""A controller's own words for a phase; any other word of theirs is a phase on the way."""


def token_of(word: str) -> str:
    """The token of such a word; "" of none."""
    return _TOKENS.get(word, "moving") if word else ""


def named(*parts: str) -> str:
    """What a filter is tried on: the parts that are there."""
    return " ".join(p for p in parts if p)


def word_field(id: str, title: str, width: int, word: Callable[[Any], str], none: str) -> Field:
    """A controller's own word in its colour; ``none`` while it said nothing yet."""
    return Field(
        id,
        title,
        width,
        lambda o, c: safe(word(o) or none),
        paint=lambda o, c: token_of(word(o) or none),
        priority=0,
    )
