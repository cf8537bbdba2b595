"""The samples of one run of a container, drawn when they are asked for.

Each scrape's new requests are Poisson counts of every (code, bucket): what falls into different classes is independent,
and their sum is the Poisson count of all requests. The numbers of a run come from one stream, scrape after scrape.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tfdash.demo.traffic.history import INTERVAL, KEPT, History, Life, ScrapeTarget
from tfdash.demo.traffic.profile import BOUNDS, CODES, shares

if TYPE_CHECKING:
    import numpy as np

_AGE = 86_400 * 2.0  # seconds of requests that an old container has counted before the first sample
_BLOCK = 512


def seed_of(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:8], "big")


class Drawn:
    """All samples so far: ``times`` (ms), cumulative ``codes`` and ``buckets`` (one row a scrape), ``sums`` (seconds)."""

    def __init__(self, history: History, target: ScrapeTarget, life: Life) -> None:
        import numpy

        self._np: Any = numpy
        self._history, self._target, self._life = history, target, life
        seed = seed_of(history.cluster.options.seed, history.cluster.name, target.uid, life.index)
        self._stream = numpy.random.Generator(numpy.random.PCG64(seed))
        origin = history.origin or 0
        first = max(life.start, origin)
        self._next = (first - target.offset) // INTERVAL + 1
        self._classes = numpy.zeros(len(CODES) * len(BOUNDS))
        self._sum = 0.0
        if life.start < origin:
            self._had(origin)
        self.times: np.ndarray[Any, Any] = numpy.zeros(0, dtype=numpy.int64)
        self.codes: np.ndarray[Any, Any] = numpy.zeros((0, len(CODES)))
        self.buckets: np.ndarray[Any, Any] = numpy.zeros((0, len(BOUNDS)))
        self.sums: np.ndarray[Any, Any] = numpy.zeros(0)

    def _had(self, origin: int) -> None:
        """What it counted before there were samples."""
        share = self._history.splits[self._target.key].at(origin).get(self._target.uid, 0.0)
        joint, means = shares(self._target.profile(origin))
        rate = self._history.rate(self._target.key, origin // INTERVAL)
        age = _AGE * (0.2 + 0.8 * seed_of(self._target.uid) / 2**64)
        self._classes = self._stream.poisson(rate * share * age * self._np.array(joint)).astype(float)
        self._sum = float(self._classes @ self._np.array(means))

    def extend(self, until: int) -> None:
        """Draw the scrapes up to ``until``."""
        if self._life.end is not None:
            until = min(until, self._life.end - 1)
        last = (until - self._target.offset) // INTERVAL
        while self._next <= last:
            count = min(_BLOCK, last - self._next + 1)
            self._draw(count)
            self._next += count
            self.forget(until - KEPT)

    def _draw(self, count: int) -> None:
        np, target = self._np, self._target
        indices = np.arange(self._next, self._next + count)
        times = indices * INTERVAL + target.offset
        rates = np.array([self._history.rate(target.key, int(i)) for i in indices])
        expected = np.zeros((count, len(CODES) * len(BOUNDS)))
        seconds = np.zeros_like(expected)
        begin, end = int(times[0]) - INTERVAL, int(times[-1])
        for low, high, share in self._served(begin, end):
            for since, until, profile in self._profiles(low, high):
                overlap = np.minimum(times, until) - np.maximum(times - INTERVAL, since)
                requests = np.clip(overlap, 0, None) / 1000 * rates * (share * profile.requests)
                joint, means = (np.array(part) for part in shares(profile))
                mean = requests[:, None] * joint
                expected += mean
                seconds += mean * means
        drawn = self._stream.poisson(expected)
        latency = np.divide(seconds, expected, out=np.zeros_like(seconds), where=expected > 0)
        classes = np.cumsum(drawn, axis=0) + self._classes
        sums = np.cumsum((drawn * latency).sum(axis=1)) + self._sum
        self._classes, self._sum = classes[-1], float(sums[-1])
        table = classes.reshape(count, len(CODES), len(BOUNDS))
        self.times = np.concatenate([self.times, times])
        self.codes = np.concatenate([self.codes, table.sum(axis=2)])
        self.buckets = np.concatenate([self.buckets, np.cumsum(table.sum(axis=1), axis=1)])
        self.sums = np.concatenate([self.sums, sums])

    def _served(self, begin: int, end: int) -> list[tuple[int, int, float]]:
        """(from, until, share) of its service's traffic, within its own life."""
        changes = self._history.splits[self._target.key].changes
        found = []
        for index, (since, parts) in enumerate(changes):
            share = parts.get(self._target.uid, 0.0)
            low = begin if index == 0 else since
            high = changes[index + 1][0] if index + 1 < len(changes) else end
            if self._life.start >= (self._history.origin or 0):
                low = max(low, self._life.start)
            if share and low < high and high > begin and low < end:
                found.append((max(low, begin), min(high, end), share))
        return found

    def _profiles(self, begin: int, end: int) -> list[tuple[int, int, Any]]:
        profiles = self._target.profiles
        found = []
        for index, (since, profile) in enumerate(profiles):
            low = begin if index == 0 else max(since, begin)
            high = min(end, profiles[index + 1][0]) if index + 1 < len(profiles) else end
            if low < high:
                found.append((low, high, profile))
        return found

    def forget(self, before: int) -> None:
        """Drop the samples before ``before``."""
        first = int(self._np.searchsorted(self.times, before))
        if first > 64:
            self.times, self.sums = self.times[first:].copy(), self.sums[first:].copy()
            self.codes, self.buckets = self.codes[first:].copy(), self.buckets[first:].copy()


def drawn(history: History, target: ScrapeTarget, life: Life, until: int) -> Drawn:
    """The samples of a life up to ``until``."""
    if life.state is None:
        life.state = Drawn(history, target, life)
    found: Drawn = life.state
    found.extend(until)
    return found
