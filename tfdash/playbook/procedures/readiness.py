"""Whether a recovery could begin now: what it would need, how long it took before, when it was rehearsed, and that nothing it stands on is lost
with what it recovers. Pure.

A recovery that was never rehearsed is UNKNOWN: nobody knows whether it works. One whose rehearsal is older than its ``rehearse``, or would
have stopped at what acts, is a warning; one that stands in a circle is a breach.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from tfdash.durations import write_duration
from tfdash.figures import span
from tfdash.model.kubecluster import Node, Service
from tfdash.model.picture import ClusterPicture
from tfdash.model.procedure import Ask, Procedure, Step, StepKind
from tfdash.model.recovery import RecoveryReadiness
from tfdash.model.run import Probed, RunOutcome, RunState, StepStatus
from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import Level, UnknownKind
from tfdash.moments import near
from tfdash.nouns import counted
from tfdash.playbook.procedures.answering import answered
from tfdash.playbook.procedures.losing import (
    CLUSTER,
    PlaceBeforehand,
    known_beforehand,
    loses_cluster,
    places_beforehand,
)
from tfdash.playbook.procedures.needs import NEEDS, needed, recovery_policy
from tfdash.playbook.procedures.placeholders import filled, named_in
from tfdash.playbook.procedures.policy import Dependency, RecoveryPolicy
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.probes import PROBES
from tfdash.playbook.procedures.probes.lines import in_cluster
from tfdash.playbook.procedures.progress import RPO_UNKNOWN, would_stop
from tfdash.playbook.procedures.walk import all_steps, steps_by_id
from tfdash.playbook.schedule.local import zone_of
from tfdash.text import safe

PROVES_FOR = 90 * 86_400.0
"""Seconds for which a step that came to its end proves that what it needed is there, where its procedure does not say how often it is
rehearsed."""
_LAST = 5  # runs of which the longest counts
_IN_CLUSTER = (".svc", ".svc.cluster.local", ".cluster.local")
_REACH = frozenset(id for id, need in NEEDS.items() if need.reach)
_HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})


class _Rehearsed(NamedTuple):
    at: float
    lasted: float
    same: bool  # by the file as it is now
    stops: tuple[str, ...]  # steps at which it would have gone no further, with why


class PastRuns:
    """All runs that are known, of any procedure, gone through once for all runbooks and clusters."""

    def __init__(self, runs: Sequence[RunState] = ()) -> None:
        self._worked = tuple(_worked(runs))
        self._walked: dict[str, list[RunState]] = {}
        for run in runs:
            if run.outcome is RunOutcome.DONE:
                self._walked.setdefault(run.procedure.id, []).append(run)

    def walked(self, id: str) -> Sequence[RunState]:
        """Those of a procedure that came to their end."""
        return self._walked.get(id, ())

    def proven(self, now: float, within: float) -> Mapping[str, float]:
        """By need: when a step that had it did its work last, in earnest."""
        found: dict[str, float] = {}
        for need, ended in self._worked:
            if now - within < ended <= now:
                found[need] = max(found.get(need, 0.0), ended)
        return found


def _worked(runs: Sequence[RunState]) -> Iterator[tuple[str, float]]:
    """What did its work, and when. A message is queued when its step is done: that proves nothing."""
    for run in runs:
        steps = steps_by_id(run.procedure) if not run.dry else {}
        for state in run.steps:
            step = steps.get(state.id)
            if step is None or state.status is not StepStatus.DONE or state.ended is None:
                continue
            if step.kind is not StepKind.NOTIFY:
                yield from ((need, state.ended) for need in (*step.needs, *_place_needs(step)))


NO_RUNS = PastRuns()


def readiness(procedure: Procedure, case: ProbeCase, past: PastRuns = NO_RUNS) -> RecoveryReadiness:
    proven = past.proven(case.now, procedure.rehearse or PROVES_FOR)
    ways = sorted((_needed_at(procedure, case, at, proven) for at in _places(procedure, case)), key=_worst)
    told = ways[0]
    asks = list(dict.fromkeys(one for way in ways for one in way.asks))
    circle, unclear = _circle(procedure, case)
    ended = past.walked(procedure.id)
    took = sorted((r for r in ended if not r.dry), key=lambda r: r.ended_at or 0.0)[-_LAST:]
    last = _rehearsal(procedure, [r for r in ended if r.cluster.environment == case.cluster.environment])
    found = list(told.lacking)
    found += [(Level.UNKNOWN, sentence) for sentence in unclear]
    expected = max((_lasted(r) for r in took), default=None)
    if expected is not None and procedure.rto and expected > procedure.rto:
        found.append((Level.WARN, f"it took {span(expected)}, over its {write_duration(procedure.rto)}"))
    due = last.at + procedure.rehearse if last is not None and procedure.rehearse else None
    found += _of_rehearsal(procedure, last, due, case) if procedure.rehearse else ()
    found.sort(key=lambda one: -one[0])
    missing = tuple(sentence for _, sentence in found)
    level = Level.BREACH if circle else max((of for of, _ in found), default=Level.OK)
    return RecoveryReadiness(
        procedure=procedure.id,
        title=safe(procedure.title),
        cluster=case.cluster,
        level=level,
        sentence=_sentence(level, circle, missing, len(told.asks)),
        asks=tuple(asks),
        missing=missing,
        circle=tuple(circle),
        rto=expected,
        rto_source=_took(took, case) if took else "",
        rpo_source=RPO_UNKNOWN,
        rehearsed_at=last.at if last is not None else None,
        rehearsed_in=last.lasted if last is not None else None,
        rehearsal_due=due,
    )


class _Needed(NamedTuple):
    """What it would need in one place, each with its word; ``lacking``: what of it is not there or not known."""

    asks: tuple[Probed, ...]
    lacking: tuple[tuple[Level, str], ...]


def _worst(one: _Needed) -> tuple[int, int]:
    return max((int(level) for level, _ in one.lacking), default=0), len(one.lacking)


def _places(procedure: Procedure, case: ProbeCase) -> Sequence[PlaceBeforehand]:
    """Where it would be carried out: one place is enough. Where there is none all the same what is known of the cluster itself is asked."""
    here = PlaceBeforehand(case.cluster, {"environment": case.cluster.environment, **_lost(procedure, case)})
    return places_beforehand(procedure, case.cluster, case.picture.clusters) or (here,)


def _lost(procedure: Procedure, case: ProbeCase) -> Mapping[str, str]:
    names = known_beforehand(procedure) - {"environment", CLUSTER} if loses_cluster(procedure) else ()
    return dict.fromkeys(names, case.cluster.cluster)


def _needed_at(
    procedure: Procedure, case: ProbeCase, place: PlaceBeforehand, proven: Mapping[str, float]
) -> _Needed:
    at = msgspec.structs.replace(case, cluster=place.cluster)
    found: dict[Probed, bool] = {}  # whether that it is not there says only that it is not reached
    for ask in procedure.ready:
        arguments = tuple((key, filled(text, place.words)) for key, text in ask.arguments)
        if any(any(named_in(text)) for _, text in arguments):
            continue
        cluster = dict(arguments).get(CLUSTER, place.cluster.cluster)
        said = answered(Ask(probe=ask.probe, arguments=arguments), at)
        if cluster != case.cluster.cluster:
            said = msgspec.structs.replace(said, line=in_cluster(said.line, cluster))
        found[said] = ask.probe in PROBES and PROBES[ask.probe].reach
    for need in needs_of(procedure, place.words):
        found[needed(need, at, proven)] = need.partition(" ")[0] in _REACH
    if CLUSTER not in place.words:
        told = f"no other cluster of {case.cluster.environment} is watched here: {_ABSENT[loses_cluster(procedure)]}"
        found[Probed(passed=None, sentence=safe(told), unknown=UnknownKind.NOT_WATCHED)] = False
    return _Needed(tuple(found), tuple(_lacking(found)))


_ABSENT = {True: "what would take over is not known", False: "what it would go back to is not known"}


def _lacking(asked: Mapping[Probed, bool]) -> Iterator[tuple[Level, str]]:
    for told, only_reach in asked.items():
        if told.passed is False:  # that something does not answer here is no word on the thing itself
            yield Level.UNKNOWN if only_reach else Level.WARN, told.sentence
        elif told.passed is None:
            yield Level.UNKNOWN, f"not known: {told.sentence}"


def _sentence(level: Level, circle: Sequence[str], missing: Sequence[str], needs: int) -> str:
    if circle:
        return f"a circle: {circle[0]}"
    if level is Level.OK:
        return f"ready: {counted(needs, 'thing')} that it needs {'is' if needs == 1 else 'are'} there"
    more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f"{missing[0]}{more}"


def _of_rehearsal(
    procedure: Procedure, last: _Rehearsed | None, due: float | None, case: ProbeCase
) -> Iterator[tuple[Level, str]]:
    cadence = write_duration(procedure.rehearse)
    if last is None or due is None:
        yield Level.UNKNOWN, f"never rehearsed, and is to be every {cadence}"
        return
    if case.now >= due:
        at = near(last.at, case.now, zone_of(case.assessment.calendar))
        yield Level.WARN, f"rehearsed {at}, {span(case.now - last.at)} ago: every {cadence}"
    if last.stops:
        many = counted(len(last.stops), "step")
        yield Level.WARN, f"when it was rehearsed it would have stopped at {many}: {last.stops[0]}"
    if not last.same:
        yield Level.UNKNOWN, "its file became another since it was rehearsed"


def _rehearsal(procedure: Procedure, ended: Sequence[RunState]) -> _Rehearsed | None:
    """The last run of it that came to its end here, a dry one or one in earnest: that proves more than a rehearsal."""
    found = [
        _Rehearsed(
            r.ended_at, r.ended_at - r.started_at, r.procedure.digest == procedure.digest, would_stop(r)
        )
        for r in ended
        if r.ended_at is not None
    ]
    return max(found, default=None)


def _lasted(run: RunState) -> float:
    """From the first impact until all was restored, where its clocks tell; else from its start to its end."""
    restore = next(
        (c for c in run.clocks if c.id == "restore" and c.start is not None and c.end is not None), None
    )
    impact = next((c for c in run.clocks if c.id == "impact" and c.start is not None), restore)
    if restore is not None and restore.end is not None and impact is not None and impact.start is not None:
        return restore.end - impact.start
    return (run.ended_at or run.last_at) - run.started_at


def _took(took: Sequence[RunState], case: ProbeCase) -> str:
    last = near(took[-1].ended_at or took[-1].last_at, case.now, zone_of(case.assessment.calendar))
    return f"{'the run' if len(took) == 1 else f'the longest of {len(took)} runs, the last'} of {last}"


def needs_of(procedure: Procedure, words: Mapping[str, str] = {}) -> tuple[str, ...]:
    """What its steps need, but for those that may be left out or done by hand, each once. What names another input than ``words`` is only known in
    a run."""
    found = [
        filled(need, words)
        for step in all_steps(procedure.steps)
        if not (step.optional or step.by_hand)
        for need in (*step.needs, *_place_needs(step))
        if "{" not in filled(need, words)
    ]
    return tuple(dict.fromkeys(found))


def _place_needs(step: Step) -> Iterator[str]:
    kind, _, name = step.place.partition(" ")
    if step.kind is StepKind.COMMAND and name and kind in ("host", "pipeline"):
        yield f"{'ssh' if kind == 'host' else kind} {name}"


# -- no circle ---------------------------------------------------------------------------------------------------------


def _circle(procedure: Procedure, case: ProbeCase) -> tuple[list[str], list[str]]:
    """What it stands on that the scenario takes away, and of what that is not known."""
    loses = procedure.scenario.loses if procedure.scenario is not None else ()
    if not loses:
        return [], []
    circle, unclear = [], []
    for need in needs_of(procedure):
        if need in loses:
            circle.append(f"a step needs {need}, which is what it loses")
    clusters = [need.partition(" ")[2] for need in loses if need.partition(" ")[0] == "cluster"]
    policy = recovery_policy(case)
    for one in policy.dependencies:
        if one.need in loses:
            continue  # the file says so, and its steps do without
        for name in clusters:
            ref = case.cluster._replace(cluster=name) if name else case.cluster
            lies = _lies(one, ref, case.picture.clusters.get(ref), policy)
            if lies:
                circle.append(
                    f"{one.what} ({safe(one.host) or 'this machine'}) lies on {safe(ref.cluster)}, which is lost with it"
                )
            elif lies is None:
                unclear.append(
                    f"not known: whether {one.what} ({safe(one.host)}) is lost with {safe(ref.cluster)}: say so in [procedures] apart or along"
                )
    return list(dict.fromkeys(circle)), list(dict.fromkeys(unclear))


def _lies(
    one: Dependency, ref: ClusterRef, cluster: ClusterPicture | None, policy: RecoveryPolicy
) -> bool | None:
    """Whether it goes down with a cluster; None where nothing tells."""
    host = one.host.casefold().rstrip(".")
    if host in _HERE:
        return policy.inside
    if any(fnmatchcase(host, pattern.casefold()) for pattern in policy.along):
        return True
    if any(fnmatchcase(host, pattern.casefold()) for pattern in policy.apart):
        return False
    if host.endswith(_IN_CLUSTER):
        return True
    return True if cluster is not None and host in _hosts_of(cluster) else None


def _hosts_of(cluster: ClusterPicture) -> Iterator[str]:
    """Where something of it answers: its API server, its nodes, what its Services show outside."""
    url = cluster.info.value.url if cluster.info.value is not None else ""
    if (host := urlsplit(url).hostname or "") not in _HERE:
        yield host.casefold()
    for node in cluster.objects(Node.KIND).values():
        if isinstance(node, Node) and node.internal_ip:
            yield node.internal_ip
    for service in cluster.objects(Service.KIND).values():
        if isinstance(service, Service):
            yield from (address.casefold() for address in service.external)
