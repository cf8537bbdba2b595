"""By which rule a promise was kept when. Pure.

A rule stands in a file that everybody may edit, and a period that closed is not to be another by that. So whatever is recorded of a
promise says by which rule it was kept then. Whoever records with a laxer one chooses when, too: so a period is judged by the rule that was in
force when it began as well as by the one when it closed, and what closed before any was on record also by the settings.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import inf
from typing import Any, NamedTuple, get_args
from zoneinfo import ZoneInfo

import msgspec

from tfdash.model.maintenance import RuleSaid, RuleTerms
from tfdash.model.store_state import RULE
from tfdash.playbook.maintenance.cadence import parse_cadence
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.policy import LONGEST_GRACE, Blackout, MaintenanceItem


class Era(NamedTuple):
    """What begins or closes in (``since``, ``until``] is judged by ``item`` as it was then, in ``zone``, with account kept from ``start`` by its
    settings. ``only_closes``: what begins in it is not."""

    item: MaintenanceItem
    zone: ZoneInfo
    start: float | None
    since: float
    until: float
    only_closes: bool = False

    def judges(self, begins: float, closes: float) -> bool:
        return self.since < closes <= self.until or (
            not self.only_closes and self.since < begins <= self.until
        )


def terms_of(item: MaintenanceItem, zone: str, start: float | None) -> RuleTerms:
    return RuleTerms(when=item.when.words(), grace=item.grace, blackout=item.blackout, zone=zone, start=start)


def rule_data(terms: RuleTerms | None) -> dict[str, Any]:
    """``terms`` as it stands in ``data``; nothing where it is not known."""
    return {} if terms is None else {RULE: msgspec.to_builtins(terms)}


def eras_of(item: MaintenanceItem, zone: ZoneInfo, facts: Facts, now: float) -> list[Era]:
    """In order; the last is that of ``item`` as it is. A rule that nothing is recorded by yet begins at ``now``. Of the time before the first
    on record there are two: nobody knows which held."""
    current = terms_of(item, zone.key, facts.started)
    said = [rule for rule in facts.rules if rule.recorded_at <= now]
    if all(rule.terms == current for rule in said):
        return [Era(item, zone, facts.started, -inf, inf)]
    told = sorted(said, key=_place)
    begun = [(-inf, told[0].terms)]
    begun += [(b.recorded_at, b.terms) for a, b in pairwise(told) if b.terms != a.terms]
    if begun[-1][1] != current:
        begun.append((now, current))
    ends = [*(since for since, _ in begun[1:]), inf]
    unknown = Era(item, zone, facts.started, -inf, told[0].recorded_at, only_closes=True)
    eras = [] if told[0].terms == current else [unknown]
    for (since, terms), until in zip(begun, ends, strict=True):
        try:
            then = Era(_as_then(item, terms), ZoneInfo(terms.zone), terms.start, since, until)
        except (
            ValueError,
            KeyError,
            OSError,
        ):  # of a later version, or of later tables of zones: by the rule as it is
            then = Era(item, zone, facts.started, since, until)
        eras.append(then)
    return eras


def _place(rule: RuleSaid) -> tuple[float, str, float, str, str, float]:
    """By which they stand in one order, in whatever order they came."""
    terms = rule.terms
    start = -inf if terms.start is None else terms.start
    return rule.recorded_at, terms.when, terms.grace, terms.blackout, terms.zone, start


def _as_then(item: MaintenanceItem, terms: RuleTerms) -> MaintenanceItem:
    """Raises ``ValueError`` for terms that no settings could have."""
    if terms.blackout not in get_args(Blackout) or not 0 <= terms.grace <= LONGEST_GRACE:
        raise ValueError(terms)
    return replace(
        item,
        when=parse_cadence(terms.when),
        grace=terms.grace,
        blackout=terms.blackout,  # type: ignore[arg-type] # looked at above
        at=None,  # hours decide nothing, and only what has a date may have any
    )
