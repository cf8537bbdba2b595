"""The whole verdict on one release: arithmetic, both readings, intervals, windows, queries; as text and as JSON."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from tfdash.model.judgement import CanaryJudgement, Measured, Trigger, WindowResult
from tfdash.model.picture import Picture
from tfdash.model.release import ReleaseState, Side
from tfdash.model.release_answer import ReleaseAnswer
from tfdash.model.subject import Subject
from tfdash.text import safe
from tfdash.views import canary
from tfdash.views.canary import amount, outcome_state, title_of
from tfdash.views.layout import columns, pairs
from tfdash.views.times import iso, local, moment


def why_lines(
    release: ReleaseState, judgement: CanaryJudgement | None, answer: ReleaseAnswer, zone: ZoneInfo
) -> list[str]:
    """Everything that was said of it, in words."""
    if judgement is None:
        return [f"{canary.verdict(answer).text}  {canary.name_and_version(release)}: {safe(release.message)}"]
    state = canary.verdict(answer)
    lines = [f"{state.text}  {canary.name_and_version(release)}: {safe(judgement.sentence)}", ""]
    about: list[tuple[str, str | list[str]]] = [
        ("recommended", judgement.advice.value),
        ("judged", moment(judgement.at, zone)),
    ]
    if judgement.verified_in is not None:
        about.append(
            ("verified", "now" if judgement.verified_in <= 0 else f"in {judgement.verified_in:,.0f} s")
        )
    if judgement.canary_policy:
        about.append(("canary policy", safe(judgement.canary_policy)[:16]))
    if release.skips:
        about.append(("promote skips", [safe(s) for s in release.skips]))
    if release.skips_full:
        about.append(("promote full skips", [safe(s) for s in release.skips_full]))
    if release.problem:
        about.append(("not readable", safe(release.problem)))
    lines += [*pairs(about, indent=2), ""]
    for trigger in judgement.triggers:
        lines += [*_trigger(trigger, zone), ""]
    return lines


def _trigger(trigger: Trigger, zone: ZoneInfo) -> list[str]:
    state = canary.trigger_state(trigger)
    given: list[tuple[str, str | list[str]]] = []

    def add(label: str, text: str) -> None:
        if text:
            given.append((label, text))

    add("plain reading", safe(trigger.plain))
    add("other reading", safe(trigger.other))
    unit = trigger.unit
    add("canary", _value(trigger.value, trigger.low, trigger.high, trigger.sample, unit))
    add("baseline", _value(trigger.baseline, None, None, trigger.baseline_sample, unit))
    add("baseline from", safe(trigger.baseline_label))
    for label, text in canary.limits_of(trigger):
        add(label, text)
    if trigger.bucket is not None:
        add("bucket", f"{amount(trigger.bucket[0], 's')} to {amount(trigger.bucket[1], 's')}")
    add("flags", safe(" · ".join(trigger.flags)))
    if trigger.needed:
        wait = (
            f", about {trigger.needed_seconds:,.0f} s at the present rate" if trigger.needed_seconds else ""
        )
        add("still needed", f"{trigger.needed:,} requests{wait}")
    if trigger.second_opinion:
        add(
            "second opinion",
            f"{safe(trigger.second_opinion)} (classified as Kayenta does; never the sole ground)",
        )
    if trigger.evaluated_at:
        add("evaluated", moment(trigger.evaluated_at, zone))
    add("query", safe(trigger.query))
    lines = [f"{title_of(trigger)}  {state.text}", f"  {safe(trigger.sentence)}", *pairs(given, indent=2)]
    if trigger.windows:
        lines += ["", *_windows(trigger, zone)]
    return lines


def _value(value: float | None, low: float | None, high: float | None, sample: int, unit: str) -> str:
    text = amount(value, unit)
    if not text:
        return ""
    between = (
        f" (interval {amount(low, unit)} to {amount(high, unit) or 'unbounded'})" if low is not None else ""
    )
    return f"{text}{between} of {sample:,} {'runs' if unit == 'runs' else 'requests'}"


def _windows(trigger: Trigger, zone: ZoneInfo) -> list[str]:
    head = ("  WINDOW", "OUTCOME", "CANARY", "OF", "BASELINE", "OF")
    rows = [_window(w, trigger.unit, zone) for w in trigger.windows]
    return columns([head, *rows], (False, False, True, True, True, True))


def _window(window: WindowResult, unit: str, zone: ZoneInfo) -> tuple[str, ...]:
    start, end = local(window.start, zone), local(window.end, zone)
    one, two = window.canary, window.baseline
    return (
        f"  {start:%H:%M:%S}-{end:%H:%M:%S}",
        outcome_state(window.outcome).text,
        _measured(one, unit),
        f"{one.count:,.0f}",
        _measured(two, unit),
        f"{two.count:,.0f}",
    )


def _measured(side: Measured, unit: str) -> str:
    text = amount(side.value, unit) or "-"
    return f"> {text}" if side.saturated else text


def query_lines(
    release: ReleaseState, judgement: CanaryJudgement | None, picture: Picture, zone: ZoneInfo
) -> list[str]:
    """The queries as they were sent, to be copied into Prometheus."""
    lines: list[str] = []
    for subject in (release.workload, release.subject):
        seen = picture.signals.traffic.get(subject) if subject is not None else None
        if seen is None or seen.value is None:
            continue
        traffic = seen.value
        lines.append(
            f"# evaluated at {moment(traffic.evaluated_at, zone)}, template {safe(traffic.template) or '?'}"
        )
        for query in traffic.queries:
            lines += ["", f"# {safe(query.role)}", safe(query.text)]
            if query.warning:
                lines.append(f"# warning: {safe(query.warning)}")
        break
    if not lines and judgement is not None:
        for trigger in judgement.triggers:
            if trigger.query:
                lines += [f"# {title_of(trigger)}", safe(trigger.query), ""]
    return lines or ["No query was sent for this release: see the line about metrics on the Canary screen."]


# -- JSON -------------------------------------------------------------------------------------------------------------


def as_json(
    release: ReleaseState, judgement: CanaryJudgement | None, answer: ReleaseAnswer
) -> dict[str, Any]:
    """For programs; times are RFC 3339 in UTC, ratios and seconds as numbers."""
    pause = release.pause
    return {
        "subject": _subject(release.subject),
        "carrier": release.carrier.value,
        "phase": release.phase.value,
        "message": safe(release.message),
        "in_flight": release.in_flight,
        "verdict": canary.verdict(answer).word,
        "canary": _side(release.canary),
        "stable": _side(release.stable),
        "step": release.step,
        "steps": [safe(s.text) for s in release.steps],
        "weight": {
            "wanted": release.weight.wanted,
            "actual": release.weight.actual,
            "approximate": release.weight.approximate,
        },
        "pause": None
        if pause is None
        else {
            "reason": safe(pause.reason),
            "sentence": safe(pause.sentence),
            "since": iso(pause.since),
            "until": iso(pause.until),
        },
        "promote_would_skip": [safe(s) for s in release.skips],
        "analyses": [
            {
                "name": safe(a.subject.name),
                "kind": safe(a.kind),
                "phase": safe(a.phase),
                "message": safe(a.message),
                "metrics": [
                    {
                        "name": safe(m.name),
                        "phase": safe(m.phase),
                        "condition": safe(m.condition),
                        "message": safe(m.message),
                        "measurements": [safe(x.value) for x in m.measurements],
                    }
                    for m in a.metrics
                ],
            }
            for a in release.analyses
        ],
        "kept_by": None
        if release.managed_by is None
        else {
            "tool": safe(release.managed_by.tool),
            "reconciles": release.managed_by.reconciles,
            "suspended": release.managed_by.suspended,
        },
        "problem": safe(release.problem) or None,
        "judgement": None if judgement is None else _judgement(judgement),
    }


def _subject(subject: Subject) -> dict[str, Any]:
    return {
        "cluster": safe(subject.cluster.cluster),
        "kind": safe(subject.kind),
        "namespace": safe(subject.namespace) or None,
        "name": safe(subject.name),
        "uid": safe(subject.uid) or None,
    }


def _side(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "hash": safe(side.hash),
        "revision": safe(side.revision),
        "images": [safe(i) for i in side.images],
        "ready": side.ready,
        "desired": side.desired,
    }


def _judgement(judgement: CanaryJudgement) -> dict[str, Any]:
    return {
        "at": iso(judgement.at),
        "outcome": judgement.outcome.value,
        "advice": judgement.advice.value,
        "sentence": safe(judgement.sentence),
        "canary_policy": safe(judgement.canary_policy),
        "policy": safe(judgement.canary_policy),  # its name before
        "verified_in": judgement.verified_in,
        "triggers": [
            {
                "id": safe(t.id),
                "title": safe(t.title),
                "outcome": t.outcome.value,
                "sentence": safe(t.sentence),
                "plain": safe(t.plain),
                "other": safe(t.other),
                "value": t.value,
                "baseline": t.baseline,
                "limit": t.limit,
                "unit": safe(t.unit),
                "low": t.low,
                "high": t.high,
                "sample": t.sample,
                "baseline_sample": t.baseline_sample,
                "needed": t.needed,
                "query": safe(t.query),
                "evaluated_at": iso(t.evaluated_at),
                "baseline_label": safe(t.baseline_label),
                "flags": [safe(f) for f in t.flags],
                "second_opinion": safe(t.second_opinion) or None,
                "windows": [
                    {"start": iso(w.start), "end": iso(w.end), "outcome": w.outcome.value} for w in t.windows
                ],
            }
            for t in judgement.triggers
        ],
    }
