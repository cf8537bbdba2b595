"""What changed on a page of the wall since it was shown last."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple

from tfdash.views.wall.turns import WallPlace


class LastLook(NamedTuple):
    """What stood on a page when it was left, ``at`` (epoch seconds), by what tells each thing from the others."""

    at: float
    stood: Mapping[Hashable, Hashable]


class Looks:
    """``leave`` a page when its turn ends; ``changed`` compares what is there with that. Of a page that was never left nothing has changed."""

    def __init__(self) -> None:
        self._left: dict[WallPlace, LastLook] = {}

    def leave(self, place: WallPlace, at: float, stood: Mapping[Hashable, Hashable]) -> None:
        self._left[place] = LastLook(at, dict(stood))

    def since(self, place: WallPlace) -> float | None:
        look = self._left.get(place)
        return look.at if look is not None else None

    def changed(self, place: WallPlace, stands: Mapping[Hashable, Hashable]) -> frozenset[Hashable]:
        """What came, or is another than it was."""
        look = self._left.get(place)
        if look is None:
            return frozenset()
        missing = object()
        return frozenset(key for key, value in stands.items() if look.stood.get(key, missing) != value)
