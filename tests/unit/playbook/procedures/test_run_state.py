"""What the events of a run add up to: who may make a step what, and what can be worked on then."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.playbook.procedures.running import AT, TEXT, Run
from tfdash.actions.registry import ACTIONS
from tfdash.model.run import RunJournal, RunOutcome
from tfdash.playbook.procedures import starts
from tfdash.playbook.procedures.folding import LEAP
from tfdash.playbook.procedures.reading import digest_of
from tfdash.playbook.procedures.state import RunStates, run_state
from tfdash.playbook.procedures.walk import KEEPS


def until(step: str, text: str = TEXT) -> Run:
    """A run that has passed all before ``step``, rolled back."""
    run = Run(text)
    for id, go in {
        "seen": lambda: run.add("done", "seen"),
        "how": lambda: run.add("decided", "how", branch="back"),
        "rollback": lambda: run.acted("rollback"),
        "scale": lambda: run.acted("scale"),
        "tell": lambda: run.add("done", "tell"),
        "may": lambda: run.add("approved", "may", role="managers", alone=True),
        "serves": lambda: run.add("done", "serves"),
        "learned": lambda: run.add("signed", "learned"),
        "": lambda: None,
    }.items():
        if id == step:
            break
        go()
    return run


def test_a_run_goes_from_its_first_step_to_its_end() -> None:
    run = Run()
    assert run.state.next == ("seen",) and run.state.outcome is RunOutcome.OPEN
    assert set(run.statuses().values()) == {"ready", "waiting"}
    run = until("")
    assert run.statuses() == {
        **dict.fromkeys(
            ("seen", "how", "rollback", "both", "scale", "tell", "may", "serves", "learned"), "done"
        ),
        "fix": "not chosen",
    }
    assert run.state.next == ()
    run.add("closed")
    assert run.state.outcome is RunOutcome.DONE and run.state.ended_at is not None


def test_steps_side_by_side_are_ready_at_once_and_what_is_behind_them_waits_for_all() -> None:
    run = until("scale")
    assert run.state.next == ("scale", "tell")
    run.add("done", "tell")
    assert run.state.next == ("scale",) and run.step("both").status == "ready"
    run.acted("scale", end="")
    assert run.step("both").status == run.step("scale").status == "running"
    run.add("done", "scale", attempt=1)
    assert run.state.next == ("may",)


def test_an_act_is_done_by_who_began_it_and_by_nobody_s_mere_word() -> None:
    run = until("rollback")
    run.add("done", "rollback", terminal="eve")
    run.add("claimed", "rollback", fence=1)
    run.add("done", "rollback")
    run.add("done", "rollback", terminal="eve", attempt=1)
    assert run.step("rollback").status == "claimed"
    run.add("begun", "rollback", attempt=1, fence=1, mark={"uid": "7"})
    run.add("done", "rollback", terminal="eve", attempt=1)
    found = run.step("rollback")
    assert found.status == "running" and found.mark == {"uid": "7"} and found.holder == "ann"
    run.add("done", "rollback", attempt=1)
    assert run.step("rollback").status == "done"


def test_a_step_that_is_not_reached_is_nobody_s_and_no_check_passes_before_its_turn() -> None:
    run = Run()
    for step in ("serves", "tell"):
        run.add("claimed", step, fence=3)
        run.add("done", step)
    run.add("signed", "learned", note="x")
    run.add("approved", "may", role="managers", vouched="postgresql")
    run.add("decided", "how", branch="back")
    assert run.state.next == ("seen",) and "done" not in run.statuses().values()


def test_who_takes_over_settles_what_the_other_began() -> None:
    run = until("rollback")
    run.acted("rollback", end="")
    run.add("claimed", "rollback", terminal="bob", fence=2)
    found = run.step("rollback")
    assert (found.status, found.holder, found.fence) == ("running", "bob", 2)
    run.add("settled", "rollback", terminal="ann", result="done")  # she does not hold it any more
    assert run.step("rollback").status == "running"
    run.add("settled", "rollback", terminal="bob", result="not done", by="person")
    assert run.step("rollback").status == "claimed" and run.state.next == ("rollback",)
    run.add("begun", "rollback", terminal="bob", attempt=2, fence=2)
    assert run.step("rollback").attempt == 2
    run.add("done", "rollback", terminal="bob", attempt=2)
    assert run.step("rollback").status == "done"


def test_what_is_done_again_is_ready_after_each_time_and_nothing_of_it_is_in_the_air() -> None:
    after = "again = true"
    run = until(
        "rollback", TEXT.replace('action = "workload.rollback"', f'action = "workload.rollback"\n{after}')
    )
    for attempt in (1, 2):
        run.acted("rollback", attempt, end="")
        run.add("settled", "rollback", terminal="eve", attempt=attempt, result="again")
        assert run.step("rollback").status == "running"  # she neither did it nor holds it
        run.add("settled", "rollback", attempt=attempt, result="again")
        run.add("let go", "rollback")
        found = run.step("rollback")
        assert (found.status, found.attempt, found.in_air) == ("ready", attempt, ())
        assert run.state.next == ("rollback",)
    run.add("already so", "rollback")
    assert run.step("rollback").status == "already so"
    other = until("rollback")
    other.acted("rollback", end="")
    other.add("settled", "rollback", result="again")
    assert other.step("rollback").status == "running"  # its file does not say so


@pytest.mark.parametrize("step", ["how", "may", "learned"])
def test_what_is_a_person_s_word_is_neither_begun_nor_settled(step: str) -> None:
    """Else who can write events makes an approval out of an act."""
    run = until(step)
    run.acted(step, end="")
    run.add("settled", step, attempt=1, result="done")
    assert run.step(step).status == "claimed"


def test_the_terminal_that_did_it_knows_better_than_who_settled_it() -> None:
    run = until("rollback")
    run.acted("rollback", end="")
    run.add("claimed", "rollback", terminal="bob", fence=2)
    run.add("settled", "rollback", terminal="bob", result="failed")
    assert run.step("rollback").status == "failed" and run.state.next == ("rollback",)
    run.add("done", "rollback", terminal="ann", attempt=1)
    assert run.step("rollback").status == "done"


def test_what_was_begun_by_an_old_claim_stays_in_the_air_and_is_not_forgotten() -> None:
    run = until("rollback")
    run.add("claimed", "rollback", fence=1)
    run.add("claimed", "rollback", terminal="bob", fence=2)
    run.add("begun", "rollback", terminal="ann", attempt=1, fence=1)
    assert run.step("rollback").status == "claimed" and run.step("rollback").in_air == (1,)
    run.acted("rollback", 3, terminal="bob")
    found = run.step("rollback")
    assert found.status == "done" and found.attempt == 2 and found.in_air == (1,)
    run.add("done", "rollback", terminal="ann", attempt=1)
    assert run.step("rollback").in_air == ()


def test_an_unknown_outcome_is_not_begun_again_unless_it_may_be_repeated() -> None:
    run = until("rollback")
    run.acted("rollback", end="unknown outcome")
    assert run.step("rollback").status == "unknown outcome" and run.state.next == ("rollback",)
    run.add("begun", "rollback", attempt=2, fence=1)
    assert run.step("rollback").status == "unknown outcome" and run.step("rollback").in_air == (2,)
    again = Run(
        TEXT.replace('action = "workload.rollback"\n', 'action = "workload.rollback"\nidempotent = true\n')
    )
    again.add("done", "seen")
    again.add("decided", "how", branch="back")
    again.acted("rollback", end="unknown outcome")
    again.add("begun", "rollback", attempt=2, fence=1)
    assert again.step("rollback").status == "running" and again.step("rollback").in_air == ()


def test_a_failed_step_stands_and_can_be_tried_again_or_passed_with_a_reason() -> None:
    run = until("scale")
    run.acted("scale", end="failed")
    run.add("failed", "tell")  # what is behind it goes on
    assert run.statuses()["scale"] == run.statuses()["tell"] == "failed"
    assert run.state.next == ("scale",) and run.step("both").status == "failed"
    run.add("begun", "scale", attempt=2, fence=1)
    assert run.step("scale").status == "running" and run.step("scale").attempt == 2
    run.add("failed", "scale", attempt=2)
    run.add("skipped", "scale")  # without a reason
    assert run.state.next == ("scale",)
    run.add("skipped", "scale", sentence="done by hand")
    assert run.state.next == ("may",)


def test_a_signature_needs_its_evidence_and_one_by_hand_ends_what_could_be_signed() -> None:
    run = Run()
    run.add("done", "seen")
    run.add("decided", "how", branch="forth")
    run.add("signed", "fix")
    assert run.step("fix").status == "ready"
    run.add("signed", "fix", note="2.14.1 is out", link="https://x.example")
    assert run.step("fix").evidence == ((("note", "2.14.1 is out"), ("link", "https://x.example")),)
    run.add("signed", "scale", terminal="bob")
    assert run.step("scale").status == "done" and run.step("scale").by == "bob"
    run.add("signed", "tell", terminal="bob")
    assert run.step("tell").status == "ready"  # nobody may do that by hand


def test_what_did_not_come_out_well_is_signed_as_failed() -> None:
    run = Run()
    run.add("done", "seen")
    run.add("decided", "how", branch="forth")
    run.add("signed", "fix", worked=False)
    assert run.step("fix").status == "failed" and run.state.next == ("fix",)


def test_approvals_are_of_different_people_whom_a_server_vouches_for() -> None:
    run = until("may")
    run.add("approved", "may", role="managers")  # nobody vouches
    run.add("approved", "may", role="others", vouched="postgresql")
    run.add("approved", "may", role="managers", vouched="postgresql", stamped="ann", by="ann")
    run.add("approved", "may", role="managers", vouched="postgresql", by="ann")
    run.add("approved", "may", role="managers", vouched="postgresql", stamped="ann", by="ann (claimed: zoe)")
    run.add("approved", "may", terminal="bob", role="managers", vouched="postgresql", from_file="f")
    run.add("done", "may")
    assert run.step("may").status == "ready" and run.step("may").approvals == ("ann",)
    run.add("denied", "may", terminal="eve", role="managers", vouched="postgresql", sentence="not now")
    assert run.step("may").status == "failed" and run.step("may").approvals == ()
    for who in ("ann", "bob"):
        run.add("approved", "may", terminal=who, role="managers", vouched="postgresql")
    assert run.step("may").status == "done"


def test_the_way_alone_is_only_where_the_step_has_one() -> None:
    run = until("may")
    run.add("approved", "may", role="managers", alone=True, sentence="nobody answers")
    assert run.step("may").status == "done" and run.step("may").sentence == "nobody answers"


def test_a_decision_is_taken_once_and_changed_only_by_who_knows_how_it_stands() -> None:
    run = until("rollback")
    run.add("decided", "how", branch="forth")
    assert run.step("how").branch == "back"
    run.add("decided", "how", branch="forth", instead_of="back")
    assert run.state.next == ("fix",) and run.statuses()["rollback"] == "not chosen"
    run.add("decided", "how", branch="back", instead_of="forth")
    run.acted("rollback")
    run.add("decided", "how", branch="forth", instead_of="back")
    assert run.step("how").branch == "back" and run.statuses()["fix"] == "not chosen"


def test_a_decision_that_is_skipped_has_none_of_its_branches_and_a_rehearsal_all() -> None:
    run = Run()
    run.add("done", "seen")
    run.add("skipped", "how", sentence="neither")
    assert run.state.next == ("scale", "tell")
    dry = Run(dry=True)
    dry.add("done", "seen")
    dry.add("decided", "how", branch="*")
    assert dry.state.next == ("rollback",) and dry.statuses()["fix"] == "waiting"
    dry.add("done", "rollback", dry=True, would_stop="no revision is kept")
    dry.add("done", "fix", dry=True)
    assert dry.step("rollback").stops == "no revision is kept" and not dry.step("fix").stops
    assert dry.state.next == ("scale", "tell")
    run = Run()
    run.add("done", "seen")
    run.add("decided", "how", branch="*")
    assert run.state.next == ("how",)
    run.add("decided", "how", branch="back")
    run.add("done", "rollback", dry=True)
    assert run.state.next == ("rollback",)


def test_what_was_so_already_needs_a_postcondition_that_says_so() -> None:
    run = until("rollback")
    run.add("already so", "rollback", sentence="seen 03:12, not by us")
    assert run.step("rollback").status == "already so" and run.state.next == ("scale", "tell")
    run.add("already so", "scale")
    assert run.step("scale").status == "ready"


def test_a_run_that_is_given_up_keeps_what_was_done_and_offers_what_takes_it_back() -> None:
    run = until("scale")
    run.acted("scale", end="")
    run.add("aborted", sentence="it is no use")
    state = run.state
    assert state.outcome is RunOutcome.ABORTED and state.ended_at == state.last_at
    assert run.statuses() == {
        **dict.fromkeys(("seen", "how", "rollback"), "done"),
        "fix": "not chosen",
        **dict.fromkeys(("tell", "may", "serves", "learned"), "left undone"),
        "scale": "running",
        "both": "running",
        "again": "ready",
    }
    assert state.next == ("scale", "again")
    run.add("signed", "again")
    run.add("settled", "scale", result="failed")
    run.add("signed", "learned")
    assert run.step("again").status == "done" and run.step("learned").status == "left undone"
    run.add("closed")
    assert run.state.outcome is RunOutcome.ABORTED and run.state.next == ()


def test_a_run_that_is_closed_with_steps_left_was_given_up() -> None:
    run = until("serves")
    run.add("closed", terminal="eve")
    assert run.state.outcome is RunOutcome.ABORTED and run.step("serves").status == "left undone"
    run.add("done", "serves")
    run.add("skipped", "learned", sentence="never mind")
    assert run.step("serves").status == run.step("learned").status == "left undone"


@pytest.mark.parametrize(
    ("done", "outcome"),
    [((), RunOutcome.SKIPPED), (("rollback",), RunOutcome.DONE), (("learned",), RunOutcome.DONE)],
)
def test_a_run_that_skipped_all_that_it_was_to_do_is_not_done(
    done: tuple[str, ...], outcome: RunOutcome
) -> None:
    """Its checks and decisions change nothing of that: what was chosen not to be done is none of it."""
    run = Run()
    run.add("done", "seen")
    run.add("decided", "how", branch="back")
    while run.state.next:
        id = run.state.next[0]
        if id not in done:
            run.add("skipped", id, sentence="not needed")
        elif id == "learned":
            run.add("signed", id)
        else:
            run.acted(id)
    run.add("closed")
    assert run.state.outcome is outcome


def test_a_group_that_is_skipped_is_skipped_in_all_its_steps() -> None:
    run = until("scale")
    run.acted("scale")
    run.add("skipped", "both", sentence="told by telephone")
    assert run.statuses()["scale"] == "done" and run.statuses()["tell"] == "skipped"
    assert run.state.next == ("may",)


def test_a_second_start_changes_nothing_wherever_it_stands() -> None:
    run = until("scale")
    before = run.state
    other = TEXT.replace("bring it back", "wipe it all")
    for terminal, number in (("aaa", 1), ("zzz", 9)):
        data = {"procedure": "back", "text": other, "digest": digest_of(other), "inputs": {}, "nonce": "n"}
        run.add("started", terminal=terminal, number=number, **data)
    after = run.state
    assert after.procedure.title == "bring it back" and after.steps == before.steps


def test_a_text_that_is_not_what_it_was_started_with_is_no_procedure() -> None:
    run = Run(TEXT, digest="0" * 64)
    assert run.state.steps == () and "not the one" in run.state.unreadable
    run = Run(TEXT.replace('kind = "check"', 'kind = "magic"'))
    assert run.state.steps == () and "magic" in run.state.unreadable
    empty = run_state(RunJournal(id="x", events=()))
    assert empty.unreadable and empty.next == ()


def test_a_changed_file_goes_on_where_the_run_stands() -> None:
    run = until("scale")
    text = TEXT.replace('title = "it serves"', 'title = "it serves well"') + (
        '\n[[steps]]\nid = "more"\ntitle = "and more"\nkind = "manual"\ntext = "x"\n'
    )
    run.add("changed", text=text, digest=digest_of(text))
    assert run.statuses()["rollback"] == "done" and run.statuses()["more"] == "waiting"
    assert run.state.next == ("scale", "tell")
    run.add("changed", text="title = 7", digest="")
    assert run.statuses()["more"] == "waiting"


def test_who_was_there_and_read_how_far() -> None:
    run = until("scale")
    run.add("looked", terminal="bob", at=AT + 500, number=20, **{"data": 1})
    run.events[-1] = msgspec.structs.replace(run.events[-1], data={"number": 7})
    assert run.state.people["bob"] == AT + 500 and run.state.looked == {"bob": 7}
    run.add("looked", terminal="bob", at=AT + 400)
    assert run.state.looked == {"bob": 7}


def test_clocks_begin_at_the_earliest_proof_and_end_with_what_restores() -> None:
    run = until("serves")
    run.add("impact", at=run.state.started_at + 50)
    run.events[-1] = msgspec.structs.replace(run.events[-1], data={"at": AT - 300.0, "source": "Prometheus"})
    clocks = {one.id: one for one in run.state.clocks}
    assert (clocks["impact"].start, clocks["impact"].end) == (AT - 300, None)
    assert (
        (clocks["impact"].by, clocks["impact"].source) == ("ann", "Prometheus")
        and clocks["impact"].target == 1800
        and not clocks["impact"].at_least
    )
    assert clocks["detect"].end == clocks["acknowledge"].start == run.state.started_at
    assert clocks["mitigate"].end == run.step("rollback").ended
    assert clocks["tier 1"].target == 300 and clocks["tier 1"].end == run.step("tell").ended
    run.add("done", "serves")
    clocks = {one.id: one for one in run.state.clocks}
    assert clocks["restore"].end == clocks["impact"].end == run.step("serves").ended


def test_nobody_who_is_served_waits_for_what_is_written_down() -> None:
    """The check that a runbook learned stands behind all that restores: it holds no clock."""
    written = '\n[[steps]]\nid = "runbook"\ntitle = "it is known"\nkind = "check"\nasks = [{ probe = "runbook.changed", procedure = "back", run = "{run}" }]\n'
    run = until("serves", TEXT + written)
    run.add("done", "serves")
    clocks = {one.id: one for one in run.state.clocks}
    assert run.statuses()["runbook"] == "waiting"
    assert clocks["restore"].end == clocks["impact"].end == run.step("serves").ended


def test_an_impact_that_is_said_to_begin_behind_the_start_moves_nothing() -> None:
    run = Run()
    run.add("acknowledged")
    run.add("impact")
    run.events[-1] = msgspec.structs.replace(run.events[-1], data={"at": run.state.started_at + 1})
    impact = next(clock for clock in run.state.clocks if clock.id == "impact")
    assert (impact.start, impact.at_least) == (run.state.started_at, True)


def test_a_claim_that_leaps_is_of_nobody_who_counts() -> None:
    run = Run()
    run.add("claimed", "seen", fence=LEAP + 1)
    assert run.step("seen").fence == 0 and not run.step("seen").terminal
    run.add("claimed", "seen", fence=LEAP)
    assert run.step("seen").fence == LEAP


def test_what_only_keeps_evidence_eases_nothing() -> None:
    text = TEXT.replace('action = "workload.rollback"', 'action = "workload.archive"')
    assert text != TEXT and set(ACTIONS) >= KEEPS
    run = until("serves", text)
    clocks = {one.id: one for one in run.state.clocks}
    assert run.step("rollback").ended != clocks["mitigate"].end == run.step("scale").ended


def test_what_was_folded_once_is_not_folded_again_and_says_the_same() -> None:
    run, states = until("may"), RunStates()
    for count in range(1, len(run.events) + 1):
        part = RunJournal(id=run.id, events=run.journal.events[:count])
        assert states.of(part) == run_state(part)
    assert states.of(part) is states.of(part)
    late = msgspec.structs.replace(run.events[3], terminal="zed", number=2)
    longer = RunJournal(id=run.id, events=(*run.journal.events[:2], late, *run.journal.events[2:]))
    assert states.of(longer) == run_state(longer)
    states.forget_but({})
    assert states.of(longer) == run_state(longer)


@pytest.mark.parametrize("odd", [None, -1, True, "7", 1.5, 2**60, [], {}])
def test_odd_values_in_an_event_change_nothing_and_break_nothing(odd: object) -> None:
    run = until("rollback")
    before = run.state.steps
    run.add("claimed", "rollback", fence=odd)
    for kind in ("begun", "settled", "decided", "signed", "approved", "impact", "looked", "changed"):
        run.add(kind, "rollback", result=odd, branch=odd, role=odd, at_=odd, text=odd, mark=odd, inputs=odd)
        run.events[-1] = msgspec.structs.replace(
            run.events[-1], data={"at": odd, "number": odd, **run.events[-1].data}
        )
    assert run.state.steps == before
    run = Run()
    told = {"targets": odd, "reason": odd, "inputs": odd, "nonce": odd, "dry": odd}
    run.events[0] = msgspec.structs.replace(run.events[0], data={**run.events[0].data, **told})
    assert run.state.targets == () and run.state.next == ("seen",)


def test_a_text_is_read_once_for_all_its_runs() -> None:
    starts._as_written.cache_clear()
    states = [Run(nonce=str(number)).state for number in range(80)]
    assert len({state.id for state in states}) == 80 and not any(state.unreadable for state in states)
    assert starts._as_written.cache_info().misses == 1
