"""How current a value is, as a cell: nothing while it is fresh, its age in pale, then with a sign, then with its cause."""

from __future__ import annotations

from tfdash.views.age import Freshness

TOKENS: dict[str, str] = {"late": "dim", "old": "unknown", "dead": "unknown", "loading": "moving"}
"""The state of ``Freshness`` -> the token of its colour."""


def freshness_cell(freshness: Freshness) -> tuple[str, str]:
    """``("", "")``, ``("70s", "dim")``, ``("? 2m old", "unknown")`` or ``("? 4m old: connection refused", "unknown")``."""
    if not freshness.text:
        return "", ""
    return freshness.text, TOKENS.get(freshness.state, "dim")
