"""What each tab says of itself: the worst of the sections behind it."""

from __future__ import annotations

from collections import Counter
from typing import TypeAlias

from tfdash.model.assessment import Assessment
from tfdash.model.section import SectionState
from tfdash.model.verdict import Level
from tfdash.views import state as states
from tfdash.views.found import found_rows
from tfdash.views.pages import PAGES

Badge: TypeAlias = tuple[str, str]
"""``✖3`` and the token of its colour."""
RELEASES = "releases"  # the section whose answers the Canary page lists


def _said(section: SectionState) -> list[tuple[Level, int]]:
    """The worst that is known, and how much is not known."""
    if section.level < Level.UNKNOWN or section.loading:
        return []
    said = [(section.level, section.count)]
    if section.level > Level.UNKNOWN and section.unknown:
        said.append((Level.UNKNOWN, section.unknown))
    return said


def _rows_of_canary(assessment: Assessment) -> Counter[Level]:
    """How many releases stand on its page at each level that asks for somebody; and what could not be read, as the section
    counts it."""
    rows = Counter(a.level for a in assessment.answers.values() if a.listed and a.level >= Level.UNKNOWN)
    section = next((s for s in assessment.sections if s.id == RELEASES), None)
    if section is not None and not section.loading and section.unknown > rows[Level.UNKNOWN]:
        rows[Level.UNKNOWN] = section.unknown
    return rows


def _rows_of_overview(assessment: Assessment) -> Counter[Level]:
    """How many findings stand on it at each level that asks for somebody; a section that tells none one by one as it counts."""
    rows = Counter(
        row.finding.level
        for row in found_rows(assessment.sections).values()
        if row.finding.level >= Level.UNKNOWN
    )
    for section in assessment.sections:
        if not section.findings:
            rows.update(dict(_said(section)))
    return rows


def _badges_of(rows: Counter[Level]) -> set[tuple[int, int, str, str]]:
    return {
        (-told, -count, f"{states.of_level(told).glyph}{count or ''}", states.of_level(told).token)
        for told, count in rows.items()
    }


def badges(assessment: Assessment) -> dict[str, tuple[Badge, ...]]:
    """By tab, worst first, at most two each; what is still loading says nothing."""
    found: dict[str, set[tuple[int, int, str, str]]] = {}
    for section in assessment.sections:
        tabs = [page.id for page in PAGES if section.id in page.sections or page.id == section.target]
        for said, count in _said(section):
            state = states.of_level(said)
            badge = (-said, -count, f"{state.glyph}{count or ''}", state.token)
            for tab in tabs:
                found.setdefault(tab, set()).add(badge)
    # their own rows, and not what the sections say of workloads that are listed elsewhere
    found["canary"] = _badges_of(_rows_of_canary(assessment))
    found["overview"] = _badges_of(_rows_of_overview(assessment))
    shown: dict[str, tuple[Badge, ...]] = {}
    for tab, several in found.items():
        by_level: dict[int, Badge] = {}
        for level, _, text, token in sorted(several):
            by_level.setdefault(level, (text, token))
        shown[tab] = tuple(by_level.values())[:2]
    return shown
