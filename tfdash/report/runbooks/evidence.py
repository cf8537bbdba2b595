"""A run as evidence: what was done, by whom, when, by what it is known, and what was left. Plain values out of its events alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tfdash.model.procedure import Step
from tfdash.model.run import RunClock, RunEvent, RunEventKind, RunState, StepState, StepStatus
from tfdash.playbook.procedures.progress import RPO_UNKNOWN
from tfdash.playbook.procedures.stated import word_due, words_given
from tfdash.playbook.procedures.walk import steps_by_id
from tfdash.report.runbooks.document import Plain
from tfdash.text import safe

_SHOWN = (
    "note",
    "link",
    "file",
    "digest",
    "reason",
    "branch",
    "role",
    "vouched",
    "alone",
    "unanswerable",
    "no_return",
    "inner",
)
"""What an event has beside its sentence that a reader of the evidence wants to see."""
_ENDS = frozenset({RunEventKind.SIGNED, RunEventKind.DONE, RunEventKind.SETTLED})


def evidence(run: RunState, events: Sequence[RunEvent]) -> Plain:
    """Times are ISO 8601 in UTC, spans seconds; every text is safe to show. ``events`` in their order."""
    told: Plain = _safe(_told(run, events))
    return told


def _safe(value: Any) -> Any:
    """The same with every text in it safe, of names too: any of them may be another terminal's."""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, Mapping):
        return {safe(name): _safe(one) for name, one in value.items()}
    return [_safe(one) for one in value] if isinstance(value, list) else value


def _told(run: RunState, events: Sequence[RunEvent]) -> Plain:
    about = run.procedure
    steps = steps_by_id(about)
    return {
        "schema_version": 1,
        "run": run.id,
        "procedure": {
            "id": about.id,
            "title": about.title,
            "digest": about.digest,
            "purpose": about.purpose,
        },
        "rehearsal": run.dry,
        "outcome": run.outcome.value,
        "environment": run.cluster.environment,
        "cluster": run.cluster.cluster,
        "inputs": {name: list(values) for name, values in run.inputs.items()},
        "targets": list(run.targets),
        "reason": run.reason,
        "within": {"run": run.within[0], "step": run.within[1]} if run.within[0] else None,
        "started": _time(run.started_at),
        "started_by": run.by,
        "ended": _time(run.ended_at),
        "people": {name: _time(at) for name, at in run.people.items()},
        "clocks": [_clock(one) for one in run.clocks if one.start is not None],
        "data_loss": {"seconds": None, "bytes": None, "source": RPO_UNKNOWN} if about.recovery else None,
        "stated_times": _stated(run),
        "steps": [_step(state, steps.get(state.id), events) for state in run.steps],
        "proposed": [
            {"step": event.step, "by": event.by, "text": str(event.data["proposes"])}
            for event in events
            if event.kind is RunEventKind.NOTE and event.data.get("proposes")
        ],
        "events": [_event(event) for event in events],
    }


def _stated(run: RunState) -> Plain | None:
    """By when stakeholders were to hear of it, when they did, and how late."""
    status = run.procedure.status
    if status is None or run.dry:
        return None
    given = [{"at": _time(one.at), "late_seconds": round(one.late, 3)} for one in words_given(run)]
    return {"every": status.every, "words": given, "due": _time(word_due(run))}


def _time(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _clock(clock: RunClock) -> Plain:
    assert clock.start is not None
    took = None if clock.end is None else round(clock.end - clock.start, 3)
    return {
        "id": clock.id,
        "title": clock.title,
        "began": _time(clock.start),
        "ended": _time(clock.end),
        "seconds": took,
        "target": clock.target or None,
        "kept": None if not clock.target or took is None else took <= clock.target,
        "at_least": clock.at_least,
        "by": clock.by,
        "source": clock.source,
    }


def _step(state: StepState, step: Step | None, events: Sequence[RunEvent]) -> Plain:
    mine = [event for event in events if event.step == state.id]
    began = state.asked if state.began is None else state.began  # what is asked for takes until it is given
    took = None if began is None or state.ended is None else round(max(0.0, state.ended - began), 3)
    return {
        "id": state.id,
        "title": step.title if step is not None else state.id,
        "kind": step.kind.value if step is not None else "",
        "depth": state.depth,
        "status": state.status.value,
        "signed": state.status is StepStatus.DONE and _end(mine) is RunEventKind.SIGNED,
        "alone": any(e.kind is RunEventKind.APPROVED and e.data.get("alone") is True for e in mine),
        "rehearsed": next((e.data.get("dry") is True for e in reversed(mine) if "dry" in e.data), False),
        "would_stop": _last(mine, "would_stop"),
        "would_wait": _last(mine, "would_wait"),
        "by_hand": _last(mine, "by_hand"),
        "lines": _lines(mine),
        "by": state.by,
        "began": _time(state.began),
        "asked": _time(state.asked),
        "ended": _time(state.ended),
        "seconds": took,
        "target": (step.target or None) if step is not None else None,
        "attempts": state.attempt,
        "sentence": state.sentence,
        "branch": state.branch,
        "inner": state.inner,
        "approvals": list(state.approvals),
        "evidence": [dict(pairs) for pairs in state.evidence],
        "probes": _probes(mine),
        "notes": [
            {"by": event.by, "at": _time(event.at), "text": event.sentence}
            for event in mine
            if event.kind is RunEventKind.NOTE
        ],
    }


def _end(events: Sequence[RunEvent]) -> RunEventKind | None:
    """By what it came to its end last."""
    return next((event.kind for event in reversed(events) if event.kind in _ENDS), None)


def _last(events: Sequence[RunEvent], name: str) -> str:
    return str(next((event.data[name] for event in reversed(events) if name in event.data), ""))


def _probes(events: Sequence[RunEvent]) -> list[Plain]:
    """What was asked and answered when it came to its end last."""
    told: list[Any] = next(
        (e.data["probes"] for e in reversed(events) if isinstance(e.data.get("probes"), list)), []
    )
    found = []
    for one in told:
        if isinstance(one, Mapping):
            said = {name: str(one.get(name) or "") for name in ("sentence", "line")}
            passed = one.get("passed")
            found.append({"passed": passed if isinstance(passed, bool) else None, **said})
    return found


def _lines(events: Sequence[RunEvent]) -> list[str]:
    """What a rehearsal showed that it would do."""
    told: list[Any] = next(
        (e.data["lines"] for e in reversed(events) if isinstance(e.data.get("lines"), list)), []
    )
    return [one for one in told if isinstance(one, str)]


def _event(event: RunEvent) -> Plain:
    shown: dict[str, Any] = {
        name: event.data[name] if isinstance(event.data[name], bool) else str(event.data[name])
        for name in _SHOWN
        if event.data.get(name) not in (None, "", False)
    }
    return {
        "number": event.number,
        "at": _time(event.at),
        "terminal": event.terminal,
        "by": event.by,
        "stamped": event.stamped,
        "step": event.step,
        "attempt": event.attempt,
        "event": event.kind.value,
        "sentence": event.sentence,
        "data": shown,
        "from_file": bool(event.data.get("from_file")),
    }
