"""Two people at one run, each at a machine of their own, with a PostgreSQL between them: one has a step, the other is told and may take it over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.procedures.world import HEAD, Terminal, step
from tests.unit.store.conftest import Database
from tests.unit.store.test_claims import Memory
from tfdash.model.run import RunEventKind, StepStatus
from tfdash.procedures.protocols import ClaimTaken, Given, RunRefused

WAIT = {"wait": HEAD + step("wait", "wait", lasts='"1h"') + step("hand", "manual")}


@pytest.fixture
def pair(tmp_path: Path, database: Database) -> Iterator[tuple[Terminal, Terminal]]:
    made = [
        Terminal(tmp_path / who, WAIT, who=who, url=database.url(who), kept=True) for who in ("ann", "bob")
    ]
    yield made[0], made[1]
    for one in made:
        one.end()


def known(at: Terminal, run: str, step_id: str, status: StepStatus) -> None:
    at.until(lambda: at.runs.run(run) is not None and at.step(run, step_id).status is status)


def claimed(at: Terminal, run: str, step_id: str, **given: Any) -> Any:
    return at.call(at.runs.engine.means.claims.claim(run, step_id, "somebody", **given))


def test_one_has_a_step_and_the_other_takes_it_over(pair: tuple[Terminal, Terminal]) -> None:
    ann, bob = pair
    run = ann.start("wait").id
    assert ann.runs.coordinated() == bob.runs.coordinated() == ""
    ann.do(run, "wait")
    begun = next(e for e in ann.runs.events(run) if e.kind is RunEventKind.CLAIMED)
    assert begun.data["kept_by"] == "store"
    with pytest.raises(ClaimTaken, match="ann at ann"):  # whether its journal was read or not
        claimed(bob, run, "wait")
    known(bob, run, "wait", StepStatus.RUNNING)
    with pytest.raises(RunRefused, match="under way, by ann"):
        bob.do(run, "wait")
    bob.call(bob.runs.take_over(run, "wait", Given(fence=bob.step(run, "wait").fence, reason="ann is away")))
    with pytest.raises(ClaimTaken, match="bob at bob"):
        claimed(ann, run, "wait", over=begun.data["fence"])
    ann.until(lambda: ann.step(run, "wait").holder == "bob")
    ann.skip(run, "wait", "it is long enough")
    known(bob, run, "wait", StepStatus.SKIPPED)
    bob.do(run, "hand", note="seen", worked=True)
    known(ann, run, "hand", StepStatus.DONE)
    by = {event.by for event in ann.runs.events(run)}
    assert by == {"ann", "bob"}


def test_where_the_store_goes_away_it_says_so_and_the_run_goes_on(tmp_path: Path, database: Database) -> None:
    ann = Terminal(tmp_path / "ann", WAIT, who="ann", url=database.url("ann"), kept=True)
    try:
        run = ann.start("wait").id
        gone(database)
        ann.do(run, "wait")
        assert ann.step(run, "wait").status is StepStatus.RUNNING
        kept = next(e for e in ann.runs.events(run) if e.kind is RunEventKind.CLAIMED).data["kept_by"]
        assert kept == "folder" and ann.runs.coordinated().startswith("NOT COORDINATED")
    finally:
        ann.end()


def gone(database: Database) -> None:
    """Nobody is connected any more, nor can be."""
    other = Database(database.host, "postgres")
    other.sql(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
    other.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", database.name)


def test_what_another_did_while_the_store_was_away_is_not_done_again(tmp_path: Path) -> None:
    """Found by the trial that kills: both see the Lease, and neither the other's journal."""
    one = {"act": HEAD + step("wait", "wait", lasts='"1s"')}
    lease = Memory("cluster")
    ann, bob = (Terminal(tmp_path / who, one, who=who, keepers=(lease,)) for who in ("ann", "bob"))
    try:
        run = ann.start("act").id
        path = tmp_path / "run.json"
        ann.call(ann.runs.hand_over(run, str(path)))
        bob.call(bob.runs.resume(str(path)))
        ann.do(run, "wait")
        ann.clock.at += 2
        ann.looked()
        assert ann.step(run, "wait").status is StepStatus.DONE
        with pytest.raises(RunRefused, match="ann worked on it"):
            bob.do(run, "wait")
        shown = bob.prepare(run, "wait")
        assert "not known here yet" in shown.refused and shown.may == ("take over", "skip")
        with pytest.raises(RunRefused, match="how it is known"):
            bob.call(bob.runs.take_over(run, "wait", Given()))
        bob.call(bob.runs.take_over(run, "wait", Given(reason="ann says that she did nothing")))
        bob.do(run, "wait")
        assert bob.step(run, "wait").status is StepStatus.RUNNING
    finally:
        ann.end()
        bob.end()


def test_who_does_not_see_that_a_run_ended_does_nothing_of_it_once_more(tmp_path: Path) -> None:
    """Found by the trial that kills: the Lease was gone with the end of the run, and with it who had worked on what."""
    one = {"act": HEAD + step("wait", "wait", lasts='"1s"'), "next": HEAD + step("sign", "manual")}
    lease = Memory("cluster")
    ann, bob = (Terminal(tmp_path / who, one, who=who, keepers=(lease,)) for who in ("ann", "bob"))
    try:
        run = ann.start("act").id
        path = tmp_path / "run.json"
        ann.call(ann.runs.hand_over(run, str(path)))
        bob.call(bob.runs.resume(str(path)))
        ann.do(run, "wait")
        ann.clock.at += 2
        ann.looked()
        ann.call(ann.runs.close(run, Given()))
        with pytest.raises(RunRefused, match="ann worked on it"):
            bob.do(run, "wait")
        for days, kept in ((6, True), (2, False)):
            ann.clock.at += days * 86400
            other = ann.start("next").id
            ann.do(other, "sign", worked=True)
            ann.call(ann.runs.close(other, Given()))
            assert bool(ann.call(lease.look(run, "wait")).fence) is kept
    finally:
        ann.end()
        bob.end()


def test_who_knows_that_it_was_begun_and_not_that_it_ended_does_it_no_second_time(tmp_path: Path) -> None:
    """Found by the trial that kills: what she began had come to him, and its end was on its way while he claimed it."""
    one = {"act": HEAD + step("wait", "wait", lasts='"1s"')}
    lease = Memory("cluster")
    ann, bob = (Terminal(tmp_path / who, one, who=who, keepers=(lease,)) for who in ("ann", "bob"))
    try:
        run = ann.start("act").id
        ann.do(run, "wait")
        path = tmp_path / "run.json"
        ann.call(ann.runs.hand_over(run, str(path)))
        bob.call(bob.runs.resume(str(path)))
        fence = ann.step(run, "wait").fence
        ann.clock.at += 2
        ann.looked()
        assert ann.step(run, "wait").status is StepStatus.DONE
        assert bob.step(run, "wait").status is StepStatus.RUNNING and bob.step(run, "wait").fence == fence
        with pytest.raises(ClaimTaken, match="ann worked on it"):
            claimed(bob, run, "wait")
        with pytest.raises(RunRefused, match="ann worked on it"):
            bob.call(bob.runs.take_over(run, "wait", Given(fence=fence, reason="ann is asleep")))
        shown = bob.prepare(run, "wait")
        assert shown.claimed is not None and "take over" in shown.may
        bob.call(bob.runs.take_over(run, "wait", Given(reason="ann says that she did nothing")))
        assert bob.step(run, "wait").fence > fence
    finally:
        ann.end()
        bob.end()


def test_who_has_it_by_what_keeps_claims_alone_is_met_and_can_be_taken_over(tmp_path: Path) -> None:
    """Her journal does not come here: she was killed before it was written, or the store is away."""
    one = {"act": HEAD + step("wait", "wait", lasts='"1s"')}
    lease = Memory("cluster")
    ann, bob = (Terminal(tmp_path / who, one, who=who, keepers=(lease,)) for who in ("ann", "bob"))
    try:
        run = ann.start("act").id
        path = tmp_path / "run.json"
        ann.call(ann.runs.hand_over(run, str(path)))
        bob.call(bob.runs.resume(str(path)))
        first = claimed(ann, run, "wait")
        assert "take over" not in bob.prepare(run, "wait").may
        with pytest.raises(RunRefused, match=f"somebody at {first.terminal} works on it"):
            bob.do(run, "wait")
        shown = bob.prepare(run, "wait")
        assert shown.claimed is not None and shown.claimed.fence == first.fence
        assert shown.may == ("do", "take over", "skip")  # done where she let it go meanwhile
        with pytest.raises(RunRefused, match="how it is known"):
            bob.call(bob.runs.take_over(run, "wait", Given(fence=first.fence)))
        second = claimed(ann, run, "wait")
        with pytest.raises(RunRefused, match=r"claim 2"):  # which he was not shown
            bob.call(bob.runs.take_over(run, "wait", Given(fence=first.fence, reason="ann is asleep")))
        with pytest.raises(RunRefused, match="since you looked somebody at"):
            bob.call(bob.runs.take_over(run, "wait", Given(fence=first.fence, reason="ann is asleep")))
        bob.call(bob.runs.take_over(run, "wait", Given(fence=second.fence, reason="ann is asleep")))
        told = [e.sentence for e in bob.runs.events(run) if e.kind is RunEventKind.CLAIMED]
        assert told == [f"taken over from somebody at {first.terminal}: ann is asleep"]
        assert bob.prepare(run, "wait").claimed is None
        bob.do(run, "wait")
        assert bob.step(run, "wait").status is StepStatus.RUNNING
    finally:
        ann.end()
        bob.end()
