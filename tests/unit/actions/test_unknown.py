"""When no answer comes: one request, "unknown outcome", settled by reading. And what certainly did not leave."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from tests.unit.actions.acting import REF, Bench, Ledger, bench, confirmed
from tests.unit.actions.proxying import Proxy, proxied
from tests.unit.actions.things import NOW, Standing, subject, world
from tfdash.actions.core.action_service import ActingService
from tfdash.actions.core.executor import anybody
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.plan_digest import act_of, carried, plan_of
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import Answer, NotSent, OutcomeUnknown, Writers
from tfdash.actions.core.reconcile import reconcile
from tfdash.actions.kubernetes.executor import ClusterExecutor
from tfdash.clock import FixedClock
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.action import Plan, Progress, Request, Result
from tfdash.model.store_state import ApprovalRequest
from tfdash.sources.kubernetes.kubeconfig import Access, resolve
from tfdash.store.log.redact import Redactor

NS = "tf-production"


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, scenario="calm", speed=10.0)) as running:
        yield running


@pytest.fixture(scope="module")
def access(demo: DemoProcess) -> Access:
    return resolve(str(demo.kubeconfig), "production")


@pytest.fixture
def proxy(access: Access) -> Iterator[Proxy]:
    with proxied(access.server, access.ca) as running:
        yield running


@pytest.fixture
def at(demo: DemoProcess, proxy: Proxy) -> Iterator[Bench]:
    policy = ActionPolicy(follow=30.0, server_timeout=2.0, settle_margin=0.5)
    kinds = ("Deployment", "ReplicaSet", "Pod")
    through = f"http://127.0.0.1:{proxy.port}"
    with bench(
        demo.kubeconfig, "production", policy=policy, margin=0.5, kinds=kinds, through=through
    ) as found:
        yield found


def generation(access: Access, name: str) -> int:
    """Of a Deployment that no HPA scales: a scaling would raise it too."""
    tls = ssl.create_default_context(cadata=(access.ca or b"").decode())
    headers = {"Authorization": f"Bearer {access.token}"}
    with httpx.Client(
        base_url=access.server, verify=tls, headers=headers, timeout=60, trust_env=False
    ) as client:
        return int(
            client.get(f"/apis/apps/v1/namespaces/{NS}/deployments/{name}").json()["metadata"]["generation"]
        )


def test_an_answer_that_is_swallowed_and_applied_late(at: Bench, proxy: Proxy, access: Access) -> None:
    subject = at.subject("Deployment", NS, "billing")
    before = generation(access, "billing")
    guarded = at.plan("workload.restart", subject)
    proxy.patches = proxy.forwarded = 0
    proxy.swallow, proxy.late = True, 3.0  # the client gives up after 2.5 s; applied at 3 s, settled at 5 s
    done, told = at.act(guarded)
    assert done.result is Result.APPLIED
    assert "no answer in time; read again: it took effect" in done.sentence
    assert any("UNKNOWN OUTCOME" in p.sentence for p in told)
    assert (proxy.patches, proxy.forwarded) == (1, 1)
    assert generation(access, "billing") == before + 1
    assert [str(e.kind) for e in at.ledger.entries] == ["intent", "confirmation", "outcome", "verification"]


def test_a_connection_that_is_dropped_before_it_is_applied(at: Bench, proxy: Proxy, access: Access) -> None:
    subject = at.subject("Deployment", NS, "notifications")
    before = generation(access, "notifications")
    guarded = at.plan("workload.restart", subject)
    proxy.patches = proxy.forwarded = 0
    proxy.drop = True
    done, _ = at.act(guarded)
    assert done.result is Result.NOT_APPLIED
    assert "everything is as it was" in done.sentence
    assert (proxy.patches, proxy.forwarded) == (1, 0)
    assert generation(access, "notifications") == before


async def undertaken(
    board: Standing, answer: Answer | Exception, action: str = "workload.restart"
) -> tuple[Progress, Ledger]:
    ledger = Ledger()
    policy = ActionPolicy(settle_margin=0.0, follow=0.0)
    actions = ActingService(
        board, Writers(clusters={REF: board.server}), ledger, policy, FixedClock(NOW), Mode(acts=True)
    )
    guarded = await actions.plan(action, subject("Deployment", "web"), {})
    board.server.answers = [answer]
    return await actions.execute(guarded, confirmed(guarded), lambda p: None), ledger


@pytest.mark.parametrize(
    ("answer", "result", "told"),
    [
        (NotSent("connection refused"), Result.NOT_APPLIED, "not sent: connection refused"),
        (OutcomeUnknown("lost"), Result.NOT_APPLIED, "everything is as it was"),
        (Answer(status=500, body={}, message="etcd"), Result.NOT_APPLIED, "the server failed (500)"),
        (Answer(status=504, body={}, message="timeout"), Result.NOT_APPLIED, "read again"),
        (
            Answer(status=302, body={}, headers={"location": "http://evil"}),
            Result.REFUSED,
            "redirects to http://evil",
        ),
        (Answer(status=200, body={}), Result.NOT_APPLIED, "something that is no Kubernetes API (200)"),
        (
            Answer(status=201, body={"kind": "Status", "apiVersion": "v1", "status": "Failure"}),
            Result.NOT_APPLIED,
            "no Kubernetes API",
        ),
        (Answer(status=403, body={}, message="no"), Result.REFUSED, "no right: no"),
        (Answer(status=404, body={}, message="gone"), Result.REFUSED, "it is gone"),
        (Answer(status=409, body={}, message="x"), Result.REFUSED, "it changed meanwhile"),
        (Answer(status=422, body={}, message="x"), Result.REFUSED, "what was decided upon has changed"),
        (Answer(status=403, body={}, message="exceeded quota: pods"), Result.REFUSED, "quota refuses it"),
    ],
)
async def test_every_answer_is_told(answer: Answer | Exception, result: Result, told: str) -> None:
    board = Standing(world())
    done, ledger = await undertaken(board, answer)
    assert done.result is result
    assert told in done.sentence
    assert len(board.server.sent) == 1
    assert ledger.kinds()[-1] == "outcome"


@pytest.mark.parametrize(
    ("managers", "result", "told"),
    [
        ([], Result.APPLIED, "it took effect"),
        ([("tfdash", "16:00:05")], Result.APPLIED, "it took effect"),
        ([("tfdash", "16:00:05"), ("helm", "15:00:00")], Result.APPLIED, "it took effect"),
        (
            [("helm", "16:00:05")],
            Result.NOT_APPLIED,
            "helm (Update) brought that: this request took no effect",
        ),
        ([("tfdash", "15:00:00"), ("helm", "16:00:05")], Result.UNKNOWN, "helm (Update) wrote there last"),
    ],
)
async def test_an_effect_that_somebody_else_brought_is_not_ours(
    managers: list[tuple[str, str]], result: Result, told: str
) -> None:
    """The answer is lost, and the object is as was wanted: who made it so is read too."""
    board = Standing(world())
    document = board.server.documents["/apis/apps/v1/namespaces/shop/deployments/web"]
    real = board.server.send

    async def lost(request: Request, *, audit_id: str, timeout: float) -> Answer:
        if "events" in request.path:
            return await real(request, audit_id=audit_id, timeout=timeout)
        document["spec"]["paused"] = True
        document["metadata"]["managedFields"] = [
            {
                "manager": manager,
                "operation": "Update",
                "time": f"2026-11-24T{at}Z",
                "fieldsV1": {"f:spec": {"f:paused": {}}},
            }
            for manager, at in managers
        ]
        raise OutcomeUnknown("lost")

    board.server.send = lost  # type: ignore[method-assign]  # done, and the answer lost
    done, _ = await undertaken(board, Answer(status=200, body={}), "workload.hold")
    assert done.result is result
    assert told in done.sentence


async def test_neither_as_it_was_nor_as_wanted_is_unknown() -> None:
    board = Standing(world())
    path = "/apis/apps/v1/namespaces/shop/deployments/web"

    class Changing(OutcomeUnknown):
        def __init__(self) -> None:
            super().__init__("lost")
            board.server.documents[path]["spec"]["template"]["spec"]["containers"][0]["image"] = "third"

    ledger = Ledger()
    policy = ActionPolicy(settle_margin=0.0, follow=0.0)
    actions = ActingService(
        board, Writers(clusters={REF: board.server}), ledger, policy, FixedClock(NOW), Mode(acts=True)
    )
    guarded = await actions.plan("workload.rollback", subject("Deployment", "web"), {})
    real = board.server.send

    async def lost(request, *, audit_id, timeout):
        if "events" not in request.path:
            board.server.sent.append(request)
            raise Changing
        return await real(request, audit_id=audit_id, timeout=timeout)

    board.server.send = lost
    done = await actions.execute(guarded, confirmed(guarded), lambda p: None)
    assert done.result is Result.UNKNOWN
    assert "somebody changed it since" in done.sentence
    assert len(board.server.sent) == 1


@pytest.mark.parametrize("applied", [True, False])
async def test_an_intent_without_an_outcome_is_settled_by_reading(applied: bool) -> None:
    """Killed after the intent: whether it was applied is told from the entry, though secrets were taken out of it."""
    board = Standing(world())
    ledger = Ledger()
    redact = Redactor()
    actions = ActingService(
        board, Writers(clusters={REF: board.server}), ledger, ActionPolicy(), FixedClock(NOW), Mode(acts=True)
    )
    guarded = await actions.plan("workload.rollback", subject("Deployment", "web"), {})

    class Killed(BaseException):
        pass

    async def die(*args: object, **more: object) -> Answer:
        raise Killed

    board.server.send = die
    made = actions._made[guarded.plan.id]
    with pytest.raises(Killed):
        await actions._run(
            guarded.plan, act_of(guarded.plan), made, confirmed(guarded), lambda p: None, anybody
        )
    assert ledger.kinds() == ["intent"]
    intent = msgspec.structs.replace(
        ledger.entries[0], data=json.dumps(redact(json.loads(ledger.entries[0].data)))
    )
    assert "[redacted]" in intent.data
    if applied:
        document = board.server.documents["/apis/apps/v1/namespaces/shop/deployments/web"]
        operations = json.loads(guarded.plan.requests[0].body)
        wanted = next(
            o["value"] for o in operations if o["path"] == "/spec/template" and o["op"] == "replace"
        )
        document["spec"]["template"] = wanted

    def reads(plan: Plan) -> ClusterExecutor:
        return ClusterExecutor(board.server, board, ActionPolicy())

    if not applied:  # its request may still be under way at a server that was slow
        (early,) = await reconcile([intent], reads, ledger, now=intent.at + 5.0, patience=25.0)
        assert (early.result, early.recorded) == (Result.UNKNOWN, False)
    (found,) = await reconcile([intent], reads, ledger, now=intent.at + 26.0, patience=25.0)
    assert found.result is (Result.APPLIED if applied else Result.NOT_APPLIED)
    assert found.recorded
    assert (ledger.entries[-1].kind, ledger.entries[-1].intent) == ("outcome", intent.intent)
    assert board.server.sent == []


async def test_an_approver_sees_the_plan_of_the_exact_requests() -> None:
    board, ledger = Standing(world()), Ledger()
    actions = ActingService(
        board, Writers(clusters={REF: board.server}), ledger, ActionPolicy(), FixedClock(NOW), Mode(acts=True)
    )
    guarded = await actions.plan("rollout.promote", subject("Rollout", "paused"), {})
    asked = await actions.request_approval(guarded, "please")
    assert plan_of(asked) == carried(guarded.plan)
    forged = json.loads(asked.plan)
    forged["requests"][0]["body"] = "[]"
    other: ApprovalRequest = msgspec.structs.replace(asked, plan=json.dumps(forged))
    with pytest.raises(Exception, match="not the one that its digest names"):
        plan_of(other)
