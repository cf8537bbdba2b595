"""One promise at one place, whole: its rule, the playbook's sentence, every period, and all evidence, what came too late too."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from tfdash.durations import write_duration
from tfdash.model.dates import Dates
from tfdash.model.maintenance import (
    Completion,
    ItemStanding,
    ItemState,
    MaintenanceRecord,
    Period,
    PeriodVerdict,
    RuleSaid,
)
from tfdash.model.subject import Subject
from tfdash.nouns import counted
from tfdash.text import safe
from tfdash.views.age import short_age
from tfdash.views.calendar.words import (
    PERIODS,
    by_text,
    clash_text,
    lost_count,
    lost_text,
    moment_text,
    place_text,
    proof_text,
    sign_of_period,
    state_of,
    until_text,
    waiver_text,
)

_BLACKOUT = {
    "allowed": "may be done inside",
    "before": "is done before it",
    "after": "is done behind it, which counts as in time",
    "stays": "stays due inside it: a conflict that is said",
}
_LATER = 3600.0  # seconds between what was done and its record, from which both are said


def item_lines(subject: Subject, dates: Dates, record: MaintenanceRecord) -> list[str]:
    """See the module; one that the playbook no longer has keeps its evidence."""
    state, rule, zone = dates.states.get(subject), dates.rules.get(subject.name), dates.zone
    ever = (
        subject,
        *(state.before if state is not None else ()),
    )  # its own, and what it was on record as before
    lines = [f"{safe(state.title if state is not None else subject.name)} · {place_text(subject)}", ""]
    if state is None:
        lines.append("The playbook has no such promise here any more; what is on record stays.")
    else:
        lines += _about(subject, dates, state)
    done = sorted(
        (one for at in ever for one in record.completions.get(at, ())),
        key=lambda c: (c.done_at, c.recorded_at, c.terminal),
        reverse=True,
    )
    lines += _rules_before([rule for at in ever for rule in record.rules.get(at, ())], state, zone)
    lines += _periods(state, rule is not None and rule.aged, zone) if state is not None else []
    lines += _evidence(state, done, zone)
    for waiver in sorted(
        (one for at in ever for one in record.waivers.get(at, ())), key=lambda w: w.since, reverse=True
    ):
        lines.append(f"  ‖ {waiver_text(waiver, zone)}")
    seen = record.sightings.get(subject, ())
    if seen:
        newest = max(seen, key=lambda s: s.seen)
        last = moment_text(newest.done_at, zone) if newest.done_at is not None else "never"
        lines += ["", f"Live source read {moment_text(newest.seen, zone)}: last done {last}"]
    return lines


def account_lines(state: ItemState, zone: ZoneInfo) -> list[str]:
    """What its standing is reckoned from: the rule, how many periods were kept, and each of them."""
    terms = state.terms
    rule = f"{safe(terms.when)}, {write_duration(terms.grace)} of grace" if terms is not None else "none"
    aged = terms is not None and terms.when.startswith("within ")
    kept = f"{state.kept} of {counted(state.judged, 'period')}{lost_count(state.periods)}"
    due = f"; to be done by {until_text(state.due, zone)}" if state.due is not None else ""
    return [f"Rule: {rule}", f"Kept: {kept}{due}", *_periods(state, aged, zone)[1:]]


def _about(subject: Subject, dates: Dates, state: ItemState) -> list[str]:
    rule, shown = dates.rules.get(subject.name), state_of(state)
    if state.standing is ItemStanding.WITHDRAWN:
        rule = None  # it may be kept elsewhere, by another
    told = [("State", f"{shown.glyph} {safe(state.words)}")]
    told += [("Conflict", clash_text(clash, dates.zone)) for clash in state.clashes]
    if rule is not None:
        told += [
            ("Rule", rule.rule),
            ("Grace", f"{write_duration(rule.grace)}: done so long after is late; then it is missed"),
            ("Blackout", _BLACKOUT.get(rule.blackout, rule.blackout)),
            ("Zone", safe(rule.zone)),
        ]
        if rule.sentence:
            told.append(("Playbook", f"“{safe(rule.sentence)}”"))
    told += [("Owner", safe(state.owner) or "nobody"), ("Kind", safe(state.kind))]
    kept = (
        f"{state.kept} of {counted(state.judged, 'period')} in {counted(dates.look_back, 'month')}{lost_count(state.periods)}"
        if state.judged
        else "none judged yet"
    )
    told.append(("Kept", kept))
    return [f"{name + ':':<10} {text}" for name, text in told]


def _rules_before(rules: Sequence[RuleSaid], state: ItemState | None, zone: ZoneInfo) -> list[str]:
    """By which other rules it was kept before, as far as that is on record: what began or closed then is judged by them."""
    told = sorted(rules, key=lambda rule: rule.recorded_at)
    lines = []
    for number, rule in enumerate(told):
        last = number + 1 == len(told)
        if rule.terms != (
            state.terms if last and state is not None else rule.terms if last else told[number + 1].terms
        ):
            terms = rule.terms
            if terms is None:
                lines.append(f"  from {moment_text(rule.recorded_at, zone)}: withdrawn")
                continue
            lines.append(
                f"  until after {moment_text(rule.recorded_at, zone)}: {safe(terms.when)}, grace {write_duration(terms.grace)}, "
                f"blackout {safe(terms.blackout)}, {safe(terms.zone)}"
            )
    return ["", "Rules before, by which what began or closed then is judged:", *lines] if lines else []


def _periods(state: ItemState, aged: bool, zone: ZoneInfo) -> list[str]:
    lines = ["", f"Periods: {len(state.periods)}, newest first"]
    for period in reversed(state.periods):
        sign = sign_of_period(period)
        lines.append(f"  {sign.glyph} {period.label:<11} {_period_words(period, aged, zone)}")
    if not state.periods:
        lines.append("  none: nothing is on record that one could be judged by")
    return lines


def _period_words(period: Period, aged: bool, zone: ZoneInfo) -> str:
    word = PERIODS[period.verdict].word
    late = f" by {short_age(period.late_by)}" if period.late_by else ""
    words = f"{word}{late}"
    if period.lost is not None:
        words += f": {lost_text(period.lost, zone)}"
    elif period.completion is not None:
        words += f": {'last ' if aged else ''}done {moment_text(period.completion.done_at, zone)}, {by_text(period.completion)}"
    elif period.waiver is not None:
        words += f": {waiver_text(period.waiver, zone)}"
    elif not aged and period.verdict in (PeriodVerdict.OPEN, PeriodVerdict.MISSED):
        words += f": by {until_text(period.deadline, zone)}"
    if period.others:
        words += f"; {len(period.others)} more on record"
    return words


def _evidence(state: ItemState | None, done: list[Completion], zone: ZoneInfo) -> list[str]:
    """Each that is on record, with what came of it where it decided no period."""
    deciding = (
        {p.completion: p for p in state.periods if p.completion is not None} if state is not None else {}
    )
    beside = {c: p for p in state.periods for c in p.others} if state is not None else {}
    lines = ["", f"Evidence: {len(done)} on record, newest first"]
    for one in done:
        words = f"{moment_text(one.done_at, zone)}  {by_text(one)}"
        if one.recorded_at - one.done_at >= _LATER:
            words += f", recorded {moment_text(one.recorded_at, zone)}"
        if one in deciding:
            words += f"  → {deciding[one].label} {deciding[one].verdict.value}"
        elif one in beside:
            period = beside[one]
            late = one.recorded_at >= period.closes
            words += f"  → {'recorded too late for' if late else 'beside another in'} {period.label}"
        elif state is not None and state.periods and one.done_at < state.periods[0].start:
            words += "  → before what is looked back on"
        lines.append(f"  {words}")
        if proof := proof_text(one):
            lines.append(f"      {proof}")
    if not done:
        lines.append("  none")
    return lines
