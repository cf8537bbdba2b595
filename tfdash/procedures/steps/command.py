"""A command of the allow-list, at its place, under the key of the step: begun once, gone on with whoever watches, found again after a cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tfdash.clock import in_clock_seconds
from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind, StepStatus
from tfdash.playbook.procedures.tree import IN_AIR
from tfdash.procedures.answer import answer_of
from tfdash.procedures.kind import NOT_SENT, Doing, KindOfStep, StepEnd, StepShown, Tell
from tfdash.procedures.protocols import Given, Place, RunRefused, Work, WorkSeen, WorkState
from tfdash.procedures.words import place_of, work_of

_PATIENCE = 90.0  # seconds for which a place that cannot be reached is asked again before it is said that nothing is known
_SOON, _SELDOM = 2.0, 30.0  # seconds between two looks: a tenth of how long it runs already, within these
_LINES = 12  # of its output, that a person sees beside the step


class CommandStep(KindOfStep):
    kind = StepKind.COMMAND
    goes_on = True
    by_news = False  # its place is asked over a network: no picture tells of it

    def __init__(self) -> None:
        self._seen: dict[str, WorkSeen] = {}  # by key: how it stood when it was looked at last
        self._lost: dict[str, float] = {}  # by key: since when nothing is known of it

    async def prepare(self, doing: Doing) -> StepShown:
        try:
            place, work, name = _of(doing)
        except RunRefused as error:
            told = f"{error}; {error.remedy}" if error.remedy else str(error)
            return StepShown(refused=told, may=())
        lines = [place.shown(work), _at(name)]
        if doing.state.status in IN_AIR and doing.attempt == doing.state.attempt:
            lines += _told(self._seen.get(doing.key) or await place.look(work))
        known = doing.step.evidence and doing.step.by_hand  # what it would open may be open already
        return StepShown(lines=tuple(lines), may=("do", "sign") if known else ("do",))

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd | None:
        place, work, name = _of(doing)
        mark = await place.mark(work)
        await doing.begin(f"{place.shown(work)} ({_at(name)})", {**mark, "place": name})
        await doing.holds()
        return self._end(doing, await place.start(work))

    async def follow(self, doing: Doing) -> StepEnd | None:
        """Of what somebody else has in hand no more than its end is said: they may be about to begin it."""
        place, work, _ = _of(doing)
        seen = await place.look(work)
        ours = doing.means.gone(doing.state.terminal) or (
            doing.state.terminal == doing.means.journals.terminal
        )
        if seen.state is WorkState.NOT_STARTED:
            return await self._called_off(doing, place, work) if ours else None
        return self._end(doing, seen) if ours or seen.state is WorkState.ENDED else None

    async def settle(self, doing: Doing) -> StepEnd | None:
        place, work, _ = _of(doing)
        seen = await place.look(work)
        if seen.state is WorkState.NOT_STARTED:
            return await self._called_off(doing, place, work)
        return self._end(doing, seen) or StepEnd(kind=RunEventKind.UNKNOWN, sentence=seen.sentence)

    async def stop(self, doing: Doing) -> StepEnd | None:
        place, work, _ = _of(doing)
        seen = await place.stop(work)
        return self._end(doing, seen)

    def due(self, doing: Doing) -> float | None:
        return doing.now + in_clock_seconds(doing.means.clock, min(_SELDOM, max(_SOON, doing.ran / 10)))

    async def _called_off(self, doing: Doing, place: Place, work: Work) -> StepEnd:
        """Whoever was about to begin it finds that it may not, before it is said that it was not begun."""
        seen = await place.stop(work)
        if seen.state is WorkState.NOT_STARTED:
            return NOT_SENT
        return self._end(doing, seen) or StepEnd(kind=RunEventKind.UNKNOWN, sentence=seen.sentence)

    def _end(self, doing: Doing, seen: WorkSeen) -> StepEnd | None:
        key, before = doing.key, self._seen.get(doing.key)
        if before is not None and before.output and not seen.output:  # it went with its pod, or its journal
            seen = msgspec.structs.replace(seen, output=before.output)
        self._seen[key] = seen
        elapsed, lost = doing.means.elapsed, ("lost", key)
        if seen.state is not WorkState.UNKNOWN:
            self._lost.pop(key, None)
            elapsed.forget(lost)
        if seen.state in (WorkState.RUNNING, WorkState.NOT_STARTED):
            return None
        data = {
            "where": seen.where,
            "line": seen.line,
            "code": seen.code,
            "output": seen.output,
            "started_at": seen.started_at,
            "ended_at": seen.ended_at,
        }
        if seen.state is WorkState.ENDED:
            self._seen.pop(key, None)
            if seen.good and doing.step.evidence:
                return _with_answer(seen, data, doing.step.evidence)
            kind = RunEventKind.DONE if seen.good else RunEventKind.FAILED
            return StepEnd(kind=kind, sentence=seen.sentence, data=data)
        since = self._lost.setdefault(key, doing.now)
        known = doing.state.status is StepStatus.UNKNOWN
        if not known and elapsed.since(lost, since) < in_clock_seconds(doing.means.clock, _PATIENCE):
            return None  # it goes on there, whether we see it or not
        return StepEnd(kind=RunEventKind.UNKNOWN, sentence=seen.sentence, data=data)


def _with_answer(seen: WorkSeen, data: Mapping[str, Any], evidence: Sequence[str]) -> StepEnd:
    """What it opened is this step's evidence: where its answer names nothing, that is not known. A note is asked of who does it by hand: a
    command that ends well and says nothing did what it is for."""
    answer = answer_of(seen)
    if not answer and "link" not in evidence:
        return StepEnd(kind=RunEventKind.DONE, sentence=seen.sentence, data=data)
    if not answer:
        told = f"{seen.sentence}; its answer names nothing that it opened: look there"
        return StepEnd(kind=RunEventKind.UNKNOWN, sentence=told, data=data)
    told = f"{seen.sentence}: {answer.get('link') or answer.get('note', '')}"
    return StepEnd(kind=RunEventKind.DONE, sentence=told, data={**data, **answer})


def _of(doing: Doing) -> tuple[Place, Work, str]:
    """Its place, its work and the place's name. Of what was begun: where that was, whatever the configuration says by now. Raises
    ``RunRefused``."""
    means = doing.means
    begun = doing.state.status in IN_AIR and doing.attempt == doing.state.attempt
    mark = {name: str(value) for name, value in doing.state.mark.items()} if begun else {}
    try:
        allowed, name = place_of(doing.step, means.allowed)
        work = work_of(doing.key, doing.step, doing.run, allowed, mark)
    except RunRefused:
        if not begun or not mark.get("place"):
            raise
        allowed, name, work = None, mark["place"], Work(key=doing.key, mark=mark)
    name = mark.get("place") or name
    return means.places(name, doing.run.cluster, allowed), work, name


def _at(name: str) -> str:
    return "on this machine" if name == "here" else f"at {name}"


def _told(seen: WorkSeen) -> list[str]:
    lines = [
        seen.sentence,
        *([f"see {seen.where}"] if seen.where else []),
        *([seen.line] if seen.line else []),
    ]
    return [*lines, *seen.output.splitlines()[-_LINES:]]
