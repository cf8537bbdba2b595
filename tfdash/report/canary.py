"""``tfdash snapshot --screen canary``: the releases in flight and what is said of them, as text or JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.release import ReleaseState
from tfdash.model.traffic import NOT_MEASURED
from tfdash.report.document import written
from tfdash.report.gather import code_of, counted, readable
from tfdash.report.snapshot import SCHEMA_VERSION, place, sources_json, sources_text
from tfdash.text import safe
from tfdash.views import canary, canaryfacts, canarywhy
from tfdash.views.calendar.release import as_json as calendar_json
from tfdash.views.layout import cut_apart
from tfdash.views.sources import doubts, source_rows
from tfdash.views.table import Line
from tfdash.views.times import clocks, iso

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


def canary_report(
    picture: Picture,
    assessment: Assessment,
    namespace: str | None,
    format: str,
    now: float,
    zone: ZoneInfo,
    width: int | None = None,
    late: Sequence[str] = (),
) -> tuple[str, int]:
    """The report and its exit code. ``namespace`` None: all; ``width`` cuts a text's lines to so many cells; ``late``
    names what was waited for in vain."""
    releases = canary.shown(assessment, (namespace,) if namespace else None)
    lacking = tuple(dict.fromkeys((*unread(picture), *late)))
    sources = source_rows(picture, now, assessment.stale)
    levels = [assessment.answer(r).level for r in releases]
    doubtful = doubts(sources, CANARY)
    code = code_of((*levels, *doubtful), lacking)
    if format == "json":
        document = {
            "schema_version": SCHEMA_VERSION,
            "generated_at": iso(now),
            "screen": CANARY,
            "namespace": safe(namespace) if namespace else None,
            "exit_code": code,
            "counts": counted(levels),
            "sources": sources_json(sources),
            "unread": [safe(u) for u in lacking],
            "calendar": calendar_json(assessment.calendar) if assessment.calendar is not None else None,
            "metrics": _metrics(picture, now),
            "releases": [
                canarywhy.as_json(r, canary.judgement_of(assessment, r), assessment.answer(r))
                for r in releases
            ],
        }
        return written(document), code
    lines = [f"{place(picture)}  {clocks(now, zone)}", ""]
    if not releases:
        read = not lacking and canary.unread(assessment) is None
        told = canaryfacts.nothing_lines(picture, assessment, now, zone, read=read)
        lines += [_plain(line) for line in told]
    for release in releases:
        lines += [*_release(picture, assessment, release, now, zone), ""]
    if releases:
        lines.append(_plain(canaryfacts.calendar_line(assessment.calendar)))
    lines += [f"? not read: {safe(name)}" for name in lacking]
    lines += ["", *sources_text(sources)]
    return "\n".join(cut_apart(lines, width) if width else lines), code


def _release(
    picture: Picture, assessment: Assessment, release: ReleaseState, now: float, zone: ZoneInfo
) -> list[str]:
    """The headline, what the screen shows around it, and the whole arithmetic."""
    judgement = canary.judgement_of(assessment, release)
    answer = assessment.answer(release)
    head = canary.headline(release, judgement, answer)
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
