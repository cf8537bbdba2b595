"""The rule of the bands: whether what is used stays between two shares of what was asked for.

Above is looked at over a short window, below over whole weeks. What was not seen makes nothing green: a window of which too
little was seen is UNKNOWN. Below costs money and endangers nothing: without its weeks it is "not judged", an unknown by name that
the section counts in its line and on which no level and no exit code rests; each new workload would be one for a week.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import NamedTuple, TypeAlias

from tfdash.durations import write_duration
from tfdash.figures import percent
from tfdash.model import resource_rules
from tfdash.model.delivery import Rollout
from tfdash.model.kube import (
    CronJob,
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Job,
    Object,
    Pod,
    StatefulSet,
)
from tfdash.model.kubecluster import Node
from tfdash.model.subject import Key
from tfdash.model.usage import PROMETHEUS, PROMETHEUS_WINDOW, NodeMetrics, Usage, UsageHistory, usage_key
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.model.workload import CauseCode, WorkloadState
from tfdash.nouns import counted
from tfdash.playbook.resources.policy import ENOUGH, ResourcesPolicy
from tfdash.playbook.resources.pool_nodes import nodes_of
from tfdash.playbook.resources.rightsizing import krr
from tfdash.playbook.resources.shares import Held, WindowSeen, held, looked
from tfdash.playbook.resources.shrinking import why_fixed, why_nothing_shrinks
from tfdash.playbook.resources.wording import written
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.staleness import NOT_ASKED, Unread
from tfdash.quantities import NANO, amount, exceeds, reaches

ID = resource_rules.BAND
CPU, MEMORY = resource_rules.CPU_BAND, resource_rules.MEMORY_BAND
WORKLOADS: tuple[type[Object], ...] = (Deployment, StatefulSet, DaemonSet, Rollout, Job, CronJob)
_OF_WORKLOADS = frozenset(kind.KIND for kind in WORKLOADS)
_OF_NODES = ("Node", "NodePool", "Cluster")
_ENDS = (Job.KIND, CronJob.KIND)
_TITLES = {"Namespace": "namespace ", "NodePool": "pool ", "Pod": "pod "}
_INSTANT = 60.0  # seconds that memory, of one moment, stands for before the first that was seen
_THROTTLED = 0.01  # of its periods; less is nothing to say

_Case: TypeAlias = Case[Object]


class _Said(NamedTuple):
    level: Level
    words: str = ""
    since: float | None = None
    of_window: bool = False  # whether the words tell of the last minutes
    unknown: UnknownKind | None = None


class _Windows:
    """What was seen of one use in the last minutes, by its own source and by the other: looked up once for both resources."""

    def __init__(self, usage: Usage, seconds: float) -> None:
        self._usage, self._seconds = usage, seconds

    @cached_property
    def own(self) -> WindowSeen:
        return looked(self._usage.points, self._usage.at, self._seconds)

    @cached_property
    def other(self) -> WindowSeen:
        points = self._usage.other_points
        until = max(self._usage.at, points[-1].at)  # what it has not seen yet is not seen
        return looked(points, until, self._seconds)


class _Band(NamedTuple):
    """One resource of one use before the rule, in billionths."""

    usage: Usage
    windows: _Windows
    resource: str
    question: str  # "request", "limit", "allocatable"
    low: float
    high: float
    used: int
    whole: int
    silent: int = 0  # pods that request none of it, and are left out

    def over(self, percent: float) -> bool:
        return exceeds(self.used, self.whole, percent)

    @property
    def below(self) -> bool:
        return not reaches(self.used, self.whole, self.low)


def _judge(case: _Case) -> RuleResult | None:
    usage = case.obj
    if not isinstance(usage, Usage):
        subject = case.subject
        found = case.maybe(Usage, usage_key(subject.kind, subject.namespace, subject.name))
        if found is None:  # it has no pods
            return None
        usage = found
    policy: ResourcesPolicy = case.policies.resources
    windows = _Windows(usage, policy.above_for)
    return RuleResult(
        (
            _verdict(case, usage, windows, "cpu", policy.cpu_of, policy.cpu),
            _verdict(case, usage, windows, "memory", policy.memory_of, policy.memory),
        )
    )


def _verdict(
    case: _Case, usage: Usage, windows: _Windows, resource: str, question: str, band: tuple[float, float]
) -> Verdict:
    of = "allocatable" if usage.of in _OF_NODES else question
    who = f"{_TITLES.get(usage.of, '')}{usage.called or case.ref.cluster}: {resource}"
    rule = CPU if resource == "cpu" else MEMORY
    used = amount(usage.used, resource)
    if used is None:
        return _not_counted(case, usage, resource, who, rule)
    whole = amount({"request": usage.requests, "limit": usage.limits}.get(of, usage.allocatable), resource)
    silent = 0
    if whole is None and of == "request" and (rest := amount(usage.rest, resource)):
        used, whole = used - (amount(usage.silent, resource) or 0), rest
        silent = dict(usage.without_request).get(resource, 0)
    if not whole or whole < 0:
        why = _not_asked(usage, resource, of, whole)
        sentence = f"{who} {written(resource, used)}, not judged: {why}"
        return Verdict(level=Level.IDLE, rule=rule, subject=case.subject, sentence=sentence)
    one = _Band(usage, windows, resource, of, *band, used, whole, silent)
    fixed = None if of == "request" else whole / NANO
    seen, source = _window(case, one, fixed)
    said = _said(case, one, seen)
    by = " (Prometheus)" if said.of_window and source != usage.source else ""
    figure = percent(100 * used / whole, one.low, one.high, 100)
    of_what = of if of == "allocatable" else f"its {of}"
    if said.level >= Level.WARN and said.of_window and not one.over(band[1]):
        of_what += " now"  # the window was above, and what is used this moment is not
    beside = "".join(f"; {word}" for word in (*_left_out(silent), *_beside(case, usage, resource)))
    return Verdict(
        level=said.level,
        rule=rule,
        subject=case.subject,
        sentence=f"{who} {figure} % of {of_what}{', ' if said.words else ''}{said.words}{by}{beside}",
        measured=100 * used / whole,
        limit=100.0,
        band=band,
        unit="%",
        evidence=Evidence(query=source, sample=seen.points, window=seen.window),
        unknown=said.unknown or (UnknownKind.NO_DATA if said.level is Level.UNKNOWN else None),
        since=said.since,
    )


def _window(case: _Case, one: _Band, fixed: float | None) -> tuple[Held, str]:
    """The last minutes by one source, and which: by Prometheus where it decides, and what was seen of metrics.k8s.io does not."""
    usage, policy = one.usage, case.policies.resources
    each = usage.window if one.resource == "cpu" else min(usage.window, _INSTANT)
    seen = held(one.windows.own, one.resource, fixed, one.high, each)
    if not usage.other_points or _decided(seen, policy):
        return seen, usage.source
    each = PROMETHEUS_WINDOW if one.resource == "cpu" else _INSTANT
    other = held(one.windows.other, one.resource, fixed, one.high, each)
    return (other, PROMETHEUS) if _decided(other, policy) else (seen, usage.source)


def _decided(seen: Held, policy: ResourcesPolicy) -> bool:
    return None not in (
        seen.lasting(seen.past, policy.above_share),
        seen.lasting(seen.above, policy.above_share),
    )


def _not_counted(case: _Case, usage: Usage, resource: str, who: str, rule: str) -> Verdict:
    """Nothing is known of its use."""
    nodes, allocatable = amount(usage.nodes_used, resource), amount(usage.allocatable, resource)
    level, unknown = Level.IDLE, None
    share = ""
    if nodes is not None and allocatable:
        share = f" {100 * nodes / allocatable:.0f} % of allocatable by its nodes,"
    if share and not case.whole(Pod):
        sentence = f"{who}{share} not judged: the pods of other namespaces are not read"
    elif usage.of == "Node":
        sentence = f"{who} is not measured{_by_its_clock(case, usage)}"
        level, unknown = Level.UNKNOWN, UnknownKind.NO_DATA
    elif not usage.pods:
        sentence = f"{who}{share} not judged: it has no pods" if share else f"{who} has no pods"
    else:
        sentence = (
            f"{who}{f'{share} and' if share else ''} is not measured yet ({counted(usage.pods, 'pod')})"
        )
        level, unknown = Level.UNKNOWN, UnknownKind.NO_DATA
    return Verdict(level=level, rule=rule, subject=case.subject, sentence=sentence, unknown=unknown)


def _by_its_clock(case: _Case, usage: Usage) -> str:
    """Why nothing of what is said of a node counts: a measurement that is not of now, by the node's own clock."""
    said = case.maybe(NodeMetrics, Key("", usage.called))
    if said is None or not said.at:
        return ""
    ahead = said.at - case.now
    if ahead > 0:
        return f": by its clock it was {_time(ahead)} from now, so that its clock is wrong"
    return f" now: by its clock it was {_time(-ahead)} ago"


def _not_asked(usage: Usage, resource: str, of: str, whole: int | None) -> str:
    if whole is not None:
        return f"its {resource} {of} is {written(resource, whole)}"
    if of == "allocatable":
        return f"nodes say nothing of their {resource}"
    silent = dict(usage.without_request if of == "request" else usage.without_limit).get(resource, 0)
    return f"{silent} of {usage.measured} pods name no {resource} {of}"


_written = lru_cache(64)(write_duration)


def _said(case: _Case, one: _Band, seen: Held) -> _Said:
    """The worst that is so, and what is not known where nothing is."""
    policy: ResourcesPolicy = case.policies.resources
    of = _written(seen.window)
    if seen.lasting(seen.past, policy.above_share):
        return _Said(Level.BREACH, f"past 100 % for {_time(seen.past)} of the last {of}", seen.since, True)
    if one.over(100):
        return _Said(Level.WARN, f"past 100 % now, for {_time(seen.past)} of the last {of}", seen.since, True)
    above = seen.lasting(seen.above, policy.above_share)
    if above:
        words = f"above {one.high:g} % for {_time(seen.above)} of the last {of}"
        return _Said(Level.WARN, words, seen.since, True)
    low = _below(case, one) if one.below else None
    if low is not None and low.level is Level.WARN:
        return low
    words = f"above {one.high:g} % for {_time(seen.above)} of {of}" if one.over(one.high) else ""
    if above is None:
        level = Level.IDLE if one.usage.of in _ENDS else Level.UNKNOWN
        return _Said(level, f"seen for {_time(seen.seen)} of {of}", of_window=True)
    if (lacking := _unmeasured(one)) is not None:
        return lacking
    return low if low is not None else _Said(Level.OK, words, of_window=bool(words))


def _unmeasured(one: _Band) -> _Said | None:
    """Pods that nobody measured could use whatever they like; of many pods, at most all that they asked for."""
    usage = one.usage
    lacking = usage.pods - usage.measured
    if lacking <= 0 or usage.of == "Node":
        return None
    words = f"{lacking} of {usage.pods} pods not measured"
    if usage.of in (*_OF_NODES, "Namespace"):
        asked = amount(usage.asked, one.resource) or 0
        named = one.whole if one.question == "request" else amount(usage.requests, one.resource) or 0
        most = one.used + max(0, asked - named)
        whole = asked if one.question == "request" else one.whole
        if not exceeds(most, whole, one.high):
            return None
    return _Said(Level.IDLE if usage.of in _ENDS else Level.UNKNOWN, words)


# -- below ------------------------------------------------------------------------------------------------------


def _below(case: _Case, one: _Band) -> _Said:
    """Of a use that is below its band now: whether it was for weeks, and whether it could be otherwise."""
    usage, policy = one.usage, case.policies.resources
    if usage.of == "Node":
        return _Said(Level.IDLE, f"below {one.low:g} %: its pool shrinks, not it")
    fixed = _cannot_shrink(case, one)
    if isinstance(fixed, Unread):
        lacking = "its nodes" if isinstance(nodes_of(case, usage), Unread) else "autoscalers"
        return _not_judged(one, f"{lacking} are not known", fixed.unknown)
    if fixed:
        return _Said(Level.OK, f"below {one.low:g} %: {fixed}")
    history = case.maybe(UsageHistory, usage_key(usage.of, usage.namespace, usage.called))
    p95 = None if history is None else history.cpu_p95 if one.resource == "cpu" else history.memory_p95
    wanted = policy.below_over
    covered = 0.0 if history is None else history.covered
    if history is None or p95 is None or covered < ENOUGH * wanted:
        if (why := case.unread(UsageHistory)) is NOT_ASKED:
            return _not_judged(one, "no Prometheus is asked for weeks", UnknownKind.NOT_WATCHED)
        if why is not None:
            return _not_judged(one, f"no history was read: {why.cause}", why.unknown)
        there = f"history {_time(covered)} of {_time(wanted)}" if covered else "no history"
        return _not_judged(one, there, UnknownKind.TOO_LITTLE_HISTORY)
    whole = one.whole
    if usage.measured and usage.of not in _OF_NODES:  # what is asked for is that of the measured ones
        whole = whole * usage.pods // usage.measured
    often = round(p95 * NANO)
    only = ", current pods only" if history.current_only else ""
    words = f"95th percentile {percent(100 * often / whole, one.low)} % over {_time(covered)}{only}"
    if reaches(often, whole, one.low) and one.silent:
        return _not_judged(one, "its weeks count all its pods", UnknownKind.NOT_COMPARABLE)
    if reaches(often, whole, one.low):
        return _Said(Level.OK, words)
    if one.resource == "memory" and (least := _least_memory(history, policy)) * usage.measured >= one.whole:
        return _Said(Level.OK, f"{words}; its peaks want {written('memory', least)} a pod")
    return _Said(Level.WARN, f"below {one.low:g} %: {words}")


_NOBODYS_FAULT = frozenset(
    map(UnknownKind, ("not watched", "too little history", "not comparable", "loading"))
)
"""Nothing is configured, too young, of two sorts, or still to come: counted, on no level. What is refused or fails is not known."""


def _not_judged(one: _Band, why: str, unknown: UnknownKind) -> _Said:
    level = Level.IDLE if unknown in _NOBODYS_FAULT else Level.UNKNOWN
    return _Said(level, f"below {one.low:g} %, not judged: {why}", unknown=unknown)


def _least_memory(history: UsageHistory, policy: ResourcesPolicy) -> int:
    """What right-sizing would still ask for in one pod, by its peaks and OOM kills; 0 where that is not known."""
    found = [krr(container, policy.rightsize)["memory"].request or 0 for container in history.containers]
    return sum(found) if all(found) else 0


def _cannot_shrink(case: _Case, one: _Band) -> str | Unread:
    """Why less cannot be asked for; "" where it can."""
    usage = one.usage
    if not isinstance(case.obj, Usage) or usage.of == "Pod":
        return why_fixed(case, usage, one.resource, one.question, one.whole)
    nodes = nodes_of(case, usage)
    if isinstance(nodes, Unread):
        return nodes
    if nodes is not None:
        if len(nodes) == 1:
            return "one node"
        if not reaches(amount(usage.asked, one.resource) or 0, one.whole, one.low):
            return ""  # nodes can go
    return why_nothing_shrinks(case, "" if nodes is not None else usage.called, one.resource, one.low)


# -- words ------------------------------------------------------------------------------------------------------


def _left_out(silent: int) -> tuple[str, ...]:
    return (
        (f"without {counted(silent, 'pod')} that {'requests' if silent == 1 else 'request'} none",)
        if silent
        else ()
    )


def _beside(case: _Case, usage: Usage, resource: str) -> list[str]:
    """What else tells that there is too little."""
    obj = case.obj
    if isinstance(obj, Usage):
        return []
    history = case.maybe(UsageHistory, usage_key(usage.of, usage.namespace, usage.called))
    containers = history.containers if history is not None else ()
    if resource == "cpu":
        throttled = max((c.throttled or 0.0 for c in containers), default=0.0)
        return [f"throttled in {100 * throttled:.0f} % of its periods"] if throttled >= _THROTTLED else []
    said = []
    state = case.workload(case.subject)
    cause = state.cause if state is not None else None
    if cause is not None and cause.code in (CauseCode.OOM_KILLED, CauseCode.EVICTED):
        said.append(cause.sentence)
    kills = sum(c.oom_kills or 0 for c in containers)
    if kills and not said:
        said.append(f"OOM killed {kills} times in its history")
    return said


def _time(seconds: float) -> str:
    """``45s``, ``12m``, ``7d``: never longer than it was."""
    for unit in (86_400, 3600, 60):
        if seconds >= unit:
            return write_duration(seconds // unit * unit)
    return f"{int(seconds)}s"


def _concerned(obj: Object) -> bool:
    """What a workload uses is said of the workload itself."""
    return not isinstance(obj, Usage) or obj.of not in _OF_WORKLOADS


RULE = Rule(
    ID,
    (*WORKLOADS, Usage),
    _judge,
    needs=(Usage,),
    uses=(UsageHistory, HorizontalPodAutoscaler, Node, NodeMetrics, Pod),
    whom=_concerned,
    hears=(WorkloadState,),
)
