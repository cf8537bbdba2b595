"""First crossings in the audit log: the earliest counts, ends and decisions are kept, in any order of terminals."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from msgspec import structs

from tests.unit.actions.test_verifying import Board, Memory
from tests.unit.playbook.canary.making import NEW, SUBJECT, T0, release
from tests.unit.store.helpers import Clock, opened
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.store.verified_releases import Verifier, verified
from tfdash.model.judgement import Breach
from tfdash.model.release import Phase
from tfdash.store.log.breaches import BreachFacts, data_of_breach

FIRST = Breach(
    trigger="errors", uid="u1", version=NEW, title="Error rate", at=T0, since=T0 - 60, until=T0,
    sentence="6 % ≥ 1.1 %", value=0.06, baseline=0.01, limit=0.011, canary_policy="abc",
)  # fmt: skip
LATER = structs.replace(FIRST, at=T0 + 500, sentence="7 % ≥ 1.1 %")
OVERRULED = (T0 + 600, data_of_breach(FIRST, "overruled", "ann: no"))
ENDED = (T0 + 700, data_of_breach(FIRST, "ended", "over: b84c5 serves everything"))
AGAIN = structs.replace(FIRST, at=T0 + 900)


def told(*said: tuple[float, dict[str, object]]) -> tuple[Breach, ...]:
    facts = BreachFacts()
    for at, data in said:
        facts.apply(at, data, SUBJECT)
    return facts.told().get(SUBJECT, ())


def found(breach: Breach) -> tuple[float, dict[str, object]]:
    return breach.at, data_of_breach(breach, "found")


@pytest.mark.parametrize(
    "order", list(itertools.permutations((found(FIRST), found(LATER), OVERRULED, ENDED)))
)
def test_the_order_in_which_entries_come_says_nothing(
    order: tuple[tuple[float, dict[str, object]], ...],
) -> None:
    (one,) = told(*order)
    assert (one.at, one.ended, one.ended_at) == (T0, "over: b84c5 serves everything", T0 + 700)
    assert told(*order, found(AGAIN)) == (AGAIN,), "crossed again after the end; decided on before it"


def test_the_digest_is_read_under_its_name_before() -> None:
    at, data = found(FIRST)
    assert data["canary_policy"] == "abc" and "policy" not in data
    data["policy"] = data.pop("canary_policy")
    assert told((at, data)) == (FIRST,)


def test_a_latency_that_an_earlier_program_recorded_as_a_ratio_is_one_of_seconds() -> None:
    slow = structs.replace(FIRST, trigger="latency", unit="ratio", value=0.418, limit=0.321)
    assert told(found(slow)) == (structs.replace(slow, unit="s"),)


def test_what_is_withdrawn_was_none() -> None:
    (one,) = told(found(FIRST), (T0 + 9, data_of_breach(FIRST, "withdrawn", "counted twice")))
    assert (one.ended, one.withdrawn) == ("counted twice", True)


def test_the_earliest_counts_and_a_decision_is_about_what_was_before_it() -> None:
    assert told(found(LATER), found(FIRST)) == (FIRST,)
    assert told(found(LATER), OVERRULED, found(FIRST))[0].overruled == "ann: no"
    assert told(OVERRULED) == ()


def test_each_version_object_and_trigger_has_its_own() -> None:
    others = [structs.replace(FIRST, **{k: "x"}) for k in ("uid", "version", "trigger")]
    assert len(told(found(FIRST), *map(found, others))) == 4


@pytest.mark.parametrize(
    "data", [{}, {"trigger": "errors"}, {"trigger": "errors", "at": "soon"}, {"at": 1.0}]
)
def test_what_cannot_be_read_says_nothing(data: dict[str, object]) -> None:
    assert told((T0, {"state": "found", **data})) == ()


async def test_it_all_comes_back_from_the_store(tmp_path: Path) -> None:
    store = opened(tmp_path, Clock(T0)).store
    await store.remember_breach(SUBJECT, FIRST, "found")
    assert store.state().breaches == {SUBJECT: (FIRST,)}
    await store.remember_breach(SUBJECT, FIRST, "overruled", "ann: no", "ann")
    assert store.state().breaches[SUBJECT][0].overruled == "ann: no"
    entry = (await store.newest(1))[0]
    assert (entry.actor, entry.sentence) == ("ann", "goes on in spite of the BREACH of Error rate: ann: no")
    store.close()


async def test_what_is_known_is_recorded_once_and_its_end_too() -> None:
    memory, board = Memory(), Board(release(uid="u1"), None, breaches={SUBJECT: (FIRST,)})
    verifier = Verifier(memory, Clock(T0))
    for _ in range(3):
        await verifier.look(board)
    assert [(s, b.at) for s, b, _ in memory.breaches] == [("found", T0)]
    board.remember(breaches={SUBJECT: (LATER,)})  # another terminal's, which looked later
    await Verifier(memory, Clock(T0)).look(board)
    assert len(memory.breaches) == 2
    board.remember(breaches={SUBJECT: (FIRST,)})
    over = structs.replace(FIRST, ended="over", ended_at=T0 + 9)
    board.say(release(uid="u1"), None, breaches={SUBJECT: (over,)})
    for _ in range(3):
        await verifier.look(board)
    assert [s for s, _, _ in memory.breaches] == ["found", "found", "ended"]


@pytest.mark.parametrize("where", ["store", "here"])
async def test_a_version_that_a_breach_stands_against_is_never_recorded_as_good(where: str) -> None:
    done = release(uid="u1", phase=Phase.COMPLETE)
    board = Board(done, None, **({"breaches": {SUBJECT: (FIRST,)}} if where == "here" else {}))
    if where == "store":
        board.remember(breaches={SUBJECT: (FIRST,)})
    with pytest.raises(PlanRefused, match="a BREACH of this version stands: Error rate: 6 % ≥ 1"):
        await verified(board, done, T0, "ann", ())
    board.remember(breaches={SUBJECT: (structs.replace(FIRST, overruled="ann: a load test"),)})
    good = await verified(board, done, T0, "ann", ())
    assert good.verdicts == ("Error rate: BREACH overruled by ann: a load test",)
