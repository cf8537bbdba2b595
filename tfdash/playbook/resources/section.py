"""The lines of the resources: whether the platform is within its bands, and how full its quotas are."""

from __future__ import annotations

from collections import Counter

import msgspec

from tfdash.figures import percent
from tfdash.gravity import gravity, only_too_much
from tfdash.model.autoscaling import NodePool, ScaledObject
from tfdash.model.capacity import PersistentVolume, PersistentVolumeClaim, ResourceQuota
from tfdash.model.delivery import Rollout
from tfdash.model.kube import (
    CronJob,
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Job,
    Pod,
    ReplicaSet,
    StatefulSet,
)
from tfdash.model.kubecluster import Namespace, Node
from tfdash.model.section import SectionFinding
from tfdash.model.subject import Subject
from tfdash.model.usage import Usage, namespace_of, usage_key
from tfdash.model.verdict import Level, Verdict
from tfdash.nouns import counted
from tfdash.playbook import waivers
from tfdash.playbook.resources import bands, fits, limits_set, volume
from tfdash.playbook.resources import quotas as quota
from tfdash.playbook.section import Findings, Reading, Section, worst_of

OF_QUOTAS = (quota.ID, limits_set.ID)
OF_RESOURCES = (bands.ID, *(rule for rule in waivers.RESOURCE_RULES if rule not in OF_QUOTAS))
"""The rules whose words the line of the resources reads."""
_LISTS = {PersistentVolumeClaim.KIND: "pvc", ScaledObject.KIND: "scaledobjects"}
"""Where what has no row on the page of resources stands."""
_NAMED = 4  # of those that a quota holds
_BLIND = (bands.ID,)
_BANDS = {bands.CPU: "cpu", bands.MEMORY: "memory"}
_WHOLE = usage_key("Cluster", "", "")
_WORKLOADS = (Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob)
"""Of those that cannot be read no rule says a word: the section does."""
_OPTIONAL = (Rollout,)


def read(findings: Findings) -> Reading:
    verdicts = _told(findings, OF_RESOURCES)
    if not verdicts:
        return Reading(Level.IDLE, "nothing is measured")
    reading = _placed(_folded(_worst_of(verdicts)))
    whole = [
        v for v in verdicts if v.rule in _BANDS and v.subject.kind == Usage.KIND and v.subject.key == _WHOLE
    ]
    if whole and all(v.measured is None for v in whole):  # where some namespaces alone are read
        whole = [v for v in verdicts if v.rule in _BANDS and _of_namespace(v.subject)] or whole
    said = _of_places(whole) if whole else reading.sentence
    return reading._replace(sentence="; ".join((said, *_not_judged(verdicts))))


def _of_namespace(subject: Subject) -> bool:
    return subject.kind == Usage.KIND and bool(namespace_of(subject)) and not subject.namespace


def _told(findings: Findings, rules: tuple[str, ...]) -> list[Verdict]:
    """Without what each says of a kind that was not read: the section says it once."""
    failed = set(map(id, findings.failed))
    return [v for v in findings.by_rule(*rules) if v.rule not in _BLIND or id(v) in failed]


def _worst_of(verdicts: list[Verdict]) -> Reading:
    """With one finding for each quota of which several workloads have no room left; each workload keeps its own verdict."""
    held: dict[Subject, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.rule == fits.ID and verdict.level is Level.WARN:
            ends = [o for o in verdict.evidence.objects if o.kind == ResourceQuota.KIND]
            if ends and len(ends) == len(verdict.evidence.objects):  # no pod waits for a node besides
                held.setdefault(ends[0], []).append(verdict)
    several = {quota: told for quota, told in held.items() if len(told) > 1}
    whole = _counted(worst_of(verdicts, "nothing found", "in order", gravity, only_too_much))
    if not several:
        return whole
    folded = {id(v) for told in several.values() for v in told}
    rest = worst_of((v for v in verdicts if id(v) not in folded), "", "", gravity, only_too_much).findings
    places = {(v.subject, v.sentence): gravity(v) for v in verdicts}
    ordered = [(min(map(gravity, told)), _of_quota(quota, told)) for quota, told in several.items()]
    ordered += [(places[f.subject, f.sentence], f) for f in rest if f.subject is not None]
    return whole._replace(findings=tuple(f for _, f in sorted(ordered, key=lambda o: (-o[1].level, o[0]))))


def _of_quota(quota: Subject, told: list[Verdict]) -> SectionFinding:
    names = sorted(v.subject.name for v in told)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return SectionFinding(
        level=Level.WARN,
        sentence=f"{len(names)} workloads of {quota.namespace} find no room in quota {quota.name} for what they may "
        f"grow to: {', '.join(names[:_NAMED])}{more}",
        subject=quota,
        rule=fits.ID,
        many=len(told),
    )


def _counted(reading: Reading) -> Reading:
    """As many as there are rows for: of whom something is said, however much that is."""

    def of(level: Level, loading: bool) -> int:
        told = (f for f in reading.findings if f.level is level and (loading or not f.loading))
        return len({f.subject and f.subject._replace(uid="") for f in told})

    many = of(reading.level, True) if reading.level > Level.OK else reading.many
    return reading._replace(many=many, unknown=of(Level.UNKNOWN, False))


def _folded(reading: Reading) -> Reading:
    """What is not known as one finding: a terminal that was just begun has not seen anything for long enough."""
    unknown = [f for f in reading.findings if f.level is Level.UNKNOWN and not f.loading and not f.cause]
    if len(unknown) < 2:
        return reading
    told = (
        f"{reading.unknown} not known, {unknown[0].sentence}" if reading.unknown > 1 else unknown[0].sentence
    )
    folded = set(map(id, unknown))
    rest = tuple(f for f in reading.findings if id(f) not in folded)
    first = SectionFinding(level=Level.UNKNOWN, sentence=told, subject=unknown[0].subject)
    reading = reading._replace(findings=(*rest, first))
    if reading.level is Level.UNKNOWN:
        reading = reading._replace(detail=told, subject=unknown[0].subject)
    return reading


def _placed(reading: Reading) -> Reading:
    """Each with the list on which its object stands, where that is not the section's page."""
    placed = tuple(
        msgspec.structs.replace(f, page=_LISTS.get(f.subject.kind, "")) if f.subject is not None else f
        for f in reading.findings
    )
    of = reading.subject.kind if reading.subject is not None else ""
    return reading._replace(findings=placed, target=_LISTS.get(of, ""))


def _not_judged(verdicts: list[Verdict]) -> list[str]:
    """What no level tells: ``below is not judged of 12 (9 too little history, 3 not watched)``, ``2 volumes not watched``."""
    several = [v for v in verdicts if v.level is Level.IDLE and v.unknown is not None]
    why = {v.subject: v.unknown.value for v in several if v.rule in _BANDS and v.unknown is not None}
    found: list[str] = []
    if why:
        each = [f"{count} {kind}" for kind, count in sorted(Counter(why.values()).items())]
        words = f" ({', '.join(each)})" if len(each) > 1 else f": {next(iter(why.values()))}"
        found.append(f"below is not judged of {len(why)}{words}")
    if volumes := sum(v.rule == volume.ID for v in several):
        found.append(f"{counted(volumes, 'volume')} not watched")
    return found


def _of_places(whole: list[Verdict]) -> str:
    """``cpu 83 % of 60-80 · memory 74 % of 70-85``: of several clusters the worst, named; a namespace is always named."""
    worst: dict[str, Verdict] = {}
    for verdict in sorted(whole, key=lambda v: (-v.level, -(v.measured or 0.0), v.subject)):
        worst.setdefault(verdict.rule, verdict)
    several = len({v.subject.cluster for v in whole}) > 1

    def where(subject: Subject) -> str:
        places = (namespace_of(subject), subject.cluster.cluster if several else "")
        return "".join(f" in {place}" for place in places if place)

    return " · ".join(
        f"{name} {_figure(found)}{where(found.subject)}"
        for rule, name in _BANDS.items()
        if (found := worst.get(rule)) is not None
    )


def _figure(verdict: Verdict) -> str:
    if verdict.measured is None or verdict.band is None:
        return "not known"
    low, high = verdict.band
    return f"{_exact(verdict)} % of {low:g}-{high:g}"


def _exact(verdict: Verdict) -> str:
    bounds = [b for b in (*(verdict.band or ()), verdict.limit) if b is not None]
    return percent(verdict.measured or 0.0, *bounds)


def read_quotas(findings: Findings) -> Reading:
    verdicts = findings.by_rule(*OF_QUOTAS)
    if not verdicts:
        return Reading(Level.OK, "no quotas")
    reading = _folded(_counted(worst_of(verdicts, "none is nearly full", "in order", gravity)))
    quotas = [v for v in verdicts if v.rule == quota.ID and v.subject.kind == ResourceQuota.KIND]
    counted = [v for v in quotas if v.measured is not None]
    if not counted:
        return reading._replace(sentence="no quotas" if not quotas else "none is counted")
    highest = max(counted, key=lambda v: (v.measured or 0.0, v.subject))
    what = f"{highest.subject.namespace} {highest.evidence.query}"
    return reading._replace(sentence=f"highest {_exact(highest)} % ({what})")


SECTION = Section(
    "resources",
    "Resources",
    "resources",
    read,
    needs=(
        *(Usage, Namespace, Node, Pod, HorizontalPodAutoscaler, PersistentVolume, PersistentVolumeClaim),
        *_WORKLOADS,
    ),
    uses=(*_OPTIONAL, ScaledObject, NodePool),
    rules=OF_RESOURCES,
)
QUOTAS = Section(
    "quotas",
    "Quotas",
    "resources",
    read_quotas,
    needs=(ResourceQuota, Pod, *_WORKLOADS),
    uses=_OPTIONAL,
    rules=OF_QUOTAS,
)
