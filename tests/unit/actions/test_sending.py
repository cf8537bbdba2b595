"""What is made of a server's answers to several requests: by their kind, never by words in them."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.actions.things import Standing, subject, world
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import Answer
from tfdash.actions.kubernetes.sending import Turn, send_each
from tfdash.model.action import Request, Result


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(status=404, body={}, message="pods not found"), "gone already"),
        (Answer(status=403, body={}, message="admission denied: its owner is gone"), "an admission rule"),
        (Answer(status=403, body={}, message="the grant is gone"), "no right"),
    ],
)
async def test_an_eviction_is_done_only_where_the_pod_is_gone(answer: Answer, said: str) -> None:
    server, pod = Standing(world()).server, subject("Pod", "web-1-a")
    server.answers = [answer]
    path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/eviction"

    async def note(name: str, text: str) -> None:
        noted.append(text)

    async def ready(request: Request) -> Turn:
        return Turn(come=True)

    noted: list[str] = []
    request = Request(method="POST", path=path, what="evict", subject=pod, dry_run=False)
    outcome = await send_each(
        server, (request,), str, ActionPolicy(), lambda text: None, lambda items: None, note, ready
    )
    assert outcome.result is (Result.APPLIED if answer.status == 404 else Result.FAILED)
    assert noted[0].startswith(said)
    assert len(server.sent) == 1


STALE = Answer(
    status=422, body={"kind": "Status", "apiVersion": "v1"}, message="the server rejected our request"
)
DONE = Answer(status=200, body={"kind": "Deployment", "apiVersion": "apps/v1"}, message="")


@pytest.mark.parametrize(
    ("answers", "placed", "result", "sent"),
    [
        ([DONE, DONE], True, Result.APPLIED, 2),
        ([DONE, STALE, STALE, DONE], True, Result.APPLIED, 4),  # moved twice by others, and nothing was done
        ([DONE, STALE, DONE], False, Result.FAILED, 2),  # what it was decided upon has changed: never again
        ([STALE, DONE], False, Result.REFUSED, 1),
        ([DONE, Answer(status=403, body={}, message="no"), DONE], True, Result.FAILED, 2),
        ([DONE, *[STALE] * 20], True, Result.FAILED, 11),
    ],
)
async def test_a_place_that_others_move_is_looked_for_anew_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, answers: list[Answer], placed: bool, result: Result, sent: int
) -> None:
    monkeypatch.setattr("tfdash.actions.kubernetes.sending._LOOK_AGAIN", 0.0)
    server, what = Standing(world()).server, subject("Deployment", "web")
    server.answers = list(answers)
    path = f"/apis/apps/v1/namespaces/{what.namespace}/deployments/{what.name}"
    patch = Request(method="PATCH", path=path, what="w", subject=what, body="[]", dry_run=False)
    patch = msgspec.structs.replace(patch, content_type="application/json-patch+json")
    requests = (patch, msgspec.structs.replace(patch, what="give back")) if answers[0] is DONE else (patch,)

    async def note(name: str, text: str) -> None: ...

    async def ready(request: Request) -> Turn:
        return Turn(come=True, request=request if placed and request.what == "give back" else None)

    ids: list[int] = []

    def audit_id(number: int) -> str:
        ids.append(number)
        return str(number)

    outcome = await send_each(
        server, requests, audit_id, ActionPolicy(), lambda text: None, lambda items: None, note, ready
    )
    assert (outcome.result, len(server.sent)) == (result, sent)
    assert ids == list(range(sent)), "one id a sending"
    assert ("1 of 2 requests were done before" in outcome.sentence) == (result is Result.FAILED)
