"""An effect is verified where it was not there before, is whole at one look, and lasts until then."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.actions.acting import Ledger, confirmed
from tests.unit.actions.things import NOW, REF, Standing, subject, world
from tfdash.actions.core import verification
from tfdash.actions.core.action_service import ActingService
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy, Pipeline
from tfdash.actions.core.protocols import Writers
from tfdash.actions.core.verification import Verification, Verified
from tfdash.actions.kubernetes.executor import ClusterExecutor
from tfdash.actions.kubernetes.postconditions import HELD, ROLLED_OUT, WRITTEN
from tfdash.clock import FixedClock
from tfdash.model.action import Plan, Progress, Request
from tfdash.playbook.releases.facts import facts_of

WEB, HELD_ONE = subject("Deployment", "web"), subject("Deployment", "held")
KNOWN = {p.id: p for p in (HELD, WRITTEN, ROLLED_OUT)}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of waiting is a hundredth here."""
    real = time.monotonic
    monkeypatch.setattr(verification, "time", SimpleNamespace(monotonic=lambda: real() * 100))
    monkeypatch.setattr(verification, "_LOOK_EVERY", 0.01)


class Script:
    """A pipeline of somebody's: what it does to the cluster is the test's."""

    def __init__(self, does: Callable[[], None]) -> None:
        self._does = does

    async def follow(
        self, request: Request, *, how: Any, names: Mapping[str, str], tell: Callable[[str], None]
    ) -> tuple[bool, str]:
        self._does()
        return True, "it ended with 0"

    async def call(self, request: Request, *, timeout: float) -> Any:
        raise AssertionError("a command is followed, never called")


async def by_pipeline(
    action: str, does: Callable[[dict[str, Any]], None], **given: str
) -> tuple[Progress, Ledger]:
    board, ledger = Standing(world()), Ledger()
    document = next(d for d in board.server.documents.values() if d["metadata"]["name"] == "web")
    policy = ActionPolicy(pipelines={action: Pipeline(command=("ci",))}, follow=3.0)
    writers = Writers(clusters={REF: board.server}, commands=Script(lambda: does(document)))
    service = ActingService(board, writers, ledger, policy, FixedClock(NOW), Mode(acts=True))
    guarded = await service.plan(action, WEB, given)
    done = await asyncio.wait_for(service.execute(guarded, confirmed(guarded), lambda p: None), 30)
    return done, ledger


def nothing(document: dict[str, Any]) -> None:
    pass


def image(document: dict[str, Any], tag: str) -> None:
    document["spec"]["template"]["spec"]["containers"][0]["image"] = f"registry.example/web:{tag}"


@pytest.mark.parametrize(
    ("action", "given", "text"),
    [
        ("workload.rollback", {}, "the template is the earlier one"),
        ("workload.restart", {}, "the new revision is asked for"),
        ("workload.scale", {"replicas": "9"}, "the size is written"),
        ("workload.hold", {}, "spec.paused is as asked"),
    ],
)
async def test_a_pipeline_that_does_nothing_is_not_verified(
    action: str, given: dict[str, str], text: str
) -> None:
    done, ledger = await by_pipeline(action, nothing, **given)
    assert f"NOT seen in time: {text}" in done.sentence
    assert json.loads(ledger.entries[-1].data)["verified"] is False
    assert (done.posts[0][0].text, done.posts[0][1]) == (text, False)


async def test_a_pipeline_that_does_it_is() -> None:
    def back(document: dict[str, Any]) -> None:
        image(document, "1")
        document["spec"]["template"]["metadata"]["annotations"] = {"ci/run": "7"}  # a template of its own

    done, ledger = await by_pipeline("workload.rollback", back)
    assert "; seen: the template is the earlier one" in done.sentence
    assert json.loads(ledger.entries[-1].data)["verified"] is True
    done, _ = await by_pipeline("workload.rollback", lambda d: image(d, "0"))  # something, and not that
    assert "NOT seen in time" in done.sentence

    def restart(document: dict[str, Any]) -> None:
        annotations = {"kubectl.kubernetes.io/restartedAt": "2026-11-24T16:00:07Z"}
        document["spec"]["template"]["metadata"]["annotations"] = annotations

    done, _ = await by_pipeline("workload.restart", restart)
    assert "; seen: the new revision is asked for" in done.sentence


async def followed(
    before: Callable[[dict[str, Any]], None],
    looks: list[Callable[[dict[str, Any]], None]],
    *posts: Any,
) -> Verified:
    """``before`` changes the object before the act, ``looks`` one after the other when it is looked at afterwards."""
    board = Standing(world())
    executor = ClusterExecutor(board.server, board, ActionPolicy())
    document = next(d for d in board.server.documents.values() if d["metadata"]["name"] == "held")
    before(document)
    plan = Plan(
        id="p",
        action="x",
        title="x: y",
        subject=HELD_ONE._replace(uid="uid-held"),
        effect="e",
        requests=(),
        facts=facts_of(document, ("/metadata/uid", "/spec/paused")),
        posts=posts,
    )
    found = Verification(plan, executor, board, KNOWN)
    await found.look_before()
    real = board.read

    async def read(at: Any) -> Any:
        if looks:
            looks.pop(0)(document)
        return await real(at)

    board.read = read  # type: ignore[method-assign]  # a read that the test spoils
    return await asyncio.wait_for(found.follow(NOW, lambda states: None), 30)


def paused(value: bool, by: str = "", at: str = "2026-11-24T16:00:01Z") -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        document["spec"]["paused"] = value
        if by:
            fields = {"f:spec": {"f:paused": {}}}
            entry = {"manager": by, "operation": "Apply", "time": at, "fieldsV1": fields}
            document["metadata"]["managedFields"] = [entry]

    return change


HELD_POST = HELD.post(text="it is held", within=5)


async def test_what_was_so_before_proves_nothing() -> None:
    end = await followed(nothing, [], HELD_POST)
    assert (end.good, end.sentence) == (False, "NOT verified, it was so before: it is held")
    assert end.states == ((HELD_POST, False),)
    end = await followed(paused(False), [paused(True)], HELD_POST)
    assert (end.good, end.sentence) == (True, "seen: it is held")


async def test_one_of_several_may_have_been_so_before() -> None:
    def done(document: dict[str, Any]) -> None:
        paused(False)(document)

    end = await followed(done, [nothing, paused(True)], HELD_POST, ROLLED_OUT.post(text="out", within=5))
    assert end.good


async def test_all_of_it_is_seen_at_one_look() -> None:
    """What was complete before the change is not complete because it was: both must be so together."""

    def moving(document: dict[str, Any]) -> None:
        paused(True)(document)
        document["status"]["updatedReplicas"] = 0

    end = await followed(
        paused(False), [nothing, nothing, moving], HELD_POST, ROLLED_OUT.post(text="out", within=9)
    )
    assert (end.good, end.sentence) == (False, "NOT seen in time: out")


async def test_who_undid_it_is_named() -> None:
    def moving(document: dict[str, Any]) -> None:
        paused(False)(document)
        document["status"]["updatedReplicas"] = 0

    end = await followed(
        moving,
        [
            nothing,
            nothing,
            paused(True, "tfdash"),
            nothing,
            paused(False, "argocd-controller", "2026-11-24T16:00:09Z"),
        ],
        HELD_POST,
        ROLLED_OUT.post(text="never", within=600),
    )
    assert not end.good
    assert end.sentence == "UNDONE by argocd-controller (Apply): no longer so: it is held"


async def test_an_effect_that_somebody_else_brought_names_them() -> None:
    end = await followed(paused(False), [paused(True, "kubectl-edit")], HELD_POST)
    assert end.sentence == "seen: it is held; written by kubectl-edit (Apply)"
