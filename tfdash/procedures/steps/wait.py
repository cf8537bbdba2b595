"""A wait: until probes pass (and go on passing for a span), a time comes, or a window opens. It goes on by itself while a terminal watches."""

from __future__ import annotations

from tfdash.clock import in_clock_seconds
from tfdash.durations import write_duration
from tfdash.model.procedure import Ask, StepKind
from tfdash.model.run import RunEventKind
from tfdash.playbook.procedures.checks import WINDOW
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, StepShown, Tell, not_passed, told_of
from tfdash.procedures.protocols import Given, RunRefused
from tfdash.procedures.times import until_of

_GAP = 30.0  # seconds without a look after which nobody can say that it held meanwhile
_LOOK = 5.0  # seconds between two looks where nothing new came and something must hold
_WINDOW = Ask(probe="calendar.open")


class WaitStep(KindOfStep):
    """How long something has held is known to the terminal that watched it, and to no other: what nobody saw is not counted."""

    kind = StepKind.WAIT
    goes_on = True
    repeats = True

    def __init__(self) -> None:
        self._held: dict[str, tuple[float, float]] = {}  # by key: since when, and when it was looked at last

    async def prepare(self, doing: Doing) -> StepShown:
        step = doing.step
        _until(doing)
        lines = [_what(doing)]
        if step.asks and step.lasts and (held := self._held.get(doing.key)) is not None:
            lines.append(f"it has held for {_span(doing.now - held[0])} of {write_duration(step.lasts)}")
        return StepShown(lines=tuple(lines))

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd | None:
        until = _until(doing)
        await doing.begin(_what(doing), {} if until is None else {"until": until})
        return self._looked(doing, doing.now, until)

    async def follow(self, doing: Doing) -> StepEnd | None:
        until = doing.state.mark.get("until")
        return self._looked(doing, doing.began, float(until) if isinstance(until, int | float) else None)

    def _looked(self, doing: Doing, began: float, until: float | None) -> StepEnd | None:
        step, now = doing.step, doing.now
        probed = doing.ask(step.asks)
        still = not_passed(probed)
        waits = [
            until is not None and now < until,
            step.until == WINDOW and doing.ask((_WINDOW,))[0].passed is not True,
            bool(step.lasts) and not step.asks and now < began + step.lasts,
            bool(step.asks) and not self._holds(doing, not still),
        ]
        if any(waits):
            return None
        self._held.pop(doing.key, None)
        said = "; ".join(one.sentence for one in probed)
        return StepEnd(
            kind=RunEventKind.DONE,
            sentence=said or "the time has come",
            data={"probes": told_of(probed), "waited": round(now - began, 3)},
        )

    def _holds(self, doing: Doing, passes: bool) -> bool:
        """Whether it has passed without a break for as long as it must."""
        now, gap = doing.now, in_clock_seconds(doing.means.clock, _GAP)
        since, looked = self._held.get(doing.key, (now, now))
        if not passes:
            self._held.pop(doing.key, None)
            return False
        if now - looked > gap or now < looked:
            since = now
        self._held[doing.key] = (since, now)
        return now - since >= doing.step.lasts

    async def stop(self, doing: Doing) -> StepEnd | None:
        still = not_passed(doing.ask(doing.step.asks))
        why = f"after {write_duration(doing.step.timeout)}: {still or 'it has not held for long enough'}"
        return StepEnd(kind=RunEventKind.FAILED, sentence=why)

    def due(self, doing: Doing) -> float | None:
        step, began = doing.step, doing.began
        until = doing.state.mark.get("until")
        times = [float(until)] if isinstance(until, int | float) else []
        times += [began + step.lasts] if step.lasts and not step.asks else []
        if step.asks and (held := self._held.get(doing.key)) is not None:
            end = held[0] + step.lasts
            times.append(min(end, doing.now + in_clock_seconds(doing.means.clock, _LOOK)))
        return min(times, default=None)


def _until(doing: Doing) -> float | None:
    """Raises ``RunRefused`` where an input was put in that is no time."""
    try:
        return until_of(doing.step.until, doing.now, doing.means.zone)
    except ValueError as error:
        raise RunRefused(str(error), remedy="wait for it by hand, and skip this with how long") from None


def _what(doing: Doing) -> str:
    step = doing.step
    parts = []
    if step.asks:
        held = f" for {write_duration(step.lasts)} without a break" if step.lasts else ""
        parts.append(f"until it passes{held}")
    elif step.lasts:
        parts.append(f"for {write_duration(step.lasts)}")
    if step.until:
        parts.append(f"until {step.until}" if step.until != WINDOW else f"for the {step.until}")
    return "waits " + " and ".join(parts) if parts else "waits for nothing"


def _span(seconds: float) -> str:
    """Whole minutes from the second one on: nobody divides 495s."""
    whole = float(max(0, round(seconds)))
    return write_duration(whole - whole % 60 if whole >= 120 else whole)
