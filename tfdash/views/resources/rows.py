"""The rows of each view of resources: objects and what is used, each with what was said of it, the worst first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from tfdash.gravity import gravity
from tfdash.model import resource_rules
from tfdash.model.assessment import Assessment
from tfdash.model.autoscaling import ClusterAutoscaler
from tfdash.model.kube import Object
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.usage import Usage, usage_key
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.model.workload import ScaledBy
from tfdash.text import safe
from tfdash.views.age import FRESH, freshness, short_age
from tfdash.views.resources.gauge import Gauge, gauge, recent

CLUSTER_AUTOSCALER = "cluster-autoscaler"
"""What the only one of a cluster is called; its object is a ConfigMap."""
RULES = "resources."
"""Begins the ids of all rules about resources."""
BANDS = {"cpu": resource_rules.CPU_BAND, "memory": resource_rules.MEMORY_BAND}
_BLIND = resource_rules.BAND  # of both, where what is used is not known
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Rollout", "ReplicaSet", "Job", "CronJob", "Pod")
PLACES = ("Cluster", "NodePool", "Node")
_SAID_OF_NODES = ("Node", "NodePool", ClusterAutoscaler.KIND)  # have a row with them, measured or not
_OWN = {"Node": "Node", "Namespace": "Namespace"} | {kind: kind for kind in WORKLOADS}
_EVERY = 30.0  # seconds: what was measured so lately is current, however often the metrics come
_USAGE = "Usage"

Said: TypeAlias = Mapping[tuple[ClusterRef, str, str, str], tuple[Verdict, ...]]
"""What was said of resources: cluster, kind, namespace and name -> verdicts, the worst first."""


class ResourceRow(NamedTuple):
    """``of`` as in ``Usage``, or the kind of ``obj``. ``subject`` is the object itself where there is one, without a uid, else what a
    verdict about what is used calls it."""

    subject: Subject
    of: str
    called: str
    namespace: str = ""
    usage: Usage | None = None
    obj: Object | None = None
    verdicts: tuple[Verdict, ...] = ()
    scaled: ScaledBy | None = None
    age: str = ""  # of what is used, where that is not current
    now: float = 0.0
    beside: tuple[Verdict, ...] = ()  # said of it, too, where the view is about some rules alone

    @property
    def level(self) -> Level:
        return self.verdicts[0].level if self.verdicts else Level.IDLE

    @property
    def name(self) -> str:
        return name_of(self.subject)

    def verdict(self, rule: str) -> Verdict | None:
        return next((v for v in self.verdicts if v.rule == rule), None)

    def banded(self, resource: str) -> Verdict | None:
        """What was said of "cpu" or "memory" in its band, or why nothing can be."""
        rules = (BANDS[resource], _BLIND)
        told = (*self.verdicts, *self.beside)
        return next((v for rule in rules for v in told if v.rule == rule), None)

    def gauge(self, resource: str) -> Gauge:
        """Of "cpu" or "memory", in its band."""
        points = recent(self.usage.points, resource, self.now) if self.usage is not None else ()
        return gauge(self.banded(resource), points, self.age)

    @property
    def rank(self) -> tuple[int, tuple[int, float], str]:
        """The worst first, and of equals the gravest."""
        worst = self.verdicts[0] if self.verdicts else None
        return (-self.level, gravity(worst), self.name)


def name_of(subject: Subject, spaced: bool = True) -> str:
    """``shop/web``, ``web`` where its namespace need not be said; pools and the cluster by what they are."""
    place = f"{subject.namespace}/" if subject.namespace and spaced else ""
    if subject.kind == ClusterAutoscaler.KIND:
        return CLUSTER_AUTOSCALER
    if subject.kind != _USAGE:
        return safe(place + subject.name)
    of, _, called = subject.name.partition("/")
    kind = {"NodePool": "pool ", "Cluster": "cluster "}.get(of, "")
    return safe(f"{kind}{place}{called or subject.cluster.cluster}")


def said_of(assessment: Assessment) -> Said:
    """What the rules about resources said, by whom it is about, without uids."""
    found: dict[tuple[ClusterRef, str, str, str], list[Verdict]] = defaultdict(list)
    for subject, told in assessment.verdicts.items():
        mine = [v for v in told if v.rule.startswith(RULES)]
        if mine:
            found[subject[:4]].extend(mine)
    return {at: _ordered(told) for at, told in found.items()}


class Sight(NamedTuple):
    """What the views read: one moment, and which namespaces are shown (None: all)."""

    picture: Picture
    assessment: Assessment
    said: Said
    namespaces: tuple[str, ...] | None
    now: float

    def clusters(self) -> Iterable[ClusterPicture]:
        return self.picture.clusters.values()

    def within(self, namespace: str) -> bool:
        return self.namespaces is None or namespace in self.namespaces

    def told(self, ref: ClusterRef, kind: str, namespace: str, name: str) -> tuple[Verdict, ...]:
        return self.said.get((ref, kind, namespace, name), ())

    def age(self, ref: ClusterRef, usage: Usage | None) -> str:
        """How old what is used is, by when it was measured, and by when it was read last where a clock is ahead of ours; "" while that
        is current, and of what never was."""
        seen = self.picture.clusters[ref].kinds.get(_USAGE)
        if usage is None or seen is None or not usage.at:
            return ""
        every = max(seen.interval, _EVERY, usage.window)
        stale = self.assessment.stale.get((ref, _USAGE))
        current = freshness(usage.at, every, self.now, seen.problem, stale) == FRESH
        return "" if current else short_age(self.now - min(usage.at, seen.observed_at or usage.at))


def sight(picture: Picture, assessment: Assessment, namespaces: tuple[str, ...] | None, now: float) -> Sight:
    return Sight(picture, assessment, said_of(assessment), namespaces, now)


def _used(cluster: ClusterPicture, of: Iterable[str]) -> Iterator[tuple[Key, Usage]]:
    kinds = frozenset(of)
    for key, obj in cluster.objects(_USAGE).items():
        if isinstance(obj, Usage) and obj.of in kinds:
            yield key, obj


def of_usage(sight: Sight, ref: ClusterRef, key: Key, usage: Usage) -> ResourceRow:
    """The row of what is used, with what was said under it and under the object itself."""
    own = _OWN.get(usage.of)
    under = Subject(ref, "Usage", key.namespace, key.name)
    subject = Subject(ref, own, key.namespace, usage.called) if own else under
    scaled = _scaler(sight, subject)
    beside, told = sight.told(*under[:4]), _told(sight, subject, scaled) if own else ()
    told = _ordered((*told, *beside)) if told and beside else told or beside
    obj = sight.picture.clusters[ref].objects(own).get(subject.key) if own else None
    return ResourceRow(
        subject,
        usage.of,
        usage.called,
        key.namespace,
        usage,
        obj,
        told,
        scaled,
        sight.age(ref, usage),
        sight.now,
    )


def _scaler(sight: Sight, subject: Subject) -> ScaledBy | None:
    state = sight.assessment.workloads.get(subject)
    return state.scaled_by if state is not None else None


def _told(sight: Sight, subject: Subject, scaled: ScaledBy | None) -> tuple[Verdict, ...]:
    """What was said of it, and of the autoscaler in charge of it, the worst first."""
    own = sight.told(*subject[:4])
    return own if scaled is None else _ordered((*own, *sight.told(*scaled.subject[:4])))


def _ordered(told: Iterable[Verdict]) -> tuple[Verdict, ...]:
    several = tuple(told)
    if len(several) < 2:
        return several
    return tuple(sorted(several, key=lambda v: (-v.level, gravity(v), v.rule)))


def of_object(sight: Sight, ref: ClusterRef, kind: str, namespace: str, name: str) -> ResourceRow:
    """The row of an object, measured or not; of what is used (kind "Usage") its row."""
    cluster = sight.picture.clusters.get(ref)
    if kind == _USAGE:
        used = cluster.objects(_USAGE).get(Key(namespace, name)) if cluster is not None else None
        if isinstance(used, Usage):
            return of_usage(sight, ref, Key(namespace, name), used)
        of, _, called = name.partition("/")
        subject = Subject(ref, kind, namespace, name)
        return ResourceRow(subject, of, called, namespace, verdicts=sight.told(*subject[:4]), now=sight.now)
    at = usage_key(kind, namespace, name)
    used = cluster.objects(_USAGE).get(at) if cluster is not None else None
    if isinstance(used, Usage):
        return of_usage(sight, ref, at, used)
    obj = cluster.objects(kind).get(Key(namespace, name)) if cluster is not None else None
    subject = Subject(ref, kind, namespace, name)
    scaled = _scaler(sight, subject)
    told = _told(sight, subject, scaled)
    return ResourceRow(subject, kind, name, namespace, None, obj, told, scaled, "", sight.now)


# -- the views ------------------------------------------------------------------------------------------------------


def _told_of(sight: Sight) -> Iterator[tuple[ClusterRef, str, str, str]]:
    """Of whom something was said, but that what it rests on is still to be read."""
    return (at for at, told in sight.said.items() if any(v.unknown is not UnknownKind.LOADING for v in told))


def workloads(sight: Sight) -> list[ResourceRow]:
    found: dict[Subject, ResourceRow] = {}
    for cluster in sight.clusters():
        for key, usage in _used(cluster, WORKLOADS):
            if sight.within(key.namespace):
                row = of_usage(sight, cluster.ref, key, usage)
                found[row.subject] = row
    for ref, kind, namespace, name in _told_of(sight):
        subject = Subject(ref, kind, namespace, name)
        if kind in WORKLOADS and subject not in found and sight.within(namespace):
            found[subject] = of_object(sight, ref, kind, namespace, name)
    return list(found.values())


def namespaces(sight: Sight) -> list[ResourceRow]:
    found: dict[tuple[ClusterRef, str], ResourceRow] = {}
    for cluster in sight.clusters():
        for key, usage in _used(cluster, ("Namespace",)):
            if sight.within(usage.called):
                found[cluster.ref, usage.called] = of_usage(sight, cluster.ref, key, usage)
    for ref, kind, _, name in _told_of(sight):
        if kind == "Namespace" and (ref, name) not in found and sight.within(name):
            found[ref, name] = of_object(sight, ref, kind, "", name)
    return [row._replace(namespace="") for row in found.values()]


def nodes(sight: Sight) -> list[ResourceRow]:
    found: dict[Subject, ResourceRow] = {}
    for cluster in sight.clusters():
        for key, usage in _used(cluster, PLACES):
            row = of_usage(sight, cluster.ref, key, usage)
            found[row.subject] = row
    for ref, kind, namespace, name in _told_of(sight):
        subject = Subject(ref, kind, namespace, name)
        if kind in _SAID_OF_NODES and subject not in found:
            found[subject] = of_object(sight, ref, kind, namespace, name)
    return list(found.values())


def _all_of(sight: Sight, kind: str, *also: str) -> list[ResourceRow]:
    """Every object of a kind, and of others (``also``) those of which one of its rules speaks."""
    rows = [
        of_object(sight, cluster.ref, kind, key.namespace, key.name)
        for cluster in sight.clusters()
        for key in cluster.objects(kind)
        if sight.within(key.namespace)
    ]
    rule = _RULE_OF[kind]
    for (ref, other, namespace, name), told in sight.said.items():
        if (
            other in also
            and sight.within(namespace or name.rpartition("/")[2])
            and any(v.rule == rule for v in told)
        ):
            row = of_object(sight, ref, other, namespace, name)
            rows.append(row._replace(verdicts=tuple(v for v in told if v.rule == rule)))
    return rows


_RULE_OF = {"ResourceQuota": resource_rules.QUOTA, "HorizontalPodAutoscaler": resource_rules.HPA}


def quotas(sight: Sight) -> list[ResourceRow]:
    return _all_of(sight, "ResourceQuota", "Namespace", "Usage")


def autoscalers(sight: Sight) -> list[ResourceRow]:
    return _all_of(sight, "HorizontalPodAutoscaler")


SIZING = (
    resource_rules.RIGHTSIZE,
    resource_rules.IDLE,
    resource_rules.COST,
    resource_rules.SPOT_SHARE,
    resource_rules.UNATTACHED,
    resource_rules.HOURS,
)


def sizing(sight: Sight) -> list[ResourceRow]:
    """What could be asked for, by the history."""
    found = []
    for (ref, kind, namespace, name), told in sight.said.items():
        mine = tuple(v for v in told if v.rule in SIZING)
        if mine and sight.within(namespace or name.rpartition("/")[2]):
            row = of_object(sight, ref, kind, namespace, name)
            found.append(row._replace(verdicts=mine, beside=row.verdicts))
    return found
