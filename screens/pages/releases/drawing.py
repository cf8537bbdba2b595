"""What the chart of a trigger shows."""

from __future__ import annotations

from typing import Any

from tfdash.model.judgement import Outcome, Trigger
from tfdash.views import canary
from widgets.chart import Drawing


def drawing(trigger: Trigger, zone: Any) -> Drawing:
    """In percent or milliseconds, in seconds where they are many."""
    factor, unit = (100.0, "%") if trigger.unit == "ratio" else (1000.0, "ms")
    values = [v for p in trigger.chart for v in p[1:] if v is not None]
    if trigger.unit == "s" and values and max(values) >= 10:
        factor, unit = 1.0, "s"
    return Drawing(
        title=canary.chart_title(trigger),
        points=trigger.chart,
        unit=unit,
        factor=factor,
        zone=zone,
        empty=f"{canary.trigger_state(trigger).text}: nothing was counted that could be drawn",
        over=trigger.outcome is Outcome.BREACH,
    )
