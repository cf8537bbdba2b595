"""What is made of a server's answers to several requests: by their kind, never by words in them."""

from __future__ import annotations

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
