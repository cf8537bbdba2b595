"""One release by all triggers, the worst outcome, and the advice that follows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

from msgspec import structs

from tfdash import figures
from tfdash.model.judgement import Advice, Breach, CanaryJudgement, Outcome, Trigger
from tfdash.model.observation import Observation
from tfdash.model.release import Phase, ReleaseState
from tfdash.model.traffic import CounterSeries, HistogramSeries, Journey, Traffic
from tfdash.moments import clock, near
from tfdash.playbook.canary import both_bad, crossing, data_quality, latch, wording
from tfdash.playbook.canary import frozen_baseline as holding
from tfdash.playbook.canary.counting import Grid
from tfdash.playbook.canary.data_quality import Comparison, Obstacle
from tfdash.playbook.canary.first_crossing import first_crossing, looked_from
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline
from tfdash.playbook.canary.journeys import journeys_trigger, worst
from tfdash.playbook.canary.policy import CanaryPolicy, policy_digest
from tfdash.playbook.canary.sides import Sorter, Versions, back_from, returned, versions
from tfdash.playbook.canary.tally import Tally, tally
from tfdash.playbook.canary.window_cache import Memo, WindowCache

_UTC = ZoneInfo("UTC")
_NO_PODS: Mapping[str, str] = {}
_NO_LEFT: Mapping[str, float] = {}
_MENDS = (
    Outcome.LOW_TRAFFIC,
    Outcome.STALE,
)  # waiting may mend these; NO DATA only while the canary is young


def judge_release(
    release: ReleaseState,
    traffic: Observation[Traffic] | None,
    journeys: Sequence[Observation[Journey]],
    pod_started: Mapping[str, float],
    policy: CanaryPolicy,
    now: float,
    *,
    manual: str = "",
    lost: str = "",
    frozen: str = "",
    pods: Mapping[str, str] = _NO_PODS,
    cache: WindowCache | None = None,
    breaches: Sequence[Breach] = (),
    left: Mapping[str, float] = _NO_LEFT,
    zone: ZoneInfo = _UTC,
) -> CanaryJudgement:
    """Judge one release by the playbook's rollback triggers. Pure; ``now`` and all times are epoch seconds.

    ``pod_started``: pod name -> start time, of pods that are gone too where known. ``pods``: pod name -> template hash;
    pods that are missing there are told by the hash in their name. ``manual``: a person's decision to roll back, with
    who and why; ``lost``: why it is not known whether there is one, of a release in flight. ``frozen``: what ``freeze_baseline``
    made when the release served everything. ``cache``: the memory of who judges the same release again and again; it saves work and changes no result. ``breaches``: first crossings that are
    known, of whatever version; what stands for this one is said (``latch``), and new ones come in the judgement's own. ``left``:
    versions that a BREACH was said of, and when: what comes back in place of one is never held against it. ``zone``: in which the sentences write times.
    """
    triggers: list[Trigger] = []
    known = latch.standing(breaches, release)
    over = latch.ends(breaches, release)
    found: dict[str, Breach] = {}
    if manual or (lost and release.in_flight):
        triggers.append(
            Trigger(
                id="manual",
                title="Manual decision",
                outcome=Outcome.BREACH if manual else Outcome.HOLD,
                sentence=manual or lost,
                evaluated_at=now,
            )
        )
    past = holding.read(frozen) if frozen else None
    who = versions(release, policy, past.hash if past else None)
    back = None
    if returned(release, left, past.hash if past else None):
        who = back_from(release, left, past.hash if past else None, past.label if past else "")
        back = release.finished if release.phase is Phase.COMPLETE else None
        back = back if back is not None else max(left.values())
    elif frozen and past is None and release.phase is Phase.COMPLETE:
        who = who._replace(problem="the frozen baseline cannot be read: nothing to compare with")
    at_work = release.in_flight or (
        release.phase in (Phase.COMPLETE, Phase.UNKNOWN) and (who.canary is not None or bool(frozen))
    )
    began = back if back is not None else who.canary.oldest_start if who.canary else None
    if at_work:
        compared, obstacle = _see(
            traffic, release, who, pod_started, policy, pods, past, now, cache, back, zone
        )
        if compared is not None:
            began = compared.tally.began if compared.tally.began is not None else began
        for wanted, name, title, judge in (
            (policy.errors.enabled, "errors", wording.ERRORS, wording.errors_trigger),
            (policy.latency.enabled, "latency", wording.latency_title(policy), wording.latency_trigger),
        ):
            if not wanted:
                continue
            if obstacle is not None:
                triggers.append(wording.blank(name, title, obstacle))
                continue
            seen = _there(compared)
            told = judge(seen, policy)
            if told.outcome in both_bad.ASKED and policy.baseline != "before" and back is None:
                assert traffic is not None and traffic.value is not None
                before = _before(
                    traffic.value,
                    who,
                    pod_started,
                    policy,
                    pods,
                    seen.tally,
                    cache,
                    zone,
                    seen.tally.grid.number,
                )
                told = both_bad.held(told, seen, before, policy) if before is not None else told
            start = looked_from(name, seen, release, policy)
            if start is not None and not any(b.trigger == name and b.at <= start for b in known):
                flag = f"what was crossed before {near(start, now, zone)} is not in the samples"
                told = structs.replace(told, flags=(*told.flags, flag))
            triggers.append(told)
            if all(b.trigger != name for b in known):
                found |= _crossed(told, _there(compared), release, policy, over.get(name, -math.inf))
    if policy.journeys.enabled and (who.canary is not None or release.phase is Phase.COMPLETE):
        journey = journeys_trigger(release, journeys, began, policy, now)
        if journey is not None:
            triggers.append(journey)
            ran = journey.until if journey.outcome is Outcome.BREACH else None
            if ran is not None and ran > over.get("journeys", -math.inf):
                found["journeys"] = latch.breach_of(journey, release, ran, policy)
    triggers, stand = latch.latched(triggers, known, found, policy, now, zone)
    said = _conclude(release, triggers, stand, began, policy, now)
    # another one in the place of what was left is a release: only what is held against itself came back
    itself = back is not None and past is not None and past.hash == release.version
    return structs.replace(said, came_back=True) if itself else said


def _crossed(
    told: Trigger, compared: Comparison, release: ReleaseState, policy: CanaryPolicy, after: float
) -> dict[str, Breach]:
    """Its first crossing by what the samples hold, where there is one ``after`` the end of what is over. Half an answer shows
    none."""
    if told.unlike or data_quality.partial(compared, wording.ROLES[told.id]) is not None:
        return {}
    first = first_crossing(told.id, compared, policy, after)
    if first is not None:
        return {told.id: latch.breach_of(first.trigger, release, first.at, policy)}
    if told.outcome is Outcome.BREACH and compared.tally.grid.end > after:
        return {told.id: latch.breach_of(told, release, compared.tally.grid.end, policy)}
    return {}


def _there(compared: Comparison | None) -> Comparison:
    assert compared is not None
    return compared


def _see(
    observation: Observation[Traffic] | None,
    release: ReleaseState,
    who: Versions,
    started: Mapping[str, float],
    policy: CanaryPolicy,
    pods: Mapping[str, str],
    frozen: FrozenBaseline | None,
    now: float,
    cache: WindowCache | None,
    back: float | None,
    zone: ZoneInfo,
) -> tuple[Comparison | None, Obstacle | None]:
    """Count the traffic and find the baseline; or say why that cannot be. ``back``: since when it serves again, after a roll
    back."""
    if who.problem or who.canary is None:
        return None, Obstacle(Outcome.NOT_COMPARABLE, who.problem, absent=observation is None)
    obstacle = data_quality.unread(observation, release)
    if obstacle is not None or observation is None or observation.value is None:
        return None, obstacle
    traffic = observation.value
    sorter = Sorter(who, pods)
    counts = tally(traffic, sorter, started, who.canary, policy, cache=cache, began=back)
    label, past = who.label, None
    if back is not None:
        past = frozen
    elif policy.baseline == "before":
        past = _before(traffic, who, started, policy, pods, counts, cache, zone)
        if past is None:
            return None, Obstacle(
                Outcome.NOT_COMPARABLE,
                "the metrics hold no traffic from before the release: nothing to compare with",
            )
        label = past.label
    elif _alone(counts):
        frozen = frozen if frozen is not None and frozen.hash != who.canary.hash else None
        past = (
            frozen
            or _own(counts, who, zone)
            or _before(traffic, who, started, policy, pods, counts, cache, zone)
        )
        label = past.label if past is not None else label
    problem = str(observation.problem) if observation.problem is not None else ""
    age = now - traffic.evaluated_at
    memo = cache.memo if cache is not None else Memo()
    strangers, due = len(sorter.strangers), observation.interval
    return Comparison(traffic, who, counts, past, label, problem, strangers, age, memo, zone, due), None


def _alone(counts: Tally) -> bool:
    return crossing.alone([crossing.served(p) for p in counts.pairs])


def _own(counts: Tally, who: Versions, zone: ZoneInfo) -> FrozenBaseline | None:
    """The baseline's windows of this release, where it served until the canary took all traffic."""
    served = [p for p in counts.pairs if p.baseline.requests]
    if not served:
        return None
    label = f"stable pods until {clock(served[-1].end, zone)}, when they last served"
    return holding.hold(counts, who.baseline.hash if who.baseline else "", label, served[-1].end)


def _before(
    traffic: Traffic,
    who: Versions,
    started: Mapping[str, float],
    policy: CanaryPolicy,
    pods: Mapping[str, str],
    counts: Tally,
    cache: WindowCache | None,
    zone: ZoneInfo,
    windows: int | None = None,
) -> FrozenBaseline | None:
    """The service's own traffic in whole windows before the canary began (so many; else as many as count), as a baseline; None
    without any."""
    if counts.began is None or who.canary is None:
        return None
    length = policy.window
    last = int(counts.began // length)
    first = max(int(-(-traffic.since // length)), last - (policy.windows if windows is None else windows))
    if last <= first:
        return None
    everyone = _Everyone(Sorter(who, pods))
    grid = Grid(first * length, length, last - first)
    told = holding.hold(
        tally(
            traffic,
            everyone,
            started,
            who.canary,
            policy,
            grid,
            cache.earlier() if cache is not None else None,
        ),
        "",
        f"the service before the release, {clock(grid.start, zone)} to {clock(grid.end, zone)} (weaker)",
        grid.end,
    )
    return told if told.requests else None


class _Everyone(Sorter):
    """Before the release every series of the service is the baseline's."""

    def __init__(self, sorter: Sorter) -> None:
        self._sorter = sorter
        self.strangers = set()

    def __call__(self, series: CounterSeries | HistogramSeries) -> str:
        return self._sorter(series) or "baseline"


def freeze_baseline(
    release: ReleaseState,
    traffic: Traffic,
    pod_started: Mapping[str, float],
    policy: CanaryPolicy,
    now: float,
    *,
    pods: Mapping[str, str] = _NO_PODS,
    cache: WindowCache | None = None,
    zone: ZoneInfo = _UTC,
) -> str:
    """The stable version's counts of this release's windows as canonical JSON, or "" where it served nothing.

    To be made while both versions serve, and kept until the release is verified; judge with it as ``frozen``.
    """
    who = versions(release, policy, None)
    if who.problem or who.canary is None or who.baseline is None:
        return ""
    sorter = Sorter(who, pods)
    counts = tally(traffic, sorter, pod_started, who.canary, policy, cache=cache)
    if counts.twice[0]:
        return ""
    told = holding.hold(counts, who.baseline.hash, f"frozen at {clock(now, zone)}", now)
    return holding.write(told) if told.requests else ""


def _conclude(
    release: ReleaseState,
    triggers: list[Trigger],
    breaches: tuple[Breach, ...],
    began: float | None,
    policy: CanaryPolicy,
    now: float,
) -> CanaryJudgement:
    def told(
        outcome: Outcome, advice: Advice, sentence: str, verified_in: float | None = None
    ) -> CanaryJudgement:
        return CanaryJudgement(
            subject=release.subject,
            at=now,
            outcome=outcome,
            advice=advice,
            sentence=sentence,
            triggers=tuple(triggers),
            verified_in=verified_in,
            canary_policy=policy_digest(policy),
            breaches=breaches,
        )

    outcome = worst([t.outcome for t in triggers]) if triggers else Outcome.NOT_COMPARABLE
    leading = next((t for t in triggers if t.outcome is outcome), None)
    if outcome is Outcome.BREACH:
        assert leading is not None
        verb = (
            "roll back"
            if release.phase is not Phase.ABORTED
            else "was aborted; roll the wanted version back too"
        )
        return told(outcome, Advice.ROLL_BACK, f"{verb}: {leading.title}: {leading.sentence}")
    if not (release.in_flight or (release.phase in (Phase.COMPLETE, Phase.UNKNOWN) and triggers)):
        return told(outcome, Advice.NOTHING, f"nothing in flight: {release.message or release.phase.value}")
    if release.phase is Phase.STUCK and release.message and outcome is not Outcome.PASS:
        return told(
            outcome, Advice.ROLL_BACK, f"the release is stuck: {release.message}; mend that or roll back"
        )
    if outcome is not Outcome.PASS or leading is None:
        young = began is not None and now - began < policy.warm_up + 3 * policy.window
        waits = outcome in _MENDS or (outcome is Outcome.NO_DATA and (began is None or young))
        waits = waits and not any(t.hopeless for t in triggers)
        why = f"{leading.title}: {leading.sentence}" if leading else "no trigger can be judged"
        return told(outcome, Advice.WAIT if waits else Advice.HOLD, f"{outcome.value}: {why}")
    if release.phase is Phase.COMPLETE:
        return _verified(release, told, began, policy, now)
    if release.phase in (Phase.STUCK, Phase.UNKNOWN):
        why = release.message or "its state is not known"
        return told(outcome, Advice.HOLD, f"all triggers pass, but the release does not go on: {why}")
    since = max(
        (t for t in (began, release.pause.since if release.pause else None) if t is not None), default=None
    )
    left = since + policy.hold - now if since is not None else policy.hold
    if left > 0:
        return told(
            outcome, Advice.WAIT, f"all triggers pass; held for {figures.span(left)} more before a promotion"
        )
    return told(outcome, Advice.PROMOTE, "all triggers pass and the hold is over: promote")


def _verified(
    release: ReleaseState,
    told: Callable[..., CanaryJudgement],
    began: float | None,
    policy: CanaryPolicy,
    now: float,
) -> CanaryJudgement:
    """The release serves everything and passes: how long until it counts as verified."""
    since = release.finished if release.finished is not None else began
    if since is None:
        return told(
            Outcome.PASS, Advice.WAIT, "all triggers pass; when it began to serve everything is not known"
        )
    left = max(since + policy.verification - now, 0.0)
    if left:
        return told(Outcome.PASS, Advice.WAIT, f"all triggers pass; verified in {figures.span(left)}", left)
    return told(Outcome.PASS, Advice.NOTHING, "all triggers passed for the verification time: verified", 0.0)
