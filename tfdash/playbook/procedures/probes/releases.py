"""Probes of releases: where they are, what the rollback triggers say, what was verified good, and whether user journeys work."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

import msgspec

from tfdash.model.delivery import Canary, Rollout
from tfdash.model.judgement import Advice, CanaryJudgement, Outcome
from tfdash.model.kube import Deployment, Object
from tfdash.model.observation import Observation
from tfdash.model.release import Carrier, Phase, ReleaseState, ReleaseStep
from tfdash.model.run import Probed
from tfdash.model.subject import Subject
from tfdash.model.traffic import Journey
from tfdash.model.verdict import UnknownKind
from tfdash.model.workload import Release
from tfdash.moments import near
from tfdash.nouns import counted
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.lines import of_object, remark, rollout_status
from tfdash.playbook.procedures.probes.look import CLUSTER, ProbeLook, number_of
from tfdash.playbook.procedures.probes.rates import a_journey, of_journey, of_triggers, without_traffic
from tfdash.playbook.procedures.probes.workloads import (
    WORKLOAD,
    images_of,
    named_workload,
    same_image,
    workload_object,
)
from tfdash.playbook.releases.answers import may_go_on
from tfdash.playbook.releases.words import at_step
from tfdash.playbook.staleness import Unread
from tfdash.text import safe

_CARRIERS: dict[str, type[Object]] = {kind.KIND: kind for kind in (Deployment, Rollout, Canary)}
_NEEDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "Canary"})
_OVER = (Phase.NONE, Phase.COMPLETE)
_COMPLETE = (Release.COMPLETE, Release.HELD)
_KIND = {
    Outcome.NO_DATA: UnknownKind.NO_DATA,
    Outcome.LOW_TRAFFIC: UnknownKind.LOW_TRAFFIC,
    Outcome.STALE: UnknownKind.STALE,
    Outcome.QUERY_ERROR: UnknownKind.QUERY_ERROR,
    Outcome.NOT_COMPARABLE: UnknownKind.NOT_COMPARABLE,
}
IMAGE = ProbeArgument(id="image", title="image, name:tag, or tag", needed=False)


def _release_of(case: ProbeCase, subject: Subject) -> ReleaseState | None:
    """What carries the release of a workload: of a Flagger target its Canary, of a Rollout itself."""
    found = [
        r
        for r in case.assessment.releases.values()
        if subject in {s._replace(uid="") for s in (r.subject, r.workload, r.partner) if s is not None}
    ]
    return next((r for r in found if r.subject.kind != Deployment.KIND), found[0] if found else None)


def _complete(case: ProbeCase) -> Probed:
    sight = ProbeLook(case)
    subject = named_workload(sight)
    if isinstance(subject, Probed):
        return subject
    obj = workload_object(sight, subject)
    if isinstance(obj, Unread):
        return sight.unknown(obj, f"{subject.name}: ")
    if obj is None:
        return sight.said(False, f"there is no {subject}")
    images, wanted = images_of(sight, obj), sight.argument("image")
    if isinstance(images, Unread):
        if wanted:
            return sight.unknown(images, f"{subject.name}: ")
        images = ()
    if wanted and not any(same_image(image, wanted) for image in images):
        return sight.said(False, f"{subject.name} is to run {', '.join(images)}, not {wanted}")
    release = _release_of(case, subject)
    if release is not None:
        carrier = _CARRIERS.get(release.subject.kind)
        if carrier is not None and (why := sight.why(carrier)) is not None:
            return sight.unknown(why, f"{subject.name}: ")
        if release.as_of is not None or release.phase is Phase.UNKNOWN:
            return sight.unclear(
                UnknownKind.STALE, f"{subject.name}: where its release is, is not known: {release.message}"
            )
        if release.phase not in _OVER:
            return sight.said(
                False, f"{subject.name}: its release is {release.phase.value}: {release.message}"
            )
    state = case.assessment.workloads.get(subject)
    if state is None and release is None:
        return sight.unclear(UnknownKind.LOADING, f"{subject.name} was not judged yet")
    if state is not None:
        if state.release is Release.UNKNOWN or state.as_of is not None:
            return sight.unclear(UnknownKind.STALE, f"{subject.name}: where its release is, is not known")
        if state.release not in _COMPLETE:
            return sight.said(False, f"{subject.name}: {state.release.value}: {state.message}")
    runs = ", ".join(images)
    return sight.said(True, f"{subject.name}: its release is complete{f', it runs {runs}' if runs else ''}")


def _verdict(passes: Callable[[CanaryJudgement, ReleaseState], bool]) -> Callable[[ProbeCase], Probed]:
    def judge(case: ProbeCase) -> Probed:
        sight = ProbeLook(case)
        subject = sight.subject("workload")
        if subject is None:
            return sight.misnamed("workload")
        release = _release_of(case, subject)
        judged = case.assessment.canaries.get(release.subject) if release is not None else None
        if release is None or judged is None:
            return sight.unclear(
                UnknownKind.NO_DATA, f"{subject.name}: no release of it is judged by the rollback triggers"
            )
        carrier = _CARRIERS.get(judged.subject.kind)
        if carrier is not None and (why := sight.why(carrier)) is not None:
            return sight.unknown(why, f"{subject.name}: ")
        sentence = f"{subject.name}: {judged.sentence}"
        if judged.outcome in _KIND:
            unclear = sight.unclear(_KIND[judged.outcome], sentence)
            return msgspec.structs.replace(unclear, line=of_triggers(case, release, judged))
        if (old := sight.too_old(judged.at)) is not None:
            return sight.unknown(old, f"{sentence}; ")
        said = sight.said(passes(judged, release), sentence)
        return msgspec.structs.replace(said, line=of_triggers(case, release, judged))

    return judge


def _through(case: ProbeCase) -> Probed:
    """Whether nothing is left of a Rollout's steps at which its canary would be watched: what comes next is for everybody."""
    sight = ProbeLook(case)
    subject = sight.subject("workload")
    if subject is None:
        return sight.misnamed("workload")
    if (why := sight.why(Rollout)) is not None:
        return sight.unknown(why, f"{subject.name}: ")
    release = _release_of(case, subject)
    if release is None or release.carrier is not Carrier.ROLLOUT:
        return sight.unclear(UnknownKind.NO_DATA, f"{subject.name}: no Rollout carries its release")
    if release.as_of is not None or release.phase is Phase.UNKNOWN:
        return sight.unclear(
            UnknownKind.STALE, f"{subject.name}: where its release is, is not known: {release.message}"
        )
    if release.phase in _OVER:
        return sight.said(True, f"{subject.name}: its release is complete")
    if release.phase is not Phase.PAUSED or release.pause is None:
        return sight.said(False, f"{subject.name}: {_where(release)}: {release.phase.value}")
    if not _stands(release):
        return sight.said(False, f"{subject.name}: {release.pause.sentence}")
    at = release.step or 0
    left = [i for i in range(at + 1, len(release.steps)) if _watches(release.steps[i])]
    if left:
        to_come = at_step(left[-1], release.steps)
        return sight.said(False, f"{subject.name} stands at {_where(release)}; {to_come} is still to come")
    return sight.said(True, f"{subject.name} stands at {_where(release)}: what is next is for everybody")


def _advised(case: ProbeCase) -> Probed:
    """Whether it stands and waits to be let on, and the triggers advise that: also their hold since that step began is over."""
    sight = ProbeLook(case)
    told = _verdict(lambda judged, _: judged.advice is Advice.PROMOTE)(case)
    subject = sight.subject("workload")
    release = _release_of(case, subject) if subject is not None and told.passed else None
    if release is None or _stands(release):
        return told
    return sight.said(False, f"{release.subject.name}: {_where(release)}: {release.phase.value}")


def _stands(release: ReleaseState) -> bool:
    """It waits for somebody to let it on: for no time, and not since a person holds it."""
    pause = release.pause if release.phase is Phase.PAUSED else None
    return pause is not None and not pause.manual and pause.until is None


def _where(release: ReleaseState) -> str:
    return at_step(release.step or 0, release.steps) if release.steps else release.message


def _watches(step: ReleaseStep) -> bool:
    """Whether the canary still serves a part only while it stands there."""
    return step.kind in ("pause", "analysis", "experiment") or (
        step.kind == "setWeight" and step.weight is not None and step.weight < 100
    )


def _verified(case: ProbeCase) -> Probed:
    """A record of a release that was verified good: what there is to go back to, or, with ``image``, that this one was."""
    sight = ProbeLook(case)
    subject = sight.subject("workload")
    if subject is None:
        return sight.misnamed("workload")
    health = case.picture.store_state.health
    good = case.picture.store_state.verified.get(subject)
    wanted = sight.argument("image")
    if good is None:
        if not health.read or health.unread:
            why = health.unread or "what terminals recorded is read now"
            return sight.unclear(
                UnknownKind.LOADING if not health.unread else UnknownKind.NO_DATA, f"{subject.name}: {why}"
            )
        return sight.said(False, f"{subject.name}: no release of it is on record as verified good")
    images = ", ".join(good.images)
    by = f"{images} since {near(good.at, sight.now, sight.zone)}, by {good.by or 'nobody who is named'}"
    if good.where != "store":  # nobody vouches for who wrote it
        return sight.unclear(
            UnknownKind.NOT_WATCHED, f"{subject.name}: {by}, as only an object of the cluster claims"
        )
    has = not wanted or any(same_image(image, wanted) for image in good.images)
    return sight.said(has, f"{subject.name}: verified good is {by}{'' if has else f', not {wanted}'}")


def _journeys(case: ProbeCase) -> Probed:
    """One by its name, else all critical ones of a workload, else all critical ones; with a cluster, of those that are about a workload only
    those of that cluster."""
    sight = ProbeLook(case)
    name, runs = sight.argument("journey"), number_of(case.arguments, "runs") or 1
    about = None
    if sight.argument("workload") and (about := sight.subject("workload")) is None:
        return sight.misnamed("workload")
    found = case.picture.signals.journeys
    mine = [
        seen
        for key, seen in sorted(found.items())
        if (seen.value is not None and seen.value.name == name if name else _asked_for(seen, about))
        or (name and key == name)
    ]
    if sight.argument("cluster"):
        mine = [seen for seen in mine if (of := _about(seen)) is None or of.cluster == sight.ref]
    if not mine:
        what = f"there is no journey {name}" if name else "no critical journey is configured for it"
        return sight.unclear(UnknownKind.NOT_WATCHED, what)
    told = [_of_journey(sight, seen, runs) for seen in mine]
    lines = "; ".join(dict.fromkeys(filter(None, (of_journey(seen.value) for seen in mine if seen.value))))
    for wanted in (False, None):
        bad = [one for one in told if one.passed is wanted]
        if bad:
            many = f"{len(bad)} of {counted(len(told), 'journey')}: " if len(told) > 1 else ""
            return Probed(
                passed=wanted,
                sentence=f"{many}{bad[0].sentence}",
                unknown=bad[0].unknown,
                seen_at=bad[0].seen_at,
                line=lines,
            )
    every = f"{len(told)} of {counted(len(told), 'critical journey')} pass"
    said = sight.said(True, told[0].sentence if len(told) == 1 else every)
    return msgspec.structs.replace(said, line=lines)


def _asked_for(seen: Observation[Journey], about: Subject | None) -> bool:
    journey = seen.value
    if journey is None or not journey.critical or journey.control:
        return False
    return about is None or (journey.workload is not None and journey.workload._replace(uid="") == about)


def _about(seen: Observation[Journey]) -> Subject | None:
    return seen.value.workload if seen.value is not None else None


def _of_journey(sight: ProbeLook, seen: Observation[Journey], runs: int) -> Probed:
    journey = seen.value
    if journey is None or not journey.runs:
        cause = str(seen.problem) if seen.problem is not None else "it did not run yet"
        return sight.unclear(
            UnknownKind.NO_DATA, f"{journey.name if journey is not None else seen.source}: {cause}"
        )
    if (old := sight.old(seen) or sight.too_old(journey.runs[-1].at, seen.interval)) is not None:
        return sight.unknown(old, f"{journey.name}: ")
    last = journey.runs[-runs:]
    good = sum(run.ok is True for run in last)
    bad = next((run for run in reversed(last) if run.ok is False), None)
    when = near(last[-1].at, sight.now, sight.zone)
    if bad is not None:
        return sight.said(
            False, f"{journey.name}: {bad.message or 'it failed'}, {near(bad.at, sight.now, sight.zone)}"
        )
    if good < runs:
        return sight.unclear(
            UnknownKind.TOO_LITTLE_HISTORY,
            f"{journey.name}: {good} of the last {runs} runs are known to be good",
        )
    return sight.said(
        True, f"{journey.name}: {good} of the last {counted(runs, 'run')} good, the last {when}"
    )


def _log(arguments: Mapping[str, str]) -> str:
    """What terminals recorded, by the database that holds it."""
    subject = arguments.get("workload", "").rpartition("/")[2]
    asked = "select cast(bytes as text) from {} where topic = 'verified'"
    every = shlex.quote(" union all ".join(asked.format(table) for table in ("entries", "others")))
    line = safe(f'sqlite3 -readonly "$STORE/log.db" {every} | grep -F {shlex.quote(subject)}')
    return remark(line, "$STORE: the folder of the store, as :sources has it")


PROBES = (
    Probe(
        id="release.complete",
        title="the release of {workload} is complete",
        judge=_complete,
        line=rollout_status,
        arguments=(WORKLOAD, IMAGE, CLUSTER),
        needs=_NEEDS,
    ),
    Probe(
        id="release.verdict-pass",
        title="the rollback triggers let {workload} go on",
        judge=_verdict(lambda judged, release: may_go_on(release, judged)),
        line=without_traffic,
        arguments=(WORKLOAD, CLUSTER),
        needs=_NEEDS,
    ),
    Probe(
        id="release.verdict-breach",
        title="a rollback trigger is reached by {workload}",
        judge=_verdict(lambda judged, _: judged.outcome is Outcome.BREACH),
        line=without_traffic,
        arguments=(WORKLOAD, CLUSTER),
        needs=_NEEDS,
    ),
    Probe(
        id="release.advised-on",
        title="{workload} stands at a step, was watched there for long enough, and the rollback triggers let it go on",
        judge=_advised,
        line=without_traffic,
        arguments=(WORKLOAD, CLUSTER),
        needs=_NEEDS,
    ),
    Probe(
        id="release.watched-through",
        title="the canary of {workload} went through its steps: what is next is for everybody",
        judge=_through,
        line=lambda a: of_object(a, "workload"),
        arguments=(WORKLOAD, CLUSTER),
        needs=frozenset({"Rollout"}),
    ),
    Probe(
        id="store.verified-good",
        title="a release of {workload} is on record as verified good",
        judge=_verified,
        line=_log,
        arguments=(WORKLOAD, IMAGE, CLUSTER),
    ),
    Probe(
        id="journey.passes",
        title="user journeys pass",
        judge=_journeys,
        line=a_journey,
        arguments=(
            ProbeArgument(id="journey", title="its name", needed=False),
            ProbeArgument(id="workload", title="of which workload: Kind namespace/name", needed=False),
            ProbeArgument(id="runs", title="how many of its last runs in a row", needed=False),
            CLUSTER,
        ),
    ),
)
