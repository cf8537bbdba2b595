"""What a run tells by itself: each once, by whichever terminal, and nothing that was never shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.notify.hook import Hook, hook
from tests.unit.notify.world import World
from tests.unit.procedures.world import HEAD, Terminal, step
from tests.unit.store.helpers import NOW, REF, Clock
from tfdash.model.run import RunEvent, RunEventKind, StepStatus
from tfdash.notify.settings import ChannelSettings
from tfdash.playbook.procedures.settings import ProceduresSettings

Make = Callable[..., Terminal]
FILE = {
    "p": HEAD
    + '[roles]\nboss = "approves"\n'
    + step("first", "manual")
    + step("ok", "approval", role='"boss"', text='"it goes to everybody"', alone='"who is there"')
    + step("switch", "manual", no_return='"it is all over there"')
}
ALL = ("approval", "no-return", "waits")


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    there: list[Any] = []

    def make(*templates: str, folder: str = "notes") -> World:
        context = hook()
        one: Hook = context.__enter__()
        monkeypatch.setenv("TEAM_HOOK", one.url)
        channel = ChannelSettings(url="env:TEAM_HOOK", templates=templates or ("*",))
        made = World(tmp_path / folder, {"team": channel}, clock=Clock(NOW))
        there.append((context, made))
        return made

    yield make
    for context, made in there:
        made.close()
        context.__exit__(None, None, None)


def told(one: Terminal, run: str) -> list[RunEvent]:
    return [event for event in one.runs.events(run) if event.kind is RunEventKind.TOLD]


def begun(one: Terminal, previewed: tuple[str, ...] = ALL) -> str:
    return one.call(one.runs.start("p", {}, reason="a test", cluster=REF, previewed=previewed)).id


def test_who_is_to_approve_is_told_once_over_restarts(terminal: Make, notes: Any) -> None:
    notifier = notes().notifier
    one = terminal(FILE, notifier=notifier)
    run = begun(one)
    one.looked()
    assert not told(one, run)  # its turn has not come
    one.do(run, "first", worked=True, note="done")
    assert "nobody is told yet that it is wanted" in one.prepare(run, "ok").lines
    for _ in range(3):
        one.looked()
    (event,) = told(one, run)
    assert (event.step, event.data["template"], event.data["channels"]) == ("ok", "approval", ["team"])
    assert one.step(run, "ok").told == ("team",)
    assert any(
        line.startswith("told that it is wanted: team (queued)") for line in one.prepare(run, "ok").lines
    )
    (message,) = notifier.told(f"{run}.ok.approval")
    assert "approval wanted: step ok (boss)" in message.subject
    for part in (
        run,
        "Where nobody can be reached: who is there",
        "tfdash run -e",
        "Enter on this step",
        "waits since",
    ):
        assert part in message.body
    assert message.body.count("it goes to everybody") == 1
    again = terminal(FILE, notifier=notifier)
    again.looked()
    assert len(told(again, run)) == 1
    assert "ann" in again.state(run).people  # by hand; what is told by itself is no sign of life


def test_a_point_of_no_return_is_told_before_it_is_passed(terminal: Make, notes: Any) -> None:
    one = terminal(FILE, notifier=notes("no-return").notifier)
    run = begun(one)
    one.skip(run, "first", "not needed")
    one.looked()
    assert not told(one, run)
    assert any(
        "nobody is told that it is wanted: no channel takes it" in line
        for line in one.prepare(run, "ok").lines
    )
    one.do(run, "ok", alone=True, reason="nobody answers")
    one.looked()
    assert [(e.step, e.data["template"]) for e in told(one, run)] == [("switch", "no-return")]
    assert one.step(run, "switch").status is StepStatus.READY


def test_a_run_that_waits_long_says_so_once_and_anew_where_it_waits_elsewhere(
    terminal: Make, notes: Any
) -> None:
    clock = Clock(NOW)
    one = terminal(
        FILE, clock=clock, notifier=notes("waits").notifier, allowed=ProceduresSettings(waits=600.0)
    )
    run = begun(one)
    assert one.call(one.watching.look()) == NOW + 600.0
    clock.at += 600
    one.looked()
    one.looked()
    assert [(e.step, e.data["template"]) for e in told(one, run)] == [("first", "waits")]
    clock.at += 10
    one.skip(run, "first", "not needed")
    clock.at += 599
    one.looked()
    assert len(told(one, run)) == 1
    clock.at += 1
    one.looked()
    assert [e.step for e in told(one, run)] == ["first", "ok"]


def test_what_was_never_shown_is_not_told(terminal: Make, notes: Any) -> None:
    one = terminal(FILE, notifier=notes().notifier)
    run = begun(one, ("waits",))
    one.skip(run, "first", "not needed")
    one.looked()
    assert not told(one, run)
    assert any(
        "no such message was shown when the run was begun" in line for line in one.prepare(run, "ok").lines
    )


def test_a_rehearsal_tells_nobody(terminal: Make, notes: Any) -> None:
    notifier = notes().notifier
    one = terminal(FILE, notifier=notifier)
    run = one.call(one.runs.start("p", {}, reason="a test", cluster=REF, dry=True, previewed=ALL)).id
    one.do(run, "first")
    one.looked()
    assert not told(one, run) and not notifier.told(f"{run}.ok.approval")


def test_what_it_would_tell_is_shown_beforehand_as_each_channel_gets_it(terminal: Make, notes: Any) -> None:
    one = terminal(FILE, notifier=notes("approval", "waits").notifier)
    shown = one.call(one.runs.previews("p", {}, REF))
    assert list(shown) == ["approval", "waits"]
    assert [(t.channel, t.state) for t in shown["approval"]] == [("team", "preview")]
    assert "approval wanted: step ok (boss)" in shown["approval"][0].subject
    assert terminal(FILE).call(one.runs.previews("p", {}, REF)) is not None
    read_only = terminal(FILE, acting=False, notifier=notes(folder="more").notifier)
    assert read_only.call(read_only.runs.previews("p", {}, REF)) == {}


def test_of_two_terminals_the_nearer_tells_and_the_other_where_it_does_not(
    terminal: Make, notes: Any
) -> None:
    clock = Clock(NOW)
    near = terminal(FILE, clock=clock, who="bob")  # it has no channel
    far = terminal(FILE, clock=clock, notifier=notes().notifier)
    run = begun(near)
    near.skip(run, "first", "not needed")
    far.until(lambda: far.runs.run(run) is not None and "ok" in far.state(run).next)
    far.looked()
    assert not told(far, run)
    clock.at += 31
    far.looked()
    assert [e.terminal for e in told(far, run)] == [far.store.terminal]


def test_a_queue_that_is_away_holds_up_no_step(
    terminal: Make, notes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfdash.actions.core.protocols import LedgerUnavailable

    notifier = notes().notifier

    async def away(message: Any) -> Any:
        raise LedgerUnavailable("the disk is full")

    monkeypatch.setattr(notifier, "tell", away)
    one = terminal(FILE, notifier=notifier)
    run = begun(one)
    one.skip(run, "first", "not needed")
    one.looked()
    one.do(run, "ok", alone=True, reason="nobody answers")
    assert not told(one, run) and one.step(run, "ok").status is StepStatus.DONE
