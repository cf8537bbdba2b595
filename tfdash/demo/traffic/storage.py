"""The samples of the world's traffic as Prometheus holds them: counters, histograms, ``up``, probes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from tfdash.demo.prometheus.numbers import number
from tfdash.demo.prometheus.series import NAME, STALE, Labels, Matchers, Series, matches
from tfdash.demo.traffic.history import INTERVAL, KEPT, History, Life, ScrapeTarget
from tfdash.demo.traffic.journeys import Journeys
from tfdash.demo.traffic.profile import BOUNDS, CODES
from tfdash.demo.traffic.samples import Drawn, drawn

REQUESTS, LATENCY, UP = "http_requests_total", "http_request_duration_seconds", "up"
_BOUNDS = tuple("+Inf" if b == float("inf") else number(b) for b in BOUNDS)
_TYPES = {
    REQUESTS: ("counter", "Requests answered, by status code."),
    LATENCY: ("histogram", "Time from a request's first byte to its answer's last, in seconds."),
    UP: ("gauge", "Whether the last scrape of the target succeeded."),
    "probe_success": ("gauge", "Whether the probe walked the journey to its end."),
    "probe_duration_seconds": ("gauge", "How long the probe took."),
}
Column = Callable[[Drawn], Any]


def _families() -> list[tuple[str, Labels, Column]]:
    """Every series of a target: name, labels of its own, and where its values are."""

    def code(index: int) -> Column:
        return lambda d: d.codes[:, index]

    def bucket(index: int) -> Column:
        return lambda d: d.buckets[:, index]

    found: list[tuple[str, Labels, Column]] = [(REQUESTS, {"code": c}, code(i)) for i, c in enumerate(CODES)]
    found += [(f"{LATENCY}_bucket", {"le": b}, bucket(i)) for i, b in enumerate(_BOUNDS)]
    found.append((f"{LATENCY}_count", {}, bucket(len(BOUNDS) - 1)))
    found.append((f"{LATENCY}_sum", {}, lambda d: d.sums))
    return found


class TrafficStorage:
    """A ``Storage`` over one cluster's history."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._families = _families()
        self._journeys = Journeys(history)
        self._cleaned = 0

    def metadata(self) -> dict[str, tuple[str, str]]:
        return _TYPES

    def select(self, matchers: Matchers, begin: int, end: int) -> list[Series]:
        history = self._history
        if history.origin is None:
            return []
        now = history.now()
        self._clean(now)
        begin, end = max(begin, now - KEPT, history.origin), min(end, now)
        if begin > end:
            return []
        names = [m for m in matchers if m.name == NAME]
        families = [f for f in self._families if all(m.accepts(f[0]) for m in names)]
        with_up = all(m.accepts(UP) for m in names)
        found: list[Series] = []
        if families or with_up:
            rest = tuple(m for m in matchers if m.name not in (NAME, "code", "le"))
            for target in history.all():
                if (
                    target.since <= end
                    and (target.gone is None or target.gone + INTERVAL >= begin)
                    and matches(rest, target.labels)
                ):
                    found += self._of_target(target, families, matchers, begin, end, now)
                    if with_up and matches(matchers, {NAME: UP, **target.labels}):
                        found.append(self._up(target, begin, end))
        found += self._journeys.select(matchers, begin, end)
        return [s for s in found if s.times]

    def _clean(self, now: int) -> None:
        if now - self._cleaned < 600_000:
            return
        self._cleaned = now
        self._history.forget(now - KEPT)
        for target in self._history.all():
            for life in target.lives:
                if life.state is not None:
                    life.state.forget(now - KEPT)

    def _of_target(
        self,
        target: ScrapeTarget,
        families: Iterable[tuple[str, Labels, Column]],
        matchers: Matchers,
        begin: int,
        end: int,
        now: int,
    ) -> Iterator[Series]:
        wanted = []
        for name, own, column in families:
            labels = {NAME: name, **target.labels, **own}
            if matches(matchers, labels):
                wanted.append((labels, column))
        if not wanted:
            return
        lives = [
            life
            for life in target.lives
            if life.start <= end and (life.end is None or life.end + INTERVAL >= begin)
        ]
        if not lives:
            return
        parts = [
            (self._window(target, life, begin, end, now), _ended(target, life, begin, end)) for life in lives
        ]
        for labels, column in wanted:
            yield _joined(labels, column, parts, labels[NAME] == REQUESTS)

    def _window(
        self, target: ScrapeTarget, life: Life, begin: int, end: int, now: int
    ) -> tuple[Drawn, int, int]:
        """The samples of a life and which of its rows lie in ``[begin, end]``."""
        samples = drawn(self._history, target, life, now)
        low, high = samples.times.searchsorted(begin), samples.times.searchsorted(end, "right")
        return samples, int(low), int(high)

    def _up(self, target: ScrapeTarget, begin: int, end: int) -> Series:
        """1 where a scrape found the container running, 0 where not, and a stale marker once the pod is gone."""
        first = max(begin, target.since) - target.offset
        last = min(end, target.gone if target.gone is not None else end) - target.offset
        times = [
            index * INTERVAL + target.offset for index in range(-(-first // INTERVAL), last // INTERVAL + 1)
        ]
        starts = [life.start for life in target.lives]
        values = []
        for time in times:
            life = bisect_right(starts, time) - 1
            runs = life >= 0 and (target.lives[life].end is None or time < (target.lives[life].end or 0))
            values.append(1.0 if runs else 0.0)
        if target.gone is not None:
            after = _next_scrape(target, target.gone)
            if begin <= after <= end:
                times.append(after)
                values.append(STALE)
        return Series({NAME: UP, **target.labels}, times, values)


def _next_scrape(target: ScrapeTarget, moment: int) -> int:
    return ((moment - target.offset) // INTERVAL + 1) * INTERVAL + target.offset


def _ended(target: ScrapeTarget, life: Life, begin: int, end: int) -> int | None:
    """When a scrape first failed after this life, where that lies in ``[begin, end]``; None if the next run was up again."""
    if life.end is None:
        return None
    failed = _next_scrape(target, life.end - 1)
    following = next((other for other in target.lives if other.index == life.index + 1), None)
    if following is not None and following.start <= failed:
        return None
    return failed if begin <= failed <= end else None


def _joined(
    labels: Labels,
    column: Column,
    parts: Sequence[tuple[tuple[Drawn, int, int], int | None]],
    from_first: bool,
) -> Series:
    """One series over all lives. ``from_first``: a counter with labels does not exist before its first count."""
    times: list[int] = []
    values: list[float] = []
    for (samples, low, high), ended in parts:
        shown = column(samples)[low:high].tolist()
        at = samples.times[low:high].tolist()
        if from_first:
            begins = bisect_left(shown, 1.0)
            shown, at = shown[begins:], at[begins:]
        times += at
        values += shown
        if ended is not None and (shown or not from_first):
            times.append(ended)
            values.append(STALE)
    return Series(labels, times, values)
