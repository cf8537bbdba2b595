"""The evidence of a run as Markdown, and as lines of a terminal: readings of ``evidence``."""

from __future__ import annotations

from collections.abc import Iterator

from tfdash.durations import tell_duration
from tfdash.nouns import counted
from tfdash.report.formats.md import fenced, inline
from tfdash.report.runbooks.document import Plain

_PASSED = {True: "passed", False: "failed", None: "not known"}


def evidence_markdown(told: Plain) -> str:
    return "\n".join(_markdown(told)).rstrip()


def _markdown(told: Plain) -> Iterator[str]:
    yield f"# {inline(told['procedure']['title'])}: {'rehearsal' if told['rehearsal'] else 'run'} {inline(told['run'])}"
    yield ""
    yield from (f"- **{name}**: {inline(text)}" for name, text in _head(told))
    if told["clocks"]:
        yield from ("", "## Clocks", "")
        yield from _table(
            ("clock", "took", "target", "kept", "known by"), [_clock_row(one) for one in told["clocks"]]
        )
    yield from ("", "## Steps", "")
    yield from _table(
        ("step", "kind", "how it ended", "by", "ended (UTC)", "took", "target"),
        [_step_row(step) for step in told["steps"]],
    )
    for step in told["steps"]:
        yield from _details(step)
    if told["proposed"]:
        yield from ("", "## Proposed changes of the runbook", "")
        for one in told["proposed"]:
            yield f"- {inline(one['step'] or 'the run')}, {inline(one['by'])}: {inline(one['text'])}"
    yield from ("", "## Journal", "")
    yield from _table(
        ("no.", "UTC", "by", "terminal", "step", "what", ""),
        [_event_row(event) for event in told["events"]],
    )


def evidence_text(told: Plain) -> str:
    return "\n".join(_text(told))


def _text(told: Plain) -> Iterator[str]:
    yield f"{told['procedure']['title']}   {told['run']}"
    yield from (f"  {name:<12}{text}" for name, text in _head(told))
    yield ""
    for step in told["steps"]:
        left = "  " * (step["depth"] + 1)
        yield f"{left}{_how(step):<16} {step['kind']:<9} {step['title']}"
        if step["sentence"] and step["sentence"] not in step["lines"]:
            yield f"{left}  {step['sentence']}"
        yield from (f"{left}  {line}" for line in step["lines"])
        for one in step["probes"]:
            yield f"{left}  ? {_PASSED[one['passed']]}: {one['sentence']}"
            if one["line"]:
                yield f"{left}    $ {one['line']}"


def _how(step: Plain) -> str:
    """How it ended, and where only by somebody's word; of a rehearsal whether it would have gone through."""
    if not step["rehearsed"]:
        return "signed" if step["signed"] else f"{step['status']}{', alone' if step['alone'] else ''}"
    if step["would_stop"]:
        return "would stop"
    if step["would_wait"]:
        return "would wait"
    return "by hand" if step["by_hand"] else "rehearsed"


def _head(told: Plain) -> Iterator[tuple[str, str]]:
    yield "outcome", told["outcome"] + (" (a rehearsal: nothing was done)" if told["rehearsal"] else "")
    yield "where", f"{told['environment']}, {told['cluster']}"
    yield "started", f"{told['started']} by {told['started_by']}: {told['reason']}"
    if told["ended"]:
        yield "ended", told["ended"]
    for clock in told["clocks"]:
        if clock["id"] == "impact":
            least = "; at least" if clock["at_least"] else ""
            yield "impact", f"since {clock['began']} by {_known_by(clock)}{least}"
    if told["data_loss"]:
        yield "RPO", told["data_loss"]["source"]
    if told["within"]:
        yield "carried out", f"as the step {told['within']['step']} of the run {told['within']['run']}"
    if stated := told["stated_times"]:
        late = [one for one in stated["words"] if one["late_seconds"] >= 1]
        worst = max((one["late_seconds"] for one in late), default=0.0)
        said = f"{len(late)} late, by {tell_duration(worst)} at most" if late else "none late"
        yield (
            "told",
            f"every {tell_duration(stated['every'])}: {counted(len(stated['words']), 'word')}, {said}",
        )
    if told["targets"]:
        yield "targets", ", ".join(told["targets"])
    for name, values in told["inputs"].items():
        if values:
            yield name, ", ".join(values)
    yield "people", ", ".join(told["people"])
    yield "file", f"{told['procedure']['id']}, SHA-256 {told['procedure']['digest']}"


def _clock_row(one: Plain) -> tuple[str, ...]:
    took = "runs" if one["seconds"] is None else _span(one["seconds"])
    least = "at least " if one["at_least"] else ""
    kept = {True: "yes", False: "NO", None: ""}[one["kept"]]
    return one["title"], f"{least}{took}", _span(one["target"]), kept, _known_by(one)


def _known_by(clock: Plain) -> str:
    return ": ".join(one for one in (clock["by"], clock["source"]) if one)


def _step_row(step: Plain) -> tuple[str, ...]:
    indent = "– " * step["depth"]
    how = _how(step) + (f" (attempt {step['attempts']})" if step["attempts"] > 1 else "")
    took, target = _span(step["seconds"]), _span(step["target"])
    return f"{indent}{step['title']}", step["kind"], how, step["by"], step["ended"] or "", took, target


def _details(step: Plain) -> Iterator[str]:
    """What of a step is evidence."""
    has = step["sentence"] or step["probes"] or step["evidence"] or step["approvals"] or step["notes"]
    if not (has or step["inner"]):
        return
    yield from ("", f"### {inline(step['title'])}", "")
    if step["sentence"]:
        yield inline(step["sentence"])
    if step["lines"]:
        yield from ("", *fenced(step["lines"]))
    if step["inner"]:
        yield from ("", f"the run that was begun for it: {inline(step['inner'])}")
    for one in step["probes"]:
        yield from ("", f"- {_PASSED[one['passed']]}: {inline(one['sentence'])}")
        if one["line"]:
            yield from ("", *fenced([one["line"]]))
    for given in step["evidence"]:
        yield from ("", *(f"- {inline(name)}: {inline(text)}" for name, text in given.items()))
    if step["approvals"]:
        yield from ("", f"asked for at {step['asked']}, approved by {inline(', '.join(step['approvals']))}")
    for note in step["notes"]:
        yield from ("", f"> {inline(note['by'])}, {note['at']}: {inline(note['text'])}")


def _event_row(event: Plain) -> tuple[str, ...]:
    shown = ", ".join(f"{name}: {value}" for name, value in event["data"].items())
    said = "; ".join(part for part in (event["sentence"], shown) if part)
    by = event["by"] + (f" (stamped {event['stamped']})" if event["stamped"] else "")
    by += " (told by a file)" if event["from_file"] else ""
    return str(event["number"]), event["at"], by, event["terminal"], event["step"], event["event"], said


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(inline(cell, table=True) for cell in row)} |"


def _span(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return tell_duration(seconds) if seconds >= 1 else "under 1s"
