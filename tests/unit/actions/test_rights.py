"""Keys without the right are dim before they are pressed, and name the right."""

from __future__ import annotations

import asyncio

from tests.unit.actions.acting import Ledger
from tests.unit.actions.things import NOW, REF, Standing, subject, world
from tests.waiting import soon
from tfdash.actions.core.action_service import ActingService
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy, Pipeline
from tfdash.actions.core.protocols import Writers
from tfdash.actions.kubernetes.paths import attributes_of
from tfdash.clock import FixedClock
from tfdash.model.action import Request
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.requests import Privilege, ReadFailed
from tfdash.model.subject import Subject

WEB, HELD = subject("Deployment", "web"), subject("Deployment", "held")


class Reviewed:
    """Who may what, as a server would have it: nothing but what is in ``allowed``, as "verb resource/sub name"."""

    def __init__(self, *allowed: str, **policy: object) -> None:
        self.board, self.allowed, self.asked = Standing(world()), set(allowed), list[str]()
        self.board.server.may = self._may  # type: ignore[method-assign]  # the server that is asked
        self.down = False
        self.service = ActingService(
            self.board,
            Writers(clusters={REF: self.board.server}),
            Ledger(),
            ActionPolicy(**policy),  # type: ignore[arg-type]  # each test names the fields that it is about
            FixedClock(NOW),
            Mode(acts=True),
        )

    async def _may(self, request: Request) -> Privilege:
        if self.down:
            raise ReadFailed(Problem(kind=ProblemKind.UNREACHABLE, cause="gone"))
        found = attributes_of(request)
        assert found is not None
        resource = found.resource + (f"/{found.subresource}" if found.subresource else "")
        told = f"{found.verb} {resource}"
        self.asked.append(f"{told} {found.name}")
        may = bool({told, f"{told} {found.name}"} & self.allowed)
        return Privilege(verb=found.verb, resource=resource, namespace=found.namespace, allowed=may)

    async def refused(self, at: Subject) -> dict[str, str]:
        """Of what is offered, once everything that is wanted was asked."""
        self.service.offers(at)
        run = asyncio.ensure_future(self.service.rights.run())
        await soon(lambda: not self.service.rights._asked, "the reviews")
        run.cancel()
        return {o.action: o.refused for o in self.service.offers(at) if o.refused}


async def test_a_key_without_its_right_names_it() -> None:
    one = Reviewed("patch deployments")
    assert all(not o.refused for o in one.service.offers(WEB))  # not known yet: nothing is refused
    refused = await one.refused(WEB)
    assert refused == {"workload.scale": "no right to patch deployments.apps/scale in shop"}
    none = await Reviewed().refused(WEB)
    assert none["workload.rollback"] == "no right to patch deployments.apps in shop"
    assert {"workload.hold", "workload.restart", "workload.scale"} <= set(none)
    pods = await Reviewed("delete pods").refused(subject("Pod", "web-1-a"))
    assert pods["pod.evict"] == "no right to create pods/eviction in shop"
    assert "pod.delete" not in pods


async def test_a_right_to_one_object_counts_for_that_one() -> None:
    at = Reviewed("patch deployments web", "patch deployments/scale")
    assert await at.refused(WEB) == {}
    assert "workload.restart" in await at.refused(HELD) or "workload.release" in await at.refused(HELD)


async def test_what_cannot_be_asked_refuses_nothing_and_one_answer_does_for_a_namespace() -> None:
    at = Reviewed("patch deployments", "patch deployments/scale")
    at.down = True
    assert await at.refused(WEB) == {}
    at = Reviewed("patch deployments", "patch deployments/scale")
    await at.refused(WEB)
    asked = len(at.asked)
    await at.refused(HELD)
    assert (asked, len(at.asked)) == (2, 2)


async def test_what_a_pipeline_does_needs_no_right_of_ours() -> None:
    at = Reviewed(pipelines={"workload.rollback": Pipeline(command=("ci",))})
    assert "workload.rollback" not in await at.refused(WEB)
