"""``tfdash snapshot --screen canary``: the releases in flight and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.release import ReleaseState
from tfdash.model.traffic import NOT_MEASURED
from tfdash.model.verdict import Level
from tfdash.report.gather import code_of, counted, readable
from tfdash.report.shown import (
    ReportAsked,
    ReportPart,
    Sentence,
    SentencesPart,
    Shown,
    TableField,
    TablePart,
    TableRow,
    framed,
    plain_of,
)
from tfdash.text import safe
from tfdash.views import canary, canaryfacts, canarywhy
from tfdash.views.calendar.release import as_json as calendar_json
from tfdash.views.sources import doubts, source_rows
from tfdash.views.table import Line

CANARY = "canary"
KINDS = (
    "Deployment",
    "ReplicaSet",
    "Pod",
    "Rollout",
    "AnalysisRun",
    "Experiment",
    "Canary",
)
"""What must have been read whole, so that a release that is not listed is not there."""


def shown(asked: ReportAsked) -> Shown:
    picture, assessment, now = asked.picture, asked.assessment, asked.now
    releases = canary.shown(assessment, (asked.namespace,) if asked.namespace else None)
    lacking = tuple(dict.fromkeys((*unread(picture), *asked.late)))
    sources = source_rows(picture, now, assessment.stale)
    levels = [assessment.answer(r).level for r in releases]
    code = code_of((*levels, *doubts(sources, CANARY)), lacking)

    def content() -> dict[str, Any]:
        return {
            "calendar": calendar_json(assessment.calendar) if assessment.calendar is not None else None,
            "metrics": _metrics(picture, now),
            "releases": [
                canarywhy.as_json(r, canary.judgement_of(assessment, r), assessment.answer(r))
                for r in releases
            ],
        }

    def nothing() -> list[str]:
        read = not lacking and canary.unread(assessment) is None
        return [
            _plain(line)
            for line in canaryfacts.nothing_lines(picture, assessment, now, asked.zone, read=read)
        ]

    def lines() -> list[str]:
        told = [] if releases else nothing()
        for release in releases:
            told += [*_release(picture, assessment, release, now, asked.zone), ""]
        if releases:
            told.append(_plain(canaryfacts.calendar_line(assessment.calendar)))
        return told

    def parts() -> list[ReportPart]:
        if not releases:
            level = Level.UNKNOWN if lacking or canary.unread(assessment) is not None else None
            return [SentencesPart("canary", "", tuple(Sentence(line, level) for line in nothing() if line))]
        table = TablePart(
            "releases",
            "Releases in flight",
            _FIELDS,
            tuple(_row(assessment, r, asked.zone) for r in releases),
        )
        told: list[ReportPart] = [table]
        for release in releases:
            arithmetic = _release(picture, assessment, release, now, asked.zone)
            told += plain_of(arithmetic, "arithmetic", safe(release.subject.name))
        return [
            *told,
            SentencesPart(
                "calendar", "", (Sentence(_plain(canaryfacts.calendar_line(assessment.calendar))),)
            ),
        ]

    return framed(asked, code, counted(levels), sources, lacking, content, lines, parts)


_FIELDS = (
    TableField("level", "STATE"),
    TableField("namespace", "NAMESPACE"),
    TableField("name", "RELEASE"),
    TableField("carrier", "CARRIER"),
    TableField("weight", "WEIGHT", right=True),
    TableField("sentence", "VERDICT"),
    TableField("advice", "NEXT"),
)


def _row(assessment: Assessment, release: ReleaseState, zone: ZoneInfo) -> TableRow:
    answer = assessment.answer(release)
    head = canary.headline(release, canary.judgement_of(assessment, release), answer, zone)
    subject, weight = release.subject, release.weight.actual
    texts = (safe(subject.namespace), safe(subject.name), release.carrier.value)
    told = (safe(head.text), safe(head.advice))
    return TableRow(
        answer.level,
        (head.state.text, *texts, "" if weight is None else f"{weight:g} %", *told),
        (answer.level.name, *texts, weight, *told),
    )


def _release(
    picture: Picture, assessment: Assessment, release: ReleaseState, now: float, zone: ZoneInfo
) -> list[str]:
    """The headline, what the screen shows around it, and the whole arithmetic."""
    judgement = canary.judgement_of(assessment, release)
    answer = assessment.answer(release)
    head = canary.headline(release, judgement, answer, zone)
    around = [
        canary.against(release, judgement),
        canary.step_line(release, now),
        canary.skip_line(release),
        canaryfacts.journey_line(picture, release, now),
        *canaryfacts.analysis_lines(release),
        canaryfacts.managed_by_line(release),
        canaryfacts.good_line(canaryfacts.good_of(picture, release), now),
        *canaryfacts.metrics_lines(picture, release, now),
    ]
    lines = [f"{head.state.text}  {head.text}{f'  -> {head.advice}' if head.advice else ''}"]
    lines += [f"  {text}" for line in around if (text := _plain(line))]
    if judgement is not None:
        lines += [
            "",
            *(f"  {line}".rstrip() for line in canarywhy.why_lines(release, judgement, answer, zone)[2:]),
        ]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _plain(line: Line) -> str:
    return "".join(cell if isinstance(cell, str) else cell[0] for cell in line).rstrip()


def _metrics(picture: Picture, now: float) -> list[dict[str, Any]]:
    """Each metric backend: reached or not, and when it answered last."""
    return [
        {
            "cluster": safe(ref.cluster),
            "environment": safe(ref.environment),
            "source": safe(seen.source),
            "version": safe(seen.value) if seen.value else None,
            "age_seconds": None if seen.observed_at is None else round(now - seen.observed_at, 3),
            "problem": safe(str(seen.problem)) if seen.problem is not None else None,
        }
        for ref, seen in picture.signals.prometheus.items()
        if seen is not NOT_MEASURED
    ]


def unread(picture: Picture) -> Iterable[str]:
    """CLUSTER/KIND of what was not read whole, so that a release may be there that nobody sees."""
    for cluster in picture.clusters.values():
        for kind in KINDS:
            if not readable(cluster.kinds.get(kind)):
                yield f"{cluster.ref.cluster}/{kind}"
