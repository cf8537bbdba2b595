"""A second person by PostgreSQL: who may, how long, once; denial, forgery, and a database that was put back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.unit.store.conftest import Database
from tests.unit.store.helpers import CHECKOUT, NOW, opened
from tests.unit.store.test_shared import end, sync
from tfdash.actions.core.plan_digest import carried, digest_of
from tfdash.actions.core.protocols import ApprovalRefused
from tfdash.model.action import Plan, Request, Risk
from tfdash.model.store_state import ApprovalRequest
from tfdash.store.opening import Opened

BODY = '[{"op":"replace","path":"/spec/template/spec/containers/0/env/0/value","value":"planted-secret"}]'


def plan(policy: str = "p") -> Plan:
    made = Plan(
        id="p1",
        action="workload.rollback",
        title="Deployment: roll back",
        subject=CHECKOUT,
        effect="rolls back",
        requests=(
            Request(
                method="PATCH", path="/apis/apps/v1/namespaces/tf-production/deployments/checkout", body=BODY
            ),
        ),
        risk=Risk.SECOND_PERSON,
        policy=policy,
        made_at=NOW,
        expires_at=NOW + 120,
    )
    return msgspec.structs.replace(made, digest=digest_of(made))


def terminal(folder: Path, database: Database, role: str, **options: object) -> Opened:
    return opened(folder / role, url=database.url(role), terminal=role, deadline=5.0, **options)


async def decide(opened: Opened, request: ApprovalRequest, approve: bool = True) -> ApprovalRequest:
    await sync(opened)
    return await opened.store.decide(request.id, request.digest, approve, "looked at it")


async def test_asked_approved_used_once(tmp_path: Path, database: Database) -> None:
    ann, bob = terminal(tmp_path, database, "ann"), terminal(tmp_path, database, "bob")
    request = await ann.store.request_approval(plan(), "the region is down")
    assert (request.requester, request.state, request.stamped_by) == ("ann", "waiting", "postgresql")
    assert request.expires_at - request.requested_at == pytest.approx(900, abs=1)
    with pytest.raises(ApprovalRefused, match="nobody has approved it yet"):
        await ann.store.consume_approval(request.id, plan().digest, "ann@example")
    await bob.store.look_at_approvals()
    (shown,) = bob.store.state().approvals
    assert msgspec.json.decode(shown.plan, type=Plan) == carried(plan())  # the exact requests, and no words
    decided = await decide(bob, request)
    assert (decided.state, decided.approver) == ("approved", "bob")
    used = await ann.store.consume_approval(request.id, plan().digest, "ann@example")
    assert (used.state, used.approver) == ("consumed", "bob")
    with pytest.raises(ApprovalRefused, match="used already"):
        await ann.store.consume_approval(request.id, plan().digest, "ann@example")
    assert database.sql("SELECT count(*) FROM tfdash.approval_plans") == [(0,)]
    await sync(ann)
    for (body,) in database.sql("SELECT body FROM tfdash.entries"):
        assert b"planted-secret" not in bytes(body)
    for opened_ in (ann, bob):
        for path in opened_.source.folder.iterdir():
            assert b"planted-secret" not in path.read_bytes()
    await end(ann, bob)


async def test_one_denial_ends_it(tmp_path: Path, database: Database) -> None:
    ann, bob, carol = (terminal(tmp_path, database, role) for role in ("ann", "bob", "carol"))
    request = await ann.store.request_approval(plan(), "why not")
    await decide(bob, request)
    denied = await decide(carol, request, approve=False)
    assert (denied.state, denied.approver) == ("denied", "carol")
    with pytest.raises(ApprovalRefused, match="carol denied it"):
        await ann.store.consume_approval(request.id, plan().digest, "ann")
    with pytest.raises(ApprovalRefused, match="one denial ends it"):
        await decide(bob, request)
    await end(ann, bob, carol)


async def test_whoever_asked_cannot_approve_by_any_way(tmp_path: Path, database: Database) -> None:
    ann, bob = terminal(tmp_path, database, "ann"), terminal(tmp_path, database, "bob")
    request = await ann.store.request_approval(plan(), "alone")
    with pytest.raises(ApprovalRefused, match="second person"):
        await decide(ann, request)
    entry = await ann.store.recorder.on_file(lambda f: (f.terminal, f.sequence), "")
    import psycopg

    with pytest.raises(psycopg.errors.RaiseException, match="second person"):
        database.sql(
            "SELECT tfdash.decide_approval(%s, true, %s, '', %s, %s)",
            request.id,
            plan().digest,
            *entry,
            role="ann",
        )
    await decide(bob, request)
    with pytest.raises(ApprovalRefused, match="second person"):  # bob's database login is ann's cluster login
        await ann.store.consume_approval(request.id, plan().digest, "bob")
    await end(ann, bob)


async def test_expired(tmp_path: Path, database: Database) -> None:
    ann, bob = terminal(tmp_path, database, "ann"), terminal(tmp_path, database, "bob")
    request = await ann.store.request_approval(plan(), "late")
    await decide(bob, request)
    database.sql("UPDATE tfdash.approval_requests SET expires_at = clock_timestamp() - interval '1 second'")
    with pytest.raises(ApprovalRefused, match="expired"):
        await ann.store.consume_approval(request.id, plan().digest, "ann")
    with pytest.raises(ApprovalRefused, match="expired"):
        await decide(bob, request)
    await end(ann, bob)


async def test_of_another_plan_or_by_another_requester(tmp_path: Path, database: Database) -> None:
    ann, bob, carol = (terminal(tmp_path, database, role) for role in ("ann", "bob", "carol"))
    request = await ann.store.request_approval(plan(), "x")
    await decide(bob, request)
    with pytest.raises(ApprovalRefused, match="another plan"):
        await ann.store.consume_approval(request.id, "e" * 64, "ann")
    with pytest.raises(ApprovalRefused, match="the request is ann's"):
        await carol.store.consume_approval(request.id, plan().digest, "carol")
    await end(ann, bob, carol)


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("shared", "several people share"),
        ("postgres", "several people share|superuser"),
        ("owner", "owns the tables"),
    ],
)
async def test_shared_and_powerful_roles_cannot(
    tmp_path: Path, database: Database, role: str, said: str
) -> None:
    ann, other = terminal(tmp_path, database, "ann"), terminal(tmp_path, database, role)
    request = await ann.store.request_approval(plan(), "x")
    with pytest.raises(ApprovalRefused, match=said):
        await decide(other, request)
    with pytest.raises(ApprovalRefused, match="nobody can tell who asks"):
        await other.store.request_approval(plan("f" * 64), "x")
    await end(ann, other)


async def test_a_row_that_the_owner_forged_is_found(tmp_path: Path, database: Database) -> None:
    ann, bob = terminal(tmp_path, database, "ann"), terminal(tmp_path, database, "bob")
    await bob.store.remember_manual(CHECKOUT, "bob", "an entry of bob's")
    await sync(bob)
    request = await ann.store.request_approval(plan(), "x")
    forge = (
        "INSERT INTO tfdash.approval_decisions(id, approver, approve, digest, reason, terminal, sequence)"
        " VALUES (%s, 'bob', true, %s, '', %s, %s)"
    )
    database.sql(forge, request.id, plan().digest, bob.store.terminal, 1, role="owner")
    with pytest.raises(ApprovalRefused, match="forged"):
        await ann.store.consume_approval(request.id, plan().digest, "ann")
    database.sql("DELETE FROM tfdash.approval_decisions")
    database.sql(forge, request.id, plan().digest, "nowhere", 1, role="owner")
    with pytest.raises(ApprovalRefused, match="forged"):
        await ann.store.consume_approval(request.id, plan().digest, "ann")
    database.sql("DELETE FROM tfdash.approval_decisions")
    database.sql(forge, request.id, "e" * 64, bob.store.terminal, 1, role="owner")  # of another digest
    with pytest.raises(ApprovalRefused, match="nobody has approved"):
        await ann.store.consume_approval(request.id, plan().digest, "ann")
    await end(ann, bob)


async def test_an_approval_cannot_be_used_again_by_putting_the_database_back(
    tmp_path: Path, database: Database
) -> None:
    ann, bob = terminal(tmp_path, database, "ann"), terminal(tmp_path, database, "bob")
    request = await ann.store.request_approval(plan(), "x")
    await decide(bob, request)
    await ann.store.consume_approval(request.id, plan().digest, "ann")
    database.sql("DELETE FROM tfdash.approval_uses")  # the state before
    await end(ann)
    again = terminal(tmp_path, database, "ann")  # even after a restart
    with pytest.raises(ApprovalRefused, match="used already, on this terminal"):
        await again.store.consume_approval(request.id, plan().digest, "ann")
    second = await again.store.request_approval(plan(), "the same plan under another id")
    await decide(bob, second)
    used = await again.store.consume_approval(second.id, plan().digest, "ann")  # bob looked at it once more
    assert used.id == second.id
    await end(again, bob)


async def test_two_that_use_it_at_once(tmp_path: Path, database: Database) -> None:
    import asyncio

    one, bob = terminal(tmp_path, database, "ann"), terminal(tmp_path, database, "bob")
    two = opened(tmp_path / "ann", url=database.url("ann"), terminal="ann", deadline=5.0)
    request = await one.store.request_approval(plan(), "x")
    await decide(bob, request)
    got = await asyncio.gather(
        *(t.store.consume_approval(request.id, plan().digest, "ann") for t in (one, two)),
        return_exceptions=True,
    )
    assert sorted(type(g).__name__ for g in got) == ["ApprovalRefused", "ApprovalRequest"]
    await end(one, two, bob)


async def test_without_a_server_that_stamps_there_is_no_second_person(tmp_path: Path) -> None:
    store = opened(tmp_path).store
    with pytest.raises(ApprovalRefused, match=r"nobody here stamps.*\[store\] url"):
        await store.request_approval(plan(), "x")
    store.close()


@pytest.mark.parametrize("approve", [True, False])
async def test_what_is_another_plan_than_the_one_that_was_shown_is_not_decided(
    tmp_path: Path, database: Database, approve: bool
) -> None:
    ann, bob = terminal(tmp_path, database, "ann"), terminal(tmp_path, database, "bob")
    request = await ann.store.request_approval(plan(), "x")
    await sync(bob)
    with pytest.raises(ApprovalRefused, match="another plan than the one that was shown"):
        await bob.store.decide(request.id, plan("q").digest, approve, "looked at it")
    assert (await bob.store.approvals.find(request.id)).state == "waiting"
    assert not {"approval", "denial"} & {str(e.kind) for e in await bob.store.newest(5)}
    await end(ann, bob)


async def test_plans_are_sealed_on_their_way_where_people_share_a_key(
    tmp_path: Path, database: Database
) -> None:
    ann, bob, carol = (
        terminal(tmp_path, database, "ann", key="ours"),
        terminal(tmp_path, database, "bob", key="ours"),
        terminal(tmp_path, database, "carol"),
    )
    request = await ann.store.request_approval(plan(), "x")
    ((body,),) = database.sql("SELECT plan FROM tfdash.approval_plans")
    assert b"planted-secret" not in bytes(body)
    assert msgspec.json.decode((await bob.store.approvals.find(request.id)).plan, type=Plan) == carried(
        plan()
    )
    assert "planted-secret" not in (await carol.store.approvals.find(request.id)).plan
    await end(ann, bob, carol)


async def test_a_plan_that_was_changed_on_its_way_cannot_be_approved(
    tmp_path: Path, database: Database
) -> None:
    ann, bob = terminal(tmp_path, database, "ann"), terminal(tmp_path, database, "bob")
    request = await ann.store.request_approval(plan(), "x")
    database.sql(
        "UPDATE tfdash.approval_plans SET plan = convert_to(replace(convert_from(plan, 'UTF8'), 'PATCH', 'DELETE'), 'UTF8')",
        role="owner",
    )
    with pytest.raises(ApprovalRefused, match="not the one that its digest names"):
        await decide(bob, request)
    database.sql("DELETE FROM tfdash.approval_plans", role="owner")
    with pytest.raises(ApprovalRefused, match="cannot be read here"):
        await decide(bob, request)
    await bob.store.decide(request.id, request.digest, False, "not like this")  # a denial needs no plan
    await end(ann, bob)
