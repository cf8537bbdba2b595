"""What goes on by itself: retries, time-outs, what a program left in the air, and ends that could not be recorded."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.procedures import appending
from tests.unit.procedures.appending import Appending
from tests.unit.procedures.world import HEAD, ZONE, Terminal, step
from tests.unit.store.helpers import NOW, REF
from tests.waiting import until
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.calendar import CalendarState
from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind, RunState, StepStatus
from tfdash.playbook.procedures.probes import PROBES
from tfdash.playbook.procedures.settings import AllowedCommand, ProceduresSettings
from tfdash.procedures.protocols import Given, RunRefused, Work, WorkSeen, WorkState
from tfdash.procedures.times import until_of

Make = Callable[..., Terminal]
NOT_SO = '[{ probe = "time.past", time = "2999-01-01 00:00" }]'
ACT = HEAD + step("act", "command", command='"append"')


def test_a_check_that_failed_is_asked_again_as_often_as_its_file_says(terminal: Make) -> None:
    one = terminal({"again": HEAD + step("check", "check", asks=NOT_SO, retries="2", retry_after='"30s"')})
    run = one.start("again").id
    one.do(run, "check")
    for _ in range(5):
        one.looked()  # too early
    assert one.kinds(run).count("check failed") == 1
    for count in (2, 3, 3, 3):
        one.clock.at += 31
        one.looked()
        assert one.kinds(run).count("check failed") == count


def test_a_wait_that_was_timed_out_has_all_its_time_again(terminal: Make) -> None:
    one = terminal({"late": HEAD + step("late", "wait", asks=NOT_SO, timeout='"10m"')})
    run = one.start("late").id
    for _ in range(2):
        one.do(run, "late")
        one.clock.at += 599
        one.looked()
        assert one.step(run, "late").status is StepStatus.RUNNING
        one.clock.at += 2
        one.looked()
        assert one.step(run, "late").status is StepStatus.FAILED


def test_of_several_that_failed_beside_each_other_each_may_be_done_again(terminal: Make) -> None:
    inside = "".join(
        step(id, "wait", asks=NOT_SO, timeout='"10m"').replace("[[steps]]", "[[steps.steps]]")
        for id in ("a", "b", "c")
    )
    one = terminal({"late": HEAD + step("group", "group", parallel="true") + inside})
    run = one.start("late").id
    for id in ("a", "b"):
        one.do(run, id)
    one.clock.at += 601
    one.looked()
    assert {one.step(run, id).status for id in ("a", "b")} == {StepStatus.FAILED}
    for id in ("a", "b"):
        one.do(run, id)
        assert one.step(run, id).status is StepStatus.RUNNING
        assert bool(one.prepare(run, "c").refused) is (id == "a")


def test_nothing_is_ever_said_of_a_group_whose_steps_go_on(terminal: Make) -> None:
    inner = '\n[[steps.steps]]\nid = "wait"\ntitle = "w"\nkind = "wait"\nlasts = "60s"\n'
    one = terminal({"group": HEAD + step("both", "group", parallel="true") + inner})
    run = one.start("group").id
    one.do(run, "wait")
    assert one.step(run, "both").status is StepStatus.RUNNING
    for _ in range(3):
        one.clock.at += 11
        one.looked()
    assert not [told for told in one.kinds(run) if told.startswith("both")]


def test_what_timed_out_is_nobodys_and_another_may_do_it(terminal: Make, tmp_path: Path) -> None:
    one = terminal({"late": HEAD + step("late", "wait", asks=NOT_SO, timeout='"10m"')}, kept=True)
    two = terminal({}, who="bob", kept=True, gone=lambda terminal: False)
    run = one.start("late").id
    one.do(run, "late")
    one.clock.at += 601
    one.looked()
    two.until(lambda: two.runs.run(run) and two.step(run, "late").status is StepStatus.FAILED)
    two.until(lambda: not two.step(run, "late").terminal)
    two.do(run, "late")
    assert two.step(run, "late").holder == "bob"
    two.skip(run, "late", "it never comes")
    two.call(two.runs.close(run, Given()))
    assert list((tmp_path / "store" / "claims").glob("*.json"))  # who is behind finds there what was done


def test_a_window_of_which_nothing_is_known_is_not_open(terminal: Make) -> None:
    one = terminal({"wait": HEAD + step("wait", "wait", until='"window release"')})
    run = one.start("wait").id
    one.do(run, "wait")
    one.looked()
    assert one.board.assessment.calendar is None
    assert one.step(run, "wait").status is StepStatus.RUNNING


def test_a_window_that_is_over_by_what_was_said_of_it_is_not_open(terminal: Make) -> None:
    one = terminal({"wait": HEAD + step("wait", "wait", until='"window release"')})
    run = one.start("wait").id
    one.do(run, "wait")
    for closes, status in ((-1, StepStatus.RUNNING), (60, StepStatus.DONE)):
        said = CalendarState(at=NOW, open=True, text="", why="open", closes_at=one.clock.at + closes)
        one.board.assessment = msgspec.structs.replace(EMPTY_ASSESSMENT, calendar=said)
        one.looked()
        assert one.step(run, "wait").status is status


WHEN = '[[inputs]]\nid = "when"\ntitle = "until when"\ntype = "text"\n\n'


def test_what_is_no_time_has_not_come(terminal: Make) -> None:
    one = terminal({"wait": HEAD + WHEN + step("wait", "wait", until='"{when}"')})
    for word in ("this evening", "2h", "9:00", "25:00", "window standard"):
        run = one.start("wait", when=(word,)).id
        shown = one.prepare(run, "wait")
        assert f"'{word}' is no time" in shown.refused and "do" not in shown.may
        with pytest.raises(RunRefused, match="is no time"):
            one.do(run, "wait")
        assert one.step(run, "wait").status is StepStatus.READY
        one.skip(run, "wait", "waited for by hand")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("22:00", "2026-12-01 22:00"),
        ("10:00", "2026-12-02 10:00"),
        ("2026-12-01 22:00", "2026-12-01 22:00"),
        ("2026-12-02T03:00Z", "2026-12-01 22:00"),
        ("2027-03-14 02:30", "2027-03-14 03:30"),  # skipped by the clocks
    ],
)
def test_until_when_a_wait_waits(text: str, at: str) -> None:
    local = datetime.fromisoformat(at).replace(tzinfo=ZONE).timestamp()
    now = datetime(2026, 12, 1, 10, 0, tzinfo=ZONE).timestamp()
    assert until_of(text, now, ZONE) == local


def test_a_wait_of_a_program_that_ended_is_ended_by_the_next(terminal: Make) -> None:
    one = terminal({"wait": HEAD + step("wait", "wait", lasts='"60s"')})
    run = one.start("wait").id
    one.do(run, "wait")
    one.end()
    two = terminal({}, who="bob")
    two.until(lambda: two.runs.run(run))
    two.clock.at += 61
    two.looked()
    assert two.step(run, "wait").status is StepStatus.DONE


def test_somebody_elses_wait_is_ended_by_us_only_where_they_do_not(terminal: Make) -> None:
    one = terminal({"wait": HEAD + step("wait", "wait", lasts='"60s"')})
    two = terminal({}, who="bob", gone=lambda terminal: False)
    run = one.start("wait").id
    one.do(run, "wait")
    two.until(lambda: two.runs.run(run) and two.step(run, "wait").status is StepStatus.RUNNING)
    two.clock.at += 61
    two.looked()
    assert two.step(run, "wait").status is StepStatus.RUNNING
    two.clock.at += 31
    two.looked()
    assert two.step(run, "wait").status is StepStatus.DONE
    assert two.step(run, "wait").fence == 2


class Locked:
    """Somebody holds the file of the audit log: nothing can be recorded."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(
            folder / "store" / "terminal-0.db", isolation_level=None, check_same_thread=False
        )

    def __enter__(self) -> None:
        self._connection.execute("BEGIN EXCLUSIVE")

    def __exit__(self, *failed: object) -> None:
        self._connection.execute("ROLLBACK")
        self._connection.close()


def test_an_end_that_could_not_be_recorded_is_recorded_once_that_is_possible(
    terminal: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = terminal({"act": ACT}, deadline=0.5)
    witness = tmp_path / "witness"
    one.runs.engine.kinds[StepKind.COMMAND] = Appending(witness)
    run = one.start("act").id
    locked, append = Locked(tmp_path), appending.append

    def appended(*given: Any) -> None:
        append(*given)
        locked.__enter__()

    monkeypatch.setattr(appending, "append", appended)
    with pytest.raises(LedgerUnavailable):
        one.do(run, "act")
    assert one.step(run, "act").status is StepStatus.RUNNING
    with pytest.raises(RunRefused):
        one.do(run, "act")
    one.looked()  # still not
    locked.__exit__()
    for _ in range(50):
        one.looked()
        if one.step(run, "act").status is StepStatus.DONE:
            break
    assert one.step(run, "act").status is StepStatus.DONE
    assert len(witness.read_text().splitlines()) == 1


def test_what_cannot_be_recorded_is_not_begun(terminal: Make, tmp_path: Path) -> None:
    one = terminal({"act": ACT}, deadline=0.5)
    witness = tmp_path / "witness"
    one.runs.engine.kinds[StepKind.COMMAND] = Appending(witness)
    run = one.start("act").id
    with Locked(tmp_path), pytest.raises(LedgerUnavailable):
        one.do(run, "act")
    assert not witness.exists()
    for _ in range(50):
        one.looked()
        if one.step(run, "act").status in (StepStatus.READY, StepStatus.CLAIMED):
            break
    one.do(run, "act")
    assert one.step(run, "act").status is StepStatus.DONE
    assert len(witness.read_text().splitlines()) == 1


def test_what_a_person_says_of_a_run_stands_in_it(terminal: Make) -> None:
    one = terminal({"act": HEAD + "recovery = true\n" + step("a", "manual")})
    run = one.start("act").id
    say = one.runs.add
    at = one.clock.at - 600
    with pytest.raises(RunRefused, match="what shows"):
        one.call(say(run, RunEventKind.IMPACT, "", Given(), {"at": at}))
    with pytest.raises(RunRefused, match="a time that was"):
        one.call(say(run, RunEventKind.IMPACT, "", Given(reason="users said so"), {"at": one.clock.at + 60}))
    one.call(say(run, RunEventKind.IMPACT, "", Given(reason="users said so"), {"at": at}))
    one.call(say(run, RunEventKind.ACKNOWLEDGED, "", Given(), {}))
    clocks = {clock.id: clock for clock in one.state(run).clocks}
    assert clocks["impact"].start == at and clocks["acknowledge"].end is not None
    one.call(say(run, RunEventKind.LOOKED, "", Given(), {"number": one.state(run).number}))
    assert one.state(run).looked["ann"] > 0
    with pytest.raises(RunRefused, match="not said by hand"):
        one.call(say(run, RunEventKind.DONE, "a", Given(), {}))
    with pytest.raises(RunRefused, match="the one that it was started with"):
        one.call(say(run, RunEventKind.CHANGED, "", Given(reason="newer"), {}))


def test_a_file_that_changed_is_gone_on_by_once_that_is_said(terminal: Make, tmp_path: Path) -> None:
    one = terminal({"act": HEAD + step("a", "manual")})
    run = one.start("act").id
    (tmp_path / "procedures" / "act.toml").write_text(HEAD + step("a", "manual") + step("b", "manual"))
    assert [state.id for state in one.state(run).steps] == ["a"]
    add, given = one.runs.add, Given(reason="it says more now")
    with pytest.raises(RunRefused, match="changed again"):
        one.call(add(run, RunEventKind.CHANGED, "", given, {"digest": "of what was shown before"}))
    one.call(add(run, RunEventKind.CHANGED, "", given, {}))
    assert [state.id for state in one.state(run).steps] == ["a", "b"]


def test_what_a_newer_file_holds_besides_is_held_by_the_run_that_goes_on_by_it(
    terminal: Make, tmp_path: Path
) -> None:
    def held(*targets: str) -> str:
        return HEAD + f"holds = {list(targets)}\n" + step("a", "manual")

    web, cart, shop = "Deployment shop/web", "Deployment shop/cart", "Namespace shop"
    one = terminal({"act": held(web), "other": held(cart)})
    run, other = one.start("act").id, one.start("other").id

    def goes_on(*targets: str) -> RunState:
        (tmp_path / "procedures" / "act.toml").write_text(held(*targets))
        found: RunState = one.call(one.runs.add(run, RunEventKind.CHANGED, "", Given(reason="newer"), {}))
        return found

    with pytest.raises(RunRefused, match=f"{cart}: .*{other}"):
        goes_on(web, cart)
    with pytest.raises(RunRefused, match=f"{shop}: .*{other}"):
        goes_on(web, shop)
    assert one.state(run).targets == (web,)
    one.call(one.runs.abort(other, Given(reason="not this one")))
    assert goes_on(web, shop).targets == (web, shop)
    with pytest.raises(RunRefused, match=run):
        one.start("other")
    assert goes_on(cart).targets == (web, shop, cart)


def test_a_newer_file_that_wants_what_the_run_was_not_given_is_refused(
    terminal: Make, tmp_path: Path
) -> None:
    one = terminal({"act": HEAD + step("a", "manual")})
    run = one.start("act").id
    wants = '[[inputs]]\nid = "which"\ntitle = "which one?"\ntype = "text"\n'
    (tmp_path / "procedures" / "act.toml").write_text(HEAD + wants + step("a", "manual"))
    with pytest.raises(RunRefused, match=r"its inputs are others now: .*which"):
        one.call(one.runs.add(run, RunEventKind.CHANGED, "", Given(reason="newer"), {}))


class FarPlace:
    """A place that answers when the test lets it."""

    def __init__(self) -> None:
        self.asked = 0
        self.state = WorkState.RUNNING
        self.starts, self.looks = asyncio.Event(), asyncio.Event()

    def shown(self, work: Work) -> str:
        return "far away"

    async def mark(self, work: Work) -> Mapping[str, str]:
        return {}

    async def start(self, work: Work) -> WorkSeen:
        await self.starts.wait()
        return WorkSeen(state=WorkState.RUNNING, sentence="it runs")

    async def look(self, work: Work) -> WorkSeen:
        self.asked += 1
        await self.looks.wait()
        return WorkSeen(state=self.state, good=True, code=0, sentence="as the test says")

    async def stop(self, work: Work) -> WorkSeen:
        return WorkSeen(state=self.state)


@pytest.fixture
def far(terminal: Make) -> Callable[..., tuple[Terminal, FarPlace]]:
    def made(**more: Any) -> tuple[Terminal, FarPlace]:
        place = FarPlace()
        allowed = ProceduresSettings(commands={"append": AllowedCommand(command=("append",))})
        places = lambda name, cluster, allowed: place  # noqa: E731
        return terminal({"act": ACT}, places=places, allowed=allowed, **more), place

    return made


def test_a_place_is_asked_when_it_is_due_however_much_is_new(
    far: Callable[..., tuple[Terminal, FarPlace]],
) -> None:
    one, place = far()
    place.starts.set(), place.looks.set()
    run = one.start("act").id
    one.do(run, "act")
    for seconds, asked in ((0, 1), (1.5, 1), (1, 2), (1, 2), (1.5, 3)):
        one.clock.at += seconds
        for _ in range(5):
            one.looked()
        assert place.asked == asked
    one.clock.at += 3000
    one.looked()
    one.clock.at += 29
    one.looked()
    assert place.asked == 4
    one.clock.at += 2
    place.state = WorkState.ENDED
    one.looked()
    assert one.step(run, "act").status is StepStatus.DONE


@pytest.mark.parametrize("slow", ["start", "look"])
def test_what_a_look_finds_in_hand_is_looked_at_once_it_is_free(
    far: Callable[..., tuple[Terminal, FarPlace]], slow: str
) -> None:
    one, place = far(watching=True)
    run = one.start("act").id
    if slow == "look":
        place.starts.set()
    else:
        place.looks.set()
    doing = one.board._submit(one.runs.do(run, "act", Given()))
    one.until(lambda: one.step(run, "act").status is StepStatus.RUNNING)
    if slow == "look":
        until(lambda: place.asked)
    one.news()
    until(lambda: (run, "act") in one.watching._passed_by)
    if slow == "start":
        place.state = WorkState.ENDED
    one.board._call((place.starts if slow == "start" else place.looks).set)
    doing.result(60)
    until(lambda: (run, "act") not in one.watching._passed_by)
    one.clock.at += 3
    place.state = WorkState.ENDED
    one.until(lambda: one.step(run, "act").status is StepStatus.DONE)


def test_what_a_probe_looks_at_is_kept_read_in_the_cluster_that_it_asks(terminal: Make) -> None:
    asks = '[{ probe = "hpa.bounds", workload = "Deployment a/b", min = "1", max = "2" }, { probe = "node.ready", node = "n", cluster = "eu-9" }]'
    one = terminal({"look": HEAD + step("look", "check", asks=asks)})
    run = one.start("look").id

    def read(cluster: str) -> set[str]:
        return set(one.board._subscriptions.of(REF._replace(cluster=cluster)))

    one.looked()
    assert read(REF.cluster) == PROBES["hpa.bounds"].needs and read("eu-9") == PROBES["node.ready"].needs
    one.call(one.runs.abort(run, Given(reason="no more")))
    one.looked()
    assert not read(REF.cluster) and not read("eu-9")
