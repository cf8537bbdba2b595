"""A gauge: a value in the band that it should keep, as words and as a bar. It draws; what is right or wrong was judged before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tfdash.figures import percent
from tfdash.model import resource_rules
from tfdash.model.usage_points import UsagePoint, values_since
from tfdash.model.verdict import Level, Verdict
from tfdash.views import state as states
from tfdash.views.state import State
from tfdash.views.table import Cell

FULL, EMPTY, POINT, BEYOND = "━", " ", "●", "▶"
CROSSED, BOUND = "┿", "┆"  # a bound that the bar has passed, one that it has not
UP, LEVEL, DOWN = "↗", "→", "↘"
WORDS, GLYPHS = 18, 10  # cells of a gauge with its word, and without
_MOST = 99_999  # %, as much as is written
_SCALE = 100.0  # what a bar spans, in %
_LATELY = 900.0  # seconds of points by which a trend is told
_MOVES = 0.08  # of the value: less is level
_FEWEST = 4  # points for a trend


class Gauge(NamedTuple):
    """What a verdict measured, in %, with its bounds. ``value`` None: nothing was measured; ``age`` "" while it is current."""

    state: State
    value: float | None = None
    low: float | None = None
    high: float | None = None
    trend: str = ""
    age: str = ""

    @property
    def bounds(self) -> str:
        """``60-80``, ``80`` of an upper bound alone; "" of none."""
        return "-".join(f"{bound:.0f}" for bound in (self.low, self.high) if bound is not None)

    @property
    def percent(self) -> str:
        if self.value is None:
            return ""
        if self.value > _MOST:  # its digits would be cut, and what is left of them lies
            return f">{_MOST}"
        return percent(self.value, *(b for b in (self.low, self.high) if b is not None), _SCALE)

    @property
    def words(self) -> str:
        """``▲ warn      96 ↗``: state, value and trend at the same places down a column; an age stands in the trend's place."""
        return f"{self.state.text:<9} {self.percent:>4} {self.age or self.trend}".rstrip()

    def cell(self, worded: bool = True) -> Cell:
        """``worded`` False where room is short: ``▲   96 ↗``."""
        if worded:
            return self.words, self.state.token
        return f"{self.state.glyph} {self.percent:>4} {self.age or self.trend}".rstrip(), self.state.token

    def bar(self, width: int) -> tuple[str, str]:
        return bar(self.value, self.low, self.high, width), self.state.token


NOT_JUDGED = State("·", "", "dim", Level.IDLE)
"""Of what is neither well nor not: "idle" would call it unused, which another rule does."""
NONE = Gauge(NOT_JUDGED)
"""Of what nothing is said."""


def state_of(verdict: Verdict) -> State:
    return NOT_JUDGED if verdict.level is Level.IDLE else states.of_verdict(verdict)


def gauge(verdict: Verdict | None, points: Sequence[float] = (), age: str = "") -> Gauge:
    """The reading of a verdict, with the trend of ``points`` (``recent``) and its age where it is not current."""
    if verdict is None:
        return NONE
    low, high = verdict.band if verdict.band is not None else (None, verdict.limit)
    return Gauge(
        state_of(verdict),
        verdict.measured,
        low,
        high,
        trend(points),
        age,
    )


QUOTA, REPLICAS = resource_rules.QUOTA, resource_rules.HPA
"""The rules of which a list of a kind shows a gauge of its own."""


def of_replicas(verdict: Verdict | None) -> Gauge:
    """How far an autoscaler is from its maximum, with its minimum, both in % of the maximum."""
    if verdict is None or verdict.measured is None or verdict.band is None or not verdict.limit:
        return NONE if verdict is None else Gauge(state_of(verdict))
    low = verdict.band[0]
    share = None if low is None else 100 * low / verdict.limit
    return Gauge(state_of(verdict), 100 * verdict.measured / verdict.limit, share)


def recent(points: Sequence[UsagePoint], resource: str, now: float) -> list[float]:
    """The last minutes of a resource, for its trend."""
    return list(values_since(points, resource, now - _LATELY))


def trend(values: Sequence[float]) -> str:
    """The last third against the first; "" where there is too little."""
    if len(values) < _FEWEST:
        return ""
    part = max(len(values) // 3, 1)
    before, after = sum(values[:part]) / part, sum(values[-part:]) / part
    least = _MOVES * max(abs(before), abs(after))
    return LEVEL if abs(after - before) <= least else UP if after > before else DOWN


def bar(value: float | None, low: float | None, high: float | None, width: int) -> str:
    """``━━━━━━━━┿━━━●  ┆ ``, exactly ``width`` cells: 0 to 100 %, and one past the end, where what is more ends in an arrow."""
    if width <= 0:
        return ""
    cells = [EMPTY] * width
    places = [(b, _place(b, width)) for b in (low, high) if b is not None and 0 <= b <= _SCALE]
    point = -1
    if value is not None:
        point = width - 1 if value > _SCALE else min(_place(value, width), max(width - 2, 0))
        for bound, at in places:  # on which side of a bound it is must be seen, however short the bar
            if at == point and value < bound:
                point = max(point - 1, 0)
            elif at == point and value > bound:
                point = min(point + 1, width - 1)
        cells[: point + 1] = [FULL] * (point + 1)
    for _, at in places:
        cells[at] = CROSSED if at < point else BOUND
    if value is not None:
        cells[point] = BEYOND if value > _SCALE else POINT
    return "".join(cells)


def scale(low: float | None, high: float | None, width: int) -> str:
    """The head of a column of bars: its bounds where they stand, ``       60   80``; ``    60-80`` where they stand too near."""
    texts = [(_place(bound, width), f"{bound:.0f}") for bound in (low, high) if bound is not None]
    if len(texts) == 2 and texts[0][0] + len(texts[0][1]) >= texts[1][0]:
        (at, first), (_, second) = texts
        texts = [(at - 1, f"{first}-{second}")]
    line = [" "] * width
    for at, text in texts:
        at = max(min(at, width - len(text)), 0)
        line[at : at + len(text)] = text
    return "".join(line[:width]).rstrip()


def _place(value: float, width: int) -> int:
    return max(round(value / _SCALE * (width - 2)), 0)
