"""Claims of steps as a Lease: one wins, a takeover fences the other out, and nothing is written over what was not read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.protocol.conftest import Target
from tfdash.model.subject import ClusterRef
from tfdash.procedures.protocols import Claim, ClaimTaken
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.store.claims.cluster import LeaseKeeper, RunPlace, lease_path
from tfdash.store.claims.keeping import KeeperAway, KeptClaim, KeptClaims
from tfdash.writers.kubernetes import KubernetesWriter

REF = ClusterRef("production", "eu-1")
PLACE = RunPlace(REF, "default")


def keeper(target: Target, terminal: str, context: str = "") -> LeaseKeeper:
    access = resolve(str(target.kubeconfig), context or target.context)
    writer = KubernetesWriter(REF, Credentials(access))
    return LeaseKeeper({REF: writer}, lambda run: PLACE, lambda: terminal)


def claims(target: Target, terminal: str) -> KeptClaims:
    return KeptClaims([keeper(target, terminal)], lambda: terminal, known=lambda run, step: 0)


def lease(target: Target, run: str) -> dict[str, Any]:
    found: dict[str, Any] = target.admin.get(lease_path(run, "default")).raise_for_status().json()
    return found


async def test_a_step_is_claimed_taken_over_and_let_go(target: Target) -> None:
    run = f"way-{target.name}"
    ann, bob = claims(target, "ann-1"), claims(target, "bob-1")
    first = await ann.claim(run, "one", "ann")
    assert (first.fence, first.kept_by) == (1, "cluster") and await ann.holds(first)
    with pytest.raises(ClaimTaken, match="ann at ann-1"):
        await bob.claim(run, "one", "bob")
    other = await bob.claim(run, "two", "bob")
    theirs = await bob.claim(run, "one", "bob", over=first.fence)
    assert theirs.fence == 2 and not await ann.holds(first) and await bob.holds(theirs)
    assert lease(target, run)["spec"]["leaseTransitions"] == 2
    await ann.let_go(first, worked=False)
    assert await bob.holds(theirs) and await bob.holds(other)
    await bob.let_go(theirs, worked=False)
    again = await ann.claim(run, "one", "ann")
    assert again.fence == 3 and await bob.holds(other)
    await ann.ended(run)
    assert target.admin.get(lease_path(run, "default")).status_code == 404
    assert not await ann.holds(again)


async def test_of_many_at_once_one_has_it(target: Target) -> None:
    run = f"many-{target.name}"
    tried = [claims(target, f"t{n}").claim(run, "s", f"T{n}") for n in range(8)]
    got = await asyncio.gather(*tried, return_exceptions=True)
    (won,) = [one for one in got if isinstance(one, Claim)]
    assert all(isinstance(one, Claim | ClaimTaken) for one in got)
    told = json.loads(lease(target, run)["metadata"]["annotations"]["tfdash.dev/claims"])
    assert told["s"]["terminal"] == won.terminal and told["s"]["fence"] == won.fence


async def test_nothing_is_written_over_what_was_not_read(target: Target) -> None:
    run = f"stale-{target.name}"
    ann, bob = keeper(target, "ann-1"), keeper(target, "bob-1")
    before = await ann.look(run, "s")
    assert before == KeptClaim()
    assert await bob.put(run, "s", before, KeptClaim(fence=1, holder="bob", terminal="bob-1"))
    assert not await ann.put(run, "s", before, KeptClaim(fence=1, holder="ann", terminal="ann-1"))
    seen = await ann.look(run, "s")
    assert seen.terminal == "bob-1" and seen.version
    assert await bob.put(
        run, "t", await bob.look(run, "t"), KeptClaim(fence=1, holder="bob", terminal="bob-1")
    )
    assert not await ann.put(run, "s", seen, KeptClaim(fence=2, holder="ann", terminal="ann-1"))


async def test_who_may_write_no_lease_says_so_and_asks_no_more(target: Target) -> None:
    access = resolve(str(target.kubeconfig), "production-viewer") if target.simulated else None
    if access is None:
        pytest.skip("the viewer of the real server has a file of its own")
    viewer = keeper(target, "eve-1", "production-viewer")
    seen = await viewer.look("refused", "s")
    with pytest.raises(KeeperAway, match="takes no Lease"):
        await viewer.put("refused", "s", seen, KeptClaim(fence=1, holder="eve", terminal="eve-1"))
    with pytest.raises(KeeperAway):
        await viewer.look("refused", "s")
    assert "takes no Lease" in viewer.problem()
