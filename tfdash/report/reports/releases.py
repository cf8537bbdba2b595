"""Releases and what became of them, by the log (judged, breached, verified, rolled back) and by the revisions that the cluster keeps.

A release is one version (template hash) of one carrier. Each is told once, with what vouches for its beginning: a revision's own time,
or the first entry about it, before which it began.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from tfdash.model.assessment import Assessment
from tfdash.model.judgement import Breach
from tfdash.model.kube import ReplicaSet
from tfdash.model.picture import Picture
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.model.store_state import Entry
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.report.reports.actions import Acted
from tfdash.report.reports.facts import Version
from tfdash.store.journal.times import Spell, VerdictTimes
from tfdash.store.journal.view import CANARY
from tfdash.store.log.audit_projection import subject_of
from tfdash.store.log.breaches import BreachFacts
from tfdash.store.log.canonical import data_of

BACK = frozenset({"workload.rollback", "rollout.abort", "rollout.undo"})
"""The actions that leave a version."""
_CARRIERS = ("Deployment", "Rollout")


class ReleaseOutcome(StrEnum):
    VERIFIED = "verified"
    ROLLED_BACK = "rolled back"
    BREACHED = "breached"  # a trigger was crossed, and nobody is known to have gone back
    REPLACED = "replaced"  # by a later one, before anybody verified it
    IN_FLIGHT = "in flight"
    UNKNOWN = "not known"


FAILED = (ReleaseOutcome.ROLLED_BACK, ReleaseOutcome.BREACHED)


class Released(NamedTuple):
    """Times in epoch seconds. ``began``: not after that where ``exactly`` is False. ``back_at``: when a rollback was over, ``to_roll_back``
    seconds from the first crossing (or the decision) until then; ``lead`` seconds from its commit until it was verified."""

    subject: Subject
    version: str
    began: float
    exactly: bool
    outcome: ReleaseOutcome
    images: tuple[str, ...] = ()
    revision: str = ""
    ended: float | None = None
    verified_at: float | None = None
    verified_by: str = ""
    breaches: tuple[Breach, ...] = ()
    back: Acted | None = None
    back_at: float | None = None
    to_roll_back: float | None = None
    committed: float | None = None
    lead: float | None = None


class FailedShare(NamedTuple):
    """Of the releases that are over and whose outcome is known."""

    failed: int
    over: int
    not_known: int
    in_flight: int

    @property
    def share(self) -> float | None:
        return self.failed / self.over if self.over else None


def shared(releases: Iterable[Released]) -> FailedShare:
    outcomes = [one.outcome for one in releases]
    over = [o for o in outcomes if o in (ReleaseOutcome.VERIFIED, *FAILED)]
    flying = outcomes.count(ReleaseOutcome.IN_FLIGHT)
    return FailedShare(sum(o in FAILED for o in over), len(over), len(outcomes) - len(over) - flying, flying)


def workloads(releases: Iterable[Released]) -> tuple[Subject, ...]:
    return tuple(sorted({one.subject for one in releases}))


class _Known:
    """What is on record of one version."""

    def __init__(self) -> None:
        self.began: float | None = None  # the revision's own time
        self.heard: float | None = None  # the first entry about it
        self.images: tuple[str, ...] = ()
        self.revision = ""
        self.number = 0
        self.verified: tuple[float, str] | None = None

    def hear(self, at: float) -> None:
        self.heard = at if self.heard is None else min(self.heard, at)


def releases(
    entries: Sequence[Entry],
    actions: Sequence[Acted],
    picture: Picture,
    assessment: Assessment,
    committed: Mapping[Version, float],
    since: float,
    until: float,
    workload: Subject | None = None,
    times: Iterable[VerdictTimes] = (),
) -> tuple[Released, ...]:
    """Those that began in ``[since, until)``, of ``workload`` alone where it is named, oldest first. ``actions``: all, also of other times.
    ``times``: what terminals saw, which looked on and recorded no crossing."""
    known: dict[Subject, dict[str, _Known]] = {}
    breaches = BreachFacts()

    def of(subject: Subject, version: str) -> _Known:
        return known.setdefault(subject, {}).setdefault(version, _Known())

    for entry in entries:
        data = data_of(entry)
        topic, subject = data.get("topic"), subject_of(data.get("subject"))
        if subject is None:
            continue
        if topic == "breach":
            breaches.apply(entry.at, data, subject)
            of(subject, str(data.get("version", ""))).hear(entry.at)
        elif topic == "verified":
            _verify(of(subject, str(data.get("template_hash", ""))), entry, data)
        elif topic == "baseline" and data.get("value") and data.get("version"):
            of(subject, str(data["version"])).hear(entry.at)
    carriers = _carriers(assessment)
    for subject, found in _replica_sets(picture, carriers):
        one = of(subject, found.name.rpartition("-")[2])
        one.began, one.number = found.created, found.revision or 0
        one.revision = str(found.revision or "")
        one.images = one.images or tuple(c.image for c in found.template.containers)
    crossed = breaches.told()
    bad = {
        t.subject: [s for s in t.spells if s.level is Level.BREACH and not s.waived]
        for t in times
        if t.rule == CANARY
    }
    told: list[Released] = []
    for subject, versions in known.items():
        if workload is None or subject == workload:
            own = tuple(a for a in actions if a.subject == subject)
            breached = crossed.get(subject, ())
            told += _told(
                subject, versions, breached, own, assessment.releases, committed, bad.get(subject, ())
            )
    return tuple(sorted((r for r in told if since <= r.began < until), key=lambda r: (r.began, r.subject)))


def _verify(known: _Known, entry: Entry, data: Mapping[str, Any]) -> None:
    known.hear(entry.at)
    known.images = tuple(str(i) for i in data.get("images") or ()) or known.images
    known.revision = str(data.get("revision", "")) or known.revision
    if known.verified is None or entry.at < known.verified[0]:
        known.verified = (entry.at, entry.actor)


def _carriers(assessment: Assessment) -> dict[Subject, Subject]:
    """What carries the release whose canary is made by another object: of a pair and of Flagger. None of what is a copy of it."""
    found: dict[Subject, Subject] = {}
    for state in assessment.releases.values():
        plain = state.subject._replace(uid="")
        if state.carrier in (Carrier.PAIR, Carrier.CANARY) and state.partner is not None:
            found[state.partner._replace(uid="")] = plain
    return found


def _replica_sets(
    picture: Picture, carriers: Mapping[Subject, Subject]
) -> Iterable[tuple[Subject, ReplicaSet]]:
    for ref, cluster in picture.clusters.items():
        seen = cluster.kinds.get("ReplicaSet")
        for found in (seen.value or {}).values() if seen is not None else ():
            if isinstance(found, ReplicaSet) and found.owner is not None and found.owner.kind in _CARRIERS:
                owner = Subject(ref, found.owner.kind, found.namespace, found.owner.name)
                yield carriers.get(owner, owner), found


def _told(
    subject: Subject,
    versions: Mapping[str, _Known],
    crossed: tuple[Breach, ...],
    actions: tuple[Acted, ...],
    states: Mapping[Subject, ReleaseState],
    committed: Mapping[Version, float],
    bad: Sequence[Spell],
) -> Iterable[Released]:
    state = next((s for at, s in states.items() if at._replace(uid="") == subject), None)
    order = sorted(versions.items(), key=lambda pair: _began(pair[1]))
    for index, (version, known) in enumerate(order):
        began = _began(known)
        next_began = _began(order[index + 1][1]) if index + 1 < len(order) else None
        found = tuple(b for b in crossed if b.version == version and not b.withdrawn)
        if not found and (spell := _seen_bad(bad, began, next_began)) is not None:
            found = (_as_seen(spell, version),)
        back = _left(actions, began, next_began)
        back_at = (back.seen or back.ended) if back is not None else None
        first = min((b.at for b in found), default=None)
        outcome = _outcome(known, found, back, next_began, state, version, versions)
        verified_at, by = known.verified or (None, "")
        commit = committed.get((subject, version))
        yield Released(
            subject=subject,
            version=version,
            began=began,
            exactly=known.began is not None,
            outcome=outcome,
            images=known.images,
            revision=known.revision,
            ended=back_at if outcome is ReleaseOutcome.ROLLED_BACK else verified_at,
            verified_at=verified_at,
            verified_by=by,
            breaches=found,
            back=back,
            back_at=back_at,
            to_roll_back=back_at - first
            if back_at is not None and first is not None and back_at >= first
            else None,
            committed=commit,
            lead=verified_at - commit if verified_at is not None and commit is not None else None,
        )


def _seen_bad(bad: Sequence[Spell], began: float, until: float | None) -> Spell | None:
    return next((s for s in bad if s.begin >= began and (until is None or s.begin < until)), None)


def _as_seen(spell: Spell, version: str) -> Breach:
    return Breach(
        trigger=CANARY,
        uid="",
        version=version,
        at=spell.begin,
        sentence=spell.word.sentence,
        ended="" if not spell.ended else "as terminals saw",
    )


def _began(known: _Known) -> float:
    return known.began if known.began is not None else known.heard or 0.0


def _left(actions: tuple[Acted, ...], began: float, until: float | None) -> Acted | None:
    """The first that left it, before the next began."""
    return next(
        (
            a
            for a in actions
            if a.action in BACK and a.done and a.at >= began and (until is None or a.at < until)
        ),
        None,
    )


def _outcome(
    known: _Known,
    crossed: tuple[Breach, ...],
    back: Acted | None,
    next_began: float | None,
    state: ReleaseState | None,
    version: str,
    versions: Mapping[str, _Known],
) -> ReleaseOutcome:
    verified = known.verified is not None
    if back is not None:
        return ReleaseOutcome.ROLLED_BACK
    if _behind(known, versions):  # the cluster runs an earlier one under a later number
        return ReleaseOutcome.ROLLED_BACK
    if state is not None and state.canary is not None and state.canary.hash == version:
        if state.phase is Phase.ABORTED:
            return ReleaseOutcome.ROLLED_BACK
        if state.in_flight and not any(b.stands for b in crossed):
            return ReleaseOutcome.IN_FLIGHT
    if verified:
        return ReleaseOutcome.VERIFIED
    if crossed:
        return ReleaseOutcome.BREACHED
    return ReleaseOutcome.UNKNOWN if next_began is None else ReleaseOutcome.REPLACED


def _behind(known: _Known, versions: Mapping[str, _Known]) -> bool:
    """Whether a version that was made before it was numbered after it: that one was gone back to."""
    began, number = known.began, known.number
    if began is None or not number:
        return False
    return any(
        one.began is not None and one.began < began and one.number > number for one in versions.values()
    )
