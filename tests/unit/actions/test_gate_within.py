"""A fix by the release procedure within a recovery: the gate takes it for that recovery's own, as long as its step there is to do."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from tests.unit.actions.test_gate_rules import EXEMPT, HELD, case
from tests.unit.actions.things import REF
from tests.unit.playbook.procedures.running import AT, Run
from tests.unit.playbook.procedures.test_within import INNER, OUTER, inner, waits_for
from tfdash.actions.core.gate_rules import held
from tfdash.model.run import RunJournal
from tfdash.model.store_state import StoreState

WHERE = {"environment": REF.environment, "cluster": REF.cluster}


def asked(runs: Mapping[str, RunJournal], run: str) -> bool | None:
    """What the gate says of a promotion: None: it is only told."""
    found = held(case(facts=StoreState(runs=dict(runs)))._replace(run=run))
    return True if found is None else found.passed


def known(*runs: Run) -> dict[str, RunJournal]:
    return {run.id: run.journal for run in runs}


@pytest.fixture
def of() -> Run:
    return Run(OUTER, **WHERE)


@pytest.mark.parametrize("waited", [False, True])
def test_its_promotion_goes_on_as_a_step_of_the_recovery(of: Run, waited: bool) -> None:
    fix = inner(of, **WHERE)
    if waited:
        waits_for(of, fix)
    assert asked(known(of, fix), fix.id) is True
    assert asked(known(of, fix), "") is False  # by the key, beside the run: it opens there
    assert asked(known(of, fix), of.id) is None
    of.add("skipped", "fix", sentence="mended elsewhere")
    refused = held(case(facts=StoreState(runs=known(of, fix)))._replace(run=fix.id))
    assert refused is not None and refused.passed is False and of.id in refused.text
    of.add("aborted", sentence="another way")
    assert asked(known(of, fix), fix.id) is True


def test_neither_a_second_one_nor_what_only_says_so_is(of: Run) -> None:
    first, second = inner(of, **WHERE), inner(of, nonce="second", **WHERE)
    waits_for(of, first)
    odd = inner(of, procedure="rollback", **WHERE)
    plain = Run(INNER, procedure="release", **WHERE)
    runs = known(of, first, second, odd, plain)
    assert [asked(runs, one.id) for one in (first, second, odd, plain)] == [None, False, False, False]


def test_of_two_recoveries_it_goes_where_its_own_goes(of: Run) -> None:
    other = Run(HELD, **WHERE)
    of.events[0] = msgspec.structs.replace(of.events[0], at=AT - 100)
    fix = inner(of, **WHERE)
    assert asked(known(of, other, fix), fix.id) is None
    of.events[0] = msgspec.structs.replace(of.events[0], at=AT + 1000)
    assert asked(known(of, other, fix), fix.id) is False


def test_what_is_exempt_is_told_and_goes_on(of: Run) -> None:
    found = held(case(freeze=EXEMPT, facts=StoreState(runs=known(of, inner(of, **WHERE)))))
    assert found is not None and found.passed is None
