"""The parts of the dated promises: what is overdue and due, what was done, and each period that closed with its evidence."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.model.maintenance import Completion, ItemState, Period, PeriodVerdict
from tfdash.model.verdict import Level
from tfdash.nouns import counted
from tfdash.report.reports.made import ReportData
from tfdash.report.reports.parts import (
    NOTHING,
    PartCell,
    Row,
    judged,
    number,
    place,
    sentences,
    table,
    when,
    words,
)
from tfdash.report.shown import ReportPart
from tfdash.views.calendar.words import lost_text


def promises(made: ReportData) -> Iterable[ReportPart]:
    """What is overdue, comes next, and closed since then."""
    found = made.promised
    if found is None:
        yield sentences(
            "promise_figures",
            "Promises",
            [judged("how the dated promises stand is not known", Level.UNKNOWN)],
        )
        return
    said = (
        [f"{found.kept} of {counted(found.judged, 'period')} that closed were kept"]
        if found.judged
        else [made.none("none closed")]
    )
    if found.lost:
        said.append(f"of {found.lost} it is not known: entries of the log are lost")
    yield sentences("promise_figures", "Promises", said)
    stands = (
        ("title", "PROMISE"),
        ("place", "PLACE"),
        ("owner", "OWNER"),
        ("due", "DUE"),
        ("last", "LAST DONE"),
    )
    for id, title, several, level, empty in (
        ("overdue", "Overdue", found.overdue, Level.WARN, made.none("nothing")),
        ("due", "Due next", found.due, None, "nothing"),
    ):
        if id == "due" and not several:
            continue
        yield table(id, title, stands, ((level, _standing(s, made)) for s in several), empty)
    if found.done:
        yield _work(made)
    if found.closed:
        yield _closed(made)


def promises_each(made: ReportData) -> Iterable[ReportPart]:
    """For the auditor: each period that closed, with its evidence."""
    found = made.promised
    if found is None:
        yield sentences(
            "promise_figures",
            "Promises",
            [judged("how the dated promises stand is not known", Level.UNKNOWN)],
        )
        return
    said = [f"{found.kept} of {counted(found.judged, 'period')} that closed were kept"]
    open_ = sum(c.period.verdict is PeriodVerdict.OPEN for c in found.closed)
    said += [f"{counted(open_, 'period')} ended and can still be done late"] if open_ else []
    said += [f"of {found.lost} it is not known: entries of the log are lost"] if found.lost else []
    yield sentences("promise_figures", "Promises", said)
    yield _closed(made)


def _work(made: ReportData) -> ReportPart:
    fields = (
        ("title", "PROMISE"),
        ("place", "PLACE"),
        ("times", "TIMES"),
        ("last", "LAST DONE"),
        ("by", "BY"),
        ("evidence", "EVIDENCE"),
    )

    def rows() -> Iterable[Row]:
        for one in made.promised.done if made.promised is not None else ():
            last = one.completions[-1]
            yield (
                None,
                (
                    words(one.state.title),
                    place(one.state.subject),
                    number(len(one.completions)),
                    when(last.done_at, made.facts.zone),
                    words(", ".join(sorted({c.by for c in one.completions}))),
                    words(_evidence(last)),
                ),
            )

    return table("done", "Recorded as done", fields, rows(), right=frozenset({"times"}))


def _closed(made: ReportData) -> ReportPart:
    fields = (
        ("title", "PROMISE"),
        ("place", "PLACE"),
        ("period", "PERIOD"),
        ("verdict", "KEPT?"),
        ("done", "DONE"),
        ("recorded", "RECORDED"),
        ("by", "BY"),
        ("evidence", "EVIDENCE"),
        ("note", "NOTE"),
    )
    found = made.promised
    rows = (
        ((_level(c.period), _period(c.state, c.period, made)) for c in found.closed)
        if found is not None
        else ()
    )
    return table("periods", "Periods that closed", fields, rows, made.none("none closed"))


def _level(period: Period) -> Level | None:
    if period.lost is not None:
        return Level.UNKNOWN
    return {
        PeriodVerdict.KEPT: Level.OK,
        PeriodVerdict.LATE: Level.WARN,
        PeriodVerdict.MISSED: Level.WARN,
    }.get(period.verdict)


def _standing(one: ItemState, made: ReportData) -> tuple[PartCell, ...]:
    zone, last = made.facts.zone, one.last
    return (
        words(one.title),
        place(one.subject),
        words(one.owner),
        when(one.due, zone),
        when(last.done_at, zone) if last is not None else NOTHING,
    )


def _period(one: ItemState, period: Period, made: ReportData) -> tuple[PartCell, ...]:
    zone, done = made.facts.zone, period.completion
    verdict = PartCell(period.verdict.value, period.verdict.value)
    note = done.note if done is not None else ""
    if (
        done is None
        and period.verdict is PeriodVerdict.KEPT
        and (done := _before(one, period, made)) is not None
    ):
        note = f"done before, and young enough to its end{f': {done.note}' if done.note else ''}"
    if period.verdict is PeriodVerdict.OPEN:
        verdict = PartCell("not yet, can be done late", "open")
    if period.lost is not None:
        verdict, note = PartCell("not known", "not known"), lost_text(period.lost, zone)
    elif period.waiver is not None:
        second = f", and {period.waiver.second}" if period.waiver.second else ""
        note = f"{period.waiver.who}{second} answer{'' if second else 's'} for it: {period.waiver.why}"
    return (
        words(one.title),
        place(one.subject),
        words(period.label),
        verdict,
        when(done.done_at, zone) if done is not None else NOTHING,
        when(done.recorded_at, zone) if done is not None else NOTHING,
        words(done.by) if done is not None else NOTHING,
        words(_evidence(done)) if done is not None else NOTHING,
        words(note),
    )


def _before(one: ItemState, period: Period, made: ReportData) -> Completion | None:
    """What kept a period in which nothing was to be done: the newest before its end that was on record when it closed."""
    record = made.facts.picture.store_state.maintenance.completions
    found = [
        c
        for at in (one.subject, *one.before)
        for c in record.get(at, ())
        if c.done_at < period.end and c.recorded_at <= period.closes
    ]
    return max(found, key=lambda c: c.done_at, default=None)


def _evidence(done: Completion) -> str:
    proof = done.link or (f"sha256 {done.digest}" if done.digest else "")
    return f"{done.evidence.value}{': ' if proof else ''}{proof}"
