"""The machine's clock is set while a run is open: no time passes by that, and it is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tests.unit.procedures.test_alone_after import LATER
from tests.unit.procedures.test_proofs import as_seen_by
from tests.unit.procedures.world import HEAD, Terminal, step
from tests.unit.store.helpers import Clock
from tests.unit.store.test_approvals_in_cluster import Certificates
from tfdash.clock import in_clock_seconds
from tfdash.model.run import RunEventKind, StepStatus
from tfdash.playbook.procedures.settings import AllowedCommand, ProceduresSettings
from tfdash.procedures.elapsed import Elapsed
from tfdash.procedures.protocols import RunRefused, Work, WorkSeen, WorkState

Make = Callable[..., Terminal]
HOUR = 3600.0
SO = '[{ probe = "time.past", time = "2020-01-01 00:00" }]'
NOT_SO = '[{ probe = "time.past", time = "2999-01-01 00:00" }]'


class Boot:
    """Seconds of a machine, which nobody sets."""

    at = 1000.0

    def __call__(self) -> float:
        return self.at


def passes(one: Terminal, boot: Boot, seconds: float, *, clock_set_by: float = 0.0) -> None:
    boot.at += seconds
    one.clock.at += seconds + clock_set_by
    one.looked()


@pytest.mark.parametrize(
    ("set_by", "said"), [(3 * HOUR, "set forward by 3h"), (-HOUR, "set back by 1h"), (0.0, "")]
)
def test_a_span_is_as_long_as_it_is_whatever_the_clock_is_set_to(
    terminal: Make, set_by: float, said: str
) -> None:
    boot = Boot()
    one = terminal({"wait": HEAD + step("wait", "wait", lasts='"60s"')}, boot=boot)
    run = one.start("wait").id
    one.do(run, "wait")
    passes(one, boot, 10.0, clock_set_by=set_by)
    assert one.step(run, "wait").status is StepStatus.RUNNING
    assert (
        (said in " ".join(one.prepare(run, "wait").lines))
        if said
        else len(one.prepare(run, "wait").lines) == 1
    )
    passes(one, boot, 49.0)
    assert one.step(run, "wait").status is StepStatus.RUNNING
    passes(one, boot, 1.0)
    assert one.step(run, "wait").status is StepStatus.DONE
    assert said in one.step(run, "wait").sentence
    end = next(event for event in one.runs.events(run) if event.kind is RunEventKind.DONE)
    assert end.data["waited"] == 60.0


def test_what_is_to_hold_does_not_hold_longer_by_a_clock_that_is_set(terminal: Make) -> None:
    boot = Boot()
    one = terminal({"hold": HEAD + step("hold", "wait", asks=SO, lasts='"60s"')}, boot=boot)
    run = one.start("hold").id
    one.do(run, "hold")
    for _ in range(11):
        passes(one, boot, 5.0, clock_set_by=25.0)
        assert one.step(run, "hold").status is StepStatus.RUNNING
    passes(one, boot, 5.0, clock_set_by=-HOUR)
    assert one.step(run, "hold").status is StepStatus.DONE


class RunningPlace:
    """What is begun there goes on until it is stopped."""

    stopped = False

    def shown(self, work: Work) -> str:
        return "far away"

    async def mark(self, work: Work) -> Mapping[str, str]:
        return {}

    async def start(self, work: Work) -> WorkSeen:
        return await self.look(work)

    async def look(self, work: Work) -> WorkSeen:
        if self.stopped:
            return WorkSeen(state=WorkState.ENDED, good=False, sentence="it was stopped")
        return WorkSeen(state=WorkState.RUNNING, sentence="it runs")

    async def stop(self, work: Work) -> WorkSeen:
        self.stopped = True
        return await self.look(work)


@pytest.mark.parametrize("kind", ["wait", "command"])
def test_no_time_out_is_reached_by_a_clock_that_is_set(terminal: Make, kind: str) -> None:
    boot, place = Boot(), RunningPlace()
    text = {
        "wait": step("late", "wait", asks=NOT_SO, timeout='"10m"'),
        "command": step("late", "command", command='"append"', timeout='"10m"'),
    }[kind]
    allowed = ProceduresSettings(commands={"append": AllowedCommand(command=("true",), timeout=3000.0)})
    one = terminal(
        {"late": HEAD + text}, boot=boot, places=lambda name, cluster, command: place, allowed=allowed
    )
    run = one.start("late").id
    one.do(run, "late")
    passes(one, boot, 1.0, clock_set_by=3 * HOUR)
    for _ in range(10):
        passes(one, boot, 50.0)
    assert one.step(run, "late").status is StepStatus.RUNNING and not place.stopped
    for _ in range(3):
        passes(one, boot, 50.0)
    assert one.step(run, "late").status is StepStatus.FAILED
    assert place.stopped is (kind == "command")


def test_a_stated_time_is_that_of_the_clock(terminal: Make) -> None:
    boot = Boot()
    one = terminal({"at": HEAD + step("at", "wait", until='"2026-12-31 10:00"')}, boot=boot)
    run = one.start("at").id
    one.do(run, "at")
    passes(one, boot, 1.0)
    assert one.step(run, "at").status is StepStatus.RUNNING
    passes(one, boot, 1.0, clock_set_by=90 * 24 * HOUR)
    assert one.step(run, "at").status is StepStatus.DONE


def test_what_lies_before_the_first_look_of_a_program_only_the_wall_clock_tells(terminal: Make) -> None:
    boot = Boot()
    one = terminal({"wait": HEAD + step("wait", "wait", lasts='"60s"')}, boot=boot)
    run = one.start("wait").id
    one.do(run, "wait")
    one.end()
    two = terminal({}, clock=Clock(one.clock.at + 61.0), boot=Boot())
    two.until(lambda: two.runs.run(run))
    two.looked()
    assert two.step(run, "wait").status is StepStatus.DONE
    assert "was set" not in two.step(run, "wait").sentence


def test_a_clock_that_is_only_kept_right_was_not_set() -> None:
    clock, boot = Clock(0.0), Boot()
    elapsed = Elapsed(clock, boot)
    for _ in range(100):
        elapsed.since("it", 0.0)
        boot.at += 10.0
        clock.at += 10.5
    assert elapsed.since("it", 0.0) == 1050.0 and not elapsed.set_by("it")


def test_a_simulated_clock_that_runs_faster_was_not_set() -> None:
    class Fast(Clock):
        speed = 20.0

    clock, boot = Fast(0.0), Boot()
    elapsed = Elapsed(clock, boot)
    assert elapsed.since("it", 0.0) == 0.0 and in_clock_seconds(clock, 1.0) == 20.0
    boot.at, clock.at = boot.at + 60.0, 1200.0
    assert elapsed.since("it", 0.0) == 1200.0 and not elapsed.set_by("it")


@pytest.mark.parametrize("set_by", [HOUR, -HOUR])
def test_the_way_alone_opens_after_its_time_whatever_the_clock_is_set_to(
    terminal: Make, set_by: float
) -> None:
    boot = Boot()
    one = terminal(LATER, boot=boot, proofs=as_seen_by(Certificates(), "ann@corp")[0])
    run = one.start("p").id
    one.skip(run, "first", "not needed")
    one.looked()
    passes(one, boot, 10.0, clock_set_by=set_by)
    shown = one.prepare(run, "ok")
    assert "alone" not in shown.may and "in 15m: 15m after it was asked" in shown.opens
    with pytest.raises(RunRefused, match="opens"):
        one.do(run, "ok", alone=True, reason="nobody answers")
    passes(one, boot, 890.0)
    assert "alone" in one.prepare(run, "ok").may
    one.do(run, "ok", alone=True, reason="nobody answers")
    assert "goes on alone, 15m after it was asked" in one.step(run, "ok").sentence
