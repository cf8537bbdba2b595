"""What is drawn beside the words of a page: lines of a release's triggers over time, values in their bands. Plain numbers and texts, in
the units of a drawing's own box; the template draws them.

Nothing is judged here: outcomes, limits and bands are those of the verdicts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.model.judgement import Outcome, Trigger
from tfdash.report.shown import Shown
from tfdash.text import safe
from tfdash.views import axes, canary
from tfdash.views.resources.columns import VIEWS
from tfdash.views.resources.rows import BANDS, ResourceRow, sight
from tfdash.views.shortnames import short_names
from tfdash.views.trigger_figures import chart_title, chart_unit

Plain = dict[str, Any]

WIDE, HIGH = 640, 250  # of a chart's box
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 128, 14, 28  # around its plot
_LETTER = 6.6  # width of one in the axis
_LINE = 16  # between the names at the ends of lines
_SERIES = ("canary", "limit", "baseline")  # from above where their lines end at one height
_MANY = 1e9  # from here on a number is written by its power of ten
_STEPS = 11  # rows by which an axis finds its round numbers

_GAUGES = 14  # at most in one drawing
_ROW, _LABEL, _VALUE, _HEAD = 26, 206, 92, 26  # of a drawing of gauges
_NAME = 28  # letters of a name there
_WHOLE = 100.0  # %


def figures_of(shown: Shown) -> list[Plain]:
    """The drawings of a page, in its order; none of most pages."""
    make = _FIGURES.get(shown.screen)
    return make(shown) if make is not None else []


def _releases(shown: Shown) -> list[Plain]:
    """Of each release in flight the triggers that have a course over time."""
    asked = shown.asked
    figures = []
    for release in canary.shown(asked.assessment, (asked.namespace,) if asked.namespace else None):
        judgement = canary.judgement_of(asked.assessment, release)
        name = canary.name_and_version(release)
        for trigger in judgement.triggers if judgement is not None else ():
            if trigger.chart:
                figures.append({"of": name, **chart(trigger, asked.zone)})
    return figures


def chart(trigger: Trigger, zone: ZoneInfo) -> Plain:
    """The canary against its baseline and its limit. ``lines``: a path and where its name stands; ``empty`` where nothing can be
    drawn."""
    factor, unit = chart_unit(trigger)
    state = canary.trigger_state(trigger)
    told = {
        "kind": "chart",
        "title": chart_title(trigger),
        "state": state.text,
        "token": state.token,
        "said": safe(trigger.sentence),
        "over": trigger.outcome is Outcome.BREACH,
    }
    times = [p.at for p in trigger.chart]
    values = {
        "canary": [_number(p.canary, factor) for p in trigger.chart],
        "baseline": [_number(p.baseline, factor) for p in trigger.chart],
        "limit": [_number(p.limit, factor) for p in trigger.chart],
    }
    known = [v for many in values.values() for v in axes.finite(many)]
    if not (axes.finite(values["canary"]) or axes.finite(values["baseline"])) or times[-1] <= times[0]:
        return told | {"empty": "nothing was counted that could be drawn"}
    scale = axes.scale_of(known, _STEPS)
    right, bottom = WIDE - _RIGHT, HIGH - _BOTTOM

    def x(at: float) -> float:
        return _LEFT + (at - times[0]) / (times[-1] - times[0]) * (right - _LEFT)

    def y(value: float) -> float:
        share = (value - scale.low) / (scale.high - scale.low)
        return bottom - min(max(share, 0.0), 1.0) * (bottom - _TOP)

    gap = axes.usual_gap(times)
    runs = {name: _runs(times, many, gap, x, y) for name, many in values.items()}
    marks = scale.marks()
    room = ((right - _LEFT) / _LETTER, 6)
    return told | {
        "size": [WIDE, HIGH],
        "plot": [_LEFT, _TOP, right - _LEFT, bottom - _TOP],
        "levels": [
            [_at(y(m)), f"{m:,.{scale.decimals}f}{f' {unit}' if m == marks[-1] else ''}"] for m in marks
        ],
        "times": [[_at(x(at)), text] for at, text in axes.time_marks(times[0], times[-1], zone, room)],
        "room": _room(runs["limit"], bottom),
        "lines": _lines(values, runs, unit),
    }


def _number(value: float | None, factor: float) -> float | None:
    return None if value is None or not math.isfinite(value) else value * factor


Run = list[tuple[float, float]]


def _runs(
    times: Sequence[float],
    values: Sequence[float | None],
    gap: float,
    x: Callable[[float], float],
    y: Callable[[float], float],
) -> list[Run]:
    """Points that are joined: none across what is not known or too far apart."""
    runs: list[Run] = []
    last: float | None = None
    for at, value in zip(times, values, strict=True):
        if value is None:
            last = None
            continue
        if last is None or at - last > gap:
            runs.append([])
        runs[-1].append((x(at), y(value)))
        last = at
    return runs


def _room(limit: Iterable[Run], bottom: float) -> str:
    """What lies under the limit: where the canary may be."""
    return "".join(
        _path([run]) + f"L{_at(run[-1][0])} {_at(bottom)}L{_at(run[0][0])} {_at(bottom)}Z"
        for run in limit
        if len(run) > 1
    )


def _lines(values: dict[str, list[float | None]], runs: dict[str, list[Run]], unit: str) -> list[Plain]:
    shown = [name for name in _SERIES if runs[name]]
    ends = sorted((runs[name][-1][-1][1], _SERIES.index(name), name) for name in shown)
    places = _apart([y for y, _, _ in ends])
    by_name = {name: place for (_, _, name), place in zip(ends, places, strict=True)}
    return [
        {
            "name": name,
            "path": _path(runs[name]),
            "dots": [[_at(x), _at(y)] for run in runs[name] if len(run) == 1 for x, y in run],
            "end": [_at(runs[name][-1][-1][0]), _at(runs[name][-1][-1][1])],
            "label": _at(by_name[name] + 4),
            "text": f"{name} {_short(axes.finite(values[name])[-1])} {unit}",
        }
        for name in ("baseline", "limit", "canary")  # the later is drawn over the earlier
        if name in shown
    ]


def _apart(wanted: Sequence[float]) -> list[float]:
    """Near the wanted heights (ascending), each a line below the one before, all within the box."""
    placed: list[float] = []
    for y in wanted:
        placed.append(max(y, placed[-1] + _LINE, _TOP) if placed else max(y, _TOP))
    under: float = HIGH - _BOTTOM
    for i in range(len(placed) - 1, -1, -1):
        placed[i] = min(placed[i], under)
        under = placed[i] - _LINE
    return placed


def _path(runs: Iterable[Run]) -> str:
    return "".join("M" + "L".join(f"{_at(x)} {_at(y)}" for x, y in run) for run in runs)


def _at(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _short(value: float) -> str:
    if abs(value) >= _MANY:
        return f"{value:.3g}"
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _bands(shown: Shown) -> list[Plain]:
    """Of CPU and of memory: what is used of what was asked for, the worst first, each in its band."""
    asked = shown.asked
    seen = sight(asked.picture, asked.assessment, (asked.namespace,) if asked.namespace else None, asked.now)
    rows: dict[Any, ResourceRow] = {}
    for view in VIEWS:
        for row in view.rows(seen):
            rows.setdefault(row.subject, row)
    ordered = sorted(rows.values(), key=lambda row: row.rank)
    return [figure for name in BANDS if (figure := gauges(name, ordered)) is not None]


def gauges(resource: str, rows: Sequence[ResourceRow]) -> Plain | None:
    """Those of ``rows`` that have a band for "cpu" or "memory", in their order; None where none has one. ``left``: how many there are
    besides those that are drawn."""
    found = [
        (row, g)
        for row in rows
        if (g := row.gauge(resource)).value is not None and (g.low is not None or g.high is not None)
    ]
    if not found:
        return None
    drawn = sorted(found[:_GAUGES], key=lambda pair: -pair[1].state.level)
    names = short_names([row.name for row, _ in drawn], _NAME)
    top = axes.nice(max(_WHOLE, *(min(g.value or 0.0, 4 * _WHOLE) for _, g in drawn)) * 0.999)
    left, right = _LABEL, WIDE - _VALUE

    def x(percent: float) -> float:
        return left + min(max(percent, 0.0), top) / top * (right - left)

    bars = []
    for n, (row, g) in enumerate(drawn):
        low, high = x(g.low or 0.0), x(g.high if g.high is not None else top)
        bars.append(
            {
                "y": _HEAD + n * _ROW,
                "name": names[row.name],
                "band": [_at(low), _at(max(high - low, 1.0))],
                "value": _at(x(g.value or 0.0)),
                "beyond": (g.value or 0.0) > top,
                "text": f"{g.state.glyph} {g.percent} % {g.trend}".rstrip(),
                "token": g.state.token,
                "said": f"{row.name}: {g.state.text}, {g.percent} % of {g.bounds} %",
            }
        )
    step = top / 4 if top > _WHOLE else 20.0
    return {
        "kind": "gauges",
        "of": "",
        "title": f"{'CPU' if resource == 'cpu' else 'Memory'}: use in its band",
        "size": [WIDE, _HEAD + len(bars) * _ROW + 8],
        "track": [left, right - left],
        "levels": [[_at(x(n * step)), f"{n * step:.0f} %"] for n in range(round(top / step) + 1)],
        "bars": bars,
        "left": len(found) - len(bars),
    }


_FIGURES: dict[str, Callable[[Shown], list[Plain]]] = {"canary": _releases, "resources": _bands}
