"""The Recovery page, a run and its dialogs at three sizes, and what their keys lead to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from screens import procedures
from screens.dialogs.form import FormScreen
from screens.dialogs.step_acts import moment_meant
from screens.dialogs.step_confirm import StepConfirmScreen
from screens.pages.recovery.recovery import RecoveryScreen
from screens.pages.recovery.run import RunPage
from screens.pages.recovery.texts import StepPage
from tests.tui import recoveryworld as rw
from tests.tui import world
from tests.tui.recorded import Recorded
from tests.tui.running import SIZES, Run, compare, running
from tests.tui.told_service import ToldService
from tests.tui.widgets.hostile import HOSTILE
from tests.unit.playbook.procedures.running import Run as RunEvents
from tfdash.model.assessment import Assessment
from tfdash.model.procedure import Input
from tfdash.model.recovery import RecoveryState
from tfdash.model.run import Probed, StepStatus
from tfdash.model.subject import Subject
from tfdash.playbook.procedures.reading import read_procedure
from tfdash.procedures.protocols import Claim, Given, RunRefused, Told, taken
from tfdash.views.recovery.keys import run_keys
from tfdash.views.recovery.pages import VIEWS
from widgets.confirm import Dialog, TypedInput

ALONE = "neither the shared store nor the API server can be reached: what others do is not seen here"
STAGES: dict[str, Callable[[RunEvents], RunEvents]] = {
    "decision": rw.at_decision,
    "running": rw.at_rollback,
    "unknown": lambda run: rw.at_rollback(run, "unknown outcome"),
    "no-return": rw.past_both,
}


def judged(monkeypatch: pytest.MonkeyPatch, said: RecoveryState = rw.RECOVERY) -> None:
    """What the section says of recoveries, in the assessment that screens read."""
    monkeypatch.setattr(Assessment, "recovery", property(lambda self: said), raising=False)


@asynccontextmanager
async def recovery(
    service: rw.ToldRuns, size: tuple[int, int] = (120, 40), **over: Any
) -> AsyncIterator[Run]:
    given: dict[str, Any] = {"start": "recovery", "runs": service, "actions": ToldService()}
    async with running(size=size, **(given | over)) as run:
        await run.shows("Recovery")
        yield run


@asynccontextmanager
async def at(
    stage: str, size: tuple[int, int] = (120, 40), alone: str = "", **over: Any
) -> AsyncIterator[tuple[Run, rw.ToldRuns]]:
    made = STAGES[stage](rw.failure())
    service = rw.ToldRuns(made, alone=alone)
    async with recovery(service, size, **over) as run:
        run.app.open("run", made.id)
        await run.until(lambda: isinstance(run.app.screen, RunPage), "the run")
        await run.lacks("looks what it would do")
        yield run, service


async def at_all_sizes(run: Run, name: str) -> None:
    shown = {}
    for size in SIZES:
        await run.resize(*size)
        shown[size] = await run.still()
    for (width, height), text in shown.items():
        compare(f"{name}-{width}x{height}", text)


@pytest.fixture(autouse=True)
def coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(Dialog, "patience", 0.0)


@pytest.mark.parametrize("view", [view.id for view in VIEWS])
async def test_golden(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    judged(monkeypatch)
    service = rw.ToldRuns(rw.at_rollback(rw.failure()), rw.past_both(rw.failure(nonce="2", dry=True)))
    async with recovery(service, SIZES[0]) as run:
        screen = run.app.screen
        assert isinstance(screen, RecoveryScreen)
        screen.point_to(view)
        await at_all_sizes(run, f"recovery-{view}")


@pytest.mark.parametrize("stage", STAGES)
async def test_golden_of_a_run(stage: str) -> None:
    async with at(stage, SIZES[0], alone=ALONE if stage == "unknown" else "") as (run, _):
        await at_all_sizes(run, f"run-{stage}")


@pytest.mark.parametrize(
    ("name", "stage", "key"),
    [
        ("decide", "decision", "enter"),
        ("settle", "unknown", "enter"),
        ("no-return", "no-return", "enter"),
        ("abort", "no-return", "b"),
        ("skip", "decision", "x"),
        ("take-over", "running", "t"),
    ],
)
async def test_golden_of_a_dialog(name: str, stage: str, key: str) -> None:
    async with at(stage, SIZES[0]) as (run, _):
        await run.press(key)
        await run.until(lambda: isinstance(run.app.screen, FormScreen), "the dialog")
        await at_all_sizes(run, f"run-dialog-{name}")


async def test_golden_of_the_hand_over() -> None:
    async with at("running", SIZES[0], alone=ALONE) as (run, service):
        await run.press("h")
        await run.shows("Under way:", "ben@corp at ben")
        await at_all_sizes(run, "run-hand-over")
        assert [one[0] for one in service.called] == ["looked"]


async def test_golden_of_the_start_dialog() -> None:
    async with recovery(rw.ToldRuns(), SIZES[0]) as run:
        await run.press("o")
        await run.shows("Start single service failure", "ledger-export")
        await at_all_sizes(run, "run-dialog-start")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("size", SIZES)
async def test_each_key_of_what_can_be_done_next_is_on_the_screen(stage: str, size: tuple[int, int]) -> None:
    async with at(stage, size, alone=ALONE) as (run, _):
        text, screen = await run.still(), run.app.screen
        assert isinstance(screen, RunPage) and screen._keys
        for one in screen._keys:
            assert f"{one.key} {one.word}" in text
        assert "NOT COORDINATED" in text and text.count("\n") == size[1]


async def test_an_answer_that_is_refused_keeps_what_was_typed() -> None:
    async with at("decision") as (run, service):
        service.refuse = RunRefused("ben@corp decided it just now", remedy="look again")
        await run.press("enter")
        await run.shows("Decide: how is it mended?")
        await run.press(*"leaks")
        await run.press("tab", "tab", "enter")
        await run.shows("ben@corp decided it just now; look again", "leaks")
        assert service.called == [("do", "how", Given(branch="back", reason="leaks", attempt=0))]
        await run.press("escape")
        await run.lacks("Decide:")


async def test_a_reason_is_asked_for_before_a_step_is_skipped() -> None:
    async with at("decision") as (run, service):
        await run.press("x")
        await run.shows("Skip: how is it mended?")
        await run.press("tab", "tab", "enter")
        await run.until(lambda: not service.called or "Reason is needed" in run.text, "the reminder")
        await run.press(*"not now")
        await run.press("enter", "enter")
        await run.until(lambda: bool(service.called), "skipped")
        assert service.called == [("skip", "how", Given(reason="not now", attempt=0))]


@pytest.mark.parametrize("terminal", ["ben", ""])
async def test_who_takes_over_what_no_journal_here_tells_says_how_they_know(terminal: str) -> None:
    claim = Claim(run="r", step="how", fence=7, holder="ben@corp", terminal=terminal)
    service = rw.ToldRuns(rw.at_decision(rw.failure()))
    service.over = {
        "claimed": claim,
        "may": ("take over", "skip"),
        "refused": "" if terminal else str(taken(claim)),
    }
    async with recovery(service) as run:
        run.app.open("run", next(iter(service.journals)))
        words = f"ben@corp at {terminal} works on it" if terminal else "ben@corp worked on it (claim 7)"
        await run.shows(f"▲ {'as was met last' if terminal else 'not now'}: {words}", "t take it over")
        await run.press("t")
        await run.shows("Take over: how is it mended?", words, "it may have been done")
        await run.press("tab", "tab", "enter")
        await run.until(lambda: not service.called or "Reason is needed" in run.text, "the reminder")
        assert not service.called
        await run.press(*"he did nothing", "enter", "enter")
        await run.until(lambda: bool(service.called), "taken over")
        assert service.called == [("take over", "how", Given(reason="he did nothing", fence=7, attempt=0))]


async def test_past_a_point_of_no_return_its_name_is_typed() -> None:
    async with at("no-return") as (run, service):
        await run.press("enter")
        await run.shows("Point of no return", "Type traffic")
        await run.press("tab", "tab", "enter")
        await run.press(*"trafic", "enter", "enter")
        await run.shows("type traffic to confirm")
        assert not service.called
        await run.press("backspace", "backspace", *"fic", "enter", "enter")
        await run.until(lambda: bool(service.called), "begun")
        assert service.called[0][:2] == ("do", "traffic")
        assert service.called[0][2].no_return  # else the engine refuses it


async def test_an_action_that_is_a_point_of_no_return_has_its_name_typed_too() -> None:
    text = rw.FAILURE.replace('id = "rollback"\n', 'id = "rollback"\nno_return = "its pods go at once"\n', 1)
    made = rw.at_decision(rw.failure(text))
    rw.said(made, "decided", "how", ago=560, branch="back")
    service, actions = rw.ToldRuns(made), ToldService()
    subject = Subject(cluster=rw.REF, kind="Deployment", namespace="tf-production", name="checkout")
    service.over = {"guarded": await actions.plan("workload.rollback", subject, {})}
    async with recovery(service, SIZES[2], actions=actions) as run:
        run.app.open("run", made.id)
        await run.shows("enter plan it and confirm", "Point of no return: its pods go at once")
        await run.press("enter")
        await run.shows("Type rollback", "Confirm its plan")
        await run.press("tab", "tab", "enter")
        assert isinstance(run.app.screen, FormScreen)
        await run.press(*"rollback", "enter", "enter")
        await run.until(lambda: isinstance(run.app.screen, StepConfirmScreen), "its plan")
        assert not service.called


async def test_what_is_done_by_hand_and_cannot_be_taken_back_is_signed_with_its_name() -> None:
    text = rw.FAILURE.replace('id = "fix"\n', 'id = "fix"\nno_return = "its data are there alone"\n', 1)
    made = rw.at_decision(rw.failure(text))
    rw.said(made, "decided", "how", ago=560, branch="forth")
    service = rw.ToldRuns(made)
    service.over = {"may": ("sign", "skip")}
    async with recovery(service, SIZES[2]) as run:
        run.app.open("run", made.id)
        await run.shows("sign it", "Point of no return: its data are there alone")
        await run.press("enter")
        await run.shows("Type fix", "Sign: it is done")
        await run.press(*"promoted", "enter", *"fix", "enter", "enter")
        await run.until(lambda: bool(service.called), "signed")
        given = service.called[0][2]
        assert service.called[0][:2] == ("do", "fix")
        assert given.no_return and given.worked and given.note == "promoted"


async def test_what_is_in_the_air_is_settled_by_what_a_person_saw() -> None:
    async with at("unknown") as (run, service):
        await run.press("enter")
        await run.shows("What became of: roll it back", "$ kubectl")
        await run.press(*"pods are of 2.13.4", "tab", "tab", "tab", "tab", "enter")
        await run.until(lambda: bool(service.called), "settled")
        given = Given(reason="pods are of 2.13.4", worked=True, fence=2, attempt=1)
        assert service.called == [("settle", "rollback", given)]


@pytest.mark.parametrize("stage", ["decision", "unknown"])
async def test_enter_behind_a_reason_gives_no_answer_where_there_are_two(stage: str) -> None:
    """It stood on the last one: "i say no" with Enter twice behind it approved, and a decision was for its last branch."""
    async with at(stage) as (run, service):
        await run.press("enter")
        await run.until(lambda: isinstance(run.app.screen, FormScreen), "the dialog")
        await run.press(*"i say no", "enter")
        await run.shows("[ Cancel ]")
        await run.press("enter")
        await run.until(lambda: not isinstance(run.app.screen, FormScreen), "it is gone")
        assert not service.called


async def test_inputs_are_chosen_among_what_is_there() -> None:
    async with recovery(rw.ToldRuns()) as run:
        await run.press("o")
        await run.shows("the service that fails", "down chooses")
        await run.press(*"check", "enter", *"down since noon", "enter", "enter")
        service = run.app.context.runs
        assert isinstance(service, rw.ToldRuns)
        service.journals["x"] = rw.failure()
        await run.until(lambda: bool(service.called), "started")
        assert service.called == [
            ("start", "service-failure", {"service": (rw.CHECKOUT,)}, "down since noon", False)
        ]


async def test_what_is_typed_at_once_goes_into_what_an_answer_needs() -> None:
    """Never into what may be left out."""
    text = rw.FAILURE.replace(
        "[[inputs]]",
        '[[inputs]]\nid = "pods"\ntitle = "its pods"\ntype = "pod"\noptional = true\n\n[[inputs]]',
        1,
    )
    async with recovery(rw.ToldRuns(procedures=[read_procedure("service-failure", text)])) as run:
        await run.press("o")
        await run.shows("its pods", "the service that fails")
        await run.press(*"ledger-export")
        await run.until(
            lambda: run.app.screen.query_one("#field-service", TypedInput).value == "ledger-export", "typed"
        )


async def test_the_answers_and_the_place_are_seen_however_much_is_asked() -> None:
    """80x24: fields that have no room are scrolled to; where it acts stands in the title, whatever else is cut from it."""
    title = "the way back to the region that was lost, once its data are back there"
    asked = "".join(
        f'[[inputs]]\nid = "more{number}"\ntitle = "{title}, and what else is asked: {number}"\ntype = "text"\ndefault = "all"\n\n'
        for number in range(4)
    )
    text = rw.FAILURE.replace("[[inputs]]", f"{asked}[[inputs]]", 1)
    text = text.replace('title = "single service failure"', f'title = "{title}"', 1)
    text = text.replace('id = "fix"\n', 'id = "fix"\nno_return = "its data are there alone"\n', 1)
    async with recovery(rw.ToldRuns(procedures=[read_procedure("service-failure", text)]), SIZES[0]) as run:
        await run.press("o")
        await run.shows(
            "Point of no return", "in PRODUCTION, cluster eu-1", "ledger-export", "Dry run    Start"
        )
        await run.press(*"checkout", "enter", *"down since noon", "enter")
        await run.shows("down since noon", "in PRODUCTION, cluster eu-1", "[ Start ]")


async def test_the_last_of_many_is_found_and_none_is_looked_for_at_each_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []
    choices_of = procedures.choices_of

    def counted(shell: Any, one: Input, *rest: Any) -> Any:
        looked.append(one.id)
        return choices_of(shell, one, *rest)

    monkeypatch.setattr(procedures, "choices_of", counted)
    many = [f"at-{number}" for number in range(2000)]
    text = rw.FAILURE.replace(
        "[[inputs]]",
        f'[[inputs]]\nid = "where"\ntitle = "where"\ntype = "choice"\nchoices = {many}\n\n[[inputs]]',
        1,
    )
    async with recovery(rw.ToldRuns(procedures=[read_procedure("service-failure", text)])) as run:
        await run.press("o")
        await run.shows("at-0", "1995 more")
        before = list(looked)
        await run.press(*"t-1999")
        await run.shows("at-1999")
        assert looked == before
        await run.press("enter")
        await run.until(
            lambda: run.app.screen.query_one("#field-where", TypedInput).value == "at-1999", "taken"
        )


async def test_a_runbook_that_is_carried_out_is_not_proposed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    judged(monkeypatch)
    async with recovery(rw.ToldRuns(), SIZES[0]) as run:
        await run.shows("PROPOSED", "→ enter", "enter start it")
    async with recovery(rw.ToldRuns(rw.at_rollback(rw.failure())), SIZES[0]) as run:
        await run.shows("under way  a service fails")
        await run.lacks("PROPOSED")


async def test_of_several_clusters_it_is_started_in_the_one_that_proposes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A runbook is judged in each of them: what is said of the last hides nothing that is said of another."""
    judged(monkeypatch, rw.elsewhere(rw.RECOVERY))
    service = rw.ToldRuns()
    async with recovery(service, SIZES[2]) as run:
        await run.shows("PROPOSED  a service fails and the platform around it is well, in ", "not now")
        await run.press("enter")
        await run.shows("Start single service failure", f"cluster {rw.REF.cluster}")
        await run.press("escape", "down", "enter")
        told = f"cluster {rw.AFAR.cluster} is not read"
        await run.until(lambda: any(told in m.text for m in run.app.messages.all), told)


async def test_where_nothing_tells_the_cluster_it_is_asked() -> None:
    async with recovery(rw.ToldRuns(), SIZES[2], others=[Recorded(ref=rw.AFAR)]) as run:
        await run.press("o")
        await run.shows("single service failure: in which cluster?", rw.REF.cluster)
        await run.press("down", "enter")
        await run.shows("Start single service failure", f"cluster {rw.AFAR.cluster}")


def test_enter_closes_what_has_no_step_left() -> None:
    state = rw.at_decision(rw.failure()).state
    done = tuple(msgspec.structs.replace(one, status=StepStatus.DONE) for one in state.steps)
    state = msgspec.structs.replace(state, next=(), steps=done)
    assert [(k.key, k.id) for k in run_keys(state)][:1] == [("enter", "close")]


@pytest.mark.parametrize("text", [" ".join(one for one in HOSTILE if len(one) < 80), max(HOSTILE, key=len)])
async def test_what_came_from_others_is_shown_literally(text: str) -> None:
    made = rw.at_decision(rw.failure(reason=text, targets=[text]))
    rw.said(made, "note", "how", ago=5, by=text, terminal=text, sentence=text)
    service = rw.ToldRuns(made, alone=text)
    async with recovery(service) as run:
        for page, about in (
            ("run", (made.id,)),
            ("handover", (made.id,)),
            ("journal", (made.id,)),
            ("step", (made.id, "how")),
        ):
            run.app.open(page, *about)
            shown = await run.still()
            assert "\x1b" not in shown and "\u202e" not in shown
            assert shown.count("\n") == 40 and text[:16] in shown


async def test_dialogs_take_no_key_that_was_meant_for_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    async with at("decision") as (run, service):
        monkeypatch.setattr(Dialog, "patience", 60.0)
        await run.press("x")
        await run.shows("Skip:")
        await run.press("tab", "tab", "enter")
        assert not service.called


async def test_a_run_that_is_not_there_says_so() -> None:
    async with recovery(rw.ToldRuns()) as run:
        run.app.open("run", "gone-1")
        await run.shows("No run gone-1 is known here")
        assert world.NOW == rw.NOW


async def test_a_key_on_a_workload_starts_the_procedure_that_asks_for_one() -> None:
    service = rw.ToldRuns()
    async with recovery(service, start="workloads") as run:
        await run.listed()
        await run.press("down")
        await run.shows("f procedure")
        await run.press("f")
        await run.shows("Start on checkout", "single service failure", "runbook")
        await run.press("enter")
        await run.shows("Start single service failure", rw.CHECKOUT)


async def test_what_is_over_has_no_key_and_what_comes_next_is_in_hand() -> None:
    async with at("decision") as (run, service):
        await run.press("enter", *"leaks", "tab", "tab", "enter")
        await run.until(lambda: bool(service.called), "decided")
        made = next(iter(service.journals.values()))
        rw.said(made, "decided", "how", ago=1, branch="back")
        screen = run.app.screen
        assert isinstance(screen, RunPage)
        screen.catch_up()
        await run.until(lambda: run.table.cursor_key == "rollback", "the next step")
        await run.press("up")
        await run.lacks("enter decide")


async def test_why_nothing_is_known_of_one_step_is_told_of_no_other() -> None:
    async with at("decision") as (run, service):
        service.trouble = RuntimeError("the plan fell over")
        await run.press("down")
        await run.shows("what it would do is not known")
        await run.press("up", "up")
        await run.lacks("what it would do is not known")
        await run.press("down")
        await run.lacks("looks what it would do")


async def test_the_page_of_a_step_looks_again_where_its_run_goes_on() -> None:
    async with at("decision") as (run, service):
        made = next(iter(service.journals.values()))
        service.over = {"before": (Probed(passed=False, sentence="the window is closed"),)}
        run.app.open("step", made.id, "rollback")
        await run.shows("the window is closed")
        service.over = {}
        rw.said(made, "decided", "how", ago=1, branch="back")
        screen = run.app.screen
        assert isinstance(screen, StepPage)
        screen.catch_up()
        await run.lacks("the window is closed")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("-25m", rw.NOW - 1500),
        ("09:00", rw.NOW - 900),
        ("2026-11-22 09:15", rw.NOW - world.DAY),
        ("2026-13-22 09:15", None),
        ("at noon", None),
        ("-soon", None),
    ],
)
def test_a_person_says_when_the_impact_began_in_the_playbooks_zone(text: str, meant: float | None) -> None:
    assert moment_meant(text, rw.NOW, ZoneInfo("America/New_York")) == meant


async def test_what_a_step_needs_and_is_away_is_dim_and_named() -> None:
    text = rw.FAILURE.replace('id = "serves"', 'id = "serves"\nneeds = ["shared"]')
    made = rw.at_decision(rw.failure(text))
    async with recovery(rw.ToldRuns(made), SIZES[2]) as run:
        run.app.open("run", made.id)
        await run.shows("9 it serves again, for five minutes  needs shared, which is away")


async def test_what_a_run_tells_by_itself_is_shown_before_it_is_begun() -> None:
    service = rw.ToldRuns()
    told = Told(
        channel="#incidents", subject="approval wanted: may it be called restored?", body="2 of managers"
    )
    service.previewed = {"approval": (told,)}
    async with recovery(service, SIZES[2]) as run:
        await run.press("o")
        await run.shows(
            "told by itself, once, when an approval is wanted",
            "#incidents",
            "approval wanted: may it be called restored?",
        )


async def test_stakeholders_who_wait_are_one_line_and_one_key() -> None:
    made = rw.at_rollback(rw.failure('status = { every = "5m" }\n' + rw.FAILURE))
    service = rw.ToldRuns(made)
    async with recovery(service, SIZES[0]) as run:
        run.app.open("run", made.id)
        await run.shows("stakeholders wait for a word: due since", "tell stakeholders: due since")
        await run.press("w")
        await run.shows(
            "To stakeholders: how it stands", "single service failure: rolled back", "Told another way"
        )
