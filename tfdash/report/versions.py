"""``tfdash snapshot --screen versions``: which versions of Kubernetes run and what is said of them, as text or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.verdict import Level
from tfdash.model.versions import PlannedUpdate, Soak, VersionSighting
from tfdash.report.document import written
from tfdash.report.gather import code_of, counted
from tfdash.report.snapshot import SCHEMA_VERSION, place, sources_json, sources_text, verdict_json
from tfdash.text import safe
from tfdash.views.layout import cut_apart
from tfdash.views.sources import doubts, source_rows
from tfdash.views.times import clocks, iso
from tfdash.views.versions import lines as versions_lines

VERSIONS = "versions"


def versions_report(
    picture: Picture,
    assessment: Assessment,
    format: str,
    now: float,
    zone: ZoneInfo,
    width: int | None = None,
    late: Sequence[str] = (),
) -> tuple[str, int]:
    """The report and its exit code. ``width`` cuts a text's lines to so many cells; ``late`` names what was waited for in vain."""
    state, memory = assessment.versions, picture.store_state.versions
    section = next((s for s in assessment.sections if s.id == VERSIONS), None)
    sources = source_rows(picture, now, assessment.stale)
    verdicts = sorted(state.verdicts, key=lambda v: -v.level) if state is not None else []
    doubtful = doubts(sources, VERSIONS)
    doubtful += [Level(section.level)] if section is not None else []
    doubtful += [Level.UNKNOWN] if not verdicts else []
    code = code_of([*(v.level for v in verdicts), *doubtful], late)
    if format == "json":
        document = {
            "schema_version": SCHEMA_VERSION,
            "generated_at": iso(now),
            "screen": VERSIONS,
            "namespace": None,
            "exit_code": code,
            "counts": counted(v.level for v in verdicts),
            "sources": sources_json(sources),
            "unread": [safe(name) for name in late],
            "running": safe(state.running) or None if state is not None else None,
            "next": safe(state.next) or None if state is not None else None,
            "soak": _soak(state.soak) if state is not None and state.soak is not None else None,
            "plans": [_plan(plan) for plan in state.plans] if state is not None else [],
            "seen": [
                *(_seen(one, recorded=False) for one in (state.seen if state is not None else ())),
                *(_seen(one, recorded=True) for one in memory.sightings),
            ],
            "verdicts": [verdict_json(verdict) for verdict in verdicts],
        }
        return written(document), code
    lines = [f"{place(picture)}  {clocks(now, zone)}", ""]
    told = versions_lines(state, memory, zone.key) if state is not None else ["? nothing was judged yet"]
    lines += told
    lines += [f"? not read: {safe(name)}" for name in late]
    lines += ["", *sources_text(sources)]
    return "\n".join(cut_apart(lines, width) if width else lines), code


def _soak(soak: Soak) -> dict[str, Any]:
    return {
        "version": safe(soak.version),
        "since": iso(soak.since),
        "until": iso(soak.until),
        "watched_seconds": round(soak.watched),
        "first": soak.first,
        "gaps": [{"since": iso(gap.since), "until": iso(gap.until)} for gap in soak.gaps],
    }


def _plan(plan: PlannedUpdate) -> dict[str, Any]:
    return {
        "environment": safe(plan.environment),
        "version": safe(plan.version),
        "day": safe(plan.day),
        "announced": iso(plan.announced),
    }


def _seen(one: VersionSighting, *, recorded: bool) -> dict[str, Any]:
    return {
        "environment": safe(one.cluster.environment),
        "cluster": safe(one.cluster.cluster),
        "since": iso(one.since),
        "until": iso(one.until),
        "versions": [safe(version) for version in one.versions],
        "recorded": recorded,
    }
