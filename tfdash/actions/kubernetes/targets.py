"""Which version a rollback goes to, and whether that is a way back at all: the gate looks at the effect.

Other than kubectl's default, "the second highest revision", the target is the last verified good version, else the newest that
served before what runs now and was not left since. What was left is released again, and that is a release.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes import templates
from tfdash.actions.kubernetes.never_served import KeptVersion, never_served, served_last
from tfdash.model.store_state import VerifiedGood
from tfdash.moments import weekday_moment
from tfdash.playbook.releases.facts import canonical
from tfdash.playbook.releases.history import Direction, History, Kept, history

REVISION = "deployment.kubernetes.io/revision"
_REVISIONS = (REVISION, "rollout.argoproj.io/revision")
_HISTORIES = ("deployment.kubernetes.io/revision-history", "rollout.argoproj.io/revision-history")
_STAMPS = ("kubectl.kubernetes.io/restartedAt", "flagger.app/restartedAt")
"""Annotations of a template that replace pods and change nothing of what they run."""


class RollbackTarget(NamedTuple):
    """A version that could be put in place. ``annotations`` of its ReplicaSet; None where that is gone. ``hash`` is the
    value of its pods' template hash, "" where it is not known."""

    template: dict[str, Any]
    revision: str
    label: str = ""  # "last verified good, ..." or "UNVERIFIED: ..."
    annotations: Mapping[str, str] | None = None
    hash: str = ""
    numbers: tuple[float, ...] = ()
    created: float = 0.0
    direction: Direction = Direction.BACK
    name: str = ""  # of its ReplicaSet or ControllerRevision
    pods: int = 0  # of its ReplicaSet, now
    unserved: bool = False  # it was replaced before it had served everything

    @property
    def image(self) -> str:
        return templates.image_of(self.template)


def key_of(template: Mapping[str, Any]) -> str:
    """The same for templates that run the same: without the hash, what is empty, and stamps of restarts."""
    cleaned = templates.without_hash(template)
    notes = (cleaned.get("metadata") or {}).get("annotations")
    if isinstance(notes, dict):
        for stamp in _STAMPS:
            notes.pop(stamp, None)
    return canonical(templates.lean(cleaned))


async def kept(context: PlanContext) -> list[RollbackTarget]:
    """The revisions that are kept, newest first, the present one among them."""
    if context.at.kind in ("Deployment", "Rollout"):
        found = [_of_set(s) for s in await context.children(context.at, "ReplicaSet")]
    else:
        found = [_of_revision(r) for r in await context.children(context.at, "ControllerRevision")]
    numbered = {v.revision: v for v in found if v.revision.isdecimal()}
    return sorted(numbered.values(), key=lambda v: int(v.revision), reverse=True)


def _of_set(replica_set: Mapping[str, Any]) -> RollbackTarget:
    metadata = replica_set.get("metadata", {})
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    revision = next((str(annotations[n]) for n in reversed(_REVISIONS) if n in annotations), "")
    before = (p for n in _HISTORIES for p in str(annotations.get(n, "")).split(","))
    return RollbackTarget(
        templates.without_hash(replica_set.get("spec", {}).get("template", {})),
        revision,
        annotations=annotations,
        hash=next((str(labels[n]) for n in reversed(templates.HASHES) if n in labels), ""),
        numbers=_numbers(*before, revision),
        created=_epoch(metadata),
        name=str(metadata.get("name", "")),
        pods=int((replica_set.get("status") or {}).get("replicas") or 0),
    )


def _of_revision(controller_revision: Mapping[str, Any]) -> RollbackTarget:
    metadata = controller_revision.get("metadata", {})
    template = dict((controller_revision.get("data") or {}).get("spec", {}).get("template", {}))
    template.pop("$patch", None)
    revision = str(controller_revision.get("revision", ""))
    # what pods bear as their hash: a DaemonSet's own label has it, a StatefulSet's is the revision's name
    digest = str((metadata.get("labels") or {}).get("controller-revision-hash") or metadata.get("name", ""))
    return RollbackTarget(
        template,
        revision,
        hash=digest,
        numbers=_numbers(revision),
        created=_epoch(metadata),
        name=str(metadata.get("name", "")),
    )


def _numbers(*texts: str) -> tuple[float, ...]:
    return tuple(sorted({float(t) for t in (text.strip() for text in texts) if t.isdecimal()}))


def _epoch(metadata: Mapping[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(metadata.get("creationTimestamp", ""))).timestamp()
    except ValueError:
        return 0.0


def sequence(
    versions: Sequence[RollbackTarget],
    current: Mapping[str, Any],
    document: Mapping[str, Any],
    good: VerifiedGood | None,
    kind: str,
) -> History:
    """What served in which order, by what the cluster keeps and what the log remembers. ``kind`` of what ``versions`` are of;
    ``document`` may be that of the workload to which it refers for its template."""
    found = [Kept(key_of(v.template), v.numbers, v.created) for v in versions]
    found += _remembered(good, versions, _epoch(document.get("metadata", {})))
    whole = all(v.annotations is not None for v in versions)
    made = _as_recorded(versions, kind)
    verified = {key_of(json.loads(good.template))} if good is not None else set()
    return history(found, key_of(current), whole=whole, unserved=never_served(made, document) - verified)


def _as_recorded(versions: Sequence[RollbackTarget], kind: str) -> list[KeptVersion]:
    return [
        KeptVersion(key_of(v.template), v.hash if kind == "Rollout" else v.name, v.numbers, v.created, v.pods)
        for v in versions
    ]


def _unverified(key: str, told: Iterable[str]) -> str:
    """``told``: of which it is known whether they served everything; once a later one does, no controller records it."""
    return "UNVERIFIED" if key in told else "UNVERIFIED, not known whether it ever served everything"


def _remembered(
    good: VerifiedGood | None, versions: Sequence[RollbackTarget], since: float
) -> Iterator[Kept]:
    """Where the verified version stood: by its number then, and before all that was made after it was verified. Nothing
    where it was verified of another object of this name (``since``: when this one was made)."""
    if good is None or not good.at or good.at < since:
        return
    numbers = _numbers(good.revision)
    younger = [v.numbers[0] for v in versions if v.numbers and v.created > good.at]
    if younger and not any(n < min(younger) for n in numbers):
        numbers = (min(younger) - 0.5, *numbers)
    if numbers:
        yield Kept(key_of(json.loads(good.template)), numbers)


async def choose(
    context: PlanContext, document: Mapping[str, Any], current: Mapping[str, Any]
) -> RollbackTarget:
    """The revision that was asked for, or the default. Raises ``PlanRefused``, naming what could be chosen."""
    versions, good = await kept(context), context.verified
    current = _as_kept(versions, document, current)
    known = sequence(versions, current, document, good, context.at.kind)
    told = known.unserved | served_last(_as_recorded(versions, context.at.kind), document)
    breached = left_on_breach(context)
    wanted = str(context.arguments.get("revision") or "")
    if wanted:
        return _asked(wanted, versions, known, told, breached, current, context)
    why = "no version was ever verified"
    if good is not None:
        template = json.loads(good.template)
        key, why = key_of(template), "the last verified good is what runs now"
        kept_as = next((v for v in versions if templates.same(v.template, template)), None)
        if key != key_of(current):
            direction = known.direction(key)
            if direction is not Direction.FORWARD and not _breached(kept_as, good, breached):
                gone = "" if kept_as else "; its ReplicaSet is gone, the whole template was remembered"
                return RollbackTarget(
                    templates.without_hash(template),
                    kept_as.revision if kept_as else good.revision,
                    _good(good, context.zone) + gone,
                    kept_as.annotations if kept_as else None,
                    kept_as.hash if kept_as else "",
                )
            why = "the last verified good was left since"
    for key in known.back:
        found = next((v for v in versions if key_of(v.template) == key and v.hash not in breached), None)
        if found is not None and known.direction(key) is Direction.BACK:
            return found._replace(label=f"{_unverified(key, told)}: the revision before; {why}")
    raise _nothing(versions, known, breached, current)


def _as_kept(
    versions: Sequence[RollbackTarget], document: Mapping[str, Any], current: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The wanted template as its ReplicaSet has it, where a Rollout's controller has seen it: a custom resource's own is as
    somebody wrote it, without defaults and with other words for the same quantity."""
    status, generation = document.get("status", {}), document.get("metadata", {}).get("generation")
    digest = str(status.get("currentPodHash", ""))
    if document.get("kind") != "Rollout" or str(status.get("observedGeneration", "")) != str(generation):
        return current
    return next((v.template for v in versions if digest and v.hash == digest), current)


def _asked(
    wanted: str,
    versions: Sequence[RollbackTarget],
    known: History,
    told: Iterable[str],
    breached: Mapping[str, Breached],
    current: Mapping[str, Any],
    context: PlanContext,
) -> RollbackTarget:
    found = next((v for v in versions if v.revision == wanted), None)
    if found is None:
        there = ", ".join(v.revision for v in versions) or "none"
        raise PlanRefused(f"revision {wanted} is not kept; there are: {there}")
    good, key = context.verified, key_of(found.template)
    verified = good is not None and templates.same(found.template, json.loads(good.template))
    if key == key_of(current) and not templates.same(found.template, current):
        # its pods would be replaced, past all that a restart is asked
        raise PlanRefused(
            f"revision {wanted} runs what runs already: only the stamp of a restart differs",
            remedy="r restarts it",
        )
    direction = Direction.BACK if key == key_of(current) else known.direction(key)
    against = breached.get(found.hash) if found.hash else None
    if against is not None and against.stands:
        raise PlanRefused(
            f"revision {wanted} ({found.image}) is not released again: {against.why}",
            remedy="choose another revision, or decide to go on with it",
        )
    if against is not None and not (verified and good is not None and good.at > against.at):
        direction = Direction.FORWARD
    if direction is Direction.UNKNOWN and verified:
        direction = Direction.BACK
    label = (
        _good(good, context.zone) if verified and good is not None else f"chosen, {_unverified(key, told)}"
    )
    if against is not None:
        label = f"{label}, {against.why}"
    return found._replace(label=label, direction=direction, unserved=key in known.unserved - known.left)


async def finishes_return(
    context: PlanContext, document: Mapping[str, Any], newest: str, running: Iterable[str]
) -> bool | None:
    """Whether the newest template is what was returned to, of a workload whose revisions are ControllerRevisions, and each of
    those that run (the values of their pods' hash label) is what that return left: to replace them is the end of the way back.
    None where the sequence of the revisions does not say it."""
    versions = await kept(context)
    by_hash = {v.hash: v for v in versions}
    target, good = by_hash.get(newest), context.verified
    if target is None or newest in left_on_breach(context):
        return False
    known = sequence(versions, document.get("spec", {}).get("template", {}), document, good, context.at.kind)
    verified = good is not None and templates.same(target.template, json.loads(good.template))
    found = [by_hash.get(one) for one in running]
    ways = {known.by_sequence(key_of(v.template)) if v is not None else Direction.BACK for v in found}
    if not ways or Direction.BACK in ways:
        return False
    return True if verified or ways == {Direction.FORWARD} else None


class Breached(NamedTuple):
    """A version that was to be rolled back. ``stands``: nothing ended that, and nobody decided to go on."""

    why: str
    at: float
    stands: bool


def _breached(kept_as: RollbackTarget | None, good: VerifiedGood, breached: Mapping[str, Breached]) -> bool:
    """Whether the verified version crossed a limit, or was decided against, and was not verified again since."""
    found = [breached[h] for h in (good.template_hash, kept_as.hash if kept_as else "") if h in breached]
    return any(b.stands or b.at > good.at for b in found)


def left_on_breach(context: PlanContext) -> dict[str, Breached]:
    """The versions (template hashes) of this workload that triggers, or a person, said to roll back; also where that is over."""
    state, release = context.picture.store_state, context.standing.release
    at = {context.at._replace(uid=""), context.standing.subject}
    if release is not None:
        at |= {s._replace(uid="") for s in (release.subject, release.workload) if s is not None}
    found: dict[str, Breached] = {}
    for subject, breaches in state.breaches.items():
        for one in breaches if subject._replace(uid="") in at else ():
            since = weekday_moment(one.at, context.zone)
            stands = one.stands and not one.overruled
            if one.version and (one.version not in found or stands):
                found[one.version] = Breached(f"BREACH of {since}: {one.sentence}", one.at, stands)
    for subject, sentence in state.manual.items():
        version = state.decided_on.get(subject)
        if subject._replace(uid="") in at and sentence and version:
            found[version] = Breached(f"rolling it back was decided ({sentence})", 0.0, True)
    return found


def _nothing(
    versions: Sequence[RollbackTarget],
    known: History,
    breached: Mapping[str, Breached],
    current: Mapping[str, Any],
) -> PlanRefused:
    others = [v for v in versions if key_of(v.template) != key_of(current)]
    if not others:
        return PlanRefused("no earlier revision is kept, and none is remembered as verified")
    words = {
        Direction.FORWARD: "left since",
        Direction.UNKNOWN: "it cannot be told whether it served before",
        Direction.BACK: "served before",
    }

    def became(version: RollbackTarget) -> str:
        if version.hash in breached:
            return "left on a BREACH"
        key = key_of(version.template)
        never = key in known.unserved and key not in known.left
        return "it never served everything" if never else words[known.direction(key)]

    named = ", ".join(f"{v.revision} ({v.image}, {became(v)})" for v in others)
    return PlanRefused(
        f"there is nothing to go back to that served before and was not left; there are revisions {named}",
        remedy="choose a revision: what was left is released again, as a release",
    )


def _good(good: VerifiedGood, zone: ZoneInfo) -> str:
    when = weekday_moment(good.at, zone)
    origin = f" ({good.origin})" if good.origin else ""
    return f"last verified good, {when} by {good.by}{origin}"
