"""The numbers of a trigger as screens and reports write them: as the sentences do, each limit with its name."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from tfdash import figures
from tfdash.model.judgement import Trigger
from tfdash.moments import clock
from tfdash.text import safe

_NAMES = {
    "errors": "error rate",
    "latency": "P90 latency",
    "journeys": "journeys",
    "manual": "manual decision",
}


def title_of(trigger: Trigger) -> str:
    """Its quantile, which the policy sets, is in the title of the latencies."""
    if trigger.id == "latency":
        return safe(trigger.title)
    return _NAMES.get(trigger.id) or safe(trigger.title)


def title_of_id(name: str) -> str:
    """Of a trigger that was not judged."""
    return _NAMES.get(name, name)


def amount(value: float | None, unit: str) -> str:
    """A ratio as per cent, seconds as ms or s, as the sentences write them; "" where it is not known."""
    return amounts((value,), unit)[0]


def amounts(values: Sequence[float | None], unit: str) -> list[str]:
    """Several beside each other, with as many digits as it takes to tell unequal ones apart."""
    known = [v for v in values if v is not None and v == v]
    if unit in ("ratio", "s"):
        texts = (figures.times if unit == "s" else figures.percents)(known)
    else:
        texts = [f"{v:g} {safe(unit)}" for v in known]
    told = iter(texts)
    return [next(told) if v is not None and v == v else "" for v in values]


def moved(trigger: Trigger, zone: ZoneInfo) -> str:
    """``error rate 3.1 %, limit 1.32 %``: the numbers alone; "" where there are none. Of a BREACH that is not reached any more,
    those of its first crossing, and then those of now."""
    first, unit = trigger.breached, trigger.unit
    now = _against_limit(trigger.value, trigger.limit, unit)
    if first is None or first.value is None or _over(trigger):
        return f"{title_of(trigger)} {now}" if now else ""
    then = _against_limit(first.value, first.limit, unit)
    return f"{title_of(trigger)} {then} at {clock(first.at, zone)}{f'; now {now}' if now else ''}"


def _over(trigger: Trigger) -> bool:
    return trigger.value is not None and trigger.limit is not None and trigger.value >= trigger.limit


def _against_limit(value: float | None, limit: float | None, unit: str) -> str:
    first, second = amounts((value, limit), unit)
    return f"{first}{f', limit {second}' if second else ''}" if first else ""


def limits_of(trigger: Trigger) -> list[tuple[str, str]]:
    """Its limit with its label; where a BREACH was crossed at another one, that too."""
    first = trigger.breached
    now, then = amounts((trigger.limit, first.limit if first is not None else None), trigger.unit)
    if first is None or not then or then == now:
        return [("limit", now)] if now else []
    return [("limit then", then), *([("limit now", now)] if now else [])]


def chart_title(trigger: Trigger) -> str:
    """The limit of what is decided on; the chart's own is that of each window."""
    told = [f"{label} {text}" for label, text in limits_of(trigger)]
    return " · ".join([title_of(trigger), *told]) + (" of all windows" if told else "")


def chart_unit(trigger: Trigger) -> tuple[float, str]:
    """What the values of its chart are multiplied by, and the unit that they have then: per cent, milliseconds, seconds where they
    are many."""
    if trigger.unit == "ratio":
        return 100.0, "%"
    values = [v for p in trigger.chart for v in p[1:] if v is not None]
    return (1.0, "s") if trigger.unit == "s" and values and max(values) >= 10 else (1000.0, "ms")
