"""What is on record of a promise that the settings have no longer, or not there. Pure.

Nothing that was judged goes because a line of TOML did: it is withdrawn from then on, and what closed before keeps its verdict.
"""

from __future__ import annotations

from math import inf
from zoneinfo import ZoneInfo

from tfdash.model.maintenance import ItemStanding, ItemState, RuleSaid
from tfdash.model.subject import Subject
from tfdash.playbook.maintenance.cadence import Each
from tfdash.playbook.maintenance.eras import item_of, withdrawn_since
from tfdash.playbook.maintenance.facts import Facts, in_order
from tfdash.playbook.maintenance.history import judged_periods
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.maintenance.standing import LEVELS, StandingTold, counted, moment, months
from tfdash.playbook.schedule.policy import CalendarPolicy
from tfdash.text import safe


def withdrawn(
    subject: Subject, calendar: CalendarPolicy, facts: Facts, zone: str, now: float, look_back: int
) -> StandingTold:
    """By the rules of then; what had not closed when it was withdrawn is judged by nothing. ``zone``: where none is on record."""
    said = _newest([rule for rule in facts.rules if rule.terms is not None])
    named = _newest([rule for rule in facts.rules if rule.title]) or said
    item, at = _then(subject, said, named), ZoneInfo(zone)
    periods = judged_periods(item, at, calendar, facts, now)
    back, next_month = months(now, at, look_back)
    shown = tuple(p for p in periods if p.end > back)
    since = withdrawn_since(facts)
    if since is not None:
        words = f"withdrawn: kept no longer since {moment(since, at)}"
    elif said is not None:
        words = f"withdrawn: not in the settings here; on record as kept at {moment(said.recorded_at, at)}"
    else:
        words = "withdrawn: not in the settings here, and by which rule it was kept is not on record"
    done = in_order([c for c in facts.completions if c.done_at <= now])
    kept, judged = counted(periods, back, bool(facts.lost))
    state = ItemState(
        subject=subject,
        title=item.title,
        kind=item.kind,
        owner=item.owner,
        standing=ItemStanding.WITHDRAWN,
        level=LEVELS[ItemStanding.WITHDRAWN],
        sentence=f"{item.title}: {safe(words)}",
        words=safe(words),
        since=since,
        last=done[-1] if done else None,
        periods=shown,
        kept=kept,
        judged=judged,
    )
    closing = [p.closes for p in periods if p.closes > now] if since is None else []
    return StandingTold(state, min([next_month, *closing], default=inf))


def _newest(rules: list[RuleSaid]) -> RuleSaid | None:
    return max(rules, key=lambda rule: rule.recorded_at, default=None)


def _then(subject: Subject, said: RuleSaid | None, named: RuleSaid | None) -> MaintenanceItem:
    """As it was kept last, as far as that is on record."""
    item = MaintenanceItem(
        when=Each("year"),
        title=(named.title if named is not None else "") or subject.name,
        kind=(named.kind if named is not None else "") or "operations",  # type: ignore[arg-type] # as it was written
        owner=named.owner if named is not None else "",
    )
    try:
        return item_of(item, said.terms) if said is not None and said.terms is not None else item
    except ValueError:  # of a later version
        return item
