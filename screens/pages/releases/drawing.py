"""What the chart of a trigger shows."""

from __future__ import annotations

from typing import Any

from tfdash.model.judgement import Outcome, Trigger
from tfdash.views import canary
from tfdash.views.trigger_figures import chart_unit
from widgets.chart import Drawing


def drawing(trigger: Trigger, zone: Any) -> Drawing:
    """In percent or milliseconds, in seconds where they are many."""
    factor, unit = chart_unit(trigger)
    return Drawing(
        title=canary.chart_title(trigger),
        points=trigger.chart,
        unit=unit,
        factor=factor,
        zone=zone,
        empty=f"{canary.trigger_state(trigger).text}: nothing was counted that could be drawn",
        over=trigger.outcome is Outcome.BREACH,
    )
