"""The lines of the resources: whether the platform is within its bands, and how full its quotas are."""

from __future__ import annotations

from tfdash.model.kube import Pod
from tfdash.model.kubecluster import Node
from tfdash.model.usage import Usage, usage_key
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.section import Findings, Reading, Section, worst_of

OF_RESOURCES = (
    "resources.band.cpu",
    "resources.band.memory",
    "resources.hpa",
    "resources.fits",
    "resources.node",
    "resources.autoscaler",
    "resources.volume",
    "resources.rightsize",
    "resources.idle",
    "resources.cost",
    "resources.hours",
)
"""The rules whose words the line of the resources reads."""
OF_QUOTAS = ("resources.quota", "resources.limits")
_BANDS = {"resources.band.cpu": "cpu", "resources.band.memory": "memory"}
_WHOLE = usage_key("Cluster", "", "")


def read(findings: Findings) -> Reading:
    verdicts = findings.by_rule(*OF_RESOURCES)
    if not verdicts:
        return Reading(Level.OK, "nothing is measured")
    reading = worst_of(verdicts, "nothing found", "in order")
    whole = [
        v for v in verdicts if v.rule in _BANDS and v.subject.kind == Usage.KIND and v.subject.key == _WHOLE
    ]
    return reading._replace(sentence=_of_clusters(whole)) if whole else reading


def _of_clusters(whole: list[Verdict]) -> str:
    """``cpu 83 % of 60-80 · memory 74 % of 70-85``: of several clusters the worst, named."""
    worst: dict[str, Verdict] = {}
    for verdict in sorted(whole, key=lambda v: (-v.level, -(v.measured or 0.0), v.subject)):
        worst.setdefault(verdict.rule, verdict)
    several = len({v.subject.cluster for v in whole}) > 1
    return " · ".join(
        f"{name} {_figure(found)}" + (f" in {found.subject.cluster.cluster}" if several else "")
        for rule, name in _BANDS.items()
        if (found := worst.get(rule)) is not None
    )


def _figure(verdict: Verdict) -> str:
    if verdict.measured is None or verdict.band is None:
        return "not known"
    low, high = verdict.band
    return f"{verdict.measured:.0f} % of {low:g}-{high:g}"


def read_quotas(findings: Findings) -> Reading:
    verdicts = findings.by_rule(*OF_QUOTAS)
    if not verdicts:
        return Reading(Level.OK, "no quotas")
    reading = worst_of(verdicts, "none is nearly full", "in order")
    full = [v for v in verdicts if v.rule == OF_QUOTAS[0] and v.measured is not None]
    if not full:
        return reading._replace(sentence="no quotas")
    highest = max(full, key=lambda v: (v.measured or 0.0, v.subject))
    of = f"{highest.subject.namespace} {highest.subject.name}"
    return reading._replace(sentence=f"highest {highest.measured:.0f} % ({of})")


SECTION = Section("resources", "Resources", "overview", read, needs=(Node,))
QUOTAS = Section("quotas", "Quotas", "overview", read_quotas, needs=(Pod,))
