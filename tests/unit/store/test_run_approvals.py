"""Approvals of runs: people of a role whom a server vouches for, all different; forged ones do not count; and the way alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.procedures.world import HEAD, Terminal, step
from tests.unit.store.conftest import Database
from tests.unit.store.test_approvals_in_cluster import Certificates, Login
from tests.waiting import until
from tfdash.clock import FixedClock
from tfdash.model.run import RunEventKind, StepStatus
from tfdash.procedures.proofs import digest_of, key_of
from tfdash.procedures.protocols import RunRefused
from tfdash.store.approvals.kubernetes import KubernetesApprovals, create_request
from tfdash.store.approvals.protocol import StepWord
from tfdash.store.approvals.roles import vouches_of

ROLE = {"managers": ("managers",)}
WAIT = step(
    "act", "wait", until='"2020-01-01 00:00"'
)  # it begins something, so that approvals before it are asked about
Make = Callable[..., Terminal]


def procedure(**more: object) -> dict[str, str]:
    return {
        "p": HEAD
        + '[roles]\nmanagers = "approve"\n'
        + step("ok", "approval", role='"managers"', **more)
        + WAIT
    }


@pytest.fixture
def at(tmp_path: Path, database: Database) -> Iterator[Make]:
    """Terminals of people of their own, on machines of their own, at one database."""
    made: list[Terminal] = []
    for role in ("managers",):
        database.sql(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        database.sql(f"REVOKE {role} FROM ann, bob, carol")

    def make(who: str, procedures: dict[str, str], *, member: bool = False, **more: Any) -> Terminal:
        if member:
            database.sql(f"GRANT managers TO {who}")
        roles = more.pop("roles", ROLE)
        made.append(
            Terminal(
                tmp_path / who, procedures, who=who, url=database.url(who), roles=roles, watching=True, **more
            )
        )
        return made[-1]

    yield make
    for one in made:
        one.end()


def sees(at: Terminal, run: str, status: StepStatus, step: str = "ok") -> None:
    until(lambda: at.runs.run(run) is not None and at.step(run, step).status is status, f"{step} {status}")


def test_of_the_role_and_all_different(at: Make) -> None:
    files = procedure(count=2)
    ann = at("ann", files, member=True)
    run = ann.start("p").id
    assert ann.prepare(run, "ok").may[:2] == ("approve", "deny")
    ann.do(run, "ok", reason="looks right")
    assert ann.step(run, "ok").approvals == ("ann",)
    with pytest.raises(RunRefused, match="already"):
        ann.do(run, "ok")
    carol = at("carol", files)
    sees(carol, run, StepStatus.READY)
    with pytest.raises(RunRefused, match="no member of managers"):
        carol.do(run, "ok")
    bob = at("bob", files, member=True)
    sees(bob, run, StepStatus.READY)
    bob.do(run, "ok")
    sees(ann, run, StepStatus.DONE)
    ann.do(run, "act")
    assert ann.step(run, "act").status is StepStatus.DONE


def test_not_by_who_started_it_where_the_file_says_so(at: Make) -> None:
    files = procedure(others="true")
    ann = at("ann", files, member=True)
    run = ann.start("p").id
    with pytest.raises(RunRefused, match="started the run"):
        ann.do(run, "ok")
    bob = at("bob", files, member=True)
    sees(bob, run, StepStatus.READY)
    bob.do(run, "ok")
    sees(ann, run, StepStatus.DONE)


def forged(by: Terminal, run: str, **more: Any) -> None:
    """An event such as an honest terminal writes, from one that lies."""
    state, told = by.state(run), {}
    step = state.procedure.steps[0]
    told = {
        "role": "managers",
        "vouched": "postgresql",
        "who": "bob",
        "digest": digest_of(state, step),
        **more,
    }
    work = by.runs.engine.means.journals.record(
        run, RunEventKind.APPROVED, by=str(told["who"]), step="ok", attempt=1, sentence="", data=told
    )
    by.call(work)


def denied(at: Terminal, run: str) -> bool:
    """Whether the server was asked about an approval, and said no."""
    journal, proofs = at.runs.engine.means.journals.journal(run, forged=True), at.runs.engine.means.proofs
    assert proofs is not None and journal is not None
    return any(proofs.forged(event) for event in journal.events)


@pytest.mark.parametrize("who", ["bob", "carol"])
def test_what_somebody_writes_in_the_name_of_another_or_of_a_role_that_is_not_theirs(
    at: Make, who: str
) -> None:
    """carol writes that bob approved, or that she did: she is of no such role. Nothing is done behind it, and a real one still can be."""
    files = procedure()
    ann, carol = at("ann", files), at("carol", files)
    run = ann.start("p").id
    sees(carol, run, StepStatus.READY)
    forged(carol, run, who=who)
    until(lambda: denied(ann, run), "the server's word")
    assert ann.step(run, "ok").status is StepStatus.READY and ann.step(run, "ok").approvals == ()
    with pytest.raises(RunRefused):
        ann.do(run, "act")
    assert any("does not count" in line for line in ann.prepare(run, "ok").lines)
    bob = at("bob", files, member=True)
    sees(bob, run, StepStatus.READY)
    bob.do(run, "ok")
    sees(ann, run, StepStatus.DONE)
    ann.do(run, "act")


def test_before_it_is_proven_nothing_is_done_behind_it(at: Make) -> None:
    """The very moment that a forged one comes: it is asked about before the act, not a while later."""
    files = procedure()
    ann, carol = at("ann", files), at("carol", files)
    run = ann.start("p").id
    sees(carol, run, StepStatus.READY)
    proofs = ann.runs.engine.means.proofs
    assert proofs is not None
    proofs.look = not_now  # type: ignore[method-assign]
    forged(carol, run)
    sees(ann, run, StepStatus.DONE)
    with pytest.raises(RunRefused, match="does not hold"):
        ann.do(run, "act")


async def not_now(*_: Any) -> None: ...


def test_of_a_step_that_became_another_it_is_none(at: Make) -> None:
    files = procedure()
    bob = at("bob", files, member=True)
    run = bob.start("p").id
    forged(bob, run, digest="0" * 64)
    sees(bob, run, StepStatus.READY)
    bob.do(run, "ok")
    assert bob.step(run, "ok").status is StepStatus.DONE


def test_a_denial_ends_it_with_a_reason(at: Make) -> None:
    bob = at("bob", procedure(), member=True)
    run = bob.start("p").id
    with pytest.raises(RunRefused, match="reason"):
        bob.do(run, "ok", worked=False)
    bob.do(run, "ok", worked=False, reason="not at five on a Friday")
    assert bob.step(run, "ok").status is StepStatus.FAILED


def test_alone_is_recorded_to_be_reviewed_by_somebody_else(at: Make) -> None:
    files = procedure(alone='"who is on call goes on"')
    ann = at("ann", files)
    run = ann.start("p").id
    with pytest.raises(RunRefused, match="says why"):
        ann.do(run, "ok", alone=True)
    ann.do(run, "ok", alone=True, reason="nobody answers at night")
    assert ann.step(run, "ok").status is StepStatus.DONE
    glass = ann.store.projection.break_glass_of("production")
    assert [(g.by, g.reviewed_by) for _, g in glass] == [("ann", "")] and run in glass[0][1].reason
    assert not ann.store.break_glass_active("production", "ann")  # it waives nothing else
    ann.do(run, "act")
    with pytest.raises(PermissionError):
        ann.call(ann.store.review_break_glass("production", "ann", "mine"))


def test_without_a_way_alone_there_is_none(at: Make) -> None:
    ann = at("ann", procedure())
    run = ann.start("p").id
    with pytest.raises(RunRefused, match="no way alone"):
        ann.do(run, "ok", alone=True, reason="nobody answers")


@pytest.mark.parametrize(("roles", "told"), [({}, "nobody said which group managers is")])
def test_a_role_that_is_no_group_says_what_is_to_be_added(at: Make, roles: Any, told: str) -> None:
    ann = at("ann", procedure(), member=True, roles=roles)
    run = ann.start("p").id
    with pytest.raises(RunRefused, match=told):
        ann.do(run, "ok")
    assert any("[procedures.roles.managers] database" in line for line in ann.prepare(run, "ok").lines)
    ann.skip(run, "ok", "there is nobody")  # a run never traps a person
    ann.do(run, "act")


def test_where_nobody_stamps_people_nobody_can_be_vouched_for(tmp_path: Path) -> None:
    ann = Terminal(tmp_path, procedure(), who="ann", roles=ROLE)
    try:
        run = ann.start("p").id
        with pytest.raises(RunRefused, match="no server here stamps who approves"):
            ann.do(run, "ok")
        forged(ann, run)
        with pytest.raises(RunRefused, match="does not hold"):
            ann.do(run, "act")
    finally:
        ann.end()


# -- by the API server ------------------------------------------------------------------------------------------------


async def test_groups_of_the_api_server_are_those_that_it_stamped() -> None:
    """Whoever writes a request in another's name is stamped as they are."""
    server = Certificates()
    ann = vouches_of(KubernetesApprovals(Login(server, "ann"), FixedClock(0.0)))
    assert ann is not None and ann.stamped_by == "kubernetes"
    word = StepWord(await ann.identity(), "", key_of("r", "s"), "d" * 64)
    await ann.sign(word, ("people",))
    assert await ann.why_not(word, ("people",)) == ""
    assert "none of the groups" in await ann.why_not(word, ("managers",))
    assert "no word of bob" in await ann.why_not(word._replace(who="bob"), ("people",))
    assert "no word of ann" in await ann.why_not(word._replace(digest="e" * 64), ("people",))
    server.put(create_request("x", "run", word.step, word.digest, {}), "system:serviceaccount:a:b")
    robot = word._replace(who="system:serviceaccount:a:b")
    assert "service account" in await ann.why_not(robot, ("people",))
