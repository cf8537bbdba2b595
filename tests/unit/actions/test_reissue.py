"""Renewals follow the sequence of a rotation: what is refused until when, all of an authority in one plan, and a key that others know."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.actions.things import NOW, REF, Standing, certificate, issuer, subject, world
from tests.unit.playbook.certificates.rotated import NEW, OLD, leaf, root, signer, told, trusts
from tfdash.actions.certificates.postconditions import ALL_REISSUED
from tfdash.actions.core.action_service import make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.postconditions import PostconditionFacts
from tfdash.actions.core.protocols import PlanRefused, Writers
from tfdash.actions.kubernetes.patches import operations_of
from tfdash.clock import FixedClock
from tfdash.model.action import FreezeRule, Guarded, Risk
from tfdash.model.cert_manager import Certificate
from tfdash.model.observation import Observation
from tfdash.model.rotation import Rotation
from tfdash.writers.allowed import check_allowed

BOTH = (OLD, NEW)


def rotation(*others: Any) -> Rotation:
    """Of the root that signs web (by the old one), api (by the new one) and more (by the old one)."""
    there = {"namespace": "shop"}
    signs = msgspec.structs.replace(signer(), namespace="shop")
    leaves = (leaf("web", "OLD", **there), leaf("api", "NEW", **there), leaf("more", "OLD", **there))
    found = told(root(**there), signs, *leaves, *others)

    def going_on(of: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
        """They are of the clock of rotations; the board has another."""
        return tuple(msgspec.structs.replace(c, not_after=NOW + 86_400.0) for c in of)

    new, old, unknown = map(going_on, found.signed[:3])
    return found._replace(signed=found.signed._replace(new=new, old=old, unknown=unknown))


def documents(status: dict[str, Any] | None = None, **web: Any) -> list[dict[str, Any]]:
    signed = {"issuerRef": {"name": "ca"}}
    always = {"privateKey": {"rotationPolicy": "Always"}}
    leaf_of = certificate("web", **{**signed, **always, **web})
    leaf_of["status"] |= status or {}
    return [
        certificate("root", isCA=True, secretName="root", issuerRef={"name": "self"}, **always),
        issuer("ca", ca={"secretName": "root"}),
        issuer("self", selfSigned={}),
        leaf_of,
        certificate("api", **signed, **always),
        certificate("more", **signed, **always),
    ]


async def plan(
    action: str, name: str, found: Rotation | None, status: dict[str, Any] | None = None, **web: Any
) -> Guarded:
    return await (service_of(found, status, **web)).plan(action, subject("Certificate", name), {})


def service_of(found: Rotation | None, status: dict[str, Any] | None = None, **web: Any) -> Any:
    board = Standing([*world(), *documents(status, **web)])
    if found is not None:
        board.say(rotations={subject("Certificate", "root")._replace(uid=""): found})
    writers = Writers(clusters={REF: board.server})
    return make_service(board, writers, None, ActionPolicy(follow=0.0), FixedClock(NOW), Mode(acts=True))


async def test_a_leaf_waits_until_every_bundle_trusts_the_new_one() -> None:
    for action, name in (("certificate.renew", "web"), ("certificate.renew-all", "root")):
        early = await plan(action, name, rotation(trusts("a", *BOTH), trusts("b", OLD)))
        assert not early.allowed
        assert (
            "not before every bundle trusts the new one: 1 of 2 bundles, left: ConfigMap mesh/b/ca.pem"
            in early.refused
        )
        [check] = [c for c in early.checks if c.id == "sequence"]
        assert check.passed is False
        ready = await plan(action, name, rotation(trusts("a", *BOTH), trusts("b", *BOTH)))
        assert ready.allowed, ready.refused
        assert (ready.plan.freeze, ready.plan.risk) == (FreezeRule.EXEMPT, Risk.TYPED_NAME)


async def test_a_bundle_that_cannot_be_read_keeps_a_leaf_waiting() -> None:
    odd = trusts("b", odd=("it cannot be read: 403",))
    blind = await plan("certificate.renew", "web", rotation(trusts("a", *BOTH), odd))
    assert "not known: ConfigMap mesh/b/ca.pem: it cannot be read: 403" in blind.refused


async def test_a_leaf_that_ended_waits_for_nobody_and_says_so() -> None:
    """All refuse it already; nothing that cannot be read holds up what ends that."""
    found = rotation(trusts("a", *BOTH), trusts("b", odd=("it cannot be read: 403",)))
    ended = [msgspec.structs.replace(c, not_after=NOW) if c.name == "web" else c for c in found.signed.old]
    found = found._replace(signed=found.signed._replace(old=tuple(ended)))
    web = await plan("certificate.renew", "web", found, {"notAfter": "2026-11-24T15:00:00Z"})
    assert web.allowed and web.plan.risk is Risk.TYPED_NAME_AND_REASON
    assert any("not known: ConfigMap mesh/b/ca.pem" in note for note in web.plan.notes)
    waits = await plan("certificate.renew", "more", found)
    assert "not known: ConfigMap mesh/b/ca.pem" in waits.refused


async def test_where_nothing_is_seen_that_trusts_either_a_reason_is_asked_for() -> None:
    for action, name in (("certificate.renew", "web"), ("certificate.renew-all", "root")):
        guarded = await plan(action, name, rotation())
        assert guarded.allowed and guarded.plan.risk is Risk.TYPED_NAME_AND_REASON
        assert any("no bundle that is looked at holds it" in note for note in guarded.plan.notes)


async def test_an_authority_is_not_renewed_before_its_rotation_is_over() -> None:
    guarded = await plan("certificate.renew", "root", rotation(trusts("a", *BOTH)))
    assert (
        "the rotation before is not over: all leaves are signed by the new one: 1 of 3 leaves"
        in guarded.refused
    )
    over = told(root(namespace="shop"), msgspec.structs.replace(signer(), namespace="shop"), trusts("a", NEW))
    assert (await plan("certificate.renew", "root", over)).allowed


async def test_what_goes_on_between_plan_and_confirmation_is_looked_at_once_more() -> None:
    board = Standing([*world(), *documents()])
    at = subject("Certificate", "root")._replace(uid="")
    board.say(rotations={at: rotation(trusts("a", *BOTH))})
    writers = Writers(clusters={REF: board.server})
    service = make_service(board, writers, None, ActionPolicy(follow=0.0), FixedClock(NOW), Mode(acts=True))
    assert (await service.plan("certificate.renew", subject("Certificate", "web"), {})).allowed
    board.say(
        rotations={at: rotation(trusts("a", *BOTH))._replace(stale="not proven current since 08:46 EST")}
    )
    later = await service.plan("certificate.renew", subject("Certificate", "web"), {})
    assert "not proven current since 08:46 EST" in later.refused


async def test_all_of_an_authority_is_one_patch_for_each_that_the_old_one_signed() -> None:
    guarded = await plan("certificate.renew-all", "root", rotation(trusts("a", *BOTH)))
    asked = guarded.plan.requests
    assert [r.path.split("/")[-2] for r in asked] == ["more", "web"]
    for request in asked:
        check_allowed(request)
        assert request.alone and {o["path"] for o in operations_of(request) if o["op"] == "test"} >= {
            "/metadata/uid",
            "/status/revision",
            "/status/conditions",
        }
    assert guarded.plan.effect == "2 Certificates not signed by the present root are issued anew"
    assert (guarded.plan.before, guarded.plan.after) == ("1 leaf of 3 signed by the new one", "3 of 3")
    assert guarded.plan.diff == ("+ shop/more: revision 3 -> 4", "+ shop/web: revision 3 -> 4")
    assert [p.id for p in guarded.plan.posts] == ["all-reissued"]


async def test_what_is_issued_already_is_left_out_and_nothing_left_is_no_plan() -> None:
    busy = [{"type": "Issuing", "status": "True", "lastTransitionTime": "2026-11-24T15:00:00Z"}]
    guarded = await plan("certificate.renew-all", "root", rotation(trusts("a", *BOTH)), conditions=busy)
    assert len(guarded.plan.requests) == 1
    assert guarded.plan.skips == ("web is being issued since 2026-11-24T15:00:00Z",)
    over = told(
        root(namespace="shop"),
        msgspec.structs.replace(signer(), namespace="shop"),
        leaf("api", namespace="shop"),
        trusts("a", *BOTH),
    )
    with pytest.raises(PlanRefused, match="all 1 leaf of it are signed by the one that is there now"):
        await plan("certificate.renew-all", "root", over)


async def test_a_compromised_authority_waits_for_nothing_and_says_what_that_breaks() -> None:
    guarded = await plan("certificate.replace-all", "root", rotation(trusts("a", *BOTH), trusts("b", OLD)))
    assert guarded.allowed and guarded.plan.risk is Risk.TYPED_NAME_AND_REASON
    assert any("1 of 2 bundles, left: ConfigMap mesh/b/ca.pem" in note for note in guarded.plan.notes)
    assert "revoke it at its issuer by hand" in guarded.plan.not_reverted[0]


async def test_a_compromised_key_is_not_replaced_by_a_renewal_that_keeps_it() -> None:
    found = rotation(trusts("a", *BOTH), trusts("b", OLD))
    with pytest.raises(PlanRefused, match="what is issued would have the key that others know") as refused:
        await plan("certificate.replace-key", "web", found, privateKey={"rotationPolicy": "Never"})
    assert "rotationPolicy" in refused.value.remedy
    guarded = await plan("certificate.replace-key", "web", found)
    assert guarded.allowed and guarded.plan.risk is Risk.TYPED_NAME_AND_REASON
    assert any("not before every bundle trusts the new one" in note for note in guarded.plan.notes)
    unset = await plan("certificate.replace-key", "web", found, privateKey={})
    assert any("depends on the version of cert-manager" in note for note in unset.plan.notes)


@pytest.mark.parametrize(
    ("revisions", "ready", "held"),
    [((4, 4), "True", True), ((4, 3), "True", False), ((4, 4), "False", False), ((5, 9), "True", True)],
)
async def test_all_are_reissued_when_each_has_a_later_revision(
    revisions: tuple[int, int], ready: str, held: bool
) -> None:
    board = Standing([*world(), *documents()])
    guarded = await plan("certificate.renew-all", "root", rotation(trusts("a", *BOTH)))
    cluster = board.picture.clusters[REF]
    there = dict(cluster.objects("Certificate"))
    for name, revision in zip(("web", "more"), revisions, strict=True):
        key = subject("Certificate", name).key
        one = there[key]
        condition = msgspec.structs.replace(one.conditions[0], status=ready)  # type: ignore[attr-defined]
        there[key] = msgspec.structs.replace(one, revision=revision, conditions=(condition,))
    kinds = {**cluster.kinds, "Certificate": Observation(value=there, complete=True)}
    picture = msgspec.structs.replace(
        board.picture, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)}
    )
    assert ALL_REISSUED.holds(PostconditionFacts(guarded.plan, {}, picture, 0.0), "") is held
