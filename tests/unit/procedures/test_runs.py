"""A run from its start to its end, on the real store: what each kind of step says and does, and who may do what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.procedures.world import HEAD, Terminal, step
from tfdash.model.run import RunEventKind, RunOutcome, StepStatus
from tfdash.procedures.protocols import Given, RunRefused

Make = Callable[..., Terminal]
WALK = (
    HEAD
    + step("read", "manual", evidence='["note"]')
    + step("which", "decision")
    + """
[[steps.branches]]
id = "left"
title = "to the left"
steps = ["left"]

[[steps.branches]]
id = "right"
title = "to the right"
steps = ["right"]

"""
    + step("left", "manual")
    + step("right", "manual")
    + step("late", "check", asks='[{ probe = "time.past", time = "2020-01-01 00:00" }]')
)


def test_a_run_is_started_walked_and_closed(terminal: Make) -> None:
    one = terminal({"walk": WALK})
    run = one.start("walk").id
    assert one.state(run).next == ("read",)
    with pytest.raises(RunRefused, match="a note"):
        one.do(run, "read")
    one.do(run, "read", note="I read it")
    assert one.step(run, "read").status is StepStatus.DONE
    assert one.prepare(run, "which").may == ("decide", "skip")
    with pytest.raises(RunRefused, match="no answer"):
        one.do(run, "which", branch="up")
    one.do(run, "which", branch="right")
    assert one.step(run, "left").status is StepStatus.NOT_CHOSEN
    with pytest.raises(RunRefused, match="not all is done"):
        one.call(one.runs.close(run, Given()))
    one.do(run, "right")
    one.do(run, "late")
    done = one.call(one.runs.close(run, Given(note="well")))
    assert done.outcome is RunOutcome.DONE
    assert one.kinds(run) == [
        "started",
        "read signed",
        "which decided",
        "right signed",
        "late done",
        "closed",
    ]


def test_what_stands_before_a_step_is_waited_for_and_any_can_be_skipped_with_a_reason(terminal: Make) -> None:
    one = terminal({"walk": WALK})
    run = one.start("walk").id
    with pytest.raises(RunRefused, match="waits for"):
        one.do(run, "which", branch="left")
    with pytest.raises(RunRefused, match="why"):
        one.skip(run, "read")
    assert one.skip(run, "read", "nobody can read it").next == ("which",)


def test_another_terminal_goes_on_after_the_first_has_ended(terminal: Make) -> None:
    one = terminal({"walk": WALK})
    run = one.start("walk").id
    one.do(run, "read", note="I read it")
    one.end()
    two = terminal({}, who="bob")
    two.until(lambda: two.runs.run(run))
    two.do(run, "which", branch="left")
    assert two.state(run).next == ("left",)
    assert set(two.state(run).people) == {"ann", "bob"}


SO = '[{ probe = "time.past", time = "2020-01-01 00:00" }]'
NOT_SO = '[{ probe = "time.past", time = "2999-01-01 00:00" }]'


def test_what_is_already_so_is_passed_with_that_and_can_be_done_anyway(terminal: Make) -> None:
    one = terminal(
        {
            "so": HEAD
            + step("wait", "wait", lasts='"1h"', after=SO)
            + step("again", "wait", lasts='"1h"', after=SO)
        }
    )
    run = one.start("so").id
    assert one.prepare(run, "wait").may[0] == "pass"
    one.do(run, "wait")
    assert one.step(run, "wait").status is StepStatus.ALREADY
    assert "not by us" in one.step(run, "wait").sentence
    one.do(run, "again", anyway=True)
    assert one.step(run, "again").status is StepStatus.RUNNING


def test_what_was_begun_and_is_so_now_is_not_said_to_be_nobodys(terminal: Make) -> None:
    """What failed since it was not seen in time, and is there after all: it may be ours."""
    so = '[{ probe = "time.past", time = "2030-01-01 00:00" }]'
    one = terminal({"so": HEAD + step("act", "wait", asks=so, after=so, timeout='"10m"')})
    run = one.start("so").id
    one.do(run, "act")
    one.clock.at += 601
    one.looked()
    assert one.step(run, "act").status is StepStatus.FAILED
    one.clock.at = datetime(2030, 1, 2, tzinfo=UTC).timestamp()
    one.do(run, "act")
    assert one.step(run, "act").status is StepStatus.ALREADY
    told = one.step(run, "act").sentence
    assert "after it was begun here" in told and "not by us" not in told


@pytest.mark.parametrize("over", [False, True])
def test_who_says_that_a_step_of_several_times_worked_says_it_of_that_time(
    terminal: Make, over: bool
) -> None:
    """What it is done until is not so yet: it is done again, and nothing behind it begins."""
    until = f'[{{ probe = "time.past", time = "{2020 if over else 2999}-01-01 00:00" }}]'
    act = {"action": '"rollout.promote"', "subject": '"Rollout shop/web"', "again": "true", "after": until}
    one = terminal({"on": HEAD + step("on", "action", **act) + step("then", "manual")})
    run = one.start("on").id
    for kind, data in (
        (RunEventKind.CLAIMED, {"fence": 1}),
        (RunEventKind.BEGUN, {"fence": 1, "mark": {}}),
        (RunEventKind.UNKNOWN, {}),
    ):
        at = {"step": "on", "attempt": 0 if kind is RunEventKind.CLAIMED else 1}
        one.call(one.runs.engine.means.journals.record(run, kind, by="ann", data=data, **at))
    assert one.step(run, "on").status is StepStatus.UNKNOWN
    one.call(one.runs.settle(run, "on", Given(worked=True, reason="it is at 40 % now")))
    assert one.step(run, "on").status is (StepStatus.DONE if over else StepStatus.CLAIMED)
    assert one.step(run, "on").in_air == ()
    assert one.step(run, "then").status is (StepStatus.READY if over else StepStatus.WAITING)
    if not over:
        assert one.state(run).next == ("on",)


def test_what_is_already_so_is_passed_though_nothing_here_could_do_it(terminal: Make) -> None:
    so = '[{ probe = "time.past", time = "2020-01-01 00:00" }]'
    one = terminal({"p": HEAD + step("far", "command", command='"nowhere"', by_hand='"by hand"', after=so)})
    run = one.start("p").id
    shown = one.prepare(run, "far")
    assert shown.refused and shown.may == ("pass", "sign", "skip")
    one.do(run, "far")
    assert one.step(run, "far").status is StepStatus.ALREADY


def test_what_is_not_known_or_false_does_not_pass_a_check(terminal: Make) -> None:
    one = terminal(
        {
            "check": HEAD
            + step("check", "check", asks=NOT_SO)
            + step("odd", "gate", asks='[{ probe = "journey.passes", journey = "x" }]')
        }
    )
    run = one.start("check").id
    one.do(run, "check")
    assert one.step(run, "check").status is StepStatus.FAILED
    assert one.state(run).next == ("check",)
    one.skip(run, "check", "it is known")
    one.do(run, "odd")
    assert one.step(run, "odd").status is StepStatus.FAILED
    assert "not known" in one.step(run, "odd").sentence


def test_a_precondition_that_is_not_true_refuses_and_says_which(terminal: Make) -> None:
    one = terminal({"late": HEAD + step("late", "manual", before=NOT_SO)})
    run = one.start("late").id
    assert "not yet" in one.prepare(run, "late").refused
    with pytest.raises(RunRefused, match="not yet"):
        one.do(run, "late")


def test_one_target_has_one_run_at_a_time_and_the_other_is_named(terminal: Make) -> None:
    held = 'title = "t"\nholds = ["Deployment shop/checkout"]\n' + step("a", "manual")
    one = terminal({"held": held, "free": HEAD + step("a", "manual")})
    first = one.start("held").id
    with pytest.raises(RunRefused, match=first):
        one.start("held")
    assert one.start("held", dry=True).dry
    one.start("free")
    one.call(one.runs.abort(first, Given(reason="not needed")))
    assert one.start("held").targets == ("Deployment shop/checkout",)


def test_a_wait_goes_on_by_itself_while_a_terminal_watches(terminal: Make) -> None:
    one = terminal(
        {
            "wait": HEAD
            + step("wait", "wait", lasts='"60s"')
            + step("late", "wait", asks=NOT_SO, timeout='"10m"')
        },
        watching=True,
    )
    run = one.start("wait").id
    one.do(run, "wait")
    assert one.step(run, "wait").status is StepStatus.RUNNING
    one.clock.at += 61
    one.news()
    one.until(lambda: one.step(run, "wait").status is StepStatus.DONE)
    one.do(run, "late")
    one.clock.at += 601
    one.news()
    one.until(lambda: one.step(run, "late").status is StepStatus.FAILED)
    assert "10m" in one.step(run, "late").sentence


def test_a_wait_that_must_hold_begins_anew_where_nobody_looked_meanwhile(terminal: Make) -> None:
    one = terminal({"hold": HEAD + step("hold", "wait", asks=SO, lasts='"60s"')})
    run = one.start("hold").id
    one.do(run, "hold")
    one.clock.at += 61  # of these nobody saw anything
    one.looked()
    for _ in range(11):
        one.clock.at += 5
        one.looked()
        assert one.step(run, "hold").status is StepStatus.RUNNING
    one.clock.at += 5
    one.looked()
    assert one.step(run, "hold").status is StepStatus.DONE


def test_somebody_elses_step_is_not_done_by_us_before_it_is_taken_over(terminal: Make) -> None:
    one = terminal({"wait": HEAD + step("wait", "wait", lasts='"1h"')})
    two = terminal({}, who="bob")
    run = one.start("wait").id
    one.do(run, "wait")
    two.until(lambda: two.runs.run(run) and two.step(run, "wait").status is StepStatus.RUNNING)
    assert two.prepare(run, "wait").may == ("take over", "skip")
    with pytest.raises(RunRefused, match="under way, by ann"):
        two.do(run, "wait")
    fence = two.step(run, "wait").fence
    with pytest.raises(RunRefused, match="look again"):
        two.call(two.runs.take_over(run, "wait", Given(fence=fence + 1)))
    two.call(two.runs.take_over(run, "wait", Given(fence=fence, reason="ann is asleep")))
    assert two.step(run, "wait").holder == "bob"
    assert two.step(run, "wait").fence > fence


def test_a_rehearsal_walks_every_branch_and_begins_nothing(terminal: Make) -> None:
    one = terminal({"walk": WALK})
    run = one.start("walk", dry=True).id
    for _ in range(10):
        for id in one.state(run).next:
            one.do(run, id)
    assert one.state(run).next == ()
    assert not [kind for kind in one.kinds(run) if "begun" in kind or "claimed" in kind]
    assert one.call(one.runs.close(run, Given())).outcome is RunOutcome.DONE


def test_a_terminal_that_may_do_nothing_reads_prepares_and_refuses_in_words(terminal: Make) -> None:
    one = terminal({"walk": WALK})
    run = one.start("walk").id
    two = terminal({}, acting=False, who="bob")
    two.until(lambda: two.runs.run(run))
    assert "read-only" in two.prepare(run, "read").refused
    for what in (
        lambda: two.do(run, "read", note="x y"),
        lambda: two.start("walk"),
        lambda: two.skip(run, "read", "why not"),
    ):
        with pytest.raises(RunRefused, match="read-only"):
            what()
    rehearsed = two.start("walk", dry=True).id
    two.do(rehearsed, "read")
    assert two.step(rehearsed, "read").status is StepStatus.DONE
    assert rehearsed not in two.board.picture.store_state.runs


def test_a_run_is_handed_over_as_a_file_and_taken_up_once(terminal: Make, tmp_path: Path) -> None:
    one = terminal({"walk": WALK})
    run = one.start("walk").id
    one.do(run, "read", note="I read it")
    file = tmp_path / "run.json"
    assert run in one.call(one.runs.hand_over(run, str(file)))
    far = Terminal(tmp_path / "far", {}, who="bob")
    try:
        far.call(far.runs.resume(str(file)))
        assert far.state(run).next == ("which",)
        far.do(run, "which", branch="left")
        count = len(far.runs.events(run))
        far.call(far.runs.resume(str(file)))
        assert len(far.runs.events(run)) == count + 1  # that it was taken up again
        back = tmp_path / "back.json"
        far.call(far.runs.hand_over(run, str(back)))
        one.call(one.runs.resume(str(back)))
        assert one.state(run).next == ("left",)
        (tmp_path / "odd.json").write_text("{")
        with pytest.raises(RunRefused, match="cannot be taken up"):
            far.call(far.runs.resume(str(tmp_path / "odd.json")))
    finally:
        far.end()


@pytest.mark.parametrize(("rule", "goes_on"), [("stop", False), ("ask", True), ("continue", True)])
def test_what_failed_holds_up_what_stands_beside_it_only_where_its_file_says_stop(
    terminal: Make, rule: str, goes_on: bool
) -> None:
    inside = "".join(
        step(id, "manual", **more).replace("[[steps]]", "[[steps.steps]]")
        for id, more in (("fails", {"on_failure": f'"{rule}"'}), ("beside", {}))
    )
    one = terminal(
        {"both": HEAD + step("group", "group", parallel="true") + inside + step("behind", "manual")}
    )
    run = one.start("both").id
    one.do(run, "fails", note="tried", worked=False)
    assert one.step(run, "fails").status is StepStatus.FAILED
    shown = one.prepare(run, "beside")
    assert bool(shown.refused) is not goes_on and ("do" in shown.may or "sign" in shown.may) is goes_on
    assert "skip" in shown.may
    one.skip(run, "fails", "it is not needed")
    assert not one.prepare(run, "beside").refused
