"""Bars: a two-sided band with its value, and a plain proportion. They draw; what is right or wrong was judged before."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from widgets.oneline import LinePiece, OneLine

FULL, EMPTY, POINT, BEYOND = "━", " ", "●", "▶"
CROSSED, LIMIT = "┿", "┆"  # a limit that the bar has passed, one that it has not


class Band(NamedTuple):
    """A value with the band it should stay in, in one unit; the bar spans 0 to ``scale``.

    ``token`` is the colour of what was judged; ``sign`` its glyph. ``low`` or ``high`` None is a one-sided band,
    ``value`` None is not known.
    """

    value: float | None
    low: float | None
    high: float | None
    unit: str = "%"
    sign: str = ""
    token: str = ""
    scale: float = 100.0

    @property
    def text(self) -> str:
        """``✔ 78 % of 60-80``: the limit stands beside the value."""
        value = "?" if self.value is None else _number(self.value)
        sign = f"{self.sign} " if self.sign else ""
        return f"{sign}{value} {self.unit} of {self.limits}".replace("  ", " ")

    @property
    def limits(self) -> str:
        if self.low is None and self.high is None:
            return "no limit"
        if self.low is None:
            return f"at most {_number(self.high or 0.0)}"
        if self.high is None:
            return f"at least {_number(self.low)}"
        return f"{_number(self.low)}-{_number(self.high)}"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.1f}"


def band_bar(band: Band, width: int) -> str:
    """``━━━━━━━━┿━━━●  ┆``, exactly ``width`` cells. A value past the scale ends in an arrow: it never looks lower."""
    if width <= 0:
        return ""
    cells = [EMPTY] * width
    places = [
        (limit, _place(limit, band.scale, width))
        for limit in (band.low, band.high)
        if limit is not None and 0 <= limit <= band.scale
    ]
    point = -1
    if band.value is not None:
        point = min(_place(band.value, band.scale, width), width - 1)
        for limit, at in places:  # on which side of a limit it is must be seen, however short the bar
            if at == point and band.value < limit:
                point = max(point - 1, 0)
            elif at == point and band.value > limit:
                point = min(point + 1, width - 1)
        cells[: point + 1] = [FULL] * (point + 1)
    for _, at in places:
        cells[at] = CROSSED if at < point else LIMIT
    if band.value is not None:
        cells[point] = BEYOND if band.value > band.scale else POINT
    return "".join(cells)


def _place(value: float, scale: float, width: int) -> int:
    if scale <= 0:
        return 0
    return max(round(value / scale * (width - 1)), 0)


def proportion_bar(part: float, whole: float, width: int) -> str:
    """``████░░░░``. Something is never drawn as nothing, nor less than all as all."""
    if width <= 0:
        return ""
    share = 0.0 if whole <= 0 else min(max(part / whole, 0.0), 1.0)
    full = round(share * width)
    if share > 0:
        full = max(full, 1)
    if share < 1:
        full = min(full, width - 1)
    return "█" * full + "░" * (width - full)


class Gauge(OneLine):
    """One band on one line: its text, then its bar in what room is left."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"gauge--name", "gauge--track"}
    DEFAULT_CSS = """
Gauge {
    & > .gauge--name { color: $tf-dim; }
    & > .gauge--track { color: $tf-dim; }
}
"""

    def __init__(
        self, name: str = "", band: Band | None = None, *, text_width: int = 20, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._name, self._band, self._text_width = name, band, text_width

    def update(self, band: Band) -> None:
        if band != self._band:
            self._band = band
            self.refresh()

    def left(self, width: int) -> list[LinePiece]:
        if self._band is None:
            return []
        name = f"{self._name} " if self._name else ""
        token = (f"tok-{self._band.token}",) if self._band.token else ()
        text = self._band.text.ljust(self._text_width)
        bar = band_bar(self._band, max(width - len(name) - len(text) - 2, 0))
        return [
            LinePiece(name, ("gauge--name",), 2),
            LinePiece(f"{text} ", token),
            LinePiece(bar, token or ("gauge--track",), 3),
        ]
