"""A wait: until probes pass (and go on passing for a span), a time comes, or a window opens. It goes on by itself while a terminal watches."""

from __future__ import annotations

from tfdash.clock import in_clock_seconds
from tfdash.durations import write_duration
from tfdash.model.procedure import Ask, StepKind
from tfdash.model.run import RunEventKind, StepStatus
from tfdash.playbook.procedures.checks import WINDOW
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, StepShown, Tell, not_passed, told_of
from tfdash.procedures.protocols import Given, RunRefused
from tfdash.procedures.times import until_of

_GAP = 30.0  # seconds without a look after which nobody can say that it held meanwhile
_LOOK = 5.0  # seconds between two looks where nothing new came and something must hold
_WINDOW = Ask(probe="calendar.open")


class WaitStep(KindOfStep):
    """How long something has held is known to the terminal that watched it, and to no other: what nobody saw is not counted. A bare span is counted
    by ``tfdash.procedures.elapsed``: a clock that is set meanwhile neither ends nor prolongs it; what lies before the first look of this program only the
    wall clock tells. A stated time is the wall clock's, whatever it is set to."""

    kind = StepKind.WAIT
    goes_on = True
    repeats = True

    def __init__(self) -> None:
        self._held: dict[
            str, tuple[float, float]
        ] = {}  # by key: since when, and when it was looked at last, both in seconds after it was begun

    async def prepare(self, doing: Doing) -> StepShown:
        step = doing.step
        _until(doing)
        lines = [_what(doing)]
        if step.asks and step.lasts and (held := self._held.get(doing.key)) is not None:
            lines.append(f"it has held for {_span(doing.ran - held[0])} of {write_duration(step.lasts)}")
        lines += [said] if doing.state.status is StepStatus.RUNNING and (said := _set_by(doing)) else []
        return StepShown(lines=tuple(lines))

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd | None:
        until = _until(doing)
        await doing.begin(_what(doing), {} if until is None else {"until": until})
        return self._looked(doing, until, doing.means.elapsed.since(doing.key, doing.now))

    async def follow(self, doing: Doing) -> StepEnd | None:
        until = doing.state.mark.get("until")
        until = float(until) if isinstance(until, int | float) else None
        return self._looked(doing, until, doing.ran)

    def _looked(self, doing: Doing, until: float | None, ran: float) -> StepEnd | None:
        step = doing.step
        probed = doing.ask(step.asks)
        still = not_passed(probed)
        waits = [
            until is not None and doing.now < until,
            step.until == WINDOW and doing.ask((_WINDOW,))[0].passed is not True,
            bool(step.lasts) and not step.asks and ran < step.lasts,
            bool(step.asks) and not self._holds(doing, not still, ran),
        ]
        if any(waits):
            return None
        self._held.pop(doing.key, None)
        said = [one.sentence for one in probed] or ["the time has come"]
        said += [told] if step.lasts and (told := _set_by(doing)) else []
        return StepEnd(
            kind=RunEventKind.DONE,
            sentence="; ".join(said),
            data={"probes": told_of(probed), "waited": round(ran, 3)},
        )

    def _holds(self, doing: Doing, passes: bool, ran: float) -> bool:
        """Whether it has passed without a break for as long as it must."""
        since, looked = self._held.get(doing.key, (ran, ran))
        if not passes:
            self._held.pop(doing.key, None)
            return False
        if ran - looked > in_clock_seconds(doing.means.clock, _GAP) or ran < looked:
            since = ran
        self._held[doing.key] = (since, ran)
        return ran - since >= doing.step.lasts

    async def stop(self, doing: Doing) -> StepEnd | None:
        still = not_passed(doing.ask(doing.step.asks))
        why = f"after {write_duration(doing.step.timeout)}: {still or 'it has not held for long enough'}"
        return StepEnd(kind=RunEventKind.FAILED, sentence=why)

    def due(self, doing: Doing) -> float | None:
        step = doing.step
        until = doing.state.mark.get("until")
        times = [float(until)] if isinstance(until, int | float) else []
        times += [doing.now + step.lasts - doing.ran] if step.lasts and not step.asks else []
        if step.asks and (held := self._held.get(doing.key)) is not None:
            end = doing.now + held[0] + step.lasts - doing.ran
            times.append(min(end, doing.now + in_clock_seconds(doing.means.clock, _LOOK)))
        return min(times, default=None)


def _until(doing: Doing) -> float | None:
    """Raises ``RunRefused`` where an input was put in that is no time."""
    try:
        return until_of(doing.step.until, doing.now, doing.means.zone)
    except ValueError as error:
        raise RunRefused(str(error), remedy="wait for it by hand, and skip this with how long") from None


def _set_by(doing: Doing) -> str:
    """That the clock was set while it was waited, "" where it was not."""
    by = doing.means.elapsed.set_by(doing.key)
    way = "forward" if by > 0 else "back"
    return f"the clock was set {way} by {_span(abs(by))} meanwhile: that is not counted" if by else ""


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
