"""Actions that no key leads to, as something that a dialog may ask: what a person decides."""

from __future__ import annotations

from tfdash.actions.registry import ACTIONS
from tfdash.model.action import Offer


def offer_of(action: str) -> Offer:
    """By its id."""
    return Offer(action=action, title=ACTIONS[action].title, key="")
