"""Runs the table of rules on what changed and on what time made due."""

from __future__ import annotations

import heapq
import logging
import math
import time
import zlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from tfdash.judging.cluster import ClusterJudge, Read, RuleSubject
from tfdash.judging.sections import Words
from tfdash.model.kube import Object, Unreadable
from tfdash.model.kubecluster import Node
from tfdash.model.picture import Change, Picture
from tfdash.model.release import ReleaseState
from tfdash.model.room import NodeRoom
from tfdash.model.rotation import Rotation
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.model.workload import Release, Serving, WorkloadState
from tfdash.moments import clock
from tfdash.playbook.moment import Moment
from tfdash.playbook.policies import Policies
from tfdash.playbook.rule import Rule, RuleResult, RuleState
from tfdash.playbook.seen import Relation, Seen
from tfdash.playbook.staleness import Unread, not_current

log = logging.getLogger(__name__)
K = TypeVar("K", bound=Object)
_NOTHING_TOLD: dict[int, RuleResult] = {}
_AT_ONCE = 10  # subjects that are judged before the clock is asked


class _Case:
    """``tfdash.playbook.rule.Case``; notes what is looked at."""

    def __init__(
        self,
        rule: Rule,
        cluster: ClusterJudge,
        subject: Subject,
        obj: Object,
        policies: Policies,
        moment: Moment,
        workloads: Mapping[Subject, WorkloadState],
        rooms: Mapping[Subject, NodeRoom],
    ) -> None:
        self._rule, self._cluster, self._moment, self._workloads = rule, cluster, moment, workloads
        self._rooms = rooms
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
        self._rule.declared(relation.kind)
        return self._group(relation, key)

    def maybe(self, kind: type[K], key: Key) -> K | None:
        self._rule.declared(kind)
        self.reads[kind.KIND, key] = None
        obj = self._cluster.objects(kind.KIND).get(key)
        return obj if isinstance(obj, kind) else None

    def _group(self, relation: Relation[K], key: Hashable) -> tuple[K, ...]:
        self.reads[relation, key] = None
        return self._cluster.groups.get(relation, key, self._cluster.objects(relation.kind.KIND))

    def unread(self, kind: type[Object]) -> Unread | None:
        self._rule.declared(kind)
        self.reads[kind.KIND, None] = None
        return self._cluster.unread(kind.KIND)  # what is stale is judged by, and what is said of it is marked

    def whole(self, kind: type[Object]) -> bool:
        self._rule.declared(kind)
        self.reads[kind.KIND, None] = None
        return self._cluster.whole(kind.KIND)

    def lacking(self, kind: type[Object]) -> str:
        self._rule.declared(kind)
        self.reads[kind.KIND, None] = None
        return self._cluster.lacking(kind.KIND)

    def looked_at(self, kind: str) -> bool:
        return any(kind in (what, getattr(getattr(what, "kind", None), "KIND", "")) for what, _ in self.reads)

    def workload(self, subject: Subject) -> WorkloadState | None:
        self._rule.declared_to_hear(WorkloadState)
        self.reads[WorkloadState, subject] = None
        return self._workloads.get(subject)

    def rooms(self) -> Iterator[NodeRoom]:
        """Each subject begins at another node: so a change of one node is news for few."""
        self._rule.declared(Node)
        self._rule.declared_to_hear(NodeRoom)
        self.reads[NodeRoom, None] = None
        nodes = list(self._rooms)
        start = zlib.crc32(self.subject.name.encode()) % len(nodes) if nodes else 0
        for node in nodes[start:] + nodes[:start]:
            self.reads[NodeRoom, node] = None
            yield self._rooms[node]


class RuleRunner:
    """``verdicts``, ``workloads``, ``releases`` and ``rotations`` are replaced, never mutated.

    ``hold``: for how long one call may judge those for whom nothing is new but what is used (seconds): a poll of it concerns
    every workload at once, and no act waits for it. Some are judged at least. Whatever else is new is judged at once.
    """

    def __init__(
        self,
        rules: tuple[Rule, ...],
        stale_after: float,
        kinds: Iterable[str] = (),
        hold: float = math.inf,
    ) -> None:
        """``kinds``: those of which ``stale`` tells besides the rules' own."""
        self.hold = hold
        self._later: dict[RuleSubject, None] = {}  # to be judged, in the order in which they came
        self._unsaid: set[Subject] = set()  # of whom something else is said since the last ``assess``
        self._rules, self._stale_after, self._kinds = rules, stale_after, tuple(kinds)
        self.stale: Mapping[tuple[ClusterRef, str], Unread] = {}
        self._clusters: dict[ClusterRef, ClusterJudge] = {}
        self._told: dict[Subject, dict[int, RuleResult]] = {}  # by the rule's place in the table
        self.words = Words()
        self._due: list[tuple[float, RuleSubject]] = []
        self._due_of: dict[RuleSubject, float] = {}
        self.failed: dict[
            RuleSubject, Verdict
        ] = {}  # where a rule itself went wrong, until it is asked again
        self.verdicts: Mapping[Subject, tuple[Verdict, ...]] = {}
        self.workloads: Mapping[Subject, WorkloadState] = {}
        self.releases: Mapping[Subject, ReleaseState] = {}
        self.rotations: Mapping[Subject, Rotation] = {}
        self._rooms: dict[ClusterRef, dict[Subject, NodeRoom]] = {}
        self._own = False  # whether these three are copies that nobody else has

    def due_at(self) -> float | None:
        if self._unsaid and not self._later:  # of what is being judged piece by piece all is said at once
            return 0.0
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
        wanted = self._nobody()
        later: set[RuleSubject] | None = None if self.hold == math.inf else set()
        for ref, seen in picture.clusters.items():
            cluster = self._clusters.get(ref)
            if cluster is None:
                cluster = ClusterJudge(ref, self._rules, self._stale_after, policies.calendar.tz, self._kinds)
                self._clusters[ref] = cluster
            for asked in cluster.follow(seen, change.keys, now, later):
                wanted[asked.rule].add(asked.subject)
        self.stale = {
            (ref, kind): why for ref, c in self._clusters.items() for kind, why in c.all_stale.items()
        }
        while (due := self._next_due()) is not None and due <= now:
            asked = heapq.heappop(self._due)[1]
            wanted[asked.rule].add(asked.subject)
        self._later.update(dict.fromkeys(later or ()))
        changed = self._judge(wanted, policies, now)
        self._gather(changed)
        changed |= self._unsaid
        self._unsaid = set()
        return changed

    @property
    def waits(self) -> bool:
        """Whether something of what was said is yet to be judged again."""
        return bool(self._later)

    def go_on(self, policies: Policies, now: float) -> bool:
        """Judge more of what was left, for ``hold`` seconds; True where something still is. The next ``assess`` says it."""
        self._go_on(policies, now)
        return bool(self._later)

    def _go_on(self, policies: Policies, now: float) -> None:
        until = time.perf_counter() + self.hold
        changed: set[Subject] = set()
        while self._later:
            wanted = self._nobody()
            for asked in tuple(islice(self._later, _AT_ONCE)):
                wanted[asked.rule].add(asked.subject)
            changed |= self._judge(wanted, policies, now)
            if time.perf_counter() >= until:
                break
        self._gather(changed)
        self._unsaid |= changed

    def _nobody(self) -> list[set[Subject]]:
        return [set() for _ in self._rules]

    def _judge(self, wanted: list[set[Subject]], policies: Policies, now: float) -> set[Subject]:
        """Rule by rule, and who stands behind what is said otherwise; returns of whom that is: they are to be gathered."""
        if not any(wanted):
            return set()
        self._own = False
        changed: set[Subject] = set()
        for number, rule in enumerate(self._rules):
            for subject in wanted[number]:
                asked = RuleSubject(number, subject)
                if self._later:
                    self._later.pop(asked, None)
                cluster = self._clusters[subject.cluster]
                told = self._ask(rule, asked, cluster, policies, now)
                before = self._told.get(subject, _NOTHING_TOLD).get(number)
                if told == before:
                    if before is not None and asked in self.failed:
                        self.failed[asked] = before.verdicts[0]  # the same one as it is known by
                    continue
                changed.add(subject)
                for read in self._publish(asked, before, told):
                    for reader in cluster.readers.of(read):  # rules that stand behind this one
                        wanted[reader.rule].add(reader.subject)
        return changed

    def _ask(
        self, rule: Rule, asked: RuleSubject, cluster: ClusterJudge, policies: Policies, now: float
    ) -> RuleResult | None:
        subject = asked.subject
        if self._due_of:
            self._due_of.pop(asked, None)
        if self.failed:
            self.failed.pop(asked, None)
        obj = cluster.objects(subject.kind).get(subject.key)
        if isinstance(obj, Unreadable) and any(obj.kind == kind.KIND for kind in rule.judges):
            cluster.readers.note(asked, ())
            return rule.unreadable(subject, obj.field)
        if obj is None or not isinstance(obj, rule.judges) or not rule.asks(obj):
            cluster.readers.note(asked, ())
            return None
        for kind in rule.needs:
            if (why := cluster.unread(kind.KIND)) is not None:
                cluster.readers.note(asked, ())
                return rule.blind(subject, kind, why)
        moment = Moment(now)
        rooms = self._rooms.get(subject.cluster, {})
        case = _Case(rule, cluster, subject, obj, policies, moment, self.workloads, rooms)
        try:
            told = rule.judge(case)
        except Exception as error:  # of this subject nothing is known; of every other all is
            log.exception("rule %s failed for %s", rule.id, subject)
            told = rule.failed(subject, error)
            self.failed[asked] = told.verdicts[0]
        if told is not None and policies.waivers.table:
            told = told._replace(verdicts=policies.waivers.apply(told.verdicts, subject, moment))
        cluster.readers.note(asked, tuple(case.reads))
        if moment.again is not None:
            self._due_of[asked] = moment.again
            heapq.heappush(self._due, (moment.again, asked))
        if told is None or not cluster.all_stale:
            return told
        needed = {subject.kind, *rule.needs_besides}
        return without_green(
            told,
            policies.calendar.tz,
            [why for kind in sorted(needed) if (why := cluster.stale(kind))],
            [
                why
                for kind in sorted(rule.kinds - needed)
                if (why := cluster.stale(kind)) and case.looked_at(kind)
            ],
        )

    def _publish(self, asked: RuleSubject, before: RuleResult | None, told: RuleResult | None) -> list[Read]:
        """What is another now for the rules that looked at it."""
        number, subject = asked
        if told is not None:
            self._told.setdefault(subject, {})[number] = told
        else:
            mine = self._told[subject]
            del mine[number]
            if not mine:
                del self._told[subject]
        self.words.take(
            number,
            subject,
            before.verdicts if before is not None else (),
            told.verdicts if told is not None else (),
        )
        state = told.state if told is not None else None
        was = before.state if before is not None else None
        if state is None and was is None:
            return []
        if not self._own:  # what was published is not changed
            self.workloads, self.releases = dict(self.workloads), dict(self.releases)
            self.rotations = dict(self.rotations)
            self._own = True
        for known, of in (
            (self.workloads, WorkloadState),
            (self.releases, ReleaseState),
            (self.rotations, Rotation),
        ):
            table: dict[Subject, Any] = known  # type: ignore[assignment]  # the copies
            if isinstance(state, of):
                table[subject] = state
            elif isinstance(was, of):
                table.pop(subject, None)
        if not isinstance(state, NodeRoom) and not isinstance(was, NodeRoom):
            return [(WorkloadState, subject)]
        rooms = self._rooms.setdefault(subject.cluster, {})
        rooms.pop(subject, None)
        if isinstance(state, NodeRoom):
            rooms[subject] = state
        if state == was:
            return []
        came_or_went = isinstance(state, NodeRoom) is not isinstance(was, NodeRoom)
        return [(NodeRoom, subject), *([(NodeRoom, None)] if came_or_went else ())]

    def _gather(self, subjects: set[Subject]) -> None:
        """Every rule's verdicts on a subject together, in the order of the table."""
        if not subjects:
            return
        verdicts = dict(self.verdicts)
        for subject in subjects:
            told = self._told.get(subject, _NOTHING_TOLD)
            if len(told) == 1:
                [only] = told.values()
                several = only.verdicts
            else:
                several = tuple([v for number in sorted(told) for v in told[number].verdicts])
            if several:
                verdicts[subject] = several
            else:
                verdicts.pop(subject, None)
        self.verdicts = verdicts


def without_green(
    told: RuleResult, zone: ZoneInfo, needed: Sequence[Unread], used: Sequence[Unread] = ()
) -> RuleResult:
    """What is said of stale data: red stays, "as of" when it was last proven; green does not, where what it ``needed`` is
    stale. What it only ``used`` took nothing from green, so that being stale it takes nothing either."""
    if not needed and not used:
        return told
    # what was never read has told nothing of it, and no time of it
    at = min((why.as_of for why in (*needed, *used) if why.as_of > 0), default=0.0)
    state = _state_as_of(told.state, at, zone) if needed or isinstance(told.state, Rotation) else told.state
    return told._replace(verdicts=tuple(_as_of(v, needed, at, zone) for v in told.verdicts), state=state)


def _as_of(verdict: Verdict, needed: Sequence[Unread], at: float, zone: ZoneInfo) -> Verdict:
    if verdict.level > Level.UNKNOWN:
        since = f", as of {clock(at, zone)}" if at else f", {needed[0].cause}" if needed else ""
        return msgspec.structs.replace(verdict, sentence=f"{verdict.sentence}{since}")
    if not needed or verdict.level is Level.UNKNOWN:
        return verdict
    why = needed[0]
    sentence = f"{verdict.sentence}, {why.cause}"
    return msgspec.structs.replace(
        verdict, level=Level.UNKNOWN, unknown=why.unknown, sentence=sentence, doubt=why.cause
    )


def _state_as_of(state: RuleState | None, at: float, zone: ZoneInfo) -> RuleState | None:
    """The state without what was well in it. A release keeps its phase, which says what is in flight and to be judged."""
    if isinstance(state, WorkloadState):
        well = state.serving in (Serving.OK, Serving.IDLE)
        return msgspec.structs.replace(
            state,
            serving=Serving.UNKNOWN if well else state.serving,
            release=Release.UNKNOWN if state.release is Release.COMPLETE else state.release,
            as_of=at,
        )
    if isinstance(state, Rotation):  # nothing may be opened by what is not current
        return state._replace(stale=not_current(at, zone).cause)
    if state is None or isinstance(state, NodeRoom):  # who asks what fits needs nodes and pods itself
        return state
    return msgspec.structs.replace(state, as_of=at)
