"""A section of the playbook as titles and lines say it: its state, its sentence, whom it names, and the next key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tfdash.model.action import Offer
from tfdash.model.assessment import Assessment
from tfdash.model.kinds import KINDS, PLAIN
from tfdash.model.section import SectionState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import short_age
from tfdash.views.found import where
from tfdash.views.pages import PAGES
from tfdash.views.plan import key_words
from tfdash.views.table import Cell, Line

_DIGITS = {page.id: page.digit for page in PAGES if page.digit}
_DIGITS["deployments"] = _DIGITS["workloads"]
_FEW = 4  # so many sections have a line each on any screen
_UNREAD = ":sources says what is not read"
_NEXT: dict[tuple[str, Level], tuple[str, str]] = {
    # by section and level, where its page is shown: which keys act, in the order in which they are named, and how to look closer ("": as usual)
    ("releases", Level.BREACH): ("b", "w: why"),
    ("releases", Level.WARN): ("bo", "w: why"),
    ("releases", Level.PAUSED): ("ob", "w: why"),
    ("serving", Level.BREACH): ("b", "w: why"),
    ("serving", Level.WARN): ("", "w: why; enter: its pods"),
    ("jobs", Level.WARN): ("", "w: why; enter: down to its pods"),
    ("jobs", Level.UNKNOWN): ("", "w: why"),
    ("nodes", Level.BREACH): ("i", "d: describe"),
    ("nodes", Level.WARN): ("i", "d: describe"),
    ("certificates", Level.BREACH): ("r", ""),
    ("certificates", Level.WARN): ("r", ""),
}


def state_of(section: SectionState) -> states.State:
    return states.LOADING if section.loading else states.of_level(Level(section.level))


def said(sections: Iterable[SectionState], *ids: str) -> list[Cell]:
    """The sections of a page, each with its state, for the page's title."""
    by_id = {section.id: section for section in sections}
    return [_said(by_id[id]) for id in ids if id in by_id]


def behind(sections: Iterable[SectionState], page: str, shown: str) -> list[Cell]:
    """What the badge of a tab counts besides the section that its page shows, each with where it stands:
    ``▲4 Certificates :certificates``."""
    mine = next(p.sections for p in PAGES if p.id == page)
    worse = [
        s for s in sections if s.id in mine and s.id != shown and s.level >= Level.UNKNOWN and not s.loading
    ]
    told: list[Cell] = []
    for section in sorted(worse, key=lambda s: -s.level):
        state = state_of(section)
        told.append((f"{state.glyph}{section.count or ''} {section.title} :{section.target}", state.token))
    return told


def _said(section: SectionState) -> Cell:
    state = state_of(section)
    return (f"{state.glyph} {safe(section.sentence)}", state.token)


def asked(assessment: Assessment, subject: Subject, now: float, keys: str) -> str:
    """`` · since 4m · w: why`` of an object that is WARN or worse, behind its name; "" of every other."""
    times = [v.since for v in assessment.verdicts.get(subject, ()) if v.level >= Level.WARN]
    times += [
        f.since
        for section in assessment.sections
        for f in section.findings
        if f.subject is not None and f.subject[:4] == subject[:4] and f.level >= Level.WARN
    ]
    if not times:
        return ""
    known = [at for at in times if at]
    since = f" · since {short_age(now - min(known))}" if known else ""
    return f"{since} · {keys}"


_SHARED = (Level.OK, Level.IDLE)
_APART = 2  # of those that are not judged, so many still have a line each


def section_lines(sections: Sequence[SectionState], tall: bool) -> list[Line]:
    """Each with its state and sentence, in their order; where there is not much height (not ``tall``) those that are well
    share one line, and those that are not judged, where they are more than a few."""
    shared = (
        {}
        if tall or len(sections) <= _FEW
        else {
            level: alike
            for level in _SHARED
            if (alike := [s for s in sections if s.level == level])
            and (level is Level.OK or len(alike) > _APART)
        }
    )
    lines: list[Line] = []
    for section in sections:
        if section.level not in shared:
            state = state_of(section)
            token = "" if section.level > Level.OK else "dim"
            lines.append(
                [
                    (f" {section.title:<14} ", "bright"),
                    (f"{state.text:<12} ", state.token),
                    (safe(section.sentence), token),
                ]
            )
    for level, alike in shared.items():
        state = states.of_level(level)
        lines.append(
            [
                (f" {'':14} ", ""),
                (f"{state.text:<12} ", state.token),
                (", ".join(s.title for s in alike), "dim"),
            ]
        )
    return lines


def next_line(section: SectionState, now: float, offers: Sequence[Offer] = ()) -> str:
    """``next: 3, then b: roll back · since 4m · Rollout tf-production/web in eu-1``; "" of what asks for nothing. The digit
    leads to its row, and to a page without one its command.

    ``offers``: what the gate says of the section's subject now; a key that it would refuse is not named."""
    if section.level < Level.PAUSED or section.loading:
        return ""
    page = _DIGITS.get(section.target, f":{section.target}")
    if section.subject is None:  # no row to ask about
        return _told(_UNREAD if _unread(section) else page, section, now)
    explained = KINDS.get(section.subject.kind, PLAIN).why
    other = ("s", "w: why" if explained else "enter: more of it")
    acting, closer = _NEXT.get((section.id, Level(section.level)), other)
    closer = closer or other[1]
    open = {o.key: safe(key_words(o.title)) for o in offers if o.key and not o.refused}
    acts = ", ".join(f"{key}: {open[key]}" for key in acting if key in open)
    return _told(f"{page}, then {closer}; {acts}" if acts else f"{page}, then {closer}", section, now)


def next_command(section: SectionState, now: float, recorded: bool = False) -> str:
    """The same for who reads it where there are no keys, on paper or in a browser: the command that shows it. ``recorded``: it is of a
    recording, and no command that looks at what is now."""
    if section.level < Level.PAUSED or section.loading:
        return ""
    if section.subject is None and _unread(section) and not recorded:
        return _told("tfdash doctor says what is not read", section, now)
    command = f"tfdash{' replay FILE' if recorded else ''} --screen {section.target}"
    return _told(command, section, now)


def _unread(section: SectionState) -> bool:
    """Whether something was not read of it; what is UNKNOWN with nothing found is so though all was: an empty cluster's nodes."""
    return bool(section.unknown or (section.level is Level.UNKNOWN and section.findings))


def _told(next: str, section: SectionState, now: float) -> str:
    parts = [f"next: {next}"]
    if section.since:
        parts.append(f"since {short_age(now - section.since)}")
    if section.subject is not None:
        parts.append(where(section.subject))
    return " · ".join(parts)
