"""The step by which a runbook learns: its file became another one, or nothing was to be learned and somebody signs that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.unit.procedures.world import HEAD, Terminal, step
from tests.unit.store.helpers import REF
from tests.waiting import until
from tfdash.model.run import RunJournal, StepStatus
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.library import library
from tfdash.playbook.procedures.policy import RecoveryPolicy
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.probes import PROBES
from tfdash.procedures.protocols import RunRefused

Make = Callable[..., Terminal]
FIRE = (
    HEAD
    + step("look", "manual")
    + step(
        "learn",
        "check",
        asks='[{ probe = "runbook.changed", procedure = "fire", run = "{run}" }]',
        by_hand='"nothing was learned"',
        evidence='["note"]',
    )
)


@pytest.fixture
def at(terminal: Make, tmp_path: Path) -> Terminal:
    def now() -> Policies:
        return Policies(recovery=RecoveryPolicy(procedures=library(tmp_path / "procedures").procedures))

    return terminal({"fire": FIRE}, policies=now)


def told(at: Terminal, run: str) -> tuple[bool | None, str]:
    (asked,) = at.prepare(run, "learn").asks
    assert asked.line.startswith("sha256sum ") and f"; tfdash procedures learn {run}  # when" in asked.line
    return asked.passed, asked.sentence


def test_where_nothing_was_noted_it_is_signed(at: Terminal) -> None:
    run = at.start("fire").id
    at.do(run, "look")
    assert told(at, run) == (None, "the file of fire is as it was, and this run noted nothing for it")
    assert at.do(run, "learn").steps[-1].status is StepStatus.FAILED  # unknown never passes
    with pytest.raises(RunRefused, match="a note"):
        at.do(run, "learn", worked=True)
    at.do(run, "learn", worked=True, note="nothing learned")
    assert at.step(run, "learn").status is StepStatus.DONE


def test_what_was_noted_is_not_signed_away_and_passes_once_the_file_says_it(
    at: Terminal, tmp_path: Path
) -> None:
    run = at.start("fire").id
    at.do(run, "look")
    at.call(at.runs.note(run, "look", "the valve sticks", proposes="the valve sticks: turn it twice"))
    until(lambda: told(at, run)[0] is False, lambda: told(at, run))
    assert "1 note of this run is not in it" in told(at, run)[1]
    at.do(run, "learn", worked=True, note="nothing learned")
    assert at.step(run, "learn").status is StepStatus.FAILED
    file = tmp_path / "procedures" / "fire.toml"
    file.write_text(FIRE.replace("what is to be done", "what is to be done; the valve sticks"))
    assert told(at, run) == (True, "the file of fire is another one than when this run began")
    at.do(run, "learn")
    assert at.step(run, "learn").status is StepStatus.DONE


def test_a_start_that_is_not_the_run_s_own_says_nothing_of_its_file(at: Terminal) -> None:
    run = at.start("fire").id
    began = at.runs.events(run)[0]
    other = msgspec.structs.replace(began, terminal="0", data={**began.data, "digest": "of another file"})
    at.do(run, "look")
    journals = {run: RunJournal(id=run, events=(other, *at.runs.events(run)))}
    picture = at.board.picture
    case = ProbeCase(
        arguments={"procedure": "fire", "run": run},
        cluster=REF,
        picture=msgspec.structs.replace(
            picture, store_state=msgspec.structs.replace(picture.store_state, runs=journals)
        ),
        assessment=at.board.assessment,
        now=at.clock.at,
        policies=at.runs.engine.means.policies(),
    )
    assert PROBES["runbook.changed"].judge(case).passed is None  # as it was, and nothing was noted


def test_what_is_not_on_record_here_is_not_known(at: Terminal) -> None:
    run = at.start("fire", dry=True).id
    (asked,) = at.prepare(run, "learn").asks
    assert asked.passed is None
