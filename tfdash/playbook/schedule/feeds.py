"""The calendar with what the feeds close. Pure.

A feed that cannot be read any more counts as it was read last: a calendar must not open because somebody's server is away. One that was never
read closes everything: nobody knows which days it would close. Both are said. One that closes nothing ahead is said too; where it had
something ahead before, it counts as it was for a week (``tfdash/sources/feeds/source.py: HELD``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tfdash.model.calendar import FeedDays
from tfdash.model.observation import Observation
from tfdash.nouns import counted
from tfdash.playbook.schedule.local import EARLIEST, LATEST, local_date
from tfdash.playbook.schedule.policy import CalendarPolicy, Closed
from tfdash.text import safe


def in_force(policy: CalendarPolicy, feeds: Mapping[str, Observation[FeedDays]]) -> CalendarPolicy:
    """``policy`` with what is known of its feeds."""
    if not policy.feeds:
        return policy
    told: set[Closed] = set()
    unread, stale = [], []
    for feed in policy.feeds:
        seen = feeds.get(feed.name)
        name = f"{feed.what} feed {safe(feed.name)}"
        if seen is None or seen.value is None:
            cause = seen.problem.cause if seen is not None and seen.problem is not None else "no answer yet"
            unread.append(f"{name} was never read ({cause})")
            continue
        told.update(
            Closed(max(c.start, EARLIEST), min(c.end, LATEST), feed.what, f"{c.reason} ({name})")
            for c in seen.value.closures
            if c.start < LATEST and c.end > EARLIEST
        )
        if seen.problem is not None:
            day = local_date(seen.observed_at or 0.0, policy.tz)
            stale.append(
                f"{name} counts as it was read on {day}, since it cannot be read: {seen.problem.cause}"
            )
        if seen.value.left_out:
            stale.append(
                f"{counted(seen.value.left_out, 'event')} of {name} could not be read whole and close no more than the day that they begin on"
            )
        at = seen.observed_at
        if seen.problem is None and at is not None and not any(c.end > at for c in seen.value.closures):
            stale.append(f"{name} closes nothing ahead")
    return replace(
        policy,
        told=tuple(sorted(told)),
        unread="; ".join(unread),
        stale="; ".join(stale),
    )
