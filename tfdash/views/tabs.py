"""What each tab says of itself: the worst of the sections behind it."""

from __future__ import annotations

from typing import TypeAlias

from tfdash.model.assessment import Assessment
from tfdash.model.section import SectionState
from tfdash.model.verdict import Level
from tfdash.views import canary
from tfdash.views import state as states
from tfdash.views.pages import PAGES

Badge: TypeAlias = tuple[str, str]
"""``✖3`` and the token of its colour."""


def _said(section: SectionState) -> list[tuple[Level, int]]:
    """The worst that is known, and how much is not known."""
    if section.level < Level.UNKNOWN or section.loading:
        return []
    said = [(section.level, section.count)]
    if section.level > Level.UNKNOWN and section.unknown:
        said.append((Level.UNKNOWN, section.unknown))
    return said


def badges(assessment: Assessment) -> dict[str, tuple[Badge, ...]]:
    """By tab, worst first, at most two each; what is still loading says nothing."""
    found: dict[str, set[tuple[int, int, str, str]]] = {}
    for section in assessment.sections:
        tabs = [page.id for page in PAGES if section.id in page.sections or page.id == section.target]
        for said, count in _said(section):
            state = states.of_level(said)
            badge = (-said, -count, f"{state.glyph}{count or ''}", state.token)
            for tab in ("overview", *tabs):
                found.setdefault(tab, set()).add(badge)
    flying: dict[states.State, int] = {}
    for release in canary.shown(assessment):
        state = canary.verdict(release, canary.judgement_of(assessment, release))
        if state.level >= Level.WARN:
            key = states.of_level(state.level)
            flying[key] = flying.get(key, 0) + 1
    found["canary"] = {
        (-state.level, -many, f"{state.glyph}{many}", state.token) for state, many in flying.items()
    }
    shown: dict[str, tuple[Badge, ...]] = {}
    for tab, several in found.items():
        by_level: dict[int, Badge] = {}
        for level, _, text, token in sorted(several):
            by_level.setdefault(level, (text, token))
        shown[tab] = tuple(by_level.values())[:2]
    return shown
