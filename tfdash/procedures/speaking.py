"""What a message about a run speaks of: the values that its template gets."""

from __future__ import annotations

import shlex
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.durations import tell_duration, write_duration
from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import RunState, StepState
from tfdash.moments import near
from tfdash.playbook.procedures.progress import steps_over
from tfdash.playbook.procedures.walk import steps_by_id


def values_of(run: RunState, step: Step | None, by: str, now: float) -> dict[str, Any]:
    """``step``: the one that it is about, if it is about one."""
    over, of = steps_over(run)
    steps = steps_by_id(run.procedure)
    about = {"step": step.title, "text": step.text, "no_return": step.no_return} if step is not None else {}
    return {
        "run": run.id,
        "procedure": run.procedure.title,
        **about,
        "sentence": (step.text or step.title) if step is not None else "",
        "environment": run.cluster.environment,
        "cluster": run.cluster.cluster,
        "reason": run.reason,
        "by": by,
        "targets": list(run.targets),
        "lines": [f"{over} of {of} steps are done", *_clocks(run, now)],
        "outcome": run.outcome.value,
        "left": [steps[id].title for id in run.next if id in steps and (step is None or id != step.id)],
    }


def asked_of(run: RunState, step: Step, state: StepState, now: float, zone: ZoneInfo) -> dict[str, Any]:
    """What else is said to who is to do something with a step: since when it waits for them, and how they do it."""
    since = state.asked or state.since
    lines = [f"waits since {near(since, now, zone)}"] if since is not None else []
    approves = step.kind is StepKind.APPROVAL
    how = "approve, or deny with a reason" if approves else "the step says what it wants"
    command = shlex.join(("tfdash", "run", "-e", run.cluster.environment, "--screen", "recovery"))
    lines += [
        f"at a terminal of your own: {command}",
        f"there: Enter on the run {run.id}, Enter on this step: {how}",
    ]
    if approves and step.others:
        lines.append(f"not by {run.by}, who started it")
    alone = step.alone
    if alone and step.alone_after and state.asked is not None:
        alone = f"{alone}; not before {near(state.asked + step.alone_after, now, zone)}"
    return {"role": step.role, "count": step.count, "alone": alone, "lines": lines}


def _clocks(run: RunState, now: float) -> list[str]:
    """How long each segment took, or runs already, against its target."""
    lines = []
    for one in run.clocks:
        if one.start is None:
            continue
        took = tell_duration(max(1.0, (one.end or now) - one.start))
        target = f" of {write_duration(one.target)}" if one.target else ""
        least = "at least " if one.at_least else ""
        lines.append(
            f"{one.title}: {least}{took}{target}" + ("" if one.end is not None else ", still running")
        )
    return lines
