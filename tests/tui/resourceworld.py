"""What is used on the platform of the golden screens, and what is said of it, as the judge would publish it."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.tui import world
from tests.tui.recorded import INFO, REF, Recorded
from tfdash.judging.judge import Judge
from tfdash.model.assessment import Assessment
from tfdash.model.capacity import ResourceQuota
from tfdash.model.kube import Object
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, ClusterPicture, Picture
from tfdash.model.section import SectionState
from tfdash.model.subject import Key, Subject
from tfdash.model.usage import Usage, usage_key
from tfdash.model.usage_points import UsagePoint
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.quantities import NANO, amounts

NOW, NS, GI = world.NOW, world.NS, 2**30


def usage(
    of: str, called: str, cpu: float, memory: float, *, namespace: str = NS, rising: float = 0.0, **over: Any
) -> Usage:
    """``cpu`` cores and ``memory`` bytes now, and 15 minutes of points that rise by so much of them."""
    key = usage_key(of, namespace, called)
    shares = [1 - rising + rising * i / 59 for i in range(60)]
    asked = dict(over.get("requests", ()))
    requests = [asked[name] / NANO if name in asked else None for name in ("cpu", "memory")]
    given: dict[str, Any] = {
        "at": NOW - 12,
        "window": 15.0,
        "source": "metrics.k8s.io",
        "used": (("cpu", round(cpu * NANO)), ("memory", round(memory * NANO))),
        "points": tuple(
            UsagePoint(NOW - 12 - 15 * (59 - i), cpu * s, memory * s, *requests) for i, s in enumerate(shares)
        ),
        "pods": 3,
        "measured": 3,
    }
    return Usage(
        name=key.name,
        namespace=key.namespace,
        uid="",
        resource_version="",
        created=0.0,
        of=of,
        called=called,
        **(given | over),
    )


def said(
    rule: str,
    subject: Subject,
    level: Level,
    sentence: str,
    measured: float | None = None,
    band: Any = None,
    query: str = "metrics.k8s.io",
    **over: Any,
) -> Verdict:
    return Verdict(
        level=level,
        rule=f"resources.{rule}",
        subject=subject,
        sentence=sentence,
        measured=measured,
        band=band,
        unit="%",
        evidence=Evidence(query=query, window=900.0),
        **over,
    )


def of(kind: str, name: str, namespace: str = NS) -> Subject:
    return Subject(REF, kind, namespace, name)


def under(what: str) -> Subject:
    return Subject(REF, "Usage", "", what)


_CPU, _MEMORY = (60.0, 80.0), (70.0, 85.0)
USED = (
    usage(
        "Deployment",
        "auth",
        0.28,
        0.39 * GI,
        requests=amounts({"cpu": "400m", "memory": "512Mi"}),
        pods=2,
        measured=2,
    ),
    usage(
        "Deployment",
        "checkout",
        0.79,
        1.02 * GI,
        rising=0.4,
        requests=amounts({"cpu": "800m", "memory": "1Gi"}),
        limits=amounts({"memory": "1Gi"}),
        pods=4,
        measured=4,
        without_limit=(("cpu", 4),),
    ),
    usage(
        "Deployment",
        "ledger-export",
        0.05,
        0.55 * GI,
        rising=-0.3,
        requests=amounts({"cpu": "400m", "memory": "512Mi"}),
    ),
    usage("StatefulSet", "main-db", 0.0, 0.0, used=(), points=(), at=NOW - 400, pods=1, measured=0),
    usage("DaemonSet", "shipper", 0.31, 0.2 * GI, requests=amounts({"cpu": "600m", "memory": "768Mi"})),
    usage(
        "Namespace",
        NS,
        1.43,
        2.2 * GI,
        namespace="",
        pods=12,
        measured=11,
        requests=amounts({"cpu": "2200m", "memory": "3Gi"}),
    ),
    usage(
        "Namespace", "tf-batch", 0.1, 0.1 * GI, namespace="", requests=amounts({"cpu": "1", "memory": "1Gi"})
    ),
    *(
        usage(
            "Node",
            f"node-{i}",
            cpu,
            memory * GI,
            namespace="",
            pods=5,
            measured=5,
            allocatable=amounts({"cpu": "4", "memory": "16Gi"}),
            asked=amounts({"cpu": "3", "memory": "9Gi"}),
        )
        for i, cpu, memory in ((1, 2.6, 11.7), (2, 2.9, 12.4), (3, 3.9, 12.9))
    ),
    usage(
        "Cluster",
        "",
        9.4,
        37.0 * GI,
        namespace="",
        pods=15,
        measured=15,
        allocatable=amounts({"cpu": "12", "memory": "48Gi"}),
        asked=amounts({"cpu": "9", "memory": "27Gi"}),
    ),
)
VERDICTS = (
    said("band.cpu", of("Deployment", "auth"), Level.OK, "auth: cpu 70 % of request, in 60-80 for 15m", 70.0, _CPU),
    said("band.memory", of("Deployment", "auth"), Level.OK, "auth: memory 78 % of request, in 70-85 for 15m", 78.0, _MEMORY),
    said(
        "band.cpu", of("Deployment", "checkout"), Level.WARN,
        "checkout: cpu 98.8 % of request, above 80 for 14m of 15m: raise the request or the HPA's maximum", 98.8, _CPU, since=NOW - 840,
    ),
    said(
        "band.memory", of("Deployment", "checkout"), Level.BREACH,
        "checkout: memory 102 % of request and of the limit: pods are killed next", 102.0, _MEMORY, since=NOW - 300,
    ),
    said(
        "hpa", of("HorizontalPodAutoscaler", "checkout"), Level.WARN,
        "checkout: pinned at 3 of 3-10: cpu 71 % of 70", 3.0, (3.0, 10.0), limit=10.0, since=NOW - 3600,
    ),
    said(
        "fits", of("Deployment", "checkout"), Level.WARN,
        "checkout: max 10 cannot be reached: quota compute ends at 7 (requests.cpu 4)",
    ),
    said("band.cpu", of("Deployment", "ledger-export"), Level.WARN, "ledger-export: cpu p95 12 % of request over 7d, below 60", 12.0, _CPU),
    said("band.memory", of("Deployment", "ledger-export"), Level.BREACH, "ledger-export: memory 110 % of request for 15m", 110.0, _MEMORY),
    said("rightsize", of("Deployment", "ledger-export"), Level.WARN, "ledger-export: cpu 200m → 60m, memory 256Mi → 420Mi (14d, 18,204 points)"),
    said(
        "band.cpu", of("StatefulSet", "main-db"), Level.UNKNOWN,
        "main-db: not measured for 6m (metrics.k8s.io)", unknown=UnknownKind.NO_DATA,
    ),
    said("band.cpu", of("DaemonSet", "shipper"), Level.OK, "shipper: cpu 52 % of request; below is not judged: a DaemonSet cannot shrink", 52.0, _CPU),
    said("band.memory", of("DaemonSet", "shipper"), Level.IDLE, "shipper: memory: no request in 1 of 3 pods", None, None),
    said("band.cpu", under(f"Namespace/{NS}"), Level.OK, f"{NS}: cpu 65 % of request", 65.0, _CPU),
    said("band.memory", under(f"Namespace/{NS}"), Level.OK, f"{NS}: memory 73 % of request", 73.0, _MEMORY),
    said("band.cpu", under("Cluster/"), Level.OK, "cpu 78 % of allocatable", 78.3, _CPU),
    said("band.memory", under("Cluster/"), Level.OK, "memory 77 % of allocatable", 77.1, _MEMORY),
    said("node", of("Node", "node-3", ""), Level.WARN, "node-3: places 88 of 110 taken (80 %)", 80.0, None, limit=80.0),
    said("quota", of("ResourceQuota", "compute"), Level.WARN, "compute: requests.cpu 81 % (3.24 of 4), at or over 80", 81.0, None, limit=80.0, query="requests.cpu"),
    said("quota", of("ResourceQuota", "objects"), Level.OK, "objects: pods 40 % (12 of 30)", 40.0, None, limit=80.0, query="pods"),
    said("quota", under("Namespace/tf-batch"), Level.WARN, "tf-batch: no ResourceQuota"),
)  # fmt: skip
SECTIONS = (
    SectionState(
        id="resources",
        title="Resources",
        level=Level.BREACH,
        sentence="cpu 78 % of 60-80 · memory 77 % of 70-85",
        detail="ledger-export: memory 110 % of request for 15m",
        target="resources",
        count=2,
        subject=of("Deployment", "ledger-export"),
    ),
    SectionState(
        id="quotas",
        title="Quotas",
        level=Level.WARN,
        sentence="highest 81 % (tf-production compute)",
        detail="compute: requests.cpu 81 % (3.24 of 4), at or over 80",
        target="resources",
        count=2,
    ),
)


def _quota(name: str, hard: dict[str, str], used: dict[str, str]) -> ResourceQuota:
    return ResourceQuota(
        name=name,
        namespace=NS,
        uid=f"uid-{name}",
        resource_version="1",
        created=NOW - world.DAY,
        wanted=amounts(hard),
        hard=amounts(hard),
        used=amounts(used),
        hard_text=tuple(sorted(hard.items())),
        used_text=tuple(sorted(used.items())),
    )


def objects() -> dict[str, list[Object]]:
    found = world.objects()
    found["Usage"] = list(USED)
    found["ResourceQuota"] = [
        _quota(
            "compute",
            {"requests.cpu": "4", "requests.memory": "8Gi"},
            {"requests.cpu": "3240m", "requests.memory": "4Gi"},
        ),
        _quota("objects", {"pods": "30"}, {"pods": "12"}),
    ]
    return found


def source() -> Recorded:
    return Recorded(objects())


class Told(Judge):
    """The judge, and beside what it says what a test has it say of resources."""

    def assess(self, picture: Picture, change: Change, now: float) -> tuple[Assessment, Any]:
        assessment, changed = super().assess(picture, change, now)
        verdicts = {
            subject: tuple(v for v in told if not v.rule.startswith("resources."))
            for subject, told in assessment.verdicts.items()
        }
        for verdict in VERDICTS:
            verdicts[verdict.subject] = (*verdicts.get(verdict.subject, ()), verdict)
        sections = (*SECTIONS, *(s for s in assessment.sections if s.id not in ("resources", "quotas")))
        return msgspec.structs.replace(assessment, verdicts=verdicts, sections=sections), changed


def picture() -> Picture:
    """The same without a board."""
    kinds = {
        kind: Observation(
            value={Key(o.namespace, o.name): o for o in many},
            complete=True,
            observed_at=NOW,
            source=REF.cluster,
        )
        for kind, many in objects().items()
    }
    info = Observation(value=INFO, observed_at=NOW)
    return Picture(at=NOW, number=1, clusters={REF: ClusterPicture(ref=REF, info=info, kinds=kinds)})


def assessment() -> Assessment:
    return Told().assess(picture(), Change(keys={}, freshness=frozenset()), NOW)[0]
