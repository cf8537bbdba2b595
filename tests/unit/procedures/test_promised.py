"""Rehearsals of runbooks as dated promises: the run that fulfils one says so in its own last event, and is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.unit.procedures.world import HEAD, Terminal, step
from tests.unit.store.helpers import REF, Clock
from tfdash.cli.compose import policies_of
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.judging.maintenance import MaintenanceRunner
from tfdash.model.maintenance import Completion, ItemStanding, ItemState, item_subject
from tfdash.model.picture import Change
from tfdash.model.run import RunOutcome
from tfdash.model.verdict import Level
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.progress import would_stop
from tfdash.playbook.procedures.readiness import PastRuns, readiness
from tfdash.procedures.protocols import Given

Make = Callable[..., Terminal]
DAY = 86_400.0
REHEARSAL = item_subject("rehearsal-fire", REF.environment)
FIRE = (
    'recovery = true\nrehearse = "30d"\n'
    + HEAD
    + step("look", "manual")
    + step("told", "manual", optional="true")
)
EVERYTHING = Change(keys={}, freshness=frozenset(), store=None)


def policies(folder: Path, more: str = "") -> Policies:
    return policies_of(parse(f'[procedures]\nfolder = "{folder / "procedures"}"\n{more}', "c.toml"))


def done(at: Terminal) -> tuple[Completion, ...]:
    return at.store.projection.maintenance.completions.get(REHEARSAL, ())


def state_of(at: Terminal, by: Policies, clock: Clock) -> ItemState:
    runner = MaintenanceRunner(by)
    picture = msgspec.structs.replace(at.board.picture, store_state=at.store.state())
    runner.assess(picture, EVERYTHING, clock.now())
    assert runner.states is not None
    return runner.states[REHEARSAL]


def walked(at: Terminal, *, dry: bool, skipped: bool = False) -> str:
    run = at.start("fire", dry=dry).id
    for id in ("look", "told"):
        if skipped:
            at.skip(run, id, "nothing to be done")
        else:
            at.do(run, id)
    at.call(at.runs.close(run, Given()))
    return run


@pytest.mark.parametrize("dry", [True, False])
def test_a_run_that_came_to_its_end_is_what_the_promise_is_kept_by(
    terminal: Make, tmp_path: Path, dry: bool
) -> None:
    clock = Clock()
    at = terminal({"fire": FIRE}, clock)
    by = policies(tmp_path, '[environments.production]\n[maintenance]\nstart = "2026-01-01"\n')
    assert state_of(at, by, clock).standing is ItemStanding.OVERDUE  # account is kept, and there was none
    run = walked(at, dry=dry)
    (one,) = done(at)
    assert (one.by, one.done_at) == (f"run {run}", clock.at)
    assert one.note == f"{'rehearsed' if dry else 'carried out'}, closed by ann"
    state = state_of(at, by, clock)
    assert (state.standing, state.level, state.last) == (ItemStanding.DONE, Level.OK, one)
    assert state.due == pytest.approx(clock.at + 30 * DAY, abs=DAY)  # by its own file
    clock.at += 31 * DAY
    late = state_of(at, by, clock)
    assert (late.standing, late.level) == (ItemStanding.OVERDUE, Level.WARN)


def test_who_skips_all_of_it_has_rehearsed_nothing(terminal: Make) -> None:
    at = terminal({"fire": FIRE})
    walked(at, dry=False, skipped=True)
    assert done(at) == ()


def test_a_rehearsal_that_would_have_stopped_keeps_no_promise_and_makes_nothing_ready(terminal: Make) -> None:
    """One rule for the calendar and for tab 6."""
    at = terminal({"fire": FIRE + step("tell", "notify", message='"started"')})
    run = at.start("fire", dry=True).id
    for id in ("look", "told", "tell"):
        at.do(run, id)
    assert would_stop(at.state(run))
    at.call(at.runs.close(run, Given()))
    assert (at.state(run).outcome, done(at)) == (RunOutcome.DONE, ())
    ready = readiness(at.state(run).procedure, case_of(at), PastRuns([at.state(run)]))
    assert any("it would have stopped at 1 step: step tell" in told for told in ready.missing)


def case_of(at: Terminal) -> ProbeCase:
    return ProbeCase(
        arguments={},
        cluster=REF,
        picture=at.board.picture,
        assessment=at.board.assessment,
        now=at.clock.now(),
    )


def test_what_is_no_recovery_promises_no_rehearsal(terminal: Make, tmp_path: Path) -> None:
    at = terminal({"fire": FIRE.replace("recovery = true\n", "").replace('rehearse = "30d"\n', "")})
    walked(at, dry=True)
    assert done(at) == ()
    assert "rehearsal-fire" not in policies(tmp_path).maintenance.items


def test_each_runbook_has_its_two_by_its_own_cadence_or_by_that_of_all(tmp_path: Path) -> None:
    (tmp_path / "procedures").mkdir()
    (tmp_path / "procedures" / "flood.toml").write_text(FIRE.replace('rehearse = "30d"\n', ""))
    (tmp_path / "procedures" / "fire.toml").write_text(FIRE)
    found = policies(tmp_path).maintenance.items
    when = {name: item.when.words() for name, item in found.items() if item.per == "runbook"}
    assert {name: when[name] for name in when if name.endswith(("-fire", "-flood"))} == {
        "rehearsal-fire": "within 30d",
        "rehearsal-flood": "within 90d",
        "runbook-export-fire": "within 30d",
        "runbook-export-flood": "within 30d",
    }
    assert found["rehearsal-fire"].title == "Rehearsal: a procedure"
    said = '[maintenance.items.rehearsal]\nwhen = "each half-year"\nowner = "sre"\n[maintenance.items.rehearsal-fire]\n'
    said += 'title = "fire drill"\nwhen = "each year"\n[maintenance.items.runbook-export]\nenabled = false\n'
    other = policies(tmp_path, said).maintenance.items
    assert (other["rehearsal-flood"].when.words(), other["rehearsal-flood"].owner) == (
        "each half-year",
        "sre",
    )
    assert (other["rehearsal-fire"].title, other["rehearsal-fire"].per) == ("fire drill", "environment")
    assert not [name for name in other if name.startswith("runbook-export")]


def test_no_source_shows_a_runbook_alone() -> None:
    with pytest.raises(ConfigError, match="no source of live evidence looks at one"):
        parse('[maintenance.items.rehearsal]\nevidence = "live"\nlive = "root-ca"\n', "c.toml")


def test_an_event_of_a_file_rehearses_nothing(terminal: Make, tmp_path: Path) -> None:
    at = terminal({"fire": FIRE})
    run = at.start("fire").id
    at.do(run, "look")
    at.do(run, "told")
    at.call(at.runs.close(run, Given()))
    path = tmp_path / "run.json"
    at.call(at.runs.hand_over(run, str(path)))
    other = terminal({"fire": FIRE}, who="bob", place="elsewhere")
    other.call(other.runs.resume(str(path)))
    assert other.runs.run(run) is not None
    assert done(other) == ()
