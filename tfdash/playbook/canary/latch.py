"""A BREACH stands from its first crossing until a stated rule ends it; that data comes, goes or gets old is none.

It is of one version of one object and of one trigger. It ends by another version; by the release being over with another
version serving everything; by a person's decision to go on, which makes it HOLD; and where the data proves to be no
comparison. Quiet, a restart, time and the loss of a backend do not end it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from msgspec import structs

from tfdash import figures
from tfdash.model.judgement import Breach, Outcome, Trigger
from tfdash.model.release import Phase, ReleaseState
from tfdash.moments import near
from tfdash.playbook.canary.policy import CanaryPolicy, policy_digest

MANUAL = "manual"
"""A person's decision ends when they take it back: it is none of these."""


def standing(breaches: Iterable[Breach], release: ReleaseState) -> tuple[Breach, ...]:
    """Those that are about the version that is released now, the earliest of each trigger."""
    version, found = release.version, dict[str, Breach]()
    for one in breaches:
        if not one.stands or one.version != version or one.uid not in ("", release.uid):
            continue
        known = found.get(one.trigger)
        found[one.trigger] = one if known is None else earlier(known, one)
    return tuple(found[name] for name in sorted(found))


def ends(breaches: Iterable[Breach], release: ReleaseState) -> dict[str, float]:
    """When those of the version that is released now ended, the last of each trigger, epoch seconds: what was crossed before
    is over, though the samples still show it. What is crossed later stands, and can be overruled."""
    found = dict[str, float]()
    for one in breaches:
        if one.ended_at is not None and one.version == release.version and one.uid in ("", release.uid):
            found[one.trigger] = max(one.ended_at, found.get(one.trigger, one.ended_at))
    return found


def earlier(one: Breach, two: Breach) -> Breach:
    """The earlier of two of one key; that a person overruled it is said of either."""
    first, other = (one, two) if one.at <= two.at else (two, one)
    return structs.replace(first, overruled=other.overruled) if other.overruled else first


def merged(one: Iterable[Breach], two: Iterable[Breach]) -> tuple[Breach, ...]:
    """What two know together. An end counts for what was crossed before it, whoever knows of it."""
    found: dict[tuple[str, str, str], Breach] = {}
    for breach in (*one, *two):
        known = found.get(breach.key)
        if known is None:
            found[breach.key] = breach
        elif known.stands == breach.stands:
            found[breach.key] = earlier(known, breach) if known.stands else _later(known, breach)
        else:
            up, over = (known, breach) if known.stands else (breach, known)
            found[breach.key] = up if over.ended_at is not None and up.at > over.ended_at else over
    return tuple(found[key] for key in sorted(found))


def _later(one: Breach, two: Breach) -> Breach:
    return one if (one.ended_at or 0.0) >= (two.ended_at or 0.0) else two


def over(breaches: Sequence[Breach], release: ReleaseState, now: float) -> tuple[Breach, ...]:
    """With those ended that another version's serving everything ends."""
    serves = release.version
    if release.phase not in (Phase.NONE, Phase.COMPLETE) or not serves:
        return tuple(breaches)
    return tuple(
        structs.replace(b, ended=f"{serves} serves everything", ended_at=now)
        if b.stands and b.version != serves and b.uid in ("", release.uid)
        else b
        for b in breaches
    )


def latched(
    triggers: Sequence[Trigger],
    known: Sequence[Breach],
    found: Mapping[str, Breach],
    policy: CanaryPolicy,
    now: float,
    zone: ZoneInfo,
) -> tuple[list[Trigger], tuple[Breach, ...]]:
    """The triggers as they are said, and what stands or ends with them.

    ``known``: what stands already (``standing``); ``found``: first crossings that the samples show. A trigger that nobody
    can judge now is said for what is known of it.
    """
    before = {b.trigger: b for b in known}
    told: list[Trigger] = []
    ends: list[Breach] = []
    for trigger in triggers:
        first = before.pop(trigger.id, None) or found.get(trigger.id)
        if trigger.id == MANUAL or first is None:
            told.append(trigger)
            continue
        if trigger.unlike and _disproves(trigger, first, policy):
            ends.append(structs.replace(first, ended=trigger.sentence, ended_at=now, withdrawn=True))
            told.append(
                structs.replace(
                    trigger,
                    sentence=f"{trigger.sentence}; the BREACH of {near(first.at, now, zone)} is withdrawn",
                )
            )
            continue
        ends.append(first)
        told.append(_said(trigger, first, now, zone))
    for first in before.values():
        ends.append(first)
        unknown = Trigger(
            id=first.trigger,
            title=first.title or first.trigger,
            outcome=Outcome.NO_DATA,
            sentence="it is not judged now",
            unit=first.unit,
        )
        told.append(_said(unknown, first, now, zone))
    return told, tuple(ends)


def _disproves(trigger: Trigger, first: Breach, policy: CanaryPolicy) -> bool:
    """A control probe's failure tells of the runs around it; what series are tells of all of them."""
    return trigger.until is None or trigger.until <= first.at + policy.journeys.stale_after


def _said(trigger: Trigger, first: Breach, now: float, zone: ZoneInfo) -> Trigger:
    since = f"BREACH since {near(first.at, now, zone)}"
    if first.overruled:
        sentence = f"overruled by {first.overruled}; {since} ({short(first)}); now {trigger.outcome}: {trigger.sentence}"
        return structs.replace(trigger, outcome=Outcome.HOLD, sentence=sentence, breached=first)
    if trigger.outcome is Outcome.BREACH:
        return structs.replace(trigger, breached=first, flags=(*trigger.flags, since))
    sentence = f"{since} ({short(first)}); now {trigger.outcome}: {trigger.sentence}"
    return structs.replace(trigger, outcome=Outcome.BREACH, sentence=sentence, breached=first)


def short(first: Breach) -> str:
    """The bare comparison as it was, "3.1 % ≥ 1.32 %"; the sentence where it has no numbers."""
    if first.value is None or first.limit is None:
        return first.sentence
    write = figures.times if first.unit == "s" else figures.percents
    value, limit = write((first.value, first.limit))
    return f"{value} ≥ {limit}"


def breach_of(trigger: Trigger, release: ReleaseState, at: float, policy: CanaryPolicy) -> Breach:
    """The first crossing that this trigger says, at ``at``."""
    return Breach(
        trigger=trigger.id,
        uid=release.uid,
        version=release.version,
        title=trigger.title,
        at=at,
        since=trigger.since,
        until=trigger.until,
        sentence=trigger.sentence,
        value=trigger.value,
        baseline=trigger.baseline,
        limit=trigger.limit,
        unit=trigger.unit,
        canary_policy=policy_digest(policy),
    )
