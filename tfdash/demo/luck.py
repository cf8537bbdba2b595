"""Chance in the simulated world: a stream of its own for each who asks, so that what is added to the world changes nobody else's luck."""

from __future__ import annotations

import random


class Luck:
    """The same ``seed`` and the same questions give the same answers. A stream lives as long as the world (2.5 KB): who asks is a workload
    or a kind, not each of its pods."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._streams: dict[tuple[str, ...], random.Random] = {}

    def of(self, *who: str) -> random.Random:
        found = self._streams.get(who)
        if found is None:
            found = self._streams[who] = self.once(*who)
        return found

    def once(self, *who: str) -> random.Random:
        """From its beginning each time, and not kept: for what is asked for once."""
        return random.Random("/".join((self._seed, *who)))
