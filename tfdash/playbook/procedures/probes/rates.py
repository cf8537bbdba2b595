"""What the rollback triggers rest on, and the runs of a journey, as lines for Prometheus and curl."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tfdash.figures import percents, times
from tfdash.model.judgement import CanaryJudgement, Trigger
from tfdash.model.release import ReleaseState
from tfdash.model.traffic import Journey, Traffic
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.probes.lines import instant, of_object, remark

_QUANTILE = 0.9
_HTTP = "http"  # what a journey of our own requests has as its source


def without_traffic(arguments: Mapping[str, str]) -> str:
    """Before anything is known of it: which metrics are asked stands in its template."""
    told = "and in Prometheus: errors and P90 latency of the new version against the old one's, which no object tells"
    return remark(of_object(arguments, "workload"), told)


def of_triggers(case: ProbeCase, release: ReleaseState, judged: CanaryJudgement) -> str:
    """The errors and the latency by version, with what they are held against; "" where nothing is asked."""
    signals = case.picture.signals.traffic
    subjects = (release.subject, *((release.workload,) if release.workload is not None else ()))
    traffic = next(
        (seen.value for s in subjects if (seen := signals.get(s)) is not None and seen.value), None
    )
    lines = _lines(traffic) if traffic is not None else []
    return remark("; ".join(lines), _held_against(judged.triggers, traffic)) if lines and traffic else ""


def _lines(traffic: Traffic) -> list[str]:
    asked: dict[str, list[str]] = {}
    for query in traffic.queries:
        asked.setdefault(query.role, []).append(query.text)
    by, found = traffic.group, []
    requests, errors, latency = (asked.get(role, []) for role in ("requests", "errors", "latency"))
    if requests and errors:
        found.append(instant(f"{_rate(errors, by)} / {_rate(requests, by)}"))
    for text in latency:
        classic = text.partition("{")[0].partition("[")[0].endswith("_bucket")
        buckets = f"{by}, le" if classic else by
        found.append(instant(f"histogram_quantile({_QUANTILE}, {_rate([text], buckets)})"))
    return found


def _rate(selectors: Sequence[str], by: str) -> str:
    """Of alternatives what satisfies one of them. A text without a span of its own is given one."""
    rates = (f"rate({text if text.endswith(']') else f'{text}[5m]'})" for text in selectors)
    return f"sum by ({by}) ({' or '.join(rates)})"


def _held_against(triggers: Sequence[Trigger], traffic: Traffic) -> str:
    limits = [f"{t.title} at {_figure(t.limit, t.unit)}" for t in triggers if t.limit is not None]
    which = "a pod's version is its pod-template-hash" if traffic.group == "pod" else f"by {traffic.group}"
    return "; ".join((*([f"a rollback: {', '.join(limits)}"] if limits else []), which))


def _figure(limit: float, unit: str) -> str:
    return (times if unit == "s" else percents)((limit,))[0]


def of_journey(journey: Journey) -> str:
    """Its own requests, or the metric of its prober."""
    if journey.source == _HTTP:
        return journey.line
    return instant(journey.source) if journey.source else ""


def a_journey(arguments: Mapping[str, str]) -> str:
    which = (
        f"of the journey {arguments['journey']}" if arguments.get("journey") else "of each critical journey"
    )
    return remark(
        "curl -fsS -w '%{http_code} %{time_total}\\n' \"$URL\"", f"each step {which}, as [[journeys]] has it"
    )
