"""The procedures that ship name only what there is, where nothing is configured."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tfdash.model.procedure import OnFailure, Procedure, Step, StepKind
from tfdash.notify.settings import NotifySettings
from tfdash.playbook.procedures.library import library
from tfdash.playbook.procedures.settings import ProceduresSettings
from tfdash.playbook.procedures.walk import all_steps, leaves
from tfdash.procedures.vocabulary import vocabulary_of


@pytest.mark.usefixtures("holds_no_secret")
def test_those_that_ship_are_right_where_nothing_is_configured() -> None:
    found = library(None, vocabulary_of(ProceduresSettings(), NotifySettings()))
    assert [str(one) for one in found.problems] == []
    assert {"release", "emergency-fix", "rollback", "service-failure"} <= set(found.procedures)


_STOPS = {("release", "smoke")}  # what follows is worth nothing without it


def _beside_others(procedure: Procedure) -> Iterator[Step]:
    groups = (step for step in all_steps(procedure.steps) if step.parallel)
    return (step for group in groups for step in leaves(group.steps))


def test_one_that_fails_holds_up_none_of_those_beside_it() -> None:
    """Of a tier one service may fail: the others come up, and what stands behind all of them waits."""
    found = {
        (procedure.id, step.id)
        for procedure in library().procedures.values()
        for step in _beside_others(procedure)
        if step.kind in (StepKind.ACTION, StepKind.COMMAND) and step.on_failure is OnFailure.STOP
    }
    assert found == _STOPS
