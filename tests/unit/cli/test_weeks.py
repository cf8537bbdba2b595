"""What a command that judges once waits for of weeks of use, and what it says of days that it has not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF, picture
from tfdash.cli.gates.sections import without_weeks
from tfdash.cli.headless import weeks_judged, weeks_lacking
from tfdash.model.observation import ListProgress, Observation, Problem, ProblemKind
from tfdash.model.picture import SourceInfo
from tfdash.model.traffic import Signals

ID = "usage history production/eu-1"
LACKING = "not whole: eu-1 usage history (3 of 14 days of its namespaces)"
AWAY = Problem(kind=ProblemKind.UNREACHABLE, cause="refused")


@pytest.mark.parametrize(
    ("status", "away", "number", "judged", "said"),
    [
        (None, None, 0, True, ""),  # no Prometheus: nothing is waited for, and nothing said
        ({}, None, 9, False, ""),  # not even what is kept
        ({"observed_at": NOW}, None, 9, True, ""),  # every day was kept; today's part is not waited for
        ({"observed_at": NOW}, None, 8, False, ""),  # and that is not judged
        ({"observed_at": NOW, "progress": ListProgress(3, 14)}, None, 9, False, LACKING),
        ({"observed_at": NOW, "progress": ListProgress(3, 14)}, AWAY, 9, True, LACKING),
        ({"observed_at": NOW, "complete": True}, None, 9, True, ""),
    ],
)  # fmt: skip
def test_days_that_can_be_asked_for_are_waited_for(
    status: dict[str, Any] | None, away: Problem | None, number: int, judged: bool, said: str
) -> None:
    info = SourceInfo(name="eu-1 usage history", cluster=REF)
    sources = {} if status is None else {ID: Observation(value=info, **status)}
    signals = Signals(prometheus={REF: Observation(problem=away)})
    seen = msgspec.structs.replace(picture(), number=9, sources=sources, signals=signals)
    board: Any = SimpleNamespace(picture=seen, assessment=SimpleNamespace(number=number))
    assert (weeks_judged(board), weeks_lacking(board)) == (judged, said)


@pytest.mark.parametrize(
    ("code", "fail_on", "then"),
    [(0, "warn", 2), (0, "unknown", 2), (0, "breach", 0), (1, "warn", 1), (2, "breach", 2)],
)
def test_a_gate_that_did_not_read_the_weeks_says_no_yes_to_who_asks_for_warnings(
    code: int, fail_on: str, then: int
) -> None:
    assert without_weeks(code, fail_on) == then
