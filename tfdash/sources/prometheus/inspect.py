"""``tfdash doctor`` for metrics: of each service which series exist, whose they are, the buckets, the scrape interval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from tfdash.model.observation import Observation
from tfdash.model.release import ReleaseState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import CounterSeries, HistogramSeries, Signals, Traffic
from tfdash.sources.prometheus.options import Connection, Options
from tfdash.text import safe

_SKEW = 30.0


class Inspected(Protocol):
    """What is read of a source."""

    ref: ClusterRef
    options: Options
    connection: Connection

    @property
    def skew(self) -> float | None: ...


class ServiceReport(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of one service. Bounds and intervals in seconds; ``versions``: version -> number of its pods."""

    subject: Subject
    template: str
    in_flight: bool = False
    requests: int = 0
    errors: int = 0
    latency: int = 0
    native: bool = False
    versions: tuple[tuple[str, int], ...] = ()
    bounds: tuple[float, ...] = ()
    scrape_interval: float | None = None
    newest_age: float | None = None
    queries: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


class MetricsReport(msgspec.Struct, frozen=True, kw_only=True):
    """One Prometheus: reached or why not, and its services."""

    where: str
    version: str = ""
    problem: str = ""
    skew: float | None = None
    alerts: int | None = None
    services: tuple[ServiceReport, ...] = ()
    findings: tuple[str, ...] = ()


def inspect_service(
    subject: Subject,
    seen: Observation[Traffic],
    release: ReleaseState | None = None,
    error_labels: frozenset[str] = frozenset(),
) -> ServiceReport:
    """What is to be said of one service's samples, and of how they map to the two versions of its release.

    ``error_labels``: the labels by which its template tells errors.
    """
    findings = [str(seen.problem)] if seen.problem is not None else []
    traffic = seen.value
    if traffic is None:
        return ServiceReport(
            subject=subject, template="", findings=tuple(findings or ["nothing is known yet"])
        )
    everything: tuple[CounterSeries | HistogramSeries, ...] = (*traffic.requests, *traffic.latency)
    newest = max((s.points[-1].at for s in everything if s.points), default=None)
    age = traffic.evaluated_at - newest if newest is not None else None
    bounds = sorted({b for h in traffic.latency for p in h.points[-1:] for b in p.bounds})
    native = any(h.native for h in traffic.latency)
    findings += _missing(traffic, error_labels)
    if age is not None and traffic.scrape_interval and age > 2 * traffic.scrape_interval + 5:
        findings.append(f"the newest sample is {age:.0f} s old: it is stale, or our clock is ahead")
    if bounds and not native:
        findings += _coarse(bounds)
    findings += _versions(traffic, release)
    findings += [f"{q.role}: {q.warning}" for q in traffic.queries if q.warning]
    return ServiceReport(
        subject=subject,
        template=traffic.template,
        in_flight=release is not None and release.in_flight,
        requests=len(traffic.requests),
        errors=len(traffic.errors),
        latency=len(traffic.latency),
        native=native,
        versions=_pods_by_version(traffic),
        bounds=() if native else tuple(bounds),
        scrape_interval=traffic.scrape_interval,
        newest_age=age,
        queries=tuple(q.text for q in traffic.queries),
        findings=tuple(map(safe, findings)),
    )


def _missing(traffic: Traffic, error_labels: frozenset[str]) -> list[str]:
    found = []
    if not traffic.requests:
        found.append("no request counter is found: check the template, and that the service is scraped")
    elif error_labels and not any(k in error_labels for c in traffic.requests for k, _ in c.labels):
        found.append(
            f"no series has a label that tells errors ({', '.join(sorted(error_labels))}): none can be counted"
        )
    if not traffic.latency and any(q.role == "latency" for q in traffic.queries):
        found.append("no latency histogram is found")
    return found


def _coarse(bounds: list[float]) -> list[str]:
    finite = [b for b in bounds if math.isfinite(b)]
    if bounds[-1] != math.inf:
        return ["the histogram has no +Inf bucket"]
    if len(finite) < 2:
        return ["the histogram has fewer than two finite bounds: no quantile can be told"]
    return []


def _pods_by_version(traffic: Traffic) -> tuple[tuple[str, int], ...]:
    """Of the series that are still scraped."""
    pods: dict[str, set[str]] = {}
    everything: tuple[CounterSeries | HistogramSeries, ...] = (*traffic.requests, *traffic.latency)
    for series in everything:
        late = 3 * (traffic.scrape_interval or 60.0)
        if series.points and traffic.evaluated_at - series.points[-1].at <= late:
            pods.setdefault(series.version, set()).add(series.pod)
    return tuple(sorted((version, len(names)) for version, names in pods.items()))


def _versions(traffic: Traffic, release: ReleaseState | None) -> list[str]:
    if release is None or not traffic.requests:
        return []
    told = {s.version for s in traffic.requests} | {s.version for s in traffic.latency}
    found = []
    for name, side in (("canary", release.canary), ("stable version", release.stable)):
        if side is None or not side.pods:
            continue
        pods = {s.pod for s in traffic.requests} & set(side.pods)
        if not pods and side.hash not in told:
            found.append(f"no series is the {name}'s ({side.hash or 'no hash'}, {len(side.pods)} pods)")
        elif pods and len(pods) < len(side.pods):
            found.append(
                f"{len(side.pods) - len(pods)} of {len(side.pods)} pods of the {name} have no series"
            )
    if traffic.group == "pod" and not any(s.pod for s in traffic.requests):
        found.append(
            "the series carry no pod: versions cannot be told apart; set the template's group to the version's label"
        )
    return found


def inspect_metrics(
    source: Inspected, signals: Signals, releases: Mapping[Subject, ReleaseState]
) -> MetricsReport:
    """What a source brought into the board: the server, and every service of its cluster."""
    server: Observation[str] = signals.prometheus.get(source.ref, Observation())
    alerts = signals.alerts.get(source.ref)
    services = tuple(
        inspect_service(subject, seen, releases.get(subject), _error_labels(source, seen.value))
        for subject, seen in signals.traffic.items()
        if subject.cluster == source.ref
    )
    findings = []
    if alerts is not None and alerts.problem is not None:
        findings.append(f"alerts: {alerts.problem}")
    if source.skew is not None and abs(source.skew) > _SKEW:
        findings.append(f"Prometheus' clock is {source.skew:+.0f} s from ours; check time synchronisation")
    if not services:
        findings.append(
            "no service is to be judged: no release is known, and [[metrics.services]] names none"
        )
    problem = str(server.problem) if server.problem is not None else ""
    if not problem and server.value is None:
        problem = "no answer yet"
    return MetricsReport(
        where=safe(source.connection.shown),
        version=safe(server.value or ""),
        problem=problem,
        skew=source.skew,
        alerts=len(alerts.value) if alerts is not None and alerts.value is not None else None,
        services=services,
        findings=tuple(map(safe, findings)),
    )


def _error_labels(source: Inspected, traffic: Traffic | None) -> frozenset[str]:
    template = source.options.families.get(traffic.template) if traffic is not None else None
    return (
        frozenset(m.label for told in template.errors for m in told) if template is not None else frozenset()
    )


def as_json(report: MetricsReport) -> dict[str, Any]:
    """For ``doctor --format json``: plain data, infinite bounds as text."""
    made: dict[str, Any] = msgspec.to_builtins(report)
    for service, plain in zip(report.services, made["services"], strict=True):
        plain["subject"] = safe(f"{service.subject.kind} {service.subject.namespace}/{service.subject.name}")
        plain["bounds"] = [b if math.isfinite(b) else "+Inf" for b in service.bounds]
        plain["versions"] = {safe(version): pods for version, pods in service.versions}
        plain["queries"] = [safe(q) for q in service.queries]
    return made


def as_text(report: dict[str, Any]) -> list[str]:
    """``as_json``'s for people."""
    if report["problem"]:
        return [f"✖ metrics: {report['where']}", f"    {safe(report['problem'])}"]
    alerts = f", {report['alerts']} alerts" if report["alerts"] is not None else ""
    lines = [f"✔ metrics: {report['where']} (version {report['version'] or 'not told'}{alerts})"]
    silent = [
        s["subject"]
        for s in report["services"]
        if not s["in_flight"] and not s["requests"] + s["latency"] and s["template"]
    ]
    for s in report["services"]:
        if s["subject"] in silent:
            continue
        kind = "native" if s["native"] else "classic"
        versions = ", ".join(f"{v or 'unknown'} ({n} pods)" for v, n in s["versions"].items()) or "none"
        lines.append(f"    {'▲' if s['findings'] else '✔'} {s['subject']} [{s['template']}]")
        lines.append(
            f"        {s['requests']} request series ({s['errors']} of errors), {s['latency']} {kind} histograms; "
            f"versions: {versions}"
        )
        if s["scrape_interval"] is not None:
            age = f", the newest sample is {s['newest_age']:.0f} s old" if s["newest_age"] is not None else ""
            lines.append(f"        scraped every {s['scrape_interval']:g} s{age}")
        if s["bounds"]:
            told = ", ".join(b if isinstance(b, str) else f"{b:g}" for b in s["bounds"])
            lines.append(f"        bucket bounds {told} s")
        lines += [f"      ▲ {finding}" for finding in s["findings"]]
    if silent:
        lines.append(
            f"    nothing is found of {len(silent)} without a release in flight: {', '.join(silent)}"
        )
    return lines + [f"  ▲ {finding}" for finding in report["findings"]]
