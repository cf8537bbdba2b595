"""May a standard release happen now, and if not, when? Pure: the clock and the policy are passed in.

``policy``    the knobs, from TOML
``local``     local dates and times of an IANA zone as instants, with rules for gaps and folds
``freezes``   blackout, holidays and extra freezes as half-open intervals
``windows``   the slots that are left: windows less freezes
``release``   what is said now: open or closed, why, until when, the next slots
"""

from tfdash.playbook.schedule.policy import (
    CalendarPolicy,
    CalendarRules,
    calendar_in,
    default_calendar_policy,
)
from tfdash.playbook.schedule.release import Continuation, calendar_state, continuation
from tfdash.playbook.schedule.windows import next_slots, slot_at

__all__ = [
    "CalendarPolicy",
    "CalendarRules",
    "Continuation",
    "calendar_in",
    "calendar_state",
    "continuation",
    "default_calendar_policy",
    "next_slots",
    "slot_at",
]
