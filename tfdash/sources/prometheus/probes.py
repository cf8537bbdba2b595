"""Journeys that somebody else's prober runs: each sample of the probe metric is one run, 1 is success."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import Journey, JourneyRun
from tfdash.sources.journeys.options import JourneySettings
from tfdash.sources.prometheus.answer import Row, decode_labels, no_number
from tfdash.sources.prometheus.batches import reach

if TYPE_CHECKING:
    from tfdash.sources.prometheus.client import Client

_MOST = 120  # runs that are kept


def workload_subject(ref: ClusterRef, kind: str, text: str) -> Subject | None:
    """``namespace/name``; None where no workload is named."""
    namespace, slash, name = text.partition("/")
    return Subject(ref, kind, namespace, name) if slash and name else None


def read_probe(client: Client, ref: ClusterRef, rule: JourneySettings, at: float, seconds: float) -> Journey:
    """The journey with its runs of the last ``seconds``, of all the probers that the query finds."""
    rows, _ = client.query(f"{rule.probe}{reach(seconds)}", at)
    lasted: dict[tuple[str, ...], dict[float, float]] = {}
    if rule.probe_duration:
        durations, _ = client.query(f"{rule.probe_duration}{reach(seconds)}", at)
        lasted = {_who(row): dict(_numbers(row)) for row in durations}
    runs = [run for row in rows for run in _runs(row, lasted.get(_who(row), {}), len(rows) > 1)]
    runs.sort(key=lambda run: run.at)
    return Journey(
        name=rule.name,
        workload=workload_subject(ref, rule.kind, rule.workload),
        critical=rule.critical,
        side=rule.side,
        control=rule.control,
        runs=tuple(runs[-_MOST:]),
        source=rule.probe,
    )


def _who(row: Row) -> tuple[str, ...]:
    return tuple(sorted(f"{k}={v}" for k, v in decode_labels(row.metric).items() if k != "__name__"))


def _numbers(row: Row) -> list[tuple[float, float]]:
    """By time; raises ``AnotherShape`` at one that is no number."""
    try:
        return [(at, float(text)) for at, text in row.values]
    except ValueError as error:
        raise no_number(bytes(row.metric), error) from None


def _runs(row: Row, lasted: dict[float, float], several: bool) -> list[JourneyRun]:
    labels = decode_labels(row.metric)
    where = f" by {labels.get('prober') or labels.get('job') or ''} {labels.get('instance', '')}".rstrip()
    found = []
    for at, value in _numbers(row):
        ok = None if value != value else value >= 1.0
        message = {True: "", False: "the probe failed", None: "the probe told no number"}[ok]
        found.append(
            JourneyRun(
                at=at,
                ok=ok,
                duration=lasted.get(at, 0.0),
                message=message + (where if several and message else ""),
            )
        )
    return found


def not_run(ref: ClusterRef, probe: JourneySettings) -> Journey:
    """The journey before anything is known of its runs."""
    return Journey(
        name=probe.name,
        workload=workload_subject(ref, probe.kind, probe.workload),
        critical=probe.critical,
        side=probe.side,
        control=probe.control,
        source=probe.probe,
    )
