"""A region that is gone, in the demo: the second one brought up in its place, and the way back once the first is there again."""

from __future__ import annotations

import asyncio

import pytest

from tests.protocol.conftest import client
from tests.protocol.demo_walking import Seat, ends, seat, switched, told, walked
from tests.waiting import soon
from tfdash.demo.apiserver.objects import Obj
from tfdash.model.recovery import RecoveryProposal
from tfdash.model.run import RunOutcome

LOST, WEST = "demo-production", "demo-west"
SIZES = {"postgres-main": 3, "redis": 3, "web": 6}  # of what no HPA sizes
BOUNDS = {"auth": (4, 12), "api-gateway": (4, 14), "checkout": (6, 20), "search": (3, 10)}
KINDS = ("apis/apps/v1/deployments", "apis/apps/v1/statefulsets")


def found(at: Seat, cluster: str, path: str) -> dict[str, Obj]:
    with client(at.demo.kubeconfig, cluster) as api:
        return {one["metadata"]["name"]: one["spec"] for one in api.get(f"/{path}").json()["items"]}


def sizes(at: Seat, cluster: str) -> dict[str, int]:
    specs = {name: spec for path in KINDS for name, spec in found(at, cluster, path).items()}
    return {name: specs[name].get("replicas", 1) for name in (*SIZES, *BOUNDS)}


def bounds(at: Seat, cluster: str) -> dict[str, tuple[int, int]]:
    specs = found(at, cluster, "apis/autoscaling/v2/horizontalpodautoscalers")
    return {name: (specs[name]["minReplicas"], specs[name]["maxReplicas"]) for name in BOUNDS}


def is_as_it_was(at: Seat, cluster: str) -> None:
    has = sizes(at, cluster)
    assert {name: has[name] for name in SIZES} == SIZES and bounds(at, cluster) == BOUNDS
    assert all(low <= has[name] <= high for name, (low, high) in BOUNDS.items()), has


async def proposed(at: Seat, procedure: str, cluster: str) -> RecoveryProposal:
    """What is said of a runbook for a cluster, once it is proposed and a second point of view agrees."""

    def said() -> RecoveryProposal | None:
        state = at.board.assessment.recovery
        all_of = state.proposals if state is not None else ()
        return next(
            (
                one
                for one in all_of
                if (one.procedure, one.cluster.cluster) == (procedure, cluster)
                and one.proposed
                and not one.refused
            ),
            None,
        )

    one = await soon(said, lambda: f"{procedure}: {at.board.assessment.recovery}", 300.0, every=0.2)
    assert one is not None
    return one


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_lost_region_and_the_way_back() -> None:
    with seat("region-loss", 20.0) as at:
        standby = sizes(at, "west"), bounds(at, "west")
        assert not any(standby[0].values())
        one = asyncio.run(proposed(at, "environment-failure", LOST))
        assert one.inputs == {"lost": (LOST,)}
        assert [told.passed for told in one.against] == [False]  # it is not this terminal's own network
        assert any("ops-2 does not reach" in told.sentence for told in one.vantage)
        run = asyncio.run(walked(at, "environment-failure", {}, WEST, lost=LOST))
        assert run.outcome is RunOutcome.DONE, ends(run)
        is_as_it_was(at, "west")
        assert "complete environment failure" in told(at)
        switched(at, "region-back")
        assert not any(sizes(at, "production").values())
        back = asyncio.run(walked(at, "way-back", {"runs-there": "nothing"}, WEST, home=LOST, ttl="2m"))
        assert back.outcome is RunOutcome.DONE, ends(back)
        by = ends(back)
        assert {by[id] for id in by if id.startswith("stop")} == {"not chosen"}
        assert {by[id] for id in by if id.startswith(("size-", "gate-"))} == {"done"}
        is_as_it_was(at, "production")
        assert (sizes(at, "west"), bounds(at, "west")) == standby
