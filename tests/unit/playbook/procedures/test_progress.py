"""How far a run is, and whether it takes too long: the section, the wall, lists, pages and messages say the same of it."""

from __future__ import annotations

import msgspec

from tests.unit.playbook.procedures.running import AT, Run
from tfdash.playbook.procedures.progress import steps_over, too_long, took, under_way, whole_clock
from tfdash.views.recovery.runs import clock_of
from tfdash.views.recovery.words import clocks_line, counted_steps


def decided() -> Run:
    run = Run()
    run.add("skipped", "seen", sentence="it is seen")
    run.add("decided", "how", branch="forth")
    return run


def test_steps_are_counted_the_same_everywhere() -> None:
    state = decided().state
    assert steps_over(state) == (2, 8)  # without the group, what takes back, and the other branch
    assert counted_steps(state) == "2 of 8 steps"
    (one,) = under_way([state], AT)
    assert one.sentence.startswith("2 of 8 steps done")


def test_it_takes_too_long_from_the_impact_on_and_everybody_says_so() -> None:
    run = decided()
    started = run.state.started_at
    now = started + 1500
    (one,) = under_way([run.state], now)
    assert not one.late and clock_of(run.state, now)[0] == "25:00/30:00"
    impact = started - 600
    run.add("impact")
    run.events[-1] = msgspec.structs.replace(run.events[-1], data={"at": impact, "source": "a journey"})
    (one,) = under_way([run.state], now)
    assert one.late
    assert clock_of(run.state, now) == ("▲ 35:00/30:00", "warn")
    assert any("05:00 over" in cell[0] for cell in clocks_line(run.state, now))
    assert (took(whole_clock(run.state), now), too_long(whole_clock(run.state), now)) == (2100, True)


def test_what_was_whole_again_in_time_is_not_late_while_signatures_are_left() -> None:
    run = decided()
    run.add("signed", "fix", note="it is out")
    for step in ("scale", "tell", "may"):
        run.add("skipped", step, sentence="not wanted")
    run.acted("serves")
    state, now = run.state, run.state.started_at + 86_400
    assert state.outcome.value == "open" and state.next == ("learned",)
    (one,) = under_way([state], now)
    assert not one.late and clock_of(state, now)[1] == ""
