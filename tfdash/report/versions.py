"""``tfdash snapshot --screen versions``: which versions of Kubernetes run and what is said of them."""

from __future__ import annotations

from typing import Any

from tfdash.model.verdict import Level
from tfdash.model.versions import PlannedUpdate, Soak, VersionSighting
from tfdash.report.gather import code_of, counted
from tfdash.report.shown import (
    ReportAsked,
    ReportPart,
    Sentence,
    SentencesPart,
    Shown,
    framed,
    plain_of,
    verdict_json,
)
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.sources import doubts, source_rows
from tfdash.views.times import iso
from tfdash.views.versions import lines as versions_lines
from tfdash.views.versions import rests_on

VERSIONS = "versions"
_NOTHING = "? nothing was judged yet"


def shown(asked: ReportAsked) -> Shown:
    """Of no namespace."""
    asked = asked._replace(namespace=None)
    assessment = asked.assessment
    state, memory = assessment.versions, asked.picture.store_state.versions
    section = next((s for s in assessment.sections if s.id == VERSIONS), None)
    sources = source_rows(asked.picture, asked.now, assessment.stale)
    verdicts = sorted(state.verdicts, key=lambda v: -v.level) if state is not None else []
    doubtful = doubts(sources, VERSIONS)
    doubtful += [Level(section.level)] if section is not None else []
    doubtful += [Level.UNKNOWN] if not verdicts else []
    code = code_of([*(v.level for v in verdicts), *doubtful], asked.late)

    def content() -> dict[str, Any]:
        return {
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

    def told() -> list[str]:
        return versions_lines(state, memory, asked.zone.key) if state is not None else [_NOTHING]

    def parts() -> list[ReportPart]:
        if state is None:
            return [SentencesPart("versions", "", (Sentence(_NOTHING, Level.UNKNOWN),))]
        said = [Sentence(safe(v.sentence), v.level, states.of_level(v.level).text) for v in verdicts]
        rest = rests_on(state, memory, asked.zone.key)
        running = safe(state.running) or "nothing is known to run"
        return [SentencesPart("versions", running, tuple(said)), *plain_of(rest, "seen", "What it rests on")]

    return framed(asked, code, counted(v.level for v in verdicts), sources, asked.late, content, told, parts)


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
