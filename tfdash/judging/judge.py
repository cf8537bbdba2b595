"""Runs the rules on what changed and on what time made due; one Assessment for every reader.

Indexes (pods by owner, ReplicaSets by owner, events by object, autoscalers by target) follow the picture change by
change, so that one pod costs one workload's judgement and not a walk over ten thousand pods. The result is always
what judging everything afresh would give; a property test holds it to that.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable

from tfdash.judging.index import INDEXED, NONE, Index
from tfdash.judging.policies import Policies
from tfdash.judging.releases import Releases
from tfdash.model.assessment import Assessment
from tfdash.model.kinds import WORKLOAD_KINDS
from tfdash.model.kube import Provisional
from tfdash.model.kubecluster import Node
from tfdash.model.picture import Change, ClusterPicture, Picture
from tfdash.model.section import SectionState
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.verdict import Verdict
from tfdash.model.workload import WorkloadState
from tfdash.playbook.nodes import ready
from tfdash.playbook.policy import WorkloadPolicy, default_policy
from tfdash.playbook.sections import summarise
from tfdash.playbook.serving import workload

_LOOK_AGAIN = 15.0  # seconds: a troubled workload is judged again although nothing changed (ages, deadlines)


class Judge:
    """See the module; ``assess``, ``go_on`` and ``due_at`` are ``tfdash.board.scheduler.Judging``. ``hold``: see ``Releases``."""

    def __init__(
        self,
        policy: WorkloadPolicy | None = None,
        policies: Policies | None = None,
        *,
        hold: float = math.inf,
    ) -> None:
        self._policy = policy or default_policy()
        self._releases = Releases(policies or Policies(), hold)
        self._picture: Picture | None = None
        self._indexes: dict[ClusterRef, Index] = {}
        self._verdicts: dict[Subject, tuple[Verdict, ...]] = {}
        self._workloads: dict[Subject, WorkloadState] = {}
        self._sections: tuple[SectionState, ...] = ()
        self._due: list[tuple[float, Subject]] = []
        self._due_of: dict[Subject, float] = {}

    def use(self, policy: WorkloadPolicy) -> None:
        """Judge by another policy from the next update on (the validated configuration's)."""
        self._policy = policy

    def due_at(self) -> float | None:
        times = [at for at in (self._workload_due(), self._releases.due_at()) if at is not None]
        return min(times, default=None)

    def _workload_due(self) -> float | None:
        while self._due and self._due_of.get(self._due[0][1]) != self._due[0][0]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def assess(self, picture: Picture, change: Change, now: float) -> tuple[Assessment, frozenset[Subject]]:
        """What is to be said now, and of which subjects something else is said than before."""
        self._picture = picture
        wanted: set[Subject] = set()
        for ref, cluster in picture.clusters.items():
            index = self._indexes.setdefault(ref, Index())
            for kind in cluster.kinds:
                keys = change.keys.get((ref, kind), frozenset())
                wanted |= self._follow(index, cluster, kind, keys)
        while (due := self._workload_due()) is not None and due <= now:
            wanted.add(heapq.heappop(self._due)[1])
        changed: set[Subject] = set()
        if wanted:
            verdicts, workloads = dict(self._verdicts), dict(self._workloads)
            changed = {s for s in wanted if self._judge(picture, s, now, verdicts, workloads)}
            self._verdicts, self._workloads = verdicts, workloads
        links = {ref: index.links for ref, index in self._indexes.items()}
        changed |= self._releases.assess(picture, change, changed, now, links, self._workloads)
        calendar = self._releases.calendar
        if changed or change.freshness:
            self._sections = summarise(
                picture,
                self._verdicts,
                self._workloads,
                self._releases.states,
                self._releases.judgements,
                calendar,
            )
        assessment = Assessment(
            at=now,
            number=picture.number,
            verdicts=self._verdicts,
            workloads=self._workloads,
            sections=self._sections,
            releases=self._releases.states,
            canaries=self._releases.judgements,
            calendar=calendar,
            baselines=dict(self._releases.frozen),
        )
        return assessment, frozenset(changed)

    def go_on(self, now: float) -> bool:
        """Judge more of what the last ``assess`` left waiting; True where something is left."""
        return self._picture is not None and self._releases.go_on(self._picture, now)

    def _follow(
        self, index: Index, cluster: ClusterPicture, kind: str, keys: frozenset[Key] | None
    ) -> set[Subject]:
        after = cluster.objects(kind)
        before = index.seen.get(kind, NONE)
        if after is before:
            return set()
        seen = cluster.kinds[kind]
        if seen.provisional or not seen.complete:
            return set()
        index.seen[kind] = after
        # keys are a hint: a mapping that replaced another wholly is compared key by key
        if keys is None or not keys or not before:
            keys = frozenset(k for k in (*before, *after) if before.get(k) is not after.get(k))
        touched: set[tuple[str, Key]] = set()
        for key in keys:
            old, new = before.get(key), after.get(key)
            if old is new:
                continue
            self._releases.follow(cluster, kind, old, new)
            if kind in INDEXED:
                touched |= index.take(kind, key, old, new)
            elif kind in WORKLOAD_KINDS or kind == "Node":
                touched.add((kind, key))
        if kind == "ReplicaSet" and touched:  # pods that came before their ReplicaSet belong somewhere now
            touched = {t for t in touched if t[0] in WORKLOAD_KINDS}
        if kind == "Pod" and not before:
            touched |= {(k, w) for k in WORKLOAD_KINDS for w in index.seen.get(k, NONE)}
        return {Subject(cluster.ref, k, *key) for k, key in touched if k in (*WORKLOAD_KINDS, "Node")}

    def _judge(
        self,
        picture: Picture,
        subject: Subject,
        now: float,
        verdicts: dict[Subject, tuple[Verdict, ...]],
        workloads: dict[Subject, WorkloadState],
    ) -> bool:
        """Judge one; True where something else is said than before."""
        obj = picture.clusters[subject.cluster].objects(subject.kind).get(subject.key)
        self._due_of.pop(subject, None)
        if obj is None or isinstance(obj, Provisional):
            workloads.pop(subject, None)
            return verdicts.pop(subject, None) is not None
        if isinstance(obj, Node):
            told: tuple[Verdict, ...] = (ready.judge(subject.cluster, obj),)
            if verdicts.get(subject) == told:
                return False
            verdicts[subject] = told
            return True
        links = self._indexes[subject.cluster].links(subject.kind, obj)
        state, verdict = workload.judge(subject.cluster, obj, links, self._policy, now)
        leaving = any(p.deleting is not None for p in links.pods or ())
        if state.cause is not None or state.deadline_at is not None or leaving:
            self._look_again(
                subject, min(now + _LOOK_AGAIN, max(state.deadline_at or now, now) + _LOOK_AGAIN)
            )
        if workloads.get(subject) == state and verdicts.get(subject) == (verdict,):
            return False
        workloads[subject], verdicts[subject] = state, (verdict,)
        return True

    def _look_again(self, subject: Subject, at: float) -> None:
        self._due_of[subject] = at
        heapq.heappush(self._due, (at, subject))


def judge_all(
    picture: Picture, now: float, policy: WorkloadPolicy | None = None, policies: Policies | None = None
) -> Assessment:
    """Everything afresh, for reports of one moment and for tests."""
    keys: Iterable[tuple[ClusterRef, str]] = (
        (ref, k) for ref, c in picture.clusters.items() for k in c.kinds
    )
    known = frozenset(keys)
    change = Change(keys=dict.fromkeys(known), freshness=known, signals=None, store=None)
    return Judge(policy, policies).assess(picture, change, now)[0]
