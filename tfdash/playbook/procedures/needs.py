"""What a step, or a recovery, needs, and whether it is there now: written in a procedure as "cluster", "pipeline NAME".

What is configured and was never tried is not known to be there. Where a step that needed it came to its end lately, that proves it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from tfdash.model.procedure import Ask
from tfdash.model.run import Probed
from tfdash.model.verdict import UnknownKind
from tfdash.moments import near
from tfdash.nouns import counted
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.answering import answered
from tfdash.playbook.procedures.policy import RecoveryPolicy
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.schedule.local import zone_of
from tfdash.text import safe


@dataclass(frozen=True, kw_only=True)
class Need:
    """``name``: what stands behind it in a procedure, "CLUSTER"; "" nothing. ``named``: it must stand there. ``reach``: that it is not there
    says only that this terminal does not reach it."""

    id: str
    title: str
    judge: Callable[[str, ProbeCase], Probed]
    name: str = ""
    named: bool = False
    reach: bool = False


def needed(need: str, case: ProbeCase, proven: Mapping[str, float] = {}) -> Probed:
    """Whether ``need`` is there. ``proven``: by need, when a step that had it came to its end last (epoch seconds), where that counts: of what is
    looked at all the time (``reach``) it proves nothing."""
    id, _, name = need.partition(" ")
    found = NEEDS.get(id)
    if found is None:
        return _unknown(UnknownKind.NOT_WATCHED, f"nobody knows how to see whether {need} is there")
    said = found.judge(name.strip(), case)
    at = proven.get(need)
    if said.passed is None and at is not None and not found.reach:
        zone = zone_of(case.assessment.calendar)
        return Probed(
            passed=True, sentence=f"{safe(need)}: it did its work {near(at, case.now, zone)}", seen_at=at
        )
    return said


def _unknown(kind: UnknownKind, sentence: str) -> Probed:
    return Probed(passed=None, sentence=safe(sentence), unknown=kind)


def _said(passed: bool, sentence: str) -> Probed:
    return Probed(passed=passed, sentence=safe(sentence))


def _asked(probe: str, case: ProbeCase, **arguments: str) -> Probed:
    return answered(Ask(probe=probe, arguments=tuple((k, v) for k, v in arguments.items() if v)), case)


def recovery_policy(case: ProbeCase) -> RecoveryPolicy:
    return (case.policies or Policies()).recovery


def _cluster(name: str, case: ProbeCase) -> Probed:
    return _asked("control-plane.answers", case, cluster=name)


def _metrics(name: str, case: ProbeCase) -> Probed:
    return _asked("source.current", case, source="prometheus", cluster=name)


def _last_good(_: str, case: ProbeCase) -> Probed:
    return _asked("last-good.fresh", case)


def _store(_: str, case: ProbeCase) -> Probed:
    health = case.picture.store_state.health
    if health.local or health.broken:
        return _said(False, f"the store: {health.local or health.broken}")
    if not health.path:
        return _unknown(UnknownKind.LOADING, "the store was not opened yet, or this terminal has none")
    return _said(True, f"the store: {health.path}")


def _shared(_: str, case: ProbeCase) -> Probed:
    health = case.picture.store_state.health
    if not health.shared_configured:
        return _said(False, "no shared store is configured: [store] url")
    if health.shared:
        return _said(False, f"the shared store: {health.shared}")
    status = case.picture.sources.get("store")
    if status is None or not status.complete:
        return _unknown(UnknownKind.LOADING, "the shared store was not read yet")
    behind = f"; {health.behind} entries are not delivered yet" if health.behind else ""
    return _said(True, f"the shared store is read{behind}")


def _login(_: str, case: ProbeCase) -> Probed:
    seen = case.picture.clusters.get(case.cluster)
    user = seen.info.value.user if seen is not None and seen.info.value is not None else ""
    told = _cluster("", case)
    if told.passed is not True:
        return _unknown(told.unknown or UnknownKind.NO_DATA, f"the log-in: {told.sentence}")
    if not user:
        return _unknown(UnknownKind.LOADING, f"whom {case.cluster.cluster} takes us for is not known yet")
    return _said(True, f"{case.cluster.cluster} takes us for {user}")


def _configured(
    word: str, names: Callable[[RecoveryPolicy], Collection[str]], key: str
) -> Callable[[str, ProbeCase], Probed]:
    """Of what is only tried when it is used."""

    def judge(name: str, case: ProbeCase) -> Probed:
        known = sorted(names(recovery_policy(case)))
        if name and name not in known:
            return _said(False, f"no {word} {name} is configured: [{key}.{name}]")
        if not known:
            return _said(False, f"no {word} is configured: [{key}.NAME]")
        which = name or ", ".join(known)
        return _unknown(UnknownKind.NOT_WATCHED, f"{word} {which}: configured, and not used lately")

    return judge


_CHANNELS = _configured("channel", lambda policy: policy.channels, "notify.channels")


def _notify(name: str, case: ProbeCase) -> Probed:
    """What was told lately and arrived proves that somebody can be told; an empty queue does not."""
    said, status = _CHANNELS(name, case), case.picture.sources.get("notify")
    if said.passed is False or status is None:
        return said
    if status.problem is not None:
        return _said(False, f"who is told: {status.problem.cause}")
    arrived = status.value.count if status.value is not None else 0
    return _said(True, f"{counted(arrived, 'message')} arrived, none waits") if arrived else said


def _runbooks(_: str, case: ProbeCase) -> Probed:
    policy = recovery_policy(case)
    if policy.problems:
        return _said(False, f"runbooks: {next(iter(policy.problems))}")
    return _said(bool(policy.procedures), f"{counted(len(policy.procedures), 'procedure')}")


NEEDS: dict[str, Need] = {
    need.id: need
    for need in (
        Need(id="cluster", title="the API server", judge=_cluster, name="CLUSTER", reach=True),
        Need(id="metrics", title="Prometheus", judge=_metrics, name="CLUSTER", reach=True),
        Need(id="logs", title="logs of pods, by the API server", judge=_cluster, name="CLUSTER", reach=True),
        Need(id="login", title="the log-in of this terminal", judge=_login, reach=True),
        Need(id="last-good", title="what each service was when it served", judge=_last_good),
        Need(id="store", title="the store of this terminal", judge=_store),
        Need(id="shared", title="the shared store", judge=_shared, reach=True),
        Need(id="runbooks", title="the files of the procedures", judge=_runbooks),
        Need(
            id="ssh",
            title="a host by ssh",
            judge=_configured("host", lambda policy: policy.hosts, "procedures.hosts"),
            name="HOST",
            named=True,
        ),
        Need(
            id="pipeline",
            title="a pipeline",
            judge=_configured("pipeline", lambda policy: policy.pipelines, "procedures.pipelines"),
            name="NAME",
            named=True,
        ),
        Need(
            id="notify",
            title="who is told",
            judge=_notify,
            name="CHANNEL",
        ),
    )
}
