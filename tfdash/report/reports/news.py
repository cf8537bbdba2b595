"""The first parts: what is new, ended and open since the last report; what is to be decided; for how long which rule was broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tfdash.model.maintenance import KIND as PROMISE
from tfdash.model.maintenance import ItemStanding
from tfdash.model.verdict import Level
from tfdash.nouns import counted
from tfdash.report.reports.broken import broken_rules, broken_subjects
from tfdash.report.reports.findings import EndedFinding, OpenFinding
from tfdash.report.reports.made import ReportData
from tfdash.report.reports.parts import (
    NOTHING,
    PartCell,
    Row,
    begun,
    judged,
    lasting,
    number,
    sentences,
    state,
    table,
    thing,
    when,
    words,
)
from tfdash.report.reports.releases import ReleaseOutcome
from tfdash.report.shown import ReportPart, Sentence
from tfdash.views.age import human_duration

_FINDING = (("level", "STATE"), ("subject", "WHAT"), ("rule", "RULE"), ("sentence", "WHY"))
_OPEN = (
    *_FINDING,
    ("since", "SINCE"),
    ("lasts_seconds", "FOR"),
    ("since_before", ""),
    ("lasts_over_seconds", ""),
)
"""The last two: where the beginning was not seen, by when it was so, and for how long at least."""
_ENDED = (*_FINDING, ("ended", "ENDED"), ("lasted_seconds", "LASTED"))
_RIGHT = frozenset({"lasts_seconds", "lasted_seconds"})
_BANDS = "resources."
_LONG = 86400.0
"""What has been open for longer than that is for the meeting to decide (seconds)."""


def new(made: ReportData) -> Iterable[ReportPart]:
    found = made.compared
    if not found.known_now:
        seen = (
            "what is told as open is what terminals saw last" if made.times else "no terminal watched either"
        )
        yield sentences("now", "Now", [judged(f"no cluster was read: {seen}", Level.UNKNOWN)])
    if found.known_before:
        yield _table("new", "New since then", found.new, made, made.none("nothing is new", now=True))
        ended = made.none("nothing ended", now=True)
        yield table("ended", "Ended since then", _ENDED, _gone(found.ended, made), ended, _RIGHT)
        yield _table("open", "Still open", found.open, made, made.none("nothing", now=True))
    else:
        if found.new:
            yield _table("new", "New since then, as terminals saw it begin", found.new, made)
        yield _table(
            "open", "Open; whether it is new is not known", found.open, made, made.none("nothing", now=True)
        )
    if found.unsure:
        yield _table(
            "unsure",
            "Open when it was last seen; whether it still is is not known",
            found.unsure,
            made,
            sure=False,
        )
    if found.passed:
        yield table("passed", "Began and ended between", _ENDED, _gone(found.passed, made), right=_RIGHT)


def _table(
    id: str,
    title: str,
    found: Sequence[OpenFinding],
    made: ReportData,
    empty: str = "",
    *,
    sure: bool = True,
) -> ReportPart:
    """``sure``: what is listed is open now; else only what was watched of it counts."""
    f = made.facts

    def rows() -> Iterable[Row]:
        for one in found:
            if sure and one.since is None and one.by is not None:
                since, before = begun(one.by, f.zone, exactly=False)
                over = lasting(f.until - one.by)
                yield one.level, (*_cells(one), since, PartCell(f"over {over.text}", None), before, over)
                continue
            lasts = f.until - one.since if sure and one.since is not None else one.lasted
            yield one.level, (*_cells(one), when(one.since, f.zone), lasting(lasts), NOTHING, NOTHING)

    return table(id, title, _OPEN, rows(), empty, _RIGHT)


def _gone(found: Sequence[EndedFinding], made: ReportData) -> Iterable[Row]:
    for one in found:
        at = when(one.at, made.facts.zone) if one.at is not None else PartCell("not seen", None)
        yield None, (*_cells(one.finding), at, lasting(one.lasted))


def _cells(finding: OpenFinding) -> tuple[PartCell, ...]:
    return state(finding.level), thing(finding.subject), words(finding.rule), words(finding.sentence)


def decide(made: ReportData) -> Iterable[ReportPart]:
    """For the weekly meeting: what does not end by itself and asks for somebody's word."""
    said: list[Sentence] = []
    f, found = made.facts, made.compared
    every = (*found.new, *found.open)
    old = [one for one in every if (at := _begun(one)) is not None and f.until - at >= _LONG]
    old = [one for one in old if one.subject.kind != PROMISE]  # those stand below, by who owns them
    for rule, several in _by_rule(old).items():
        longest = min(several, key=lambda one: _begun(one) or f.until)
        since = _begun(longest) or f.until
        text = f"{rule}: {counted(len(several), 'finding')} open for over a day, {longest.subject} for longest, {human_duration(f.until - since)}: mend it, or say who answers for it until when"
        said.append(judged(text, longest.level))
    for release in made.releases:
        if release.outcome is ReleaseOutcome.BREACHED:
            said.append(
                judged(
                    f"{release.subject} {release.version}: a trigger was crossed and nobody is on record as having gone back: go on, or roll back",
                    Level.BREACH,
                )
            )
    promises = f.promises or {}
    overdue = [s for s in promises.values() if s.standing is ItemStanding.OVERDUE]
    for owner, count in sorted(Counter(s.owner or "nobody" for s in overdue).items()):
        names = ", ".join(sorted({s.title for s in overdue if (s.owner or "nobody") == owner})[:3])
        more = " and more" if len({s.title for s in overdue if (s.owner or "nobody") == owner}) > 3 else ""
        said.append(
            judged(
                f"{counted(count, 'promise')} overdue, of {owner}: {names}{more}: when, and by whom",
                Level.WARN,
            )
        )
    unowned = {s.title for s in promises.values() if s.standing is ItemStanding.NO_EVIDENCE}
    if unowned:
        said.append(
            judged(
                f"of {counted(len(unowned), 'promise')} there is no evidence: {', '.join(sorted(unowned)[:3])}",
                Level.UNKNOWN,
            )
        )
    if made.watched is not None and made.watched.share < 0.9:
        said.append(
            judged(
                "less than nine tenths of the time was watched: let a wallboard or a recorder watch",
                Level.UNKNOWN,
            )
        )
    yield sentences("decide", "To decide", said or [made.none("nothing asks for a decision")])


def _begun(finding: OpenFinding) -> float | None:
    """Since when at least."""
    return finding.since if finding.since is not None else finding.by


def _by_rule(found: Sequence[OpenFinding]) -> dict[str, list[OpenFinding]]:
    by: dict[str, list[OpenFinding]] = {}
    for one in found:
        by.setdefault(one.rule, []).append(one)
    return by


_TIMES = (("breach_seconds", "BREACH"), ("warn_seconds", "WARN"), ("waived_seconds", "WAIVED"))
_TIMES_RIGHT = frozenset(
    {
        "subjects",
        "breach_seconds",
        "warn_seconds",
        "waived_seconds",
        "longest_seconds",
        "open",
        "watched_seconds",
    }
)


def broken(made: ReportData) -> Iterable[ReportPart]:
    """By rule, all that is no band."""
    yield _rules(made, "broken", "Which rule was broken for how long", bands=False)


def bands(made: ReportData) -> Iterable[ReportPart]:
    yield _rules(made, "bands", "Bands, quotas and what else is said of resources", bands=True)


def _rules(made: ReportData, id: str, title: str, *, bands: bool) -> ReportPart:
    fields = (
        ("rule", "RULE"),
        ("subjects", "OBJECTS"),
        *_TIMES,
        ("longest_seconds", "LONGEST"),
        ("worst", "OF"),
        ("open", "OPEN"),
    )

    lasting_now = Counter(one.rule for one in (*made.compared.new, *made.compared.open))

    def rows() -> Iterable[Row]:
        for b in broken_rules(t for t in made.times if t.rule.startswith(_BANDS) is bands):
            yield (
                b.level,
                (
                    words(b.rule),
                    number(b.subjects),
                    lasting(b.breach),
                    lasting(b.warn),
                    lasting(b.waived),
                    lasting(b.longest),
                    thing(b.worst),
                    number(lasting_now[b.rule]),
                ),
            )

    return table(id, title, fields, rows(), _unbroken(made), _TIMES_RIGHT)


def broken_each(made: ReportData) -> Iterable[ReportPart]:
    """For the auditor: each object, with what was seen of it."""
    fields = (
        ("rule", "RULE"),
        ("subject", "WHAT"),
        *_TIMES,
        ("watched_seconds", "WATCHED"),
        ("sentence", "WHY"),
    )

    def rows() -> Iterable[Row]:
        for b in broken_subjects(made.times):
            level = Level.BREACH if b.breach else Level.WARN if b.warn else None
            yield (
                level,
                (
                    words(b.rule),
                    thing(b.subject),
                    lasting(b.breach),
                    lasting(b.warn),
                    lasting(b.waived),
                    lasting(b.watched),
                    words(b.sentence),
                ),
            )

    title = "Which rule was broken by what, for how long"
    yield table("broken", title, fields, rows(), _unbroken(made), _TIMES_RIGHT)


def _unbroken(made: ReportData) -> str:
    """Nothing seen is not nothing broken, where nobody looked."""
    seen = made.watched
    if seen is None or not seen.seconds:
        return "not known: nobody watched"
    return "none, while somebody watched" if seen.gaps else "none"
