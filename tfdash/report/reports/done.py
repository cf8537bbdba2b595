"""The parts of what people did: releases, promises, actions; of what was watched; and of what proves the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tfdash.model.store_state import COMPLETION
from tfdash.model.verdict import Level
from tfdash.moments import moment
from tfdash.nouns import counted
from tfdash.report.reports.actions import NO_OUTCOME, Acted
from tfdash.report.reports.made import ReportData
from tfdash.report.reports.parts import (
    PartCell,
    Row,
    begun,
    judged,
    lasting,
    percent,
    sentences,
    table,
    thing,
    when,
    words,
)
from tfdash.report.reports.releases import FAILED, Released, ReleaseOutcome, shared
from tfdash.report.shown import ReportPart
from tfdash.text import safe
from tfdash.views.age import human_duration
from tfdash.views.image import short_images

_SIGNED = frozenset({COMPLETION, "maintenance.sign-off"})
_LEVELS = {
    ReleaseOutcome.ROLLED_BACK: Level.WARN,
    ReleaseOutcome.BREACHED: Level.BREACH,
    ReleaseOutcome.VERIFIED: Level.OK,
    ReleaseOutcome.IN_FLIGHT: Level.MOVING,
}


def released(made: ReportData) -> Iterable[ReportPart]:
    f = made.facts
    share = shared(made.releases)
    said = []
    if share.share is not None:
        said.append(
            f"{share.failed} of {counted(share.over, 'release')} failed, {percent(share.share).text}: rolled back, or a trigger was crossed"
        )
    if share.not_known:
        said.append(
            f"of {share.not_known} more the outcome is not known: nobody verified it, and nothing was recorded against it"
        )
    if share.in_flight:
        said.append(f"{counted(share.in_flight, 'release')} in flight")
    back = sorted(r.to_roll_back for r in made.releases if r.to_roll_back is not None)
    if back:
        said.append(
            f"time to roll back: {human_duration(back[len(back) // 2])} in the middle, {human_duration(back[-1])} at most, of {counted(len(back), 'rollback')} whose first crossing is known"
        )
    lead = sorted(r.lead for r in made.releases if r.lead is not None)
    if lead:
        said.append(
            f"lead time from commit to verified: {human_duration(lead[len(lead) // 2])} in the middle, of {counted(len(lead), 'release')}"
        )
    elif made.releases and not f.commit_named:
        said.append(
            "lead time is not known: [reports] committed names no annotation in which the pipeline writes when it was committed"
        )
    elif made.releases:
        said.append(
            "lead time is not known: of none that is verified the time of its commit stands in its annotation"
        )
    if said:
        yield sentences("release_figures", "Releases", said)
    fields = (
        ("subject", "RELEASE"),
        ("images", "IMAGE"),
        ("began", "BEGAN"),
        ("outcome", "OUTCOME"),
        ("ended", "ENDED"),
        ("to_roll_back_seconds", "TO ROLL BACK"),
        ("lead_seconds", "LEAD"),
        ("by", "BY"),
        ("why", "WHY"),
        ("began_before", ""),
    )

    def rows() -> Iterable[Row]:
        for r in made.releases:
            began, began_before = begun(r.began, f.zone, r.exactly)
            yield (
                _LEVELS.get(r.outcome, Level.UNKNOWN),
                (
                    thing(r.subject),
                    PartCell(short_images(r.images) or safe(r.version) or "-", [safe(i) for i in r.images]),
                    began,
                    PartCell(r.outcome.value, r.outcome.value),
                    when(r.ended, f.zone),
                    lasting(r.to_roll_back),
                    lasting(r.lead),
                    words(r.back.actor if r.back is not None else r.verified_by),
                    words(why(r)),
                    began_before,
                ),
            )

    empty = "none is on record, and the cluster keeps no revision that began then"
    if not f.now_known:
        empty = "none is on record; which revisions the cluster keeps is not known"
    yield table(
        "releases",
        "Releases and rollbacks" if not said else "",
        fields,
        rows(),
        empty,
        frozenset({"to_roll_back_seconds", "lead_seconds"}),
    )


def why(release: Released) -> str:
    """What was crossed, or who decided."""
    if release.breaches:
        first = min(release.breaches, key=lambda b: b.at)
        more = f" and {len(release.breaches) - 1} more" if len(release.breaches) > 1 else ""
        overruled = f"; overruled by {first.overruled}" if first.overruled else ""
        return f"{first.sentence or first.title or first.trigger}{more}{overruled}"
    if release.outcome is ReleaseOutcome.UNKNOWN:
        return "nobody verified it, and nothing was recorded against it"
    return release.back.reason if release.back is not None and release.outcome in FAILED else ""


def actions(made: ReportData) -> Iterable[ReportPart]:
    """What was signed as done stands among the promises; the auditor has all."""
    yield _actions(made, [a for a in made.actions if a.action not in _SIGNED])


def actions_each(made: ReportData) -> Iterable[ReportPart]:
    yield _actions(made, made.actions)


def actions_on_it(made: ReportData) -> Iterable[ReportPart]:
    yield _actions(made, [a for a in made.actions if a.subject == made.facts.workload])


def _actions(made: ReportData, found: Sequence[Acted]) -> ReportPart:
    f = made.facts
    fields = (
        ("at", "WHEN"),
        ("actor", "WHO"),
        ("action", "ACTION"),
        ("target", "ON"),
        ("place", "WHERE"),
        ("result", "RESULT"),
        ("approved_by", "APPROVED BY"),
        ("reason", "REASON"),
        ("entry", "ENTRY"),
    )
    rows = ((_ill(a), _acted(a, made)) for a in found)
    return table(
        "actions",
        "Actions and decisions",
        fields,
        rows,
        f"none is on record of {moment(f.since, f.zone)} to {moment(f.until, f.zone)}",
    )


def _ill(one: Acted) -> Level | None:
    if one.result == NO_OUTCOME or "unknown" in one.result:
        return Level.UNKNOWN
    return Level.WARN if one.result in ("failed", "not applied") or one.verified is False else None


def _acted(one: Acted, made: ReportData) -> tuple[PartCell, ...]:
    seen = {True: "", False: ", what was to come of it was not seen", None: ""}[one.verified]
    return (
        when(one.at, made.facts.zone),
        words(one.actor),
        words(one.action),
        words(one.target),
        words(one.place),
        PartCell(safe(one.result + seen), safe(one.result)),
        words(one.approved_by),
        words(one.reason or one.sentence),
        words(one.entry),
    )


def seen(made: ReportData) -> Iterable[ReportPart]:
    """For how long was watched, by whom, and when nobody did."""
    f, found = made.facts, made.watched
    title = "What was watched"
    if found is None:
        yield sentences(
            "watched", title, [judged("not known: the verdict journal could not be read", Level.UNKNOWN)]
        )
        return
    if not found.seconds:
        text = f"nobody watched from {moment(f.since, f.zone)} to {moment(f.until, f.zone)}: of verdicts of that time nothing is known"
        yield sentences("watched", title, [judged(text, Level.UNKNOWN)])
    else:
        by = ", ".join(f"{w.name} {percent(w.share).text}" for w in found.by)
        yield sentences("watched", title, [f"{percent(found.share).text} of the time, by {by}"])
    fields = (("begin", "FROM"), ("end", "TO"), ("seconds", "FOR"), ("after", "WATCHED BEFORE"))

    def rows() -> Iterable[Row]:
        for gap in found.gaps:
            after = ", ".join(f"{name}, {how.value}" for name, how in gap.after)
            yield (
                Level.UNKNOWN,
                (when(gap.begin, f.zone), when(gap.end, f.zone), lasting(gap.end - gap.begin), words(after)),
            )

    if found.gaps and found.seconds:
        yield table(
            "gaps", "Not watched: what was so then is not known", fields, rows(), right=frozenset({"seconds"})
        )


def unread(made: ReportData) -> Iterable[ReportPart]:
    if made.not_known:
        yield sentences(
            "not_known",
            "What this report does not know",
            [judged(one, Level.UNKNOWN) for one in made.not_known],
        )


def proof(made: ReportData) -> Iterable[ReportPart]:
    """Whether the log is whole on which all this rests."""
    found = made.facts.proof
    if found is None:
        yield sentences(
            "proof", "The audit log", [judged("whether it is whole could not be looked at", Level.UNKNOWN)]
        )
        return
    level = (Level.OK, Level.BREACH, Level.UNKNOWN)[found.code]
    head = (
        "whole",
        "NOT WHOLE: what follows rests on a log that was changed or cut",
        "not all of it could be looked at",
    )[found.code]
    yield sentences("proof", "The audit log", [judged(head, level), *found.lines])
