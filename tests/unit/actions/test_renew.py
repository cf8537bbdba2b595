"""A certificate issued anew as ``cmctl renew`` does it: what is sent, what it rests on, what is said of it, and when it is over."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.unit.actions.test_sizes import planned
from tests.unit.actions.things import NOW as ACTS
from tests.unit.actions.things import REF, Standing, certificate, issuer, meta, subject, world
from tests.unit.playbook.certificates.kept import DAY
from tests.unit.playbook.certificates.looked_at import facts, served
from tests.unit.playbook.making import NOW, picture
from tfdash.actions.certificates.postconditions import REISSUED, SERVED
from tfdash.actions.core.action_service import make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.postconditions import PostconditionFacts
from tfdash.actions.core.protocols import PlanRefused, Writers
from tfdash.actions.kubernetes.patches import operations_of
from tfdash.clock import FixedClock
from tfdash.model.action import FreezeRule, Guarded, Risk
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import CertificateFacts, ServedCertificate
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture
from tfdash.model.subject import Key
from tfdash.writers.allowed import NotAllowed, check_allowed

FAILED = {"type": "Issuing", "status": "False", "reason": "Failed", "message": "no"}
READY = {"type": "Ready", "status": "True", "reason": "Ready"}


async def renewal(*documents: dict[str, Any]) -> Guarded:
    return await planned("certificate.renew", "Certificate", "shop", list(documents))


async def test_it_sets_the_condition_and_rests_on_all_the_others() -> None:
    guarded = await renewal(certificate("shop"), issuer("letsencrypt"))
    plan = guarded.plan
    [request] = plan.requests
    check_allowed(request)
    assert request.path == "/apis/cert-manager.io/v1/namespaces/shop/certificates/shop/status"
    *tests, change = operations_of(request)
    assert {t["path"] for t in tests} == {
        "/metadata/uid",
        "/status/revision",
        "/status/conditions",
        "/spec/issuerRef",
        "/spec/secretName",
    }
    assert (change["op"], change["path"]) == ("add", "/status/conditions/1")
    assert change["value"] == {
        "type": "Issuing",
        "status": "True",
        "reason": "ManuallyTriggered",
        "message": "Certificate re-issuance manually triggered",
        "lastTransitionTime": "2026-11-24T16:00:00Z",
        "observedGeneration": 2,
    }
    assert (plan.before, plan.after) == ("revision 3, ends 2026-12-30T00:00:00Z", "revision 4")
    assert plan.effect == "Issuer letsencrypt issues Certificate shop anew, for shop.example.com"
    assert (plan.freeze, plan.risk) == (FreezeRule.EXEMPT, Risk.TYPED_NAME)


async def test_a_condition_that_is_there_is_replaced_and_conditions_that_are_not_are_made() -> None:
    again = await renewal(certificate("shop", conditions=[FAILED, READY]), issuer("letsencrypt"))
    change = operations_of(again.plan.requests[0])[-1]
    assert (change["op"], change["path"]) == ("replace", "/status/conditions/0")
    bare = certificate("shop")
    del bare["status"]
    first = await renewal(bare, issuer("letsencrypt"))
    *tests, change = operations_of(first.plan.requests[0])
    assert (change["path"], json.dumps(change["value"]).count("ManuallyTriggered")) == ("/status", 1)
    assert {"op": "test", "path": "/status", "value": None} in tests
    assert first.plan.before == "never issued"


async def test_what_is_being_issued_is_not_asked_for_twice() -> None:
    busy = certificate("shop", conditions=[READY, {**FAILED, "status": "True"}])
    with pytest.raises(PlanRefused, match="is being issued"):
        await renewal(busy, issuer("letsencrypt"))


def acme_order(name: str, created: str, *names: str) -> dict[str, Any]:
    return {
        "apiVersion": "acme.cert-manager.io/v1",
        "kind": "Order",
        "metadata": {**meta(name), "creationTimestamp": created},
        "spec": {"dnsNames": list(names), "issuerRef": {"name": "letsencrypt"}},
        "status": {"state": "valid"},
    }


async def test_the_plan_counts_what_the_server_was_asked_for_the_same_names() -> None:
    name = "shop.example.com"
    guarded = await renewal(
        certificate("shop"),
        issuer("letsencrypt"),
        acme_order("one", "2026-11-23T16:00:00Z", name),
        acme_order("two", "2026-11-18T16:00:00Z", name),
        acme_order("long-ago", "2026-11-17T15:00:00Z", name),
        acme_order("others", "2026-11-23T16:00:00Z", name, "www.example.com"),
    )
    [told] = [n for n in guarded.plan.notes if "ACME" in n]
    assert "exactly these names 2 times in 7 days" in told and "the last on 2026-11-23 16:00 UTC" in told
    long_ago = await renewal(
        certificate("shop"), issuer("letsencrypt"), acme_order("old", "2026-11-17T15:00:00Z", name)
    )
    [told] = [n for n in long_ago.plan.notes if "ACME" in n]
    assert "was not asked for exactly these names in 7 days" in told and "2026-11-17" in told


LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"


@pytest.mark.parametrize(
    ("many", "server", "risk", "words"),
    [
        (4, LETS_ENCRYPT, Risk.TYPED_NAME, "4 times in 7 days, as far as Orders are kept"),
        (5, LETS_ENCRYPT, Risk.TYPED_NAME_AND_REASON, "it issues 5, and refuses more until"),
        (6, "https://ca.example.com/acme", Risk.TYPED_NAME, "servers limit that"),
    ],
)
async def test_what_the_server_is_known_to_refuse_asks_for_a_reason(
    many: int, server: str, risk: Risk, words: str
) -> None:
    orders = [acme_order(f"o{n}", "2026-11-23T16:00:00Z", "shop.example.com") for n in range(many)]
    by = issuer("letsencrypt", acme={"server": server})
    guarded = await renewal(certificate("shop"), by, *orders)
    assert guarded.plan.risk is risk and any(words in note for note in guarded.plan.notes)


async def test_an_issuer_that_is_not_there_or_not_ready_is_said_before() -> None:
    none = await renewal(certificate("shop", issuerRef={"name": "gone"}))
    assert "there is no Issuer gone: nothing will be issued" in none.plan.notes
    broken = issuer("letsencrypt")
    broken["status"]["conditions"] = [{"type": "Ready", "status": "False", "message": "403"}]
    guarded = await renewal(certificate("shop"), broken)
    assert "Issuer letsencrypt is not ready: 403" in guarded.plan.notes


async def test_an_authority_asks_for_a_reason_and_says_what_it_does_not_do() -> None:
    guarded = await renewal(
        certificate("shop", isCA=True, privateKey={"rotationPolicy": "Never"}),
        issuer("letsencrypt", selfSigned={}),
        issuer("internal", ca={"secretName": "shop-tls"}),
        certificate("leaf", issuerRef={"name": "internal"}),
    )
    assert guarded.plan.risk is Risk.TYPED_NAME_AND_REASON
    notes = "\n".join(guarded.plan.notes)
    assert "Issuer internal signs with it: 1 Certificate of it is not re-issued by this" in notes
    assert "its key stays the same" in notes and "ACME" not in notes


@pytest.mark.parametrize(
    ("revision", "conditions", "held"),
    [
        (3, [READY], False),  # as it was
        (4, [READY], True),
        (5, [READY], True),
        (4, [{**READY, "status": "False"}], False),
        (4, [READY, {**FAILED, "status": "True"}], False),
        (4, [READY, FAILED], True),
    ],
)
async def test_it_is_over_when_a_later_revision_is_ready(
    revision: int, conditions: list[dict[str, Any]], held: bool
) -> None:
    guarded = await renewal(certificate("shop"), issuer("letsencrypt"))
    [post] = guarded.plan.posts
    assert post.id == "reissued:3"
    document = certificate("shop", revision=revision, conditions=conditions)
    facts = PostconditionFacts(guarded.plan, document, None, 0.0)  # type: ignore[arg-type]  # no picture is looked at
    assert REISSUED.holds(facts, "3") is held
    document["metadata"]["uid"] = "another"
    assert not REISSUED.holds(facts, "3")


@pytest.mark.parametrize(
    "path",
    [
        "/apis/cert-manager.io/v1/namespaces/shop/certificates/shop",
        "/apis/cert-manager.io/v1/namespaces/shop/issuers/x/status",
        "/apis/cert-manager.io/v1/certificates/shop/status",
    ],
)
async def test_nothing_else_of_cert_manager_may_be_written(path: str) -> None:
    guarded = await renewal(certificate("shop"), issuer("letsencrypt"))
    with pytest.raises(NotAllowed):
        check_allowed(msgspec.structs.replace(guarded.plan.requests[0], path=path))


def seen(*served: ServedCertificate, revision: int) -> Picture:
    """The Certificate of ``things`` at a revision, and addresses."""
    kept = Certificate(
        namespace="shop",
        name="shop",
        names=("shop.example.com",),
        revision=revision,
        not_before=NOW - 60,
        not_after=NOW + 90 * DAY,
    )
    whole = picture(kept, *served)
    [cluster] = whole.clusters.values()
    moved = msgspec.structs.replace(cluster, ref=REF)
    return msgspec.structs.replace(whole, clusters={REF: moved})


NEW, OLD = facts(not_before=NOW - 60, not_after=NOW + 90 * DAY), facts()


@pytest.mark.parametrize(
    ("chains", "revision", "held"),
    [
        ((NEW,), 4, True),
        ((NEW, NEW), 4, True),
        ((NEW,), 3, False),  # no later revision: as it was
        ((OLD,), 4, False),
        ((NEW, OLD), 4, False),
        ((), 4, False),  # nobody looks
        ((facts(names=("other.example.com",)),), 4, False),
    ],
)
async def test_it_is_served_when_each_address_of_its_names_has_the_later_one(
    chains: tuple[CertificateFacts, ...], revision: int, held: bool
) -> None:
    guarded = await renewal(certificate("shop"), issuer("letsencrypt"))
    looked = seen(*(served(c, name=f"a{n}:443") for n, c in enumerate(chains)), revision=revision)
    told = PostconditionFacts(guarded.plan, certificate("shop"), looked, 0.0)
    assert SERVED.holds(told, "3") is held


async def test_where_nobody_looks_the_plan_says_so_and_waits_for_nothing() -> None:
    guarded = await renewal(certificate("shop"), issuer("letsencrypt"))
    assert any("no address that serves it is looked at" in note for note in guarded.plan.notes)


async def test_where_somebody_looks_it_is_over_when_it_is_served() -> None:
    board = Standing([*world(), certificate("shop"), issuer("letsencrypt")])
    looked = board.picture.clusters[REF]
    kinds = {
        **looked.kinds,
        ServedCertificate.KIND: Observation(
            value={Key("", "a:443"): served(OLD, name="a:443")}, complete=True
        ),
    }
    board.picture = msgspec.structs.replace(
        board.picture, clusters={REF: msgspec.structs.replace(looked, kinds=kinds)}
    )
    service = make_service(
        board,
        Writers(clusters={REF: board.server}),
        None,
        ActionPolicy(follow=0.0),
        FixedClock(ACTS),
        Mode(acts=True),
    )
    plan = (await service.plan("certificate.renew", subject("Certificate", "shop"), {})).plan
    assert [(p.id, p.text) for p in plan.posts] == [
        ("reissued:3", "a revision after 3 is issued, and ready"),
        ("served:3", "a:443 serves it"),
    ]
    assert not any("no address" in note for note in plan.notes)
