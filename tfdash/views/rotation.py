"""The rotation of each authority, step by step, as lines of text: page, report and JSON read the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.rotation import Rotation, RotationStep, RotationStepState, Stage
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.nouns import counted
from tfdash.playbook.certificates.by_hand import by_hand
from tfdash.playbook.certificates.rotation import began, obstacles
from tfdash.playbook.schedule.local import zone_of
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.certificates import nothing_text

_GLYPHS = {
    RotationStepState.DONE: "✔",
    RotationStepState.ALREADY: "·",
    RotationStepState.NOW: "▶",
    RotationStepState.WAITS: "…",
    RotationStepState.UNKNOWN: "?",
}
_LISTED = 12  # names of one step that are listed
NONE = "No authority is kept here that this is about."


class AuthorityRotation(NamedTuple):
    """One authority with how far it is. ``subject``: its Certificate."""

    subject: Subject
    rotation: Rotation
    zone: ZoneInfo = ZoneInfo("UTC")  # in which its times are told


def rotations(
    assessment: Assessment, namespaces: Sequence[str] | None = None
) -> tuple[AuthorityRotation, ...]:
    """Of each family the newest; what is under way first."""
    zone = zone_of(assessment.calendar)
    found = (
        AuthorityRotation(subject, rotation, zone)
        for subject, rotation in assessment.rotations.items()
        if (subject.namespace, subject.name) == (rotation.newest.namespace, rotation.newest.name)
        and (namespaces is None or subject.namespace in namespaces)
    )
    return tuple(sorted(found, key=lambda t: (not t.rotation.under_way, t.subject)))


def about(told: Sequence[AuthorityRotation], subject: Subject) -> tuple[AuthorityRotation, ...]:
    """Those of the authority that it is, of its family, or of those that signed it."""

    def concerns(one: AuthorityRotation) -> bool:
        rotation, at = one.rotation, (subject.namespace, subject.name)
        of_it = rotation.signed
        known = (rotation.newest, *rotation.before, *of_it.new, *of_it.old, *of_it.unknown)
        return one.subject.cluster == subject.cluster and any((c.namespace, c.name) == at for c in known)

    return tuple(one for one in told if concerns(one))


def lines(picture: Picture, told: Sequence[AuthorityRotation]) -> list[str]:
    """All of them, one below the other."""
    if not told:
        nothing = nothing_text(picture)
        return [NONE if nothing.startswith("No certificate") else nothing]
    found: list[str] = []
    for one in told:
        found += [*([""] if found else []), *of_one(one)]
    return found


def of_one(told: AuthorityRotation) -> list[str]:
    rotation = told.rotation
    name = safe(f"{told.subject.cluster.cluster} {told.subject.namespace}/{told.subject.name}")
    since = f"since {began(rotation, told.zone)}" if rotation.facts is not None else "since when is not known"
    if not rotation.under_way:
        return [_idle_head(name, rotation, told.zone), *_idle(rotation)]
    first = rotation.first
    place = next((n for n, s in enumerate(rotation.steps, 1) if s is first), len(rotation.steps))
    head = f"{name}: is rotated {since}, step {place} of {len(rotation.steps)}"
    return [
        head,
        *_faults(rotation),
        *(line for n, s in enumerate(rotation.steps, 1) for line in _of_step(n, s, rotation)),
        *_apart(rotation),
    ]


def _idle_head(name: str, rotation: Rotation, zone: ZoneInfo) -> str:
    if rotation.facts is None or rotation.signed.unknown:
        return f"? {name}: whether a rotation is under way is not known"
    return f"{name}: no rotation is under way; the one that signs began {began(rotation, zone)}"


def _idle(rotation: Rotation) -> Iterator[str]:
    steps = {s.stage: s.proof for s in rotation.steps}
    yield f"    {counted(rotation.signed.total, 'leaf')} of it; its trust: {safe(steps[Stage.ANCHORED].told)}"
    for stage in (Stage.MADE, Stage.REISSUED) if rotation.facts is None or rotation.signed.unknown else ():
        yield from (f"    ? {safe(sentence)}" for sentence in steps[stage].unread[:_LISTED])
    yield from _apart(rotation)
    for sentence in obstacles(rotation):
        yield f"    ▲ a new one may not be made yet: {safe(sentence)}"


def _faults(rotation: Rotation) -> Iterator[str]:
    breach, warn = states.of_level(Level.BREACH).text, states.of_level(Level.WARN).text
    for where in rotation.gone:
        yield f"  {breach} {safe(where)} does not trust the old one any more, and what that signed is still there"
    for where in rotation.early:
        yield f"  {warn} {safe(where)} does not trust the new one yet, which signs already"


def _apart(rotation: Rotation) -> Iterator[str]:
    for where in rotation.apart:
        yield f"  · {safe(where)} cannot be read, and trusts none of ours by trusts_none of [policy.certificates]"


def _of_step(number: int, step: RotationStep, rotation: Rotation) -> Iterator[str]:
    yield f"  {_GLYPHS[step.state]} {number} {step.state.upper():<7} {step.stage}: {safe(step.proof.told)}"
    if step.state not in (RotationStepState.NOW, RotationStepState.UNKNOWN):
        return
    names = step.proof.left
    if len(names) > 3:
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        yield f"      {safe(', '.join(names[:_LISTED]))}{more}"
    for sentence in step.proof.unread[1:]:
        yield f"      ? {safe(sentence)}"
    for sentence in by_hand(step.stage, rotation):
        yield f"      → {safe(sentence)}"


def as_json(told: AuthorityRotation) -> dict[str, Any]:
    rotation = told.rotation
    return {
        "cluster": told.subject.cluster.cluster,
        "namespace": safe(told.subject.namespace),
        "name": safe(told.subject.name),
        "under_way": rotation.under_way,
        "steps": [
            {
                "step": step.stage.name.lower(),
                "text": str(step.stage),
                "state": str(step.state),
                "done": step.proof.done,
                "total": step.proof.total,
                "left": [safe(name) for name in step.proof.left],
                "unread": [safe(sentence) for sentence in step.proof.unread],
            }
            for step in rotation.steps
        ],
        "distrusts_new": [safe(where) for where in rotation.early],
        "distrusts_old": [safe(where) for where in rotation.gone],
    }
