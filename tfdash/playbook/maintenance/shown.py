"""What a live source shows now, put beside what is on record. Pure."""

from __future__ import annotations

import msgspec

from tfdash.model.maintenance import Completion, EvidenceKind, ItemStanding, ItemState, LiveReading, Sighting
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.playbook.maintenance.facts import Facts
from tfdash.text import safe

EACH = 3600.0
"""Seconds by which a look is told as younger: each look anew would have all judged anew."""
_ASKED = frozenset({ItemStanding.DUE, ItemStanding.OVERDUE})


def completion_of(subject: Subject, shown: LiveReading, recorded_at: float) -> Completion | None:
    """What it shows, as it is recorded; None where it shows nothing that was done."""
    if shown.problem or shown.done_at is None:
        return None
    return Completion(
        subject=subject,
        done_at=shown.done_at,
        recorded_at=recorded_at,
        evidence=EvidenceKind.LIVE,
        by=shown.by,
        note=shown.note,
    )


def recorded(facts: Facts, shown: LiveReading) -> bool:
    """Whether it is on record already that it was done then."""
    return any(c.evidence is EvidenceKind.LIVE and c.done_at == shown.done_at for c in facts.completions)


def with_seen(facts: Facts, subject: Subject, shown: LiveReading, since: float) -> Facts:
    """``facts`` and what is shown, since ``since`` to this terminal."""
    if shown.problem:
        return facts
    done = None if recorded(facts, shown) else completion_of(subject, shown, since)
    first = Sighting(
        max(since, shown.done_at or 0.0), shown.done_at, since
    )  # from when account is kept, where nobody said
    seen = Sighting(shown.seen, shown.done_at, shown.seen)
    return facts._replace(
        completions=(*facts.completions, done) if done is not None else facts.completions,
        sightings=(*facts.sightings, *((first, seen) if since < shown.seen else (seen,))),
    )


def told_with(state: ItemState, shown: LiveReading) -> ItemState:
    """``state`` with what its source shows: where that is not known, nothing is due or overdue; what is being done is in progress."""
    state = msgspec.structs.replace(state, live=shown)
    if state.standing not in _ASKED:
        return state
    if shown.problem:
        return msgspec.structs.replace(
            state,
            standing=ItemStanding.NO_EVIDENCE,
            level=Level.UNKNOWN,
            since=None,
            **_said(state, f"no evidence: {safe(shown.problem)}"),
            cause=safe(shown.problem),
        )
    if shown.since is not None:
        return msgspec.structs.replace(
            state,
            standing=ItemStanding.IN_PROGRESS,
            level=Level.MOVING,
            since=shown.since,
            **_said(state, f"in progress: {safe(shown.note)}"),
        )
    return state


def _said(state: ItemState, words: str) -> dict[str, str]:
    return {"sentence": f"{state.title}: {words}", "words": words}
