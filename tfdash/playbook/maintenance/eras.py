"""By which rule a promise was kept when. Pure.

A rule stands in a file that everybody may edit, and a period that closed is not to be another by that. So whatever is recorded of a
promise says by which rule it was kept then. Whoever records with a laxer one chooses when, too: so a period is judged by the rule that was in
force when it began as well as by the one when it closed, and what closed before any was on record also by the settings.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import dropwhile, pairwise, takewhile
from math import inf
from typing import Any, NamedTuple, get_args
from zoneinfo import ZoneInfo

import msgspec

from tfdash.model.maintenance import RuleSaid, RuleTerms
from tfdash.model.store_state import RULE
from tfdash.playbook.maintenance.cadence import parse_cadence
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.policy import LONGEST_GRACE, Blackout, MaintenanceItem

_BRIEF = 86_400.0
"""Seconds within which a withdrawal that is taken back was none."""


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
    demanded = item.evidence if item.evidence == "imported" else ""
    return RuleTerms(
        when=item.when.words(),
        grace=item.grace,
        blackout=item.blackout,
        zone=zone,
        start=start,
        evidence=demanded,
    )


def rule_data(terms: RuleTerms | None) -> dict[str, Any]:
    """``terms`` as it stands in ``data``; nothing where it is not known."""
    return {} if terms is None else {RULE: msgspec.to_builtins(terms)}


def eras_of(item: MaintenanceItem, zone: ZoneInfo, facts: Facts, now: float) -> list[Era]:
    """In order; the last is that of ``item`` as it is, while it is kept. A rule that nothing is recorded by yet begins at ``now``. Of the time
    before the first on record there are two: nobody knows which held. Of a time in which it was on record as withdrawn there is none, and what
    was not closed then is judged by none before it."""
    current = terms_of(item, zone.key, facts.started) if facts.kept else None
    said = [rule for rule in facts.rules if rule.recorded_at <= now]
    if facts.kept and all(rule.terms == current for rule in said):
        return [Era(item, zone, facts.started, -inf, inf)]
    told = _told(said)
    if not told:
        return []
    begun: list[tuple[float, RuleTerms | None]] = [(-inf, told[0].terms)]
    begun += [(b.recorded_at, b.terms) for a, b in pairwise(told) if b.terms != a.terms]
    if begun[-1][1] != current:
        begun.append((now, current))
    ends = [*(since for since, _ in begun[1:]), inf]
    unknown = Era(item, zone, facts.started, -inf, told[0].recorded_at, only_closes=True)
    eras = [] if told[0].terms == current or current is None else [unknown]
    after = [*(terms for _, terms in begun[1:]), current]
    for (since, terms), until, following in zip(begun, ends, after, strict=True):
        if terms is None:
            continue
        gone = following is None
        try:
            then = Era(
                item_of(item, terms), ZoneInfo(terms.zone), terms.start, since, until, only_closes=gone
            )
        except (
            ValueError,
            KeyError,
            OSError,
        ):  # of a later version, or of later tables of zones: by the rule as it is
            then = Era(item, zone, facts.started, since, until, only_closes=gone)
        eras.append(then)
    return eras


def _told(said: list[RuleSaid]) -> list[RuleSaid]:
    """In order. A withdrawal before anything else says nothing, nor does one that was taken back soon: of two terminals one had other
    settings."""
    told: list[RuleSaid] = []
    back = inf  # when it is on record as kept next
    for rule in sorted(said, key=_place, reverse=True):
        if rule.terms is not None:
            back = rule.recorded_at
        elif back - rule.recorded_at <= _BRIEF:
            continue
        told.append(rule)
    return list(dropwhile(lambda rule: rule.terms is None, reversed(told)))


def withdrawn_since(facts: Facts) -> float | None:
    """Since when it is on record as kept no longer; None where it is not."""
    last = list(takewhile(lambda rule: rule.terms is None, reversed(_told(list(facts.rules)))))
    return last[-1].recorded_at if last else None


def _place(rule: RuleSaid) -> tuple[float, str, float, str, str, float, str]:
    """By which they stand in one order, in whatever order they came."""
    terms = rule.terms
    if terms is None:
        return rule.recorded_at, "", 0.0, "", "", 0.0, ""
    start = -inf if terms.start is None else terms.start
    return rule.recorded_at, terms.when, terms.grace, terms.blackout, terms.zone, start, terms.evidence


def item_of(item: MaintenanceItem, terms: RuleTerms) -> MaintenanceItem:
    """``item`` by the rule of then. Raises ``ValueError`` for terms that no settings could have."""
    if terms.blackout not in get_args(Blackout) or not 0 <= terms.grace <= LONGEST_GRACE:
        raise ValueError(terms)
    other = "signed" if item.evidence == "imported" else item.evidence
    return replace(
        item,
        evidence="imported" if terms.evidence == "imported" else other,
        when=parse_cadence(terms.when),
        grace=terms.grace,
        blackout=terms.blackout,  # type: ignore[arg-type] # looked at above
        at=None,  # hours decide nothing, and only what has a date may have any
    )
