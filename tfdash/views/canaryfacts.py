"""What stands around a release: journeys, analyses, who keeps the object, the calendar, the last verified good, and what
is wrong with the metrics."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.calendar import CalendarState
from tfdash.model.judgement import CanaryJudgement
from tfdash.model.picture import Picture
from tfdash.model.release import Analysis, MetricResult, ReleaseState
from tfdash.model.store_state import VerifiedGood
from tfdash.model.subject import Subject
from tfdash.model.traffic import NOT_MEASURED, Journey
from tfdash.model.verdict import Level
from tfdash.text import safe, toml_key
from tfdash.views import state as states
from tfdash.views.age import FRESH, freshness, short_age
from tfdash.views.image import short_image, split_image
from tfdash.views.table import Cell, Line
from tfdash.views.times import local, zone_name

_LABEL = 10
_ANALYSES = {
    "Successful": "ok",
    "Running": "moving",
    "Failed": "breach",
    "Error": "warn",
    "Inconclusive": "unknown",
}
_GLYPHS = {"ok": "✔", "moving": "◐", "breach": "✖", "warn": "▲", "unknown": "?"}


_LONG = re.compile(r"\d+\.\d{5,}(?![\d.eE])")


def _labelled(label: str, *pieces: Cell) -> Line:
    return [(f"{label:<{_LABEL}}", "dim"), *pieces]


def _same(one: Subject, other: Subject | None) -> bool:
    return other is not None and one[:4] == other[:4]


def journey_line(picture: Picture, release: ReleaseState, now: float) -> Line:
    """``✔ log in 210 ms   ✖ pay: 502 at step 3``; nothing where none is configured for this workload.

    A run that is old, or that was not read since, takes the ✔ away and leaves the ✖."""
    told: list[tuple[int, list[Cell]]] = []
    for seen in picture.signals.journeys.values():
        journey = seen.value
        if journey is None or journey.control:
            continue
        if journey.workload is not None and not (
            _same(journey.workload, release.subject) or _same(journey.workload, release.workload)
        ):
            continue
        run = journey.runs[-1] if journey.runs else None
        fresh = freshness(run.at, seen.interval, now, seen.problem) if run is not None else FRESH
        ago = f"{short_age(now - run.at)} ago" if run is not None and fresh.state in ("old", "dead") else ""
        last = None if run is None or (run.ok and ago) else run.ok
        told.append(({False: 0, None: 1, True: 2}[last], _journey(journey, ago)))
    told.sort(key=lambda t: t[0])  # those that fail first: they stay where room is short
    return _labelled("journeys", *(cell for _, pieces in told for cell in pieces)) if told else ()


def _journey(journey: Journey, ago: str) -> list[Cell]:
    """``ago``: when it ran last, where that is too long ago to say that it works; "" where it is not."""
    name, last = safe(journey.name), journey.runs[-1] if journey.runs else None
    side = "" if journey.side == "canary" else f" ({safe(journey.side)})"
    if last is None:
        return [(f"? {name}: not run yet   ", "unknown")]
    if last.ok is None:
        return [(f"? {name}: {safe(last.message) or 'cannot be judged'}   ", "unknown")]
    if last.ok and ago:
        return [(f"? {name}: last worked {ago}{side}   ", "unknown")]
    if last.ok:
        return [("✔ ", "ok"), f"{name} {last.duration * 1000:,.0f} ms{side}   "]
    token, glyph = ("breach", "✖") if journey.critical else ("warn", "▲")
    return [
        (
            f"{glyph} {name}: {safe(last.message) or f'step {last.step} failed'}{side}{ago and f', {ago}'}   ",
            token,
        )
    ]


def analysis_lines(release: ReleaseState) -> list[Line]:
    """One line an analysis, and one for each of its metrics with its last measurement and its condition."""
    lines: list[Line] = []
    for analysis in release.analyses:
        lines.append(_labelled("analysis", *_analysis(analysis, release)))
        lines += [_labelled("", *_metric(m, release)) for m in analysis.metrics]
    return lines


def _token(phase: str, release: ReleaseState) -> str:
    """What was not read lately went well then, and is not well now."""
    token = _ANALYSES.get(phase, "unknown")
    return "unknown" if token == "ok" and release.as_of is not None else token


def _analysis(analysis: Analysis, release: ReleaseState) -> list[Cell]:
    token = _token(analysis.phase, release)
    message = f": {safe(analysis.message)}" if analysis.message else ""
    return [
        (f"{_GLYPHS[token]} {safe(analysis.phase)}", token),
        f"  {safe(analysis.subject.name)}",
        (f" ({safe(analysis.kind)})", "dim"),
        message,
    ]


def _four(number: re.Match[str]) -> str:
    """Four digits that count are more than anybody compares by eye."""
    return f"{float(number[0]):.4g}"


def _metric(metric: MetricResult, release: ReleaseState) -> list[Cell]:
    token = _token(metric.phase, release)
    last = metric.measurements[-1] if metric.measurements else None
    value = f" {_LONG.sub(_four, safe(last.value))}" if last is not None and last.value else ""
    counts = [
        f"{n} {word}"
        for n, word in (
            (metric.successful, "passed"),
            (metric.failed, "failed"),
            (metric.inconclusive, "inconclusive"),
            (metric.error, "errors"),
        )
        if n
    ]
    condition = f"  {safe(metric.condition)}" if metric.condition else ""
    told = safe(metric.message) or (safe(last.message) if last is not None else "")
    return [
        (f"{_GLYPHS[token]} ", token),
        f"{safe(metric.name)}{value}",
        (condition, "dim"),
        (f"  {', '.join(counts)}", "dim"),
        ("  dry run" if metric.dry_run else "", "dim"),
        f"  {told}" if told else "",
    ]


def managed_by_line(release: ReleaseState) -> Line:
    """Who owns the object, and whether it would put its own version back."""
    manager = release.managed_by
    if manager is None:
        return ()
    name = f" {safe(manager.subject.name)}" if manager.subject is not None else ""
    pieces: list[Cell] = [f"{safe(manager.tool)}{name}"]
    if manager.suspended:
        pieces.append(("  ‖ suspended", "paused"))
    elif manager.reconciles:
        pieces.append(("  ▲ puts its own version back", "warn"))
    if manager.sentence:
        pieces.append((f"  {safe(manager.sentence)}", "dim"))
    return _labelled("kept by", *pieces)


def calendar_line(calendar: CalendarState | None, short: bool = False) -> Line:
    if calendar is None:
        return _labelled("calendar", ("? not read yet", "unknown"))
    state = states.of_level(Level.OK if calendar.open else Level.PAUSED)
    pieces: list[Cell] = [
        (f"{state.glyph} {safe(calendar.text)}", state.token),
        (f"  {safe(calendar.why)}", "dim"),
    ]
    if calendar.waived:
        pieces.append((f"  waived: {safe(calendar.waived)}", "warn"))
    return _labelled("calendar", *pieces)


def good_of(picture: Picture, release: ReleaseState) -> VerifiedGood | None:
    verified = picture.store_state.verified
    for subject in (release.workload, release.subject):
        if subject is not None:
            found = verified.get(subject) or verified.get(subject._replace(uid=""))
            if found is not None:
                return found
    return None


def good_line(good: VerifiedGood | None, now: float) -> Line:
    """The rollback's default target."""
    if good is None:
        return _labelled("verified", ("· none is remembered; a rollback goes to the one before", "dim"))
    tag = safe(split_image(good.images[0])[1]) if good.images else safe(good.revision)
    by = f" by {safe(good.by)}" if good.by else ""
    theirs = good.where == "cluster"  # no entry of the audit log here vouches for it: never green
    return _labelled(
        "verified",
        ("? ", "warn") if theirs else ("✔ ", "ok"),
        f"{tag}",
        (f"  last verified good {short_age(now - good.at)} ago{by}", "dim"),
        *(((f"  {safe(good.origin)}", "warn"),) if theirs else ()),
    )


def metrics_lines(picture: Picture, release: ReleaseState, now: float) -> list[Line]:
    """What is wrong with the metrics: not configured, not reached, old. Nothing where all is well."""
    seen = picture.signals.prometheus.get(release.subject.cluster)
    if seen == NOT_MEASURED:
        place = f"[environments.{safe(toml_key(release.subject.cluster.environment))}.prometheus]"
        return [
            _labelled("metrics", f"· {seen.note}", (f"  add it under {place} to have releases judged", "dim"))
        ]
    if seen is None or seen.unasked:
        return [_labelled("metrics", ("… Prometheus is asked" if seen else "… not read yet", "dim"))]
    if seen.problem is not None:
        told = freshness(seen.observed_at, seen.interval, now, seen.problem)
        remedy = f"  {safe(seen.problem.remedy)}" if seen.problem.remedy else ""
        return [
            _labelled("metrics", (f"? Prometheus {told.text.removeprefix('? ')}", "unknown"), (remedy, "dim"))
        ]
    traffic = [picture.signals.traffic.get(s) for s in (release.workload, release.subject) if s is not None]
    known = next((t for t in traffic if t is not None), None)
    if known is not None:
        told = freshness(known.observed_at, known.interval, now, known.problem)
        if told.state in ("old", "dead"):
            return [_labelled("metrics", (told.text, "unknown" if told.state == "dead" else "warn"))]
    return []


def nothing_lines(
    picture: Picture, assessment: Assessment, now: float, zone: ZoneInfo, *, read: bool
) -> list[Line]:
    """No release in flight: what would be here, what was verified last, and when one may begin. ``read``: whether all was
    read that could be one."""
    lines: list[Line] = [
        ["No release is in flight."]
        if read
        else [("Whether a release is in flight is not known: not all was read.", "unknown")],
        [
            "A Deployment, Argo Rollout or Flagger Canary that changes its version appears here by itself, with its verdict."
        ],
        [],
    ]
    verified = sorted(picture.store_state.verified.values(), key=lambda g: -g.at)
    if verified:
        lines.append([("last verified", "dim")])
        for good in verified[:5]:
            at = local(good.at, zone)
            image = short_image(good.images[0]) if good.images else safe(good.revision)
            by = f" by {safe(good.by)}" if good.by else ""
            lines.append(
                [
                    ("  ✔ ", "ok"),
                    f"{safe(good.subject.name):<24} {image:<28}",
                    (f" {at:%a} {at.day} {at:%b %H:%M} {zone_name(good.at, zone)}{by}", "dim"),
                ]
            )
    else:
        lines.append(
            [
                (
                    "No release was verified yet; the first one that passes all triggers to its end is remembered.",
                    "dim",
                )
            ]
        )
    calendar = assessment.calendar
    lines += [[], list(calendar_line(calendar))]
    for number, slot in enumerate(calendar.next if calendar is not None else ()):
        lines.append(_labelled("next" if not number else "", safe(slot.text)))
    return lines


def judged_text(judgement: CanaryJudgement | None, now: float) -> str:
    """How old the judgement's evaluation is: ``evaluated 12s ago``; "" where nothing was evaluated."""
    times = [t.evaluated_at for t in judgement.triggers if t.evaluated_at] if judgement is not None else []
    return f"evaluated {short_age(now - max(times))} ago" if times else ""
