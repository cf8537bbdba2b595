"""What the rollback triggers say of each release; only what changed is judged again.

Two hundred releases are not judged in one go: after ``hold`` seconds the rest is left waiting, and ``go_on`` takes it up,
so that the board's thread is free for the network between. Those in flight come first, then who waits longest.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from tfdash.judging.release_memory import baseline_before, baseline_of, breaches_of, left_of, manual_of
from tfdash.model.judgement import Breach, CanaryJudgement
from tfdash.model.kube import Pod
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, Picture
from tfdash.model.release import Phase, ReleaseState, Side
from tfdash.model.subject import Key, Subject
from tfdash.model.traffic import NOT_MEASURED, Journey, Traffic
from tfdash.playbook.canary import WindowCache, freeze_baseline, judge_release, latch
from tfdash.playbook.canary.lost_entries import lost_of
from tfdash.playbook.policies import Policies
from tfdash.playbook.seen import ClusterLook, Look

NOT_READ: Observation[Traffic] = Observation()
_AGAIN = 15.0  # seconds: what is in flight is judged again although no signal came (staleness, holds)
_READ_OF_STORE = frozenset(
    {"manual", "decided_on", "decided_at", "losses", "baselines", "baseline_of", "breaches"}
)  # by ``release_memory``


class ReleasesRemembered(NamedTuple):
    """What is known of releases from before this moment: (hash, start) of every pod seen, baselines that were frozen, and first
    crossings."""

    pods: Mapping[Subject, Mapping[str, tuple[str, float]]] = {}
    frozen: Mapping[Subject, str] = {}
    breaches: Mapping[Subject, tuple[Breach, ...]] = {}


class CanaryRunner:
    """``states`` (set by whoever looks at the releases) and ``judgements`` are replaced, never mutated.

    ``hold``: for how long one call may judge, in seconds; one release is judged at least.
    """

    def __init__(self, policies: Policies, hold: float = math.inf) -> None:
        self.policy, self._zone = policies.canary, policies.calendar.tz
        self.hold = hold
        self._waiting: list[Subject] = []  # to be judged, the most urgent last
        self._unsaid: set[Subject] = set()  # judged anew since the last ``assess``
        self.states: Mapping[Subject, ReleaseState] = {}
        self.judgements: dict[Subject, CanaryJudgement] = {}
        self._pods: dict[
            Subject, dict[str, tuple[str, float]]
        ] = {}  # (hash, start) of every pod seen of a release
        self.frozen: dict[
            Subject, str
        ] = {}  # the baseline of each release, for when the stable pods are gone
        self.breaches: dict[
            Subject, tuple[Breach, ...]
        ] = {}  # first crossings: what is no release any more is not forgotten
        self._caches: dict[Subject, WindowCache] = {}
        self._froze: dict[Subject, int] = {}  # ``WindowCache.turn`` of what is frozen

    @property
    def remembered(self) -> ReleasesRemembered:
        pods = {subject: dict(seen) for subject, seen in self._pods.items()}
        return ReleasesRemembered(pods, dict(self.frozen), self.breaches)

    def recall(self, known: ReleasesRemembered) -> None:
        """Before anything is judged: what an earlier runner remembered."""
        self._pods = {subject: dict(seen) for subject, seen in known.pods.items()}
        self.frozen, self.breaches = dict(known.frozen), dict(known.breaches)

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    def due_at(self) -> float | None:
        if self._waiting or self._unsaid:
            return 0.0
        return min((j.at + _AGAIN for j in self.judgements.values()), default=None)

    def assess(self, picture: Picture, change: Change, changed: set[Subject], now: float) -> set[Subject]:
        """Bring everything up to date; ``changed``: of which another release state is known than before.

        Returns the subjects of which something else is said than before.
        """
        self._end_breaches(picture, now)
        flying = changed | {
            s
            for s, r in self.states.items()
            if self._judged(r) and (self._due(s, now) or _concerns(change, picture, r))
        }
        told = self._drop()
        self._enqueue(flying)
        self.go_on(picture, now)
        told, self._unsaid = told | self._unsaid, set()
        return told

    def _end_breaches(self, picture: Picture, now: float) -> None:
        """Take in what others know of first crossings, and end those that another version's serving everything ends."""
        facts, found = picture.store_state, dict(self.breaches)
        for subject in {*self.breaches, *facts.breaches}:
            release = self.states.get(subject)
            if release is not None:
                known = breaches_of(facts, release, found.get(subject, ()))
                found[subject] = latch.over(known, release, now)
        if found != self.breaches:
            self.breaches = found

    def _judged(self, release: ReleaseState) -> bool:
        """Whether the triggers have anything to say: in flight, or just complete and not yet verified, or a BREACH stands."""
        if release.in_flight or release.phase is Phase.COMPLETE:
            return True
        known = self.breaches.get(release.subject)
        return bool(known and latch.standing(known, release))

    def _due(self, subject: Subject, now: float) -> bool:
        """Whether one of those that are judged was not for a while, whatever came for others meanwhile."""
        told = self.judgements.get(subject)
        return told is None or told.at + _AGAIN <= now

    def _drop(self) -> set[Subject]:
        """Forget what is not judged any more; returns of which something was said."""
        gone = [
            s
            for s in self._caches
            if not ((release := self.states.get(s)) is not None and self._judged(release))
        ]
        for subject in gone:
            for table in (self._caches, self._pods, self.frozen, self._froze):
                table.pop(subject, None)
        told = {s for s in gone if s in self.judgements}
        if told:
            self.judgements = {s: j for s, j in self.judgements.items() if s not in told}
        return told

    def _enqueue(self, subjects: set[Subject]) -> None:
        if not subjects and not self._waiting:
            return
        # by the fewer of the two: at the start everything is new, and few of it are releases
        few = len(self.states) < len(subjects)
        wanted = (
            [s for s in self.states if s in subjects or s in self._waiting]
            if few
            else subjects.union(self._waiting)
        )
        urgency = {
            s: self._urgency(r) for s in wanted if (r := self.states.get(s)) is not None and self._judged(r)
        }
        self._waiting = sorted(urgency, key=urgency.__getitem__, reverse=True)

    def _urgency(self, release: ReleaseState) -> float:
        """When it was judged last; what serves everything already has a round's time more."""
        told = self.judgements.get(release.subject)
        return (told.at if told is not None else 0.0) + (0.0 if release.in_flight else _AGAIN)

    def go_on(self, picture: Picture, now: float) -> bool:
        """Judge what waits, for ``hold`` seconds at most; True where something is left."""
        if not self._waiting:
            return False
        judgements = dict(self.judgements)
        until = time.perf_counter() + self.hold
        while self._waiting:
            subject = self._waiting.pop()
            told = self._one(picture, self.states[subject], now)
            if not same(judgements.get(subject), told):
                self._unsaid.add(subject)
            judgements[subject] = told
            if time.perf_counter() >= until:
                break
        self.judgements = judgements
        return bool(self._waiting)

    def _one(self, picture: Picture, release: ReleaseState, now: float) -> CanaryJudgement:
        signals, facts = picture.signals, picture.store_state
        traffic = traffic_of(picture, release)
        seen = self._pods.setdefault(release.subject, {})
        look = ClusterLook(picture.clusters[release.subject.cluster])
        for side in (release.stable, release.canary):
            remember(seen, side, release.subject.namespace, look)
        journeys = [o for o in signals.journeys.values() if concerns(o, release)]
        pods = {name: hash_ for name, (hash_, _) in seen.items()}
        started = {name: at for name, (_, at) in seen.items() if at}
        policy, cache = self.policy, self._caches.setdefault(release.subject, WindowCache())
        both = (
            release.canary is not None and release.stable is not None and release.phase is not Phase.COMPLETE
        )
        left = left_of(self.breaches.get(release.subject, ()))
        kept = self.frozen.get(release.subject, "")
        if (
            both
        ):  # a version that came back is held against its own baseline, from before the one that it replaces
            beside = release.stable is not None and release.stable.hash in left
            frozen = (
                kept or baseline_before(facts, release, left)
                if beside and release.version not in left
                else ""
            )
            both = not beside
        else:
            frozen = kept or baseline_of(facts, release) or baseline_before(facts, release, left)
        told = judge_release(
            release,
            traffic,
            journeys,
            started,
            policy,
            now,
            manual=manual_of(facts, release),
            lost=lost_of(facts, release),
            frozen=frozen,
            pods=pods,
            cache=cache,
            breaches=self.breaches.get(release.subject, ()),
            left=left,
            zone=self._zone,
        )
        if told.breaches:
            known = breaches_of(facts, release, self.breaches.get(release.subject, ()))
            self.breaches = {**self.breaches, release.subject: latch.merged(known, told.breaches)}
        if both and traffic is not None and traffic.value is not None:
            self._freeze(release, traffic.value, started, pods, now, cache)
        return told

    def _freeze(
        self,
        release: ReleaseState,
        traffic: Traffic,
        started: dict[str, float],
        pods: dict[str, str],
        now: float,
        cache: WindowCache,
    ) -> None:
        """Keep the stable version's counts while it still serves, whenever a window was counted."""
        if self._froze.get(release.subject) == cache.turn:
            return
        told = freeze_baseline(
            release, traffic, started, self.policy, now, pods=pods, cache=cache, zone=self._zone
        )
        self._froze[release.subject] = cache.turn
        if told:
            self.frozen[release.subject] = told


def _concerns(change: Change, picture: Picture, release: ReleaseState) -> bool:
    """Whether something that its triggers read is new: so that what a source says of others costs it nothing."""
    if change.store is None or change.signals is None or change.store & _READ_OF_STORE:
        return True
    mine = (release.subject, release.workload)
    for topic, key in change.signals:
        if topic == "journeys":
            journey = picture.signals.journeys.get(str(key))
            if journey is None or concerns(journey, release):
                return True
        elif topic == "prometheus":
            if key == release.subject.cluster and not any(s in picture.signals.traffic for s in mine):
                return True
        elif topic == "traffic" and key in mine:
            return True
    return False


def concerns(journey: Observation[Journey], release: ReleaseState) -> bool:
    """Whether a journey is one of this release's, or tells of all."""
    value = journey.value
    return value is None or value.control or value.workload in (None, release.subject, release.workload)


def traffic_of(picture: Picture, release: ReleaseState) -> Observation[Traffic] | None:
    """The samples of the release's own object, else of the workload that serves; None where no Prometheus is configured."""
    found = picture.signals.traffic.get(release.subject)
    if found is None and release.workload is not None:
        found = picture.signals.traffic.get(release.workload)
    backend = picture.signals.prometheus.get(release.subject.cluster)
    if found is not None or backend == NOT_MEASURED:
        return found
    # why there is nothing, in its own words; or that it was not asked yet
    return NOT_READ if backend is None else Observation(source=backend.source, problem=backend.problem)


def remember(seen: dict[str, tuple[str, float]], side: Side | None, namespace: str, look: Look) -> None:
    """Keep hash and start of the pods of one side, also once they are gone: their last samples still count."""
    if side is None:
        return
    for name in side.pods:
        pod = look.maybe(Pod, Key(namespace, name))
        started = (pod.started or pod.created) if pod is not None else seen.get(name, ("", 0.0))[1]
        seen[name] = (side.hash, started)


def same(before: CanaryJudgement | None, after: CanaryJudgement) -> bool:
    return before is not None and msgspec.structs.replace(before, at=after.at) == after
