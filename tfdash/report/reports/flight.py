"""The parts of the report of one release: what it was, its course, what rules said of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tfdash.model.verdict import Level
from tfdash.moments import moment
from tfdash.report.reports.done import why
from tfdash.report.reports.made import ReportData
from tfdash.report.reports.parts import (
    PartCell,
    Row,
    begun,
    judged,
    lasting,
    sentences,
    state,
    table,
    when,
    words,
)
from tfdash.report.reports.releases import Released, ReleaseOutcome
from tfdash.report.shown import ReportPart, Sentence
from tfdash.views.age import human_duration
from tfdash.views.image import short_images

_LEVELS = {
    ReleaseOutcome.VERIFIED: Level.OK,
    ReleaseOutcome.ROLLED_BACK: Level.WARN,
    ReleaseOutcome.BREACHED: Level.BREACH,
    ReleaseOutcome.IN_FLIGHT: Level.MOVING,
}


class _Step(NamedTuple):
    at: float
    what: str
    by: str = ""
    level: Level | None = None


def head(made: ReportData) -> Iterable[ReportPart]:
    f, last = made.facts, made.releases[-1] if made.releases else None
    if last is None:
        what = str(f.workload) if f.workload is not None else "it"
        text = f"of {what} no release is known that began from {moment(f.since, f.zone)} to {moment(f.until, f.zone)}"
        yield sentences("release", "The release", [judged(text, Level.UNKNOWN)])
        return
    began = moment(last.began, f.zone) if last.exactly else f"before {moment(last.began, f.zone)}"
    said: list[str | Sentence] = [
        judged(
            f"{last.subject}: {last.outcome.value}{_reason(last)}", _LEVELS.get(last.outcome, Level.UNKNOWN)
        ),
        f"image {short_images(last.images) or 'not known'}, version {last.version or 'not known'}{f', revision {last.revision}' if last.revision else ''}",
        f"began {began}"
        + (
            f", ended {moment(last.ended, f.zone)}, after {human_duration(last.ended - last.began)}"
            if last.ended
            else ""
        ),
        f"verified by {last.verified_by} at {moment(last.verified_at, f.zone)}"
        if last.verified_at
        else "nobody verified it",
    ]
    if last.back is not None:
        second = f", approved by {last.back.approved_by}" if last.back.approved_by else ""
        said.append(f"rolled back by {last.back.actor}{second}")
    if last.to_roll_back is not None:
        said.append(f"time to roll back: {human_duration(last.to_roll_back)} from the first crossing")
    if last.lead is not None and last.committed is not None:
        said.append(f"lead time: {human_duration(last.lead)}, committed {moment(last.committed, f.zone)}")
    elif not f.commit_named:
        said.append(
            "lead time is not known: [reports] committed names no annotation in which the pipeline writes when it was committed"
        )
    elif last.committed is None:
        said.append("lead time is not known: it does not carry the annotation that [reports] committed names")
    earlier = made.releases[:-1]
    if earlier:
        ends = ", ".join(f"{r.version} {r.outcome.value}" for r in earlier[-5:])
        said.append(f"before it, since {moment(f.since, f.zone)}: {ends}")
    yield sentences("release", "The release", said)


def _reason(release: Released) -> str:
    found = why(release)
    return f": {found}" if found else ""


def course(made: ReportData) -> Iterable[ReportPart]:
    """What happened, oldest first."""
    f, last = made.facts, made.releases[-1] if made.releases else None
    if last is None:
        return
    steps = [_Step(last.began, "began" if last.exactly else "was first heard of")]
    if last.committed is not None:
        steps.append(_Step(last.committed, "committed", "the pipeline"))
    for b in last.breaches:
        steps.append(_Step(b.at, f"{b.title or b.trigger} crossed: {b.sentence}", "rules", Level.BREACH))
        if b.ended_at is not None:
            steps.append(_Step(b.ended_at, f"{b.title or b.trigger} stands no longer: {b.ended}", "rules"))
    for a in made.actions:
        if a.subject == last.subject and a.at >= last.began:
            approved = f", approved by {a.approved_by}" if a.approved_by else ""
            steps.append(_Step(a.at, f"{a.action}: {a.result}{approved}. {a.reason or a.sentence}", a.actor))
            if a.seen is not None:
                steps.append(
                    _Step(
                        a.seen,
                        f"{a.action}: {'seen to be so' if a.verified else 'not seen to be so'}",
                        "rules",
                    )
                )
    if last.verified_at is not None:
        steps.append(_Step(last.verified_at, "verified", last.verified_by, Level.OK))
    steps.sort(key=lambda s: s.at)

    def rows() -> Iterable[Row]:
        for s in steps:
            after = s.at - last.began
            yield (
                s.level,
                (
                    when(s.at, f.zone),
                    lasting(after) if after >= 0 else PartCell("before", round(after)),
                    words(s.what),
                    words(s.by),
                ),
            )

    fields = (("at", "WHEN"), ("after_seconds", "AFTER"), ("what", "WHAT"), ("by", "BY"))
    yield table("course", "From start to end", fields, rows(), right=frozenset({"after_seconds"}))


def verdicts(made: ReportData) -> Iterable[ReportPart]:
    """What rules said of it while somebody watched."""
    f, last = made.facts, made.releases[-1] if made.releases else None
    if last is None:
        return

    def rows() -> Iterable[Row]:
        spells = [
            (spell, t.rule)
            for t in made.times
            if t.subject == last.subject
            for spell in t.spells
            if spell.end > last.began
        ]
        for spell, rule in sorted(spells, key=lambda pair: (pair[0].begin, pair[1])):
            begin, begin_before = begun(spell.begin, f.zone, spell.begun)
            end = when(spell.end, f.zone) if spell.ended else PartCell("not seen to end", None)
            yield (
                spell.level,
                (
                    state(spell.level),
                    words(rule),
                    begin,
                    end,
                    lasting(spell.end - spell.begin),
                    words(spell.word.sentence),
                    begin_before,
                ),
            )

    fields = (
        ("level", "STATE"),
        ("rule", "RULE"),
        ("begin", "FROM"),
        ("end", "TO"),
        ("seconds", "FOR"),
        ("sentence", "WHY"),
        ("begin_before", ""),
    )
    watched = made.watched is not None and made.watched.seconds
    empty = "nothing worse than well, while somebody watched" if watched else "not known: nobody watched"
    yield table("verdicts", "What rules said of it", fields, rows(), empty, frozenset({"seconds"}))
