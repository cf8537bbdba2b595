"""Several people at one run, and a run that was given up: who does what, what is taken back, and what a person may do at each moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.procedures.appending import Appending
from tests.unit.procedures.world import HEAD, Terminal, step
from tests.unit.store.helpers import NOW, REF
from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind, RunOutcome, StepStatus
from tfdash.model.store_state import RunningAction
from tfdash.model.subject import Subject
from tfdash.procedures.kind import Doing, StepEnd, Tell
from tfdash.procedures.protocols import Given, RunRefused
from tfdash.store.peers.peer_state import HeldLease

Make = Callable[..., Terminal]
ACTS = (
    'title = "acts"\n'
    + step("act", "command", command='"append"')
    + """
[[steps.undo]]
id = "back"
title = "take it back"
kind = "manual"
text = "take the line out"

"""
    + step("more", "manual")
)


def with_acts(one: Terminal, tmp_path: Path) -> Path:
    witness = tmp_path / "witness"
    one.runs.engine.kinds[StepKind.COMMAND] = Appending(witness)
    return witness


def lines(witness: Path) -> list[str]:
    return witness.read_text().splitlines() if witness.exists() else []


def test_one_of_two_that_do_the_same_at_once_does_it(terminal: Make, tmp_path: Path) -> None:
    """Many times, each time both at once: each step is done once, and whoever was slower is told so."""
    many = 'title = "acts"\n' + "".join(step(f"act-{n}", "command", command='"append"') for n in range(8))
    both = [terminal({"acts": many}, who="ann", kept=True), terminal({}, who="bob", kept=True)]
    for one in both:
        witness = with_acts(one, tmp_path)
    run = both[0].start("acts").id
    for number in range(8):
        id = f"act-{number}"
        for one in both:
            one.until(lambda one=one, id=id: one.runs.run(run) and one.state(run).next == (id,))
        refused: list[str] = []

        def go(one: Terminal, id: str = id, refused: list[str] = refused) -> None:
            try:
                one.do(run, id)
            except RunRefused as error:
                refused.append(str(error))

        threads = [threading.Thread(target=go, args=(one,)) for one in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len([line for line in lines(witness) if f"/{id}/" in line]) == 1, (refused, lines(witness))
        assert len(refused) <= 1


def test_a_run_that_is_given_up_keeps_what_was_done_and_offers_what_takes_it_back(
    terminal: Make, tmp_path: Path
) -> None:
    one = terminal({"acts": ACTS})
    with_acts(one, tmp_path)
    run = one.start("acts").id
    one.do(run, "act")
    with pytest.raises(RunRefused, match="why it is given up"):
        one.call(one.runs.abort(run, Given()))
    given_up = one.call(one.runs.abort(run, Given(reason="not needed any more")))
    assert given_up.outcome is RunOutcome.ABORTED
    assert one.step(run, "act").status is StepStatus.DONE
    assert one.step(run, "more").status is StepStatus.LEFT
    assert one.state(run).next == ("back",)
    with pytest.raises(RunRefused):
        one.do(run, "more")
    assert one.prepare(run, "back").may == ("sign", "skip")
    one.do(run, "back", note="taken out")
    assert one.call(one.runs.close(run, Given())).outcome is RunOutcome.ABORTED
    assert one.state(run).next == ()


def test_what_can_not_be_undone_is_meant_by_whoever_does_it(terminal: Make, tmp_path: Path) -> None:
    one = terminal(
        {
            "acts": HEAD
            + step("wipe", "command", command='"append"', no_return='"all is gone; the backup is not"')
        }
    )
    witness = with_acts(one, tmp_path)
    run = one.start("acts").id
    with pytest.raises(RunRefused, match="the backup is not"):
        one.do(run, "wipe")
    assert not lines(witness)
    one.do(run, "wipe", no_return=True)
    begun = next(event for event in one.runs.events(run) if event.kind is RunEventKind.BEGUN)
    assert begun.data["no_return"] == "all is gone; the backup is not"


def test_who_was_fenced_out_sends_nothing(terminal: Make, tmp_path: Path) -> None:
    """Taken over between its beginning and its sending."""
    one = terminal({"acts": ACTS}, who="ann")
    two = terminal({}, who="bob")
    witness = with_acts(one, tmp_path)
    run = one.start("acts").id
    kind = one.runs.engine.kinds[StepKind.COMMAND]

    async def do(doing: Any, given: Any, tell: Any) -> Any:
        await doing.begin("appends a line")
        await one.board._ask(_taken())
        await doing.holds()
        raise AssertionError("it was not fenced out")

    async def _taken() -> None:
        import asyncio

        while one.step(run, "act").holder != "bob":
            await asyncio.sleep(0)
            await asyncio.to_thread(take)

    def take() -> None:
        two.until(lambda: two.runs.run(run) and two.step(run, "act").status is StepStatus.RUNNING)
        if two.step(run, "act").holder != "bob":
            two.call(two.runs.take_over(run, "act", Given(reason="ann is away")))
        one.until(lambda: one.step(run, "act").holder == "bob")

    kind.do = do  # type: ignore[method-assign]
    with pytest.raises(RunRefused, match="bob"):
        one.do(run, "act")
    assert not lines(witness)
    two.until(lambda: two.step(run, "act").status in (StepStatus.CLAIMED, StepStatus.READY))


@pytest.mark.parametrize("done", [True, False])
def test_a_decision_can_be_taken_anew_while_nothing_of_it_began(terminal: Make, done: bool) -> None:
    choice = step("which", "decision") + "".join(
        f'\n[[steps.branches]]\nid = "{id}"\ntitle = "{id}"\nsteps = ["{id}"]\n' for id in ("left", "right")
    )
    one = terminal({"which": HEAD + choice + step("left", "manual") + step("right", "manual")})
    run = one.start("which").id
    one.do(run, "which", branch="left")
    if done:
        one.do(run, "left")
        assert one.prepare(run, "which").may == ()
        with pytest.raises(RunRefused):
            one.do(run, "which", branch="right")
    else:
        assert one.prepare(run, "which").may == ("decide",)
        one.do(run, "which", branch="right")
        assert one.state(run).next == ("right",)


def test_what_this_program_cannot_do_is_signed_by_hand_and_what_is_false_is_not(terminal: Make) -> None:
    false = '[{ probe = "time.past", time = "2999-01-01 00:00" }]'
    unknown = '[{ probe = "journey.passes", journey = "x" }]'
    by_hand = '"look at it"'
    steps = step("odd", "check", asks=unknown, by_hand=by_hand) + step(
        "bad", "check", asks=false, by_hand=by_hand
    )
    one = terminal({"hand": HEAD + steps})
    run = one.start("hand").id
    assert "sign" in one.prepare(run, "odd").may
    one.do(run, "odd", worked=True, note="I looked")
    assert one.step(run, "odd").status is StepStatus.DONE
    assert "sign" not in one.prepare(run, "bad").may
    one.do(run, "bad", worked=True, note="it is well")
    assert one.step(run, "bad").status is StepStatus.FAILED


@pytest.mark.parametrize(
    ("more", "claimed", "begins"), [("", False, False), ("", True, True), ("recovery = true\n", False, True)]
)
def test_no_run_begins_beside_an_act_on_its_target_unless_it_is_a_recovery(
    terminal: Make, more: str, claimed: bool, begins: bool
) -> None:
    text = HEAD + more + 'holds = ["Deployment shop/web"]\n' + step("a", "manual")
    one = terminal({"one": text, "other": text})
    web = Subject(REF, "Deployment", "shop", "web")
    acting = RunningAction(
        subject=web, by="bob", action="workload.scale", since=NOW, terminal="bob-1", claimed=claimed
    )
    one.store.peer_state.held[REF] = {web: HeldLease(acting=acting, until=NOW + 60)}
    one.board._call(one.store.refreshed)
    one.until(lambda: one.board.picture.store_state.acting)
    if not begins:
        with pytest.raises(RunRefused, match="bob is at"):
            one.start("one")
        return
    one.start("one")
    with pytest.raises(RunRefused, match="is under way on the same"):
        one.start("other")


class Failing(Appending):
    """What it did was done, and did not end well."""

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd:
        await super().do(doing, given, tell)
        return StepEnd(kind=RunEventKind.FAILED, sentence="it ended with 1")


def test_what_was_tried_since_a_person_looked_is_not_done_by_their_word(
    terminal: Make, tmp_path: Path
) -> None:
    """A command's dialog stays open for long: what somebody else began meanwhile, and what failed, is not begun once more by it."""
    one = terminal({"acts": ACTS})
    one.runs.engine.kinds[StepKind.COMMAND] = Failing(tmp_path / "witness")
    run = one.start("acts").id
    seen = one.step(run, "act").attempt
    one.do(run, "act", attempt=seen)
    assert one.step(run, "act").status is StepStatus.FAILED
    with pytest.raises(RunRefused, match="since you looked it was begun, by ann, and is failed: look again"):
        one.do(run, "act", attempt=seen)
    assert len(lines(tmp_path / "witness")) == 1
    one.do(run, "act", attempt=seen + 1)
    assert len(lines(tmp_path / "witness")) == 2
