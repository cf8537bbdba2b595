"""What a run tells people by itself, each once: that an approval is wanted, that a point of no return is next, that it waits for somebody.

Nothing of a step waits for that. Only what whoever began the run was shown beforehand is told (``previews``), and only by a terminal that has a
channel. Which terminal tells is settled by a claim; where nobody keeps claims two machines may tell the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from tfdash.clock import in_clock_seconds
from tfdash.model.procedure import Procedure, Step, StepKind
from tfdash.model.run import RunEventKind, RunOutcome, RunState, StepState, StepStatus
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.placeholders import OWN, filled
from tfdash.playbook.procedures.settings import ProceduresSettings
from tfdash.playbook.procedures.told_in import by_itself
from tfdash.playbook.procedures.walk import all_steps, steps_by_id
from tfdash.procedures.kind import Means
from tfdash.procedures.protocols import ClaimTaken, Message, Told
from tfdash.procedures.speaking import asked_of, values_of

APPROVAL, NO_RETURN, WAITS = "approval", "no-return", "waits"
_SAID = {
    APPROVAL: "an approval is wanted",
    NO_RETURN: "a point of no return is next",
    WAITS: "it waits for somebody",
}
_FREE = frozenset({StepStatus.READY, StepStatus.CLAIMED})
_AT_IT = frozenset({StepStatus.RUNNING, StepStatus.CLAIMED})
_PATIENCE = 30.0  # seconds until what another terminal is nearer to telling is told by us
_APART = 60.0  # between two tries of what nobody could be told


class RunWord(NamedTuple):
    """What is to be told, about which step, from when on (epoch seconds)."""

    template: str
    step: str
    due: float


def wanted(run: RunState, waits: float) -> Iterator[RunWord]:
    """By how it stands. ``waits``: seconds that it may wait for a person, 0: for ever."""
    steps = steps_by_id(run.procedure)
    open_now = [state for state in run.steps if state.id in run.next and state.id in steps]
    for state in open_now:
        step, since = steps[state.id], state.asked or state.since or run.started_at
        if state.status in _FREE and step.kind is StepKind.APPROVAL:
            yield RunWord(APPROVAL, step.id, since)
        if state.status in _FREE and step.no_return:
            yield RunWord(NO_RETURN, step.id, since)
    if waits and open_now and not any(state.status in _AT_IT for state in run.steps):
        times = (at for state in run.steps for at in (state.since, state.ended) if at is not None)
        yield RunWord(WAITS, open_now[0].id, max(times, default=run.started_at) + waits)


def told_before(run: RunState, word: RunWord) -> bool:
    return any((one.template, one.step) == (word.template, word.step) for one in run.told)


def key_of_word(run: str, word: RunWord) -> str:
    """Known by run and step: told once for it."""
    return f"{run}.{word.step}.{word.template}"


class Telling:
    """Of one terminal. On the board's loop."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._tried: dict[str, float] = {}  # by key: when it was tried last

    def due(self, run: RunState, now: float) -> tuple[list[RunWord], float | None]:
        """What is to be told by us now, and when to look again."""
        if self._means.notifier is None or run.dry or run.outcome is not RunOutcome.OPEN or not run.previewed:
            return [], None
        mine, patience = self._nearest(run), in_clock_seconds(self._means.clock, _PATIENCE)
        policy: ProceduresSettings = self._means.allowed
        found, times = list[RunWord](), list[float]()
        for word in wanted(run, policy.waits):
            if word.template not in run.previewed or told_before(run, word):
                continue
            tried = self._tried.get(key_of_word(run.id, word))
            at = word.due if mine else word.due + patience
            if tried is not None and tried <= now:
                at = max(at, tried + in_clock_seconds(self._means.clock, _APART))
            if at <= now:
                found.append(word)
            else:
                times.append(at)
        return found, min(times, default=None)

    def _nearest(self, run: RunState) -> bool:
        """Whether it came to where it stands from here, or from a terminal that is no more."""
        journal, means = self._means.journals.journal(run.id), self._means
        events = journal.events if journal is not None else ()
        last = next((event for event in reversed(events) if not by_itself(event)), None)
        return last is None or last.terminal == means.journals.terminal or means.gone(last.terminal)

    async def tell(self, run: RunState, word: RunWord) -> None:
        """Raises ``LedgerUnavailable``."""
        means, key = self._means, key_of_word(run.id, word)
        notifier, by = means.notifier, means.who(run.cluster)
        self._tried[key] = means.clock.now()
        message = message_of(means, run, word, key)
        if notifier is None or message is None or not _reached(await notifier.preview(message)):
            return
        step = f"{word.step}.{word.template}"
        try:
            claim = await means.claims.claim(run.id, step, by)
        except ClaimTaken as taken:
            if not taken.claim.terminal or not means.gone(taken.claim.terminal):
                return  # somebody else tells it, or told it
            claim = await means.claims.claim(run.id, step, by, over=taken.claim.fence)
        recorded = False
        try:
            newest = means.journals.state(run.id)
            if newest is None or told_before(newest, word):
                return
            told = await notifier.tell(message)
            if channels := _reached(told):
                await _record(means, run, word, key, channels, told)
                recorded = True
        finally:
            await means.claims.let_go(claim, worked=recorded)


async def _record(
    means: Means, run: RunState, word: RunWord, key: str, channels: list[str], told: tuple[Told, ...]
) -> None:
    refused = "; ".join(f"{one.channel}: {one.sentence}" for one in told if one.state == "refused")
    sentence = f"{', '.join(channels)} told: {_SAID[word.template]}" + (
        f"; not told: {refused}" if refused else ""
    )
    data = {"template": word.template, "channels": channels, "key": key, "itself": True}
    await means.journals.record(
        run.id,
        RunEventKind.TOLD,
        by=means.who(run.cluster),
        step=word.step,
        sentence=sentence,
        data=data,
        environment=run.cluster.environment,
        procedure=run.procedure.id,
    )


def _reached(told: tuple[Told, ...]) -> list[str]:
    return [one.channel for one in told if one.state != "refused"]


def message_of(means: Means, run: RunState, word: RunWord, key: str) -> Message | None:
    """None where its step is none of the run."""
    step = steps_by_id(run.procedure).get(word.step)
    state = next((one for one in run.steps if one.id == word.step), None)
    if step is None or state is None:
        return None
    return Message(key=key, template=word.template, values=_values(means, run, step, state, word.template))


def _values(means: Means, run: RunState, step: Step, state: StepState, template: str) -> dict[str, Any]:
    now = means.clock.now()
    said = values_of(run, step, means.who(run.cluster), now)
    more = asked_of(run, step, state, now, means.zone)
    lines = [*more["lines"], *said["lines"]]
    return {**said, **more, "lines": said["lines"] if template == NO_RETURN else lines}


# -- shown beforehand ---------------------------------------------------------------------------------------------------


async def previews(
    means: Means, procedure: Procedure, given: Mapping[str, str], cluster: ClusterRef
) -> dict[str, tuple[Told, ...]]:
    """By their templates the messages that a run of it would tell by itself, as each channel would get them; {} where none takes any. ``given``:
    what is chosen already, by the inputs' ids."""
    notifier, found = means.notifier, dict[str, tuple[Told, ...]]()
    if notifier is None or means.refused():
        return found
    run = _imagined(means, procedure, cluster)
    told = {one.id: given.get(one.id) or one.title or one.id for one in procedure.inputs}
    told |= {one: f"this {one}" for one in OWN} | {"cluster": cluster.cluster}
    for template, step in _would_tell(procedure, means.allowed.waits):
        state = StepState(id=step.id, status=StepStatus.READY, asked=run.started_at, since=run.started_at)
        values = {
            name: _filled(value, told) for name, value in _values(means, run, step, state, template).items()
        }
        shown = await notifier.preview(Message(key=f"preview.{template}", template=template, values=values))
        if _reached(shown):
            found[template] = tuple(one for one in shown if one.state != "refused")
    return found


def _would_tell(procedure: Procedure, waits: float) -> Iterator[tuple[str, Step]]:
    """Each message with the first step that it could be about."""
    about: Mapping[str, Callable[[Step], bool]] = {
        APPROVAL: lambda step: step.kind is StepKind.APPROVAL,
        NO_RETURN: lambda step: bool(step.no_return),
        WAITS: lambda step: bool(waits) and step.kind is not StepKind.GROUP,
    }
    for template, fits in about.items():
        if (step := next((one for one in all_steps(procedure.steps) if fits(one)), None)) is not None:
            yield template, step


def _imagined(means: Means, procedure: Procedure, cluster: ClusterRef) -> RunState:
    """One that begins now."""
    return RunState(
        id="of this start",
        procedure=procedure,
        inputs={},
        started_at=means.clock.now(),
        by=means.who(cluster),
        reason="as it is given here",
        dry=False,
        targets=procedure.holds,
        cluster=cluster,
        steps=(),
        next=(),
    )


def _filled(value: Any, told: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return filled(value, told)
    return [_filled(one, told) for one in value] if isinstance(value, list) else value
