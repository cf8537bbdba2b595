"""Runs the table of rules on what changed and on what time made due."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import msgspec

from tfdash.judging.cluster import Cluster, Judged, Read
from tfdash.model.kube import Object
from tfdash.model.picture import Change, Picture
from tfdash.model.release import ReleaseState
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.model.workload import WorkloadState
from tfdash.playbook.moment import Moment
from tfdash.playbook.policies import Policies
from tfdash.playbook.rule import Rule, RuleResult
from tfdash.playbook.seen import Relation, Seen
from tfdash.playbook.staleness import Unread

log = logging.getLogger(__name__)
K = TypeVar("K", bound=Object)


class _Case:
    """``tfdash.playbook.rule.Case``; notes what is looked at."""

    def __init__(
        self,
        rule: Rule,
        cluster: Cluster,
        subject: Subject,
        obj: Object,
        policies: Policies,
        moment: Moment,
        workloads: Mapping[Subject, WorkloadState],
    ) -> None:
        self._rule, self._cluster, self._moment, self._workloads = rule, cluster, moment, workloads
        self.subject, self.obj, self.policies = subject, obj, policies
        self.reads: dict[Read, None] = {}

    @property
    def ref(self) -> ClusterRef:
        return self._cluster.ref

    @property
    def now(self) -> float:
        return self._moment.now

    def reached(self, at: float) -> bool:
        return self._moment.reached(at)

    def seen(self, relation: Relation[K], key: Hashable) -> Seen[K]:
        why = self.unread(relation.kind)
        if why is not None and not why.absent:
            return why
        return self._group(relation, key)

    def some(self, relation: Relation[K], key: Hashable) -> tuple[K, ...]:
        known = self._known(relation.kind)
        group = self._group(relation, key)
        return group if known else ()

    def maybe(self, kind: type[K], key: Key) -> K | None:
        self.reads[kind.KIND, key] = None
        obj = self._cluster.objects(kind.KIND).get(key) if self._known(kind) else None
        return obj if isinstance(obj, kind) else None

    def _group(self, relation: Relation[K], key: Hashable) -> tuple[K, ...]:
        self.reads[relation, key] = None
        return self._cluster.groups.get(relation, key, self._cluster.objects(relation.kind.KIND))

    def _known(self, kind: type[Object]) -> bool:
        """Whether it is current. Becoming known needs no note: what comes with it is noted by what was looked for."""
        self._rule.declared(kind)
        return kind.KIND in self._rule.needed or self._cluster.stale(kind.KIND) is None

    def unread(self, kind: type[Object]) -> Unread | None:
        self._rule.declared(kind)
        name = kind.KIND
        self.reads[name, None] = None
        why = self._cluster.unread(name)
        # what it needs is judged though it is stale, and loses its green afterwards
        return why if why is not None or name in self._rule.needed else self._cluster.stale(name)

    def workload(self, subject: Subject) -> WorkloadState | None:
        self.reads[WorkloadState, subject] = None
        return self._workloads.get(subject)


class RuleRunner:
    """``verdicts``, ``workloads`` and ``releases`` are replaced, never mutated."""

    def __init__(self, rules: tuple[Rule, ...], stale_after: float) -> None:
        self._rules, self._stale_after = rules, stale_after
        self._clusters: dict[ClusterRef, Cluster] = {}
        self._told: dict[Judged, RuleResult] = {}
        self._due: list[tuple[float, Judged]] = []
        self._due_of: dict[Judged, float] = {}
        self.failed: dict[Judged, Verdict] = {}  # where a rule itself went wrong, until it is asked again
        self.verdicts: Mapping[Subject, tuple[Verdict, ...]] = {}
        self.workloads: Mapping[Subject, WorkloadState] = {}
        self.releases: Mapping[Subject, ReleaseState] = {}

    def due_at(self) -> float | None:
        times = [at for cluster in self._clusters.values() if (at := cluster.due_at()) is not None]
        if (due := self._next_due()) is not None:
            times.append(due)
        return min(times, default=None)

    def _next_due(self) -> float | None:
        while self._due and self._due_of.get(self._due[0][1]) != self._due[0][0]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def assess(self, picture: Picture, change: Change, policies: Policies, now: float) -> set[Subject]:
        """Bring everything up to date; returns the subjects of which something else is said than before."""
        wanted: list[set[Subject]] = [set() for _ in self._rules]
        for ref, seen in picture.clusters.items():
            cluster = self._clusters.get(ref)
            if cluster is None:
                cluster = self._clusters[ref] = Cluster(ref, self._rules, self._stale_after)
            for asked in cluster.follow(seen, change.keys, now):
                wanted[asked.rule].add(asked.subject)
        while (due := self._next_due()) is not None and due <= now:
            asked = heapq.heappop(self._due)[1]
            wanted[asked.rule].add(asked.subject)
        if not any(wanted):
            return set()
        self.workloads, self.releases = dict(self.workloads), dict(self.releases)
        changed: set[Subject] = set()
        for number, rule in enumerate(self._rules):
            for subject in wanted[number]:
                asked = Judged(number, subject)
                cluster = self._clusters[subject.cluster]
                told = self._ask(rule, asked, cluster, policies, now)
                if told == self._told.get(asked):
                    continue
                changed.add(subject)
                self._publish(asked, told)
                for reader in cluster.readers.of(
                    (WorkloadState, subject)
                ):  # rules that stand behind this one
                    wanted[reader.rule].add(reader.subject)
        if changed:
            self._gather(changed)
        return changed

    def _ask(
        self, rule: Rule, asked: Judged, cluster: Cluster, policies: Policies, now: float
    ) -> RuleResult | None:
        subject = asked.subject
        self._due_of.pop(asked, None)
        self.failed.pop(asked, None)
        obj = cluster.objects(subject.kind).get(subject.key)
        if obj is None or not isinstance(obj, rule.judges):
            cluster.readers.note(asked, ())
            return None
        for kind in rule.needs:
            if (why := cluster.unread(kind.KIND)) is not None:
                cluster.readers.note(asked, ())
                return rule.blind(subject, kind, why)
        moment = Moment(now)
        case = _Case(rule, cluster, subject, obj, policies, moment, self.workloads)
        try:
            told = rule.judge(case)
        except Exception as error:  # of this subject nothing is known; of every other all is
            log.exception("rule %s failed for %s", rule.id, subject)
            told = rule.failed(subject, error)
            self.failed[asked] = told.verdicts[0]
        cluster.readers.note(asked, tuple(case.reads))
        if moment.again is not None:
            self._due_of[asked] = moment.again
            heapq.heappush(self._due, (moment.again, asked))
        old = next((why for kind in (subject.kind, *rule.needed) if (why := cluster.stale(kind))), None)
        return told if told is None or old is None else without_green(told, old)

    def _publish(self, asked: Judged, told: RuleResult | None) -> None:
        state = told.state if told is not None else None
        before = self._told.pop(asked, None)
        for known, of in ((self.workloads, WorkloadState), (self.releases, ReleaseState)):
            table: dict[Subject, Any] = known  # type: ignore[assignment]  # the copies made by assess
            if isinstance(state, of):
                table[asked.subject] = state
            elif before is not None and isinstance(before.state, of):
                table.pop(asked.subject, None)
        if told is not None:
            self._told[asked] = told

    def _gather(self, subjects: set[Subject]) -> None:
        """Every rule's verdicts on a subject together, in the order of the table."""
        verdicts = dict(self.verdicts)
        for subject in subjects:
            said = [self._told.get(Judged(number, subject)) for number in range(len(self._rules))]
            several = tuple(v for told in said if told is not None for v in told.verdicts)
            if several:
                verdicts[subject] = several
            else:
                verdicts.pop(subject, None)
        self.verdicts = verdicts


def without_green(told: RuleResult, why: Unread) -> RuleResult:
    """What is said of stale data: red stays, green does not."""
    return told._replace(
        verdicts=tuple(
            v
            if v.level > Level.UNKNOWN
            else msgspec.structs.replace(
                v, level=Level.UNKNOWN, unknown=why.unknown, sentence=f"{v.sentence}, {why.cause}"
            )
            for v in told.verdicts
        )
    )
