"""A section of the playbook as titles and lines say it: its state, its sentence, whom it names, and the next key."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.model.section import SectionState
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import short_age
from tfdash.views.pages import PAGES
from tfdash.views.table import Cell

_DIGITS = {page.id: page.digit for page in PAGES if page.digit}
_DIGITS["deployments"] = _DIGITS["workloads"]
_UNREAD = ":sources says what is not read"
_NEXT = {  # by section and level: what to press where its page is shown
    ("releases", Level.BREACH): "b: roll back",
    ("releases", Level.WARN): "w: why; b: roll back, o: go on or retry",
    ("releases", Level.UNKNOWN): "w: why; :sources",
    ("releases", Level.PAUSED): "o: go on, b: roll back",
    ("serving", Level.BREACH): "w: why; b: roll back",
    ("serving", Level.WARN): "w: why; enter: its pods",
    ("nodes", Level.BREACH): "d: describe; i: cordon or drain",
    ("nodes", Level.WARN): "d: describe; i: cordon or drain",
}


def state_of(section: SectionState) -> states.State:
    return states.LOADING if section.loading else states.of_level(Level(section.level))


def said(sections: Iterable[SectionState], *ids: str) -> list[Cell]:
    """The sections of a page, each with its state, for the page's title."""
    by_id = {section.id: section for section in sections}
    return [_said(by_id[id]) for id in ids if id in by_id]


def _said(section: SectionState) -> Cell:
    state = state_of(section)
    sentence = state.word if section.loading else safe(section.sentence)
    return (f"{state.glyph} {sentence}", state.token)


def next_line(section: SectionState, now: float) -> str:
    """``next: 3, then b: roll back · since 4m · Rollout tf-production/web in eu-1``; "" of what asks for nothing."""
    if section.level < Level.PAUSED or section.loading:
        return ""
    keys = _NEXT.get((section.id, Level(section.level)), _UNREAD)
    if section.level is Level.UNKNOWN and section.subject is None:
        keys = _UNREAD  # no row to ask about
    digit = _DIGITS.get(section.target, "")
    parts = [f"next: {digit}, then {keys}" if digit and keys is not _UNREAD else f"next: {keys}"]
    if section.since:
        parts.append(f"since {short_age(now - section.since)}")
    subject = section.subject
    if subject is not None:
        where = f"{subject.namespace}/" if subject.namespace else ""
        parts.append(safe(f"{subject.kind} {where}{subject.name} in {subject.cluster.cluster}"))
    return " · ".join(parts)
