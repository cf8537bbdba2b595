"""A second person by the API server, where a request is made anew under its id while somebody looks at it."""

from __future__ import annotations

import asyncio
import base64
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.actions.things import NOW, REF, Standing, subject, world
from tests.unit.store.helpers import Clock
from tests.unit.store.test_action_service import Terminal
from tfdash.actions.core.action_service import make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.plan_digest import carried, digest_of
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import Answer, ApprovalRefused, PlanRefused, Writers
from tfdash.actions.store.subjects import approval_subject
from tfdash.clock import FixedClock
from tfdash.model.action import Plan, Request, Result
from tfdash.store.approvals.kubernetes import PLAN, KubernetesApprovals, create_request


class Certificates:
    """An API server's CertificateSigningRequests in memory, stamped as it stamps them. ``before``: done once, before the
    next is created."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.before: Callable[[], None] = lambda: None

    def put(self, request: Request, user: str) -> Answer:
        document = json.loads(request.body)
        document["metadata"]["creationTimestamp"] = "2026-11-24T16:00:00Z"
        document["spec"] |= {"username": user, "groups": ["people"]}
        self.items[document["metadata"]["name"]] = document
        return Answer(status=201, body=document)

    def ask_anew(self, approval: str, asked: Plan) -> None:
        """Deleted, and made anew under the same name."""
        text = base64.b64encode(zlib.compress(msgspec.json.encode(asked))).decode()
        self.put(create_request(f"tfdash-ask-{approval}", "ask", approval, asked.digest, {PLAN: text}), "ann")


class Login:
    """A person at it."""

    def __init__(self, server: Certificates, user: str) -> None:
        self.server, self.user = server, user

    async def identity(self) -> tuple[str, tuple[str, ...]]:
        return self.user, ("people",)

    async def send(self, request: Request, *, audit_id: str, timeout: float) -> Answer:
        before, self.server.before = self.server.before, lambda: None
        before()
        return self.server.put(request, self.user)

    async def read(self, path: str) -> Answer:
        return Answer(status=200, body={"items": list(self.server.items.values())})


def _shown() -> Plan:
    """As another terminal makes it, of the same objects."""
    board = Standing(world())
    writers = Writers(clusters={REF: board.server})
    actions = make_service(board, writers, None, ActionPolicy(follow=0.0), FixedClock(NOW), Mode(acts=True))
    return carried(asyncio.run(actions.plan("workload.restart", subject("Deployment", "web"), {})).plan)


SHOWN = _shown()
OTHER = msgspec.structs.replace(SHOWN, policy="another")
OTHER = msgspec.structs.replace(OTHER, digest=digest_of(OTHER))


@pytest.fixture
def server() -> Certificates:
    return Certificates()


@pytest.fixture
def bob(tmp_path: Path, server: Certificates) -> Terminal:
    return Terminal(tmp_path, approvals=KubernetesApprovals(Login(server, "bob"), Clock(NOW)))


@pytest.mark.parametrize("action", ["approval.approve", "approval.deny"])
async def test_what_is_shown_is_decided(bob: Terminal, server: Certificates, action: str) -> None:
    server.ask_anew("a1", SHOWN)
    await bob.store.look_at_approvals()
    at = approval_subject("production", "a1")
    with pytest.raises(PlanRefused, match="digest: must be given"):
        await bob.plan(action, at)
    guarded = await bob.plan(action, at, digest=SHOWN.digest)
    done = await bob.execute(guarded)
    assert done.result is Result.APPLIED, done.sentence
    (found,) = bob.store.state().approvals
    assert (found.state, found.approver) == (
        "approved" if action == "approval.approve" else "denied",
        "bob",
    )
    bob.store.close()


@pytest.mark.parametrize("action", ["approval.approve", "approval.deny"])
async def test_another_plan_under_the_same_id_is_not_decided(
    bob: Terminal, server: Certificates, action: str
) -> None:
    server.ask_anew("a1", SHOWN)
    await bob.store.look_at_approvals()
    guarded = await bob.plan(action, approval_subject("production", "a1"), digest=SHOWN.digest)
    server.ask_anew("a1", OTHER)  # the picture has the old one still
    done = await bob.execute(guarded)
    assert done.result is Result.REFUSED and "another plan than the one that was shown" in done.sentence
    assert list(server.items) == ["tfdash-ask-a1"]  # nothing was sent
    await bob.store.look_at_approvals()
    with pytest.raises(PlanRefused, match="another plan now than the one that was shown"):
        await bob.plan(action, approval_subject("production", "a1"), digest=SHOWN.digest)
    bob.store.close()


async def test_another_plan_that_comes_while_it_is_decided_is_not_approved(
    bob: Terminal, server: Certificates
) -> None:
    server.ask_anew("a1", SHOWN)
    server.before = lambda: server.ask_anew("a1", OTHER)
    with pytest.raises(ApprovalRefused, match="another plan than the one that was shown"):
        await bob.store.decide("a1", SHOWN.digest, True, "looked at it")
    await bob.store.look_at_approvals()
    (found,) = bob.store.state().approvals
    assert (found.digest, found.state) == (OTHER.digest, "waiting")
    bob.store.close()
