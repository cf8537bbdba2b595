"""Why: the verdicts on one object with their arithmetic, its cause, and the objects behind it, as safe lines."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.model.subject import Subject
from tfdash.model.verdict import Verdict
from tfdash.model.workload import WorkloadState
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import short_age
from tfdash.views.layout import pairs


def why_lines(
    subject: Subject, verdicts: Iterable[Verdict], state: WorkloadState | None, now: float
) -> list[str]:
    """The worst verdict first. What was not judged says so."""
    found = sorted(verdicts, key=lambda v: -v.level)
    if not found and state is None:
        return [
            f"? Nothing has been said of {safe(subject.name)} yet: it is judged as soon as its data is there."
        ]
    lines: list[str] = []
    for verdict in found:
        lines += [
            f"{states.of_level(verdict.level).text}  {safe(verdict.sentence)}",
            *behind(verdict, now),
            "",
        ]
    if state is not None:
        lines += _workload(state)
    return lines


def behind(verdict: Verdict, now: float) -> list[str]:
    """The arithmetic of one, as safe lines."""
    evidence = verdict.evidence
    given: list[tuple[str, str | list[str]]] = [("rule", safe(verdict.rule))]
    if verdict.measured is not None and (verdict.limit is not None or verdict.band is not None):
        given.append(("measured", _measured(verdict)))
    if verdict.unknown is not None:
        given.append(("unknown because", verdict.unknown.value))
    if verdict.since:
        given.append(("since", f"{short_age(now - verdict.since)} ago"))
    if evidence.query:
        given.append(("read from", safe(evidence.query)))
    if evidence.sample is not None:
        given.append(("sample", f"{evidence.sample:,}"))
    if evidence.window:
        given.append(("window", short_age(evidence.window)))
    if evidence.objects:
        given.append(("objects", [safe(str(o)) for o in evidence.objects]))
    return pairs(given, indent=2)


def _measured(verdict: Verdict) -> str:
    """``3 against 4 pods``; ``66.2 %, band 60-80, limit 100`` of what is to stay within a band."""
    unit = safe(verdict.unit)
    if verdict.band is None:
        return f"{verdict.measured:g} against {verdict.limit:g} {unit}".rstrip()
    low, high = verdict.band
    within = (
        f"at least {low:g}"
        if high is None
        else f"band {low:g}-{high:g}"
        if low is not None
        else f"band up to {high:g}"
    )
    limit = f", limit {verdict.limit:g}" if verdict.limit not in (None, high) else ""
    return f"{verdict.measured:g} {unit}".rstrip() + f", {within}{limit}"


def _workload(state: WorkloadState) -> list[str]:
    given: list[tuple[str, str | list[str]]] = [
        ("serving", f"{states.serving(state).text}, {state.available} of {state.desired} available"),
        ("release", states.release(state).text),
        ("kubectl says", safe(state.message)),
    ]
    cause = state.cause
    if cause is None:
        given.append(("cause", "none to be seen"))
    else:
        given.append(("cause", f"{cause.code.value}: {safe(cause.sentence)}"))
        if cause.others:
            given.append(("also", [safe(other) for other in cause.others]))
        if cause.objects:
            given.append(("behind it", [safe(str(o)) for o in cause.objects]))
    return pairs(given)
